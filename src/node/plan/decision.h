/*
 * decision — what this node is to do: the configuration as its sources give it, the plan made
 * from that and from facts, and the configuration that comes of both.
 *
 * No loop, no network: whoever owns it brings the facts. Texts of the plan are lent from the
 * sources and from the survey it was made with, which must stay as long.
 */
#ifndef KN_NODE_PLAN_DECISION_H
#define KN_NODE_PLAN_DECISION_H

#include "node/plan/plan.h"

struct kn_decision {
    struct kn_config_request request; /* lent; its copy is the one here, so this must not move */
    struct kn_config_copy copy;   /* ours: the configuration file at the start, and as amended */
    struct kn_snapshot *sources;  /* files, flags and caches */
    struct kn_snapshot *snapshot; /* the same, and what was found out once there is a plan */
    struct kn_snapshot *planned_from; /* the sources of which the plan has texts */
    struct kn_plan plan;
    bool is_planned;
};

/* Read the sources; the file once, whatever becomes of it. KN_OK says nothing about their contents:
 * ask kn_snapshot_is_valid(). Codes as kn_config_load(). */
KN_MUST_USE enum kn_code kn_decision_load(struct kn_decision *d,
                                          const struct kn_config_request *request,
                                          struct kn_error *err);
void kn_decision_done(struct kn_decision *d);

/*
 * Take a configuration file that was read anew, for all settings that need no new start. `file`
 * NULL: there is none any more. With `facts` the plan is made anew, else it stands. A failure
 * changes nothing and takes nothing; codes as kn_decision_plan().
 */
KN_MUST_USE enum kn_code kn_decision_amend(struct kn_decision *d, KN_TAKES struct kn_bytes *file,
                                           bool without_caches, const struct kn_plan_input *facts,
                                           struct kn_error *err);

/* Did an earlier start leave what to serve, so that nobody needs to be asked first? */
bool kn_decision_is_kept(const struct kn_decision *d);

/* Did an earlier start leave anything that counts? */
bool kn_decision_is_later(const struct kn_decision *d);

/* Seconds since that was found out; -1: it is not kept. */
int64_t kn_decision_age_s(const struct kn_decision *d);

/*
 * Plan from these facts (`snapshot` and `config` are filled in), and resolve again with what came
 * out. A failure changes nothing. Codes as kn_plan_make() and kn_config_load(); KN_E_INVALID: what
 * was found out does not fit the configuration.
 */
KN_MUST_USE enum kn_code kn_decision_plan(struct kn_decision *d, const struct kn_plan_input *facts,
                                          struct kn_error *err);

/* The same as if no earlier start had left anything; the failure in `err` is said to be why. */
KN_MUST_USE enum kn_code kn_decision_plan_anew(struct kn_decision *d,
                                               const struct kn_plan_input *facts,
                                               struct kn_error *err);

/* Did somebody write where the blocks are, not only how many? */
bool kn_decision_is_pinned(const struct kn_decision *d);

/* The plan that stands, at that place. False: memory is short, and nothing changes. */
bool kn_decision_move(struct kn_decision *d, const struct kn_plan_input *facts,
                      const struct kn_placement *place);

/* As kn_plan_reconsider(); true: the configuration has the new range. */
bool kn_decision_reconsider(struct kn_decision *d, const struct kn_plan_input *facts,
                            uint32_t round);

#endif
