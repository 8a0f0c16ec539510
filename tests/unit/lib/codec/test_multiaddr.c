#include "lib/codec/multiaddr.h"

#include "support/vectors.h"

#define HASHED "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define ED25519 "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define SHAPE "An address looks like \"/ip4/203.0.113.7/tcp/8000/p2p/ID\"."
#define BEGIN "Begin with \"/ip4/\", \"/ip6/\", \"/dns/\", \"/dns4/\", \"/dns6/\" or \"/dnsaddr/\"."

static void the_reference_takes_what_we_take(void **state)
{
    json_t *rows = vectors_list("multiaddr.json", "valid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text"), *refused = vectors_text(row, "refused");
        struct kn_error err = { 0 };
        struct kn_multiaddr_facts facts;

        CHECK_EQ(text, kn_multiaddr_check(text, &facts, &err) == KN_OK, refused == NULL);
        CHECK_STR(text, err.text, refused != NULL ? refused : "");
    }
    vectors_done(rows);
}

static void what_the_reference_refuses_we_refuse(void **state)
{
    json_t *rows = vectors_list("multiaddr.json", "invalid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "text");
        struct kn_error err = { 0 };
        struct kn_multiaddr_facts facts;

        CHECK(text, kn_multiaddr_check(text, &facts, &err) != KN_OK);
        CHECK(text, err.text[0] != '\0');
    }
    vectors_done(rows);
}

/* The bytes of a span, "-" when the part is not there. */
static const char *part(const char *text, struct kn_multiaddr_span span, char out[300])
{
    if (span.n == 0)
        return "-";
    memcpy(out, text + span.at, span.n);
    out[span.n] = '\0';
    return out;
}

static void the_facts_say_what_stands_in_it(void **state)
{
    static const struct {
        const char *text;
        enum kn_multiaddr_host kind;
        const char *host;
        enum kn_multiaddr_transport transport;
        int port; /* -1: none */
        const char *relay, *peer;
    } cases[] = {
        { "/dns/bootstrap-1.kwaai.ai/tcp/8000/p2p/" HASHED, KN_MULTIADDR_DNS,
          "bootstrap-1.kwaai.ai", KN_MULTIADDR_TCP, 8000, "-", HASHED },
        { "/ip4/1.2.3.4/tcp/1/ipfs/" HASHED "/", KN_MULTIADDR_IP4, "1.2.3.4", KN_MULTIADDR_TCP, 1,
          "-", HASHED },
        { "/ip6/::1/udp/65535/quic-v1/p2p/" ED25519, KN_MULTIADDR_IP6, "::1", KN_MULTIADDR_QUIC_V1,
          65535, "-", ED25519 },
        { "/ip4/0.0.0.0/udp/0/quic", KN_MULTIADDR_IP4, "0.0.0.0", KN_MULTIADDR_QUIC, 0, "-", "-" },
        { "/ip4/0.0.0.0/udp/7", KN_MULTIADDR_IP4, "0.0.0.0", KN_MULTIADDR_UDP, 7, "-", "-" },
        { "/dns4/a/tcp/1/ws", KN_MULTIADDR_DNS4, "a", KN_MULTIADDR_WS, 1, "-", "-" },
        { "/dns6/a/tcp/1/wss", KN_MULTIADDR_DNS6, "a", KN_MULTIADDR_WSS, 1, "-", "-" },
        { "/dns4/a/tcp/1/tls/ws", KN_MULTIADDR_DNS4, "a", KN_MULTIADDR_WSS, 1, "-", "-" },
        { "/dns4/a/tcp/1/tls", KN_MULTIADDR_DNS4, "a", KN_MULTIADDR_TLS, 1, "-", "-" },
        { "/dns4/a/tcp/80/http", KN_MULTIADDR_DNS4, "a", KN_MULTIADDR_HTTP, 80, "-", "-" },
        { "/dns4/a/tcp/443/tls/http", KN_MULTIADDR_DNS4, "a", KN_MULTIADDR_HTTP, 443, "-", "-" },
        { "/dnsaddr/a.b", KN_MULTIADDR_DNSADDR, "a.b", KN_MULTIADDR_NO_TRANSPORT, -1, "-", "-" },
        { "/dnsaddr/a.b/p2p/" ED25519, KN_MULTIADDR_DNSADDR, "a.b", KN_MULTIADDR_NO_TRANSPORT, -1,
          "-", ED25519 },
        { "/dnsaddr/a.b/tcp/4001/p2p/" ED25519, KN_MULTIADDR_DNSADDR, "a.b", KN_MULTIADDR_TCP, 4001,
          "-", ED25519 },
        { "/ip4/1.2.3.4/tcp/1/p2p/" ED25519 "/p2p-circuit", KN_MULTIADDR_IP4, "1.2.3.4",
          KN_MULTIADDR_TCP, 1, ED25519, "-" },
        { "/ip4/1.2.3.4/tcp/1/p2p/" ED25519 "/p2p-circuit/p2p/" HASHED, KN_MULTIADDR_IP4, "1.2.3.4",
          KN_MULTIADDR_TCP, 1, ED25519, HASHED },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *text = cases[i].text;
        struct kn_error err = { 0 };
        struct kn_multiaddr_facts facts;
        char buffer[300];

        CHECK_EQ(text, kn_multiaddr_check(text, &facts, &err), KN_OK);
        CHECK_EQ(text, facts.host_kind, cases[i].kind);
        CHECK_STR(text, part(text, facts.host, buffer), cases[i].host);
        CHECK_EQ(text, facts.transport, cases[i].transport);
        CHECK_EQ(text, facts.has_port ? facts.port : -1, cases[i].port);
        CHECK_STR(text, part(text, facts.relay_id, buffer), cases[i].relay);
        CHECK_EQ(text, facts.is_relay, strcmp(cases[i].relay, "-") != 0);
        CHECK_STR(text, part(text, facts.peer_id, buffer), cases[i].peer);
        CHECK_EQ(text, facts.has_peer_id, strcmp(cases[i].peer, "-") != 0);
    }
}

static void the_bytes_of_an_ip_address_are_facts(void **state)
{
    static const uint8_t four[16] = { 18, 219, 43, 67 };
    static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
    struct kn_multiaddr_facts facts;

    (void)state;
    CHECK_EQ("ip4", kn_multiaddr_check("/ip4/18.219.43.67/tcp/1", &facts, NULL), KN_OK);
    CHECK("ip4", memcmp(facts.ip, four, 16) == 0);
    CHECK_EQ("ip6", kn_multiaddr_check("/ip6/2001:db8::1/tcp/1", &facts, NULL), KN_OK);
    CHECK("ip6", memcmp(facts.ip, six, 16) == 0);
}

struct refusal {
    const char *text;
    enum kn_code code;
    const char *want, *hint;
};

static void check_refusals(const struct refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct kn_error err = { 0 };
        struct kn_multiaddr_facts facts = { .port = 7 };

        CHECK_EQ(cases[i].text, kn_multiaddr_check(cases[i].text, &facts, &err), cases[i].code);
        CHECK_EQ(cases[i].text, err.code, cases[i].code);
        CHECK_STR(cases[i].text, err.text, cases[i].want);
        CHECK_STR(cases[i].text, err.hint, cases[i].hint);
        CHECK_EQ(cases[i].text, facts.port, 7);
        CHECK_EQ(cases[i].text, kn_multiaddr_check(cases[i].text, &facts, NULL), cases[i].code);
    }
}

static void a_wrong_value_is_named(void **state)
{
    static const struct refusal cases[] = {
        { "", KN_E_SYNTAX, "the address is empty", SHAPE },
        { "/", KN_E_SYNTAX, "\"/\" is not an address", SHAPE },
        { "18.219.43.67:8000", KN_E_SYNTAX, "\"18.219.43.67:8000\" does not begin with \"/\"",
          SHAPE },
        { "/ip4/1.2.3.4/tcp/ 1", KN_E_SYNTAX, "a space at character 18 of the address", "" },
        { "/dns/b\xc3\xbc", KN_E_SYNTAX, "the byte 0xc3 at character 7 of the address", "" },
        { "/ip4/1.2.3.4/tcp/1\n", KN_E_SYNTAX, "the byte 0x0a at character 19 of the address", "" },
        { "/ip4/1.2.3.4//tcp/1", KN_E_SYNTAX, "nothing between two \"/\"",
          "Look for \"//\", also at the end of the address." },
        { "/ip4/1.2.3.4/tcp/1//", KN_E_SYNTAX, "nothing between two \"/\"",
          "Look for \"//\", also at the end of the address." },
        { "/ip4/1.2.3.4/tpc/1", KN_E_SYNTAX, "unknown protocol \"tpc\"", "Did you mean \"tcp\"?" },
        { "/ip4/1.2.3.4/TCP/1", KN_E_SYNTAX, "unknown protocol \"TCP\"", "Did you mean \"tcp\"?" },
        { "/ip4/1.2.3.4/udp/1/quic_v1", KN_E_SYNTAX, "unknown protocol \"quic_v1\"",
          "Did you mean \"quic-v1\"?" },
        { "/somewhere/1", KN_E_SYNTAX, "unknown protocol \"somewhere\"", SHAPE },
        { "/ip4/1.2.3.4/udp/1/quic-v1/webtransport", KN_E_UNSUPPORTED,
          "\"/webtransport\" is not supported", "" },
        { "/ip4", KN_E_SYNTAX, "\"/ip4\" has no address", "" },
        { "/dns/", KN_E_SYNTAX, "\"/dns\" has no name", "" },
        { "/ip4/1.2.3.4/tcp", KN_E_SYNTAX, "\"/tcp\" has no port", "" },
        { "/ip4/1.2.3.4/tcp/1/p2p", KN_E_SYNTAX, "\"/p2p\" has no peer id", "" },
        { "/ip4/1.2.3.256/tcp/1", KN_E_SYNTAX, "\"1.2.3.256\" is not an ipv4 address", "" },
        { "/ip4/::1/tcp/1", KN_E_SYNTAX, "\"::1\" is not an ipv4 address", "Write \"/ip6/::1\"." },
        { "/ip4/a.example/tcp/1", KN_E_SYNTAX, "\"a.example\" is not an ipv4 address",
          "Write a name as \"/dns/a.example\"." },
        { "/ip6/1.2.3.4/tcp/1", KN_E_SYNTAX, "\"1.2.3.4\" is not an ipv6 address",
          "Write \"/ip4/1.2.3.4\"." },
        { "/ip6/fe80::1%eth0/tcp/1", KN_E_SYNTAX, "\"fe80::1%eth0\" is not an ipv6 address",
          "An address with a zone holds on one machine only; leave out \"%\" and what follows "
          "it." },
        { "/dns/1.2.3.4/tcp/1", KN_E_SYNTAX,
          "\"/dns\": last label \"4\" of a domain name is a number",
          "Write an ipv4 address as \"/ip4/1.2.3.4\"." },
        { "/dns4/::1/tcp/1", KN_E_SYNTAX, "\"/dns4\": character \":\" in a domain name",
          "Write an ipv6 address as \"/ip6/::1\"." },
        { "/ip4/1.2.3.4/tcp/65536", KN_E_RANGE, "port \"65536\" is outside 0..65535", "" },
        { "/ip4/1.2.3.4/tcp/70000", KN_E_RANGE, "port \"70000\" is outside 0..65535", "" },
        { "/ip4/1.2.3.4/tcp/4294967297", KN_E_RANGE, "port \"4294967297\" is outside 0..65535",
          "" },
        { "/ip4/1.2.3.4/tcp/-1", KN_E_RANGE, "port \"-1\" is outside 0..65535", "" },
        { "/ip4/1.2.3.4/tcp/http", KN_E_SYNTAX, "port \"http\" is not a number", "" },
        { "/ip4/1.2.3.4/tcp/+1", KN_E_SYNTAX, "port \"+1\" is not a number", "" },
        { "/ip4/1.2.3.4/tcp/1/p2p/QmO", KN_E_SYNTAX, "peer id \"QmO\" is not base58",
          "Base58 has no \"O\", the character 3 of the peer id." },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void parts_in_a_wrong_order_are_named(void **state)
{
    static const struct refusal cases[] = {
        { "/p2p/" HASHED, KN_E_INVALID, "\"/p2p/" HASHED "\" has no address before the peer id",
          BEGIN },
        { "/tcp/80", KN_E_INVALID, "\"/tcp/80\" has no host before it", BEGIN },
        { "/ws", KN_E_INVALID, "\"/ws\" has no host before it", BEGIN },
        { "/p2p-circuit", KN_E_INVALID, "\"/p2p-circuit\" has no peer id of the relay before it",
          "\"/p2p-circuit\" stands after \"/p2p/ID\" of the relay." },
        { "/ip4/1.2.3.4/tcp/1/p2p-circuit", KN_E_INVALID,
          "\"/p2p-circuit\" has no peer id of the relay before it",
          "\"/p2p-circuit\" stands after \"/p2p/ID\" of the relay." },
        { "/ip4/1.2.3.4", KN_E_INVALID, "\"/ip4/1.2.3.4\" has no port",
          "Add \"/tcp/PORT\" after the host." },
        { "/dns/a/p2p/" HASHED, KN_E_INVALID, "\"/dns/a\" has no port",
          "Add \"/tcp/PORT\" after the host." },
        { "/ip4/1.2.3.4/ip4/1.2.3.4/tcp/1", KN_E_INVALID,
          "\"/ip4/1.2.3.4\" may not stand after \"/ip4/1.2.3.4\"",
          "\"/ip4\" is the first part of an address." },
        { "/ip4/1.2.3.4/tcp/1/tcp/2", KN_E_INVALID, "\"/tcp/2\" may not stand after \"/tcp/1\"",
          "\"/tcp\" stands after the host." },
        { "/ip4/1.2.3.4/tcp/1/quic-v1", KN_E_INVALID, "\"/quic-v1\" may not stand after \"/tcp/1\"",
          "\"/quic-v1\" stands after \"/udp/PORT\"." },
        { "/ip4/1.2.3.4/udp/1/ws", KN_E_INVALID, "\"/ws\" may not stand after \"/udp/1\"",
          "\"/ws\" stands after \"/tcp/PORT\" or \"/tls\"." },
        { "/ip4/1.2.3.4/ws", KN_E_INVALID, "\"/ws\" may not stand after \"/ip4/1.2.3.4\"",
          "\"/ws\" stands after \"/tcp/PORT\" or \"/tls\"." },
        { "/ip4/1.2.3.4/tcp/1/ws/tls", KN_E_INVALID, "\"/tls\" may not stand after \"/ws\"",
          "\"/tls\" stands after \"/tcp/PORT\"." },
        { "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/tcp/1", KN_E_INVALID,
          "\"/tcp/1\" may not stand after \"/p2p/" HASHED "\"", "\"/tcp\" stands after the host." },
        { "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/p2p/" HASHED, KN_E_INVALID,
          "\"/p2p/" HASHED "\" may not stand after \"/p2p/" HASHED "\"",
          "\"/p2p\" stands at the end, or before and after \"/p2p-circuit\"." },
        { "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/p2p-circuit/p2p/" ED25519 "/p2p-circuit", KN_E_INVALID,
          "\"/p2p-circuit\" may not stand after \"/p2p/" ED25519 "\"",
          "\"/p2p-circuit\" stands after \"/p2p/ID\" of the relay." },
        { "/ip4/1.2.3.4/tcp/1/p2p/" HASHED "/p2p-circuit/tcp/1", KN_E_INVALID,
          "\"/tcp/1\" may not stand after \"/p2p-circuit\"", "\"/tcp\" stands after the host." },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void the_longest_text_is_taken_and_one_more_character_is_not(void **state)
{
    static const char head[] = "/ip4/1.2.3.4/tcp/";
    char text[KN_MULTIADDR_TEXT_MAX + 2];
    struct kn_error err = { 0 };
    struct kn_multiaddr_facts facts;

    (void)state;
    memset(text, '0', sizeof(text));
    memcpy(text, head, strlen(head));
    text[KN_MULTIADDR_TEXT_MAX] = '\0';
    CHECK_EQ("512", kn_multiaddr_check(text, &facts, &err), KN_OK);
    text[KN_MULTIADDR_TEXT_MAX] = '0';
    text[KN_MULTIADDR_TEXT_MAX + 1] = '\0';
    CHECK_EQ("513", kn_multiaddr_check(text, &facts, &err), KN_E_LIMIT);
    CHECK_STR("513", err.text, "an address of 513 characters; the longest may have 512");
}

static void a_long_value_is_shown_by_its_start(void **state)
{
    static const struct {
        const char *row;
        size_t digits, shown;
        const char *dots;
    } cases[] = { { "96", 96, 96, "" }, { "97", 97, 93, "..." } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char text[256] = "/ip4/1.2.3.4/tcp/", want[256], nines[128];
        struct kn_error err = { 0 };
        struct kn_multiaddr_facts facts;

        memset(nines, '9', sizeof(nines));
        memcpy(text + strlen(text), nines, cases[i].digits);
        (void)snprintf(want, sizeof(want), "port \"%.*s%s\" is outside 0..65535",
                       (int)cases[i].shown, nines, cases[i].dots);
        CHECK_EQ(cases[i].row, kn_multiaddr_check(text, &facts, &err), KN_E_RANGE);
        CHECK_STR(cases[i].row, err.text, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_takes_what_we_take),
        cmocka_unit_test(what_the_reference_refuses_we_refuse),
        cmocka_unit_test(the_facts_say_what_stands_in_it),
        cmocka_unit_test(the_bytes_of_an_ip_address_are_facts),
        cmocka_unit_test(a_wrong_value_is_named),
        cmocka_unit_test(parts_in_a_wrong_order_are_named),
        cmocka_unit_test(the_longest_text_is_taken_and_one_more_character_is_not),
        cmocka_unit_test(a_long_value_is_shown_by_its_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
