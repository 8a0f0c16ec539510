#include "lib/crypto/key.h"

#include "lib/base/memory.h"
#include "lib/codec/protobuf.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/key_form.h"
#include "lib/crypto/random.h"

enum {
    FIELD_TYPE = 1,
    FIELD_DATA = 2,
    HEAD_MAX = 2 + 1 + KN_VARINT_MAX, /* bytes in front of the data */
    INLINE_MAX = KN_PEER_ID_MAX - 2,  /* bytes of a key that stands in its peer id */
};

struct kn_public_key {
    enum kn_key_type type;
    EVP_PKEY *pkey;
    struct kn_peer_id id;
};

struct kn_key {
    struct kn_public_key self; /* its pkey has both halves */
    struct kn_buffer public;   /* the protobuf */
    uint8_t *data;             /* the private half as it travels */
    size_t data_n;
};

static const struct kn_key_form *form_of(enum kn_key_type type)
{
    switch (type) {
    case KN_KEY_RSA:
        return &kn_key_form_rsa;
    case KN_KEY_ED25519:
        return &kn_key_form_ed25519;
    case KN_KEY_SECP256K1:
        return &kn_key_form_secp256k1;
    case KN_KEY_ECDSA:
        break;
    }
    return &kn_key_form_ecdsa;
}

const char *kn_key_type_name(enum kn_key_type type)
{
    return form_of(type)->name;
}

/* One type and one data, in either order. spec: libp2p peer-ids, "Keys" */
static bool read_fields(struct kn_span bytes, uint64_t *type, struct kn_span *data)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    unsigned types = 0, datas = 0;

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, FIELD_TYPE, KN_PB_VARINT)) {
            *type = field.value;
            types++;
        } else if (kn_pb_is(&field, FIELD_DATA, KN_PB_BYTES)) {
            *data = field.bytes;
            datas++;
        } else {
            return false;
        }
    }
    return !reader.failed && types == 1 && datas == 1;
}

/* `what` is "public" or "private". */
static enum kn_code split(struct kn_span bytes, size_t max, const char *what,
                          enum kn_key_type *type, struct kn_span *data, struct kn_error *err)
{
    uint64_t number = 0;

    if (bytes.n > max)
        return kn_fail(err, KN_E_LIMIT, "the %s key has %zu bytes; the largest has %zu", what,
                       bytes.n, max);
    if (!read_fields(bytes, &number, data))
        return kn_fail(err, KN_E_SYNTAX, "the %s key is no protobuf of one type and one data",
                       what);
    if (number > KN_KEY_ECDSA)
        return kn_fail(err, KN_E_UNSUPPORTED, "the %s key is of the unknown type %llu", what,
                       (unsigned long long)number);
    *type = (enum kn_key_type)number;
    return KN_OK;
}

static void write_fields(struct kn_buffer *out, enum kn_key_type type, struct kn_span data)
{
    kn_pb_write_varint(out, FIELD_TYPE, (uint64_t)type);
    kn_pb_write_bytes(out, FIELD_DATA, data);
}

/* spec: libp2p peer-ids, "Peer IDs" */
static void make_id(enum kn_key_type type, struct kn_span encoded, struct kn_peer_id *out)
{
    *out = (struct kn_peer_id){ .kind = KN_PEER_ID_HASHED };
    if (encoded.n <= INLINE_MAX) {
        out->kind = type == KN_KEY_ED25519 ? KN_PEER_ID_ED25519 : KN_PEER_ID_SECP256K1;
        out->bytes[1] = (uint8_t)encoded.n;
        memcpy(out->bytes + 2, encoded.at, encoded.n);
        out->n = (uint8_t)(encoded.n + 2);
        return;
    }
    out->bytes[0] = 0x12; /* sha2-256 */
    out->bytes[1] = KN_SHA256_SIZE;
    kn_sha256(encoded, out->bytes + 2);
    out->n = KN_SHA256_SIZE + 2;
}

/* Write the public half of `key` to `out` and name the key by that. */
static enum kn_code settle(struct kn_public_key *key, struct kn_buffer *out, struct kn_error *err)
{
    uint8_t data[KN_PUBLIC_KEY_MAX];
    size_t n = form_of(key->type)->write_public(key->pkey, data, sizeof(data));

    if (n > 0)
        write_fields(out, key->type, kn_span(data, n));
    if (n == 0 || out->failed) {
        (void)kn_libcrypto_failed(KN_E_NO_MEMORY);
        return kn_fail_no_memory(err);
    }
    make_id(key->type, kn_buffer_get(out), &key->id);
    return KN_OK;
}

enum kn_code kn_public_key_decode(struct kn_span bytes, struct kn_public_key **out,
                                  struct kn_error *err)
{
    struct kn_public_key *key = kn_try_alloc(sizeof(*key));
    struct kn_buffer encoded = { 0 };
    struct kn_span data = { NULL, 0 };
    enum kn_code rc;

    (void)kn_libcrypto();
    if (key == NULL)
        return kn_fail_no_memory(err);
    rc = split(bytes, KN_PUBLIC_KEY_MAX, "public", &key->type, &data, err);
    if (rc == KN_OK)
        rc = form_of(key->type)->read_public(data, &key->pkey, err);
    if (rc == KN_OK)
        rc = settle(key, &encoded, err);
    kn_buffer_done(&encoded);
    if (rc == KN_OK)
        *out = key;
    else
        kn_public_key_free(key);
    return rc;
}

void kn_public_key_free(struct kn_public_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    kn_free(key);
}

enum kn_key_type kn_public_key_type(const struct kn_public_key *key)
{
    return key->type;
}

void kn_public_key_peer_id(const struct kn_public_key *key, struct kn_peer_id *out)
{
    *out = key->id;
}

enum kn_code kn_public_key_verify(const struct kn_public_key *key, struct kn_span message,
                                  struct kn_span signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, form_of(key->type)->digest, NULL, NULL,
                                        key->pkey, NULL) == 1 &&
                EVP_DigestVerify(ctx, signature.at, signature.n, message.at, message.n) == 1;

    EVP_MD_CTX_free(ctx);
    if (good)
        return KN_OK;
    (void)kn_libcrypto_failed(KN_E_INVALID);
    return KN_E_INVALID;
}

/* A pair that does not fit gives signatures that every peer refuses: better to know it here. */
static enum kn_code check_pair(const struct kn_key *key, struct kn_error *err)
{
    struct kn_span message = kn_buffer_get(&key->public);
    struct kn_buffer signature = { 0 };
    enum kn_code rc = kn_key_sign(key, message, &signature);

    if (rc == KN_OK &&
        kn_public_key_verify(&key->self, message, kn_buffer_get(&signature)) != KN_OK)
        rc = KN_E_INVALID;
    kn_buffer_done(&signature);
    if (rc == KN_E_INVALID)
        return kn_fail(err, rc, "the halves of the %s private key do not belong together",
                       kn_key_type_name(key->self.type));
    return rc == KN_OK ? KN_OK : kn_fail_no_memory(err);
}

/* `data` as a key; of the legacy form of Ed25519 the second public half is left out. */
static enum kn_code load(struct kn_key *key, struct kn_span data, struct kn_error *err)
{
    enum kn_code rc = form_of(key->self.type)->read_private(data, &key->self.pkey, err);

    if (rc != KN_OK)
        return rc;
    rc = settle(&key->self, &key->public, err);
    if (rc != KN_OK)
        return rc;
    if (key->self.type == KN_KEY_ED25519)
        data.n = KN_ED25519_PRIVATE_SIZE;
    key->data = kn_try_alloc(data.n);
    if (key->data == NULL)
        return kn_fail_no_memory(err);
    if (data.at != NULL)
        memcpy(key->data, data.at, data.n);
    key->data_n = data.n;
    return check_pair(key, err);
}

static enum kn_code make(enum kn_key_type type, struct kn_span data, struct kn_key **out,
                         struct kn_error *err)
{
    struct kn_key *key = kn_try_alloc(sizeof(*key));
    enum kn_code rc;

    (void)kn_libcrypto();
    if (key == NULL)
        return kn_fail_no_memory(err);
    key->self.type = type;
    rc = load(key, data, err);
    if (rc == KN_OK)
        *out = key;
    else
        kn_key_free(key);
    return rc;
}

enum kn_code kn_key_decode(struct kn_span bytes, struct kn_key **out, struct kn_error *err)
{
    enum kn_key_type type = KN_KEY_RSA;
    struct kn_span data = { NULL, 0 };
    enum kn_code rc = split(bytes, KN_PRIVATE_KEY_MAX, "private", &type, &data, err);

    return rc == KN_OK ? make(type, data, out, err) : rc;
}

enum kn_code kn_key_new(const struct kn_random *random, struct kn_key **out)
{
    uint8_t seed[KN_ED25519_SEED_SIZE], data[KN_ED25519_PRIVATE_SIZE];
    enum kn_code rc;

    (void)kn_libcrypto();
    kn_random_fill(random, seed, sizeof(seed));
    rc = kn_ed25519_from_seed(seed, data);
    if (rc == KN_OK)
        rc = make(KN_KEY_ED25519, kn_span(data, sizeof(data)), out, NULL);
    kn_wipe(seed, sizeof(seed));
    kn_wipe(data, sizeof(data));
    return rc;
}

void kn_key_encode(const struct kn_key *key, struct kn_buffer *out)
{
    size_t before = out->n;

    /* All the room at once: a buffer that grows leaves its bytes in the memory it gives back. */
    (void)kn_buffer_extend(out, key->data_n + HEAD_MAX);
    kn_buffer_cut(out, before);
    write_fields(out, key->self.type, kn_span(key->data, key->data_n));
}

void kn_key_free(struct kn_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->self.pkey); /* wipes what it holds */
    kn_buffer_done(&key->public);
    if (key->data != NULL)
        kn_wipe(key->data, key->data_n);
    kn_free(key->data);
    kn_free(key);
}

enum kn_key_type kn_key_type(const struct kn_key *key)
{
    return key->self.type;
}

const struct kn_peer_id *kn_key_peer_id(const struct kn_key *key)
{
    return &key->self.id;
}

struct kn_span kn_key_public(const struct kn_key *key)
{
    return kn_buffer_get(&key->public);
}

enum kn_code kn_key_sign(const struct kn_key *key, struct kn_span message, struct kn_buffer *out)
{
    uint8_t signature[KN_SIGNATURE_MAX];
    size_t n = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool made = ctx != NULL &&
                EVP_DigestSignInit_ex(ctx, NULL, form_of(key->self.type)->digest, NULL, NULL,
                                      key->self.pkey, NULL) == 1 &&
                EVP_DigestSign(ctx, signature, &n, message.at, message.n) == 1;

    EVP_MD_CTX_free(ctx);
    if (!made)
        return kn_libcrypto_failed(KN_E_INVALID);
    kn_buffer_add(out, signature, n);
    return out->failed ? KN_E_NO_MEMORY : KN_OK;
}
