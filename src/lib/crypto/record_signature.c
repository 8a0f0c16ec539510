#include "lib/crypto/record_signature.h"

#include <openssl/rsa.h>

#include "lib/codec/base64.h"
#include "lib/codec/reader.h"
#include "lib/crypto/key.h"
#include "lib/crypto/key_form.h"

enum { BLOB_MAX = KN_RECORD_OWNER_MAX / 4 * 3 };

/* A length of 32 bits, then so many bytes. */
static struct kn_span read_string(struct kn_reader *reader)
{
    return kn_read_span(reader, kn_read_be32(reader));
}

/* A number above zero; one with its highest bit set would be negative. spec: RFC 4251 §5 */
static struct kn_span read_mpint(struct kn_reader *reader)
{
    struct kn_span number = read_string(reader);

    if (number.n == 0 || number.at[0] >= 0x80)
        kn_reader_fail(reader);
    return number;
}

/* spec: RFC 4253 §6.6, "ssh-rsa" */
static enum kn_code read_blob(struct kn_span blob, EVP_PKEY **out)
{
    struct kn_reader reader = kn_reader_of(blob);
    struct kn_span name = read_string(&reader);
    struct kn_span e = read_mpint(&reader);
    struct kn_span n = read_mpint(&reader);

    if (!kn_reader_at_end(&reader) || !kn_span_equal(name, kn_span_text("ssh-rsa")))
        return KN_E_SYNTAX;
    return kn_rsa_from_numbers(n, e, out, NULL);
}

static enum kn_code read_owner(struct kn_span owner, EVP_PKEY **out)
{
    static const char head[] = "ssh-rsa ";
    const size_t head_n = sizeof(head) - 1;
    uint8_t blob[BLOB_MAX];
    size_t end = head_n, n = 0;
    enum kn_code rc;

    if (owner.n > KN_RECORD_OWNER_MAX)
        return KN_E_LIMIT;
    if (owner.n < head_n || memcmp(owner.at, head, head_n) != 0)
        return KN_E_SYNTAX;
    while (end < owner.n && owner.at[end] != ' ')
        end++;
    rc = kn_base64_decode(kn_span(owner.at + head_n, end - head_n), blob, sizeof(blob), &n);
    return rc == KN_OK ? read_blob(kn_span(blob, n), out) : rc;
}

static enum kn_code verify(EVP_PKEY *key, struct kn_span message, struct kn_span signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL; /* belongs to ctx */
    enum kn_code rc = KN_OK;

    if (ctx == NULL ||
        EVP_DigestVerifyInit_ex(ctx, &options, "SHA256", NULL, NULL, key, NULL) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_MAX) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(options, "SHA256", NULL) != 1)
        rc = kn_libcrypto_failed(KN_E_NO_MEMORY);
    else if (EVP_DigestVerify(ctx, signature.at, signature.n, message.at, message.n) != 1)
        rc = kn_libcrypto_failed(KN_E_INVALID);
    EVP_MD_CTX_free(ctx);
    return rc;
}

enum kn_code kn_record_signature_verify(struct kn_span owner, struct kn_span message,
                                        struct kn_span signature)
{
    uint8_t bytes[KN_SIGNATURE_MAX];
    EVP_PKEY *key = NULL;
    size_t n = 0;
    enum kn_code rc = kn_base64_decode(signature, bytes, sizeof(bytes), &n);

    if (rc != KN_OK)
        return rc;
    (void)kn_libcrypto();
    rc = read_owner(owner, &key);
    if (rc == KN_OK)
        rc = verify(key, message, kn_span(bytes, n));
    EVP_PKEY_free(key);
    return rc;
}
