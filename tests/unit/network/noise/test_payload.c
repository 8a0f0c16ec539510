#include "network/noise/payload.h"

#include "support/identities.h"

#define YAMUX "/yamux/1.0.0"

static const char *const yamux[] = { YAMUX, NULL };

static enum kn_code read_and_verify(struct kn_span bytes, const uint8_t static_key[KN_X25519_SIZE],
                                    struct kn_noise_payload *out, struct kn_peer_id *peer,
                                    struct kn_error *err)
{
    enum kn_code rc = kn_noise_payload_read(bytes, out, err);

    return rc == KN_OK ? kn_noise_payload_verify(out, static_key, peer, err) : rc;
}

static void payloads_of_every_key_type_are_read_and_ours_are_the_same(void **state)
{
    json_t *rows = vectors_list("noise_payload.json", "valid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "identity");
        bool has_muxer = json_array_size(json_object_get(row, "muxers")) > 0;
        struct kn_key *key = identity_of("name", name);
        struct kn_buffer bytes = { 0 }, ours = { 0 };
        struct kn_noise_payload payload;
        struct kn_peer_id peer;
        uint8_t static_key[KN_X25519_SIZE];
        struct kn_error err = { 0 };

        hex_read(vectors_text(row, "static_pub"), static_key, sizeof(static_key));
        hex_add(&bytes, vectors_text(row, "payload"));
        CHECK_EQ(name, read_and_verify(kn_buffer_get(&bytes), static_key, &payload, &peer, &err),
                 KN_OK);
        CHECK_HEX(name, kn_span(peer.bytes, peer.n), vectors_text(row, "peer_id"));
        CHECK_EQ(name, payload.muxer_count, has_muxer);
        CHECK_STR(name, kn_noise_payload_muxer(&payload, KN_ROLE_DIALER, yamux),
                  has_muxer ? YAMUX : NULL);
        CHECK_EQ(name, kn_noise_payload_write(key, static_key, has_muxer ? yamux : NULL, &ours),
                 KN_OK);
        if (kn_key_type(key) == KN_KEY_ED25519 || kn_key_type(key) == KN_KEY_RSA)
            CHECK_BYTES(name, kn_buffer_get(&ours), kn_buffer_get(&bytes));
        CHECK_EQ(name, read_and_verify(kn_buffer_get(&ours), static_key, &payload, &peer, &err),
                 KN_OK);
        kn_key_free(key);
        kn_buffer_done(&bytes);
        kn_buffer_done(&ours);
    }
    vectors_done(rows);
}

static void unknown_fields_and_muxers_are_skipped(void **state)
{
    json_t *rows = vectors_list("noise_payload.json", "valid_odd"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        struct kn_buffer bytes = { 0 };
        struct kn_noise_payload payload;
        struct kn_peer_id peer;
        uint8_t static_key[KN_X25519_SIZE];

        hex_read(vectors_text(row, "static_pub"), static_key, sizeof(static_key));
        hex_add(&bytes, vectors_text(row, "payload"));
        CHECK_EQ(note, read_and_verify(kn_buffer_get(&bytes), static_key, &payload, &peer, NULL),
                 KN_OK);
        CHECK_STR(note, kn_noise_payload_muxer(&payload, KN_ROLE_LISTENER, yamux),
                  payload.muxer_count == 2 ? YAMUX : NULL);
        kn_buffer_done(&bytes);
    }
    vectors_done(rows);
}

static void what_a_real_peer_refuses_is_refused(void **state)
{
    static const struct {
        const char *note;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "signature over another key", KN_E_IDENTITY,
          "noise: the peer says it is 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq but did "
          "not sign as that" },
        { "signature without the prefix", KN_E_IDENTITY, "did not sign as that" },
        { "no signature", KN_E_PROTOCOL, "noise: the peer's payload has no signature" },
        { "no identity key", KN_E_PROTOCOL, "noise: the peer's payload has no identity key" },
        { "key of B, signature of A", KN_E_IDENTITY,
          "12D3KooWC4T1AXU2s2YBgGJ2FeaYVtsKoHZWJeubnWe9SnuSE7Zb but did not sign" },
        { "unknown key type", KN_E_PROTOCOL, "noise: the peer's identity key: " },
        { "garbage", KN_E_PROTOCOL, "noise: the peer's payload is broken" },
        { "empty", KN_E_PROTOCOL, "has no identity key" },
    };
    json_t *rows = vectors_list("noise_payload.json", "invalid"), *row;
    size_t i;

    (void)state;
    CHECK_EQ("rows", json_array_size(rows), KN_COUNT(cases));
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        struct kn_buffer bytes = { 0 };
        struct kn_noise_payload payload;
        struct kn_peer_id peer;
        struct kn_error err = { 0 };
        uint8_t static_key[KN_X25519_SIZE];

        CHECK_STR("order", note, cases[i].note);
        hex_read(vectors_text(row, "static_pub"), static_key, sizeof(static_key));
        hex_add(&bytes, vectors_text(row, "payload"));
        CHECK_EQ(note, read_and_verify(kn_buffer_get(&bytes), static_key, &payload, &peer, &err),
                 cases[i].code);
        CHECK_EQ(note, err.code, cases[i].code);
        CHECK_HAS(note, err.text, cases[i].want);
        CHECK_EQ(note, read_and_verify(kn_buffer_get(&bytes), static_key, &payload, &peer, NULL),
                 cases[i].code);
        kn_buffer_done(&bytes);
    }
    vectors_done(rows);
}

/* spec: protocol buffers, "Encoding": a message that comes twice is one, its lists joined. */
static void extensions_are_joined_and_counted(void **state)
{
    static const struct {
        const char *name;
        unsigned fields, muxers; /* in each field */
        enum kn_code code;
    } cases[] = {
        { "no field", 0, 0, KN_OK },
        { "empty field", 1, 0, KN_OK },
        { "two fields", 2, 3, KN_OK },
        { "as many as fit", 1, KN_NOISE_MUXERS_MAX, KN_OK },
        { "as many as fit in two", 2, KN_NOISE_MUXERS_MAX / 2, KN_OK },
        { "one more", 1, KN_NOISE_MUXERS_MAX + 1, KN_E_PROTOCOL },
        { "one more in the second", 17, 1, KN_E_PROTOCOL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 };
        struct kn_noise_payload payload;
        struct kn_error err = { 0 };

        hex_add(&bytes, "0a0101120101");
        for (unsigned f = 0; f < cases[i].fields; f++) {
            kn_buffer_add_byte(&bytes, 0x22);
            kn_buffer_add_byte(&bytes, (uint8_t)(cases[i].muxers * 3));
            for (unsigned m = 0; m < cases[i].muxers; m++)
                hex_add(&bytes, "120178");
        }
        CHECK_EQ(cases[i].name, kn_noise_payload_read(kn_buffer_get(&bytes), &payload, &err),
                 cases[i].code);
        CHECK_STR(cases[i].name, err.text,
                  cases[i].code == KN_OK
                      ? ""
                      : "noise: the peer's extensions are broken, or name more than 16 muxers");
        if (cases[i].code == KN_OK)
            CHECK_EQ(cases[i].name, payload.muxer_count, cases[i].fields * cases[i].muxers);
        kn_buffer_done(&bytes);
    }
}

static void broken_extensions_are_refused(void **state)
{
    static const struct {
        const char *hex;
        enum kn_code code;
    } cases[] = {
        { "0a0101120101220112", KN_E_PROTOCOL },           /* a tag alone */
        { "0a010112010122021202", KN_E_PROTOCOL },         /* a name longer than its field */
        { "0a01011201012203130178", KN_E_PROTOCOL },       /* a group */
        { "0a0101120101220210012a00", KN_OK },             /* the muxers as a number: unknown */
        { "0a010112010120012a00", KN_OK },                 /* the extensions as a number: unknown */
        { "0a0101120101220a0a03010203120379616d", KN_OK }, /* hashes of certificates: unknown */
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 };
        struct kn_noise_payload payload;

        hex_add(&bytes, cases[i].hex);
        CHECK_EQ(cases[i].hex, kn_noise_payload_read(kn_buffer_get(&bytes), &payload, NULL),
                 cases[i].code);
        kn_buffer_done(&bytes);
    }
}

/* spec: libp2p noise, "Early data": the first of the initiator's that the responder has. */
static void the_dialers_order_decides_on_the_muxer(void **state)
{
    static const struct {
        const char *name;
        const char *theirs[4], *ours[4];
        const char *as_dialer, *as_listener; /* what we find in that role */
    } cases[] = {
        { "the same one", { "a" }, { "a" }, "a", "a" },
        { "two orders", { "a", "b" }, { "b", "a" }, "b", "a" },
        { "one in common", { "x", "a", "y" }, { "z", "a" }, "a", "a" },
        { "none in common", { "x" }, { "a" }, NULL, NULL },
        { "they say none", { NULL }, { "a" }, NULL, NULL },
        { "we say none", { "a" }, { NULL }, NULL, NULL },
        { "a longer name", { "ab" }, { "a" }, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_noise_payload theirs = { .muxer_count = 0 };

        while (cases[i].theirs[theirs.muxer_count] != NULL) {
            theirs.muxers[theirs.muxer_count] = kn_span_text(cases[i].theirs[theirs.muxer_count]);
            theirs.muxer_count++;
        }
        CHECK_STR(cases[i].name, kn_noise_payload_muxer(&theirs, KN_ROLE_DIALER, cases[i].ours),
                  cases[i].as_dialer);
        CHECK_STR(cases[i].name, kn_noise_payload_muxer(&theirs, KN_ROLE_LISTENER, cases[i].ours),
                  cases[i].as_listener);
        CHECK_STR(cases[i].name, kn_noise_payload_muxer(&theirs, KN_ROLE_LISTENER, NULL), NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_of_every_key_type_are_read_and_ours_are_the_same),
        cmocka_unit_test(unknown_fields_and_muxers_are_skipped),
        cmocka_unit_test(what_a_real_peer_refuses_is_refused),
        cmocka_unit_test(extensions_are_joined_and_counted),
        cmocka_unit_test(broken_extensions_are_refused),
        cmocka_unit_test(the_dialers_order_decides_on_the_muxer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
