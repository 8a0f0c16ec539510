/* start: this machine becomes a node, and stays one until it is told to end. */
#include <string.h>

#include "app/cli/calibrate.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/start_json.h"
#include "app/cli/start_text.h"
#include "app/cli/swarm.h"
#include "node/control.h"
#include "node/node.h"

static void on_event(void *arg, enum kn_node_event event)
{
    struct kn_start *start = arg;
    struct kn_error err = { 0 };

    if (start->cli->json)
        kn_start_json(start, event);
    else if (!start->cli->quiet)
        kn_start_text(start, event);
    /* Somebody who stopped reading never stops the node. */
    if (kn_cli_flush(start->cli, &err) != KN_OK)
        start->dropped++;
    if (event == KN_NODE_PLANNED)
        kn_node_agree(start->node);
}

static enum kn_exit exit_of(enum kn_code code)
{
    switch ((int)code) {
    case KN_E_BUSY:
        return KN_EXIT_TRY_AGAIN;
    case KN_E_INVALID:
    case KN_E_RANGE:
    case KN_E_LIMIT:
    case KN_E_NOT_FOUND:
        return KN_EXIT_CONFIGURATION;
    default:
        return KN_EXIT_FAILED;
    }
}

static enum kn_exit refuse(struct kn_cli *cli, struct kn_snapshot *wrong,
                           const struct kn_error *err)
{
    enum kn_exit code;

    if (wrong == NULL)
        return kn_cli_fail(cli, exit_of(err->code), err);
    code = kn_refuse(cli, wrong, "the node was not started");
    kn_snapshot_unref(wrong);
    return code;
}

static bool asks_for_full(const struct kn_cli *cli)
{
    const char *mode = kn_cli_option(cli, "--calibrate");

    return mode != NULL && strcmp(mode, "full") == 0;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_start start = { .cli = cli };
    const struct kn_node_options options = {
        .request = &cli->request,
        .dry_run = kn_cli_option(cli, "--dry-run") != NULL,
        .rediscover = kn_cli_option(cli, "--rediscover") != NULL,
        .recalibrate = kn_cli_option(cli, "--calibrate") != NULL,
        .arg = &start,
        .event = on_event,
    };
    struct kn_snapshot *wrong;
    struct kn_error err = { 0 };
    enum kn_exit code = KN_EXIT_DONE;

    if (asks_for_full(cli))
        return kn_calibrate_refuse_full(cli);
    if (kn_node_new(&options, &start.node, &wrong, &err) != KN_OK)
        return refuse(cli, wrong, &err);
    kn_node_run(start.node);
    if (kn_node_failure(start.node)->code != KN_OK)
        code = kn_cli_fail(cli, exit_of(kn_node_failure(start.node)->code),
                           kn_node_failure(start.node));
    kn_node_free(start.node);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--dry-run", NULL, "Find everything out, show it, and end without joining." },
    { "--rediscover", NULL, "Find out anew what earlier starts have kept." },
    { "--calibrate", "[quick|full]", "Plan the blocks anew by what this machine can hold now." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_start = {
    .name = "start",
    .brief = "Become a node of the swarm, and stay one.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "Looks at the swarm and at this machine, chooses model, blocks, name and port where "
              "nobody wrote them down, joins, and announces what it would serve. Blocks are shown "
              "as JOINING with throughput 0: this version does not compute them yet. Ends on an "
              "interrupt, after it has told the swarm.\n\n"
              "With --json: one object a line, {\"time\", \"event\": \"listening|bootstrap|"
              "discovery|calibration|planned|joined|announced|visible|state|ended\", …}.",
    .run = run,
};
