/*
 * hash — SHA-1, SHA-256, HMAC, as libp2p and hivemind use them.
 *
 * Cannot fail: the digests are fetched once, by the first call in the process, which ends the
 * process with a message if libcrypto has none, or no memory. From any thread.
 */
#ifndef KN_CRYPTO_HASH_H
#define KN_CRYPTO_HASH_H

#include "lib/base/span.h"

enum { KN_SHA1_SIZE = 20, KN_SHA256_SIZE = 32 };

void kn_sha1(struct kn_span bytes, uint8_t out[KN_SHA1_SIZE]);
void kn_sha256(struct kn_span bytes, uint8_t out[KN_SHA256_SIZE]);

/* Of `a` followed by `b`. */
void kn_sha256_of_two(struct kn_span a, struct kn_span b, uint8_t out[KN_SHA256_SIZE]);

void kn_hmac_sha256(struct kn_span key, struct kn_span bytes, uint8_t out[KN_SHA256_SIZE]);

#endif
