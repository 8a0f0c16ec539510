#include "lib/codec/multiaddr_bytes.h"

#include "support/hex.h"
#include "support/vectors.h"

/* go-multiaddr reads a sign and cuts the number to 16 bits; nobody means that. */
static bool has_negative_port(const char *text)
{
    return strstr(text, "/-1") != NULL;
}

static void texts_and_bytes_stand_for_each_other(void **state)
{
    json_t *rows = vectors_list("multiaddr_bytes.json", "valid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text"), *hex = vectors_text(row, "hex");
        const char *canonical = vectors_text(row, "canonical");
        struct kn_span bytes = hex_bytes(hex);
        struct kn_buffer out = { 0 };
        struct kn_error err = { 0 };
        struct kn_text again = { 0 };
        enum kn_code rc = kn_multiaddr_to_bytes(kn_span_text(text), &out, &err);

        CHECK_EQ(text, rc, has_negative_port(text) ? KN_E_SYNTAX : KN_OK);
        CHECK_HEX(text, kn_buffer_get(&out), rc == KN_OK ? hex : "");
        CHECK_EQ(text, kn_multiaddr_to_text(bytes, &again), KN_OK);
        CHECK_STR(text, kn_text_get(&again), canonical != NULL ? canonical : text);
        kn_text_done(&again);
        kn_buffer_done(&out);
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void addresses_are_sorted_by_where_they_lead(void **state)
{
    json_t *rows = vectors_list("multiaddr_bytes.json", "valid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        enum kn_scope scope = kn_multiaddr_scope(bytes);
        bool loops =
            json_is_true(json_object_get(row, "loopback")) || strstr(text, "localhost") != NULL;

        CHECK_EQ(text, scope == KN_SCOPE_PUBLIC, json_is_true(json_object_get(row, "public")));
        CHECK_EQ(text, scope == KN_SCOPE_LOOPBACK, loops);
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void texts_that_are_no_address_are_refused(void **state)
{
    json_t *rows = vectors_list("multiaddr_bytes.json", "invalid_text"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text");
        struct kn_buffer out = { 0 };
        struct kn_error err = { 0 };
        enum kn_code rc;

        kn_buffer_add_byte(&out, 7);
        rc = kn_multiaddr_to_bytes(kn_span_text(text), &out, &err);
        CHECK(text, rc != KN_OK && rc == err.code && err.text[0] != '\0');
        CHECK_HEX(text, kn_buffer_get(&out), "07");
        kn_buffer_done(&out);
    }
    vectors_done(rows);
}

static void bytes_are_read_as_go_reads_them(void **state)
{
    json_t *rows = vectors_list("multiaddr_bytes.json", "binary"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        json_t *want = json_object_get(json_object_get(row, "go"), "text");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        struct kn_text text = { 0 };

        kn_text_add(&text, "x");
        CHECK_EQ(note, kn_multiaddr_to_text(bytes, &text) == KN_OK, want != NULL);
        CHECK(note, kn_span_equal(kn_span(kn_text_get(&text) + 1, text.n - 1),
                                  kn_span(json_string_value(want), json_string_length(want))));
        kn_text_done(&text);
        hex_done(bytes);
    }
    vectors_done(rows);
}

#define R "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define R_CID "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6"
#define Q "QmcSDMpBAzhF9LMJFfRsU5oiLHMQGWvzEKSPwkrPUAVhaa"

static void odd_texts_have_their_form(void **state)
{
    static const struct {
        const char *text;
        enum kn_code code;
        const char *canonical, *error;
    } cases[] = {
        { "/p2p/" R_CID, KN_OK, "/p2p/" R, "" },
        { "/ip4/1.2.3.4/tcp/80///", KN_OK, "/ip4/1.2.3.4/tcp/80", "" },
        { "/ip6/0:0:0:0:0:0:0:0/tcp/1", KN_OK, "/ip6/::/tcp/1", "" },
        { "/ip6/1:0:0:2:0:0:0:3", KN_OK, "/ip6/1:0:0:2::3", "" },
        { "/ip6/1:0:0:2:3:0:0:4", KN_OK, "/ip6/1::2:3:0:0:4", "" },
        { "/ip6/1:0:2:3:4:5:6:7", KN_OK, "/ip6/1:0:2:3:4:5:6:7", "" },
        { "/ip6/ABCD::", KN_OK, "/ip6/abcd::", "" },
        { "/ip6/1:2:3:4:5:6::", KN_OK, "/ip6/1:2:3:4:5:6::", "" },
        { "/ip6/::1.2.3.4", KN_OK, "/ip6/::102:304", "" },
        { "/unix/a/b/tcp/1", KN_OK, "/unix/a/b/tcp/1", "" },
        { "/ip4/1.2.3.4/udp/1/quic-v1/webtransport/certhash/uEgNmb28", KN_OK,
          "/ip4/1.2.3.4/udp/1/quic-v1/webtransport/certhash/uEgNmb28", "" },
        { "/certhash/uEgNmb2", KN_E_SYNTAX, NULL,
          "\"/certhash\": \"uEgNmb2\" is not a value of it" },
        { "/certhash/uEgNmb2/", KN_E_SYNTAX, NULL,
          "\"/certhash\": \"uEgNmb2\" is not a value of it" },
        { "/certhash/uEgNm+28", KN_E_SYNTAX, NULL,
          "\"/certhash\": \"uEgNm+28\" is not a value of it" },
        { "/certhash/uEgRmb28", KN_E_SYNTAX, NULL,
          "\"/certhash\": \"uEgRmb28\" is not a value of it" },
        { "/certhash/zabc", KN_E_UNSUPPORTED, NULL,
          "\"/certhash\": \"zabc\" is of a kind that is not supported" },
        { "/ip6zone//ip6/fe80::1", KN_E_SYNTAX, NULL, "\"/ip6zone\": \"\" is not a value of it" },
        { "/ip4/1.2.3.4/tcp/65536", KN_E_RANGE, NULL, "\"/tcp\": 65536 is outside 0..65535" },
        { "/ip4/1.2.3.4/tcp/+1", KN_E_SYNTAX, NULL, "\"/tcp\": \"+1\" is not a value of it" },
        { "/ip4/1.2.3.4/tcp//ws", KN_E_SYNTAX, NULL, "\"/tcp\": \"\" is not a value of it" },
        { "/onion3/x:1", KN_E_UNSUPPORTED, NULL, "unknown protocol \"onion3\"" },
        { "/\x1b[31m/1", KN_E_UNSUPPORTED, NULL, "unknown protocol \"?[31m\"" },
        { "/ws//ws", KN_E_SYNTAX, NULL, "nothing between two \"/\"" },
        { "//ws", KN_E_SYNTAX, NULL, "nothing between two \"/\"" },
        { "", KN_E_SYNTAX, NULL, "the address is empty" },
        { "ws", KN_E_SYNTAX, NULL, "\"ws\" does not begin with \"/\"" },
        { "/tcp", KN_E_SYNTAX, NULL, "\"/tcp\" has no value" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out = { 0 };
        struct kn_error err = { 0 };
        struct kn_text text = { 0 };

        CHECK_EQ(cases[i].text, kn_multiaddr_to_bytes(kn_span_text(cases[i].text), &out, &err),
                 cases[i].code);
        CHECK_STR(cases[i].text, err.text, cases[i].error);
        if (cases[i].code == KN_OK) {
            CHECK_EQ(cases[i].text, kn_multiaddr_to_text(kn_buffer_get(&out), &text), KN_OK);
            CHECK_STR(cases[i].text, kn_text_get(&text), cases[i].canonical);
        }
        kn_text_done(&text);
        kn_buffer_done(&out);
    }
}

static void broken_bytes_say_how(void **state)
{
    static const struct {
        const char *hex;
        enum kn_code code;
    } cases[] = {
        { "", KN_E_SYNTAX },
        { "04", KN_E_TRUNCATED },
        { "047f0000", KN_E_TRUNCATED },
        { "a5", KN_E_TRUNCATED },
        { "a503", KN_E_TRUNCATED },
        { "3580", KN_E_TRUNCATED },
        { "358000", KN_E_SYNTAX },
        { "84007f000001", KN_E_SYNTAX },
        { "ffff03", KN_E_UNSUPPORTED },
        { "ffffffffffffffffff01", KN_E_SYNTAX },
        { "ffffffffffffffffffff", KN_E_SYNTAX },
        { "ffffffffffffffff7f", KN_E_UNSUPPORTED },
        { "35ffffffffffffffff7f", KN_E_TRUNCATED },
        { "a50300", KN_E_SYNTAX },
        { "a503021120", KN_E_UNSUPPORTED },
        { "2a00", KN_E_SYNTAX },
        { "d2030101", KN_E_SYNTAX },
        /* Python's form of a peer id, a CID: go refuses it too. */
        { "a503280172002408011220"
          "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
          KN_E_UNSUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_text text = { 0 };

        CHECK_EQ(cases[i].hex, kn_multiaddr_to_text(bytes, &text), cases[i].code);
        CHECK_STR(cases[i].hex, kn_text_get(&text), "");
        kn_text_done(&text);
        hex_done(bytes);
    }
}

static void the_longest_address_is_read_and_a_longer_one_is_not(void **state)
{
    static char text[KN_MULTIADDR_LONG_TEXT_MAX + 2];
    struct kn_buffer out = { 0 };
    struct kn_text again = { 0 };
    struct kn_error err = { 0 };
    struct kn_span rest;
    struct kn_multiaddr_part part;
    bool failed;

    (void)state;
    for (size_t i = 0; i < KN_MULTIADDR_BYTES_MAX / 2; i++)
        memcpy(text + 3 * i, "/ws", 3);
    CHECK_EQ("bytes", kn_multiaddr_to_bytes(kn_span_text(text), &out, &err), KN_OK);
    CHECK_EQ("bytes", out.n, KN_MULTIADDR_BYTES_MAX);
    CHECK_EQ("bytes", kn_multiaddr_to_text(kn_buffer_get(&out), &again), KN_OK);
    CHECK_STR("bytes", kn_text_get(&again), text);
    kn_text_done(&again);
    kn_buffer_add(&out, "\xdd\x03", 2);
    CHECK_EQ("text", kn_multiaddr_to_text(kn_buffer_get(&out), &again), KN_E_LIMIT);
    rest = kn_buffer_get(&out);
    CHECK("next", !kn_multiaddr_next(&rest, &part, &failed) && failed);
    kn_buffer_clear(&out);
    memcpy(text + strlen(text), "/ws", 4);
    CHECK_EQ("one more", kn_multiaddr_to_bytes(kn_span_text(text), &out, &err), KN_E_LIMIT);
    memset(text, '/', sizeof(text) - 1);
    memcpy(text, "/ws", 3);
    CHECK_EQ("text", kn_multiaddr_to_bytes(kn_span(text, sizeof(text) - 2), &out, &err), KN_OK);
    CHECK_EQ("text", kn_multiaddr_to_bytes(kn_span(text, sizeof(text) - 1), &out, &err),
             KN_E_LIMIT);
    CHECK_STR("text", err.text, "an address of 4097 characters; the longest may have 4096");
    kn_buffer_done(&out);
}

static void parts_come_one_by_one(void **state)
{
    struct kn_span bytes = hex_bytes("0401020304060fa1a20206"), rest = bytes;
    struct kn_multiaddr_part part;
    bool failed;

    (void)state;
    CHECK("ip4", kn_multiaddr_next(&rest, &part, &failed) && part.code == KN_PROTO_IP4);
    CHECK_HEX("ip4", part.value, "01020304");
    CHECK("tcp", kn_multiaddr_next(&rest, &part, &failed) && part.code == KN_PROTO_TCP);
    CHECK("circuit", kn_multiaddr_next(&rest, &part, &failed) && part.value.n == 0);
    CHECK("cut", !kn_multiaddr_next(&rest, &part, &failed) && failed);
    rest = kn_span(NULL, 0);
    CHECK("end", !kn_multiaddr_next(&rest, &part, &failed) && !failed);
    hex_done(bytes);
}

/* A route in short: host code:port, then what else is true of it. */
static const char *describe(const struct kn_multiaddr_route *route, char out[128])
{
    (void)snprintf(out, 128, "%u:%u%s%s%s%s transport %zu relay %zu", route->host, route->port,
                   route->is_tcp ? " tcp" : "", route->has_peer ? " peer" : "",
                   route->is_relayed ? " relayed" : "", route->has_relay_peer ? " by" : "",
                   route->transport.n, route->relay.n);
    return out;
}

static void routes_say_what_dialing_needs(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "/ip4/1.2.3.4/tcp/4001", "4:4001 tcp transport 8 relay 0" },
        { "/ip4/1.2.3.4/tcp/4001/p2p/" R, "4:4001 tcp peer transport 8 relay 0" },
        { "/ip6/::1/tcp/1/p2p/" Q, "41:1 tcp peer transport 20 relay 0" },
        { "/dns/a/tcp/1", "53:1 tcp transport 6 relay 0" },
        { "/dns4/a/tcp/1", "54:1 tcp transport 6 relay 0" },
        { "/dns6/a/tcp/1", "55:1 tcp transport 6 relay 0" },
        { "/dns//tcp/1", "53:1 transport 5 relay 0" },
        { "/dnsaddr/a/p2p/" R, "56:0 peer transport 3 relay 0" },
        { "/dnsaddr/a/tcp/1", "56:0 transport 6 relay 0" },
        { "/ip4/1.2.3.4/udp/1/quic-v1", "4:0 transport 11 relay 0" },
        { "/ip4/1.2.3.4/tcp/1/ws", "4:0 transport 10 relay 0" },
        { "/ip4/1.2.3.4", "4:0 transport 5 relay 0" },
        { "/ip6zone/a/ip6/fe80::1/tcp/1", "0:0 transport 23 relay 0" },
        { "/tcp/1", "0:0 transport 3 relay 0" },
        { "/p2p/" R, "0:0 peer transport 0 relay 0" },
        { "/ip4/1.2.3.4/tcp/1/p2p/" R "/p2p/" Q, "4:0 peer transport 49 relay 0" },
        { "/ip4/1.2.3.4/tcp/1/p2p/" R "/p2p-circuit", "4:1 tcp relayed by transport 51 relay 8" },
        { "/ip4/1.2.3.4/tcp/1/p2p/" R "/p2p-circuit/p2p/" Q,
          "4:1 tcp peer relayed by transport 51 relay 8" },
        { "/ip4/1.2.3.4/tcp/1/p2p-circuit/p2p/" Q, "4:1 tcp peer relayed transport 10 relay 8" },
        { "/p2p/" R "/p2p-circuit/p2p/" Q, "0:0 peer relayed by transport 43 relay 0" },
        { "/p2p-circuit", "0:0 relayed transport 2 relay 0" },
        { "/ip4/1.2.3.4/tcp/1/p2p/" R "/p2p-circuit/ip4/1.2.3.4/tcp/1/p2p/" Q,
          "4:1 peer relayed by transport 59 relay 8" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 };
        struct kn_multiaddr_route route;
        char out[128];

        CHECK_EQ(cases[i].text, kn_multiaddr_to_bytes(kn_span_text(cases[i].text), &bytes, NULL),
                 KN_OK);
        CHECK_EQ(cases[i].text, kn_multiaddr_route(kn_buffer_get(&bytes), &route), KN_OK);
        CHECK_STR(cases[i].text, describe(&route, out), cases[i].want);
        kn_buffer_done(&bytes);
    }
}

static void routes_hold_the_right_ids_and_hosts(void **state)
{
    static const char text[] = "/ip4/1.2.3.4/tcp/1/p2p/" R "/p2p-circuit/p2p/" Q;
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    char id[KN_PEER_ID_TEXT_SIZE];

    (void)state;
    CHECK_EQ(text, kn_multiaddr_to_bytes(kn_span_text(text), &bytes, NULL), KN_OK);
    CHECK_EQ(text, kn_multiaddr_route(kn_buffer_get(&bytes), &route), KN_OK);
    kn_peer_id_print(&route.peer, id);
    CHECK_STR("peer", id, Q);
    kn_peer_id_print(&route.relay_peer, id);
    CHECK_STR("relay", id, R);
    CHECK_HEX("host", route.host_value, "01020304");
    CHECK_HEX("relay", route.relay, "0401020304060001");
    kn_buffer_done(&bytes);
}

static void there_is_no_route_through_broken_bytes(void **state)
{
    static const struct {
        const char *hex;
        enum kn_code code;
    } cases[] = {
        { "", KN_E_SYNTAX },
        { "047f0000", KN_E_TRUNCATED },
        { "047f000001ffff03", KN_E_UNSUPPORTED },
        { "a503021220", KN_E_SYNTAX },
        { "a503021220a202", KN_E_SYNTAX },
        { "84007f000001", KN_E_SYNTAX },
    };
    static const uint8_t zeros[KN_MULTIADDR_BYTES_MAX + 1];
    struct kn_multiaddr_route route = { .port = 7 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);

        CHECK_EQ(cases[i].hex, kn_multiaddr_route(bytes, &route), cases[i].code);
        CHECK_EQ(cases[i].hex, route.port, 7);
        hex_done(bytes);
    }
    CHECK_EQ("long", kn_multiaddr_route(kn_span(zeros, sizeof(zeros)), &route), KN_E_LIMIT);
}

static void networks_end_where_they_end(void **state)
{
    static const struct {
        const char *host;
        enum kn_scope scope;
    } cases[] = {
        { "/ip4/126.255.255.255", KN_SCOPE_PUBLIC },
        { "/ip4/127.255.255.255", KN_SCOPE_LOOPBACK },
        { "/ip4/128.0.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/0.1.2.3", KN_SCOPE_PRIVATE },
        { "/ip4/9.255.255.255", KN_SCOPE_PUBLIC },
        { "/ip4/10.255.255.255", KN_SCOPE_PRIVATE },
        { "/ip4/100.63.255.255", KN_SCOPE_PUBLIC },
        { "/ip4/100.127.255.255", KN_SCOPE_PRIVATE },
        { "/ip4/100.128.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/169.253.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/172.31.255.255", KN_SCOPE_PRIVATE },
        { "/ip4/172.32.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/192.0.0.63", KN_SCOPE_PRIVATE },
        { "/ip4/192.0.0.64", KN_SCOPE_PUBLIC },
        { "/ip4/192.0.2.1", KN_SCOPE_PRIVATE },
        { "/ip4/192.88.99.1", KN_SCOPE_PRIVATE },
        { "/ip4/192.169.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/198.19.255.255", KN_SCOPE_PRIVATE },
        { "/ip4/198.20.0.0", KN_SCOPE_PUBLIC },
        { "/ip4/198.51.100.9", KN_SCOPE_PRIVATE },
        { "/ip4/203.0.113.7", KN_SCOPE_PRIVATE },
        { "/ip4/203.0.114.0", KN_SCOPE_PUBLIC },
        { "/ip4/223.255.255.255", KN_SCOPE_PUBLIC },
        { "/ip4/224.0.0.1", KN_SCOPE_PRIVATE },
        { "/ip4/255.255.255.255", KN_SCOPE_PRIVATE },
        { "/ip6/::", KN_SCOPE_PRIVATE },
        { "/ip6/::1", KN_SCOPE_LOOPBACK },
        { "/ip6/::2", KN_SCOPE_PUBLIC },
        { "/ip6/::ffff:127.0.0.1", KN_SCOPE_LOOPBACK },
        { "/ip6/::ffff:10.0.0.1", KN_SCOPE_PRIVATE },
        { "/ip6/fbff::", KN_SCOPE_PUBLIC },
        { "/ip6/fdff::", KN_SCOPE_PRIVATE },
        { "/ip6/fe00::", KN_SCOPE_PUBLIC },
        { "/ip6/febf::", KN_SCOPE_PRIVATE },
        { "/ip6/fec0::", KN_SCOPE_PUBLIC },
        { "/ip6/ff02::1", KN_SCOPE_PRIVATE },
        { "/dns/localhost", KN_SCOPE_LOOPBACK },
        { "/dns4/a.LocalHost.", KN_SCOPE_LOOPBACK },
        { "/dns/notlocalhost", KN_SCOPE_PUBLIC },
        { "/dns6/a.home.arpa", KN_SCOPE_PRIVATE },
        { "/dnsaddr/a.test", KN_SCOPE_PRIVATE },
        { "/dns/b.invalid", KN_SCOPE_PRIVATE },
        { "/dns/b.onion", KN_SCOPE_PRIVATE },
        { "/dns/local.example.org", KN_SCOPE_PUBLIC },
        { "/dns//tcp/1", KN_SCOPE_PUBLIC },
        { "/ip6zone/a", KN_SCOPE_PRIVATE },
        { "/ws/ip4/1.2.3.4", KN_SCOPE_PRIVATE },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer bytes = { 0 };

        CHECK_EQ(cases[i].host, kn_multiaddr_to_bytes(kn_span_text(cases[i].host), &bytes, NULL),
                 KN_OK);
        CHECK_EQ(cases[i].host, kn_multiaddr_scope(kn_buffer_get(&bytes)), cases[i].scope);
        kn_buffer_done(&bytes);
    }
    CHECK_EQ("nothing", kn_multiaddr_scope(kn_span(NULL, 0)), KN_SCOPE_PRIVATE);
    CHECK_EQ("cut", kn_multiaddr_scope(kn_span("\x04\x01", 2)), KN_SCOPE_PRIVATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_bytes_stand_for_each_other),
        cmocka_unit_test(addresses_are_sorted_by_where_they_lead),
        cmocka_unit_test(texts_that_are_no_address_are_refused),
        cmocka_unit_test(bytes_are_read_as_go_reads_them),
        cmocka_unit_test(odd_texts_have_their_form),
        cmocka_unit_test(broken_bytes_say_how),
        cmocka_unit_test(the_longest_address_is_read_and_a_longer_one_is_not),
        cmocka_unit_test(parts_come_one_by_one),
        cmocka_unit_test(routes_say_what_dialing_needs),
        cmocka_unit_test(routes_hold_the_right_ids_and_hosts),
        cmocka_unit_test(there_is_no_route_through_broken_bytes),
        cmocka_unit_test(networks_end_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
