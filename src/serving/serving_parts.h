/*
 * serving_parts — what the files of this folder share. Private to it.
 */
#ifndef KN_SERVING_PARTS_H
#define KN_SERVING_PARTS_H

#include "network/petals/block_chain.h"
#include "network/petals/expert.h"
#include "network/petals/rpc_metadata.h"
#include "network/swarm/unary.h"
#include "serving/serving.h"

enum kn_serving_call {
    KN_CALL_INFO,
    KN_CALL_FORWARD,
    KN_CALL_BACKWARD,
    KN_CALL_PUSH,
    KN_CALL_COUNT,
};

struct kn_channel;
struct kn_inference;
struct kn_forwarding;
struct kn_push;
struct kn_work;

struct kn_serving {
    struct kn_serving_options options;
    struct kn_prefix prefix; /* what options.prefix points at */
    struct kn_serving_counters counters;
    struct kn_unary_handler calls[KN_CALL_COUNT];
    struct kn_channel *channels;
    size_t channel_count;
    struct kn_inference *inferences;
    struct kn_forwarding *forwardings;
    struct kn_work *works;
    struct kn_push *pushes;
    size_t push_count;
    size_t held; /* bytes of requests, replies and numbers */
    bool draining;
    void (*drained)(void *arg);
    void *drained_arg;
    struct kn_timer *later;
};

/* serving.c: something ended; with a server that drains it may have been the last. */
void kn_serving_ended(struct kn_serving *serving);

/* serving.c: count what is refused, and tell of it. */
void kn_serving_refused(struct kn_serving *serving, const struct kn_peer_id *peer,
                        const char *text);

/* serving.c: tell who wants to know. */
void kn_serving_tell(const struct kn_serving *serving, const struct kn_serving_news *news);

/* serving.c: bytes in the books of the server, until they are taken out of `held`. False: there are
 * too many. */
KN_MUST_USE bool kn_serving_hold(struct kn_serving *serving, size_t bytes);

/* serving.c: may a request begin something? KN_E_REFUSED: no, this server is leaving. */
KN_MUST_USE enum kn_code kn_serving_may_begin(const struct kn_serving *serving,
                                              struct kn_error *err);
/* serving.c: the blocks of a request, all of which are served. */
KN_MUST_USE enum kn_code kn_serving_blocks(const struct kn_serving *serving, struct kn_span uids,
                                           struct kn_block_chain *out, struct kn_error *err);
/* serving.c: metadata of a request, with what concerns every method checked. */
KN_MUST_USE enum kn_code kn_serving_metadata(const struct kn_expert_request *request,
                                             const char *method, struct kn_rpc_metadata *out,
                                             struct kn_error *err);

/* answer.c: the text that Python prints of an exception, to one who called. */
void kn_answer_error(struct kn_unary_serving *call, const char *exception, const char *text);
void kn_answer_info(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                    struct kn_unary_serving *call);
void kn_answer_backward(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                        struct kn_unary_serving *call);
void kn_answer_given_up(void *arg, struct kn_unary_serving *call);
void kn_refuse_backward_stream(void *arg, struct kn_stream *stream);

/* forward.c, forward_stream.c */
void kn_forward_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                      struct kn_unary_serving *call);
void kn_forward_given_up(void *arg, struct kn_unary_serving *call);
void kn_forward_stream_opened(void *arg, struct kn_stream *stream);
bool kn_forwardings_run(const struct kn_serving *serving); /* does any one? */
void kn_forwardings_end(struct kn_serving *serving, const char *text);

/* inference.c */
void kn_inference_opened(void *arg, struct kn_stream *stream);
void kn_inferences_end(struct kn_serving *serving, const char *text);

/* push.c: what other servers hand to sessions here, and what is handed on. */
void kn_push_asked(void *arg, const struct kn_peer_id *peer, struct kn_span bytes,
                   struct kn_unary_serving *call);
void kn_push_start(struct kn_serving *serving, const struct kn_peer_id *client,
                   const struct kn_peer_id *to, struct kn_span request);
void kn_pushes_end(struct kn_serving *serving);

#endif
