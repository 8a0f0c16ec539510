#include "app/cli/detach.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/detached.h"
#include "app/cli/load.h"
#include "app/cli/outcome.h"
#include "app/cli/running.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/json/json.h"
#include "lib/os/background.h"
#include "lib/os/clock.h"
#include "lib/os/private_folder.h"
#include "lib/os/process_info.h"
#include "node/control/run_folder.h"

enum {
    WAIT_S = 10,
    LISTEN_MS = 60000, /* until its port is bound: nothing of the network is waited for */
    MS_PER_S = 1000,
};

struct detaching {
    struct kn_cli *cli;
    struct kn_config_paths paths;
    struct kn_background child;
    struct kn_outcome outcome;
    int64_t begun_ms, wait_ms;
};

static int64_t clock_ms(void)
{
    int64_t now;

    return kn_clock_since_boot(&now) == KN_OK ? now : 0;
}

/* -- before anything is started */

static enum kn_exit refuse_words(struct kn_cli *cli)
{
    const char *mode = kn_cli_option(cli, "--calibrate");
    struct kn_error err = { 0 };

    if (kn_cli_option(cli, "--dry-run") != NULL) {
        (void)kn_fail(&err, KN_E_INVALID, "--dry-run shows a plan and --detach shows nothing");
        kn_hint(&err, "Leave one of them out.");
    } else if (mode != NULL && strcmp(mode, "full") == 0) {
        (void)kn_fail(&err, KN_E_INVALID, "--calibrate full measures in front of somebody");
        kn_hint(&err, "Run kwaainet calibrate full before, then start with --detach alone.");
    } else {
        return KN_EXIT_DONE;
    }
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static enum kn_exit check_configuration(struct kn_cli *cli)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_load_any(cli, &snapshot);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_snapshot_is_valid(snapshot))
        kn_warn(cli, snapshot);
    else
        code = kn_refuse(cli, snapshot, "the node was not started");
    kn_snapshot_unref(snapshot);
    return code;
}

static enum kn_exit check_folder(struct detaching *d)
{
    struct kn_run_look look = { 0 };
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(d->cli, &d->paths);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_run_folder_look(d->paths.home, &look, &err) != KN_OK)
        return kn_cli_fail(d->cli, KN_EXIT_FAILED, &err);
    if (look.runs) {
        (void)kn_run_folder_is_held(d->paths.home, look.pid, &err);
        code = kn_cli_fail(d->cli, KN_EXIT_TRY_AGAIN, &err);
    }
    kn_run_look_done(&look);
    return code;
}

/* -- starting */

/* The same words, and between them the channel. */
static const char *const *words_of(const struct detaching *d)
{
    const char *const *typed = d->cli->words;
    const char **words;
    size_t n = 0, at = 0;

    while (typed[n] != NULL)
        n++;
    words = kn_arena_alloc(d->cli->arena, (n + 4) * sizeof(*words));
    if (words == NULL)
        kn_out_of_memory();
    words[at++] = typed[0];
    words[at++] = "start";
    words[at] = kn_arena_printf(d->cli->arena, KN_DETACHED_FLAG "=%s", d->child.channel);
    if (words[at++] == NULL)
        kn_out_of_memory();
    for (size_t i = d->cli->unnamed ? 1 : 2; i < n; i++)
        words[at++] = typed[i];
    return words;
}

static enum kn_code spawn(struct detaching *d, struct kn_error *err)
{
    const char *folder = kn_arena_printf(d->cli->arena, "%s/logs", d->paths.home);
    struct kn_text program = { 0 };
    enum kn_code rc;

    d->outcome.log = kn_arena_printf(d->cli->arena, "%s/logs/start.log", d->paths.home);
    if (folder == NULL || d->outcome.log == NULL)
        kn_out_of_memory();
    rc = kn_private_folder_need(folder, err);
    if (rc == KN_OK)
        rc = kn_process_program(&program, err);
    if (rc == KN_OK)
        rc = kn_background_start(&d->child, program.at, words_of(d), d->cli->request.environment,
                                 d->outcome.log, err);
    kn_text_done(&program);
    d->outcome.pid = d->child.pid;
    return rc;
}

/* -- waiting */

static const char *keep(const struct detaching *d, const struct kn_json *report, const char *name)
{
    const char *text = kn_json_to_text(kn_json_get(report, name));
    const char *kept = kn_arena_dup(d->cli->arena, text);

    if (text != NULL && kept == NULL)
        kn_out_of_memory();
    return kept;
}

static int64_t whole(const struct kn_json *report, const char *name)
{
    int64_t value;

    return kn_json_to_int(kn_json_get(report, name), &value) ? value : 0;
}

static void take_failure(struct kn_outcome *outcome, const struct kn_json *report)
{
    const char *error = kn_json_to_text(kn_json_get(report, "error"));
    const char *hint = kn_json_to_text(kn_json_get(report, "hint"));

    outcome->is = KN_OUTCOME_FAILED;
    outcome->exit = (enum kn_exit)whole(report, "exit");
    (void)kn_fail(&outcome->failure, KN_E_CLOSED, "%s", error != NULL ? error : "");
    if (hint != NULL && hint[0] != '\0')
        kn_hint(&outcome->failure, "%s", hint);
}

static void take_report(struct detaching *d, const struct kn_json *report)
{
    struct kn_outcome *outcome = &d->outcome;
    const char *is = kn_json_to_text(kn_json_get(report, "is"));

    if (is == NULL)
        return;
    if (strcmp(is, "listening") == 0) {
        outcome->is = KN_OUTCOME_LISTENING;
        outcome->port = whole(report, "port");
        outcome->peer_id = keep(d, report, "peer_id");
        outcome->is_first_run = kn_json_is_true(kn_json_get(report, "first_run"));
    } else if (strcmp(is, "missed") == 0) {
        outcome->missed = keep(d, report, "why");
    } else if (strcmp(is, "saved") == 0) {
        outcome->file = keep(d, report, "file");
        outcome->save_error = keep(d, report, "error");
        outcome->is_saved = outcome->save_error == NULL;
    } else if (strcmp(is, "joined") == 0) {
        outcome->is = KN_OUTCOME_JOINED;
        outcome->reason = keep(d, report, "why");
    } else if (strcmp(is, "alone") == 0) {
        outcome->is = KN_OUTCOME_ALONE;
    } else if (strcmp(is, "announced") == 0) {
        outcome->is = KN_OUTCOME_ANNOUNCED;
        outcome->records = whole(report, "records");
        outcome->acknowledged = whole(report, "acknowledged");
        outcome->bootstraps = whole(report, "bootstraps");
    } else if (strcmp(is, "failed") == 0) {
        take_failure(outcome, report);
    }
}

static int64_t left_ms(const struct detaching *d)
{
    int64_t whole_ms = d->outcome.is == KN_OUTCOME_NONE ? LISTEN_MS : d->wait_ms;

    return d->begun_ms + whole_ms - clock_ms();
}

/* Without a word: whatever ended it has not gone through our code. */
static void died(struct detaching *d)
{
    struct kn_outcome *outcome = &d->outcome;
    struct kn_error *err = &outcome->failure;
    struct kn_ending ending;
    bool known = kn_background_ended(&d->child, &ending);

    outcome->is = KN_OUTCOME_FAILED;
    outcome->exit = KN_EXIT_FAILED;
    if (!known)
        (void)kn_fail(err, KN_E_CLOSED, "the node (process %lld) ended without a word",
                      (long long)outcome->pid);
    else if (ending.status >= 0)
        (void)kn_fail(err, KN_E_CLOSED,
                      "the node (process %lld) ended without a word: exit status %d",
                      (long long)outcome->pid, ending.status);
    else
        (void)kn_fail(err, KN_E_CLOSED,
                      "the node (process %lld) ended without a word: signal %d (%s)",
                      (long long)outcome->pid, ending.signal, ending.signal_name);
    kn_hint(err, "What it wrote last is in %s.", outcome->log);
}

static enum kn_code next_report(struct detaching *d)
{
    struct kn_text text = { 0 };
    int64_t left = left_ms(d);
    enum kn_code rc = kn_background_await(&d->child, left > 0 ? left : 0, &text);
    struct kn_json *report = rc == KN_OK ? kn_json_parse(text.at, text.n) : NULL;

    if (rc == KN_E_NO_MEMORY || text.failed)
        kn_out_of_memory();
    take_report(d, report);
    kn_json_free(report);
    kn_text_done(&text);
    return rc;
}

static void await_outcome(struct detaching *d)
{
    enum kn_code rc = KN_OK;

    d->begun_ms = clock_ms();
    while (rc == KN_OK && !kn_outcome_is_final(&d->outcome))
        rc = next_report(d);
    if (rc == KN_E_CLOSED)
        died(d);
    else if (d->outcome.is == KN_OUTCOME_FAILED)
        (void)!kn_background_ended(&d->child, &(struct kn_ending){ 0 }); /* it lets go by that */
    else if (d->outcome.is == KN_OUTCOME_LISTENING && d->wait_ms > 0)
        d->outcome.is = KN_OUTCOME_TRYING;
}

static enum kn_exit start(struct detaching *d)
{
    struct kn_error err = { 0 };
    enum kn_code rc = kn_background_prepare(&d->child, &err);

    if (rc == KN_OK)
        rc = spawn(d, &err);
    if (rc == KN_OK)
        await_outcome(d);
    kn_background_done(&d->child);
    return rc == KN_OK ? kn_outcome_tell(d->cli, &d->outcome, "runs")
                       : kn_cli_fail(d->cli, KN_EXIT_FAILED, &err);
}

enum kn_exit kn_detach(struct kn_cli *cli)
{
    struct detaching d = { .cli = cli };
    int64_t seconds;
    enum kn_exit code = kn_read_wait(cli, WAIT_S, &seconds);

    d.wait_ms = seconds * MS_PER_S;
    if (code == KN_EXIT_DONE)
        code = refuse_words(cli);
    if (code == KN_EXIT_DONE)
        code = check_configuration(cli);
    if (code == KN_EXIT_DONE)
        code = check_folder(&d);
    return code == KN_EXIT_DONE ? start(&d) : code;
}
