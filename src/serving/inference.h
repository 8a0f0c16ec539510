/*
 * inference — one stream of rpc_inference, from its opening to its end. Private to this folder.
 *
 * The first request opens the session and stays where it is until there is room for it; then it is
 * a step as any other. Steps come one after the other, from the client or pushed by the server
 * before us, and of each step id the first counts.
 */
#ifndef KN_SERVING_INFERENCE_H
#define KN_SERVING_INFERENCE_H

#include "serving/channel.h"
#include "serving/serving_parts.h"
#include "serving/work.h"

enum {
    KN_INFERENCE_STEPS_KEPT = 32, /* ids of steps, by which one is known that comes twice */
};

enum kn_inference_state {
    KN_INFERENCE_SILENT,  /* no request yet */
    KN_INFERENCE_OPENING, /* the first one waits for room in the cache */
    KN_INFERENCE_READY,   /* for a step */
    KN_INFERENCE_STEP,    /* that is being computed */
    KN_INFERENCE_UNREAD,  /* replies wait for the client to read */
    KN_INFERENCE_CLOSING, /* the client has said its last word but one */
    KN_INFERENCE_OVER,    /* to be freed with the next turn of the loop */
};

struct kn_step_id {
    uint8_t n;
    char at[KN_RPC_ID_MAX];
};

/* What goes to the next server with our output: empty when there is none. */
struct kn_hand_on {
    struct kn_peer_id peer;
    struct kn_buffer uid, metadata, tensors;
    size_t sizes[KN_EXPERT_TENSORS_MAX], count; /* of the tensors behind ours */
    size_t held;                                /* in the books of the server */
    bool wanted;
};

struct kn_inference {
    struct kn_serving *serving;
    struct kn_inference *next, **place;
    struct kn_channel channel;
    enum kn_inference_state state;
    bool is_slow; /* its first message has begun to come */
    struct kn_timer *timer;
    kn_time end_by; /* however busy it is */
    struct kn_peer_id peer;
    kn_time opened_at; /* 0: no session was opened */
    struct kn_session *session;
    struct kn_step_id id; /* of the session; empty: nobody can push to it */
    uint32_t from, to, batch;
    int64_t max_length, prefix;
    struct kn_step_id steps[KN_INFERENCE_STEPS_KEPT];
    size_t step_count;
    struct kn_work *work; /* of the step that is being computed */
    int64_t position;     /* where that step begins */
    struct kn_hand_on hand_on;
    struct kn_buffer pushed[KN_SERVING_AHEAD_MAX]; /* requests, the oldest first */
    size_t pushed_count;
};

/* inference.c: another state, and when it has lasted too long. */
void kn_inference_enter(struct kn_inference *in, enum kn_inference_state state);
/* inference.c: look for something to do. */
void kn_inference_go_on(struct kn_inference *in);
/* inference.c: say what is wrong and end it. */
void kn_inference_fail(struct kn_inference *in, const char *text);

/* step.c: begin a step. KN_E_CANCELLED: there is none, it came before. Else the text says why not.
 */
KN_MUST_USE enum kn_code kn_inference_step(struct kn_inference *in, struct kn_span request,
                                           struct kn_error *err);

/* hand_on.c */
KN_MUST_USE enum kn_code kn_hand_on_prepare(struct kn_inference *in,
                                            const struct kn_expert_request *request,
                                            const struct kn_rpc_metadata *metadata);
void kn_hand_on_send(struct kn_inference *in, struct kn_span output);
void kn_hand_on_done(struct kn_inference *in);

void kn_step_id_set(struct kn_step_id *id, struct kn_span text);
bool kn_step_id_is(const struct kn_step_id *id, struct kn_span text);

#endif
