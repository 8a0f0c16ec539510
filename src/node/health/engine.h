/*
 * engine — from what is found to what is said: rounds, patience and relief.
 *
 * Pure: findings and the moment in, verdicts and the next deadline out. A check turns worse when
 * so many findings in a row were worse (kn_health_check.patience), and better when so many were
 * better (relief: one success does not clear at once). While a finding differs from what is said
 * the next round comes sooner, so that a loss is told within seconds.
 */
#ifndef KN_NODE_HEALTH_ENGINE_H
#define KN_NODE_HEALTH_ENGINE_H

#include "lib/base/time.h"
#include "node/health/check.h"

enum { KN_HEALTH_DOUBT_MS = 5000 }; /* between two rounds while something is in doubt, at most */

struct kn_health_state {
    bool looked;
    struct kn_finding told; /* what is said; before the first look: unknown */
    unsigned differ;        /* findings in a row that are worse, or better, than that */
    bool is_worse;          /* which of the two */
    kn_time since;
};

struct kn_health_engine {
    unsigned threshold;  /* health.failure_threshold */
    int64_t interval_ms; /* health.check_interval */
    unsigned rounds;
    kn_time round_at; /* when the last one began */
    struct kn_health_state states[KN_HEALTH_CHECKS];
    enum kn_health_verdict verdict;
    char reason[KN_FINDING_SIZE + 32];
    const char *hint; /* or NULL */
};

void kn_health_engine_init(struct kn_health_engine *engine, unsigned threshold,
                           int64_t interval_ms);

/* A round begins. Which checks it looks at: kn_health_engine_is_due(). */
void kn_health_engine_begin(struct kn_health_engine *engine, kn_time now);
bool kn_health_engine_is_due(const struct kn_health_engine *engine, enum kn_health_id id);

void kn_health_engine_take(struct kn_health_engine *engine, enum kn_health_id id,
                           const struct kn_finding *finding, kn_time now);

/* After the last of a round: the verdict over all of them. True: it is another. */
bool kn_health_engine_conclude(struct kn_health_engine *engine);

/* When the next round begins. */
kn_time kn_health_engine_deadline(const struct kn_health_engine *engine);

#endif
