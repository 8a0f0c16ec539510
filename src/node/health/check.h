/*
 * check — what a node looks at in itself, and what each thing found means.
 *
 * One table. Pure: facts in, a finding out. A check that cannot tell says unknown, never healthy.
 * A finding is not the verdict yet: engine.h waits until it is found again.
 */
#ifndef KN_NODE_HEALTH_CHECK_H
#define KN_NODE_HEALTH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kn_health_verdict {
    KN_HEALTH_UNKNOWN,
    KN_HEALTH_HEALTHY,
    KN_HEALTH_DEGRADED, /* it works, and less well than it should */
    KN_HEALTH_FAILING,  /* it does not do what it is there for */
};

/* "degraded"; static. */
const char *kn_health_word(enum kn_health_verdict verdict);

enum kn_health_id {
    KN_HEALTH_LOOP,
    KN_HEALTH_BOOTSTRAPS,
    KN_HEALTH_VISIBILITY,
    KN_HEALTH_CLOCK,
    KN_HEALTH_REACH,
    KN_HEALTH_MEMORY,
    KN_HEALTH_DISK,
    KN_HEALTH_ANNOUNCE,
    KN_HEALTH_BLOCKS,
    KN_HEALTH_CHECKS
};

enum {
    KN_FINDING_SIZE = 240,
    KN_HEALTH_DISKS_MAX = 2,
    /* From these on a check is degraded; from the second on it fails. */
    KN_LAG_MOST_MS = 1000,
    KN_LAG_FAILS_MS = 5000,
    KN_CLOCK_MOST_MS = 3000, /* hivemind's own bound (MAX_DHT_TIME_DISCREPANCY_SECONDS) */
    KN_CLOCK_FAILS_MS = 30000,
    KN_MEMORY_MOST_PERCENT = 90,
    KN_MEMORY_FAILS_PERCENT = 100,
    KN_DISK_LEAST_MIB = 512, /* below these */
    KN_DISK_FAILS_MIB = 64,
    KN_ANNOUNCE_LATE_PERCENT = 150, /* of the interval */
};

struct kn_finding {
    enum kn_health_verdict verdict;
    char reason[KN_FINDING_SIZE]; /* lower case, no full stop */
    const char *hint;             /* what to do: static sentences, or NULL */
};

struct kn_health_disk {
    const char *folder; /* NULL: none */
    int64_t left;       /* bytes; -1: not told */
};

/* How far others are with our blocks; the node's own stages, in fewer words. */
enum kn_health_blocks {
    KN_HEALTH_NO_BLOCKS,
    KN_HEALTH_BLOCKS_FIT_NOWHERE, /* not one of them */
    KN_HEALTH_BLOCKS_COMING,      /* fetched or loaded */
    KN_HEALTH_BLOCKS_DELAYED,     /* fetched, and that fails at the moment */
    KN_HEALTH_BLOCKS_SERVED,
    KN_HEALTH_BLOCKS_FAILED
};

enum kn_health_reach {
    KN_HEALTH_REACH_UNASKED, /* it is switched off */
    KN_HEALTH_REACH_UNKNOWN,
    KN_HEALTH_REACH_PUBLIC,
    KN_HEALTH_REACH_RELAYED,
    KN_HEALTH_REACH_NONE
};

/* What is so now. Texts are lent for the call. */
struct kn_health_facts {
    int64_t lag_ms; /* by which a timer came late at most since it was looked at; -1: not measured
                     */
    bool asked;     /* the next seven are known */
    size_t bootstraps, answered; /* peers, each once */
    size_t others, alive;        /* connections to somebody else that were asked, and answered */
    const char *silent;          /* the address of one that does not answer, and why not */
    const char *why;
    bool tells_time;
    double ahead_s;  /* the clock of the middle one of the bootstraps before ours */
    bool reads_back; /* the next two are known */
    uint32_t visible_on, asked_back;
    enum kn_health_reach reach;
    int64_t resident, limit; /* bytes of this process, and its bound; -1: not told, none */
    const char *limit_by;    /* "resources.max_memory_gb" */
    struct kn_health_disk disks[KN_HEALTH_DISKS_MAX];
    bool is_paused; /* nothing is announced or served, as it should be */
    bool announces; /* there is something to announce */
    bool is_alone;  /* and nobody else to take it */
    bool was_acknowledged;
    int64_t acknowledged_ms; /* since others took it for the last time, or since the first try */
    int64_t interval_ms, lifetime_ms;
    enum kn_health_blocks blocks;
    const char *trouble; /* with them; or NULL */
};

struct kn_health_check {
    const char *name, *looks_at;
    unsigned every;    /* in how many rounds it is looked at once */
    bool waits;        /* others are asked, who have health.timeout to answer */
    unsigned patience; /* findings in a row until it is worse; 0: health.failure_threshold */
    unsigned relief;   /* findings in a row until it is better */
    void (*judge)(const struct kn_health_facts *facts, struct kn_finding *out);
};

extern const struct kn_health_check kn_health_checks[KN_HEALTH_CHECKS];

/* One look. */
void kn_health_judge(enum kn_health_id id, const struct kn_health_facts *facts,
                     struct kn_finding *out);

#endif
