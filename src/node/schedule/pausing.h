/*
 * pausing — should the node serve now, and with which limits? Pure: time and facts in, a verdict
 * and the next deadline out.
 */
#ifndef KN_NODE_SCHEDULE_PAUSING_H
#define KN_NODE_SCHEDULE_PAUSING_H

#include "config/hours/hours.h"

enum {
    KN_PAUSING_LOOK_MS = 60000,  /* the longest sleep on what was believed */
    KN_PAUSE_MAX_S = 30 * 86400, /* of a duration */
};

/* Strongest first: the one that is told of several. */
enum kn_pause_by {
    KN_PAUSED_BY_COMMAND,
    KN_PAUSED_BY_SCHEDULE,
    KN_PAUSED_BY_BATTERY,
    KN_PAUSED_BY_GPU,
    KN_PAUSED_BY_COUNT, /* none of them */
};

/* "command", "schedule", "battery", "gpu" */
const char *kn_pause_word(enum kn_pause_by by);

struct kn_pause_moment {
    int64_t now_s;         /* since 1970; may be set and step */
    int64_t since_boot_ms; /* goes on while the machine sleeps */
};

/* Begin with { 0 } and kn_pausing_set_hours(). */
struct kn_pausing {
    const struct kn_hours *hours; /* lent */
    struct kn_limits base;
    struct kn_hours_now now;
    bool is_commanded, has_end; /* by command; until then */
    int64_t end_ms;             /* since boot */
    bool passes_over;           /* the window that holds is passed over, until it changes */
    int passed_winner;
    bool on_battery, gpu_is_busy; /* as far as the settings ask for them */
};

struct kn_pause_verdict {
    enum kn_pause_by by;     /* the first that holds */
    unsigned all;            /* bit n: reason n holds */
    int64_t until_s;         /* when none holds any more, since 1970; 0: nobody knows */
    int winner;              /* the window that is open, KN_HOURS_NONE */
    int64_t window_until_s;  /* when the windows change next; 0: never, or nobody knows */
    struct kn_limits limits; /* in force */
    int64_t again_ms;        /* ask again no later than so long from now */
};

/* Other schedules or limits; what a command said stays, also of a window that is there as before.
 * The schedules that were lent last are looked at once more. */
void kn_pausing_set_hours(struct kn_pausing *pausing, const struct kn_hours *hours,
                          const struct kn_limits *base);

/* For so long; 0: until kn_pausing_resume(). A second one replaces the first. */
void kn_pausing_pause(struct kn_pausing *pausing, const struct kn_pause_moment *moment,
                      int64_t duration_ms);
void kn_pausing_resume(struct kn_pausing *pausing, const struct kn_pause_moment *moment);

void kn_pausing_look(struct kn_pausing *pausing, const struct kn_pause_moment *moment,
                     struct kn_pause_verdict *out);

#endif
