/* pause: the running node serves nothing for a while. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/hours_view.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"
#include "node/schedule/pausing.h"

enum { PAUSE_LEAST_S = 1 };

static void report(struct kn_cli *cli, struct kn_json *paused)
{
    struct kn_json *json;
    int64_t until = 0;

    if (!cli->json) {
        if (!cli->quiet) {
            (void)!kn_json_to_int(kn_json_get(paused, "until"), &until);
            kn_text_add(&cli->answer, "the node pauses");
            kn_hours_add_until(cli, until, &cli->answer);
            if (until <= 0)
                kn_text_add(&cli->answer, " until kwaainet resume");
            kn_text_add(&cli->answer, "; open sessions may finish\n");
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
    struct kn_json *arguments = kn_json_object(), *answer = NULL;
    struct kn_running running;
    enum kn_exit code = KN_EXIT_DONE;
    int64_t ms = 0;

    if (cli->argument_count > 0) {
        code = kn_hours_duration(cli, "DURATION", cli->arguments[0], PAUSE_LEAST_S, KN_PAUSE_MAX_S,
                                 &ms);
        kn_tree_set(arguments, "duration_ms", kn_json_int(ms));
    }
    if (code == KN_EXIT_DONE)
        code = kn_running_find(cli, &running);
    if (code != KN_EXIT_DONE) {
        kn_json_free(arguments);
        return code;
    }
    code = kn_running_ask_with(cli, &running, "pause", arguments, &answer);
    if (code == KN_EXIT_DONE)
        report(cli, answer);
    return code;
}

const struct kn_command kn_cmd_pause = {
    .name = "pause",
    .brief = "Let the running node serve nothing for a while.",
    .arguments = "[DURATION]",
    .least = 0,
    .most = 1,
    .loads_configuration = true,
    .detail =
        "DURATION is 1s to 30d, such as 90m or 2h; without it the pause lasts until kwaainet "
        "resume. The node takes no new session, gives open ones up to 30 s to finish, tells the "
        "swarm that its blocks are OFFLINE, and gives their memory back. The process stays, and "
        "so does its place in the DHT. A second pause replaces the end of the first. The duration "
        "is time that passes, also while the machine sleeps; setting the clock does not change it. "
        "A pause survives a reload, but not a restart of the node. The exit code is 69 when no "
        "node runs.\n\n"
        "With --json: {\"paused\": {\"by\", \"until\", \"reason\", \"all\"}}. \"by\" is command, "
        "schedule, battery or gpu, the first of \"all\" that hold; \"until\" is in seconds since "
        "1970, or null where nobody knows.",
    .run = run,
};
