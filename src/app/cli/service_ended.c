/* service ended: what systemd runs after each end of the service, so that the next start can tell.
 */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "node/previous_end.h"

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_config_paths paths;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(cli, &paths);
    bool noted;

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_previous_end_note(paths.home, kn_cli_lookup(cli, "SERVICE_RESULT"), &noted, &err) !=
        KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    if (cli->json) {
        struct kn_json *json = kn_json_object();

        kn_tree_set(json, "noted", kn_json_bool(noted));
        kn_cli_answer(cli, json);
    }
    return KN_EXIT_DONE;
}

const struct kn_command kn_cmd_service_ended = {
    .name = "service ended",
    .brief = "Note how the service ended, for its next start; systemd runs this.",
    .loads_configuration = true,
    .detail = "A service that is started again has a memory group of its own each time, which does "
              "not know what the one before was killed for. This is run between the two, as "
              "ExecStopPost= of the unit. Nothing is noted of a node that said good-bye, or while "
              "one runs.\n\nWith --json: {\"noted\"}.",
    .run = run,
};
