#include "lib/crypto/aead.h"

#include <limits.h>
#include <openssl/core_names.h>

#include "lib/base/memory.h"
#include "lib/crypto/libcrypto.h"
#include "lib/crypto/random.h"

enum { NONCE_SIZE = 12, NONCE_ZEROS = 4, OPEN = 0, SEAL = 1 };

/* The context keeps the key; a message sets nothing but its nonce and direction. */
struct kn_aead {
    EVP_CIPHER_CTX *ctx;
};

struct kn_aead *kn_aead_new(const uint8_t key[KN_AEAD_KEY_SIZE])
{
    struct kn_aead *aead = kn_try_alloc(sizeof(*aead));

    if (aead == NULL)
        return NULL;
    aead->ctx = EVP_CIPHER_CTX_new();
    if (aead->ctx == NULL || EVP_CipherInit_ex2(aead->ctx, kn_libcrypto()->chacha20_poly1305, key,
                                                NULL, SEAL, NULL) != 1) {
        kn_aead_free(aead);
        return NULL;
    }
    return aead;
}

void kn_aead_free(struct kn_aead *aead)
{
    if (aead == NULL)
        return;
    EVP_CIPHER_CTX_free(aead->ctx); /* wipes what it holds */
    kn_free(aead);
}

/* Straight to the cipher: on its way EVP_CIPHER_CTX_ctrl() costs as much as a short message. */
static OSSL_PARAM tag_at(uint8_t *tag)
{
    return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, KN_AEAD_TAG_SIZE);
}

/* spec: noise, revision 34, §12.3: 32 bits of zeros, then the number, little endian. `tag`: what
 * the message must have when it is opened; else NULL. */
static bool begin(struct kn_aead *aead, int direction, uint64_t nonce, struct kn_span ad,
                  uint8_t *tag)
{
    OSSL_PARAM params[] = { tag_at(tag), OSSL_PARAM_construct_end() };
    uint8_t iv[NONCE_SIZE] = { 0 };
    int n = 0;

    for (unsigned i = NONCE_ZEROS; i < NONCE_SIZE; i++, nonce >>= 8)
        iv[i] = (uint8_t)(nonce & 0xff);
    return EVP_CipherInit_ex2(aead->ctx, NULL, NULL, iv, direction, tag != NULL ? params : NULL) ==
               1 &&
           (ad.n == 0 || EVP_CipherUpdate(aead->ctx, NULL, &n, ad.at, (int)ad.n) == 1);
}

static bool cipher(struct kn_aead *aead, struct kn_span from, uint8_t *out)
{
    int n = 0;

    return from.n == 0 || EVP_CipherUpdate(aead->ctx, out, &n, from.at, (int)from.n) == 1;
}

enum kn_code kn_aead_seal(struct kn_aead *aead, uint64_t nonce, struct kn_span ad,
                          struct kn_span plain, uint8_t *out)
{
    OSSL_PARAM params[] = { tag_at(out + plain.n), OSSL_PARAM_construct_end() };
    uint8_t none[KN_AEAD_TAG_SIZE];
    int n = 0;

    if (plain.n > INT_MAX || ad.n > INT_MAX)
        return KN_E_LIMIT;
    if (!begin(aead, SEAL, nonce, ad, NULL) || !cipher(aead, plain, out) ||
        EVP_CipherFinal_ex(aead->ctx, none, &n) != 1 ||
        EVP_CIPHER_CTX_get_params(aead->ctx, params) != 1)
        return kn_libcrypto_failed(KN_E_NO_MEMORY);
    return KN_OK;
}

enum kn_code kn_aead_open(struct kn_aead *aead, uint64_t nonce, struct kn_span ad,
                          struct kn_span sealed, uint8_t *out)
{
    uint8_t tag[KN_AEAD_TAG_SIZE], rest[KN_AEAD_TAG_SIZE];
    struct kn_span text;
    int n = 0;

    if (sealed.n < KN_AEAD_TAG_SIZE)
        return KN_E_INVALID;
    if (sealed.n > INT_MAX || ad.n > INT_MAX)
        return KN_E_LIMIT;
    text = kn_span(sealed.at, sealed.n - KN_AEAD_TAG_SIZE);
    memcpy(tag, sealed.at + text.n, sizeof(tag));
    if (begin(aead, OPEN, nonce, ad, tag) && cipher(aead, text, out) &&
        EVP_CipherFinal_ex(aead->ctx, rest, &n) == 1)
        return KN_OK;
    kn_wipe(out, text.n); /* deciphered, but nobody vouches for it */
    return kn_libcrypto_failed(KN_E_INVALID);
}
