/*
 * wish — which blocks a node is to serve, from which files, and within which limits.
 */
#ifndef KN_NODE_BLOCKS_WISH_H
#define KN_NODE_BLOCKS_WISH_H

#include "compute/download/download.h"
#include "compute/model/hub.h"
#include "compute/model/model.h"
#include "network/petals/tensor.h"
#include "serving/serving.h"

enum { KN_BLOCKS_PATH_MAX = 4096, KN_BLOCKS_PREFIX_MAX = 256 };

/* From where files come that are not on this machine. */
struct kn_fetch_wish {
    bool is_wanted; /* false: all are here */
    bool on_hold;   /* not yet: which blocks they are for may change */
    char repository[KN_HUB_REPOSITORY_MAX + 1];
    char revision[KN_HUB_REVISION_MAX + 1]; /* "": the usual one */
    char root[KN_BLOCKS_PATH_MAX];          /* of the cache that they go to */
    int64_t max_bytes;                      /* that the cache may take; 0: what the disk has */
    struct kn_download_place place;         /* lent until it begins */
};

/* What goes together; 0: the usual. As in struct kn_compute_limits. */
struct kn_pass_wish {
    uint32_t min_tokens, max_sessions;
    int64_t max_bytes;
};

struct kn_blocks_wish {
    char folder[KN_BLOCKS_PATH_MAX]; /* of config.json; "": it is fetched */
    struct kn_fetch_wish fetch;
    char prefix[KN_BLOCKS_PREFIX_MAX];
    uint32_t from, to; /* half-open */
    enum kn_weights_as as;
    enum kn_tensor_dtype dtype; /* of what is sent */
    unsigned threads;
    double share; /* of the time that passes may run, up to 1 */
    struct kn_pass_wish pass;
    int64_t cache_bytes; /* for all sessions */
    uint32_t max_length; /* of a session; 0: as long as the model and the cache let it be */
    struct kn_serving_limits limits; /* max_batch_tokens 0: as many as a session may have */
    int drain_ms; /* for sessions on the blocks before these to end; 0: as when the node leaves */
};

#endif
