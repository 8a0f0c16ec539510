/*
 * rpc_info — what a server of blocks says of itself to a client: the map in ExpertInfo.
 *
 * spec: petals/server/handler.py, rpc_info; hivemind/utils/tensor_descr.py.
 */
#ifndef KN_PETALS_RPC_INFO_H
#define KN_PETALS_RPC_INFO_H

#include "network/petals/tensor.h"

struct kn_rpc_info {
    const char *version;
    bool is_dht_client;
    int64_t cache_tokens;
    /* The rest is written only where a block was asked for. */
    bool has_schema;
    uint32_t hidden;
    enum kn_tensor_dtype dtype;
    enum kn_tensor_compression compression;
};

/* `out` fails when memory is short. */
void kn_rpc_info_encode(const struct kn_rpc_info *info, struct kn_buffer *out);

#endif
