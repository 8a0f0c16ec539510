/*
 * handshake — Noise XX: three messages after which both sides know each other's static key and
 * share two keys that nobody else has.
 *
 * Messages without their length, with any payload: what libp2p puts into them is in payload.h.
 * Any failure is final.
 * spec: noise, revision 34, §5.3, §7.5.
 */
#ifndef KN_NOISE_HANDSHAKE_H
#define KN_NOISE_HANDSHAKE_H

#include "lib/base/role.h"
#include "lib/crypto/x25519.h"
#include "network/noise/symmetric.h"

enum { KN_NOISE_STEPS = 3 };

struct kn_noise_pair {
    uint8_t secret[KN_X25519_SIZE], public[KN_X25519_SIZE];
};

struct kn_noise_handshake {
    enum kn_role role;
    unsigned step; /* messages written and read */
    struct kn_noise_symmetric symmetric;
    struct kn_noise_pair own_static, own_ephemeral;
    uint8_t peer_static[KN_X25519_SIZE]; /* known from the message on that brings it */
    uint8_t peer_ephemeral[KN_X25519_SIZE];
};

/* Needs own_static.secret and own_ephemeral.secret of `h`; sets everything else. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_handshake_start(struct kn_noise_handshake *h, enum kn_role role,
                                                  struct kn_span prologue);
void kn_noise_handshake_done(struct kn_noise_handshake *h); /* wipes */

/*
 * Append the next message; the dialer writes the first and the third, the listener the second.
 * KN_E_INVALID: the peer's key, read before, is of low order; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_noise_handshake_write(struct kn_noise_handshake *h,
                                                  struct kn_span payload, struct kn_buffer *out);

/* Append its payload. KN_E_INVALID: short, altered, or with a key of low order; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_handshake_read(struct kn_noise_handshake *h,
                                                 struct kn_span message, struct kn_buffer *payload);

bool kn_noise_handshake_is_over(const struct kn_noise_handshake *h);

#endif
