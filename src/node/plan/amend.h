/*
 * amend — the configuration file read again while a node runs: what of it holds from now on, what
 * waits for the next start, and what is wrong with it.
 *
 * All or nothing: a file that is wrong, or gone, changes nothing. spec: decisions D22
 */
#ifndef KN_NODE_PLAN_AMEND_H
#define KN_NODE_PLAN_AMEND_H

#include "node/plan/decision.h"

/* A setting whose value is another. */
struct kn_amended {
    const struct kn_setting *setting;
    struct kn_value from, to; /* lent from the snapshots below */
};

struct kn_amendment {
    struct kn_amended *changed, *waiting; /* waiting: for the next start, since the last one */
    size_t changed_count, waiting_count;
    struct kn_snapshot *before, *now, *next; /* without caches; next: as the next start reads it */
    struct kn_snapshot *wrong;               /* NULL: nothing is */
    bool is_planned_anew;                    /* limits are others: perhaps other blocks */
};

struct kn_amend_facts {
    const struct kn_plan_input *plan; /* for other limits; NULL: none can be made now */
    bool without_caches;              /* this node has not written them yet */
};

/*
 * Amend `d` from the file at `path`. KN_E_INVALID: `out->wrong` has the problems. KN_E_NOT_FOUND:
 * there was a file, and it is gone; KN_E_BUSY: limits are others and no plan can be made now. Else
 * as kn_config_read() and kn_decision_amend(). `out` is to be released with kn_amendment_done() in
 * each case.
 */
KN_MUST_USE enum kn_code kn_amend(struct kn_decision *d, const char *path,
                                  const struct kn_amend_facts *facts, struct kn_amendment *out,
                                  struct kn_error *err);
void kn_amendment_done(struct kn_amendment *amendment);

/* Is one of these changed? "network." is any of a section; `keys` ends with NULL. */
bool kn_amendment_touches(const struct kn_amendment *amendment, const char *const *keys);

#endif
