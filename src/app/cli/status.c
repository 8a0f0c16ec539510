/* status: what the running node says of itself. */
#include "app/cli/status_view.h"

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/running.h"
#include "lib/json/json.h"

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *status;
    enum kn_exit code = kn_running_find(cli, &running);

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "status", &status);
    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json) {
        kn_cli_answer(cli, status);
        return KN_EXIT_DONE;
    }
    kn_status_view(status, cli->request.now_s, &cli->out_term, &cli->answer);
    kn_json_free(status);
    return KN_EXIT_DONE;
}

const struct kn_command kn_cmd_status = {
    .name = "status",
    .brief = "Show what the running node does.",
    .loads_configuration = true,
    .detail =
        "Asks the node that runs with the data folder. The exit code is 69 when none runs or "
        "it does not answer. What the node does not know is left out.\n\n"
        "With --json: {\"pid\", \"version\", \"peer_id\", \"name\", \"state\", \"since\", "
        "\"uptime_s\", \"model\", \"prefix\", \"start_block\", \"end_block\", \"port\", "
        "\"addresses\", \"peers\", \"announced\": {\"blocks\", \"records\", \"acknowledged\", "
        "\"visible_on\", \"bootstraps\", \"at\"}, \"config\": {\"path\", \"last_reload\", "
        "\"pending_restart\"}, \"problems\"}. Moments are seconds since 1970.",
    .run = run,
};
