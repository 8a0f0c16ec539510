/*
 * Property: the verdict is the same with or without an error to fill; what is refused has a reason
 * and gives no key. A key that is taken has the id of the very data that was read, so that no two
 * encodings give one id: but for points of secp256k1 written whole, which count as compressed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/protobuf.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* The data of a protobuf that was taken. */
static struct kn_span data_of(struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, 2, KN_PB_BYTES))
            return field.bytes;
    }
    abort();
}

/* The id that the key has by its own data, computed the slow way. */
static void expect_id(enum kn_key_type type, struct kn_span data, struct kn_peer_id *out)
{
    struct kn_buffer encoded = { 0 };
    struct kn_error err = { 0 };
    uint8_t bytes[KN_PEER_ID_MAX] = { 0x12, KN_SHA256_SIZE };
    size_t n = 2 + KN_SHA256_SIZE;

    kn_pb_write_varint(&encoded, 1, (uint64_t)type);
    kn_pb_write_bytes(&encoded, 2, data);
    if (type == KN_KEY_ED25519 || type == KN_KEY_SECP256K1) {
        n = 2 + encoded.n;
        bytes[0] = 0;
        bytes[1] = (uint8_t)encoded.n;
        memcpy(bytes + 2, kn_buffer_get(&encoded).at, encoded.n);
    } else {
        kn_sha256(kn_buffer_get(&encoded), bytes + 2);
    }
    require(kn_peer_id_from_bytes(bytes, n, out, &err) == KN_OK);
    kn_buffer_done(&encoded);
}

static void check_key(const struct kn_public_key *key, struct kn_span bytes)
{
    enum kn_key_type type = kn_public_key_type(key);
    struct kn_span data = data_of(bytes);
    uint8_t compressed[33];
    struct kn_peer_id id, want;

    if (type == KN_KEY_SECP256K1 && data.n == 65) {
        compressed[0] = (uint8_t)(2 | (data.at[64] & 1));
        memcpy(compressed + 1, data.at + 1, 32);
        data = kn_span(compressed, sizeof(compressed));
    }
    kn_public_key_peer_id(key, &id);
    expect_id(type, data, &want);
    require(id.kind == want.kind && kn_peer_id_equal(&id, &want));
    require(kn_public_key_verify(key, bytes, bytes) == KN_E_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_public_key *key = NULL, *again = NULL;
    struct kn_error err = { 0 };
    struct kn_span bytes = { data, size };
    enum kn_code rc = kn_public_key_decode(bytes, &key, &err);

    require(kn_public_key_decode(bytes, &again, NULL) == rc);
    require((rc == KN_OK) == (key != NULL) && (rc == KN_OK) == (err.text[0] == '\0'));
    require((rc == KN_E_LIMIT) == (size > KN_PUBLIC_KEY_MAX));
    if (rc == KN_OK)
        check_key(key, bytes);
    kn_public_key_free(key);
    kn_public_key_free(again);
    return 0;
}
