/*
 * rpc_frame — the frames of hivemind's streams: a marker, eight bytes of length, a message.
 *
 * Bytes go in as they come; frames come out once they are whole. What comes whole in one piece is
 * not copied. Memory grows with what has come, not with what was announced.
 * spec: hivemind/p2p/p2p_daemon.py, P2P.receive_protobuf.
 */
#ifndef KN_PETALS_RPC_FRAME_H
#define KN_PETALS_RPC_FRAME_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"

enum { KN_RPC_FRAME_HEAD = 9 };

enum kn_rpc_frame_kind {
    KN_RPC_MESSAGE = 0,
    KN_RPC_ERROR = 1, /* with no bytes: the end of what a client sends */
};

struct kn_rpc_frame {
    enum kn_rpc_frame_kind kind;
    struct kn_span body; /* until the frame is taken, or more is lent */
};

/* Start from { .max = bytes of one message }. */
struct kn_rpc_frames {
    size_t max;
    struct kn_buffer kept; /* what came earlier */
    struct kn_span lent;   /* what came just now; empty unless nothing is kept */
};

/* Bytes came, and stay where they are until kn_rpc_frames_keep(). */
void kn_rpc_frames_lend(struct kn_rpc_frames *frames, struct kn_span bytes);

/*
 * Look at the next frame. KN_E_TRUNCATED: it is not whole; KN_E_LIMIT: longer than `max`, and
 * `out->body.n` says how long; KN_E_PROTOCOL: no such marker; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_rpc_frames_peek(const struct kn_rpc_frames *frames,
                                            struct kn_rpc_frame *out);
/* Drop the frame that peek showed. */
void kn_rpc_frames_take(struct kn_rpc_frames *frames, const struct kn_rpc_frame *frame);

/* Copy what is left of the lent bytes: they are about to go. */
void kn_rpc_frames_keep(struct kn_rpc_frames *frames);

/* Bytes that were copied and wait; they take no more memory than twice that and 64 KiB. */
size_t kn_rpc_frames_held(const struct kn_rpc_frames *frames);
void kn_rpc_frames_done(struct kn_rpc_frames *frames);

/* What stands before a message of `n` bytes. */
void kn_rpc_frame_head(enum kn_rpc_frame_kind kind, size_t n, struct kn_buffer *out);

#endif
