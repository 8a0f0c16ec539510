/*
 * rpc_envelope — one call of hivemind's unary RPC, and its answer.
 *
 * The message alone: on the stream its length stands in front (lib/codec/frame.h). Neither side may
 * send one more byte, nor close its half, before the answer is there: the other side takes that
 * as "give up".
 * spec: hivemind/proto/p2pd.proto, PersistentConnectionRequest. All its fields are required, so
 * each is written even when it is empty.
 */
#ifndef KN_RPC_ENVELOPE_H
#define KN_RPC_ENVELOPE_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"

enum {
    KN_RPC_ENVELOPE_MAX = 4 << 20, /* bytes that are read */
    KN_RPC_SEND_MAX = 2 << 20,     /* bytes of data that should be sent: above, peers go silent */
    KN_RPC_ID_SIZE = 16,
    KN_RPC_NAME_MAX = 1024, /* bytes of the handler's name */
    KN_RPC_ERROR_MAX = 1024 /* bytes of an error's text that are kept */
};

struct kn_rpc_call {
    uint8_t id[KN_RPC_ID_SIZE];
    struct kn_span peer; /* the callee to our knowledge, or empty; never to be believed */
    struct kn_span name; /* the handler, "DHTProtocol.rpc_find"; the negotiated one counts */
    struct kn_span data;
};

struct kn_rpc_answer {
    uint8_t id[KN_RPC_ID_SIZE]; /* echoed; some peers answer with another */
    bool is_error;
    struct kn_span data; /* the answer's protobuf, or the error's text: any bytes */
};

void kn_rpc_call_encode(const struct kn_rpc_call *call, struct kn_buffer *out);
void kn_rpc_answer_encode(const struct kn_rpc_answer *answer, struct kn_buffer *out);

/* KN_E_SYNTAX: no protobuf. KN_E_INVALID: an id of another length, a field missing.
 * KN_E_LIMIT: the message or the name is too long. */
KN_MUST_USE enum kn_code kn_rpc_call_decode(struct kn_span bytes, struct kn_rpc_call *out);

/* The same codes. Takes both shapes that peers answer with. */
KN_MUST_USE enum kn_code kn_rpc_answer_decode(struct kn_span bytes, struct kn_rpc_answer *out);

#endif
