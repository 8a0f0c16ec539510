/* status: what the running node says of itself. */
#include "app/cli/status_view.h"

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/running.h"
#include "app/cli/watch.h"
#include "lib/json/json.h"

static enum kn_exit show_metrics(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *metrics;
    const char *text;
    enum kn_exit code = kn_running_find(cli, &running);

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "metrics", &metrics);
    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json) {
        kn_cli_answer(cli, metrics);
        return KN_EXIT_DONE;
    }
    text = kn_json_to_text(kn_json_get(metrics, "text"));
    kn_text_add(&cli->answer, text != NULL ? text : "");
    kn_json_free(metrics);
    return KN_EXIT_DONE;
}

/* OpenMetrics has one end, and those who read it come again by themselves. */
static enum kn_exit refuse_both(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "--metrics prints once and --watch again and again");
    kn_hint(&err, "Leave one of them out.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *status;
    bool watches = kn_cli_option(cli, "--watch") != NULL;
    enum kn_exit code;

    if (kn_cli_option(cli, "--metrics") != NULL)
        return watches ? refuse_both(cli) : show_metrics(cli);
    if (watches)
        return kn_watch(cli);
    code = kn_running_find(cli, &running);
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

static const struct kn_command_flag flags[] = {
    { "--watch", "[SECONDS]", "Show it again and again, every 2 seconds unless given." },
    { "--metrics", NULL, "Print once everything that it counts, as OpenMetrics text." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_status = {
    .name = "status",
    .brief = "Show what the running node does.",
    .flags = flags,
    .loads_configuration = true,
    .detail =
        "Asks the node that runs with the data folder. The exit code is 69 when none runs or "
        "it does not answer. What the node does not know is left out. The metrics are described by "
        "kwaainet docs metrics; with --json they are {\"text\"}.\n\n"
        "With --watch it is written over in place on a terminal, and elsewhere one follows the "
        "other after an empty line, or, with --json, one document a line. A node that goes away "
        "meanwhile is said to, and asked again; an interrupt ends it.\n\n"
        "With --json: {\"pid\", \"version\", \"peer_id\", \"name\", \"state\", \"since\", "
        "\"uptime_s\", \"model\", \"prefix\", \"start_block\", \"end_block\", \"port\", "
        "\"addresses\", \"peers\", \"announced\": {\"blocks\", \"records\", \"acknowledged\", "
        "\"visible_on\", \"bootstraps\", \"alone\", \"at\"}, \"silence\", \"reach\": "
        "{\"verdict\", \"using_relay\"}, \"map\", \"download\": "
        "{\"allowed\", \"reason\", "
        "\"hint\", "
        "\"repository\", \"file\", \"file_number\", \"files\", \"bytes_done\", \"bytes_total\", "
        "\"bytes_per_s\", \"again_s\"}, \"serving\": {\"stage\", \"folder\", \"sessions\", "
        "\"waiting\", "
        "\"steps\", \"tokens\", \"passes\", \"busy_s\", \"tokens_per_s\", \"cache_tokens_left\", "
        "\"cache_bytes\", \"cache_bytes_used\", \"weight_bytes\", \"threads\", "
        "\"decode_tokens_per_s\", \"forward_tokens_per_s\", \"error\", \"hint\", \"again_s\"}, "
        "\"rebalance\": "
        "{\"phase\", \"verdict\", \"start_block\", \"end_block\", \"reason\", \"looked_at\", "
        "\"moves\", "
        "\"failures\"}, \"paused\": {\"by\", \"until\", \"reason\", \"all\"}, \"window\": "
        "{\"name\", \"until\", \"passed_over\", \"error\", \"max_memory_bytes\", "
        "\"max_gpu_memory_bytes\", \"max_disk_bytes\", \"max_models\", \"max_cpu_percent\"}, "
        "\"health\": {\"verdict\", \"reason\", \"hint\", \"checks\": [{\"name\", "
        "\"looks_at\", \"verdict\", \"reason\", \"hint\", \"doubts\"}], \"reconnect\": "
        "{\"again_s\", \"enabled\", \"attempts\", \"gave_up\"}}, \"alerts\": {\"enabled\", "
        "\"delivered\", \"failed\", \"last_error\"}, \"limits\": {\"memory\": {\"bytes\", "
        "\"by\", \"error\"}, \"processors\": {\"cores\", \"by\", \"error\"}, \"open_files\": "
        "{\"files\", \"error\"}, \"cgroup\": {\"folder\", \"error\"}}, \"config\": {\"path\", "
        "\"last_reload\", "
        "\"reload_ok\", \"pending_restart\"}, \"log\": {\"place\", \"path\", \"records\", "
        "\"held_back\", "
        "\"dropped\", \"error\"}, \"previous_end\": {\"pid\", \"at\", "
        "\"killed_for_memory\", \"result\"}, \"problems\"}. Moments are "
        "seconds "
        "since 1970. A limit is kept by \"cgroup\", \"rlimit\" or \"affinity\", which are the "
        "kernel's, or by the node \"itself\". \"previous_end\" is null where the run before said "
        "good-bye. \"silence\" is "
        "why no block is announced, null where one is. \"download\" is "
        "null while no file is missing, \"serving\" while there is "
        "nothing "
        "to serve, \"rebalance\" while the node may not move, \"paused\" while it serves, "
        "\"window\" while no schedule is open. A verdict is healthy, degraded, "
        "failing "
        "or unknown; \"reconnect\" is null while somebody answers. \"cache_tokens_left\" and the "
        "two "
        "measured "
        "speeds, \"decode_tokens_per_s\" and \"forward_tokens_per_s\", are those of one block.",
    .run = run,
};
