#include "app/cli/outcome.h"

#include "app/cli/cli.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/shell.h"

static const char *const words[] = {
    [KN_OUTCOME_NONE] = "starting", [KN_OUTCOME_LISTENING] = "listening",
    [KN_OUTCOME_TRYING] = "trying", [KN_OUTCOME_JOINED] = "joined",
    [KN_OUTCOME_ALONE] = "alone",   [KN_OUTCOME_ANNOUNCED] = "announced",
    [KN_OUTCOME_FAILED] = "failed",
};

bool kn_outcome_is_final(const struct kn_outcome *outcome)
{
    return outcome->is >= KN_OUTCOME_JOINED;
}

static struct kn_json *number(int64_t value)
{
    return value > 0 ? kn_json_int(value) : kn_json_null();
}

static void tell_json(struct kn_cli *cli, const struct kn_outcome *outcome)
{
    struct kn_json *json = kn_json_object();
    bool counted = outcome->is == KN_OUTCOME_ANNOUNCED;

    kn_tree_text(json, "outcome", words[outcome->is]);
    kn_tree_set(json, "pid", number(outcome->pid));
    kn_tree_set(json, "port", number(outcome->port));
    kn_tree_text(json, "peer_id", outcome->peer_id);
    kn_tree_set(json, "records", counted ? kn_json_int(outcome->records) : kn_json_null());
    kn_tree_set(json, "acknowledged",
                counted ? kn_json_int(outcome->acknowledged) : kn_json_null());
    kn_tree_set(json, "bootstraps", counted ? kn_json_int(outcome->bootstraps) : kn_json_null());
    kn_tree_text(json, "reason",
                 outcome->is == KN_OUTCOME_TRYING ? outcome->missed : outcome->reason);
    kn_tree_text(json, "saved", outcome->is_saved ? outcome->file : NULL);
    kn_tree_text(json, "log", outcome->log);
    kn_cli_answer(cli, json);
}

/* What comes behind "the node (process 7) runs on port 8080". */
static void add_how(const struct kn_outcome *outcome, struct kn_text *out)
{
    switch (outcome->is) {
    case KN_OUTCOME_NONE:
        kn_text_add(out, "; it has not said yet how it fares");
        break;
    case KN_OUTCOME_TRYING:
        kn_text_add(out, " and is not announced yet: it goes on trying");
        break;
    case KN_OUTCOME_JOINED:
        kn_text_addf(out, " in the swarm and announces no block: %s", outcome->reason);
        break;
    case KN_OUTCOME_ALONE:
        kn_text_add(out, ": there is nobody else yet to confirm what it announces");
        break;
    case KN_OUTCOME_ANNOUNCED:
        kn_text_addf(out, ": %lld of %lld records acknowledged", (long long)outcome->acknowledged,
                     (long long)outcome->records);
        if (outcome->bootstraps > 0)
            kn_text_addf(out, ", %lld bootstrap%s answered", (long long)outcome->bootstraps,
                         outcome->bootstraps == 1 ? "" : "s");
        break;
    case KN_OUTCOME_LISTENING:
    case KN_OUTCOME_FAILED:
        break;
    }
}

static void add_line(struct kn_cli *cli, const struct kn_text *line, size_t hang)
{
    struct kn_text safe = { 0 };
    struct kn_fold fold = { .columns = cli->out_term.columns, .hang = hang };

    kn_term_add_safe(&safe, kn_text_get(line));
    (void)kn_fold_add(&cli->answer, kn_text_get(&safe), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&safe);
}

/* Of the node that was just started: without it the words would mean another one. */
static void add_home(const struct kn_cli *cli, struct kn_text *out)
{
    if (cli->request.home == NULL)
        return;
    kn_text_add(out, " --home ");
    kn_shell_add(out, cli->request.home);
}

static void add_saved(struct kn_cli *cli, const struct kn_outcome *outcome)
{
    struct kn_text line = { 0 };

    if (outcome->is_saved)
        kn_text_addf(&line, "Configuration saved to: %s", outcome->file);
    else if (outcome->save_error != NULL)
        kn_text_addf(&line, "The configuration was not saved: %s", outcome->save_error);
    else if (outcome->is_first_run)
        kn_text_add(&line, "Not saved: nobody is asked with --detach. The same words with --yes "
                           "save the configuration to " KN_CONFIG_FILE ".");
    if (line.n > 0)
        add_line(cli, &line, 0);
    kn_text_done(&line);
}

static void tell_text(struct kn_cli *cli, const struct kn_outcome *outcome, const char *verb)
{
    struct kn_text line = { 0 };

    kn_text_add(&line, "the node");
    if (outcome->pid > 0)
        kn_text_addf(&line, " (process %lld)", (long long)outcome->pid);
    kn_text_addf(&line, " %s", outcome->is == KN_OUTCOME_LISTENING ? "listens" : verb);
    if (outcome->port > 0)
        kn_text_addf(&line, " on port %lld", (long long)outcome->port);
    add_how(outcome, &line);
    add_line(cli, &line, 2);
    kn_text_cut(&line, 0);
    if (outcome->is == KN_OUTCOME_TRYING && outcome->missed != NULL) {
        kn_text_addf(&line, "  %s", outcome->missed);
        add_line(cli, &line, 2);
        kn_text_cut(&line, 0);
    }
    add_saved(cli, outcome);
    if (outcome->log != NULL) {
        kn_text_add(&line, "kwaainet status");
        add_home(cli, &line);
        kn_text_add(&line, " shows how it is, kwaainet logs what happens, and kwaainet stop ends "
                           "it");
        kn_text_add(&line, cli->request.home != NULL ? ", with the same --home." : ".");
        add_line(cli, &line, 0);
    }
    kn_text_done(&line);
}

enum kn_exit kn_outcome_tell(struct kn_cli *cli, const struct kn_outcome *outcome, const char *verb)
{
    if (outcome->is == KN_OUTCOME_FAILED)
        return kn_cli_fail(cli, outcome->exit, &outcome->failure);
    if (cli->json)
        tell_json(cli, outcome);
    else if (!cli->quiet)
        tell_text(cli, outcome, verb);
    return outcome->is == KN_OUTCOME_NONE ? KN_EXIT_TRY_AGAIN : KN_EXIT_DONE;
}
