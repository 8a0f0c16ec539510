/*
 * rpc_metadata — what a request says beside its tensors.
 *
 * A map in MessagePack. Keys that are not known are ignored, known ones of a wrong type refused in
 * Petals' words. Absent and nil are the same.
 * spec: petals/server/handler.py; petals/utils/packaging.py.
 */
#ifndef KN_PETALS_RPC_METADATA_H
#define KN_PETALS_RPC_METADATA_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/span.h"

enum {
    KN_RPC_ID_MAX = 128, /* bytes of a session's or a step's id */
    KN_RPC_COMPRESSIONS_MAX = 8,
    KN_RPC_SERVERS_MAX = 256, /* that a step shall be handed on to */
};

#define KN_RPC_ABSENT INT64_MIN

struct kn_rpc_metadata {
    double points;                                      /* 0 when absent */
    double alloc_timeout;                               /* seconds; 0 when absent */
    int64_t max_length, start_from_position;            /* or KN_RPC_ABSENT */
    struct kn_span session_id, step_id, active_adapter; /* texts; empty when absent */
    struct kn_span next_servers;                        /* a list, for kn_rpc_next_read() */
    struct kn_span args_structure;                      /* as it stands */
    int64_t output_compression[KN_RPC_COMPRESSIONS_MAX];
    size_t output_compressions;
    bool pushed;
};

/* `method` ("rpc_inference") stands in the texts. All spans point into `bytes`, which may be
 * empty. KN_E_SYNTAX: no map in MessagePack; KN_E_INVALID: a wrong type; KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_rpc_metadata_decode(struct kn_span bytes, const char *method,
                                                struct kn_rpc_metadata *out, struct kn_error *err);

/* Are the arguments so many tensors in their order? Absent: yes. KN_E_UNSUPPORTED. */
KN_MUST_USE enum kn_code kn_rpc_check_arguments(const struct kn_rpc_metadata *metadata,
                                                size_t tensors, struct kn_error *err);

/* Where a step goes on: the first of its next servers. */
struct kn_rpc_next {
    struct kn_span peer, session_id; /* in base58; a text */
    uint32_t first, end;             /* blocks */
    struct kn_span rest;             /* the servers behind it, one value after the other */
    uint32_t rest_count;
};

/* KN_E_NOT_FOUND: there is none; KN_E_INVALID: not what Petals writes. */
KN_MUST_USE enum kn_code kn_rpc_next_read(const struct kn_rpc_metadata *metadata,
                                          struct kn_rpc_next *out);
/* The metadata for that server: `bytes`, which were decoded before, with what is changed. */
void kn_rpc_next_metadata(struct kn_span bytes, const struct kn_rpc_next *next,
                          struct kn_buffer *out);

#endif
