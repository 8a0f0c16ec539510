#include "node/alerts/engine.h"

const char *kn_alert_word(enum kn_alert_event event)
{
    static const char *const words[KN_ALERT_EVENTS] = {
        [KN_ALERT_DISCONNECT] = "disconnect",
        [KN_ALERT_RECONNECT] = "reconnect",
        [KN_ALERT_CRITICAL] = "critical",
    };

    return words[event];
}

/* What changes: whether it is told or not, it has happened. */
static bool happens(struct kn_alert_engine *engine, const struct kn_alert_rules *rules,
                    const struct kn_alert_facts *facts, kn_time now, enum kn_alert_event *event)
{
    bool is_lost = facts->is_cut_off || facts->connections < rules->min_connections;
    int64_t steady = rules->after_ms < KN_ALERT_STEADY_MS ? rules->after_ms : KN_ALERT_STEADY_MS;

    if (is_lost != engine->is_lost || engine->since == 0) {
        engine->is_lost = is_lost;
        engine->since = now;
    }
    if (is_lost && !engine->told_lost && now - engine->since >= rules->after_ms) {
        engine->told_lost = true;
        *event = KN_ALERT_DISCONNECT;
        return true;
    }
    if (!is_lost && engine->told_lost && now - engine->since >= steady) {
        engine->told_lost = false;
        *event = KN_ALERT_RECONNECT;
        return true;
    }
    if (facts->is_critical != engine->told_critical) {
        engine->told_critical = facts->is_critical;
        *event = KN_ALERT_CRITICAL;
        return facts->is_critical;
    }
    return false;
}

bool kn_alert_step(struct kn_alert_engine *engine, const struct kn_alert_rules *rules,
                   const struct kn_alert_facts *facts, kn_time now, enum kn_alert_event *event)
{
    while (happens(engine, rules, facts, now, event)) {
        if (rules->on[*event])
            return true;
    }
    return false;
}
