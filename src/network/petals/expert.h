/*
 * expert — the messages of the block RPCs, and the error of their streams.
 *
 * "Expert" is hivemind's word for what Petals makes a block. Tensors stay bytes here (tensor.h),
 * and so do metadata (rpc_metadata.h).
 * spec: hivemind/proto/runtime.proto; hivemind/proto/p2pd.proto, RPCError.
 */
#ifndef KN_PETALS_EXPERT_H
#define KN_PETALS_EXPERT_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/span.h"

enum {
    KN_EXPERT_TENSORS_MAX = 8,       /* of one request; the protocol needs three */
    KN_EXPERT_METADATA_MAX = 1 << 18 /* bytes: the chain of servers is in it */
};

/* Points into what was read. A reply is the same without a uid. */
struct kn_expert_request {
    struct kn_span uid, metadata; /* empty when there is none */
    struct kn_span tensors[KN_EXPERT_TENSORS_MAX];
    size_t tensor_count;
};

/* KN_E_SYNTAX; KN_E_LIMIT: too many tensors, or too long metadata. Texts are for the peer. */
KN_MUST_USE enum kn_code
kn_expert_request_decode(struct kn_span bytes, struct kn_expert_request *out, struct kn_error *err);
void kn_expert_request_encode(const struct kn_expert_request *request, struct kn_buffer *out);

/* What stands before the bytes of one tensor in a message that holds no other, and how much. */
size_t kn_expert_tensor_head_size(size_t tensor);
void kn_expert_tensor_head(size_t tensor, struct kn_buffer *out);

/* ExpertUID and ExpertInfo: one field each. KN_E_SYNTAX. */
KN_MUST_USE enum kn_code kn_expert_uid_decode(struct kn_span bytes, struct kn_span *uid);
void kn_expert_info_encode(struct kn_span info, struct kn_buffer *out);

/* RPCError. KN_E_SYNTAX. */
KN_MUST_USE enum kn_code kn_rpc_error_decode(struct kn_span bytes, struct kn_span *text);
void kn_rpc_error_encode(struct kn_span text, struct kn_buffer *out);

#endif
