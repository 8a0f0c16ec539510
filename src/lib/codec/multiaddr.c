#include "lib/codec/multiaddr.h"

#include <string.h>

#include "lib/base/nearest.h"
#include "lib/codec/peer_id.h"

/* What stood last, so what may come next. */
enum stage {
    AT_START,
    AT_HOST,    /* needs a transport */
    AT_DNSADDR, /* may have one */
    AT_TCP,
    AT_UDP,
    AT_TLS,
    AT_TRANSPORT, /* whole: only peers from here on */
    AT_PEER,
    AT_RELAY,
    AT_TARGET, /* the peer behind the relay */
};

enum { AFTER_HOST = 1u << AT_HOST | 1u << AT_DNSADDR };
enum {
    AFTER_TRANSPORT =
        1u << AT_DNSADDR | 1u << AT_TCP | 1u << AT_UDP | 1u << AT_TLS | 1u << AT_TRANSPORT
};

struct protocol {
    const char *name;
    const char *value; /* what its value is called; NULL when it has none */
    enum { HOST, PORT, LAYER, PEER, CIRCUIT } kind;
    unsigned after; /* stages, as bits */
    enum stage next;
    unsigned char host, transport; /* enum kn_multiaddr_host or _transport, by kind */
    const char *place;             /* where it may stand, for a hint */
};

static const char first[] = "is the first part of an address";
static const char over_host[] = "stands after the host";
static const char over_tcp[] = "stands after \"/tcp/PORT\"";
static const char over_udp[] = "stands after \"/udp/PORT\"";
static const char over_tls[] = "stands after \"/tcp/PORT\" or \"/tls\"";
static const char over_peer[] = "stands after \"/p2p/ID\" of the relay";
static const char at_end[] = "stands at the end, or before and after \"/p2p-circuit\"";

#define ON(stage) (1u << (stage))

static const struct protocol protocols[] = {
    { "ip4", "address", HOST, ON(AT_START), AT_HOST, KN_MULTIADDR_IP4, 0, first },
    { "ip6", "address", HOST, ON(AT_START), AT_HOST, KN_MULTIADDR_IP6, 0, first },
    { "dns", "name", HOST, ON(AT_START), AT_HOST, KN_MULTIADDR_DNS, 0, first },
    { "dns4", "name", HOST, ON(AT_START), AT_HOST, KN_MULTIADDR_DNS4, 0, first },
    { "dns6", "name", HOST, ON(AT_START), AT_HOST, KN_MULTIADDR_DNS6, 0, first },
    { "dnsaddr", "name", HOST, ON(AT_START), AT_DNSADDR, KN_MULTIADDR_DNSADDR, 0, first },
    { "tcp", "port", PORT, AFTER_HOST, AT_TCP, 0, KN_MULTIADDR_TCP, over_host },
    { "udp", "port", PORT, AFTER_HOST, AT_UDP, 0, KN_MULTIADDR_UDP, over_host },
    { "quic", NULL, LAYER, ON(AT_UDP), AT_TRANSPORT, 0, KN_MULTIADDR_QUIC, over_udp },
    { "quic-v1", NULL, LAYER, ON(AT_UDP), AT_TRANSPORT, 0, KN_MULTIADDR_QUIC_V1, over_udp },
    { "tls", NULL, LAYER, ON(AT_TCP), AT_TLS, 0, KN_MULTIADDR_TLS, over_tcp },
    { "ws", NULL, LAYER, ON(AT_TCP) | ON(AT_TLS), AT_TRANSPORT, 0, KN_MULTIADDR_WS, over_tls },
    { "wss", NULL, LAYER, ON(AT_TCP), AT_TRANSPORT, 0, KN_MULTIADDR_WSS, over_tcp },
    { "http", NULL, LAYER, ON(AT_TCP) | ON(AT_TLS), AT_TRANSPORT, 0, KN_MULTIADDR_HTTP, over_tls },
    { "p2p", "peer id", PEER, AFTER_TRANSPORT | ON(AT_RELAY), AT_PEER, 0, 0, at_end },
    { "ipfs", "peer id", PEER, AFTER_TRANSPORT | ON(AT_RELAY), AT_PEER, 0, 0, at_end },
    { "p2p-circuit", NULL, CIRCUIT, ON(AT_PEER), AT_RELAY, 0, 0, over_peer },
};

/* In the standard's table, but no way to reach a peer here. */
static const char *const foreign[] = {
    "ip6zone",       "ipcidr",      "unix",
    "sctp",          "dccp",        "utp",
    "udt",           "sni",         "noise",
    "webtransport",  "https",       "onion",
    "onion3",        "garlic64",    "garlic32",
    "memory",        "webrtc",      "certhash",
    "http-path",     "plaintextv2", "p2p-websocket-star",
    "webrtc-direct",
};

struct cursor {
    const char *text;
    size_t at, end; /* `at` is on a "/" or the end */
    enum stage stage;
    struct kn_multiaddr_span before; /* the part before this one, with its value */
    struct kn_multiaddr_facts facts;
};

enum { SHOWN = 96 };

/* A part as a message shows it: whole, or its start and dots. */
static const char *shown(const char *text, size_t n, char out[SHOWN + 1])
{
    size_t kept = n <= SHOWN ? n : SHOWN - 3;

    memcpy(out, text, kept);
    if (kept < n) {
        memcpy(out + kept, "...", 3);
        kept += 3;
    }
    out[kept] = '\0';
    return out;
}

/* The next word after a "/": up to the next "/" or the end. */
static struct kn_multiaddr_span next_word(struct cursor *c)
{
    struct kn_multiaddr_span word = { .at = c->at + 1 };

    while (word.at + word.n < c->end && c->text[word.at + word.n] != '/')
        word.n++;
    c->at = word.at + word.n;
    return word;
}

static enum kn_code refuse_protocol(const char *name, size_t n, struct kn_error *err)
{
    char word[SHOWN + 1];
    struct kn_nearest nearest = kn_nearest_to(shown(name, n, word));
    enum kn_code rc;

    for (size_t i = 0; i < KN_COUNT(foreign); i++) {
        if (strcmp(word, foreign[i]) == 0)
            return kn_fail(err, KN_E_UNSUPPORTED, "\"/%s\" is not supported", word);
    }
    for (size_t i = 0; i < KN_COUNT(protocols); i++)
        kn_nearest_offer(&nearest, protocols[i].name);
    rc = kn_fail(err, KN_E_SYNTAX, "unknown protocol \"%s\"", word);
    if (nearest.best != NULL)
        kn_hint(err, "Did you mean \"%s\"?", nearest.best);
    else
        kn_hint(err, "An address looks like \"/ip4/203.0.113.7/tcp/8000/p2p/ID\".");
    return rc;
}

static const struct protocol *find_protocol(const char *name, size_t n)
{
    for (size_t i = 0; i < KN_COUNT(protocols); i++) {
        if (strlen(protocols[i].name) == n && memcmp(protocols[i].name, name, n) == 0)
            return &protocols[i];
    }
    return NULL;
}

/* The part `at` .. `c->at` may not stand here. */
static enum kn_code refuse_order(const struct cursor *c, const struct protocol *p, size_t at,
                                 struct kn_error *err)
{
    char part[SHOWN + 1], other[SHOWN + 1];
    enum kn_code rc;

    (void)shown(c->text + at, c->at - at, part);
    (void)shown(c->text + c->before.at, c->before.n, other);
    if (c->stage == AT_START && p->kind == PEER)
        rc = kn_fail(err, KN_E_INVALID, "\"%s\" has no address before the peer id", part);
    else if (c->stage == AT_START && p->kind != CIRCUIT)
        rc = kn_fail(err, KN_E_INVALID, "\"%s\" has no host before it", part);
    else if (c->stage == AT_HOST && (p->kind == PEER || p->kind == CIRCUIT))
        rc = kn_fail(err, KN_E_INVALID, "\"%s\" has no port", other);
    else if (p->kind == CIRCUIT && c->stage < AT_PEER)
        rc = kn_fail(err, KN_E_INVALID, "\"%s\" has no peer id of the relay before it", part);
    else
        rc = kn_fail(err, KN_E_INVALID, "\"%s\" may not stand after \"%s\"", part, other);
    if (c->stage == AT_START && p->kind != CIRCUIT)
        kn_hint(err, "Begin with \"/ip4/\", \"/ip6/\", \"/dns/\", \"/dns4/\", \"/dns6/\" or "
                     "\"/dnsaddr/\".");
    else if (c->stage == AT_HOST && (p->kind == PEER || p->kind == CIRCUIT))
        kn_hint(err, "Add \"/tcp/PORT\" after the host.");
    else
        kn_hint(err, "\"/%s\" %s.", p->name, p->place);
    return rc;
}

static enum kn_code take_ip(struct cursor *c, const struct protocol *p, const char *value, size_t n,
                            struct kn_error *err)
{
    bool four = p->host == KN_MULTIADDR_IP4;
    uint8_t other[KN_HOST_IP6_SIZE];
    char word[SHOWN + 1];
    enum kn_code rc;

    rc = four ? kn_host_ip4(value, n, c->facts.ip) : kn_host_ip6(value, n, c->facts.ip);
    if (rc == KN_OK)
        return KN_OK;
    (void)shown(value, n, word);
    rc = kn_fail(err, rc, "\"%s\" is not an %s address", word, four ? "ipv4" : "ipv6");
    if (!four && memchr(value, '%', n) != NULL)
        kn_hint(err, "An address with a zone holds on one machine only; leave out \"%%\" and what "
                     "follows it.");
    else if ((four ? kn_host_ip6(value, n, other) : kn_host_ip4(value, n, other)) == KN_OK)
        kn_hint(err, "Write \"/%s/%s\".", four ? "ip6" : "ip4", word);
    else if (kn_host_name_check(value, n, NULL) == KN_OK)
        kn_hint(err, "Write a name as \"/dns/%s\".", word);
    return rc;
}

static enum kn_code take_host(struct cursor *c, const struct protocol *p,
                              struct kn_multiaddr_span value, struct kn_error *err)
{
    const char *text = c->text + value.at;
    uint8_t ip[KN_HOST_IP6_SIZE];
    enum kn_code rc;

    c->facts.host_kind = p->host;
    c->facts.host = value;
    if (p->host == KN_MULTIADDR_IP4 || p->host == KN_MULTIADDR_IP6)
        return take_ip(c, p, text, value.n, err);
    rc = kn_host_name_check(text, value.n, err);
    if (rc != KN_OK) {
        kn_wrap(err, "\"/%s\"", p->name);
        if (kn_host_ip4(text, value.n, ip) == KN_OK)
            kn_hint(err, "Write an ipv4 address as \"/ip4/%.*s\".", (int)value.n, text);
        else if (kn_host_ip6(text, value.n, ip) == KN_OK)
            kn_hint(err, "Write an ipv6 address as \"/ip6/%.*s\".", (int)value.n, text);
    }
    return rc;
}

/* Leading zeros are go-multiaddr's, and still decimal; a sign is not a digit. */
static enum kn_code take_port(struct cursor *c, const struct protocol *p,
                              struct kn_multiaddr_span value, struct kn_error *err)
{
    const char *text = c->text + value.at;
    unsigned port = 0;
    char word[SHOWN + 1];
    bool digits = true;

    for (size_t i = 0; i < value.n; i++) {
        digits = digits && text[i] >= '0' && text[i] <= '9';
        if (digits && port <= UINT16_MAX)
            port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (!digits && !(text[0] == '-' && value.n > 1))
        return kn_fail(err, KN_E_SYNTAX, "port \"%s\" is not a number", shown(text, value.n, word));
    if (!digits || port > UINT16_MAX)
        return kn_fail(err, KN_E_RANGE, "port \"%s\" is outside 0..65535",
                       shown(text, value.n, word));
    c->facts.has_port = true;
    c->facts.port = (uint16_t)port;
    c->facts.transport = p->transport;
    return KN_OK;
}

static enum kn_code take_peer(struct cursor *c, struct kn_multiaddr_span value,
                              struct kn_error *err)
{
    struct kn_peer_id id;
    enum kn_code rc = kn_peer_id_parse(c->text + value.at, value.n, &id, err);

    if (rc != KN_OK)
        return rc;
    c->facts.has_peer_id = true;
    c->facts.peer_id = value;
    return KN_OK;
}

static void take_circuit(struct cursor *c)
{
    c->facts.is_relay = true;
    c->facts.relay_id = c->facts.peer_id;
    c->facts.has_peer_id = false;
    c->facts.peer_id = (struct kn_multiaddr_span){ 0 };
}

static enum kn_code take_value(struct cursor *c, const struct protocol *p,
                               struct kn_multiaddr_span value, struct kn_error *err)
{
    switch (p->kind) {
    case HOST:
        return take_host(c, p, value, err);
    case PORT:
        return take_port(c, p, value, err);
    case LAYER:
        c->facts.transport =
            p->transport == KN_MULTIADDR_WS && c->stage == AT_TLS ? KN_MULTIADDR_WSS : p->transport;
        return KN_OK;
    case PEER:
        return take_peer(c, value, err);
    case CIRCUIT:
        take_circuit(c);
        return KN_OK;
    }
    return KN_OK;
}

/* One protocol with its value; the order is looked at first, so that the message is about that. */
static enum kn_code take_part(struct cursor *c, struct kn_error *err)
{
    size_t start = c->at;
    struct kn_multiaddr_span name = next_word(c), value = { 0 };
    const struct protocol *p = find_protocol(c->text + name.at, name.n);
    enum kn_code rc;

    if (name.n == 0) {
        rc = kn_fail(err, KN_E_SYNTAX, "nothing between two \"/\"");
        kn_hint(err, "Look for \"//\", also at the end of the address.");
        return rc;
    }
    if (p == NULL)
        return refuse_protocol(c->text + name.at, name.n, err);
    if (p->value != NULL && c->at < c->end)
        value = next_word(c);
    if ((p->after & ON(c->stage)) == 0)
        return refuse_order(c, p, start, err);
    if (p->value != NULL && value.n == 0)
        return kn_fail(err, KN_E_SYNTAX, "\"/%s\" has no %s", p->name, p->value);
    rc = take_value(c, p, value, err);
    if (rc != KN_OK)
        return rc;
    c->stage = p->kind == PEER && c->stage == AT_RELAY ? AT_TARGET : p->next;
    c->before = (struct kn_multiaddr_span){ start, c->at - start };
    return KN_OK;
}

/* Length, first byte and alphabet, so that everything after this may be quoted as it is. */
static enum kn_code check_bytes(const char *text, size_t n, struct kn_error *err)
{
    enum kn_code rc;

    if (n > KN_MULTIADDR_TEXT_MAX)
        return kn_fail(err, KN_E_LIMIT, "an address of %zu characters; the longest may have %d", n,
                       KN_MULTIADDR_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ')
            return kn_fail(err, KN_E_SYNTAX, "a space at character %zu of the address", i + 1);
        if (text[i] < ' ' || text[i] > '~')
            return kn_fail(err, KN_E_SYNTAX, "the byte 0x%02x at character %zu of the address",
                           (unsigned char)text[i], i + 1);
    }
    if (n > 1 && text[0] == '/')
        return KN_OK;
    if (n == 0) {
        rc = kn_fail(err, KN_E_SYNTAX, "the address is empty");
    } else {
        char word[SHOWN + 1];

        rc = kn_fail(err, KN_E_SYNTAX,
                     n == 1 ? "\"%s\" is not an address" : "\"%s\" does not begin with \"/\"",
                     shown(text, n, word));
    }
    kn_hint(err, "An address looks like \"/ip4/203.0.113.7/tcp/8000/p2p/ID\".");
    return rc;
}

enum kn_code kn_multiaddr_check(const char *text, struct kn_multiaddr_facts *out,
                                struct kn_error *err)
{
    size_t n = strlen(text);
    struct cursor c = { .text = text, .end = n };
    enum kn_code rc = check_bytes(text, n, err);

    if (rc != KN_OK)
        return rc;
    if (text[n - 1] == '/')
        c.end--;
    while (c.at < c.end) {
        rc = take_part(&c, err);
        if (rc != KN_OK)
            return rc;
    }
    if (c.stage == AT_HOST) {
        char host[SHOWN + 1];

        rc = kn_fail(err, KN_E_INVALID, "\"%s\" has no port", shown(text, c.end, host));
        kn_hint(err, "Add \"/tcp/PORT\" after the host.");
        return rc;
    }
    *out = c.facts;
    return KN_OK;
}
