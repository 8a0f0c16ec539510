/*
 * compute — sessions of clients on the blocks of one model, and the passes that serve them.
 *
 * Belongs to the loop thread; the passes run on another one. Steps of all sessions that are ready
 * and want the same range go through the blocks together; long ones are cut into pieces, so that
 * nobody waits for them. Cache room is counted in bytes of whole sessions when they are opened.
 */
#ifndef KN_COMPUTE_H
#define KN_COMPUTE_H

#include "compute/block/pass.h"
#include "lib/base/time.h"

struct kn_loop;
struct kn_compute;
struct kn_session;

enum {
    KN_SESSIONS_MAX = 1024,               /* open at once */
    KN_SESSIONS_WAITING_MAX = 1024,       /* for cache room */
    KN_COMPUTE_PIECE = 240,               /* tokens of long steps in one pass: 5 panels */
    KN_COMPUTE_GATHER_MS = 20,            /* that a step waits for others to go along */
    KN_COMPUTE_FORWARD_MAX = 64,          /* forwards that wait or run */
    KN_COMPUTE_FORWARD_BYTES = 256 << 20, /* of their caches; one that is larger runs alone, if it
                                             takes no more than all sessions may */
};

/* What passes may take; all zero: the usual. */
struct kn_compute_limits {
    uint32_t max_tokens;   /* of one pass; at most KN_PASS_TOKENS_MAX; 0: that */
    uint32_t min_tokens;   /* below which it waits for others, KN_COMPUTE_GATHER_MS at most */
    uint32_t max_sessions; /* of one pass; 0: as many as it holds */
    int64_t max_bytes;     /* of numbers between two layers; 0: no bound. A token always goes */
    double share;          /* of the time that passes may run, 0 to 1; 0: all */
};

struct kn_compute_options {
    struct kn_loop *loop;
    struct kn_runner *runner; /* kept; no pass of anybody else while this lives */
    const struct kn_decoder *decoder;
    uint32_t first, count; /* the runner's blocks are first to first + count of the model */
    int64_t cache_bytes;   /* for all sessions */
    uint32_t max_length;   /* of one session, in tokens */
    struct kn_compute_limits limits;
    void (*room_changed)(void *arg); /* cache room has become another, later; or NULL */
    /* Are the weights still what they were? Asked behind each pass, on its thread; what came out is
     * void where they are not, and then `lost` is told, later, perhaps again. NULL: they are. */
    bool (*is_intact)(void *arg);
    void (*lost)(void *arg);
    void *arg;
};

KN_MUST_USE struct kn_compute *kn_compute_new(const struct kn_compute_options *options);
/* Waits for the pass under way. What is open is closed without a word, its steps are released. At
 * any time, also inside what is called back, except `release`. */
void kn_compute_free(struct kn_compute *c);

/* Other limits from the next pass on. */
void kn_compute_change(struct kn_compute *c, const struct kn_compute_limits *limits);

/* What a request wants. `err` is lent; its text is for the peer. */
typedef void kn_session_opened_fn(void *arg, enum kn_code code, struct kn_session *session,
                                  const struct kn_error *err);
typedef void kn_step_done_fn(void *arg, enum kn_code code, const struct kn_error *err);

struct kn_session_wish {
    uint32_t from, to; /* blocks of the model */
    uint32_t batch, max_length;
    int wait_ms; /* for cache room; 0: not at all */
    kn_session_opened_fn *opened;
    void *arg;
};

/*
 * Open a session; `opened` comes once, later, with KN_E_LIMIT (no room, and for how many tokens
 * there is), KN_E_RANGE (blocks or a length that are not served), KN_E_NO_MEMORY. What is returned
 * is to be closed in each case; NULL: memory is short, and nothing comes.
 */
KN_MUST_USE struct kn_session *kn_session_open(struct kn_compute *compute,
                                               const struct kn_session_wish *wish);
/* At any time, and nothing comes afterwards; its room is free once its pass is over. */
void kn_session_close(struct kn_session *session);

struct kn_step {
    int64_t position; /* of the first token; -1: behind the last */
    uint32_t tokens;  /* of each row of the batch; 0: only check and permute */
    float *hidden;    /* [batch][tokens][hidden], in place; kept until done or closed and freed */
    const int64_t *hypo;  /* [batch]; NULL: none; copied */
    const float *prompts; /* [blocks][prompt_batch][prompt_tokens][hidden]; NULL: none; kept */
    uint32_t prompt_batch, prompt_tokens;
    /* Once: hidden and prompts are not used any more. After done, or alone; perhaps while the
     * session is closed, so it must not come back here. NULL: nothing is to be done. */
    void (*release)(void *owner);
    void *owner;
    kn_step_done_fn *done;
    void *arg;
};

/*
 * One step at a time. `done` comes once, later: KN_E_RANGE (position, length or ids that cannot
 * be), KN_E_LIMIT, KN_E_NO_MEMORY, KN_E_INVALID (not a finite number), KN_E_CHANGED (the weights).
 */
void kn_session_step(struct kn_session *session, const struct kn_step *step);

/*
 * A session of one step, without waiting for room: rpc_forward. Its position and hypo do not count.
 * Dead once `done` has come, which may be with KN_E_LIMIT too: many others wait. NULL: memory is
 * short; nothing comes, and nothing is released.
 */
struct kn_forward;
KN_MUST_USE struct kn_forward *kn_forward_start(struct kn_compute *compute, uint32_t from,
                                                uint32_t to, uint32_t batch,
                                                const struct kn_step *step);
void kn_forward_cancel(struct kn_forward *forward);

/* How it goes. */
struct kn_compute_state {
    uint32_t sessions, waiting;
    int64_t cache_tokens_left; /* of one block: a session of b blocks takes b times its tokens */
    int64_t cache_bytes_used;
    uint64_t starved;               /* sessions that had room, and got no memory */
    uint64_t steps, tokens, passes; /* since the start */
    double busy_s;                  /* time in passes */
    double tokens_per_s;            /* of the last minute, all sessions together */
    /* Through one block, as kn_speed_measure() tells it, but of the passes of the last minute with
     * one token, and of those with many; 0: too few of them. */
    double decode_tokens_per_s, forward_tokens_per_s;
};
void kn_compute_state(const struct kn_compute *c, struct kn_compute_state *out);

#endif
