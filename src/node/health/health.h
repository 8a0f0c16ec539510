/*
 * health — a node looks after itself: asks, judges, tells, and knocks again when it is cut off.
 *
 * A round asks the bootstraps and some other peers, then takes all findings (check.h, engine.h).
 * Rounds come every health.check_interval, sooner while something is in doubt, and at once when a
 * bootstrap's connection is lost. Belongs to the loop thread.
 */
#ifndef KN_NODE_HEALTH_HEALTH_H
#define KN_NODE_HEALTH_HEALTH_H

#include "config/schema/node_config.h"
#include "network/network.h"
#include "node/health/engine.h"
#include "node/health/reconnect.h"

enum { KN_HEALTH_BEAT_MS = 1000 }; /* of the timer whose lateness is measured */

struct kn_health_options {
    bool enabled;
    int timeout_ms;
    unsigned threshold;
    int64_t interval_ms;
    struct kn_reconnect_options reconnect;
};

/* What the settings health.* say. */
struct kn_health_options kn_health_options(const struct kn_node_config *config);

/* Who is asked, and who is told. */
struct kn_health_place {
    struct kn_network *network;
    const struct kn_random *random; /* copied */
    const char *const *bootstraps;  /* multiaddrs; kept */
    size_t bootstrap_count;
    void *arg;
    /* What the node knows of itself: all but the lag and what peers answer. */
    void (*facts)(void *arg, struct kn_health_facts *out);
    void (*changed)(void *arg); /* the verdict is another, or reconnecting was given up */
    void (*knock)(void *arg);   /* nobody answers: try to get back in, once */
    /* So many bootstraps answer; `was_lost`: nobody did before. */
    void (*met)(void *arg, size_t answered, bool was_lost);
};

struct kn_health;

/* Nothing is looked at before kn_health_begin(). NULL when memory is short. Free it before the
 * network. */
KN_MUST_USE struct kn_health *kn_health_new(const struct kn_health_options *options,
                                            const struct kn_health_place *place);
void kn_health_free(struct kn_health *health);

/* The node has begun: look from now on. Again: nothing happens. */
void kn_health_begin(struct kn_health *health);

/* Somebody has let us in: from now on nobody who answers means that we are cut off, and when we
 * were, it is looked at once. */
void kn_health_joined(struct kn_health *health);

/* Other settings from now on. */
void kn_health_apply(struct kn_health *health, const struct kn_health_options *options);

/* Other bootstraps, kept as those before: what is asked of those is given up. */
void kn_health_change(struct kn_health *health, const char *const *bootstraps, size_t n);

/* Something has happened: look now. */
void kn_health_look(struct kn_health *health);

/* How it is. Texts are lent until the loop turns. */
struct kn_health_report {
    bool is_on;
    enum kn_health_verdict verdict; /* unknown while it is off */
    const char *reason, *hint;      /* hint: or NULL */
    int64_t since_ms;               /* how long the verdict has been that; -1: not looked yet */
    const struct kn_health_state *states; /* KN_HEALTH_CHECKS of them; NULL while it is off */
    bool is_lost;                         /* nobody answers, */
    bool reconnects, gave_up;             /* and it is tried again; or was, as often as allowed */
    unsigned attempts;
    int64_t again_ms; /* until the next attempt; -1: none is planned */
};
void kn_health_report(const struct kn_health *health, struct kn_health_report *out);

/* "health" of status: {"verdict", "reason", "hint", "checks", "reconnect"}; NULL when memory is
 * short. */
struct kn_json *kn_health_json(const struct kn_health_report *report);

#endif
