#include "app/cli/running.h"

#include "app/cli/cli.h"
#include "app/cli/load.h"
#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/json/json.h"
#include "node/control/control.h"
#include "node/control/run_folder.h"

enum { ASK_TIMEOUT_MS = 5000, WAIT_MAX_S = 3600 };

static enum kn_exit none_runs(struct kn_cli *cli, const char *home)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_NOT_FOUND, "no node runs with the data folder %s", home);
    kn_hint(&err,
            "Start one with kwaainet start, or name the data folder of the one that you mean: "
            "--home FOLDER.");
    return kn_cli_fail(cli, KN_EXIT_UNREACHABLE, &err);
}

enum kn_exit kn_running_find(struct kn_cli *cli, struct kn_running *out)
{
    struct kn_run_look look = { 0 };
    struct kn_config_paths paths;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(cli, &paths);
    bool runs;

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_run_folder_look(paths.home, &look, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    *out = (struct kn_running){ .home = paths.home,
                                .pid = look.pid,
                                .started_ms = look.facts.started_ms };
    runs = look.runs;
    kn_run_look_done(&look);
    return runs ? KN_EXIT_DONE : none_runs(cli, paths.home);
}

/* The folder is held, so somebody should have answered. */
static enum kn_exit no_answer(struct kn_cli *cli, const struct kn_running *running, enum kn_code rc,
                              struct kn_error *err)
{
    if (rc == KN_E_REFUSED || rc == KN_E_NO_MEMORY)
        return kn_cli_fail(cli, KN_EXIT_FAILED, err);
    if (running->pid > 0)
        kn_wrap(err, "the node (process %lld) does not answer", (long long)running->pid);
    else
        kn_wrap(err, "the node does not answer");
    if (rc == KN_E_NOT_FOUND || rc == KN_E_CLOSED)
        kn_hint(err, "It is just starting or ending, or belongs to another user; try again.");
    else if (rc == KN_E_DENIED)
        kn_hint(err, "Ask as the user who runs it.");
    return kn_cli_fail(cli, KN_EXIT_UNREACHABLE, err);
}

enum kn_exit kn_running_ask(struct kn_cli *cli, const struct kn_running *running, const char *what,
                            struct kn_json **answer)
{
    return kn_running_ask_with(cli, running, what, NULL, answer);
}

enum kn_exit kn_running_ask_with(struct kn_cli *cli, const struct kn_running *running,
                                 const char *what, struct kn_json *arguments,
                                 struct kn_json **answer)
{
    struct kn_error err = { 0 };
    enum kn_code rc =
        kn_control_ask_with(running->home, what, arguments, ASK_TIMEOUT_MS, answer, &err);

    return rc == KN_OK ? KN_EXIT_DONE : no_answer(cli, running, rc, &err);
}

enum kn_exit kn_read_wait(struct kn_cli *cli, int64_t usual, int64_t *seconds)
{
    const char *word = kn_cli_option(cli, "--wait");
    struct kn_error err = { 0 };

    *seconds = usual;
    if (word == NULL ||
        (kn_parse_whole(word, seconds) == KN_OK && *seconds >= 0 && *seconds <= WAIT_MAX_S))
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_RANGE, "--wait %.40s: must be a whole number from 0 to %d", word,
                  WAIT_MAX_S);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}
