/*
 * running_hash — SHA-256 of bytes that come in pieces.
 */
#ifndef KN_CRYPTO_RUNNING_HASH_H
#define KN_CRYPTO_RUNNING_HASH_H

#include "lib/base/attributes.h"
#include "lib/crypto/hash.h"

struct kn_running_hash;

/* NULL when memory is short. */
KN_MUST_USE struct kn_running_hash *kn_running_hash_new(void);
void kn_running_hash_free(struct kn_running_hash *hash);

/* Forget all pieces. */
void kn_running_hash_clear(struct kn_running_hash *hash);
void kn_running_hash_add(struct kn_running_hash *hash, struct kn_span bytes);

/* Of all pieces so far; more may follow after kn_running_hash_clear() only. */
void kn_running_hash_end(struct kn_running_hash *hash, uint8_t out[KN_SHA256_SIZE]);

#endif
