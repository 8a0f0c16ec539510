/* resume: the running node serves again. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/hours_view.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"

static void report(struct kn_cli *cli, struct kn_json *paused)
{
    const char *reason = kn_json_to_text(kn_json_get(paused, "reason"));
    struct kn_json *json;

    if (!cli->json) {
        if (!cli->quiet && reason != NULL) {
            kn_text_add(&cli->answer, "the node stays paused: ");
            kn_term_add_safe(&cli->answer, reason);
            kn_text_add_char(&cli->answer, '\n');
        } else if (!cli->quiet) {
            kn_text_add(&cli->answer, "the node goes on\n");
        }
        kn_json_free(paused);
        return;
    }
    json = kn_json_object();
    kn_tree_set(json, "paused", paused);
    kn_cli_answer(cli, json);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_json *answer = NULL;
    struct kn_running running;
    enum kn_exit code = kn_running_find(cli, &running);

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "resume", &answer);
    if (code == KN_EXIT_DONE)
        report(cli, answer);
    return code;
}

const struct kn_command kn_cmd_resume = {
    .name = "resume",
    .brief = "End a pause of the running node.",
    .loads_configuration = true,
    .detail =
        "Lifts what kwaainet pause said. Where a window of resources.schedules pauses the node "
        "too, that window is passed over until the windows change the next time. A pause on "
        "battery or for a busy GPU stays: the settings resources.pause_on_battery and "
        "resources.pause_on_gpu_busy are for that. The blocks are loaded and tested as at a start. "
        "The exit code is 69 when no node runs.\n\n"
        "With --json: {\"paused\"}, null when the node goes on, else as kwaainet pause has it.",
    .run = run,
};
