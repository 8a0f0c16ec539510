/* start: this machine becomes a node, and stays one until it is told to end. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/start_json.h"
#include "app/cli/start_text.h"
#include "app/cli/swarm.h"
#include "app/term/fold.h"
#include "node/control.h"
#include "node/machine_file.h"
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

/* The facts of --machine, if it was given: said before anything is planned with them. */
static enum kn_exit read_machine(struct kn_cli *cli, struct kn_hardware *out, bool *given)
{
    const char *path = kn_cli_option(cli, "--machine");
    struct kn_text text = { 0 };
    struct kn_error err = { 0 };

    *given = path != NULL;
    if (path == NULL)
        return KN_EXIT_DONE;
    if (kn_machine_file_read(path, cli->request.working, out, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_CONFIGURATION, &err);
    if (cli->json || cli->quiet)
        return KN_EXIT_DONE;
    kn_text_add(&text, "The facts of the machine come from ");
    kn_term_add_safe(&text, path);
    kn_text_add(&text, "; this one was not measured.");
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    kn_text_done(&text);
    return KN_EXIT_DONE;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_start start = { .cli = cli };
    struct kn_hardware machine;
    struct kn_node_options options = {
        .request = &cli->request,
        .dry_run = kn_cli_option(cli, "--dry-run") != NULL,
        .rediscover = kn_cli_option(cli, "--rediscover") != NULL,
        .arg = &start,
        .event = on_event,
    };
    struct kn_snapshot *wrong;
    struct kn_error err = { 0 };
    bool given;
    enum kn_exit code = read_machine(cli, &machine, &given);

    if (code != KN_EXIT_DONE)
        return code;
    options.machine = given ? &machine : NULL;
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
    { "--machine", "FILE", "Plan as if this machine were the one that FILE describes." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_start = {
    .name = "start",
    .brief = "Become a node of the swarm, and stay one.",
    .flags = flags,
    .loads_configuration = true,
    .detail =
        "Looks at the swarm and at this machine, chooses model, blocks, name and port where "
        "nobody wrote them down, joins, and announces what it would serve. Blocks are shown "
        "as JOINING with throughput 0: this version does not compute them yet. Ends on an "
        "interrupt, after it has told the swarm.\n\n"
        "--machine shows what another machine would serve, with --dry-run, or in a swarm whose "
        "bootstraps are all on this machine; nothing that was not measured is announced "
        "elsewhere. The file is YAML or JSON with any of platform, architecture, cpu, cores, "
        "physical_cores, features, memory_total, memory_available, gpus (each with kind, "
        "name, memory_total, memory_free, capability), host_name and user_name.\n\n"
        "With --json: one object a line, {\"time\", \"event\": \"listening|bootstrap|"
        "discovery|calibration|planned|joined|announced|visible|state|ended\", …}.",
    .run = run,
};
