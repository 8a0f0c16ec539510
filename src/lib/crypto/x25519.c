#include "lib/crypto/x25519.h"

#include <openssl/core_names.h>
#include <string.h>

#include "lib/crypto/libcrypto.h"
#include "lib/crypto/random.h"

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

/* Both halves: from the secret alone libcrypto would compute the other one again, which takes as
 * long as the agreement itself. */
static EVP_PKEY *own_key(const uint8_t secret[KN_X25519_SIZE],
                         const uint8_t public_half[KN_X25519_SIZE])
{
    uint8_t halves[2][KN_X25519_SIZE];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, halves[0], KN_X25519_SIZE),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, halves[1], KN_X25519_SIZE),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *key = NULL;

    (void)kn_libcrypto();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
    memcpy(halves[0], secret, KN_X25519_SIZE);
    memcpy(halves[1], public_half, KN_X25519_SIZE);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    kn_wipe(halves, sizeof(halves));
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum kn_code kn_x25519_shared(const uint8_t secret[KN_X25519_SIZE],
                              const uint8_t public_half[KN_X25519_SIZE],
                              const uint8_t peer[KN_X25519_SIZE], uint8_t out[KN_X25519_SIZE])
{
    EVP_PKEY *ours = own_key(secret, public_half);
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
