/*
 * loader — one tensor of the shards as weights to compute with. Internal to compute/model.
 */
#ifndef KN_MODEL_LOADER_H
#define KN_MODEL_LOADER_H

#include "compute/model/model.h"
#include "compute/model/shards.h"

struct kn_loader {
    struct kn_shards shards;
    enum kn_weights_as as;
    struct kn_loader_memory *owned;     /* what weights were copied or converted into */
    struct kn_loader_mapped *unsettled; /* matrices that lie in files; the first is being copied */
    int64_t bytes, mapped;              /* of the weights; of them in files */
};

/* The codes are those of kn_model_open(); texts begin with the file's path. What is given lives as
 * long as the loader. */
KN_MUST_USE enum kn_code kn_loader_matrix(struct kn_loader *loader, const char *name, uint32_t rows,
                                          uint32_t columns, enum kn_weights_as as,
                                          struct kn_matrix *out, struct kn_error *err);

/* As float32, aligned to 64. */
KN_MUST_USE enum kn_code kn_loader_vector(struct kn_loader *loader, const char *name, uint32_t n,
                                          const float **out, struct kn_error *err);

/* As kn_model_settle(). */
bool kn_loader_settle(struct kn_loader *loader);

/* Frees the memory and closes the shards. */
void kn_loader_done(struct kn_loader *loader);

#endif
