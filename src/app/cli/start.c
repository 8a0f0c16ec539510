/* start: this machine becomes a node, and stays one until it is told to end. */
#include "app/cli/start.h"

#include <stdio.h>
#include <string.h>

#include "app/cli/again.h"
#include "app/cli/calibrate.h"
#include "app/cli/commands.h"
#include "app/cli/detach.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/start_json.h"
#include "app/cli/start_live.h"
#include "app/cli/start_text.h"
#include "app/cli/start_words.h"
#include "app/cli/tidy.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/output.h"
#include "lib/os/process.h"
#include "lib/os/terminal.h"
#include "node/control/control.h"
#include "node/machine/machine_file.h"
#include "node/plan/advice.h"

enum { TICK_MS = 200, LIVE_MS = 1000, LAST_WORDS_MS = 2000, STDOUT = 1 };

struct kn_start_facts kn_start_facts_of(const struct kn_start *start)
{
    const struct kn_look *look = kn_node_look(start->node);
    const struct kn_plan *plan = kn_node_plan(start->node);
    struct kn_scheduler_report schedule;
    struct kn_start_facts facts = {
        .snapshot = kn_node_snapshot(start->node),
        .loaded = start->loaded,
        .plan = plan,
        .machine = kn_node_hardware(start->node),
        .machine_file = start->machine_file,
        .port_text = kn_node_port_text(start->node),
        .port = kn_node_port(start->node),
        .malformed = look != NULL ? kn_survey_totals(kn_look_survey(look)).malformed : 0,
        .nobody = plan != NULL && look != NULL && !plan->swarm.is_known
                      ? kn_advice_nobody(kn_look_join(look))
                      : NULL,
        .discovery_cache = start->discovery_cache,
        .calibration_cache = start->calibration_cache,
        .file = start->file,
        .file_exists = kn_node_paths(start->node)->config_exists,
        .is_first_run = start->is_first_run,
    };

    kn_node_schedule(start->node, &schedule);
    if (schedule.is_paused)
        (void)snprintf(facts.paused, sizeof(facts.paused), "paused: %s", schedule.reason);
    return facts;
}

/* -- writing */

/* Only where a person looks: what is rewritten in place is no line for anybody else. */
static bool has_last_line(const struct kn_start *start)
{
    const struct kn_cli *cli = start->cli;

    return cli->out_term.rewrites && !cli->json && !cli->quiet;
}

static kn_time next_tick(const struct kn_start *start)
{
    kn_time now = kn_loop_now(start->loop);

    if (has_last_line(start))
        return now + (start->said_running ? LIVE_MS : TICK_MS);
    if (!start->launched || !kn_feed_is_empty(&start->feed))
        return now + TICK_MS;
    if (kn_start_is_fetching(start) && !start->cli->quiet)
        return now + LIVE_MS;
    return start->said_running || start->cli->json || start->cli->quiet ? KN_NEVER : now + TICK_MS;
}

static bool is_on_hold(const struct kn_start *start)
{
    return start->lines != NULL || start->is_saving;
}

void kn_start_flush(struct kn_start *start)
{
    struct kn_cli *cli = start->cli;
    struct kn_text out = { 0 }, live = { 0 };
    unsigned columns = kn_terminal_columns(STDOUT);

    if (!is_on_hold(start)) {
        kn_text_add_n(&cli->answer, kn_text_get(&start->logged), start->logged.n);
        kn_text_cut(&start->logged, 0);
    }
    if (cli->answer.n > 0)
        kn_status_line_clear(&start->line, columns, &out);
    kn_text_add_n(&out, kn_text_get(&cli->answer), cli->answer.n);
    kn_text_cut(&cli->answer, 0);
    if (has_last_line(start) && !is_on_hold(start) && !start->over &&
        kn_feed_is_empty(&start->feed) && columns > KN_STATUS_LINE_MARGIN) {
        kn_start_live(start, columns - KN_STATUS_LINE_MARGIN, &live);
        if (live.n > 0)
            kn_status_line_draw(&start->line, live.at, columns, &out);
        else
            kn_status_line_clear(&start->line, columns, &out);
    } else {
        kn_status_line_clear(&start->line, columns, &out);
    }
    if (out.failed || live.failed)
        kn_out_of_memory();
    kn_feed_add(&start->feed, kn_text_get(&out), out.n);
    kn_text_done(&out);
    kn_text_done(&live);
    if (start->tick != NULL && !start->over)
        kn_timer_set(start->tick, next_tick(start));
}

static void on_tick(void *arg)
{
    struct kn_start *start = arg;

    if (start->over)
        return;
    if (!has_last_line(start) && !start->cli->quiet)
        kn_start_progress(start);
    kn_start_flush(start);
}

/* -- what happens */

/* Kept until the end: it alone knows how old what an earlier start kept is. */
static void keep_loaded(struct kn_start *start)
{
    start->loaded = kn_snapshot_ref(kn_node_snapshot(start->node));
    start->is_first_run = kn_node_is_first_run(start->node);
}

static void on_event(void *arg, enum kn_node_event event)
{
    struct kn_start *start = arg;
    struct kn_cli *cli = start->cli;

    if (cli->out_term.is_terminal) /* the window may have another size by now */
        cli->out_term = kn_term_of(STDOUT, kn_cli_lookup, cli);
    if (event == KN_NODE_LISTENING) {
        keep_loaded(start);
        kn_detached_listening(start);
    }
    if (cli->json)
        kn_start_json(start, event);
    else if (!cli->quiet)
        kn_start_text(start, event);
    start->over = event == KN_NODE_ENDED;
    if (start->over)
        kn_start_unask(start);
    if (is_on_hold(start) && !start->over) {
        kn_text_add_n(&start->held, kn_text_get(&cli->answer), cli->answer.n);
        kn_text_cut(&cli->answer, 0);
        return;
    }
    kn_start_flush(start);
    if (event == KN_NODE_PLANNED && !start->dry_run)
        kn_start_settle(start);
    kn_detached_take(start, event);
    kn_supervised_take(start, event);
    kn_tidy_take(start, event);
}

/* A line of the log, where it would break the last line of the screen if it went there alone. */
static void on_log_line(void *arg, const char *line, size_t n)
{
    struct kn_start *start = arg;

    (void)n;
    kn_text_add(&start->logged, line);
    if (start->logged.failed)
        kn_out_of_memory();
    if (start->tick != NULL && !start->over)
        kn_timer_set(start->tick, kn_loop_now(start->loop));
}

/* -- the command */

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

static enum kn_exit fail(struct kn_start *start, const struct kn_error *err)
{
    enum kn_exit code = kn_cli_fail(start->cli, exit_of(err->code), err);

    kn_detached_failed(&start->detached, code, err);
    return code;
}

static enum kn_exit refuse(struct kn_start *start, struct kn_snapshot *wrong,
                           const struct kn_error *err)
{
    enum kn_exit code;

    if (wrong == NULL)
        return fail(start, err);
    code = kn_refuse(start->cli, wrong, "the node was not started");
    kn_snapshot_unref(wrong);
    kn_detached_failed(&start->detached, code, err);
    return code;
}

static enum kn_exit refuse_both(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "--yes saves the configuration and --no-save does not");
    kn_hint(&err, "Leave one of them out.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* What a plan without consequences may not do, or what is not about this machine. */
static enum kn_exit refuse_full(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID,
                  "--calibrate full measures this machine and keeps the result");
    kn_hint(&err, "Leave out --dry-run and --machine, or run kwaainet calibrate full before.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* "~/.kwaainet/calibration.yaml" */
static const char *with_tilde(struct kn_cli *cli, const char *path)
{
    const char *home = kn_cli_lookup(cli, "HOME");
    size_t n = home != NULL ? strlen(home) : 0;
    const char *out = path;

    if (n > 1 && strncmp(path, home, n) == 0 && path[n] == '/')
        out = kn_arena_printf(cli->arena, "~%s", path + n);
    if (out == NULL)
        kn_out_of_memory();
    return out;
}

static void name_files(struct kn_start *start)
{
    const struct kn_config_paths *paths = kn_node_paths(start->node);
    const char *file = kn_short_path(start->cli, paths->config);

    start->file = strchr(file, '/') != NULL ? with_tilde(start->cli, file)
                                            : kn_arena_printf(start->cli->arena, "./%s", file);
    if (start->file == NULL)
        kn_out_of_memory();
    if (start->dry_run)
        return;
    start->discovery_cache = with_tilde(start->cli, paths->discovery_cache);
    start->calibration_cache = with_tilde(start->cli, paths->calibration);
}

static void run_node(struct kn_start *start)
{
    start->loop = kn_node_loop(start->node);
    start->tick = kn_timer_new(start->loop, on_tick, start);
    if (start->tick == NULL)
        kn_out_of_memory();
    start->waiting_since = kn_loop_now(start->loop);
    name_files(start);
    kn_supervised_begin(start);
    kn_tidy_begin(start);
    kn_node_run(start->node);
    while (start->is_saving) /* the file is ours to the end: wait for it */
        kn_loop_run(start->loop);
    kn_tidy_end(start);
    kn_supervised_end(start);
    kn_timer_free(start->tick);
    start->tick = NULL;
}

/* Somebody who stopped reading gets a moment more, not all the time in the world. */
static void say_last_words(struct kn_start *start)
{
    int64_t end = kn_loop_clock_us() / 1000 + LAST_WORDS_MS;

    kn_feed_push(&start->feed);
    for (int64_t left = LAST_WORDS_MS; !kn_feed_is_empty(&start->feed) && left > 0;
         left = end - kn_loop_clock_us() / 1000) {
        kn_output_await(KN_OUTPUT_OUT, (int)left);
        kn_feed_push(&start->feed);
    }
    kn_feed_done(&start->feed);
}

static bool asks_for_full(const struct kn_cli *cli)
{
    const char *mode = kn_cli_option(cli, "--calibrate");

    return mode != NULL && strcmp(mode, "full") == 0;
}

/* The facts of --machine, if it was given. */
static enum kn_exit read_machine(struct kn_start *start, struct kn_hardware *out)
{
    struct kn_cli *cli = start->cli;
    struct kn_error err = { 0 };

    start->machine_file = kn_cli_option(cli, "--machine");
    if (start->machine_file == NULL ||
        kn_machine_file_read(start->machine_file, cli->request.working, out, &err) == KN_OK)
        return KN_EXIT_DONE;
    return kn_cli_fail(cli, KN_EXIT_CONFIGURATION, &err);
}

static enum kn_code may_restart(void *arg, struct kn_error *err)
{
    const struct kn_start *start = arg;

    return kn_again_may(start->program, err);
}

/* Nothing is left of the node: begin anew, if it was told to. */
static enum kn_exit end(struct kn_start *start, enum kn_exit code)
{
    bool restarts = kn_node_restarts(start->node);
    struct kn_error err = { 0 };

    kn_snapshot_unref(start->loaded);
    kn_text_done(&start->held);
    kn_text_done(&start->text);
    kn_node_free(start->node);
    kn_text_done(&start->logged); /* connections that end with the node are told too */
    if (!restarts)
        return code;
    if (kn_cli_flush(start->cli, &err) == KN_OK || err.code == KN_E_NOT_FOUND)
        (void)!kn_again(start->cli, start->program, &err);
    return kn_cli_fail(start->cli, KN_EXIT_FAILED, &err);
}

/* Everything is known that the command line says: become the node, until its end. */
/* Where the log of a node goes that nobody sits in front of; NULL: somebody does. */
static const char *log_file_of(struct kn_start *start)
{
    struct kn_config_paths paths;
    const char *path;

    if (!start->detached.is_on || kn_locate(start->cli, &paths) != KN_EXIT_DONE)
        return NULL;
    path = kn_arena_printf(start->cli->arena, "%s/%s", paths.home, KN_LOG_FILE_NAME);
    if (path == NULL)
        kn_out_of_memory();
    return path;
}

static enum kn_exit be(struct kn_start *start, const struct kn_hardware *machine)
{
    struct kn_cli *cli = start->cli;
    const struct kn_start_words words = kn_start_words(cli);
    const struct kn_node_options options = {
        .request = &cli->request,
        .dry_run = start->dry_run,
        .rediscover = kn_cli_option(cli, "--rediscover") != NULL,
        .recalibrate = kn_cli_option(cli, "--calibrate") != NULL && !asks_for_full(cli),
        .machine = machine,
        .flags = words.at,
        .flag_count = words.n,
        .log_file = log_file_of(start),
        .arg = start,
        .log_line = has_last_line(start) && cli->err_term.is_terminal ? on_log_line : NULL,
        .may_restart = may_restart,
        .event = on_event,
    };
    struct kn_snapshot *wrong;
    struct kn_error err = { 0 };
    enum kn_exit code = KN_EXIT_DONE;

    start->program = kn_again_program(cli);
    if (kn_node_new(&options, &start->node, &wrong, &err) != KN_OK)
        return refuse(start, wrong, &err);
    run_node(start);
    say_last_words(start);
    if (kn_node_failure(start->node)->code != KN_OK)
        code = fail(start, kn_node_failure(start->node));
    return end(start, code);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_start start = {
        .cli = cli,
        .dry_run = kn_cli_option(cli, "--dry-run") != NULL,
        .yes = kn_cli_option(cli, "--yes") != NULL,
        .no_save = kn_cli_option(cli, "--no-save") != NULL,
    };
    struct kn_hardware machine;
    enum kn_exit code;

    if (!asks_for_full(cli)) /* that may take minutes: who closes its terminal ends it */
        kn_process_hold_hangups();
    kn_detached_begin(&start.detached, cli);
    if (start.yes && start.no_save)
        return refuse_both(cli);
    if (asks_for_full(cli) && (start.dry_run || kn_cli_option(cli, "--machine") != NULL))
        return refuse_full(cli);
    code = read_machine(&start, &machine);
    if (code != KN_EXIT_DONE)
        return code;
    if (kn_cli_option(cli, "--detach") != NULL && !start.detached.is_on)
        return kn_detach(cli);
    if (asks_for_full(cli))
        code = kn_calibrate_before_start(cli);
    kn_process_hold_hangups();
    return code == KN_EXIT_DONE ? be(&start, start.machine_file != NULL ? &machine : NULL) : code;
}

static const struct kn_command_flag flags[] = {
    { "--yes", NULL, "Save the configuration of a first run without asking." },
    { "--no-save", NULL, "Start without asking, and save no configuration." },
    { "--dry-run", NULL, "Find everything out, show it, and end; nothing is written anywhere." },
    { "--rediscover", NULL, "Find out anew what earlier starts have kept." },
    { "--calibrate", "[quick|full]", "Plan the blocks anew by what this machine can hold now." },
    { "--detach", NULL, "Leave the terminal, and tell how the node fares once it is known." },
    { "--wait", "SECONDS", "With --detach: wait so long for its announcement; 10 unless given." },
    { "--machine", "FILE", "Plan as if this machine were the one that FILE describes." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_start = {
    .name = "start",
    .brief = "Become a node of the swarm, and stay one.",
    .flags = flags,
    .loads_configuration = true,
    .detail =
        "This is also what kwaainet does without a command. Looks at the swarm and at this "
        "machine, chooses model, blocks, name and port where nobody wrote them down, joins, "
        "announces, and computes its blocks for others once they are loaded and have passed a "
        "test; until then they are shown as JOINING with throughput 0. Files of the model that are "
        "not on this machine are fetched where model.download allows it, and an interrupted "
        "download goes on at the next start. Ends on an interrupt, after it has told the swarm "
        "and open sessions have ended, or 30 s later; a second interrupt does not wait.\n\n"
        "A first run, without a configuration and without what an earlier start kept, shows "
        "its four steps and asks once whether to save them to node_config.yaml. It asks only "
        "at a terminal and not with --quiet; else nothing is saved without --yes. What was "
        "typed is saved as a value, and so is the name, by which others know the node; everything "
        "else as auto, so that it stays automatic.\n\n"
        "With --detach the node is a process of its own that outlives the terminal. The command "
        "waits until the node is announced, or for --wait seconds, and tells what became of it; "
        "0 waits for its port alone. A node that is not announced by then goes on trying. All "
        "other "
        "flags are the node's, "
        "nothing is asked, and what it writes is in logs/start.log of the data folder, anew with "
        "each start.\n\n"
        "--machine shows what another machine would serve, with --dry-run, or in a swarm whose "
        "bootstraps are all on this machine; nothing that was not measured is announced "
        "elsewhere. The file is YAML or JSON with any of platform, architecture, cpu, cores, "
        "physical_cores, features, memory_total, memory_available, gpus (each with kind, "
        "name, memory_total, memory_free, capability), host_name and user_name.\n\n"
        "With --json: one object a line, {\"time\", \"event\", …}. The events are listening, "
        "previous-end, progress, bootstrap, discovery, calibration, port, name, blocks, planned, "
        "saved, "
        "joined, announced, visible, moved, state, health, alert, paused, resumed, cache-failed "
        "and ended. Lines "
        "that nobody "
        "reads are dropped and counted; they never stop the node. With --detach: {\"outcome\", "
        "\"pid\", \"port\", \"peer_id\", \"records\", \"acknowledged\", \"bootstraps\", "
        "\"reason\", \"saved\", \"log\"}; the outcome is announced, alone, joined, trying, "
        "listening or starting.",
    .run = run,
};
