/* What happens once both sides are ready, and when memory runs out on the way there. */
#include "lib/crypto/random.h"
#include "network/noise/noise.h"
#include "support/channel.h"
#include "support/fuse.h"

static void wrong_frames_after_the_handshake_end_the_channel(void **state)
{
    static const struct {
        const char *name, *hex, *want;
    } cases[] = {
        { "a wrong tag", "00140000000000000000000000000000000000000000",
          "noise: a frame was altered on its way" },
        { "length 0", "0000", "noise: a frame of 0 bytes; the shortest has 16" },
        { "15 bytes", "000f000000000000000000000000000000",
          "noise: a frame of 15 bytes; the shortest has 16" },
        { "an empty frame with a wrong tag", "001000000000000000000000000000000000", "altered" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        for (unsigned role = 0; role < 2; role++) {
            struct end ends[2];
            struct end *e = &ends[role];
            struct kn_error err = { 0 };

            connect_ends(&ends[0], &ends[1], 77);
            kn_buffer_add(&e->plain, "kept", 4);
            CHECK_EQ(cases[i].name, hear_hex(e, cases[i].hex, &err), KN_E_PROTOCOL);
            CHECK_HAS(cases[i].name, err.text, cases[i].want);
            CHECK_BYTES(cases[i].name, kn_buffer_get(&e->plain), kn_span("kept", 4));
            CHECK(cases[i].name, !kn_noise_is_ready(e->noise));
            CHECK_EQ(cases[i].name, kn_noise_send(e->noise, kn_span("x", 1), &e->wire),
                     KN_E_CLOSED);
            CHECK_EQ(cases[i].name, e->wire.n, 0);
            close_end(&ends[0]);
            close_end(&ends[1]);
        }
    }
}

static void frames_come_once_in_their_order_and_from_the_other_side(void **state)
{
    struct end a, b;
    struct kn_buffer first = { 0 };

    (void)state;
    for (unsigned story = 0; story < 3; story++) {
        connect_ends(&a, &b, 10);
        CHECK_EQ("send", kn_noise_send(a.noise, kn_span("one", 3), &first), KN_OK);
        CHECK_EQ("send", kn_noise_send(a.noise, kn_span("two", 3), &a.wire), KN_OK);
        if (story == 0) { /* twice the same */
            CHECK_EQ("once", hear(&b, kn_buffer_get(&first), 9, NULL), KN_OK);
            CHECK_EQ("twice", hear(&b, kn_buffer_get(&first), 9, NULL), KN_E_PROTOCOL);
        } else if (story == 1) /* the second before the first */
            CHECK_EQ("second", pass(&a, &b, 9, NULL), KN_E_PROTOCOL);
        else /* thrown back */
            CHECK_EQ("back", hear(&a, kn_buffer_get(&first), 9, NULL), KN_E_PROTOCOL);
        CHECK_EQ("heard", b.plain.n, story == 0 ? 3 : 0);
        kn_buffer_done(&first);
        close_end(&a);
        close_end(&b);
    }
}

static void any_length_is_cut_into_frames_and_comes_whole(void **state)
{
    static const struct {
        size_t n, frames;
    } cases[] = {
        { 0, 1 },
        { 1, 1 },
        { KN_NOISE_PLAIN_MAX - 1, 1 },
        { KN_NOISE_PLAIN_MAX, 1 },
        { KN_NOISE_PLAIN_MAX + 1, 2 },
        { 2 * (size_t)KN_NOISE_PLAIN_MAX, 2 },
        { 1000000, 16 },
    };
    struct end ends[2];
    uint64_t seed = 1;
    struct kn_random random = kn_random_seeded(&seed);

    (void)state;
    connect_ends(&ends[0], &ends[1], 1000);
    for (size_t i = 0; i < 2 * KN_COUNT(cases); i++) {
        struct end *from = &ends[i % 2], *to = &ends[1 - i % 2];
        struct kn_buffer text = { 0 };
        size_t n = cases[i / 2].n;

        if (n > 0)
            kn_random_fill(&random, kn_buffer_extend(&text, n), n);
        CHECK_EQ("send", kn_noise_send(from->noise, kn_buffer_get(&text), &from->wire), KN_OK);
        CHECK_EQ("frames", from->wire.n, n + 18 * cases[i / 2].frames);
        CHECK_EQ("hear", pass(from, to, 1 + kn_random_below(&random, 100000), NULL), KN_OK);
        CHECK_BYTES("text", kn_buffer_get(&to->plain), kn_buffer_get(&text));
        kn_buffer_clear(&to->plain);
        kn_buffer_done(&text);
    }
    close_end(&ends[0]);
    close_end(&ends[1]);
}

static void a_frame_made_where_it_lies_has_a_largest_length(void **state)
{
    static const struct {
        size_t head, text;
        enum kn_code code;
    } cases[] = {
        { KN_NOISE_HEAD, 0, KN_OK },
        { KN_NOISE_HEAD, 1, KN_OK },
        { KN_NOISE_HEAD, KN_NOISE_PLAIN_MAX, KN_OK },
        { KN_NOISE_HEAD, KN_NOISE_PLAIN_MAX + 1, KN_E_LIMIT },
        { KN_NOISE_HEAD - 1, 0, KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct end ends[2];

        connect_ends(&ends[0], &ends[1], 1000);
        kn_buffer_add(&ends[0].wire, "before", 6);
        (void)kn_buffer_extend(&ends[0].wire, cases[i].head + cases[i].text);
        CHECK_EQ("seal", kn_noise_seal(ends[0].noise, 6, &ends[0].wire), cases[i].code);
        CHECK_EQ("nothing else is changed", memcmp(ends[0].wire.memory, "before", 6), 0);
        kn_buffer_take(&ends[0].wire, 6);
        CHECK_EQ("frame", ends[0].wire.n, cases[i].code == KN_OK ? cases[i].text + 18 : 0);
        CHECK_EQ("hear", pass(&ends[0], &ends[1], 5000, NULL), KN_OK);
        CHECK_EQ("text", ends[1].plain.n, cases[i].code == KN_OK ? cases[i].text : 0);
        CHECK_EQ("over", kn_noise_send(ends[0].noise, kn_span("x", 1), &ends[0].wire),
                 cases[i].code == KN_OK ? KN_OK : KN_E_CLOSED);
        close_end(&ends[0]);
        close_end(&ends[1]);
    }
}

/* True when nothing failed any more. */
static bool talk_with_failure(long after)
{
    struct kn_random random = kn_random_system();
    struct kn_key *keys[2] = { identity_of("name", "A"), identity_of("name", "B") };
    struct kn_noise_options options[2] = { { KN_ROLE_DIALER, keys[0], NULL, yamux, &random },
                                           { KN_ROLE_LISTENER, keys[1], NULL, yamux, &random } };
    struct kn_buffer there = { 0 }, back = { 0 }, plain = { 0 };
    struct kn_noise *dialer, *listener;
    enum kn_code rc = KN_E_NO_MEMORY;
    bool failed;

    kn_fuse = after;
    dialer = kn_noise_new(&options[0], &there);
    listener = kn_noise_new(&options[1], &back);
    if (dialer != NULL && listener != NULL)
        rc = kn_noise_input(listener, kn_span(kn_buffer_get(&there).at, 5), &back, &plain, NULL);
    kn_buffer_take(&there, 5);
    if (rc == KN_OK)
        rc = kn_noise_input(listener, kn_buffer_get(&there), &back, &plain, NULL);
    kn_buffer_take(&there, there.n);
    if (rc == KN_OK)
        rc = kn_noise_input(dialer, kn_buffer_get(&back), &there, &plain, NULL);
    kn_buffer_take(&back, back.n);
    if (rc == KN_OK)
        rc = kn_noise_send(dialer, kn_span(yamux, sizeof(yamux)), &there);
    if (rc == KN_OK)
        rc = kn_noise_input(listener, kn_buffer_get(&there), &back, &plain, NULL);
    failed = kn_fuse < 0;
    kn_fuse = -1;
    CHECK_EQ("memory", rc, failed ? KN_E_NO_MEMORY : KN_OK);
    CHECK_EQ("memory", plain.n, failed ? 0 : sizeof(yamux));
    kn_noise_free(dialer);
    kn_noise_free(listener);
    kn_key_free(keys[0]);
    kn_key_free(keys[1]);
    kn_buffer_done(&there);
    kn_buffer_done(&back);
    kn_buffer_done(&plain);
    return !failed;
}

static void running_out_of_memory_is_an_answer(void **state)
{
    long after = 0;

    (void)state;
    while (!talk_with_failure(after))
        after++;
    CHECK("allocations", after > 10);
}

static void full_buffers_end_the_channel(void **state)
{
    struct end a, b;
    struct kn_error err = { 0 };

    (void)state;
    connect_ends(&a, &b, 999);
    CHECK_EQ("send", kn_noise_send(a.noise, kn_span("text", 4), &a.wire), KN_OK);
    b.plain.max = 3;
    CHECK_EQ("plain", pass(&a, &b, 999, &err), KN_E_NO_MEMORY);
    CHECK_EQ("plain", err.code, KN_E_NO_MEMORY);
    CHECK("plain", !kn_noise_is_ready(b.noise));
    kn_buffer_done(&a.wire);
    a.wire.max = 21;
    CHECK_EQ("wire", kn_noise_send(a.noise, kn_span("text", 4), &a.wire), KN_E_NO_MEMORY);
    CHECK("wire", !kn_noise_is_ready(a.noise));
    close_end(&a);
    close_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_frames_after_the_handshake_end_the_channel),
        cmocka_unit_test(frames_come_once_in_their_order_and_from_the_other_side),
        cmocka_unit_test(any_length_is_cut_into_frames_and_comes_whole),
        cmocka_unit_test(a_frame_made_where_it_lies_has_a_largest_length),
        cmocka_unit_test(running_out_of_memory_is_an_answer),
        cmocka_unit_test(full_buffers_end_the_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
