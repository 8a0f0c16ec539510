/*
 * aead — ChaCha20-Poly1305 with one key, many messages.
 * spec: RFC 8439 §2.8; the nonce is built as noise §12.3 says (32 zero bits, 64-bit little endian).
 */
#ifndef KN_CRYPTO_AEAD_H
#define KN_CRYPTO_AEAD_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

enum { KN_AEAD_KEY_SIZE = 32, KN_AEAD_TAG_SIZE = 16 };

struct kn_aead;

/* NULL when memory is short. The key is wiped when freed. */
KN_MUST_USE struct kn_aead *kn_aead_new(const uint8_t key[KN_AEAD_KEY_SIZE]);
void kn_aead_free(struct kn_aead *aead);

/* Write `plain` enciphered and then the tag: plain.n + KN_AEAD_TAG_SIZE bytes; `out` may be
 * plain.at. KN_E_LIMIT: more than INT_MAX bytes, here and below; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_aead_seal(struct kn_aead *aead, uint64_t nonce, struct kn_span ad,
                                      struct kn_span plain, uint8_t *out);

/* The reverse: sealed.n - KN_AEAD_TAG_SIZE bytes. KN_E_INVALID: shorter than a tag, or not what
 * was sealed; `out` then holds nothing of use. `out` may be sealed.at. */
KN_MUST_USE enum kn_code kn_aead_open(struct kn_aead *aead, uint64_t nonce, struct kn_span ad,
                                      struct kn_span sealed, uint8_t *out);

#endif
