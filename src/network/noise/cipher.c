#include "network/noise/cipher.h"

/* spec: noise §5.1: the last number is not for messages. */
#define NONCE_END UINT64_MAX

enum kn_code kn_noise_cipher_set_key(struct kn_noise_cipher *cipher,
                                     const uint8_t key[KN_AEAD_KEY_SIZE])
{
    kn_noise_cipher_done(cipher);
    cipher->aead = kn_aead_new(key);
    return cipher->aead != NULL ? KN_OK : KN_E_NO_MEMORY;
}

void kn_noise_cipher_done(struct kn_noise_cipher *cipher)
{
    kn_aead_free(cipher->aead);
    *cipher = (struct kn_noise_cipher){ 0 };
}

enum kn_code kn_noise_cipher_seal(struct kn_noise_cipher *cipher, struct kn_span ad,
                                  struct kn_span plain, uint8_t *out)
{
    if (cipher->nonce == NONCE_END)
        return KN_E_LIMIT;
    return kn_aead_seal(cipher->aead, cipher->nonce++, ad, plain, out);
}

enum kn_code kn_noise_cipher_open(struct kn_noise_cipher *cipher, struct kn_span ad,
                                  struct kn_span sealed, uint8_t *out)
{
    if (cipher->nonce == NONCE_END)
        return KN_E_LIMIT;
    return kn_aead_open(cipher->aead, cipher->nonce++, ad, sealed, out);
}
