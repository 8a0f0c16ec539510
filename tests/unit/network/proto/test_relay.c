#include "network/proto/relay.h"

#include "lib/codec/frame.h"
#include "lib/codec/multiaddr_bytes.h"
#include "support/hex.h"
#include "support/vectors.h"

#define ID_A "0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
#define ID_B "0024080112202152f8d19b791d24453242e15f2eab6cb7cffa7b6a5ed30097960e069881db12"
#define ADDR                                                                       \
    "0412db2b43061f40a503221220230a19057e4144845c090cad4165158b4b9e229fb7207e043d" \
    "20f53a391c47c1"
#define LIMIT    \
    "0878108080" \
    "08"

static struct kn_peer_id peer_of(const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_peer_id peer;

    CHECK_EQ(hex, kn_peer_id_from_bytes(bytes.at, bytes.n, &peer, NULL), KN_OK);
    hex_done(bytes);
    return peer;
}

/* What the relay of go answered, step by step; garbage is ours. */
static void exchanges_with_a_relay_are_read(void **state)
{
    static const struct {
        const char *name;
        size_t step;
        enum kn_code code;
        enum kn_hop_type type;
        uint32_t status;
    } cases[] = {
        { "RESERVE", 0, KN_OK, KN_HOP_RESERVE, 0 },
        { "RESERVE", 1, KN_OK, KN_HOP_STATUS, KN_RELAY_OK },
        { "CONNECT to a peer without reservation", 0, KN_OK, KN_HOP_CONNECT, 0 },
        { "CONNECT to a peer without reservation", 1, KN_OK, KN_HOP_STATUS,
          KN_RELAY_NO_RESERVATION },
        { "BAD CONNECT without peer", 0, KN_E_INVALID, 0, 0 },
        { "BAD CONNECT without peer", 1, KN_OK, KN_HOP_STATUS, KN_RELAY_MALFORMED_MESSAGE },
        { "BAD type STATUS as request", 0, KN_OK, KN_HOP_STATUS, KN_RELAY_OK },
        { "BAD garbage", 0, KN_E_SYNTAX, 0, 0 },
        { "BAD type 9", 0, KN_E_INVALID, 0, 0 },
    };
    json_t *rows = vectors_list("relay.json", "exchanges"), *row;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < KN_COUNT(cases); k++) {
            const json_t *step = json_array_get(json_object_get(row, "exchange"), cases[k].step);
            struct kn_span frame, message = { NULL, 0 };
            struct kn_hop hop = { .status = 0 };
            size_t used;

            if (strcmp(vectors_text(row, "name"), cases[k].name) != 0)
                continue;
            frame = hex_bytes(json_string_value(json_array_get(step, 1)));
            CHECK_EQ(cases[k].name, kn_frame_next(frame, KN_RELAY_MESSAGE_MAX, &message, &used),
                     KN_OK);
            CHECK_EQ(cases[k].name, kn_hop_decode(message, &hop), cases[k].code);
            CHECK_EQ(cases[k].name, hop.type, cases[k].type);
            CHECK_EQ(cases[k].name, hop.status, cases[k].status);
            hex_done(frame);
            seen++;
        }
    }
    CHECK_EQ("rows", seen, KN_COUNT(cases));
    vectors_done(rows);
}

static void a_reservation_is_read_whole(void **state)
{
    struct kn_span bytes = hex_bytes("08021a350890fecfaa06122d" ADDR "2206" LIMIT "2864"), addr;
    struct kn_hop hop;

    (void)state;
    CHECK_EQ("read", kn_hop_decode(bytes, &hop), KN_OK);
    CHECK("reservation", hop.reservation.is_there && hop.limit.is_there && !hop.peer.is_there);
    CHECK_EQ("expires", hop.reservation.expires, 1700003600);
    CHECK_EQ("duration", hop.limit.duration_s, 120);
    CHECK_EQ("bytes", hop.limit.bytes, 131072);
    CHECK("address", kn_field_list_next(&hop.reservation.addrs, &addr));
    CHECK_HEX("address", addr, ADDR);
    CHECK("one", !kn_field_list_next(&hop.reservation.addrs, &addr));
    CHECK_EQ("voucher", hop.reservation.voucher.n, 0);
    hex_done(bytes);
}

static void what_we_say_is_what_peers_say(void **state)
{
    struct kn_peer_id a = peer_of(ID_A), b = peer_of(ID_B);
    struct kn_span addr = hex_bytes(ADDR);
    struct kn_relay_limit limit = { true, 120, 131072 };
    struct kn_relay_grant granted = { 1700003600, &addr, 1 };
    struct kn_buffer out = { 0 };

    (void)state;
    kn_hop_reserve_encode(&out);
    CHECK_HEX("reserve", kn_buffer_get(&out), "0800");
    kn_buffer_clear(&out);
    kn_hop_connect_encode(&b, &out);
    CHECK_HEX("connect", kn_buffer_get(&out), "080112280a26" ID_B);
    kn_buffer_clear(&out);
    kn_hop_status_encode(KN_RELAY_OK, &granted, &limit, &out);
    CHECK_HEX("reserved", kn_buffer_get(&out), "08021a350890fecfaa06122d" ADDR "2206" LIMIT "2864");
    kn_buffer_clear(&out);
    kn_hop_status_encode(KN_RELAY_OK, NULL, &limit, &out);
    CHECK_HEX("connected", kn_buffer_get(&out), "08022206" LIMIT "2864");
    kn_buffer_clear(&out);
    kn_hop_status_encode(KN_RELAY_NO_RESERVATION, NULL, NULL, &out);
    CHECK_HEX("refused", kn_buffer_get(&out), "080228cc01");
    kn_buffer_clear(&out);
    kn_stop_connect_encode(&a, &limit, &out);
    CHECK_HEX("stop", kn_buffer_get(&out), "080012280a26" ID_A "1a06" LIMIT);
    kn_buffer_clear(&out);
    kn_stop_status_encode(KN_RELAY_OK, &out);
    CHECK_HEX("stop, yes", kn_buffer_get(&out), "08012064");
    kn_buffer_done(&out);
    hex_done(addr);
}

static void stop_messages_are_told_apart(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        enum kn_stop_type type;
        uint32_t status;
    } cases[] = {
        { "connect", "080012280a26" ID_A "1a06" LIMIT, KN_OK, KN_STOP_CONNECT, 0 },
        { "status", "08012064", KN_OK, KN_STOP_STATUS, KN_RELAY_OK },
        { "a status of 64 bits", "080120ffffffffffffffffff01", KN_OK, KN_STOP_STATUS, UINT32_MAX },
        { "unknown fields", "78010801206482010161", KN_OK, KN_STOP_STATUS, KN_RELAY_OK },
        { "connect without a peer", "0800", KN_E_INVALID, 0, 0 },
        { "connect to a peer without id", "08001200", KN_E_INVALID, 0, 0 },
        { "connect to nonsense", "080012050a03616263", KN_E_INVALID, 0, 0 },
        { "a cut peer", "080012020a26", KN_E_SYNTAX, 0, 0 },
        { "a cut limit", "080120641a0108", KN_E_SYNTAX, 0, 0 },
        { "status without one", "0801", KN_E_INVALID, 0, 0 },
        { "no type", "2064", KN_E_INVALID, 0, 0 },
        { "a type of later versions", "08022064", KN_E_INVALID, 0, 0 },
        { "nothing", "", KN_E_INVALID, 0, 0 },
        { "cut", "08", KN_E_SYNTAX, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_stop stop = { .status = 0 };

        CHECK_EQ(cases[i].name, kn_stop_decode(bytes, &stop), cases[i].code);
        CHECK_EQ(cases[i].name, stop.type, cases[i].type);
        CHECK_EQ(cases[i].name, stop.status, cases[i].status);
        hex_done(bytes);
    }
}

static void messages_keep_to_their_limits(void **state)
{
    static uint8_t large[KN_RELAY_MESSAGE_MAX + 1];
    struct kn_span addrs[KN_RELAY_ADDRS_MAX + 1], addr;
    struct kn_relay_grant granted = { UINT64_MAX, addrs, KN_COUNT(addrs) };
    struct kn_relay_limit limit = { true, UINT32_MAX, UINT64_MAX };
    struct kn_buffer out = { 0 };
    struct kn_stop stop;
    struct kn_hop hop;
    size_t n = 0;

    (void)state;
    CHECK_EQ("hop", kn_hop_decode(kn_span(large, sizeof(large)), &hop), KN_E_LIMIT);
    CHECK_EQ("stop", kn_stop_decode(kn_span(large, sizeof(large)), &stop), KN_E_LIMIT);
    for (size_t i = 0; i < KN_COUNT(addrs); i++)
        addrs[i] = kn_span(large, KN_MULTIADDR_BYTES_MAX);
    kn_hop_status_encode(KN_RELAY_OK, &granted, &limit, &out);
    CHECK_EQ("long addresses", kn_hop_decode(kn_buffer_get(&out), &hop), KN_OK);
    while (kn_field_list_next(&hop.reservation.addrs, &addr))
        n++;
    CHECK_EQ("long addresses", n, 7);
    for (size_t i = 0; i < KN_COUNT(addrs); i++)
        addrs[i] = kn_span(large, 8);
    kn_buffer_clear(&out);
    kn_hop_status_encode(KN_RELAY_OK, &granted, &limit, &out);
    CHECK_EQ("many addresses", kn_hop_decode(kn_buffer_get(&out), &hop), KN_OK);
    for (n = 0; kn_field_list_next(&hop.reservation.addrs, &addr); n++)
        continue;
    CHECK_EQ("many addresses", n, KN_RELAY_ADDRS_MAX);
    kn_buffer_done(&out);
}

static void numbers_of_a_status_have_words(void **state)
{
    (void)state;
    CHECK_STR("204", kn_relay_status_brief(KN_RELAY_NO_RESERVATION),
              "the peer has no reservation there");
    CHECK_STR("200", kn_relay_status_brief(KN_RELAY_RESERVATION_REFUSED), "reservation refused");
    CHECK_STR("another", kn_relay_status_brief(7), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_with_a_relay_are_read),
        cmocka_unit_test(a_reservation_is_read_whole),
        cmocka_unit_test(what_we_say_is_what_peers_say),
        cmocka_unit_test(stop_messages_are_told_apart),
        cmocka_unit_test(messages_keep_to_their_limits),
        cmocka_unit_test(numbers_of_a_status_have_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
