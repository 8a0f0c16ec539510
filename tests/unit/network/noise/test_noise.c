#include "network/noise/noise.h"

#include "network/noise/handshake.h"
#include "network/noise/payload.h"
#include "support/channel.h"

/* The text of a row: digits, or one byte many times. */
static void plain_of(const json_t *row, struct kn_buffer *out)
{
    const json_t *plain = json_object_get(row, "plain");
    uint8_t byte;

    if (json_is_string(plain)) {
        hex_add(out, json_string_value(plain));
        return;
    }
    hex_read(vectors_text(plain, "byte"), &byte, 1);
    for (json_int_t i = json_integer_value(json_object_get(plain, "count")); i > 0; i--)
        kn_buffer_add_byte(out, byte);
}

static void check_frame(const char *name, struct kn_span frame, const json_t *want)
{
    uint8_t hash[KN_SHA256_SIZE];

    if (json_is_string(want)) {
        CHECK_HEX(name, frame, json_string_value(want));
        return;
    }
    kn_sha256(frame, hash);
    CHECK_EQ(name, frame.n, json_integer_value(json_object_get(want, "length")) + 2);
    CHECK_HEX(name, kn_span(hash, sizeof(hash)), vectors_text(want, "sha256"));
}

/* Behind what is there already. */
static void seal(const char *name, struct end *from, struct kn_span text)
{
    size_t start = from->wire.n;

    kn_buffer_add(&from->wire, "??", KN_NOISE_HEAD);
    kn_buffer_add_span(&from->wire, text);
    CHECK_EQ(name, kn_noise_seal(from->noise, start, &from->wire), KN_OK);
}

static void talk(struct end *dialer, struct end *listener, const json_t *rows, const char *name,
                 size_t piece)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        bool is_dialers = strcmp(vectors_text(row, "from"), "i") == 0;
        struct end *from = is_dialers ? dialer : listener, *to = is_dialers ? listener : dialer;
        struct kn_buffer text = { 0 };

        plain_of(row, &text);
        if (i % 2 == 0)
            CHECK_EQ(name, kn_noise_send(from->noise, kn_buffer_get(&text), &from->wire), KN_OK);
        else
            seal(name, from, kn_buffer_get(&text));
        check_frame(name, kn_buffer_get(&from->wire), json_object_get(row, "frame"));
        CHECK_EQ(name, pass(from, to, piece, NULL), KN_OK);
        CHECK_BYTES(name, kn_buffer_get(&to->plain), kn_buffer_get(&text));
        kn_buffer_clear(&to->plain);
        kn_buffer_done(&text);
    }
}

static void check_peer(const char *name, const struct end *e, const struct end *peer)
{
    CHECK(name, kn_noise_is_ready(e->noise));
    CHECK(name, kn_peer_id_equal(kn_noise_peer(e->noise), kn_key_peer_id(peer->key)));
    CHECK_BYTES(name, kn_noise_peer_key(e->noise), kn_key_public(peer->key));
}

static void fixed_transcript(const json_t *row, size_t piece)
{
    const char *name = vectors_text(row, "name");
    const char *const *muxers = strstr(name, "no stream_muxers") != NULL ? NULL : yamux;
    struct end dialer, listener;
    struct kn_error err = { 0 };
    struct kn_key *responder = identity_of("base58", vectors_text(row, "resp_identity"));

    open_end(&dialer, KN_ROLE_DIALER, identity_of("base58", vectors_text(row, "init_identity")),
             kn_key_peer_id(responder), muxers, vectors_text(row, "init_static"),
             vectors_text(row, "init_ephemeral"));
    open_end(&listener, KN_ROLE_LISTENER, responder, NULL, muxers, vectors_text(row, "resp_static"),
             vectors_text(row, "resp_ephemeral"));
    CHECK_HEX(name, kn_buffer_get(&dialer.wire), vectors_text(row, "frame1"));
    CHECK_EQ(name, pass(&dialer, &listener, piece, &err), KN_OK);
    CHECK_HEX(name, kn_buffer_get(&listener.wire), vectors_text(row, "frame2"));
    CHECK(name, !kn_noise_is_ready(dialer.noise) && kn_noise_peer(dialer.noise) == NULL);
    CHECK_EQ(name, pass(&listener, &dialer, piece, &err), KN_OK);
    CHECK_HEX(name, kn_buffer_get(&dialer.wire), vectors_text(row, "frame3"));
    CHECK(name, !kn_noise_is_ready(listener.noise) && kn_noise_peer(listener.noise) == NULL);
    CHECK_EQ(name, pass(&dialer, &listener, piece, &err), KN_OK);
    CHECK_EQ(name, listener.wire.n, 0);
    check_peer(name, &dialer, &listener);
    check_peer(name, &listener, &dialer);
    CHECK_STR(name, kn_noise_muxer(dialer.noise), muxers != NULL ? YAMUX : NULL);
    CHECK_STR(name, kn_noise_muxer(listener.noise), muxers != NULL ? YAMUX : NULL);
    talk(&dialer, &listener, json_object_get(row, "transport"), name, piece);
    close_end(&dialer);
    close_end(&listener);
}

static void fixed_transcripts_come_out_byte_for_byte(void **state)
{
    static const size_t pieces[] = { SIZE_MAX / 2, 1, 2, 3, 4096, 65535, 65536 };
    json_t *rows = vectors_list("noise_xx.json", "fixed"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        for (size_t p = 0; p < KN_COUNT(pieces); p++)
            fixed_transcript(row, pieces[p]);
    }
    vectors_done(rows);
}

/* What the peer of a recording was told: its frames opened with the key of the transcript. */
static void say_again(struct end *e, const char *key, const json_t *frames, const char *name)
{
    struct kn_noise_cipher cipher = { 0 };
    uint8_t bytes[KN_AEAD_KEY_SIZE];
    size_t i;
    json_t *frame;

    hex_read(key, bytes, sizeof(bytes));
    CHECK_EQ(name, kn_noise_cipher_set_key(&cipher, bytes), KN_OK);
    json_array_foreach(frames, i, frame)
    {
        struct kn_buffer sealed = { 0 };
        struct kn_span message;
        uint8_t text[512];

        hex_add(&sealed, json_string_value(frame));
        message = kn_buffer_get(&sealed);
        message = kn_span(message.at + 2, message.n - 2);
        CHECK_EQ(name, kn_noise_cipher_open(&cipher, kn_span(NULL, 0), message, text), KN_OK);
        CHECK_EQ(name, kn_noise_send(e->noise, kn_span(text, message.n - 16), &e->wire), KN_OK);
        CHECK_BYTES(name, kn_buffer_get(&e->wire), kn_buffer_get(&sealed));
        kn_buffer_clear(&e->wire);
        kn_buffer_done(&sealed);
    }
    kn_noise_cipher_done(&cipher);
}

static void recorded_peers_of_every_key_type_are_understood(void **state)
{
    json_t *rows = vectors_list("noise_xx.json", "live"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        const char *base58 = vectors_text(row, "resp_identity");
        struct end e;
        struct kn_peer_id expected;
        json_t *frame;
        size_t k;

        CHECK_EQ(name, kn_peer_id_parse(base58, strlen(base58), &expected, NULL), KN_OK);
        open_end(&e, KN_ROLE_DIALER, identity_of("base58", vectors_text(row, "init_identity")),
                 &expected, yamux, vectors_text(row, "init_static"),
                 vectors_text(row, "init_ephemeral"));
        CHECK_HEX(name, kn_buffer_get(&e.wire), vectors_text(row, "frame1"));
        kn_buffer_clear(&e.wire);
        CHECK_EQ(name, hear_hex(&e, vectors_text(row, "frame2"), NULL), KN_OK);
        CHECK_HEX(name, kn_buffer_get(&e.wire), vectors_text(row, "frame3"));
        kn_buffer_clear(&e.wire);
        CHECK_STR(name, kn_noise_muxer(e.noise), YAMUX);
        json_array_foreach(json_object_get(row, "from_p2pd"), k, frame)
            CHECK_EQ(name, hear_hex(&e, json_string_value(frame), NULL), KN_OK);
        CHECK(name, e.plain.n > 12); /* frames of yamux, whose first byte is its version */
        CHECK_EQ(name, kn_buffer_get(&e.plain).at[0], 0);
        say_again(&e, vectors_text(row, "k1"), json_object_get(row, "to_p2pd"), name);
        close_end(&e);
    }
    vectors_done(rows);
}

static void a_listener_refuses_wrong_first_messages(void **state)
{
    static const struct {
        const char *name, *hex, *want;
        enum kn_code code;
        size_t answer;
    } cases[] = {
        { "31 bytes", "001f358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd1662",
          "noise: message 1 of the handshake is broken", KN_E_PROTOCOL, 0 },
        { "length 0", "0000", "message 1 of the handshake is broken", KN_E_PROTOCOL, 0 },
        { "a payload of 3 bytes",
          "0023358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254616263", "", KN_OK,
          218 },
        { "a key of zeros", "00200000000000000000000000000000000000000000000000000000000000000000",
          "noise: the peer's ephemeral key is of low order", KN_E_PROTOCOL, 0 },
        { "a key of order 8",
          "0020e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
          "noise: the peer's ephemeral key is of low order", KN_E_PROTOCOL, 0 },
        { "a byte short", "0020358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd1662", "",
          KN_OK, 0 },
        { "half a length", "00", "", KN_OK, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct end e;
        struct kn_error err = { 0 };

        open_end(&e, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, yamux, KEY_2, KEY_3);
        CHECK_EQ(cases[i].name, hear_hex(&e, cases[i].hex, &err), cases[i].code);
        CHECK_EQ(cases[i].name, e.wire.n, cases[i].answer);
        CHECK_HAS(cases[i].name, err.text, cases[i].want);
        if (cases[i].code != KN_OK) {
            CHECK_EQ(cases[i].name, hear_hex(&e, "00", &err), KN_E_PROTOCOL);
            CHECK_STR(cases[i].name, err.text, "noise: the channel has failed before");
        }
        CHECK(cases[i].name, !kn_noise_is_ready(e.noise));
        CHECK_EQ(cases[i].name, kn_noise_send(e.noise, kn_span("x", 1), &e.wire), KN_E_CLOSED);
        kn_buffer_add(&e.wire, "??x", 3);
        CHECK_EQ(cases[i].name, kn_noise_seal(e.noise, cases[i].answer, &e.wire), KN_E_CLOSED);
        CHECK_EQ(cases[i].name, e.wire.n, cases[i].answer);
        close_end(&e);
    }
}

/* A peer that shakes hands correctly and puts `payload` into its message. */
static void send_message(struct kn_noise_handshake *h, struct kn_span payload, struct end *to,
                         enum kn_code code, const char *name)
{
    struct kn_buffer message = { 0 }, frame = { 0 };
    struct kn_error err = { 0 };

    CHECK_EQ(name, kn_noise_handshake_write(h, payload, &message), KN_OK);
    kn_buffer_add_byte(&frame, (uint8_t)(message.n >> 8));
    kn_buffer_add_byte(&frame, (uint8_t)(message.n & 0xff));
    kn_buffer_add_span(&frame, kn_buffer_get(&message));
    kn_buffer_clear(&to->wire);
    CHECK_EQ(name, hear(to, kn_buffer_get(&frame), frame.n, &err), code);
    CHECK_EQ(name, err.code, code);
    CHECK(name, code == KN_OK || (!kn_noise_is_ready(to->noise) && to->wire.n == 0));
    kn_buffer_done(&message);
    kn_buffer_done(&frame);
}

static void shake_with(struct kn_span payload, enum kn_role our_role, enum kn_code code,
                       const char *name)
{
    struct kn_noise_handshake h = { 0 };
    struct kn_buffer ignored = { 0 };
    struct kn_span frame;
    struct end e;
    bool we_dial = our_role == KN_ROLE_DIALER;

    open_end(&e, our_role, identity_of("name", "A"), NULL, yamux, KEY_1, KEY_2);
    hex_read("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
             h.own_static.secret, 32);
    hex_read(KEY_3, h.own_ephemeral.secret, 32);
    CHECK_EQ(
        name,
        kn_noise_handshake_start(&h, we_dial ? KN_ROLE_LISTENER : KN_ROLE_DIALER, kn_span(NULL, 0)),
        KN_OK);
    if (!we_dial)
        send_message(&h, kn_span(NULL, 0), &e, KN_OK, name);
    frame = kn_buffer_get(&e.wire);
    CHECK_EQ(name, kn_noise_handshake_read(&h, kn_span(frame.at + 2, frame.n - 2), &ignored),
             KN_OK);
    send_message(&h, payload, &e, code, name);
    CHECK_EQ(name, kn_noise_is_ready(e.noise), code == KN_OK);
    CHECK_EQ(name, kn_noise_peer(e.noise) != NULL, code != KN_E_PROTOCOL);
    kn_noise_handshake_done(&h);
    kn_buffer_done(&ignored);
    close_end(&e);
}

static void payloads_that_a_real_peer_refuses_end_the_handshake(void **state)
{
    static const struct {
        const char *list;
        bool is_good;
    } lists[] = { { "valid", true }, { "valid_odd", true }, { "invalid", false } };

    (void)state;
    for (size_t l = 0; l < KN_COUNT(lists); l++) {
        json_t *rows = vectors_list("noise_payload.json", lists[l].list), *row;
        size_t i;

        json_array_foreach(rows, i, row)
        {
            const char *note = vectors_text(row, "note");
            struct kn_buffer payload = { 0 };
            enum kn_code code = KN_OK;

            if (!lists[l].is_good)
                code = strncmp(note, "signature", 9) == 0 || strncmp(note, "key of B", 8) == 0
                           ? KN_E_IDENTITY
                           : KN_E_PROTOCOL;
            hex_add(&payload, vectors_text(row, "payload"));
            shake_with(kn_buffer_get(&payload), KN_ROLE_DIALER, code, "dialer");
            shake_with(kn_buffer_get(&payload), KN_ROLE_LISTENER, code, "listener");
            kn_buffer_done(&payload);
        }
        vectors_done(rows);
    }
}

static void altered_frames_of_the_handshake_end_it(void **state)
{
    (void)state;
    for (unsigned frame = 2; frame <= 3; frame++) {
        for (size_t at = 2;; at++) {
            struct end dialer, listener;
            struct end *from = frame == 2 ? &listener : &dialer;
            struct end *to = frame == 2 ? &dialer : &listener;
            size_t n;

            open_end(&dialer, KN_ROLE_DIALER, identity_of("name", "A"), NULL, yamux, KEY_1, KEY_2);
            open_end(&listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, yamux, KEY_2,
                     KEY_3);
            CHECK_EQ("1", pass(&dialer, &listener, 99, NULL), KN_OK);
            if (frame == 3)
                CHECK_EQ("2", pass(&listener, &dialer, 99, NULL), KN_OK);
            n = from->wire.n;
            if (at < n) {
                from->wire.memory[from->wire.start + at] ^= 0x10;
                CHECK_EQ("altered", pass(from, to, 50, NULL), KN_E_PROTOCOL);
                CHECK("altered", kn_noise_peer(to->noise) == NULL && to->wire.n == 0);
            }
            close_end(&dialer);
            close_end(&listener);
            if (at >= n)
                break;
            at += 12; /* every field of both messages is met */
        }
    }
}

static void bytes_behind_the_last_message_are_opened_in_the_same_call(void **state)
{
    struct end dialer, listener;

    (void)state;
    open_end(&dialer, KN_ROLE_DIALER, identity_of("name", "A"), NULL, NULL, KEY_1, KEY_2);
    open_end(&listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, NULL, KEY_2, KEY_3);
    CHECK_EQ("1", pass(&dialer, &listener, 999, NULL), KN_OK);
    CHECK_EQ("2", pass(&listener, &dialer, 999, NULL), KN_OK);
    CHECK_EQ("send", kn_noise_send(dialer.noise, kn_span("at once", 7), &dialer.wire), KN_OK);
    CHECK_EQ("3", pass(&dialer, &listener, 999, NULL), KN_OK);
    CHECK_BYTES("text", kn_buffer_get(&listener.plain), kn_span("at once", 7));
    close_end(&dialer);
    close_end(&listener);
}

static void another_peer_than_the_expected_one_is_told(void **state)
{
    struct kn_key *r = identity_of("name", "R");
    struct end dialer, listener;
    struct kn_error err = { 0 };

    (void)state;
    open_end(&dialer, KN_ROLE_DIALER, identity_of("name", "A"), kn_key_peer_id(r), yamux, KEY_1,
             KEY_2);
    kn_key_free(r); /* it was copied */
    open_end(&listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, yamux, KEY_2, KEY_3);
    CHECK_EQ("1", pass(&dialer, &listener, 999, NULL), KN_OK);
    CHECK_EQ("2", pass(&listener, &dialer, 999, &err), KN_E_IDENTITY);
    CHECK_STR("text", err.text,
              "noise: expected the peer QmcSDMpBAzhF9LMJFfRsU5oiLHMQGWvzEKSPwkrPUAVhaa, "
              "12D3KooWC4T1AXU2s2YBgGJ2FeaYVtsKoHZWJeubnWe9SnuSE7Zb answered");
    CHECK_STR("hint", err.hint, "Ask who runs the peer for its current address and peer id.");
    CHECK("who", kn_peer_id_equal(kn_noise_peer(dialer.noise), kn_key_peer_id(listener.key)));
    CHECK_BYTES("who", kn_noise_peer_key(dialer.noise), kn_key_public(listener.key));
    CHECK("not ready", !kn_noise_is_ready(dialer.noise) && dialer.wire.n == 0);
    close_end(&dialer);
    close_end(&listener);
}

static void both_sides_find_the_same_muxer(void **state)
{
    static const struct {
        const char *dialers[3], *listeners[3], *want;
    } cases[] = {
        { { YAMUX }, { YAMUX }, YAMUX },
        { { "/mplex/6.7.0" }, { YAMUX }, NULL },
        { { "/a", "/b" }, { "/b", "/a" }, "/a" },
        { { NULL }, { YAMUX }, NULL },
        { { YAMUX }, { NULL }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct end dialer, listener;

        open_end(&dialer, KN_ROLE_DIALER, identity_of("name", "A"), NULL, cases[i].dialers, KEY_1,
                 KEY_2);
        open_end(&listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, cases[i].listeners,
                 KEY_2, KEY_3);
        CHECK_EQ("1", pass(&dialer, &listener, 999, NULL), KN_OK);
        CHECK_EQ("2", pass(&listener, &dialer, 999, NULL), KN_OK);
        CHECK_EQ("3", pass(&dialer, &listener, 999, NULL), KN_OK);
        CHECK_STR("dialer", kn_noise_muxer(dialer.noise), cases[i].want);
        CHECK_STR("listener", kn_noise_muxer(listener.noise), cases[i].want);
        close_end(&dialer);
        close_end(&listener);
    }
}

static void a_peer_with_our_own_identity_is_a_peer(void **state)
{
    struct end dialer, listener;

    (void)state;
    open_end(&dialer, KN_ROLE_DIALER, identity_of("name", "B"), NULL, yamux, KEY_1, KEY_2);
    open_end(&listener, KN_ROLE_LISTENER, identity_of("name", "B"), NULL, yamux, KEY_2, KEY_3);
    CHECK_EQ("1", pass(&dialer, &listener, 999, NULL), KN_OK);
    CHECK_EQ("2", pass(&listener, &dialer, 999, NULL), KN_OK);
    CHECK_EQ("3", pass(&dialer, &listener, 999, NULL), KN_OK);
    check_peer("same", &dialer, &listener);
    close_end(&dialer);
    close_end(&listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_transcripts_come_out_byte_for_byte),
        cmocka_unit_test(recorded_peers_of_every_key_type_are_understood),
        cmocka_unit_test(a_listener_refuses_wrong_first_messages),
        cmocka_unit_test(payloads_that_a_real_peer_refuses_end_the_handshake),
        cmocka_unit_test(altered_frames_of_the_handshake_end_it),
        cmocka_unit_test(bytes_behind_the_last_message_are_opened_in_the_same_call),
        cmocka_unit_test(another_peer_than_the_expected_one_is_told),
        cmocka_unit_test(both_sides_find_the_same_muxer),
        cmocka_unit_test(a_peer_with_our_own_identity_is_a_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
