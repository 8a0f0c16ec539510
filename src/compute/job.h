/*
 * job — inside compute: one pass, as the other thread sees it.
 *
 * Filled on the loop thread, then the worker's alone until its end is told.
 */
#ifndef KN_COMPUTE_JOB_H
#define KN_COMPUTE_JOB_H

#include "compute/stretch.h"

struct kn_loop;
struct kn_session;

enum kn_fault { KN_FAULT_NONE, KN_FAULT_INPUT, KN_FAULT_OUTPUT }; /* of KN_E_INVALID: where */

/* What one session does in the pass. */
struct kn_job_unit {
    struct kn_session *session; /* the loop's; not looked at */
    struct kn_cache *cache;
    const int64_t *hypo; /* NULL: rows stay where they are */
    uint32_t position;
    uint32_t tokens; /* of this piece */
    enum kn_code code;
    enum kn_fault fault;
};

struct kn_job_row {
    size_t unit;
    float *kept; /* what came in; NULL: not kept */
};

/* A forward: block after block, so that a cache of one is enough. */
struct kn_job_forward {
    struct kn_stretch stretch; /* of no tokens: this job is no forward */
    uint32_t block;            /* of the step, that is next */
    uint64_t at;               /* token of it */
    uint64_t budget;           /* tokens times blocks of this job */
    uint32_t piece;            /* tokens of one pass */
};

struct kn_job {
    struct kn_runner *runner;
    bool (*is_intact)(void *owner); /* NULL: the weights never change */
    void *owner;
    uint32_t from, to; /* blocks of the runner */
    uint32_t width;    /* floats of one token */
    struct kn_job_unit units[KN_PASS_ROWS_MAX];
    struct kn_pass_row rows[KN_PASS_ROWS_MAX];
    struct kn_job_row of_rows[KN_PASS_ROWS_MAX];
    size_t unit_count, row_count;
    struct kn_job_forward forward;
    float *room; /* for what came in */
    size_t room_floats;
    uint64_t passes;
    int64_t took_us;

    struct kn_monitor *monitor; /* of what follows */
    bool begun, ended, abandoned;
    void (*done)(void *arg); /* on the loop thread, unless abandoned */
    void *arg;
};

KN_MUST_USE struct kn_job *kn_job_new(struct kn_runner *runner, uint32_t width);

/* Nothing in it, for those blocks of the runner. */
void kn_job_clear(struct kn_job *job, uint32_t from, uint32_t to);

/* KN_E_NO_MEMORY: it is not run. */
KN_MUST_USE enum kn_code kn_job_start(struct kn_job *job, struct kn_loop *loop,
                                      void (*done)(void *arg), void *arg);

/* Wait for the pass under way, and begin no other; frees the job, at once or when the loop tells
 * its end. `is_started`: done has not come. NULL is fine. */
void kn_job_abandon(struct kn_job *job, bool is_started);

#endif
