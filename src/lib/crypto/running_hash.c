#include "lib/crypto/running_hash.h"

#include "lib/base/memory.h"
#include "lib/crypto/libcrypto.h"

struct kn_running_hash {
    EVP_MD_CTX *ctx;
};

struct kn_running_hash *kn_running_hash_new(void)
{
    struct kn_running_hash *hash = kn_try_alloc(sizeof(*hash));

    if (hash == NULL)
        return NULL;
    hash->ctx = EVP_MD_CTX_new();
    if (hash->ctx == NULL || EVP_DigestInit_ex2(hash->ctx, kn_libcrypto()->sha256, NULL) != 1) {
        kn_running_hash_free(hash);
        return NULL;
    }
    return hash;
}

void kn_running_hash_free(struct kn_running_hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->ctx);
    kn_free(hash);
}

/* What a context has been made for once needs no more memory; as in hash.c, these cannot fail. */
void kn_running_hash_clear(struct kn_running_hash *hash)
{
    if (EVP_DigestInit_ex2(hash->ctx, kn_libcrypto()->sha256, NULL) != 1)
        kn_out_of_memory();
}

void kn_running_hash_add(struct kn_running_hash *hash, struct kn_span bytes)
{
    if (EVP_DigestUpdate(hash->ctx, bytes.at, bytes.n) != 1)
        kn_out_of_memory();
}

void kn_running_hash_end(struct kn_running_hash *hash, uint8_t out[KN_SHA256_SIZE])
{
    if (EVP_DigestFinal_ex(hash->ctx, out, NULL) != 1)
        kn_out_of_memory();
}
