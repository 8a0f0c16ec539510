/*
 * forwarding — one rpc_forward, as a call or as a stream. Private to this folder.
 */
#ifndef KN_SERVING_FORWARDING_H
#define KN_SERVING_FORWARDING_H

#include "network/petals/tensor_parts.h"
#include "serving/channel.h"
#include "serving/serving_parts.h"
#include "serving/work.h"

#define KN_FORWARDING_TOO_LONG "this took too long to be sent, computed and read"

struct kn_forwarding {
    struct kn_serving *serving;
    struct kn_forwarding *next, **place;
    struct kn_forward *forward; /* while it is computed */
    struct kn_work *work;
    enum kn_tensor_compression compression; /* of the reply */
    struct kn_unary_serving *call;          /* NULL: a stream */
    struct kn_timer *timer;                 /* its end; of a stream that is over, to free it */

    /* Of a stream. */
    struct kn_channel channel;
    struct kn_tensor_parts parts;
    struct kn_buffer uid, metadata; /* of the first request */
    bool begun, over;
    struct kn_buffer data; /* of the reply */
    struct kn_tensor like;
    uint32_t sent; /* parts of it */
};

/* forward.c. NULL: no memory. */
KN_MUST_USE struct kn_forwarding *kn_forwarding_new(struct kn_serving *serving);
void kn_forwarding_free(struct kn_forwarding *f);
/* From now on until its time is over, all in all. */
void kn_forwarding_limit(struct kn_forwarding *f);
/* Begin to compute; on_done comes unless this fails. */
KN_MUST_USE enum kn_code kn_forwarding_start(struct kn_forwarding *f,
                                             const struct kn_expert_request *request,
                                             const struct kn_tensor *tensors, size_t n,
                                             struct kn_error *err);

/* forward_stream.c: it was computed; KN_OK or why not. */
void kn_forward_stream_done(struct kn_forwarding *f, enum kn_code code, const struct kn_error *err);

#endif
