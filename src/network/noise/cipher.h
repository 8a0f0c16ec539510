/*
 * cipher — one key and the number of its next message.
 * spec: noise, revision 34, §5.1.
 */
#ifndef KN_NOISE_CIPHER_H
#define KN_NOISE_CIPHER_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"
#include "lib/crypto/aead.h"

struct kn_noise_cipher {
    struct kn_aead *aead; /* NULL: no key yet */
    uint64_t nonce;
};

/* Use another key; its first message has the number 0. KN_E_NO_MEMORY, then without a key. */
KN_MUST_USE enum kn_code kn_noise_cipher_set_key(struct kn_noise_cipher *cipher,
                                                 const uint8_t key[KN_AEAD_KEY_SIZE]);
void kn_noise_cipher_done(struct kn_noise_cipher *cipher);

/* As kn_aead_seal() and kn_aead_open(), which say how long `out` is. KN_E_LIMIT: no number left. */
KN_MUST_USE enum kn_code kn_noise_cipher_seal(struct kn_noise_cipher *cipher, struct kn_span ad,
                                              struct kn_span plain, uint8_t *out);
KN_MUST_USE enum kn_code kn_noise_cipher_open(struct kn_noise_cipher *cipher, struct kn_span ad,
                                              struct kn_span sealed, uint8_t *out);

#endif
