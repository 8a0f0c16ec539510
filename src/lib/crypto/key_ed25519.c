#include "lib/crypto/key_form.h"

enum {
    PUBLIC_SIZE = 32,
    PRIVATE_SIZE = KN_ED25519_PRIVATE_SIZE,
    LEGACY_SIZE = PRIVATE_SIZE + PUBLIC_SIZE, /* the public key twice */
};

static enum kn_code no_memory(struct kn_error *err)
{
    (void)kn_libcrypto_failed(KN_E_NO_MEMORY);
    return kn_fail_no_memory(err);
}

static enum kn_code read_public(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    if (data.n != PUBLIC_SIZE)
        return kn_fail(err, KN_E_SYNTAX, "the Ed25519 public key has %zu bytes, not %d", data.n,
                       PUBLIC_SIZE);
    *out = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, data.at, data.n);
    if (*out == NULL)
        return no_memory(err);
    return KN_OK;
}

static size_t write_public(const EVP_PKEY *key, uint8_t *out, size_t room)
{
    return EVP_PKEY_get_raw_public_key(key, out, &room) == 1 ? room : 0;
}

static EVP_PKEY *private_key(const uint8_t seed[KN_ED25519_SEED_SIZE])
{
    return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, KN_ED25519_SEED_SIZE);
}

/* Does every copy of the public half behind the seed follow from it? */
static bool belongs_together(const EVP_PKEY *key, struct kn_span data)
{
    uint8_t half[PUBLIC_SIZE];

    if (write_public(key, half, sizeof(half)) != sizeof(half))
        return false;
    for (size_t at = KN_ED25519_SEED_SIZE; at < data.n; at += PUBLIC_SIZE) {
        if (memcmp(data.at + at, half, sizeof(half)) != 0)
            return false;
    }
    return true;
}

static enum kn_code read_private(struct kn_span data, EVP_PKEY **out, struct kn_error *err)
{
    EVP_PKEY *key;

    if (data.n != PRIVATE_SIZE && data.n != LEGACY_SIZE)
        return kn_fail(err, KN_E_SYNTAX, "the Ed25519 private key has %zu bytes, not %d or %d",
                       data.n, PRIVATE_SIZE, LEGACY_SIZE);
    key = private_key(data.at);
    if (key == NULL)
        return no_memory(err);
    if (!belongs_together(key, data)) {
        EVP_PKEY_free(key);
        return kn_fail(err, KN_E_INVALID,
                       "the halves of the Ed25519 private key do not belong together");
    }
    *out = key;
    return KN_OK;
}

enum kn_code kn_ed25519_from_seed(const uint8_t seed[KN_ED25519_SEED_SIZE],
                                  uint8_t out[KN_ED25519_PRIVATE_SIZE])
{
    EVP_PKEY *key = private_key(seed);
    bool made = key != NULL && write_public(key, out + KN_ED25519_SEED_SIZE, PUBLIC_SIZE) > 0;

    EVP_PKEY_free(key);
    if (!made)
        return no_memory(NULL);
    memcpy(out, seed, KN_ED25519_SEED_SIZE);
    return KN_OK;
}

const struct kn_key_form kn_key_form_ed25519 = {
    .name = "Ed25519",
    .read_public = read_public,
    .read_private = read_private,
    .write_public = write_public,
};
