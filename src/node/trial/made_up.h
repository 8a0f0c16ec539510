/*
 * made_up — one block with the shapes and types of a model, of numbers that nobody trained. Inside
 * node/trial only.
 */
#ifndef KN_TRIAL_MADE_UP_H
#define KN_TRIAL_MADE_UP_H

#include "compute/model/model.h"
#include "node/trial/watch.h"

struct kn_made_up {
    uint8_t *pages;
    size_t size;
    struct kn_feed_forward *experts; /* NULL: none */
};

/* Bytes of the weights of one block; 0 when that is more than memory can hold. */
size_t kn_made_up_bytes(const struct kn_decoder *decoder, enum kn_weights_as as);

/* `norm`: [hidden] float32, kept. KN_E_LIMIT, KN_E_CANCELLED: what is there is to be released. */
KN_MUST_USE enum kn_code kn_made_up_block(const struct kn_decoder *decoder, enum kn_weights_as as,
                                          const float *norm, struct kn_watch *watch,
                                          struct kn_made_up *out, struct kn_block_weights *weights);
void kn_made_up_done(struct kn_made_up *block);

#endif
