/*
 * scheduler — the part of a node that knows when to pause, and which limits are in force.
 *
 * Belongs to the loop thread. What it finds is told once each time that it changes, later, never
 * from inside of a call.
 */
#ifndef KN_NODE_SCHEDULE_SCHEDULER_H
#define KN_NODE_SCHEDULE_SCHEDULER_H

#include "config/schema/node_config.h"
#include "lib/io/loop.h"
#include "node/schedule/pausing.h"

struct kn_scheduler;

/* What a configuration says of it; copied by whoever takes it. */
struct kn_scheduler_options {
    struct kn_schedules schedules;
    struct kn_limits limits; /* where no window is open */
    bool pause_on_battery, pause_on_gpu_busy;
    const char *local_zone; /* what the variable TZ says, or NULL; kept as it is */
};
struct kn_scheduler_options kn_scheduler_options(const struct kn_node_config *config,
                                                 const char *local_zone);

/* Windows count from the first moment on: ask kn_scheduler_report(). The errors of
 * kn_hours_make(). */
KN_MUST_USE enum kn_code kn_scheduler_new(struct kn_loop *loop,
                                          const struct kn_scheduler_options *options,
                                          void (*changed)(void *arg), void *arg,
                                          struct kn_scheduler **out, struct kn_error *err);
/* NULL is fine. */
void kn_scheduler_free(struct kn_scheduler *scheduler);

/* Other settings, while it runs; a pause by command stays. A failure changes nothing. */
KN_MUST_USE enum kn_code kn_scheduler_apply(struct kn_scheduler *scheduler,
                                            const struct kn_scheduler_options *options,
                                            struct kn_error *err);

/* By command: see kn_pausing_pause() and kn_pausing_resume(). */
void kn_scheduler_pause(struct kn_scheduler *scheduler, int64_t duration_ms);
void kn_scheduler_resume(struct kn_scheduler *scheduler);

/* A clock was set, or the machine slept: what was believed may be wrong. */
void kn_scheduler_look(struct kn_scheduler *scheduler);

enum { KN_PAUSE_REASON_SIZE = 128 };

struct kn_scheduler_report {
    struct kn_pause_verdict verdict;
    bool is_paused;
    char reason[KN_PAUSE_REASON_SIZE]; /* of the first that holds: "schedule \"office\"", "" */
    const char *window;                /* that is open; NULL; lent until the next call */
    bool is_passed_over;               /* the window, by kwaainet resume */
};
void kn_scheduler_report(const struct kn_scheduler *scheduler, struct kn_scheduler_report *out);

#endif
