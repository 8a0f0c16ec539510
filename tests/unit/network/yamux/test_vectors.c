#include "network/yamux/header.h"
#include "network/yamux/session.h"
#include "network/yamux/yamux.h"

#include "support/vectors.h"
#include "support/yamux.h"

static uint8_t hex_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return n;
}

static json_int_t number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static unsigned flags_of(const json_t *row)
{
    static const char *const names[] = { "SYN", "ACK", "FIN", "RST" };
    const json_t *list = json_object_get(row, "flags"), *flag;
    unsigned flags = 0;
    size_t i;

    json_array_foreach(list, i, flag)
    {
        for (unsigned k = 0; k < KN_COUNT(names); k++)
            if (strcmp(json_string_value(flag), names[k]) == 0)
                flags |= 1U << k;
    }
    return flags;
}

static void headers_of_real_peers_are_read_and_written(void **state)
{
    static const char *const types[] = { "Data", "WindowUpdate", "Ping", "GoAway" };
    json_t *rows = vectors_list("yamux.json", "frames"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        struct kn_yamux_header h = { 0 };
        uint8_t bytes[KN_YAMUX_HEADER_SIZE], again[KN_YAMUX_HEADER_SIZE];

        CHECK_EQ(note, from_hex(vectors_text(row, "hex"), bytes), sizeof(bytes));
        CHECK_EQ(note, kn_yamux_header_decode(bytes, &h), KN_OK);
        CHECK_STR(note, types[h.type], vectors_text(row, "type"));
        CHECK_EQ(note, h.flags, flags_of(row));
        CHECK_EQ(note, h.id, number_of(row, "stream"));
        CHECK_EQ(note, h.length, number_of(row, "length"));
        kn_yamux_header_encode(&h, again);
        CHECK(note, memcmp(again, bytes, sizeof(bytes)) == 0);
    }
    vectors_done(rows);
}

static struct kn_yamux_stream *stream_of(struct yamux_side *side, uint32_t id)
{
    for (size_t i = side->count; i-- > 0;)
        if (side->users[i].id == id)
            return side->users[i].stream;
    fail();
    return NULL;
}

/* Do what makes us send the frame `h`, as far as we do not send it by ourselves. */
static void act(struct yamux_side *side, const struct kn_yamux_header *h, size_t body, kn_time now)
{
    static const uint8_t zeros[KN_YAMUX_BODY_MAX];

    if (h->type == KN_YAMUX_PING && h->flags == KN_YAMUX_SYN) {
        side->y->ping_value = h->length - 1;
        CHECK_EQ("tick", kn_yamux_tick(side->y, now), KN_OK);
    } else if (h->type == KN_YAMUX_DATA) {
        CHECK_EQ("write", kn_yamux_write(stream_of(side, h->id), kn_span(zeros, body)), KN_OK);
    } else if (h->type == KN_YAMUX_CREDIT && h->flags == KN_YAMUX_SYN) {
        CHECK_EQ("number", kn_yamux_stream_id(yamux_open(side)), h->id);
    } else if (h->type == KN_YAMUX_CREDIT && h->flags == KN_YAMUX_FIN) {
        kn_yamux_finish(stream_of(side, h->id));
    } else if (h->type == KN_YAMUX_CREDIT && h->flags == KN_YAMUX_RST) {
        kn_yamux_reset(stream_of(side, h->id));
    } else if (h->type == KN_YAMUX_CREDIT && h->flags == 0) {
        kn_yamux_consumed(stream_of(side, h->id), SIZE_MAX);
    }
}

/* Played again, our side of a recorded session sends frame by frame what was recorded. */
static void a_recorded_session_is_played_again(void **state)
{
    json_t *rows = vectors_list("yamux.json", "session"), *row;
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *hex = json_string_value(json_array_get(row, 1));
        size_t body = (size_t)json_integer_value(json_array_get(row, 2));
        struct kn_buffer wire = { 0 };
        uint8_t bytes[KN_YAMUX_HEADER_SIZE];
        struct kn_yamux_header h = { 0 };

        (void)from_hex(hex, bytes);
        CHECK_EQ(hex, kn_yamux_header_decode(bytes, &h), KN_OK);
        if (*json_string_value(json_array_get(row, 0)) == '<') {
            yamux_put(&wire, h, NULL);
            CHECK_EQ(hex, kn_yamux_input(side->y, kn_buffer_get(&wire), (kn_time)i, NULL), KN_OK);
        } else {
            act(side, &h, body, (kn_time)i);
            kn_yamux_output(side->y, 1, &wire);
            CHECK_EQ(hex, wire.n, sizeof(bytes) + body);
            CHECK(hex, memcmp(kn_buffer_get(&wire).at, bytes, sizeof(bytes)) == 0);
        }
        kn_buffer_done(&wire);
    }
    CHECK("nothing else", !kn_yamux_has_output(side->y));
    CHECK_EQ("round trip", kn_yamux_rtt_ms(side->y), 2);
    CHECK_EQ("two streams of the peer are open", kn_yamux_stream_count(side->y), 2);
    vectors_done(rows);
    yamux_stop(side);
}

/* Bytes written out, or their beginning and how many there are. */
static void bytes_of(const json_t *row, struct kn_buffer *out)
{
    const json_t *bytes = json_object_get(row, "bytes");
    const char *hex =
        json_is_string(bytes) ? json_string_value(bytes) : vectors_text(bytes, "head");
    size_t n = strlen(hex) / 2;
    size_t total = json_is_string(bytes) ? n : (size_t)number_of(bytes, "length");
    uint8_t *at = total == 0 ? NULL : kn_buffer_extend(out, total);

    if (at == NULL)
        return;
    (void)from_hex(hex, at);
    memset(at + n, at[n - 1], total - n);
}

static void hostile_bytes_do_to_us_what_they_do_to_a_go_peer(void **state)
{
    json_t *rows = vectors_list("yamux_negative.json", "cases"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note"), *does = vectors_text(row, "p2pd");
        const char *answer = strstr(does, "answers ");
        struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
        struct kn_buffer in = { 0 }, wire = { 0 };
        bool lives;

        bytes_of(row, &in);
        lives = kn_yamux_input(side->y, kn_buffer_get(&in), 0, NULL) == KN_OK;
        CHECK_EQ(note, lives, strncmp(does, "session lives", 13) == 0);
        kn_yamux_output(side->y, SIZE_MAX, &wire);
        if (answer != NULL) {
            char first[2 * KN_YAMUX_HEADER_SIZE + 1];
            uint8_t want[KN_YAMUX_HEADER_SIZE];

            (void)snprintf(first, sizeof(first), "%s", answer + strlen("answers "));
            CHECK_EQ(note, from_hex(first, want), sizeof(want));
            CHECK(note, wire.n >= sizeof(want));
            CHECK(note, memcmp(kn_buffer_get(&wire).at, want, sizeof(want)) == 0);
        }
        kn_buffer_done(&in);
        kn_buffer_done(&wire);
        yamux_stop(side);
    }
    vectors_done(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_real_peers_are_read_and_written),
        cmocka_unit_test(a_recorded_session_is_played_again),
        cmocka_unit_test(hostile_bytes_do_to_us_what_they_do_to_a_go_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
