/*
 * key_der — keys of libcrypto as DER: SubjectPublicKeyInfo, PKCS#1 and SEC1.
 *
 * For the files of lib/crypto alone. Only DER is taken, no BER, and nothing behind it: what was
 * read must be what libcrypto writes. So two encodings never name one key.
 */
#ifndef KN_CRYPTO_KEY_DER_H
#define KN_CRYPTO_KEY_DER_H

#include "lib/base/span.h"
#include "lib/crypto/libcrypto.h"

/* `id` is EVP_PKEY_RSA or EVP_PKEY_EC. KN_E_SYNTAX, KN_E_NO_MEMORY. Public RSA keys, which most
 * peers have, are read faster in key_rsa.c. */
KN_MUST_USE enum kn_code kn_key_der_read_public(int id, struct kn_span der, EVP_PKEY **out);
KN_MUST_USE enum kn_code kn_key_der_read_private(int id, struct kn_span der, EVP_PKEY **out);

/* 0 when memory is short or `room` too small. */
size_t kn_key_der_write_public(const EVP_PKEY *key, uint8_t *out, size_t room);

#endif
