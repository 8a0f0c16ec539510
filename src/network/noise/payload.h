/*
 * payload — what libp2p says inside the handshake: who signs for the static key, and which muxers
 * may follow without another word.
 * spec: libp2p noise, "The libp2p Handshake Payload", "Early data".
 */
#ifndef KN_NOISE_PAYLOAD_H
#define KN_NOISE_PAYLOAD_H

#include "lib/crypto/key.h"
#include "lib/crypto/x25519.h"
#include "network/noise/noise.h"

struct kn_noise_payload {
    struct kn_span key, signature; /* point into what was read */
    struct kn_span muxers[KN_NOISE_MUXERS_MAX];
    size_t muxer_count;
};

/* Append ours. `muxers` may be NULL or empty. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_payload_write(const struct kn_key *identity,
                                                const uint8_t static_key[KN_X25519_SIZE],
                                                const char *const *muxers, struct kn_buffer *out);

/* KN_E_PROTOCOL: no payload, no key, no signature or too many muxers. Unknown fields are skipped.
 */
KN_MUST_USE enum kn_code kn_noise_payload_read(struct kn_span bytes, struct kn_noise_payload *out,
                                               struct kn_error *err);

/*
 * Whose is it? `peer` is set once the key can be read. KN_E_PROTOCOL: a key that we cannot use;
 * KN_E_IDENTITY: that key did not sign this static key; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_noise_payload_verify(const struct kn_noise_payload *payload,
                                                 const uint8_t static_key[KN_X25519_SIZE],
                                                 struct kn_peer_id *peer, struct kn_error *err);

/* The first muxer of the dialer's list that the listener has too; one of `ours`, or NULL. */
const char *kn_noise_payload_muxer(const struct kn_noise_payload *theirs, enum kn_role our_role,
                                   const char *const *ours);

#endif
