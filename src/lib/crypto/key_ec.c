#include <openssl/core_names.h>

#include "lib/crypto/key_der.h"
#include "lib/crypto/key_form.h"
#include "lib/crypto/random.h"

enum {
    SCALAR_SIZE = 32,
    COORDINATE_SIZE = 32,
    COMPRESSED_SIZE = 1 + COORDINATE_SIZE,
    POINT_SIZE = 1 + 2 * COORDINATE_SIZE,
    GROUP_NAME_SIZE = 32,
};

/* What go takes, with the size of its one allowed form: the curve named, the point whole. */
static const struct {
    const char *group;
    size_t public_size;
} curves[] = {
    { "secp224r1", 80 },
    { "prime256v1", 91 },
    { "secp384r1", 120 },
    { "secp521r1", 158 },
};

static enum kn_code on_curve(const EVP_PKEY *key, const char *group)
{
    char name[GROUP_NAME_SIZE];
    size_t n = 0;

    if (EVP_PKEY_get_group_name(key, name, sizeof(name), &n) != 1)
        return kn_libcrypto_failed(KN_E_SYNTAX);
    return strcmp(name, group) == 0 ? KN_OK : KN_E_SYNTAX;
}

static enum kn_code ecdsa_read_public(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    EVP_PKEY *key = NULL;
    enum kn_code rc = KN_E_SYNTAX;

    for (size_t i = 0; i < KN_COUNT(curves); i++) {
        if (data.n != curves[i].public_size)
            continue;
        rc = kn_key_der_read_public(EVP_PKEY_EC, data, &key);
        if (rc == KN_OK)
            rc = on_curve(key, curves[i].group);
    }
    if (rc == KN_OK) {
        *out = key;
        return KN_OK;
    }
    EVP_PKEY_free(key);
    return kn_key_refuse(err, rc, "the ECDSA public key is not in DER or of an unknown curve");
}

/* A scalar of 1 to the order of its curve less 1. */
static enum kn_code check_scalar(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = ctx != NULL && EVP_PKEY_private_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return good ? KN_OK : kn_libcrypto_failed(ctx == NULL ? KN_E_NO_MEMORY : KN_E_INVALID);
}

static enum kn_code ecdsa_read_private(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    EVP_PKEY *key = NULL;
    enum kn_code rc = kn_key_der_read_private(EVP_PKEY_EC, data, &key);
    bool known = false;

    for (size_t i = 0; rc == KN_OK && !known && i < KN_COUNT(curves); i++)
        known = on_curve(key, curves[i].group) == KN_OK;
    if (rc == KN_OK && !known)
        rc = KN_E_SYNTAX;
    if (rc == KN_OK)
        rc = check_scalar(key);
    if (rc == KN_OK) {
        *out = key;
        return KN_OK;
    }
    EVP_PKEY_free(key);
    return kn_key_refuse(err, rc, "the ECDSA private key is not in DER as SEC1 has it");
}

const struct kn_key_form kn_key_form_ecdsa = {
    .name = "ECDSA",
    .digest = "SHA256",
    .read_public = ecdsa_read_public,
    .read_private = ecdsa_read_private,
    .write_public = kn_key_der_write_public,
};

/* A point of secp256k1 in any of its written forms. */
static enum kn_code from_point(struct kn_span data, EVP_PKEY **out)
{
    char group[] = "secp256k1";
    uint8_t point[POINT_SIZE];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, data.n),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    enum kn_code rc = KN_OK;

    memcpy(point, data.at, data.n);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        rc = kn_libcrypto_failed(KN_E_NO_MEMORY);
    else if (EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        rc = kn_libcrypto_failed(KN_E_SYNTAX);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

static enum kn_code secp256k1_read_public(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    enum kn_code rc;

    if (data.n != COMPRESSED_SIZE && data.n != POINT_SIZE)
        return kn_fail(err, KN_E_SYNTAX, "the secp256k1 public key has %zu bytes, not %d or %d",
                       data.n, COMPRESSED_SIZE, POINT_SIZE);
    rc = from_point(data, out);
    if (rc != KN_OK)
        return kn_key_refuse(err, rc, "the secp256k1 public key is no point of its curve");
    return KN_OK;
}

/* libcrypto gives both coordinates: what travels is the first, and whether the second is odd.
 * spec: SEC 1 §2.3.3. */
static size_t secp256k1_write_public(const EVP_PKEY *key, uint8_t *out, size_t room)
{
    uint8_t point[POINT_SIZE];
    size_t n = 0;

    if (room < COMPRESSED_SIZE ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) !=
            1 ||
        n != POINT_SIZE)
        return 0;
    out[0] = (uint8_t)(2 | (point[POINT_SIZE - 1] & 1));
    memcpy(out + 1, point + 1, COORDINATE_SIZE);
    return COMPRESSED_SIZE;
}

/* As SEC1 with the curve and without the point, which libcrypto then computes. spec: RFC 5915 §3 */
static enum kn_code from_scalar(struct kn_span data, EVP_PKEY **out)
{
    static const uint8_t head[] = { 0x30, 0x2e, 0x02, 0x01, 0x01, 0x04, SCALAR_SIZE };
    static const uint8_t curve[] = { 0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a };
    uint8_t der[sizeof(head) + SCALAR_SIZE + sizeof(curve)];
    const unsigned char *at = der;
    enum kn_code rc = KN_OK;

    memcpy(der, head, sizeof(head));
    memcpy(der + sizeof(head), data.at, SCALAR_SIZE);
    memcpy(der + sizeof(head) + SCALAR_SIZE, curve, sizeof(curve));
    *out = d2i_PrivateKey_ex(EVP_PKEY_EC, NULL, &at, (long)sizeof(der), NULL, NULL);
    kn_wipe(der, sizeof(der));
    if (*out == NULL)
        return kn_libcrypto_failed(KN_E_INVALID);
    rc = check_scalar(*out);
    if (rc != KN_OK) {
        EVP_PKEY_free(*out);
        *out = NULL;
    }
    return rc;
}

static enum kn_code secp256k1_read_private(struct kn_span data, EVP_PKEY **out,
                                           struct kn_error *err)
{
    enum kn_code rc;

    if (data.n != SCALAR_SIZE)
        return kn_fail(err, KN_E_SYNTAX, "the secp256k1 private key has %zu bytes, not %d", data.n,
                       SCALAR_SIZE);
    rc = from_scalar(data, out);
    if (rc != KN_OK)
        return kn_key_refuse(err, rc,
                             "the secp256k1 private key is zero or beyond its curve's order");
    return KN_OK;
}

const struct kn_key_form kn_key_form_secp256k1 = {
    .name = "secp256k1",
    .digest = "SHA256",
    .read_public = secp256k1_read_public,
    .read_private = secp256k1_read_private,
    .write_public = secp256k1_write_public,
};
