#include "lib/codec/peer_id.h"

#include <string.h>

#include "lib/codec/base58.h"

enum {
    HASHED_SIZE = 34,
    HASHED_TEXT = 46, /* characters of every "Qm" id */
    ED25519_TEXT = 52,
    SECP256K1_TEXT = 53,
    CID_BYTES_MAX = KN_PEER_ID_MAX + 2,
};

/* What comes before the key or hash itself: multihash code and length, then the key's protobuf. */
static const uint8_t hashed_head[] = { 0x12, 0x20 };
static const uint8_t ed25519_head[] = { 0x00, 0x24, 0x08, 0x01, 0x12, 0x20 };
static const uint8_t secp256k1_head[] = { 0x00, 0x25, 0x08, 0x02, 0x12, 0x21 };
static const uint8_t cid_head[] = { 0x01, 0x72 }; /* version 1, libp2p-key */

static const struct {
    enum kn_peer_id_kind kind;
    const uint8_t *head;
    size_t head_n, size;
} kinds[] = {
    { KN_PEER_ID_HASHED, hashed_head, sizeof(hashed_head), HASHED_SIZE },
    { KN_PEER_ID_ED25519, ed25519_head, sizeof(ed25519_head), sizeof(ed25519_head) + 32 },
    { KN_PEER_ID_SECP256K1, secp256k1_head, sizeof(secp256k1_head), sizeof(secp256k1_head) + 33 },
};

/* An identity multihash, of which the first two bytes are there: why its key is none of ours. */
static enum kn_code refuse_inline(const uint8_t *bytes, size_t n, struct kn_error *err)
{
    static const char *const types[] = { "RSA", "Ed25519", "secp256k1", "ECDSA" };

    if (bytes[1] != n - 2)
        return kn_fail(err, KN_E_SYNTAX, "announces %u bytes of key and has %zu", bytes[1], n - 2);
    if (n < 6 || bytes[2] != 0x08 || bytes[4] != 0x12)
        return kn_fail(err, KN_E_SYNTAX, "contains no public key");
    if (bytes[3] >= KN_COUNT(types))
        return kn_fail(err, KN_E_UNSUPPORTED, "has a key of the unknown type %u", bytes[3]);
    if (bytes[3] == 0 || bytes[3] == 3)
        return kn_fail(err, KN_E_SYNTAX, "contains an %s key, which has to be hashed",
                       types[bytes[3]]);
    return kn_fail(err, KN_E_SYNTAX, "contains the %s key in %zu bytes, not %d", types[bytes[3]],
                   n - 6, bytes[3] == 1 ? 32 : 33);
}

enum kn_code kn_peer_id_from_bytes(const uint8_t *bytes, size_t n, struct kn_peer_id *out,
                                   struct kn_error *err)
{
    for (size_t i = 0; i < KN_COUNT(kinds); i++) {
        if (n != kinds[i].size || memcmp(bytes, kinds[i].head, kinds[i].head_n) != 0)
            continue;
        if (kinds[i].kind == KN_PEER_ID_SECP256K1 && (bytes[6] | 1) != 3)
            return kn_fail(err, KN_E_SYNTAX, "contains a secp256k1 key that is not compressed");
        *out = (struct kn_peer_id){ .kind = kinds[i].kind, .n = (uint8_t)n };
        memcpy(out->bytes, bytes, n);
        return KN_OK;
    }
    if (n < 2)
        return kn_fail(err, KN_E_SYNTAX, "is too short");
    if (bytes[0] == 0)
        return refuse_inline(bytes, n, err);
    if (bytes[0] == hashed_head[0])
        return kn_fail(err, KN_E_SYNTAX,
                       "announces a hash of %u bytes and has %zu; both must be 32", bytes[1],
                       n - 2);
    return kn_fail(err, KN_E_UNSUPPORTED, "is no sha2-256 multihash and contains no key");
}

/* Lower case base32 without padding (RFC 4648 §6); false for anything else or more than `room`. */
static bool base32_decode(const char *text, size_t n, uint8_t *out, size_t room, size_t *out_n)
{
    unsigned bits = 0, held = 0;
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned digit;

        if (text[i] >= 'a' && text[i] <= 'z')
            digit = (unsigned)(text[i] - 'a');
        else if (text[i] >= '2' && text[i] <= '7')
            digit = (unsigned)(text[i] - '2') + 26;
        else
            return false;
        bits = (bits << 5 | digit) & 0xfff;
        held += 5;
        if (held >= 8) {
            if (used == room)
                return false;
            held -= 8;
            out[used++] = (uint8_t)(bits >> held & 0xff);
        }
    }
    *out_n = used;
    return held < 5 && (bits & ((1u << held) - 1)) == 0;
}

static enum kn_code parse_cid(const char *text, size_t n, struct kn_peer_id *out,
                              struct kn_error *err)
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t bytes_n = 0;

    if (!base32_decode(text + 1, n - 1, bytes, sizeof(bytes), &bytes_n))
        return kn_fail(err, KN_E_SYNTAX, "is not base32");
    if (bytes_n < sizeof(cid_head) || memcmp(bytes, cid_head, sizeof(cid_head)) != 0)
        return kn_fail(err, KN_E_UNSUPPORTED, "is a cid, but not of a libp2p key");
    return kn_peer_id_from_bytes(bytes + sizeof(cid_head), bytes_n - sizeof(cid_head), out, err);
}

/* The characters an id has that starts as `text` does; 0 when the start does not tell. */
static size_t expected_length(const char *text, size_t n)
{
    if (n >= 2 && memcmp(text, "Qm", 2) == 0)
        return HASHED_TEXT;
    if (n >= 8 && memcmp(text, "12D3KooW", 8) == 0)
        return ED25519_TEXT;
    if (n >= 8 && memcmp(text, "16Uiu2HA", 8) == 0)
        return SECP256K1_TEXT;
    return 0;
}

static enum kn_code parse_base58(const char *text, size_t n, struct kn_peer_id *out,
                                 struct kn_error *err)
{
    size_t good = kn_base58_span(text, n), want = expected_length(text, n), bytes_n = 0;
    uint8_t bytes[KN_PEER_ID_MAX];

    if (good < n) {
        enum kn_code rc = kn_fail(err, KN_E_SYNTAX, "is not base58");

        kn_hint(err, "Base58 has no \"%c\", the character %zu of the peer id.", text[good],
                good + 1);
        return rc;
    }
    if (want != 0 && n != want) {
        enum kn_code rc = kn_fail(err, KN_E_SYNTAX, "has %zu characters, not %zu", n, want);

        kn_hint(err, "Look whether the peer id was copied whole.");
        return rc;
    }
    if (text[0] != '1' && want == 0) {
        enum kn_code rc = kn_fail(err, KN_E_SYNTAX, "does not begin as a peer id does");

        kn_hint(err, "A peer id begins with \"Qm\", \"12D3KooW\", \"16Uiu2HA\" or \"bafz\".");
        return rc;
    }
    if (kn_base58_decode(text, n, bytes, sizeof(bytes), &bytes_n) != KN_OK)
        return kn_fail(err, KN_E_LIMIT, "has more than %d bytes", KN_PEER_ID_MAX);
    return kn_peer_id_from_bytes(bytes, bytes_n, out, err);
}

enum kn_code kn_peer_id_parse(const char *text, size_t n, struct kn_peer_id *out,
                              struct kn_error *err)
{
    enum kn_code rc;

    if (n == 0)
        return kn_fail(err, KN_E_SYNTAX, "the peer id is empty");
    if (n > KN_PEER_ID_TEXT_MAX)
        return kn_fail(err, KN_E_LIMIT, "a peer id of %zu characters; the longest has %d", n,
                       KN_PEER_ID_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return kn_fail(err, KN_E_SYNTAX, "the byte 0x%02x at %zu of the peer id is not base58",
                           (unsigned char)text[i], i + 1);
    }
    rc = text[0] == 'b' ? parse_cid(text, n, out, err) : parse_base58(text, n, out, err);
    if (rc != KN_OK && err != NULL) {
        char reason[KN_ERROR_TEXT_SIZE], hint[KN_ERROR_HINT_SIZE];

        memcpy(reason, err->text, sizeof(reason));
        memcpy(hint, err->hint, sizeof(hint));
        rc = kn_fail(err, rc, "peer id \"%.*s\" %s", (int)n, text, reason);
        kn_hint(err, "%s", hint);
    }
    return rc;
}

void kn_peer_id_print(const struct kn_peer_id *id, char out[KN_PEER_ID_TEXT_SIZE])
{
    if (kn_base58_encode(id->bytes, id->n, out, KN_PEER_ID_TEXT_SIZE) != KN_OK)
        out[0] = '\0';
}

bool kn_peer_id_equal(const struct kn_peer_id *a, const struct kn_peer_id *b)
{
    return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}
