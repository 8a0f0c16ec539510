/*
 * inside — inside compute: what its files share.
 *
 * A session is a member of the list that its state names. What is to be told stands in it and is
 * told by kn_compute_turn(), from the timer or the end of a pass, never inside a call.
 */
#ifndef KN_COMPUTE_INSIDE_H
#define KN_COMPUTE_INSIDE_H

#include "compute/compute.h"
#include "compute/job.h"
#include "compute/link.h"
#include "compute/pace.h"
#include "lib/io/loop.h"

enum {
    KN_COMPUTE_FEW = KN_LANES, /* tokens of a step that is never cut */
};

enum kn_session_state {
    KN_SESSION_WAITING, /* in `line`, or a forward in `forward_line` */
    KN_SESSION_IDLE,
    KN_SESSION_READY,   /* in `ready` */
    KN_SESSION_RUNNING, /* in the pass */
    KN_SESSION_TOLD,    /* in `told`: its outcome is to be told */
    KN_SESSION_OVER,    /* was not opened; is to be closed */
};

struct kn_session {
    struct kn_link all, turn;
    struct kn_compute *compute;
    enum kn_session_state state;
    bool is_forward, is_closed; /* closed: only its pass still holds it */
    struct kn_session_wish wish;
    struct kn_cache *cache;
    int64_t bytes; /* of its cache */
    bool has_room;
    kn_time until;    /* while it waits for room */
    int64_t overtook; /* bytes of those behind it that got room before it */
    uint32_t length;  /* tokens in the cache */

    bool has_step;
    kn_time ready_at;
    struct kn_step step;
    int64_t *hypo; /* not yet done; NULL: none */
    uint32_t position;
    uint64_t at;    /* tokens of the step that are through; of a forward, through `block` */
    uint32_t block; /* of a forward's range */

    struct kn_error outcome;
};

struct kn_compute {
    struct kn_compute_options options;
    struct kn_timer *timer;
    struct kn_job *job;
    bool is_running, room_changed, line_changed, is_lost;
    bool *gone; /* told to who calls back, when it frees us */
    struct kn_link all, line, forward_line, ready, told;
    uint32_t sessions, waiting, forwards;
    int64_t used, forward_used; /* bytes of caches */
    kn_time rest_until;
    double rest_us; /* below a millisecond, carried on */
    struct kn_tally tally;
    struct kn_pace pace;
    uint64_t starved, steps, tokens, passes, busy_us;
};

/* Of a list of turns; NULL: there is none. */
static inline struct kn_session *kn_session_of(struct kn_link *turn)
{
    return turn != NULL ? KN_LINK_OF(turn, struct kn_session, turn) : NULL;
}

static inline struct kn_session *kn_session_first(const struct kn_link *head)
{
    return kn_session_of(kn_link_first(head));
}

static inline struct kn_session *kn_session_next(const struct kn_link *head,
                                                 const struct kn_session *session)
{
    return kn_session_of(kn_link_next(head, &session->turn));
}

/* compute.c */
void kn_compute_arrange(struct kn_compute *c); /* the timer, after any change */
void kn_compute_turn(struct kn_compute *c);    /* may free it */

/* room.c: room in the cache, and the line for it */
void kn_room_join(struct kn_session *session); /* gets room, waits, or is refused */
void kn_room_leave(struct kn_session *session);
void kn_room_turn(struct kn_compute *c); /* who gets room, whose time is over */
kn_time kn_room_deadline(const struct kn_compute *c);
void kn_room_give_back(struct kn_session *session);                  /* frees its cache */
int64_t kn_room_tokens(const struct kn_compute *c, uint64_t blocks); /* that are left */

/* session.c, step.c, forward.c */
void kn_session_start(struct kn_session *session, struct kn_compute *c);
void kn_session_tell(struct kn_session *session); /* `outcome`, by the next turn */
void kn_session_told(struct kn_session *session); /* calls back; may free session and compute */
void kn_session_drop(struct kn_session *session); /* is in no list and no pass */
bool kn_wish_is_served(const struct kn_compute *compute, const struct kn_session_wish *wish,
                       struct kn_error *err);
struct kn_stretch kn_step_stretch(const struct kn_session *session);
bool kn_step_has_shape(const struct kn_session *session, struct kn_error *err);
void kn_step_release(const struct kn_step *step);
void kn_session_line_up(struct kn_session *session); /* for the next pass */
void kn_forward_turn(struct kn_compute *c);          /* those of the line that may begin */
void kn_forward_end(struct kn_session *session);     /* its cache is free */

/* schedule.c */
kn_time kn_schedule_due(const struct kn_compute *c); /* when a pass may begin */
void kn_schedule_start(struct kn_compute *c);        /* a pass, of who is ready */

#endif
