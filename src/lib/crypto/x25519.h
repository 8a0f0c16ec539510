/*
 * x25519 — Diffie-Hellman for the Noise handshake.
 * spec: RFC 7748 §5; a shared secret of zeros (a low-order point) is refused, §6.1.
 */
#ifndef KN_CRYPTO_X25519_H
#define KN_CRYPTO_X25519_H

#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum { KN_X25519_SIZE = 32 };

/* KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_x25519_public(const uint8_t secret[KN_X25519_SIZE],
                                          uint8_t out[KN_X25519_SIZE]);

/* `public_half` is what kn_x25519_public() made of `secret`.
 * KN_E_INVALID: the peer's key is a low-order point. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_x25519_shared(const uint8_t secret[KN_X25519_SIZE],
                                          const uint8_t public_half[KN_X25519_SIZE],
                                          const uint8_t peer[KN_X25519_SIZE],
                                          uint8_t out[KN_X25519_SIZE]);

#endif
