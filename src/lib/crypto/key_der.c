#include "lib/crypto/key_der.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

/* Both of libcrypto's writing functions have this shape. */
typedef int write_fn(const EVP_PKEY *key, unsigned char **out);

static enum kn_code compare(write_fn *write, const EVP_PKEY *key, struct kn_span want)
{
    unsigned char *der = NULL;
    int n = write(key, &der);
    enum kn_code rc = KN_OK;

    if (n < 0)
        return kn_libcrypto_failed(KN_E_SYNTAX);
    if (!kn_span_equal(kn_span(der, (size_t)n), want))
        rc = KN_E_SYNTAX;
    OPENSSL_clear_free(der, (size_t)n);
    return rc;
}

/* Takes `key`, NULL included. */
static enum kn_code take(EVP_PKEY *key KN_TAKES, int id, write_fn *write, struct kn_span der,
                         EVP_PKEY **out)
{
    enum kn_code rc = KN_E_SYNTAX;

    if (key == NULL)
        return kn_libcrypto_failed(KN_E_SYNTAX);
    if (EVP_PKEY_get_base_id(key) == id)
        rc = compare(write, key, der);
    (void)kn_libcrypto_failed(rc); /* readers leave what they tried in vain */
    if (rc == KN_OK)
        *out = key;
    else
        EVP_PKEY_free(key);
    return rc;
}

enum kn_code kn_key_der_read_public(int id, struct kn_span der, EVP_PKEY **out)
{
    const unsigned char *at = der.at;

    if (der.n == 0 || der.n > LONG_MAX)
        return KN_E_SYNTAX;
    return take(d2i_PUBKEY_ex(NULL, &at, (long)der.n, NULL, NULL), id, i2d_PUBKEY, der, out);
}

enum kn_code kn_key_der_read_private(int id, struct kn_span der, EVP_PKEY **out)
{
    const unsigned char *at = der.at;

    if (der.n == 0 || der.n > LONG_MAX)
        return KN_E_SYNTAX;
    return take(d2i_PrivateKey_ex(id, NULL, &at, (long)der.n, NULL, NULL), id, i2d_PrivateKey, der,
                out);
}

size_t kn_key_der_write_public(const EVP_PKEY *key, uint8_t *out, size_t room)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    bool fits = n > 0 && (size_t)n <= room;

    if (fits)
        memcpy(out, der, (size_t)n);
    OPENSSL_free(der);
    return fits ? (size_t)n : 0;
}
