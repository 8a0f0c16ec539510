/*
 * key_form — what differs between the types of keys: how their bytes become a key of libcrypto
 * and the other way. For the files of lib/crypto alone.
 *
 * The reading functions refuse what is not exactly one key of their type, in the one form that
 * the type has: KN_E_SYNTAX, KN_E_INVALID, KN_E_NO_MEMORY.
 */
#ifndef KN_CRYPTO_KEY_FORM_H
#define KN_CRYPTO_KEY_FORM_H

#include "lib/base/error.h"
#include "lib/base/span.h"
#include "lib/crypto/libcrypto.h"

struct kn_key_form {
    const char *name;
    const char *digest; /* what a message is hashed with before it is signed; NULL: nothing */

    enum kn_code (*read_public)(struct kn_span data, EVP_PKEY **out, struct kn_error *err);
    enum kn_code (*read_private)(struct kn_span data, EVP_PKEY **out, struct kn_error *err);

    /* The public half as it travels; at most `room` bytes. 0 when memory is short. */
    size_t (*write_public)(const EVP_PKEY *key, uint8_t *out, size_t room);
};

extern const struct kn_key_form kn_key_form_rsa, kn_key_form_ed25519, kn_key_form_secp256k1,
    kn_key_form_ecdsa;

enum { KN_ED25519_SEED_SIZE = 32, KN_ED25519_PRIVATE_SIZE = 64 };

/* The private half as it travels: the seed and the public half. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_ed25519_from_seed(const uint8_t seed[KN_ED25519_SEED_SIZE],
                                              uint8_t out[KN_ED25519_PRIVATE_SIZE]);

/* A public key of these numbers, big endian. KN_E_INVALID: not of an allowed size. */
KN_MUST_USE enum kn_code kn_rsa_from_numbers(struct kn_span modulus, struct kn_span exponent,
                                             EVP_PKEY **out, struct kn_error *err);

/* Fill `err`: `text`, unless it was memory that was short. */
static inline enum kn_code kn_key_refuse(struct kn_error *err, enum kn_code rc, const char *text)
{
    return rc == KN_E_NO_MEMORY ? kn_fail_no_memory(err) : kn_fail(err, rc, "%s", text);
}

#endif
