#include "network/noise/handshake.h"

#include "support/hex.h"
#include "support/vectors.h"

/* Both sides with the keys of a vector; the members' names differ between the lists. */
struct pair {
    struct kn_noise_handshake dialer, listener;
};

static void start(struct pair *p, const json_t *row, const char *dialers, const char *listeners)
{
    struct kn_buffer prologue = { 0 };
    const char *text = vectors_text(row, "prologue");

    *p = (struct pair){ 0 };
    hex_read(vectors_text(row, "init_static"), p->dialer.own_static.secret, 32);
    hex_read(vectors_text(row, "resp_static"), p->listener.own_static.secret, 32);
    hex_read(vectors_text(row, dialers), p->dialer.own_ephemeral.secret, 32);
    hex_read(vectors_text(row, listeners), p->listener.own_ephemeral.secret, 32);
    hex_add(&prologue, text != NULL ? text : "");
    CHECK_EQ("start",
             kn_noise_handshake_start(&p->dialer, KN_ROLE_DIALER, kn_buffer_get(&prologue)), KN_OK);
    CHECK_EQ("start",
             kn_noise_handshake_start(&p->listener, KN_ROLE_LISTENER, kn_buffer_get(&prologue)),
             KN_OK);
    kn_buffer_done(&prologue);
}

static void done(struct pair *p)
{
    kn_noise_handshake_done(&p->dialer);
    kn_noise_handshake_done(&p->listener);
}

/* Step `i` from one side to the other. */
static void exchange(struct pair *p, unsigned i, const char *payload, const char *message)
{
    struct kn_noise_handshake *from = i == 1 ? &p->listener : &p->dialer;
    struct kn_noise_handshake *to = i == 1 ? &p->dialer : &p->listener;
    struct kn_buffer said = { 0 }, wire = { 0 }, heard = { 0 };

    hex_add(&said, payload != NULL ? payload : "");
    CHECK_EQ(message, kn_noise_handshake_write(from, kn_buffer_get(&said), &wire), KN_OK);
    CHECK_HEX("message", kn_buffer_get(&wire), message);
    CHECK_EQ(message, kn_noise_handshake_read(to, kn_buffer_get(&wire), &heard), KN_OK);
    CHECK_BYTES("payload", kn_buffer_get(&heard), kn_buffer_get(&said));
    CHECK_BYTES("hash", kn_span(from->symmetric.hash, 32), kn_span(to->symmetric.hash, 32));
    CHECK_EQ(message, kn_noise_handshake_is_over(from), i == 2);
    CHECK_EQ(message, kn_noise_handshake_is_over(to), i == 2);
    kn_buffer_done(&said);
    kn_buffer_done(&wire);
    kn_buffer_done(&heard);
}

static void seal_and_open(struct kn_noise_cipher *seal, struct kn_noise_cipher *open,
                          const char *plain, const char *sealed)
{
    struct kn_buffer text = { 0 };
    uint8_t bytes[256], again[256];
    size_t n = strlen(sealed) / 2;

    hex_add(&text, plain);
    CHECK_EQ(plain, kn_noise_cipher_seal(seal, kn_span(NULL, 0), kn_buffer_get(&text), bytes),
             KN_OK);
    CHECK_HEX(plain, kn_span(bytes, n), sealed);
    CHECK_EQ(plain, kn_noise_cipher_open(open, kn_span(NULL, 0), kn_span(bytes, n), again), KN_OK);
    CHECK_BYTES(plain, kn_span(again, n - KN_AEAD_TAG_SIZE), kn_buffer_get(&text));
    kn_buffer_done(&text);
}

static void published_transcripts_come_out_byte_for_byte(void **state)
{
    json_t *rows = vectors_list("noise_xx.json", "published"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        struct kn_noise_cipher keys[4] = { { 0 } };
        struct pair p;

        start(&p, row, "gen_init_ephemeral", "gen_resp_ephemeral");
        exchange(&p, 0, vectors_text(row, "msg_0_payload"), vectors_text(row, "msg_0_ciphertext"));
        exchange(&p, 1, vectors_text(row, "msg_1_payload"), vectors_text(row, "msg_1_ciphertext"));
        exchange(&p, 2, vectors_text(row, "msg_2_payload"), vectors_text(row, "msg_2_ciphertext"));
        CHECK_EQ("split", kn_noise_split(&p.dialer.symmetric, &keys[0], &keys[1]), KN_OK);
        CHECK_EQ("split", kn_noise_split(&p.listener.symmetric, &keys[2], &keys[3]), KN_OK);
        seal_and_open(&keys[0], &keys[2], vectors_text(row, "msg_3_payload"),
                      vectors_text(row, "msg_3_ciphertext"));
        seal_and_open(&keys[3], &keys[1], vectors_text(row, "msg_4_payload"),
                      vectors_text(row, "msg_4_ciphertext"));
        for (size_t k = 0; k < KN_COUNT(keys); k++)
            kn_noise_cipher_done(&keys[k]);
        done(&p);
    }
    vectors_done(rows);
}

static void the_hash_of_all_that_was_said_is_the_same_at_every_step(void **state)
{
    json_t *rows = vectors_list("noise_xx.json", "fixed"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        struct pair p;

        start(&p, row, "init_ephemeral", "resp_ephemeral");
        exchange(&p, 0, "", vectors_text(row, "frame1") + 4);
        CHECK_HEX("h1", kn_span(p.listener.symmetric.hash, 32), vectors_text(row, "h1"));
        exchange(&p, 1, vectors_text(row, "payload_r"), vectors_text(row, "frame2") + 4);
        CHECK_HEX("h2", kn_span(p.listener.symmetric.hash, 32), vectors_text(row, "h2"));
        exchange(&p, 2, vectors_text(row, "payload_i"), vectors_text(row, "frame3") + 4);
        CHECK_HEX("h3", kn_span(p.listener.symmetric.hash, 32), vectors_text(row, "h3"));
        CHECK_HEX("s", kn_span(p.listener.peer_static, 32), vectors_text(row, "init_static_pub"));
        CHECK_HEX("s", kn_span(p.dialer.peer_static, 32), vectors_text(row, "resp_static_pub"));
        done(&p);
    }
    vectors_done(rows);
}

/* Each message loses each of its bytes at the end, and has each bit of some bytes turned. */
static void cut_and_altered_messages_are_refused(void **state)
{
    json_t *rows = vectors_list("noise_xx.json", "fixed"), *row = json_array_get(rows, 0);

    (void)state;
    for (unsigned step = 1; step < KN_NOISE_STEPS; step++) {
        const char *name = step == 1 ? "frame2" : "frame3";
        size_t whole = strlen(vectors_text(row, name)) / 2 - 2;

        for (size_t n = 0; n < 2 * whole; n++) {
            struct kn_buffer heard = { 0 }, message = { 0 };
            struct pair p;

            start(&p, row, "init_ephemeral", "resp_ephemeral");
            exchange(&p, 0, "", vectors_text(row, "frame1") + 4);
            if (step == 2)
                exchange(&p, 1, vectors_text(row, "payload_r"), vectors_text(row, "frame2") + 4);
            hex_add(&message, vectors_text(row, name) + 4);
            kn_buffer_cut(&message, n < whole ? n : whole);
            if (n >= whole)
                message.memory[message.start + n - whole] ^= (uint8_t)(1U << n % 8);
            CHECK_EQ(name,
                     kn_noise_handshake_read(step == 1 ? &p.dialer : &p.listener,
                                             kn_buffer_get(&message), &heard),
                     KN_E_INVALID);
            CHECK_EQ(name, heard.n, 0);
            kn_buffer_done(&heard);
            kn_buffer_done(&message);
            done(&p);
        }
    }
    vectors_done(rows);
}

static void the_last_number_is_for_no_message(void **state)
{
    static const uint8_t key[KN_AEAD_KEY_SIZE] = { 7 };
    struct kn_noise_cipher cipher = { 0 };
    uint8_t out[KN_AEAD_TAG_SIZE];

    (void)state;
    CHECK_EQ("key", kn_noise_cipher_set_key(&cipher, key), KN_OK);
    cipher.nonce = UINT64_MAX - 1;
    CHECK_EQ("last", kn_noise_cipher_seal(&cipher, kn_span(NULL, 0), kn_span(NULL, 0), out), KN_OK);
    CHECK_EQ("end", kn_noise_cipher_seal(&cipher, kn_span(NULL, 0), kn_span(NULL, 0), out),
             KN_E_LIMIT);
    CHECK_EQ("end", kn_noise_cipher_open(&cipher, kn_span(NULL, 0), kn_span(out, 16), out),
             KN_E_LIMIT);
    kn_noise_cipher_done(&cipher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_transcripts_come_out_byte_for_byte),
        cmocka_unit_test(the_hash_of_all_that_was_said_is_the_same_at_every_step),
        cmocka_unit_test(cut_and_altered_messages_are_refused),
        cmocka_unit_test(the_last_number_is_for_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
