#include "lib/crypto/x25519.h"

#include "lib/crypto/libcrypto.h"

static EVP_PKEY *secret_key(const uint8_t secret[KN_X25519_SIZE])
{
    (void)kn_libcrypto();
    return EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, KN_X25519_SIZE);
}

enum kn_code kn_x25519_public(const uint8_t secret[KN_X25519_SIZE], uint8_t out[KN_X25519_SIZE])
{
    EVP_PKEY *key = secret_key(secret);
    size_t n = KN_X25519_SIZE;
    enum kn_code rc = KN_OK;

    if (key == NULL || EVP_PKEY_get_raw_public_key(key, out, &n) != 1)
        rc = kn_libcrypto_failed(KN_E_NO_MEMORY);
    EVP_PKEY_free(key);
    return rc;
}

enum kn_code kn_x25519_shared(const uint8_t secret[KN_X25519_SIZE],
                              const uint8_t peer[KN_X25519_SIZE], uint8_t out[KN_X25519_SIZE])
{
    EVP_PKEY *ours = secret_key(secret);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer, KN_X25519_SIZE);
    EVP_PKEY_CTX *ctx = ours == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
    size_t n = KN_X25519_SIZE;
    enum kn_code rc = KN_OK;

    if (theirs == NULL || ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) != 1)
        rc = kn_libcrypto_failed(KN_E_NO_MEMORY);
    else if (EVP_PKEY_derive(ctx, out, &n) != 1) /* refuses a secret of zeros */
        rc = kn_libcrypto_failed(KN_E_INVALID);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    return rc;
}
