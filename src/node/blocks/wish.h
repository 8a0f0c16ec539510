/*
 * wish — which blocks a node is to serve, from which files, and within which limits.
 */
#ifndef KN_NODE_BLOCKS_WISH_H
#define KN_NODE_BLOCKS_WISH_H

#include "compute/model/model.h"
#include "network/petals/tensor.h"

enum { KN_BLOCKS_PATH_MAX = 4096, KN_BLOCKS_PREFIX_MAX = 256 };

struct kn_blocks_wish {
    char folder[KN_BLOCKS_PATH_MAX]; /* of config.json; "": the files are not on this machine */
    char prefix[KN_BLOCKS_PREFIX_MAX];
    uint32_t from, to; /* half-open */
    enum kn_weights_as as;
    enum kn_tensor_dtype dtype; /* of what is sent */
    enum kn_tensor_compression compression;
    unsigned threads;
    double share;        /* of the time that passes may run, up to 1 */
    int64_t cache_bytes; /* for all sessions */
    uint32_t max_length; /* of a session; 0: as long as the model and the cache let it be */
    uint32_t max_tokens; /* of one request; 0: as many as a session may have */
    int cache_wait_ms, session_ms, step_ms;
    int drain_ms; /* for sessions on the blocks before these to end; 0: as when the node leaves */
};

#endif
