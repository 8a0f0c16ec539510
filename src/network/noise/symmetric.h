/*
 * symmetric — what both sides of a Noise handshake derive in step: a chaining key, a hash of all
 * that was said, and the key in use.
 *
 * For Noise_XX_25519_ChaChaPoly_SHA256. Wipes its keys.
 * spec: noise, revision 34, §5.2.
 */
#ifndef KN_NOISE_SYMMETRIC_H
#define KN_NOISE_SYMMETRIC_H

#include "lib/base/buffer.h"
#include "lib/crypto/hash.h"
#include "network/noise/cipher.h"

struct kn_noise_symmetric {
    uint8_t chaining_key[KN_SHA256_SIZE], hash[KN_SHA256_SIZE];
    struct kn_noise_cipher cipher; /* without a key until the first kn_noise_mix_key() */
};

void kn_noise_symmetric_start(struct kn_noise_symmetric *s, struct kn_span prologue);
void kn_noise_symmetric_done(struct kn_noise_symmetric *s);

void kn_noise_mix_hash(struct kn_noise_symmetric *s, struct kn_span bytes);

/* KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_mix_key(struct kn_noise_symmetric *s, struct kn_span secret);

/* Append `plain` as it travels: enciphered once there is a key. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_encrypt_and_hash(struct kn_noise_symmetric *s,
                                                   struct kn_span plain, struct kn_buffer *out);

/* The reverse. KN_E_INVALID: not what was enciphered, nothing appended; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_decrypt_and_hash(struct kn_noise_symmetric *s,
                                                   struct kn_span sealed, struct kn_buffer *out);

/* How much longer a text is when it travels. */
size_t kn_noise_tag_size(const struct kn_noise_symmetric *s);

/* The keys of the session: for the dialer's frames and for the listener's. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_noise_split(const struct kn_noise_symmetric *s,
                                        struct kn_noise_cipher *dialers,
                                        struct kn_noise_cipher *listeners);

#endif
