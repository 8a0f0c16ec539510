#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "lib/crypto/key.h"
#include "lib/crypto/key_der.h"
#include "lib/crypto/key_form.h"

enum {
    EXPONENT_BITS_MAX = 31, /* as go takes them; a longer one only makes verifying slow */
    ALGORITHM_AT = 4,       /* behind the head of any SEQUENCE of 256 to 65535 bytes */
};

/* spec: RFC 3279 §2.3.1: rsaEncryption, parameters NULL. */
static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                     0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

static enum kn_code check_exponent(const EVP_PKEY *key, struct kn_error *err)
{
    BIGNUM *e = NULL;
    bool good;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return kn_key_refuse(err, kn_libcrypto_failed(KN_E_SYNTAX), "the RSA key has no exponent");
    good = BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= EXPONENT_BITS_MAX;
    BN_free(e);
    if (!good)
        return kn_fail(err, KN_E_INVALID, "the RSA key has an exponent that is not odd in 3..2^31");
    return KN_OK;
}

/* Takes `key` and hands it on when its size is allowed. */
static enum kn_code judge(EVP_PKEY *key KN_TAKES, EVP_PKEY **out, struct kn_error *err)
{
    int bits = EVP_PKEY_get_bits(key);
    enum kn_code rc;

    if (bits < KN_KEY_RSA_BITS_MIN || bits > KN_KEY_RSA_BITS_MAX)
        rc = kn_fail(err, KN_E_INVALID, "the RSA key has %d bits, outside %d..%d", bits,
                     KN_KEY_RSA_BITS_MIN, KN_KEY_RSA_BITS_MAX);
    else
        rc = check_exponent(key, err);
    if (rc == KN_OK)
        *out = key;
    else
        EVP_PKEY_free(key);
    return rc;
}

static enum kn_code read_public(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    EVP_PKEY *key = NULL;
    enum kn_code rc;

    /* Before libcrypto tries every kind of key that it knows. A key too small to have such a
     * head is told by its size, so it goes on. */
    if (data.n >= 256 && (data.n < ALGORITHM_AT + sizeof(algorithm) ||
                          memcmp(data.at + ALGORITHM_AT, algorithm, sizeof(algorithm)) != 0))
        return kn_fail(err, KN_E_SYNTAX, "the RSA public key is not in DER");
    rc = kn_key_der_read_public(EVP_PKEY_RSA, data, &key);
    if (rc != KN_OK)
        return kn_key_refuse(err, rc, "the RSA public key is not in DER");
    return judge(key, out, err);
}

static enum kn_code read_private(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    EVP_PKEY *key = NULL;
    enum kn_code rc = kn_key_der_read_private(EVP_PKEY_RSA, data, &key);

    if (rc != KN_OK)
        return kn_key_refuse(err, rc, "the RSA private key is not in DER as PKCS#1 has it");
    return judge(key, out, err);
}

static OSSL_PARAM *params_of(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;

    if (builder != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    OSSL_PARAM_BLD_free(builder);
    return params;
}

enum kn_code kn_rsa_from_numbers(struct kn_span modulus, struct kn_span exponent, EVP_PKEY **out)
{
    enum { BYTES_MAX = KN_KEY_RSA_BITS_MAX / 8 + 1 }; /* a zero in front */
    BIGNUM *n = NULL, *e = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    enum kn_code rc = KN_E_INVALID;

    if (modulus.n > BYTES_MAX || exponent.n > BYTES_MAX)
        goto out;
    n = BN_bin2bn(modulus.at, (int)modulus.n, NULL);
    e = BN_bin2bn(exponent.at, (int)exponent.n, NULL);
    params = params_of(n, e);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        rc = KN_E_NO_MEMORY;
    else if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1)
        rc = judge(key, out, NULL);
out:
    OSSL_PARAM_free(params);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
    return rc == KN_OK ? rc : kn_libcrypto_failed(rc);
}

const struct kn_key_form kn_key_form_rsa = {
    .name = "RSA",
    .digest = "SHA256",
    .read_public = read_public,
    .read_private = read_private,
    .write_public = kn_key_der_write_public,
};
