#include "lib/crypto/key.h"

#include "lib/codec/protobuf.h"
#include "support/fuse.h"
#include "support/hex.h"
#include "support/vectors.h"

#define SEED_A "7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"
#define PUBLIC_A "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"

static struct kn_key *key_of(const char *name, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;

    CHECK_EQ(name, kn_key_decode(bytes, &key, &err), KN_OK);
    hex_done(bytes);
    return key;
}

static struct kn_public_key *public_of(const char *name, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_error err = { 0 };
    struct kn_public_key *key = NULL;

    CHECK_EQ(name, kn_public_key_decode(bytes, &key, &err), KN_OK);
    hex_done(bytes);
    return key;
}

static void check_private_half(const json_t *row, struct kn_span message)
{
    const char *name = vectors_text(row, "name");
    struct kn_key *key = key_of(name, vectors_text(row, "private"));
    struct kn_public_key *public = public_of(name, vectors_text(row, "public"));
    const struct kn_peer_id *id = kn_key_peer_id(key);
    struct kn_buffer encoded = { 0 }, signature = { 0 };

    CHECK_STR(name, kn_key_type_name(kn_key_type(key)), vectors_text(row, "type"));
    CHECK_HEX(name, kn_key_public(key), vectors_text(row, "public"));
    CHECK_HEX(name, kn_span(id->bytes, id->n), vectors_text(row, "peer_id"));
    kn_key_encode(key, &encoded);
    CHECK_HEX(name, kn_buffer_get(&encoded), vectors_text(row, "private"));
    CHECK_EQ(name, kn_key_sign(key, message, &signature), KN_OK);
    CHECK_EQ(name, kn_public_key_verify(public, message, kn_buffer_get(&signature)), KN_OK);
    if (json_is_true(json_object_get(row, "deterministic_signature")))
        CHECK_HEX(name, kn_buffer_get(&signature), vectors_text(row, "signature"));
    kn_buffer_done(&encoded);
    kn_buffer_done(&signature);
    kn_public_key_free(public);
    kn_key_free(key);
}

static void check_public_half(const json_t *row, struct kn_span message)
{
    const char *name = vectors_text(row, "name");
    struct kn_public_key *key = public_of(name, vectors_text(row, "public"));
    struct kn_span signature = hex_bytes(vectors_text(row, "signature"));
    struct kn_peer_id id, parsed;
    struct kn_error err = { 0 };
    char text[KN_PEER_ID_TEXT_SIZE];

    CHECK_STR(name, kn_key_type_name(kn_public_key_type(key)), vectors_text(row, "type"));
    kn_public_key_peer_id(key, &id);
    CHECK_HEX(name, kn_span(id.bytes, id.n), vectors_text(row, "peer_id"));
    kn_peer_id_print(&id, text);
    CHECK_STR(name, text, vectors_text(row, "base58"));
    CHECK_EQ(name, kn_peer_id_from_bytes(id.bytes, id.n, &parsed, &err), KN_OK);
    CHECK_EQ(name, id.kind, parsed.kind);
    CHECK_EQ(name, kn_public_key_verify(key, message, signature), KN_OK);
    CHECK_EQ(name, kn_public_key_verify(key, kn_span(message.at, message.n - 1), signature),
             KN_E_INVALID);
    for (size_t n = 0; n < signature.n; n++)
        CHECK_EQ(name, kn_public_key_verify(key, message, kn_span(signature.at, n)), KN_E_INVALID);
    CHECK_EQ(name, kn_public_key_verify(key, message, kn_span(NULL, 0)), KN_E_INVALID);
    hex_done(signature);
    kn_public_key_free(key);
}

static void keys_of_go_are_the_same_keys_here(void **state)
{
    json_t *rows = vectors_list("keys.json", "keys"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        struct kn_span message = hex_bytes(vectors_text(row, "message"));

        check_private_half(row, message);
        check_public_half(row, message);
        hex_done(message);
    }
    vectors_done(rows);
}

/* Ours is KN_OK where go has no "err", but for a pair that go does not look into. */
static void check_edge(const json_t *row)
{
    const char *name = vectors_text(row, "note"), *kind = vectors_text(row, "kind");
    const json_t *go = json_object_get(row, "go");
    bool good = json_object_get(go, "err") == NULL && strstr(name, "halves differ") == NULL;
    struct kn_span bytes = hex_bytes(vectors_text(row, "in"));
    struct kn_error err = { 0 };

    if (strcmp(kind, "pub") == 0) {
        struct kn_public_key *key = NULL;
        struct kn_peer_id id;

        CHECK_EQ(name, kn_public_key_decode(bytes, &key, &err) == KN_OK, good);
        CHECK_EQ(name, err.text[0] == '\0', good);
        if (good) {
            kn_public_key_peer_id(key, &id);
            CHECK_HEX(name, kn_span(id.bytes, id.n), vectors_text(go, "id"));
        }
        kn_public_key_free(key);
    } else if (strcmp(kind, "priv") == 0) {
        struct kn_key *key = NULL;

        CHECK_EQ(name, kn_key_decode(bytes, &key, &err) == KN_OK, good);
        CHECK_EQ(name, err.text[0] == '\0', good);
        kn_key_free(key);
    }
    hex_done(bytes);
}

/* "KEY MESSAGE SIGNATURE", which go refuses in every row. */
static void check_false_signature(const json_t *row)
{
    char text[2048], *message, *signature;
    struct kn_public_key *key;
    struct kn_span bytes, signed_by;

    CHECK("room", strlen(vectors_text(row, "in")) < sizeof(text));
    (void)snprintf(text, sizeof(text), "%s", vectors_text(row, "in"));
    message = strchr(text, ' ');
    *message++ = '\0';
    signature = strchr(message, ' ');
    *signature++ = '\0';
    key = public_of(vectors_text(row, "note"), text);
    bytes = hex_bytes(message);
    signed_by = hex_bytes(signature);
    CHECK_EQ(vectors_text(row, "note"), kn_public_key_verify(key, bytes, signed_by), KN_E_INVALID);
    hex_done(bytes);
    hex_done(signed_by);
    kn_public_key_free(key);
}

static void what_go_refuses_is_refused(void **state)
{
    json_t *rows = vectors_list("keys.json", "edge"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        if (strncmp(vectors_text(row, "kind"), "id", 2) == 0)
            continue; /* peer ids: lib/codec */
        if (strcmp(vectors_text(row, "kind"), "verify") == 0)
            check_false_signature(row);
        else
            check_edge(row);
    }
    vectors_done(rows);
}

static void wrong_public_keys_are_refused_with_the_reason(void **state)
{
#define FIELDS "the public key is no protobuf of one type and one data"
#define OFF_DER "the RSA public key is not in DER"
#define OFF_CURVE "the ECDSA public key is not in DER or of an unknown curve"
    static const struct {
        const char *hex;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "", KN_E_SYNTAX, FIELDS },
        { "0801", KN_E_SYNTAX, FIELDS },
        { "1220" PUBLIC_A, KN_E_SYNTAX, FIELDS },
        { "080108011220" PUBLIC_A, KN_E_SYNTAX, FIELDS },
        { "08011220" PUBLIC_A "1220" PUBLIC_A, KN_E_SYNTAX, FIELDS },
        { "08011220" PUBLIC_A "1800", KN_E_SYNTAX, FIELDS },
        { "0a01011220" PUBLIC_A, KN_E_SYNTAX, FIELDS },
        { "08041220" PUBLIC_A, KN_E_UNSUPPORTED, "the public key is of the unknown type 4" },
        { "08818080801012"
          "20" PUBLIC_A,
          KN_E_UNSUPPORTED, "the public key is of the unknown type 4294967297" },
        { "08011200", KN_E_SYNTAX, "the Ed25519 public key has 0 bytes, not 32" },
        { "08011221" PUBLIC_A "00", KN_E_SYNTAX, "the Ed25519 public key has 33 bytes, not 32" },
        { "08021220" PUBLIC_A, KN_E_SYNTAX, "the secp256k1 public key has 32 bytes, not 33 or 65" },
        { "0802122105" PUBLIC_A, KN_E_SYNTAX, "the secp256k1 public key is no point of its curve" },
        { "08001200", KN_E_SYNTAX, OFF_DER },
        { "08001203010203", KN_E_SYNTAX, OFF_DER },
        /* P-256 where RSA is announced */
        { "0800125b3059301306072a8648ce3d020106082a8648ce3d03010703420004"
          "ac46d2953dbf5a008416ff406aac929c32a91ed62fd515d17d48282773a1497e"
          "2d850f4dfd02b06d69d3fd3592559d217d73ca5670b02fbb692e3cf95c076c37",
          KN_E_SYNTAX, OFF_DER },
        { "08031200", KN_E_SYNTAX, OFF_CURVE },
        { "08031220" PUBLIC_A, KN_E_SYNTAX, OFF_CURVE },
        /* secp256k1, named: 88 bytes, which only type 2 may hold */
        { "080312583056301006072a8648ce3d020106052b8104000a03420004"
          "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
          "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
          KN_E_SYNTAX, OFF_CURVE },
        /* secp224k1, as long as P-224 */
        { "08031250304e301006072a8648ce3d020106052b81040020033a00"
          "040252bf2ae090799211f2f00c5a06b8c7f216de5b99368dc326d8592f"
          "84dd183534757f31dcb2c04fae7152624d0e847f48b24ffb966cad15",
          KN_E_SYNTAX, OFF_CURVE },
        /* P-256, the point beside the curve */
        { "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004"
          "ac46d2953dbf5a008416ff406aac929c32a91ed62fd515d17d48282773a1497e"
          "2d850f4dfd02b06d69d3fd3592559d217d73ca5670b02fbb692e3cf95c076c38",
          KN_E_SYNTAX, OFF_CURVE },
        /* P-256, the point compressed */
        { "0803123b3039301306072a8648ce3d020106082a8648ce3d030107032200"
          "03ac46d2953dbf5a008416ff406aac929c32a91ed62fd515d17d48282773a1497e",
          KN_E_SYNTAX, OFF_CURVE },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_public_key *key = NULL;
        struct kn_error err = { 0 };

        CHECK_EQ(cases[i].hex, kn_public_key_decode(bytes, &key, &err), cases[i].code);
        CHECK_STR(cases[i].hex, err.text, cases[i].want);
        CHECK_EQ(cases[i].hex, kn_public_key_decode(bytes, &key, NULL), cases[i].code);
        CHECK(cases[i].hex, key == NULL);
        hex_done(bytes);
    }
}

static void add_der(struct kn_buffer *out, uint8_t tag, struct kn_span content)
{
    kn_buffer_add_byte(out, tag);
    if (content.n >= 256) {
        kn_buffer_add_byte(out, 0x82);
        kn_buffer_add_byte(out, (uint8_t)(content.n >> 8));
    } else if (content.n >= 128) {
        kn_buffer_add_byte(out, 0x81);
    }
    kn_buffer_add_byte(out, (uint8_t)(content.n & 0xff));
    kn_buffer_add_span(out, content);
}

/* A modulus of so many bits, all of them one. */
static void add_modulus(struct kn_buffer *out, unsigned bits)
{
    struct kn_buffer number = { 0 };

    if (bits % 8 == 0)
        kn_buffer_add_byte(&number, 0); /* or it would be negative */
    else
        kn_buffer_add_byte(&number, (uint8_t)((1u << bits % 8) - 1));
    memset(kn_buffer_extend(&number, bits / 8), 0xff, bits / 8);
    add_der(out, 0x02, kn_buffer_get(&number));
    kn_buffer_done(&number);
}

/* The protobuf of an RSA public key as no generator would make it. */
static void add_rsa(struct kn_buffer *out, unsigned bits, struct kn_span exponent)
{
    static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                         0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
    struct kn_buffer numbers = { 0 }, key = { 0 }, all = { 0 }, der = { 0 };

    add_modulus(&numbers, bits);
    add_der(&numbers, 0x02, exponent);
    kn_buffer_add_byte(&key, 0);
    add_der(&key, 0x30, kn_buffer_get(&numbers));
    kn_buffer_add(&all, algorithm, sizeof(algorithm));
    add_der(&all, 0x03, kn_buffer_get(&key));
    add_der(&der, 0x30, kn_buffer_get(&all));
    kn_pb_write_varint(out, 1, KN_KEY_RSA);
    kn_pb_write_bytes(out, 2, kn_buffer_get(&der));
    kn_buffer_done(&numbers);
    kn_buffer_done(&key);
    kn_buffer_done(&all);
    kn_buffer_done(&der);
}

static void rsa_keys_have_bounds(void **state)
{
#define EXPONENT "the RSA key has an exponent that is not odd in 3..2^31"
    static const struct {
        const char *name;
        unsigned bits;
        const char *exponent;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "least", 2048, "010001", KN_OK, "" },
        { "less", 2047, "010001", KN_E_INVALID, "the RSA key has 2047 bits, outside 2048..8192" },
        { "most", 8192, "010001", KN_OK, "" },
        { "more", 8193, "010001", KN_E_INVALID, "the RSA key has 8193 bits, outside 2048..8192" },
        { "e is 3", 2048, "03", KN_OK, "" },
        { "e is 1", 2048, "01", KN_E_INVALID, EXPONENT },
        { "e is even", 2048, "04", KN_E_INVALID, EXPONENT },
        { "e is 0", 2048, "00", KN_E_INVALID, EXPONENT },
        { "e has 31 bits", 2048, "7fffffff", KN_OK, "" },
        { "e has 32 bits", 2048, "0080000001", KN_E_INVALID, EXPONENT },
        { "e is not minimal", 2048, "00010001", KN_E_SYNTAX, OFF_DER },
        { "e is negative", 2048, "810001", KN_E_SYNTAX, OFF_DER },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span exponent = hex_bytes(cases[i].exponent);
        struct kn_public_key *key = NULL;
        struct kn_buffer bytes = { 0 };
        struct kn_error err = { 0 };

        add_rsa(&bytes, cases[i].bits, exponent);
        hex_done(exponent);
        CHECK_EQ(cases[i].name, kn_public_key_decode(kn_buffer_get(&bytes), &key, &err),
                 cases[i].code);
        CHECK_STR(cases[i].name, err.text, cases[i].want);
        kn_public_key_free(key);
        kn_buffer_done(&bytes);
    }
}

static void wrong_private_keys_are_refused_without_a_byte_of_them(void **state)
{
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define APART "the halves of the Ed25519 private key do not belong together"
    static const struct {
        const char *hex;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "", KN_E_SYNTAX, "the private key is no protobuf of one type and one data" },
        { "08041220" SEED_A, KN_E_UNSUPPORTED, "the private key is of the unknown type 4" },
        { "08011220" SEED_A, KN_E_SYNTAX, "the Ed25519 private key has 32 bytes, not 64 or 96" },
        { "08011241" SEED_A PUBLIC_A "00", KN_E_SYNTAX,
          "the Ed25519 private key has 65 bytes, not 64 or 96" },
        { "08011240" SEED_A SEED_A, KN_E_INVALID, APART },
        { "08011260" SEED_A PUBLIC_A SEED_A, KN_E_INVALID, APART },
        { "08011260" SEED_A SEED_A PUBLIC_A, KN_E_INVALID, APART },
        { "0802121f" SEED_A, KN_E_SYNTAX,
          "the private key is no protobuf of one type and one data" },
        { "08021221" SEED_A "00", KN_E_SYNTAX, "the secp256k1 private key has 33 bytes, not 32" },
        { "08021220" ZEROS, KN_E_INVALID,
          "the secp256k1 private key is zero or beyond its curve's order" },
        { "08021220" ORDER, KN_E_INVALID,
          "the secp256k1 private key is zero or beyond its curve's order" },
        { "08001220" SEED_A, KN_E_SYNTAX, "the RSA private key is not in DER as PKCS#1 has it" },
        { "08001200", KN_E_SYNTAX, "the RSA private key is not in DER as PKCS#1 has it" },
        { "08031220" SEED_A, KN_E_SYNTAX, "the ECDSA private key is not in DER as SEC1 has it" },
        /* the key E of keys.json with another scalar in front of the same point */
        { "0803127930770201010420ff030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021"
          "a00a06082a8648ce3d030107a14403420004"
          "ac46d2953dbf5a008416ff406aac929c32a91ed62fd515d17d48282773a1497e"
          "2d850f4dfd02b06d69d3fd3592559d217d73ca5670b02fbb692e3cf95c076c37",
          KN_E_INVALID, "the halves of the ECDSA private key do not belong together" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_error err = { 0 };
        struct kn_key *key = NULL;

        CHECK_EQ(cases[i].hex, kn_key_decode(bytes, &key, &err), cases[i].code);
        CHECK_STR(cases[i].hex, err.text, cases[i].want);
        CHECK(cases[i].hex, key == NULL);
        hex_done(bytes);
    }
}

/* What other programs call an RSA private key: the same DER in an envelope. */
static void pkcs8_is_refused(void **state)
{
    /* INTEGER 0, then the algorithm: RSA */
    static const uint8_t head[] = { 0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
                                    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
    enum { PROTOBUF_HEAD = 5 }; /* 08 00 12 and two bytes of length */
    json_t *rows = vectors_list("keys.json", "keys");
    struct kn_span good = hex_bytes(vectors_text(json_array_get(rows, 2), "private"));
    struct kn_buffer inside = { 0 }, der = { 0 }, bytes = { 0 };
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;

    (void)state;
    kn_buffer_add(&inside, head, sizeof(head));
    add_der(&inside, 0x04, kn_span(good.at + PROTOBUF_HEAD, good.n - PROTOBUF_HEAD));
    add_der(&der, 0x30, kn_buffer_get(&inside));
    kn_pb_write_varint(&bytes, 1, KN_KEY_RSA);
    kn_pb_write_bytes(&bytes, 2, kn_buffer_get(&der));
    CHECK_EQ("pkcs8", kn_key_decode(kn_buffer_get(&bytes), &key, &err), KN_E_SYNTAX);
    CHECK_STR("pkcs8", err.text, "the RSA private key is not in DER as PKCS#1 has it");
    kn_buffer_done(&inside);
    kn_buffer_done(&der);
    kn_buffer_done(&bytes);
    hex_done(good);
    vectors_done(rows);
}

static void sizes_beyond_the_limits_are_refused(void **state)
{
    static uint8_t bytes[KN_PRIVATE_KEY_MAX + 1];
    struct kn_public_key *public = NULL;
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;

    (void)state;
    CHECK_EQ("1200", kn_public_key_decode(kn_span(bytes, KN_PUBLIC_KEY_MAX), &public, &err),
             KN_E_SYNTAX);
    CHECK_EQ("1201", kn_public_key_decode(kn_span(bytes, KN_PUBLIC_KEY_MAX + 1), &public, &err),
             KN_E_LIMIT);
    CHECK_STR("1201", err.text, "the public key has 1201 bytes; the largest has 1200");
    CHECK_EQ("8192", kn_key_decode(kn_span(bytes, KN_PRIVATE_KEY_MAX), &key, &err), KN_E_SYNTAX);
    CHECK_EQ("8193", kn_key_decode(kn_span(bytes, KN_PRIVATE_KEY_MAX + 1), &key, &err), KN_E_LIMIT);
    CHECK_STR("8193", err.text, "the private key has 8193 bytes; the largest has 8192");
}

static void the_legacy_form_of_ed25519_is_read_and_not_written(void **state)
{
    struct kn_key *key = key_of("96", "08011260" SEED_A PUBLIC_A PUBLIC_A);
    struct kn_buffer out = { 0 };

    (void)state;
    CHECK_HEX("public", kn_key_public(key), "08011220" PUBLIC_A);
    kn_key_encode(key, &out);
    CHECK_HEX("private", kn_buffer_get(&out), "08011240" SEED_A PUBLIC_A);
    kn_buffer_done(&out);
    kn_key_free(key);
}

static void forms_of_one_public_key_have_one_peer_id(void **state)
{
#define X_OF_G "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    /* The generator of secp256k1 and its negative: their second coordinate is even, and odd. */
    static const struct {
        const char *bytes, *id;
    } forms[] = {
        { "0802122102" X_OF_G, "00250802122102" X_OF_G },
        { "122102" X_OF_G "0802", "00250802122102" X_OF_G },
        { "0802124104" X_OF_G "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
          "00250802122102" X_OF_G },
        { "0802122103" X_OF_G, "00250802122103" X_OF_G },
        { "0802124104" X_OF_G "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777",
          "00250802122103" X_OF_G },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(forms); i++) {
        struct kn_public_key *key = public_of(forms[i].bytes, forms[i].bytes);
        struct kn_peer_id id;

        kn_public_key_peer_id(key, &id);
        CHECK_HEX(forms[i].bytes, kn_span(id.bytes, id.n), forms[i].id);
        kn_public_key_free(key);
    }
}

static void a_new_key_follows_from_its_random_bytes_and_reads_back(void **state)
{
    uint64_t seed = 5;
    const struct kn_random random = kn_random_seeded(&seed);
    struct kn_key *a = NULL, *b = NULL, *again = NULL;
    struct kn_buffer out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("a", kn_key_new(&random, &a), KN_OK);
    CHECK_EQ("b", kn_key_new(&random, &b), KN_OK);
    CHECK("two", !kn_peer_id_equal(kn_key_peer_id(a), kn_key_peer_id(b)));
    CHECK_EQ("type", kn_key_type(a), KN_KEY_ED25519);
    kn_key_encode(a, &out);
    CHECK_EQ("again", kn_key_decode(kn_buffer_get(&out), &again, &err), KN_OK);
    CHECK("again", kn_peer_id_equal(kn_key_peer_id(a), kn_key_peer_id(again)));
    kn_buffer_done(&out);
    kn_key_free(again);
    kn_key_free(b);
    kn_key_free(a);
}

static void nothing_is_a_message_too(void **state)
{
    json_t *rows = vectors_list("keys.json", "keys"), *row;
    const struct kn_span nothing = { NULL, 0 };
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        struct kn_key *key = key_of(name, vectors_text(row, "private"));
        struct kn_public_key *public = public_of(name, vectors_text(row, "public"));
        struct kn_buffer out = { 0 };

        CHECK_EQ(name, kn_key_sign(key, nothing, &out), KN_OK);
        CHECK_EQ(name, kn_public_key_verify(public, nothing, kn_buffer_get(&out)), KN_OK);
        CHECK_EQ(name, kn_public_key_verify(public, kn_span_text("x"), kn_buffer_get(&out)),
                 KN_E_INVALID);
        kn_buffer_done(&out);
        kn_public_key_free(public);
        kn_key_free(key);
    }
    vectors_done(rows);
}

/* Let our own allocations fail, one after the other, until none is left to fail. */
static void short_memory_is_reported_and_leaks_nothing(void **state)
{
    struct kn_span private = hex_bytes("08011240" SEED_A PUBLIC_A);
    struct kn_span public = hex_bytes("08011220" PUBLIC_A);
    enum kn_code rc = KN_E_NO_MEMORY;

    (void)state;
    for (long i = 0; rc != KN_OK; i++) {
        struct kn_error err = { 0 };
        struct kn_key *key = NULL;

        kn_fuse = i;
        rc = kn_key_decode(private, &key, &err);
        kn_fuse = -1;
        CHECK("private", rc == KN_OK || rc == KN_E_NO_MEMORY);
        CHECK_STR("private", err.text, rc == KN_OK ? "" : "out of memory");
        kn_key_free(key);
        CHECK("enough", i < 20);
    }
    rc = KN_E_NO_MEMORY;
    for (long i = 0; rc != KN_OK; i++) {
        struct kn_public_key *key = NULL;
        struct kn_error err = { 0 };

        kn_fuse = i;
        rc = kn_public_key_decode(public, &key, &err);
        kn_fuse = -1;
        CHECK("public", rc == KN_OK || rc == KN_E_NO_MEMORY);
        kn_public_key_free(key);
        CHECK("enough", i < 20);
    }
    hex_done(private);
    hex_done(public);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_go_are_the_same_keys_here),
        cmocka_unit_test(what_go_refuses_is_refused),
        cmocka_unit_test(wrong_public_keys_are_refused_with_the_reason),
        cmocka_unit_test(rsa_keys_have_bounds),
        cmocka_unit_test(wrong_private_keys_are_refused_without_a_byte_of_them),
        cmocka_unit_test(pkcs8_is_refused),
        cmocka_unit_test(sizes_beyond_the_limits_are_refused),
        cmocka_unit_test(the_legacy_form_of_ed25519_is_read_and_not_written),
        cmocka_unit_test(forms_of_one_public_key_have_one_peer_id),
        cmocka_unit_test(a_new_key_follows_from_its_random_bytes_and_reads_back),
        cmocka_unit_test(nothing_is_a_message_too),
        cmocka_unit_test(short_memory_is_reported_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
