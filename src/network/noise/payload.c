#include "network/noise/payload.h"

#include "lib/codec/protobuf.h"

static const char prefix[] = "noise-libp2p-static-key:";

enum { PREFIX_SIZE = sizeof(prefix) - 1, SIGNED_SIZE = PREFIX_SIZE + KN_X25519_SIZE };
enum { IDENTITY_KEY = 1, IDENTITY_SIG = 2, EXTENSIONS = 4, STREAM_MUXERS = 2 };

static struct kn_span what_is_signed(const uint8_t static_key[KN_X25519_SIZE],
                                     uint8_t out[SIGNED_SIZE])
{
    memcpy(out, prefix, PREFIX_SIZE);
    memcpy(out + PREFIX_SIZE, static_key, KN_X25519_SIZE);
    return kn_span(out, SIGNED_SIZE);
}

static void write_muxers(const char *const *muxers, struct kn_buffer *out)
{
    size_t mark;

    if (muxers == NULL || muxers[0] == NULL)
        return;
    mark = kn_pb_begin(out, EXTENSIONS);
    for (size_t i = 0; muxers[i] != NULL; i++)
        kn_pb_write_bytes(out, STREAM_MUXERS, kn_span_text(muxers[i]));
    kn_pb_end(out, mark);
}

enum kn_code kn_noise_payload_write(const struct kn_key *identity,
                                    const uint8_t static_key[KN_X25519_SIZE],
                                    const char *const *muxers, struct kn_buffer *out)
{
    uint8_t message[SIGNED_SIZE];
    struct kn_buffer signature = { 0 };
    enum kn_code rc = kn_key_sign(identity, what_is_signed(static_key, message), &signature);

    if (rc == KN_OK) {
        kn_pb_write_bytes(out, IDENTITY_KEY, kn_key_public(identity));
        kn_pb_write_bytes(out, IDENTITY_SIG, kn_buffer_get(&signature));
        write_muxers(muxers, out);
        if (out->failed)
            rc = KN_E_NO_MEMORY;
    }
    kn_buffer_done(&signature);
    return rc;
}

/* False: too many, or broken. The field may come more than once; its parts are one list then. */
static bool read_extensions(struct kn_span bytes, struct kn_noise_payload *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    while (kn_pb_next(&reader, &field)) {
        if (!kn_pb_is(&field, STREAM_MUXERS, KN_PB_BYTES))
            continue;
        if (out->muxer_count == KN_NOISE_MUXERS_MAX)
            return false;
        out->muxers[out->muxer_count++] = field.bytes;
    }
    return !reader.failed;
}

enum kn_code kn_noise_payload_read(struct kn_span bytes, struct kn_noise_payload *out,
                                   struct kn_error *err)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    *out = (struct kn_noise_payload){ 0 };
    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, IDENTITY_KEY, KN_PB_BYTES))
            out->key = field.bytes;
        else if (kn_pb_is(&field, IDENTITY_SIG, KN_PB_BYTES))
            out->signature = field.bytes;
        else if (kn_pb_is(&field, EXTENSIONS, KN_PB_BYTES) && !read_extensions(field.bytes, out))
            return kn_fail(err, KN_E_PROTOCOL,
                           "noise: the peer's extensions are broken, or name more than %d muxers",
                           KN_NOISE_MUXERS_MAX);
    }
    if (reader.failed)
        return kn_fail(err, KN_E_PROTOCOL, "noise: the peer's payload is broken");
    if (out->key.n == 0 || out->signature.n == 0)
        return kn_fail(err, KN_E_PROTOCOL, "noise: the peer's payload has no %s",
                       out->key.n == 0 ? "identity key" : "signature");
    return KN_OK;
}

enum kn_code kn_noise_payload_verify(const struct kn_noise_payload *payload,
                                     const uint8_t static_key[KN_X25519_SIZE],
                                     struct kn_peer_id *peer, struct kn_error *err)
{
    uint8_t message[SIGNED_SIZE];
    char name[KN_PEER_ID_TEXT_SIZE];
    struct kn_public_key *key = NULL;
    enum kn_code rc = kn_public_key_decode(payload->key, &key, err);

    if (rc == KN_E_NO_MEMORY)
        return rc;
    if (rc != KN_OK) {
        kn_wrap(err, "noise: the peer's identity key");
        if (err != NULL)
            err->code = KN_E_PROTOCOL;
        return KN_E_PROTOCOL;
    }
    kn_public_key_peer_id(key, peer);
    rc = kn_public_key_verify(key, what_is_signed(static_key, message), payload->signature);
    kn_public_key_free(key);
    if (rc == KN_OK)
        return KN_OK;
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    kn_peer_id_print(peer, name);
    return kn_fail(err, KN_E_IDENTITY, "noise: the peer says it is %s but did not sign as that",
                   name);
}

static bool has(const struct kn_noise_payload *theirs, const char *muxer)
{
    for (size_t i = 0; i < theirs->muxer_count; i++) {
        if (kn_span_equal(theirs->muxers[i], kn_span_text(muxer)))
            return true;
    }
    return false;
}

static const char *find(const char *const *ours, struct kn_span muxer)
{
    for (size_t i = 0; ours[i] != NULL; i++) {
        if (kn_span_equal(kn_span_text(ours[i]), muxer))
            return ours[i];
    }
    return NULL;
}

const char *kn_noise_payload_muxer(const struct kn_noise_payload *theirs, enum kn_role our_role,
                                   const char *const *ours)
{
    const char *found = NULL;

    if (ours == NULL)
        return NULL;
    if (our_role == KN_ROLE_DIALER) {
        for (size_t i = 0; ours[i] != NULL; i++) {
            if (has(theirs, ours[i]))
                return ours[i];
        }
        return NULL;
    }
    for (size_t i = 0; i < theirs->muxer_count && found == NULL; i++)
        found = find(ours, theirs->muxers[i]);
    return found;
}
