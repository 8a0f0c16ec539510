#include "network/noise/symmetric.h"

#include "lib/crypto/random.h"

/* As long as a hash, so it needs no hashing to begin with. */
static const char protocol[] = "Noise_XX_25519_ChaChaPoly_SHA256";

/* spec: noise §4.3, for two outputs. */
static void derive(const uint8_t chaining_key[KN_SHA256_SIZE], struct kn_span secret,
                   uint8_t first[KN_SHA256_SIZE], uint8_t second[KN_SHA256_SIZE])
{
    uint8_t temporary[KN_SHA256_SIZE] = { 0 }, input[KN_SHA256_SIZE + 1];
    struct kn_span key = kn_span(temporary, sizeof(temporary));

    kn_hmac_sha256(kn_span(chaining_key, KN_SHA256_SIZE), secret, temporary);
    kn_hmac_sha256(key, kn_span("\1", 1), first);
    memcpy(input, first, KN_SHA256_SIZE);
    input[KN_SHA256_SIZE] = 2;
    kn_hmac_sha256(key, kn_span(input, sizeof(input)), second);
    kn_wipe(temporary, sizeof(temporary));
    kn_wipe(input, sizeof(input));
}

void kn_noise_symmetric_start(struct kn_noise_symmetric *s, struct kn_span prologue)
{
    *s = (struct kn_noise_symmetric){ 0 };
    memcpy(s->hash, protocol, KN_SHA256_SIZE);
    memcpy(s->chaining_key, protocol, KN_SHA256_SIZE);
    kn_noise_mix_hash(s, prologue);
}

void kn_noise_symmetric_done(struct kn_noise_symmetric *s)
{
    kn_noise_cipher_done(&s->cipher);
    kn_wipe(s, sizeof(*s));
}

void kn_noise_mix_hash(struct kn_noise_symmetric *s, struct kn_span bytes)
{
    uint8_t next[KN_SHA256_SIZE];

    kn_sha256_of_two(kn_span(s->hash, sizeof(s->hash)), bytes, next);
    memcpy(s->hash, next, sizeof(next));
}

enum kn_code kn_noise_mix_key(struct kn_noise_symmetric *s, struct kn_span secret)
{
    uint8_t next[KN_SHA256_SIZE], key[KN_SHA256_SIZE];
    enum kn_code rc;

    derive(s->chaining_key, secret, next, key);
    memcpy(s->chaining_key, next, sizeof(next));
    rc = kn_noise_cipher_set_key(&s->cipher, key);
    kn_wipe(next, sizeof(next));
    kn_wipe(key, sizeof(key));
    return rc;
}

size_t kn_noise_tag_size(const struct kn_noise_symmetric *s)
{
    return s->cipher.aead != NULL ? KN_AEAD_TAG_SIZE : 0;
}

enum kn_code kn_noise_encrypt_and_hash(struct kn_noise_symmetric *s, struct kn_span plain,
                                       struct kn_buffer *out)
{
    size_t n = plain.n + kn_noise_tag_size(s);
    uint8_t *at;
    enum kn_code rc = KN_OK;

    if (n == 0) { /* no key and nothing to say: an empty text is hashed all the same */
        kn_noise_mix_hash(s, plain);
        return KN_OK;
    }
    at = kn_buffer_extend(out, n);
    if (at == NULL)
        return KN_E_NO_MEMORY;
    if (s->cipher.aead == NULL)
        memcpy(at, plain.at, plain.n);
    else
        rc = kn_noise_cipher_seal(&s->cipher, kn_span(s->hash, sizeof(s->hash)), plain, at);
    kn_noise_mix_hash(s, kn_span(at, n));
    return rc;
}

static enum kn_code decrypt(struct kn_noise_symmetric *s, struct kn_span sealed,
                            struct kn_buffer *out)
{
    size_t tag = kn_noise_tag_size(s), before = out->n;
    uint8_t nothing[1], *at = nothing;
    enum kn_code rc;

    if (sealed.n < tag)
        return KN_E_INVALID;
    if (sealed.n > tag)
        at = kn_buffer_extend(out, sealed.n - tag);
    if (at == NULL)
        return KN_E_NO_MEMORY;
    if (tag == 0) {
        if (sealed.n > 0)
            memcpy(at, sealed.at, sealed.n);
        return KN_OK;
    }
    rc = kn_noise_cipher_open(&s->cipher, kn_span(s->hash, sizeof(s->hash)), sealed, at);
    if (rc != KN_OK)
        kn_buffer_cut(out, before);
    return rc;
}

enum kn_code kn_noise_decrypt_and_hash(struct kn_noise_symmetric *s, struct kn_span sealed,
                                       struct kn_buffer *out)
{
    enum kn_code rc = decrypt(s, sealed, out);

    kn_noise_mix_hash(s, sealed);
    return rc;
}

enum kn_code kn_noise_split(const struct kn_noise_symmetric *s, struct kn_noise_cipher *dialers,
                            struct kn_noise_cipher *listeners)
{
    uint8_t first[KN_SHA256_SIZE], second[KN_SHA256_SIZE];
    enum kn_code rc;

    derive(s->chaining_key, kn_span(NULL, 0), first, second);
    rc = kn_noise_cipher_set_key(dialers, first);
    if (rc == KN_OK)
        rc = kn_noise_cipher_set_key(listeners, second);
    kn_wipe(first, sizeof(first));
    kn_wipe(second, sizeof(second));
    return rc;
}
