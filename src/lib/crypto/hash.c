#include "lib/crypto/hash.h"

#include "lib/base/memory.h"
#include "lib/crypto/libcrypto.h"

static void digest(const EVP_MD *md, struct kn_span a, struct kn_span b, uint8_t *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1 ||
        EVP_DigestUpdate(ctx, a.at, a.n) != 1 || EVP_DigestUpdate(ctx, b.at, b.n) != 1 ||
        EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        kn_out_of_memory();
    EVP_MD_CTX_free(ctx);
}

void kn_sha1(struct kn_span bytes, uint8_t out[KN_SHA1_SIZE])
{
    digest(kn_libcrypto()->sha1, bytes, kn_span(NULL, 0), out);
}

void kn_sha256(struct kn_span bytes, uint8_t out[KN_SHA256_SIZE])
{
    digest(kn_libcrypto()->sha256, bytes, kn_span(NULL, 0), out);
}

void kn_sha256_of_two(struct kn_span a, struct kn_span b, uint8_t out[KN_SHA256_SIZE])
{
    digest(kn_libcrypto()->sha256, a, b, out);
}

/* spec: RFC 2104 §2. */
void kn_hmac_sha256(struct kn_span key, struct kn_span bytes, uint8_t out[KN_SHA256_SIZE])
{
    static const uint8_t no_key[1]; /* NULL would mean: the key as it was */
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(kn_libcrypto()->hmac_sha256);
    size_t n = 0;

    if (ctx == NULL || EVP_MAC_init(ctx, key.n > 0 ? key.at : no_key, key.n, NULL) != 1 ||
        EVP_MAC_update(ctx, bytes.at, bytes.n) != 1 ||
        EVP_MAC_final(ctx, out, &n, KN_SHA256_SIZE) != 1)
        kn_out_of_memory();
    EVP_MAC_CTX_free(ctx);
}
