#include "network/proto/multistream.h"

#include "support/fuse.h"
#include "support/hex.h"
#include "support/vectors.h"

#define HEADER "132f6d756c746973747265616d2f312e302e300a"
#define NOISE "072f6e6f6973650a"
#define NO_MATCH "036e610a"
#define WANTED(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* What the recorded peer spoke. */
static const char *find(void *arg, struct kn_span name)
{
    static const char *const known[] = { "/noise", "/tls/1.0.0", "/ipfs/id/1.0.0",
                                         "/ipfs/ping/1.0.0" };

    (void)arg;
    for (size_t i = 0; i < KN_COUNT(known); i++) {
        if (kn_span_equal(name, kn_span_text(known[i])))
            return known[i];
    }
    return NULL;
}

/* Give `bytes` in pieces of `piece`; what was not used stays in `rest`. */
static enum kn_code feed(struct kn_multistream *m, struct kn_span bytes, size_t piece,
                         struct kn_buffer *wire, struct kn_buffer *rest, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    for (size_t at = 0; at < bytes.n && rc == KN_OK; at += piece) {
        size_t n = bytes.n - at < piece ? bytes.n - at : piece, used;

        rc = kn_multistream_input(m, kn_span(bytes.at + at, n), &used, wire, err);
        CHECK("used", used <= n && (rc != KN_OK || used == n || m->agreed != NULL));
        if (rc == KN_OK)
            kn_buffer_add(rest, bytes.at + at + used, n - used);
    }
    return rc;
}

/* All that one side sent, up to the names that were agreed on: what comes behind is data. */
static void side_of(const json_t *exchange, const char *side, struct kn_buffer *out)
{
    size_t i;
    json_t *step;

    json_array_foreach(exchange, i, step)
    {
        if (strcmp(json_string_value(json_array_get(step, 0)), side) == 0)
            hex_add(out, json_string_value(json_array_get(step, 1)));
    }
}

static bool starts_with(struct kn_span bytes, struct kn_span start)
{
    return bytes.n >= start.n && memcmp(bytes.at, start.at, start.n) == 0;
}

static void a_listener_answers_as_the_recorded_one_does(void **state)
{
    json_t *rows = vectors_list("multistream.json", "exchanges"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        struct kn_buffer asked = { 0 }, answered = { 0 };

        side_of(json_object_get(row, "exchange"), ">", &asked);
        side_of(json_object_get(row, "exchange"), "<", &answered);
        for (size_t piece = 1; piece <= asked.n + 1; piece++) {
            struct kn_buffer wire = { 0 }, rest = { 0 };
            struct kn_multistream m;
            struct kn_error err = { 0 };
            size_t used;

            kn_multistream_listen(&m, find, NULL);
            CHECK_EQ(name, kn_multistream_input(&m, kn_span(NULL, 0), &used, &wire, &err), KN_OK);
            CHECK_EQ(name, feed(&m, kn_buffer_get(&asked), piece, &wire, &rest, &err), KN_OK);
            CHECK(name, starts_with(kn_buffer_get(&answered), kn_buffer_get(&wire)));
            /* What the peer sent behind it is the protocol's: its echo, or its answer. */
            if (m.agreed == NULL)
                CHECK_EQ(name, wire.n, answered.n);
            if (strcmp(name, "ping with 32 B in the same flight") == 0)
                CHECK_EQ(name, rest.n, 32);
            else
                CHECK_EQ(name, rest.n, 0);
            kn_multistream_done(&m);
            kn_buffer_done(&wire);
            kn_buffer_done(&rest);
        }
        kn_buffer_done(&asked);
        kn_buffer_done(&answered);
    }
    vectors_done(rows);
}

static void a_dialer_says_what_the_recorded_one_understood(void **state)
{
    static const struct {
        const char *name;
        const char *wanted[3];
        enum kn_code code;
        const char *agreed;
    } cases[] = {
        { "header and /noise in one write", { "/noise" }, KN_OK, "/noise" },
        { "header alone, then /noise", { "/noise" }, KN_OK, "/noise" },
        { "unknown, then /noise", { "/plaintext/2.0.0", "/noise" }, KN_OK, "/noise" },
        { "na, then ping", { "/no", "/ipfs/ping/1.0.0" }, KN_OK, "/ipfs/ping/1.0.0" },
        { "identify, lazy", { "/ipfs/id/1.0.0" }, KN_OK, "/ipfs/id/1.0.0" },
        { "ping with 32 B in the same flight",
          { "/ipfs/ping/1.0.0", "/unused" },
          KN_OK,
          "/ipfs/ping/1.0.0" },
        { "listener speaks first", { "/noise" }, KN_OK, NULL },
        { "ls", { "ls" }, KN_E_REFUSED, NULL },
    };
    json_t *rows = vectors_list("multistream.json", "exchanges"), *row;
    size_t i, found = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < KN_COUNT(cases); c++) {
            const char *name = cases[c].name;
            struct kn_buffer asked = { 0 }, answered = { 0 };

            if (strcmp(vectors_text(row, "name"), name) != 0)
                continue;
            found++;
            side_of(json_object_get(row, "exchange"), ">", &asked);
            side_of(json_object_get(row, "exchange"), "<", &answered);
            for (size_t piece = 1; piece <= answered.n; piece++) {
                struct kn_buffer wire = { 0 }, rest = { 0 };
                struct kn_multistream m;
                struct kn_error err = { 0 };

                kn_multistream_dial(&m, cases[c].wanted, &wire);
                CHECK_EQ(name, feed(&m, kn_buffer_get(&answered), piece, &wire, &rest, &err),
                         cases[c].code);
                CHECK_STR(name, m.agreed, cases[c].agreed);
                if (asked.n > 0)
                    CHECK(name, starts_with(kn_buffer_get(&asked), kn_buffer_get(&wire)));
                kn_multistream_done(&m);
                kn_buffer_done(&wire);
                kn_buffer_done(&rest);
            }
            kn_buffer_done(&asked);
            kn_buffer_done(&answered);
        }
    }
    CHECK_EQ("recorded", found, KN_COUNT(cases));
    vectors_done(rows);
}

static void every_name_has_its_recorded_bytes(void **state)
{
    json_t *rows = vectors_list("multistream.json", "messages"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text");
        struct kn_buffer wire = { 0 }, want = { 0 };
        struct kn_multistream m;

        hex_add(&want, HEADER);
        hex_add(&want, vectors_text(row, "hex"));
        kn_multistream_dial(&m, WANTED(text), &wire);
        CHECK_BYTES(text, kn_buffer_get(&wire), kn_buffer_get(&want));
        kn_multistream_done(&m);
        kn_buffer_done(&wire);
        kn_buffer_done(&want);
    }
    vectors_done(rows);
}

static void a_listener_refuses_what_is_no_negotiation(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "header of another version", "132f6d756c746973747265616d2f322e302e300a", KN_E_PROTOCOL,
          "the peer does not begin with /multistream/1.0.0" },
        { "an HTTP request waits for its 71 bytes", "474554202f20485454502f312e310d0a0d0a", KN_OK,
          "" },
        { "no line feed at the end", "132f6d756c746973747265616d2f312e302e3078", KN_E_PROTOCOL,
          "without its line feed" },
        { "length 0", "00", KN_E_PROTOCOL, "without its line feed" },
        { "length not minimal", "93002f6d756c746973747265616d2f312e302e300a", KN_E_PROTOCOL,
          "wrong length" },
        { "length that never ends", "ffffffffffffffffffff", KN_E_PROTOCOL, "wrong length" },
        { "length 1025", "8108", KN_E_PROTOCOL, "longer than 1024 bytes" },
        { "name without header", NOISE, KN_E_PROTOCOL, "does not begin" },
        { "half a message", "132f6d756c7469", KN_OK, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 };

        hex_add(&bytes, cases[i].hex);
        for (size_t piece = 1; piece <= bytes.n; piece++) {
            struct kn_buffer wire = { 0 }, rest = { 0 };
            struct kn_multistream m;
            struct kn_error err = { 0 };

            kn_multistream_listen(&m, find, NULL);
            CHECK_EQ(cases[i].name, feed(&m, kn_buffer_get(&bytes), piece, &wire, &rest, &err),
                     cases[i].code);
            CHECK_HAS(cases[i].name, err.text, cases[i].want);
            CHECK(cases[i].name, m.agreed == NULL && rest.n == 0);
            kn_multistream_done(&m);
            kn_buffer_done(&wire);
            kn_buffer_done(&rest);
        }
        kn_buffer_done(&bytes);
    }
}

static void a_dialer_refuses_what_is_no_answer(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "header, then silence", HEADER, KN_OK, "" },
        { "the header of another version", "132f6d756c746973747265616d2f322e302e300a",
          KN_E_PROTOCOL, "does not begin" },
        { "a name instead of the header", NOISE, KN_E_PROTOCOL, "does not begin" },
        { "another name", HEADER "0b2f746c732f312e302e300a", KN_E_PROTOCOL,
          "answers neither /noise nor na" },
        { "the second name for the first", HEADER "022f780a", KN_E_PROTOCOL, "line feed" },
        { "twice the header", HEADER HEADER, KN_E_PROTOCOL, "answers neither" },
        { "one na", HEADER NO_MATCH, KN_OK, "" },
        { "two na", HEADER NO_MATCH NO_MATCH, KN_E_REFUSED,
          "the peer speaks none of 2 protocols, /noise first" },
        { "the first name after na", HEADER NO_MATCH NOISE, KN_E_PROTOCOL,
          "answers neither /x nor na" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 }, wire = { 0 }, rest = { 0 };
        struct kn_multistream m;
        struct kn_error err = { 0 };

        hex_add(&bytes, cases[i].hex);
        kn_multistream_dial(&m, WANTED("/noise", "/x"), &wire);
        CHECK_EQ(cases[i].name, feed(&m, kn_buffer_get(&bytes), bytes.n, &wire, &rest, &err),
                 cases[i].code);
        CHECK_HAS(cases[i].name, err.text, cases[i].want);
        CHECK(cases[i].name, m.agreed == NULL);
        kn_multistream_done(&m);
        kn_buffer_done(&bytes);
        kn_buffer_done(&wire);
        kn_buffer_done(&rest);
    }
}

static void names_of_the_longest_length_and_empty_ones_are_only_unknown(void **state)
{
    static const size_t lengths[] = { 1, 2, 127, 128, KN_MULTISTREAM_MESSAGE_MAX };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(lengths); i++) {
        struct kn_buffer bytes = { 0 }, want = { 0 };

        hex_add(&bytes, HEADER);
        if (lengths[i] > 127)
            kn_buffer_add_byte(&bytes, (uint8_t)((lengths[i] & 0x7f) | 0x80));
        kn_buffer_add_byte(&bytes, (uint8_t)(lengths[i] > 127 ? lengths[i] >> 7 : lengths[i]));
        for (size_t k = 1; k < lengths[i]; k++)
            kn_buffer_add_byte(&bytes, 'a');
        kn_buffer_add_byte(&bytes, '\n');
        hex_add(&bytes, NOISE "2a");
        hex_add(&want, HEADER NO_MATCH NOISE);
        for (size_t piece = 1; piece <= bytes.n; piece += 13) {
            struct kn_buffer wire = { 0 }, rest = { 0 };
            struct kn_multistream m;

            kn_multistream_listen(&m, find, NULL);
            CHECK_EQ("fits", feed(&m, kn_buffer_get(&bytes), piece, &wire, &rest, NULL), KN_OK);
            CHECK_STR("fits", m.agreed, "/noise");
            CHECK_BYTES("fits", kn_buffer_get(&wire), kn_buffer_get(&want));
            CHECK_BYTES("fits", kn_buffer_get(&rest), kn_span("*", 1));
            kn_multistream_done(&m);
            kn_buffer_done(&wire);
            kn_buffer_done(&rest);
        }
        kn_buffer_done(&bytes);
        kn_buffer_done(&want);
    }
}

static void a_listener_hears_64_unknown_names_and_then_no_more(void **state)
{
    (void)state;
    for (unsigned names = KN_MULTISTREAM_REFUSALS_MAX - 1; names <= KN_MULTISTREAM_REFUSALS_MAX;
         names++) {
        struct kn_buffer bytes = { 0 }, wire = { 0 }, rest = { 0 };
        struct kn_multistream m;
        struct kn_error err = { 0 };
        bool fits = names < KN_MULTISTREAM_REFUSALS_MAX;

        hex_add(&bytes, HEADER);
        for (unsigned i = 0; i < names; i++)
            hex_add(&bytes, "036c730a");
        hex_add(&bytes, NOISE);
        kn_multistream_listen(&m, find, NULL);
        CHECK_EQ("names", feed(&m, kn_buffer_get(&bytes), 7, &wire, &rest, &err),
                 fits ? KN_OK : KN_E_REFUSED);
        CHECK_STR("names", m.agreed, fits ? "/noise" : NULL);
        CHECK_STR("names", err.text,
                  fits ? "" : "multistream: 64 proposed protocols are not known here");
        kn_multistream_done(&m);
        kn_buffer_done(&bytes);
        kn_buffer_done(&wire);
        kn_buffer_done(&rest);
    }
}

static void a_dialer_tries_64_names_and_then_no_more(void **state)
{
    const char *wanted[KN_MULTISTREAM_REFUSALS_MAX + 2];
    struct kn_buffer wire = { 0 }, rest = { 0 }, answers = { 0 };
    struct kn_multistream m;
    struct kn_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(wanted) - 1; i++)
        wanted[i] = "/x";
    wanted[KN_COUNT(wanted) - 1] = NULL;
    kn_multistream_dial(&m, wanted, &wire);
    hex_add(&answers, HEADER);
    for (unsigned i = 1; i < KN_MULTISTREAM_REFUSALS_MAX; i++)
        hex_add(&answers, NO_MATCH);
    CHECK_EQ("63", feed(&m, kn_buffer_get(&answers), 5, &wire, &rest, &err), KN_OK);
    CHECK_EQ("64 names", wire.n, 20 + KN_MULTISTREAM_REFUSALS_MAX * 4);
    CHECK_EQ("64", feed(&m, kn_span("\3na\n", 4), 4, &wire, &rest, &err), KN_E_REFUSED);
    CHECK_STR("64", err.text, "multistream: the peer speaks none of 64 protocols, /x first");
    CHECK_EQ("64 names", wire.n, 20 + KN_MULTISTREAM_REFUSALS_MAX * 4);
    kn_multistream_done(&m);
    kn_buffer_done(&wire);
    kn_buffer_done(&rest);
    kn_buffer_done(&answers);
}

static void nothing_is_taken_once_there_is_a_name(void **state)
{
    struct kn_buffer wire = { 0 }, rest = { 0 }, bytes = { 0 };
    struct kn_multistream m;
    size_t used = 7;

    (void)state;
    hex_add(&bytes, HEADER NOISE);
    kn_multistream_listen(&m, find, NULL);
    CHECK_EQ("agree", feed(&m, kn_buffer_get(&bytes), 3, &wire, &rest, NULL), KN_OK);
    CHECK_EQ("later", kn_multistream_input(&m, kn_buffer_get(&bytes), &used, &wire, NULL), KN_OK);
    CHECK_EQ("later", used, 0);
    CHECK_STR("later", m.agreed, "/noise");
    CHECK_BYTES("later", kn_buffer_get(&wire), kn_buffer_get(&bytes));
    kn_multistream_done(&m);
    kn_buffer_done(&wire);
    kn_buffer_done(&rest);
    kn_buffer_done(&bytes);
}

static void a_wire_without_room_is_told(void **state)
{
    struct kn_buffer wire = { .max = 8 };
    struct kn_multistream m;
    struct kn_error err = { 0 };
    size_t used;

    (void)state;
    kn_multistream_listen(&m, find, NULL);
    CHECK_EQ("listener", kn_multistream_input(&m, kn_span("\x13", 1), &used, &wire, &err),
             KN_E_NO_MEMORY);
    kn_multistream_done(&m);
    kn_buffer_done(&wire);
}

/* True when nothing failed any more. */
static bool negotiate_with_failure(long after)
{
    struct kn_buffer wire = { 0 }, bytes = { 0 };
    struct kn_multistream m;
    struct kn_error err = { 0 };
    size_t used;
    enum kn_code rc = KN_OK;
    bool failed;

    hex_add(&bytes, HEADER NOISE);
    kn_multistream_listen(&m, find, NULL);
    kn_fuse = after;
    for (size_t i = 0; i < bytes.n && rc == KN_OK; i++)
        rc = kn_multistream_input(&m, kn_span(kn_buffer_get(&bytes).at + i, 1), &used, &wire, &err);
    failed = kn_fuse < 0;
    kn_fuse = -1;
    CHECK_EQ("memory", rc, failed ? KN_E_NO_MEMORY : KN_OK);
    CHECK_EQ("memory", err.code, rc);
    kn_multistream_done(&m);
    kn_buffer_done(&wire);
    kn_buffer_done(&bytes);
    return !failed;
}

static void running_out_of_memory_is_an_answer(void **state)
{
    long after = 0;

    (void)state;
    while (!negotiate_with_failure(after))
        after++;
    CHECK_EQ("the wire and what is kept", after, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_answers_as_the_recorded_one_does),
        cmocka_unit_test(a_dialer_says_what_the_recorded_one_understood),
        cmocka_unit_test(every_name_has_its_recorded_bytes),
        cmocka_unit_test(a_listener_refuses_what_is_no_negotiation),
        cmocka_unit_test(a_dialer_refuses_what_is_no_answer),
        cmocka_unit_test(names_of_the_longest_length_and_empty_ones_are_only_unknown),
        cmocka_unit_test(a_listener_hears_64_unknown_names_and_then_no_more),
        cmocka_unit_test(a_dialer_tries_64_names_and_then_no_more),
        cmocka_unit_test(nothing_is_taken_once_there_is_a_name),
        cmocka_unit_test(a_wire_without_room_is_told),
        cmocka_unit_test(running_out_of_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
