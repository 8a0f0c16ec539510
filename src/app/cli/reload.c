/* reload: the running node reads its configuration again. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/problems.h"
#include "app/cli/reload_view.h"
#include "app/cli/running.h"
#include "app/term/fold.h"
#include "lib/json/json.h"

static void show_held(struct kn_cli *cli, const struct kn_json *answer)
{
    struct kn_text changes = { 0 }, headline = { 0 };

    kn_reload_view_changes(&cli->out_term, answer, &changes);
    kn_reload_view_read(answer, &headline);
    kn_text_add(&headline, changes.n > 0 ? "" : ": nothing has changed");
    kn_fold_paragraph(&cli->answer, kn_text_get(&headline), cli->out_term.columns, 0);
    kn_text_add(&cli->answer, kn_text_get(&changes));
    kn_text_done(&changes);
    kn_text_done(&headline);
    (void)kn_reload_view_problems(&cli->err_term, answer, &cli->talk);
}

static void show_refused(struct kn_cli *cli, const struct kn_json *answer)
{
    struct kn_text problems = { 0 }, headline = { 0 };
    size_t errors = kn_reload_view_problems(&cli->err_term, answer, &problems);
    const char *path = kn_json_to_text(kn_json_get(answer, "path"));

    kn_text_add(&headline, "kwaainet: ");
    kn_problems_count(errors, 0, &headline);
    kn_text_add(&headline, "; the node goes on with the configuration that it had");
    if (path != NULL) {
        kn_text_add(&headline, ", and reads ");
        kn_term_add_safe(&headline, path);
    }
    kn_fold_paragraph(&cli->talk, kn_text_get(&headline), cli->err_term.columns, 0);
    kn_text_add_char(&cli->talk, '\n');
    kn_text_add(&cli->talk, kn_text_get(&problems));
    kn_text_done(&problems);
    kn_text_done(&headline);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *answer = NULL;
    enum kn_exit code = kn_running_find(cli, &running);
    bool holds;

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "reload", &answer);
    if (code != KN_EXIT_DONE)
        return code;
    holds = kn_reload_view_holds(answer);
    if (cli->json) {
        kn_cli_answer(cli, answer);
        return holds ? KN_EXIT_DONE : KN_EXIT_CONFIGURATION;
    }
    if (!holds)
        show_refused(cli, answer);
    else if (!cli->quiet)
        show_held(cli, answer);
    kn_json_free(answer);
    return holds ? KN_EXIT_DONE : KN_EXIT_CONFIGURATION;
}

const struct kn_command kn_cmd_reload = {
    .name = "reload",
    .brief = "Let the running node read its configuration again.",
    .loads_configuration = true,
    .detail =
        "What can be another while the node runs holds at once: its answer names each value that "
        "changed, and the settings that wait for the next start. kwaainet config explain tells "
        "which settings do. Lower limits shrink the range of blocks. A file that is wrong, gone or "
        "cannot be read changes nothing: every problem is shown, and kwaainet status shows them "
        "until the file is mended. The flags and variables with which the node was started stay. "
        "SIGHUP does the same.\n\n"
        "The exit code is 69 when no node runs or it does not answer, 78 when the configuration is "
        "wrong.\n\n"
        "With --json: {\"ok\", \"path\", \"exists\", \"changed\": [{\"key\", \"from\", \"to\", "
        "\"apply\"}], "
        "\"pending_restart\", \"problems\"}, the problems as config check shows them. \"path\" is "
        "the "
        "file that the node reads, which need not be the one of this folder.",
    .run = run,
};
