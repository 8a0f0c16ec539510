#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "lib/codec/reader.h"
#include "lib/crypto/key.h"
#include "lib/crypto/key_der.h"
#include "lib/crypto/key_form.h"

enum {
    NUMBER_MAX = KN_KEY_RSA_BITS_MAX / 8 + 1, /* bytes, with a zero in front */
    EXPONENT_BITS_MAX = 31,                   /* as go takes them; a longer one is but slow */
    TAG_INTEGER = 0x02,
    TAG_BIT_STRING = 0x03,
    TAG_SEQUENCE = 0x30,
};

/* spec: RFC 3279 §2.3.1: rsaEncryption, parameters NULL. */
static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                     0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

#define NOT_DER "the RSA public key is not in DER"

static enum kn_code check_numbers(const BIGNUM *n, const BIGNUM *e, struct kn_error *err)
{
    int bits = BN_num_bits(n);

    if (bits < KN_KEY_RSA_BITS_MIN || bits > KN_KEY_RSA_BITS_MAX)
        return kn_fail(err, KN_E_INVALID, "the RSA key has %d bits, outside %d..%d", bits,
                       KN_KEY_RSA_BITS_MIN, KN_KEY_RSA_BITS_MAX);
    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > EXPONENT_BITS_MAX)
        return kn_fail(err, KN_E_INVALID, "the RSA key has an exponent that is not odd in 3..2^31");
    return KN_OK;
}

static EVP_PKEY *make_key(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (builder != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum kn_code kn_rsa_from_numbers(struct kn_span modulus, struct kn_span exponent, EVP_PKEY **out,
                                 struct kn_error *err)
{
    BIGNUM *n, *e;
    EVP_PKEY *key = NULL;
    enum kn_code rc = KN_E_NO_MEMORY;

    if (modulus.n > NUMBER_MAX || exponent.n > NUMBER_MAX)
        return kn_fail(err, KN_E_INVALID, "the RSA key has more than %d bits", KN_KEY_RSA_BITS_MAX);
    n = BN_bin2bn(modulus.at, (int)modulus.n, NULL);
    e = BN_bin2bn(exponent.at, (int)exponent.n, NULL);
    if (n != NULL && e != NULL)
        rc = check_numbers(n, e, err);
    if (rc == KN_OK)
        key = make_key(n, e);
    BN_free(n);
    BN_free(e);
    if (key != NULL)
        *out = key;
    else if (rc == KN_OK || rc == KN_E_NO_MEMORY)
        rc = kn_key_refuse(err, kn_libcrypto_failed(KN_E_NO_MEMORY), "");
    return rc;
}

/*
 * DER that grows to the front, so that a length is known when its turn comes. Of numbers that
 * check_numbers() lets pass it is 1064 bytes at most.
 */
struct back {
    size_t at; /* free before it */
    uint8_t bytes[KN_PUBLIC_KEY_MAX];
};

static void put(struct back *back, const uint8_t *bytes, size_t n)
{
    back->at -= n;
    memcpy(back->bytes + back->at, bytes, n);
}

/* In front of all that stands between `at` and `end`. spec: X.690 §8.1.3, §10.1 */
static void put_head(struct back *back, uint8_t tag, size_t end)
{
    size_t n = end - back->at;
    const uint8_t head[] = { tag, 0x82, (uint8_t)(n >> 8 & 0xff), (uint8_t)(n & 0xff) };
    const uint8_t short_head[] = { tag, (uint8_t)(n & 0x7f) };

    if (n >= 0x100)
        put(back, head, sizeof(head));
    else
        put(back, short_head, sizeof(short_head)); /* an exponent: nothing here has 128 to 255 */
}

static void put_integer(struct back *back, const BIGNUM *number)
{
    size_t end = back->at, n = (size_t)BN_num_bits(number) / 8 + 1; /* a zero before a sign bit */

    back->at -= n;
    (void)BN_bn2binpad(number, back->bytes + back->at, (int)n);
    put_head(back, TAG_INTEGER, end);
}

/* spec: RFC 5280 §4.1, SubjectPublicKeyInfo; RFC 8017 §A.1.1 */
static void put_public(struct back *back, const BIGNUM *n, const BIGNUM *e)
{
    static const uint8_t no_unused_bits[] = { 0 };
    const size_t end = sizeof(back->bytes);

    back->at = end;
    put_integer(back, e);
    put_integer(back, n);
    put_head(back, TAG_SEQUENCE, end);
    put(back, no_unused_bits, sizeof(no_unused_bits));
    put_head(back, TAG_BIT_STRING, end);
    put(back, algorithm, sizeof(algorithm));
    put_head(back, TAG_SEQUENCE, end);
}

/* libcrypto's own writer takes 0.1 ms, and its reader too: more than all else of a handshake. */
static size_t write_public(const EVP_PKEY *key, uint8_t *out, size_t room)
{
    struct back back;
    BIGNUM *n = NULL, *e = NULL;
    size_t size = 0;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
        check_numbers(n, e, NULL) == KN_OK) {
        put_public(&back, n, e);
        size = sizeof(back.bytes) - back.at;
    }
    BN_free(n);
    BN_free(e);
    if (size > room)
        return 0;
    if (size > 0)
        memcpy(out, back.bytes + back.at, size);
    return size;
}

/* The content of the next element; what is not written so in DER, comparing finds out. */
static struct kn_span read_element(struct kn_reader *reader, uint8_t tag)
{
    size_t n;

    if (kn_read_u8(reader) != tag)
        kn_reader_fail(reader);
    n = kn_read_u8(reader);
    if (n == 0x81)
        n = kn_read_u8(reader);
    else if (n == 0x82)
        n = kn_read_be16(reader);
    return kn_read_span(reader, n);
}

static enum kn_code read_numbers(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    struct kn_reader reader = kn_reader_of(data), key;
    struct kn_span n, e;

    reader = kn_reader_of(read_element(&reader, TAG_SEQUENCE));
    if (!kn_span_equal(kn_read_span(&reader, sizeof(algorithm)),
                       kn_span(algorithm, sizeof(algorithm))))
        return kn_fail(err, KN_E_SYNTAX, NOT_DER);
    key = kn_reader_of(read_element(&reader, TAG_BIT_STRING));
    (void)kn_read_u8(&key);
    key = kn_reader_of(read_element(&key, TAG_SEQUENCE));
    n = read_element(&key, TAG_INTEGER);
    e = read_element(&key, TAG_INTEGER);
    if (key.failed)
        return kn_fail(err, KN_E_SYNTAX, NOT_DER);
    return kn_rsa_from_numbers(n, e, out, err);
}

static enum kn_code read_public(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    uint8_t again[KN_PUBLIC_KEY_MAX];
    EVP_PKEY *key = NULL;
    enum kn_code rc = read_numbers(data, &key, err);
    size_t n;

    if (rc != KN_OK)
        return rc;
    n = write_public(key, again, sizeof(again));
    if (n > 0 && kn_span_equal(kn_span(again, n), data)) {
        *out = key;
        return KN_OK;
    }
    EVP_PKEY_free(key);
    return n == 0 ? kn_key_refuse(err, kn_libcrypto_failed(KN_E_NO_MEMORY), "")
                  : kn_fail(err, KN_E_SYNTAX, NOT_DER);
}

static enum kn_code read_private(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    BIGNUM *n = NULL, *e = NULL;
    EVP_PKEY *key = NULL;
    enum kn_code rc = kn_key_der_read_private(EVP_PKEY_RSA, data, &key);

    if (rc != KN_OK)
        return kn_key_refuse(err, rc, "the RSA private key is not in DER as PKCS#1 has it");
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
        rc = check_numbers(n, e, err);
    else
        rc = kn_key_refuse(err, kn_libcrypto_failed(KN_E_NO_MEMORY), "");
    BN_free(n);
    BN_free(e);
    if (rc == KN_OK)
        *out = key;
    else
        EVP_PKEY_free(key);
    return rc;
}

const struct kn_key_form kn_key_form_rsa = {
    .name = "RSA",
    .digest = "SHA256",
    .read_public = read_public,
    .read_private = read_private,
    .write_public = write_public,
};
