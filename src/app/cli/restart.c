/* restart: ask the running node to begin anew, and tell how it fares then. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/outcome.h"
#include "app/cli/problems.h"
#include "app/cli/reload_view.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"
#include "lib/base/arena.h"
#include "lib/os/clock.h"
#include "lib/os/process_info.h"
#include "node/control/control.h"
#include "node/control/run_folder.h"

enum {
    WAIT_S = 60,
    ANNOUNCE_MS = 10000, /* of that, once it answers again */
    LOOK_AGAIN_MS = 20,
    ASK_MS = 2000,
    MS_PER_S = 1000,
};

struct restarting {
    struct kn_cli *cli;
    struct kn_running running; /* as it was before */
    struct kn_outcome outcome;
    int64_t until_ms;
    bool is_back;
};

static int64_t clock_ms(void)
{
    int64_t now;

    return kn_clock_since_boot(&now) == KN_OK ? now : INT64_MAX;
}

/* -- refused */

/* The node has judged: its folder and its variables are not ours. */
static enum kn_exit refused(struct kn_cli *cli, const struct kn_json *answer)
{
    const struct kn_json *problems = kn_json_get(answer, "problems");
    struct kn_text document = { 0 }, shown = { 0 };
    size_t errors;

    if (cli->json) {
        if (!kn_json_print_line(problems, &document))
            kn_out_of_memory();
        kn_cli_answer(cli, kn_refusal_json(kn_json_parse(document.at, document.n)));
        kn_text_done(&document);
        return KN_EXIT_CONFIGURATION;
    }
    errors = kn_reload_view_problems(&cli->err_term, answer, &shown);
    kn_text_addf(&cli->talk,
                 "kwaainet: %zu problem%s in the configuration; the node goes on as it was\n\n",
                 errors, errors == 1 ? "" : "s");
    kn_text_add(&cli->talk, kn_text_get(&shown));
    kn_text_done(&shown);
    return KN_EXIT_CONFIGURATION;
}

/* -- waiting */

static void say_waiting(struct kn_cli *cli)
{
    struct kn_error ignored = { 0 };

    if (cli->json || cli->quiet || !cli->err_term.is_terminal)
        return;
    kn_text_add(&cli->talk, "Waiting until the node has left the swarm and is back.\n");
    (void)!kn_cli_flush(cli, &ignored);
}

/* Is it another run than the one that was asked? */
static bool is_another(const struct restarting *r, const struct kn_run_look *look)
{
    return look->runs && look->facts.started_ms != 0 &&
           (look->pid != r->running.pid || look->facts.started_ms != r->running.started_ms);
}

static bool has_ended(const struct restarting *r, const struct kn_run_look *look)
{
    struct kn_process_info info;

    return !look->runs && r->running.pid > 0 &&
           kn_process_look(r->running.pid, &info) == KN_E_NOT_FOUND;
}

static enum kn_exit ended(struct restarting *r)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_CLOSED, "the node (process %lld) ended and did not start again",
                  (long long)r->running.pid);
    kn_hint(&err,
            "What it said is where its output goes: %s/logs/start.log for one that was started "
            "with --detach.",
            r->running.home);
    return kn_cli_fail(r->cli, KN_EXIT_FAILED, &err);
}

static enum kn_exit not_back(struct restarting *r)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_TIMEOUT, "the node (process %lld) is not back yet",
                  (long long)r->running.pid);
    kn_hint(&err, "It ends its sessions first; kwaainet status tells when it is back.");
    return kn_cli_fail(r->cli, KN_EXIT_TRY_AGAIN, &err);
}

static enum kn_exit await_return(struct restarting *r)
{
    do {
        struct kn_run_look look = { 0 };
        struct kn_error err = { 0 };
        bool another, over;

        if (kn_run_folder_look(r->running.home, &look, &err) != KN_OK)
            return kn_cli_fail(r->cli, KN_EXIT_FAILED, &err);
        another = is_another(r, &look);
        over = !another && has_ended(r, &look);
        r->outcome.pid = look.pid;
        kn_run_look_done(&look);
        if (another)
            return KN_EXIT_DONE;
        if (over)
            return ended(r);
        kn_clock_sleep_ms(LOOK_AGAIN_MS);
    } while (clock_ms() < r->until_ms);
    return not_back(r);
}

static int64_t whole(const struct kn_json *json, const char *name)
{
    int64_t value;

    return kn_json_to_int(kn_json_get(json, name), &value) ? value : 0;
}

static const char *keep(const struct restarting *r, const struct kn_json *json, const char *name)
{
    const char *text = kn_json_to_text(kn_json_get(json, name));
    const char *kept = kn_arena_dup(r->cli->arena, text);

    if (text != NULL && kept == NULL)
        kn_out_of_memory();
    return kept;
}

/* What its status says of it. */
static void take_status(struct restarting *r, const struct kn_json *status)
{
    const struct kn_json *announced = kn_json_get(status, "announced");
    const char *state = kn_json_to_text(kn_json_get(status, "state"));
    struct kn_outcome *outcome = &r->outcome;

    if (outcome->peer_id == NULL)
        outcome->peer_id = keep(r, status, "peer_id");
    outcome->is = KN_OUTCOME_LISTENING;
    outcome->port = whole(status, "port");
    outcome->records = whole(announced, "records");
    outcome->acknowledged = whole(announced, "acknowledged");
    if (kn_json_is_true(kn_json_get(announced, "alone")))
        outcome->is = KN_OUTCOME_ALONE;
    else if (outcome->acknowledged > 0)
        outcome->is = KN_OUTCOME_ANNOUNCED;
    else if (state != NULL && strcmp(state, "OFFLINE") != 0 &&
             kn_json_to_text(kn_json_get(status, "silence")) != NULL) {
        outcome->is = KN_OUTCOME_JOINED;
        outcome->reason = keep(r, status, "silence");
    }
}

static void ask_status(struct restarting *r)
{
    struct kn_error ignored = { 0 };
    struct kn_json *status = NULL;

    if (kn_control_ask(r->running.home, "status", ASK_MS, &status, &ignored) == KN_OK)
        take_status(r, status);
    kn_json_free(status);
}

static enum kn_exit await_outcome(struct restarting *r)
{
    int64_t enough = clock_ms() + ANNOUNCE_MS;

    if (r->until_ms > enough)
        r->until_ms = enough;
    for (;;) {
        ask_status(r);
        if (kn_outcome_is_final(&r->outcome) || clock_ms() >= r->until_ms)
            break;
        kn_clock_sleep_ms(LOOK_AGAIN_MS);
    }
    if (r->outcome.is == KN_OUTCOME_LISTENING)
        r->outcome.is = KN_OUTCOME_TRYING;
    return kn_outcome_tell(r->cli, &r->outcome, "runs again");
}

static enum kn_exit await(struct restarting *r)
{
    enum kn_exit code;

    say_waiting(r->cli);
    code = await_return(r);
    return code == KN_EXIT_DONE ? await_outcome(r) : code;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct restarting r = { .cli = cli };
    struct kn_json *answer = NULL;
    int64_t seconds;
    enum kn_exit code = kn_read_wait(cli, WAIT_S, &seconds);

    if (code == KN_EXIT_DONE)
        code = kn_running_find(cli, &r.running);
    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &r.running, "restart", &answer);
    if (code == KN_EXIT_DONE) {
        r.until_ms = clock_ms() + seconds * MS_PER_S;
        code = kn_json_is_true(kn_json_get(answer, "restarts")) ? await(&r) : refused(cli, answer);
    }
    kn_json_free(answer);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--wait", "SECONDS", "Wait so long until it is back; 60 unless given." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_restart = {
    .name = "restart",
    .brief = "Let the running node begin anew, with its configuration as it is now.",
    .flags = flags,
    .loads_configuration = true,
    .detail =
        "Asks the node that runs with the data folder. It reads its configuration as a start "
        "would; when that is wrong it lists the problems and goes on as it was, and the exit code "
        "is 78. Else it leaves the swarm as with stop, and starts again as the same process, with "
        "the same flags and variables, in the same folder and at the same terminal. A program "
        "that was replaced meanwhile is the new one. The command waits until the node is back and "
        "announced, and tells what became of it; the exit code is 75 when it is not back in time, "
        "1 when it ended, and 69 when none runs.\n\n"
        "With --json: {\"outcome\", \"pid\", \"port\", \"peer_id\", \"records\", "
        "\"acknowledged\", \"bootstraps\", \"reason\", \"saved\", \"log\"}, as start --detach.",
    .run = run,
};
