/*
 * model_info — an entry of the registry: how many blocks a model has and where it comes from.
 *
 * The registry is the dictionary under KN_REGISTRY_KEY; its subkeys are prefixes.
 * spec: petals/data_structures.py, ModelInfo.
 */
#ifndef KN_PETALS_MODEL_INFO_H
#define KN_PETALS_MODEL_INFO_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "network/petals/malformed.h"

#define KN_REGISTRY_KEY "_petals.models"

struct kn_model_info {
    uint32_t num_blocks;       /* 1 to KN_BLOCKS_MAX */
    struct kn_span repository; /* at most KN_REPOSITORY_MAX bytes of UTF-8; NULL: none, or empty */
};

/* `out` points into `bytes`. The order of the two fields does not matter; others are ignored. */
KN_MUST_USE enum kn_malformed kn_model_info_decode(struct kn_span bytes, struct kn_model_info *out);

void kn_model_info_encode(const struct kn_model_info *info, struct kn_buffer *out);

#endif
