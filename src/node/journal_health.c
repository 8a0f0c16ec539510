/* journal: how well the node is, and whom it told. */
#include "node/journal.h"

static enum kn_level level_of(const struct kn_health_report *health)
{
    if (health->gave_up || health->verdict == KN_HEALTH_FAILING)
        return KN_LEVEL_ERROR;
    return health->verdict == KN_HEALTH_DEGRADED ? KN_LEVEL_WARN : KN_LEVEL_INFO;
}

void kn_journal_health(const struct kn_journal *journal)
{
    struct kn_health_report health;

    kn_node_health(journal->node, &health);
    kn_log_say(journal->log, level_of(&health), KN_LOG_NODE, "health",
               KN_FIELDS(KN_FIELD_WORD("verdict", kn_health_word(health.verdict)),
                         KN_FIELD_WHOLE("attempts", health.attempts)),
               "health: %s: %s%s", kn_health_word(health.verdict), health.reason,
               health.gave_up ? "; given up reconnecting" : "");
}

void kn_journal_alert(const struct kn_journal *journal)
{
    const struct kn_alert_outcome *told = kn_node_alerted(journal->node);
    const char *by = told->way == KN_ALERT_WEBHOOK ? "webhook" : "command";
    bool failed = told->failure != NULL;

    kn_log_say(
        journal->log, failed ? KN_LEVEL_WARN : KN_LEVEL_INFO, KN_LOG_NODE,
        failed ? "alert-failed" : "alert",
        KN_FIELDS(KN_FIELD_WORD("about", kn_alert_word(told->event)), KN_FIELD_WORD("by", by)),
        "an alert %s%s", failed ? "could not be sent: " : "was sent",
        failed ? told->failure->text : "");
}
