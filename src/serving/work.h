/*
 * work — the numbers of one request, made ready to be computed. Private to this folder.
 *
 * Everything that a client can get wrong about its tensors is refused here, with a text for it.
 */
#ifndef KN_SERVING_WORK_H
#define KN_SERVING_WORK_H

#include "network/petals/tensor.h"
#include "serving/serving.h"

struct kn_work {
    struct kn_serving *serving; /* NULL: it is gone, and the computing still under way */
    struct kn_work *next, **place;
    unsigned owners;
    size_t bytes; /* in the books of the server */
    uint32_t batch, tokens, prompt_batch, prompt_tokens;
    float *hidden;  /* [batch][tokens][hidden] */
    float *prompts; /* [blocks][prompt_batch][prompt_tokens][hidden], or NULL */
    int64_t *hypo;  /* [batch], or NULL */
};

struct kn_work_wish {
    uint32_t blocks, batch; /* batch 0: any */
    bool takes_hypo;        /* a third tensor, rpc_inference's */
};

/* The batch and the tokens that a tensor of hidden states has. KN_E_INVALID, KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_work_shape(const struct kn_serving *serving,
                                       const struct kn_tensor *hidden, uint32_t *batch,
                                       uint32_t *tokens, struct kn_error *err);

/* KN_E_INVALID, KN_E_LIMIT, KN_E_NO_MEMORY, KN_E_UNSUPPORTED. */
KN_MUST_USE enum kn_code kn_work_new(struct kn_serving *serving, const struct kn_tensor *tensors,
                                     size_t n, const struct kn_work_wish *wish,
                                     struct kn_work **out, struct kn_error *err);
/* One owner less; NULL is none. */
void kn_work_drop(struct kn_work *work);
/* The server goes, and what is still being computed stays behind. */
void kn_works_leave(struct kn_serving *serving);
/* A step of it, which is one more owner until it is released. */
void kn_work_step(struct kn_work *work, struct kn_step *step);

/* Its shape, to be written in. KN_E_RANGE: a number that became infinite in 16 bits; where they are
 * asked for by compression, they are cut as others do. */
KN_MUST_USE enum kn_code kn_work_reply(const struct kn_work *work,
                                       enum kn_tensor_compression compression,
                                       struct kn_tensor *out, struct kn_error *err);

#endif
