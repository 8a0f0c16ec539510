#include "node/journal.h"

#include "lib/base/memory.h"
#include "lib/base/path.h"
#include "lib/os/append_file.h"
#include "lib/os/process_info.h"
#include "node/course.h"

/* -- where to */

static bool is_said(const struct kn_snapshot *snapshot, const char *key)
{
    return !kn_snapshot_is_from(snapshot, key, KN_LAYER_FALLBACK);
}

static bool is_asked_for(const struct kn_snapshot *snapshot)
{
    return is_said(snapshot, "logging.level") || is_said(snapshot, "logging.modules") ||
           is_said(snapshot, "logging.format");
}

static bool is_in_journal(const struct kn_node *node)
{
    const char *const *environment = node->options.request->environment;

    return kn_standard_error_is_journal(kn_lookup_in(&environment, "JOURNAL_STREAM"));
}

/* The sentence for it stands with logging.file_path in the table of settings. */
static enum kn_log_place place_of(const struct kn_node *node, const struct kn_snapshot *snapshot)
{
    if (node->options.dry_run)
        return KN_LOG_NOWHERE;
    if (kn_snapshot_config(snapshot)->logging.file_path.is == KN_GIVEN ||
        node->options.log_file != NULL)
        return KN_LOG_FILE;
    if (is_in_journal(node))
        return KN_LOG_JOURNAL;
    if (!is_asked_for(snapshot))
        return KN_LOG_NOWHERE;
    return node->options.log_line != NULL ? KN_LOG_SCREEN : KN_LOG_ERROR;
}

void kn_log_options(const struct kn_node *node, const struct kn_snapshot *snapshot,
                    struct kn_log_options *out)
{
    const struct kn_logging_config *config = &kn_snapshot_config(snapshot)->logging;

    *out = (struct kn_log_options){
        .level = (enum kn_level)config->level.value,
        .modules = config->modules.texts.at,
        .module_count = config->modules.texts.n,
        .format = (enum kn_log_format)config->format.value,
        .place = place_of(node, snapshot),
        .path = config->file_path.is == KN_GIVEN ? config->file_path.text : node->options.log_file,
        .must_open = config->file_path.is == KN_GIVEN,
        .size_max = (uint64_t)config->max_file_size_mb.bytes,
        .keep = (unsigned)config->backup_count.value,
        .arg = node->options.arg,
        .line = node->options.log_line,
    };
}

/* -- what happens */

struct kind {
    enum kn_level level;
    enum kn_log_module module;
    const char *event;
};

static const struct kind kinds[] = {
    [KWAAI_EVENT_LISTENING] = { KN_LEVEL_INFO, KN_LOG_NETWORK, "listening" },
    [KWAAI_EVENT_BOOTSTRAP] = { KN_LEVEL_INFO, KN_LOG_NETWORK, "bootstrap-up" },
    [KWAAI_EVENT_DISCOVERED] = { KN_LEVEL_INFO, KN_LOG_NETWORK, "discovered" },
    [KWAAI_EVENT_CALIBRATED] = { KN_LEVEL_INFO, KN_LOG_BLOCKS, "calibrated" },
    [KWAAI_EVENT_ASSIGNED] = { KN_LEVEL_INFO, KN_LOG_BLOCKS, "assigned" },
    [KWAAI_EVENT_NAMED] = { KN_LEVEL_INFO, KN_LOG_NODE, "named" },
    [KWAAI_EVENT_BLOCKS] = { KN_LEVEL_INFO, KN_LOG_BLOCKS, "blocks" },
    [KWAAI_EVENT_STATE] = { KN_LEVEL_INFO, KN_LOG_NODE, "state" },
    [KWAAI_EVENT_ANNOUNCED] = { KN_LEVEL_INFO, KN_LOG_DHT, "announced" },
    [KWAAI_EVENT_VISIBLE] = { KN_LEVEL_INFO, KN_LOG_DHT, "visible" },
    [KWAAI_EVENT_CACHES_FAILED] = { KN_LEVEL_WARN, KN_LOG_CONFIG, "cache-failed" },
    [KWAAI_EVENT_RELOADED] = { KN_LEVEL_INFO, KN_LOG_RELOAD, "reloaded" },
    [KWAAI_EVENT_ENDED] = { KN_LEVEL_INFO, KN_LOG_NODE, "ended" },
};

static void say(const struct kn_journal *journal, const struct kind *kind,
                struct kn_log_fields fields, const char *text)
{
    kn_log_say(journal->log, kind->level, kind->module, kind->event, fields, "%s", text);
}

static void say_bootstrap(const struct kn_journal *journal, struct kind kind, const char *text)
{
    const struct kn_bootstrap *met = kn_node_bootstrap(journal->node);

    if (met == NULL || met->code == KN_OK) {
        say(journal, &kind,
            KN_FIELDS(KN_FIELD_WORD("address", met != NULL ? met->address : NULL),
                      KN_FIELD_REAL("ms", met != NULL ? met->ms : 0)),
            text);
        return;
    }
    kind.level = KN_LEVEL_WARN;
    kind.event = "bootstrap-down";
    say(journal, &kind,
        KN_FIELDS(KN_FIELD_WORD("address", met->address),
                  KN_FIELD_WORD("code", kn_code_name(met->code))),
        text);
}

static void say_round(const struct kn_journal *journal, struct kind kind, const char *text)
{
    const struct kn_announced *round = kn_node_announced(journal->node);

    if (round->acknowledged < round->keys && !round->alone) {
        kind.level = KN_LEVEL_WARN;
        kind.event = "not-acknowledged";
    }
    say(journal, &kind,
        KN_FIELDS(KN_FIELD_WHOLE("records", round->keys),
                  KN_FIELD_WHOLE("acknowledged", round->acknowledged)),
        text);
}

static void say_visible(const struct kn_journal *journal, struct kind kind, const char *text)
{
    const struct kn_announced *round = kn_node_announced(journal->node);

    kind.level = round->visible_on < round->asked ? KN_LEVEL_WARN : KN_LEVEL_INFO;
    say(journal, &kind,
        KN_FIELDS(KN_FIELD_WHOLE("visible_on", round->visible_on),
                  KN_FIELD_WHOLE("bootstraps", round->asked)),
        text);
}

static void say_blocks(const struct kn_journal *journal, struct kind kind, const char *text)
{
    struct kn_blocks_report report;

    kn_node_blocks(journal->node, &report);
    kind.event = kn_blocks_stage_word(report.stage);
    if (report.failure != NULL && report.stage != KN_BLOCKS_LOADING)
        kind.level = KN_LEVEL_WARN;
    if (report.wish == NULL) {
        say(journal, &kind, KN_NO_FIELDS, text);
        return;
    }
    say(journal, &kind,
        KN_FIELDS(KN_FIELD_WHOLE("start_block", report.wish->from),
                  KN_FIELD_WHOLE("end_block", report.wish->to)),
        text);
}

/* spec: decisions D22: in the log too. */
static void say_reloaded(const struct kn_journal *journal, struct kind kind, const char *text)
{
    const struct kn_reload_report *report = kn_node_reloaded(journal->node);

    if (report->err.code != KN_OK) {
        kind.level = KN_LEVEL_WARN;
        kind.event = "not-reloaded";
    }
    say(journal, &kind,
        KN_FIELDS(KN_FIELD_WHOLE("changed", report->what.changed_count),
                  KN_FIELD_WHOLE("waiting", report->what.waiting_count)),
        text);
}

static void on_told(void *arg, enum kwaai_event_kind told, const char *text)
{
    const struct kn_journal *journal = arg;
    static const struct kind other = { KN_LEVEL_INFO, KN_LOG_NODE, "event" };
    const struct kind *kind = (size_t)told < KN_COUNT(kinds) ? &kinds[told] : &other;

    if (told == KWAAI_EVENT_BOOTSTRAP)
        say_bootstrap(journal, *kind, text);
    else if (told == KWAAI_EVENT_ANNOUNCED)
        say_round(journal, *kind, text);
    else if (told == KWAAI_EVENT_VISIBLE)
        say_visible(journal, *kind, text);
    else if (told == KWAAI_EVENT_BLOCKS)
        say_blocks(journal, *kind, text);
    else if (told == KWAAI_EVENT_RELOADED)
        say_reloaded(journal, *kind, text);
    else
        say(journal, kind, KN_NO_FIELDS, text);
}

static void say_previous(const struct kn_journal *journal)
{
    const struct kn_previous_end *previous = kn_node_previous_end(journal->node);

    if (!previous->is_known)
        return;
    kn_log_say(
        journal->log, KN_LEVEL_WARN, KN_LOG_NODE, "previous-end",
        KN_FIELDS(KN_FIELD_WHOLE("process", previous->pid), KN_FIELD_WHOLE("seen", previous->at_s),
                  KN_FIELD_WORD("result", previous->result[0] != '\0' ? previous->result : NULL)),
        "the run before ended without good-bye%s", kn_previous_end_reason(previous));
}

/* With what it runs: names of places, and no value that could be a secret. */
static void say_started(const struct kn_journal *journal)
{
    const struct kn_node *node = journal->node;
    const struct kn_config_paths *paths = kn_node_paths(node);

    kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_NODE, "started",
               KN_FIELDS(KN_FIELD_WORD("version", KN_VERSION),
                         KN_FIELD_WHOLE("process", kn_process_self()),
                         KN_FIELD_WORD("home", paths->home)),
               "the node begins");
    kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_CONFIG, "loaded",
               KN_FIELDS(KN_FIELD_WORD("file", paths->config_exists ? paths->config : NULL)),
               paths->config_exists ? "the configuration was read"
                                    : "there is no configuration file");
    say_previous(journal);
}

static void say_ended(const struct kn_journal *journal)
{
    const struct kn_error *failure = kn_node_failure(journal->node);

    if (failure->code == KN_OK)
        kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_NODE, "ended", KN_NO_FIELDS,
                   "the node ends");
    else
        kn_log_say(journal->log, KN_LEVEL_ERROR, KN_LOG_NODE, "failed",
                   KN_FIELDS(KN_FIELD_WORD("code", kn_code_name(failure->code))),
                   "the node ends: %s", failure->text);
}

/* What repeats is no news, and all the same what somebody looks for who asked for it. */
static void say_each_round(const struct kn_journal *journal, enum kn_node_event event)
{
    static const char *const states[] = { "OFFLINE", "JOINING", "ONLINE" };
    const struct kn_announced *round = kn_node_announced(journal->node);

    if (event == KN_NODE_ANNOUNCED)
        kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_DHT, "round",
                   KN_FIELDS(KN_FIELD_WHOLE("records", round->keys),
                             KN_FIELD_WHOLE("acknowledged", round->acknowledged),
                             KN_FIELD_WORD("state", states[round->state])),
                   "a round of records was stored");
    else
        kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_DHT, "read-back",
                   KN_FIELDS(KN_FIELD_WHOLE("visible_on", round->visible_on),
                             KN_FIELD_WHOLE("bootstraps", round->asked)),
                   "the records were read back");
}

static void say_bootstrap_again(const struct kn_journal *journal)
{
    const struct kn_bootstrap *met = kn_node_bootstrap(journal->node);
    bool failed = met->code != KN_OK;

    kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_NETWORK, "bootstrap",
               KN_FIELDS(KN_FIELD_WORD("address", met->address),
                         KN_FIELD_WORD("code", failed ? kn_code_name(met->code) : NULL),
                         KN_FIELD_REAL("ms", met->ms)),
               failed ? "a bootstrap did not answer" : "a bootstrap answered");
}

static void count(struct kn_journal *journal, enum kn_node_event event)
{
    struct kn_journal_counts *counts = &journal->counts;
    const struct kn_announced *round;
    bool failed;

    if (event == KN_NODE_BOOTSTRAP) {
        failed = kn_node_bootstrap(journal->node)->code != KN_OK;
        counts->bootstrap_failures += failed;
        counts->bootstrap_answers += !failed;
    } else if (event == KN_NODE_ANNOUNCED) {
        round = kn_node_announced(journal->node);
        counts->rounds++;
        counts->records += round->keys;
        counts->acknowledged += round->acknowledged;
    } else if (event == KN_NODE_RELOADED) {
        failed = kn_node_reloaded(journal->node)->err.code != KN_OK;
        counts->reload_failures += failed;
        counts->reloads += !failed;
    }
}

void kn_journal_take(struct kn_journal *journal, enum kn_node_event event)
{
    if (journal == NULL)
        return;
    count(journal, event);
    if (event == KN_NODE_LISTENING)
        say_started(journal);
    kn_teller_take(&journal->teller, journal->node, event);
    if (event == KN_NODE_JOINED)
        kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_NETWORK, "joined",
                   KN_FIELDS(KN_FIELD_WHOLE("peers", kn_node_peers(journal->node))),
                   "joined the swarm");
    else if (event == KN_NODE_BOOTSTRAP)
        say_bootstrap_again(journal);
    else if (event == KN_NODE_ANNOUNCED || event == KN_NODE_READ_BACK)
        say_each_round(journal, event);
    else if (event == KN_NODE_REFRESHED)
        kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_NETWORK, "refreshed", KN_NO_FIELDS,
                   "what is known of the network was found out anew");
    else if (event == KN_NODE_MEASURED)
        kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_NODE, "measured", KN_NO_FIELDS,
                   "the machine was looked at");
    else if (event == KN_NODE_HEALTH)
        kn_journal_health(journal);
    else if (event == KN_NODE_ALERT)
        kn_journal_alert(journal);
    else if (event == KN_NODE_ENDED)
        say_ended(journal);
}

static const char *pulse_text(enum kn_pulse_finding pulse)
{
    switch (pulse) {
    case KN_PULSE_SLEPT:
        return "the machine slept";
    case KN_PULSE_STOPPED:
        return "the node stood still";
    case KN_PULSE_STEADY:
        return "there are new addresses";
    case KN_PULSE_CLOCK_SET:
        break;
    }
    return "the clock was set";
}

void kn_journal_change(struct kn_journal *journal, const struct kn_change *change)
{
    char first[KN_ENDPOINT_TEXT_SIZE] = "";

    if (journal == NULL)
        return;
    if (change->fresh_count > 0)
        kn_endpoint_print(&change->fresh[0], first);
    kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_NETWORK, "changed",
               KN_FIELDS(KN_FIELD_WHOLE("new_addresses", change->fresh_count),
                         KN_FIELD_WORD("first", first[0] != '\0' ? first : NULL)),
               "the way to others may be another: %s", pulse_text(change->pulse));
}

/* -- from its start to its end */

static void on_user_signal(void *arg)
{
    const struct kn_journal *journal = arg;
    struct kn_error err = { 0 };

    if (kn_log_reopen(journal->log, &err) == KN_OK)
        kn_log_say(journal->log, KN_LEVEL_INFO, KN_LOG_ITSELF, "reopened", KN_NO_FIELDS,
                   "the log file was opened anew");
    else if (err.code != KN_E_UNSUPPORTED)
        kn_log_say(journal->log, KN_LEVEL_WARN, KN_LOG_ITSELF, "not-reopened", KN_NO_FIELDS, "%s",
                   err.text);
}

enum kn_code kn_journal_new(struct kn_node *node, struct kn_journal **out, struct kn_error *err)
{
    struct kn_journal *journal = kn_try_alloc(sizeof(*journal));
    struct kn_log_options options;
    enum kn_code rc;

    if (journal == NULL)
        return kn_fail_no_memory(err);
    journal->node = node;
    journal->teller.arg = journal;
    journal->teller.tell = on_told;
    kn_log_options(node, node->what.sources, &options);
    rc = kn_log_new(node->loop, &options, &journal->log, err);
    if (rc != KN_OK) {
        if (rc != KN_E_NO_MEMORY)
            kn_wrap(err, "logging.file_path");
        kn_free(journal);
        return rc;
    }
    if (!node->options.leaves_signals && !node->options.dry_run)
        kn_loop_on_user_signal(node->loop, on_user_signal, journal);
    *out = journal;
    return KN_OK;
}

void kn_journal_free(struct kn_journal *journal)
{
    if (journal == NULL)
        return;
    kn_loop_on_user_signal(journal->node->loop, NULL, NULL);
    kn_log_free(journal->log);
    kn_free(journal);
}

struct kn_log *kn_journal_log(const struct kn_journal *journal)
{
    return journal != NULL ? journal->log : NULL;
}
