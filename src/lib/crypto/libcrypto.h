/*
 * libcrypto — OpenSSL as this folder uses it: fetched once, its failures as our codes.
 *
 * For the files of lib/crypto alone. Nothing happens before the first call, and no configuration
 * file of OpenSSL is read: what a system set up for its TLS has no say in a protocol that
 * prescribes its algorithms.
 */
#ifndef KN_CRYPTO_LIBCRYPTO_H
#define KN_CRYPTO_LIBCRYPTO_H

#include <openssl/evp.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

/* Lives until the process ends. */
struct kn_libcrypto {
    EVP_MD *sha1, *sha256;
    EVP_CIPHER *chacha20_poly1305;
    EVP_MAC_CTX *hmac_sha256; /* without a key: to be copied */
};

/*
 * Ends the process with a message when libcrypto lacks one of them. From any
 * thread.
 */
const struct kn_libcrypto *kn_libcrypto(void);

/* After a call failed: KN_E_NO_MEMORY if that was the reason, else `code`. Forgets the errors. */
enum kn_code kn_libcrypto_failed(enum kn_code code);

#endif
