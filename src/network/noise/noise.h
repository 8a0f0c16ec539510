/*
 * noise — the secure channel: Noise XX with libp2p's signed payload, then enciphered frames.
 *
 * Does no I/O: give it the bytes that came and take from its buffers what to send and what was
 * said. Not thread-safe. Keeps at most one frame that is not complete.
 * spec: noise, revision 34, §5, §7.5; libp2p noise, "The Handshake", "Wire Format".
 */
#ifndef KN_NOISE_H
#define KN_NOISE_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/role.h"
#include "lib/codec/peer_id.h"

struct kn_key;

enum {
    KN_NOISE_HEAD = 2,          /* bytes before a message: its length */
    KN_NOISE_FRAME_MAX = 65535, /* of a message, without its length */
    KN_NOISE_PLAIN_MAX = KN_NOISE_FRAME_MAX - 16,
    KN_NOISE_MUXERS_MAX = 16, /* names of muxers read from a payload */
};

struct kn_noise_options {
    enum kn_role role;
    const struct kn_key *identity;     /* kept; must outlive the channel */
    const struct kn_peer_id *expected; /* copied; NULL: whoever it is (listeners) */
    const char *const *muxers;         /* kept; we offer these, most wanted first, then NULL */
    const struct kn_random *random;    /* copied; makes the static and the ephemeral key */
};

struct kn_noise;

/* NULL when memory is short. A dialer's first message is appended to `wire`. */
KN_MUST_USE struct kn_noise *kn_noise_new(const struct kn_noise_options *options,
                                          struct kn_buffer *wire);
void kn_noise_free(struct kn_noise *noise); /* wipes */

/*
 * Take what the peer sent, in pieces of any size; all of it is used. Handshake messages are
 * answered into `wire`, what the peer said after the handshake is appended to `plain`.
 * KN_E_PROTOCOL: broken frame, payload or cipher; KN_E_IDENTITY: signed by another key, or not the
 * expected peer; KN_E_NO_MEMORY. After a failure the channel is finished: close without a word.
 */
KN_MUST_USE enum kn_code kn_noise_input(struct kn_noise *noise, struct kn_span bytes,
                                        struct kn_buffer *wire, struct kn_buffer *plain,
                                        struct kn_error *err);

/* The handshake is over: the peer is who kn_noise_peer() says, and kn_noise_send() works. */
bool kn_noise_is_ready(const struct kn_noise *noise);

/*
 * Valid once ready, or after KN_E_IDENTITY: who answered instead, or whom the peer claimed to be.
 * Else NULL. Lives as long as the channel.
 */
const struct kn_peer_id *kn_noise_peer(const struct kn_noise *noise);

/* The protobuf of the peer's public key; valid as above, else empty. */
struct kn_span kn_noise_peer_key(const struct kn_noise *noise);

/* The muxer that both payloads agreed on, or NULL: negotiate one inside. One of our own strings. */
const char *kn_noise_muxer(const struct kn_noise *noise);

/*
 * Append `plain` in as many frames as it needs; nothing takes one frame too. KN_E_CLOSED: not
 * ready, or failed; KN_E_NO_MEMORY: nothing appended, and the channel is finished.
 */
KN_MUST_USE enum kn_code kn_noise_send(struct kn_noise *noise, struct kn_span plain,
                                       struct kn_buffer *wire);

/*
 * Make one frame, where they lie, of the plain bytes in `wire` that follow KN_NOISE_HEAD bytes of
 * anything at `start`. KN_E_LIMIT: more than KN_NOISE_PLAIN_MAX, or no head; KN_E_CLOSED;
 * KN_E_NO_MEMORY. After a failure `wire` ends at `start`, and the channel is finished.
 */
KN_MUST_USE enum kn_code kn_noise_seal(struct kn_noise *noise, size_t start,
                                       struct kn_buffer *wire);

#endif
