/*
 * engine — when somebody is to be told: the network was lost, it is back, the node fails.
 *
 * Pure: how it is and the moment in, what to tell and the next deadline out. Each is told once:
 * a loss when it has lasted for alerts.after, the way back when that was told before and has held
 * for KN_ALERT_STEADY_MS (or alerts.after, if that is shorter), a failure until it has gone.
 */
#ifndef KN_NODE_ALERTS_ENGINE_H
#define KN_NODE_ALERTS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/time.h"

enum { KN_ALERT_STEADY_MS = 5000 };

enum kn_alert_event { KN_ALERT_DISCONNECT, KN_ALERT_RECONNECT, KN_ALERT_CRITICAL, KN_ALERT_EVENTS };

/* "disconnect", "reconnect", "critical"; static. */
const char *kn_alert_word(enum kn_alert_event event);

struct kn_alert_rules {
    bool on[KN_ALERT_EVENTS]; /* which are told */
    int64_t after_ms;
    size_t min_connections; /* fewer count as lost */
};

struct kn_alert_facts {
    size_t connections;
    bool is_cut_off;  /* nobody answers, however many connections seem open */
    bool is_critical; /* something but the network fails, or reconnecting was given up */
};

/* Start from { 0 }. */
struct kn_alert_engine {
    bool is_lost, told_lost, told_critical;
    kn_time since; /* of what is_lost says */
};

/* True: tell `*event`, and ask again. */
bool kn_alert_step(struct kn_alert_engine *engine, const struct kn_alert_rules *rules,
                   const struct kn_alert_facts *facts, kn_time now, enum kn_alert_event *event);

#endif
