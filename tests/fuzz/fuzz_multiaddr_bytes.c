/*
 * Property: an address that has a text is the same bytes again when that text is read, unless it
 * holds an empty name or a path; the text of those bytes is the same text. Parts stay inside the
 * address; a route's spans are parts of it. What is text reads
 * to bytes that have a text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/multiaddr_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PROTO_SNI = 449, PROTO_UNIX = 400 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static bool is_inside(struct kn_span part, struct kn_span whole)
{
    return part.n == 0 || (part.at >= whole.at && part.at + part.n <= whole.at + whole.n);
}

static bool is_name(uint32_t code)
{
    return (code >= KN_PROTO_DNS && code <= KN_PROTO_DNSADDR) || code == PROTO_SNI;
}

/* Walk the parts. True when every one has one spelling. */
static bool has_one_text(struct kn_span bytes, bool *failed)
{
    struct kn_span rest = bytes;
    struct kn_multiaddr_part part;
    bool one = true;

    while (kn_multiaddr_next(&rest, &part, failed)) {
        require(is_inside(part.value, bytes));
        if (part.code == PROTO_UNIX || (is_name(part.code) && part.value.n == 0))
            one = false;
    }
    require(*failed || rest.n == 0);
    return one;
}

static void check_again(struct kn_span bytes, const struct kn_text *text)
{
    struct kn_buffer out = { 0 };
    struct kn_text again = { 0 };

    require(text->n <= KN_MULTIADDR_LONG_TEXT_MAX);
    require(kn_multiaddr_to_bytes(kn_span(text->at, text->n), &out, NULL) == KN_OK);
    require(kn_span_equal(kn_buffer_get(&out), bytes));
    require(kn_multiaddr_to_text(kn_buffer_get(&out), &again) == KN_OK);
    require(kn_span_equal(kn_span(again.at, again.n), kn_span(text->at, text->n)));
    kn_buffer_done(&out);
    kn_text_done(&again);
}

static void check_route(struct kn_span bytes, bool failed)
{
    struct kn_multiaddr_route route;
    enum kn_code rc = kn_multiaddr_route(bytes, &route);

    (void)kn_multiaddr_scope(bytes);
    require(!failed || rc != KN_OK);
    if (rc != KN_OK)
        return;
    require(route.transport.n <= bytes.n && route.relay.n <= route.transport.n);
    require(is_inside(route.transport, bytes) && is_inside(route.host_value, bytes));
    require(route.has_peer == (route.transport.n < bytes.n));
    require(route.is_relayed || (route.relay.n == 0 && !route.has_relay_peer));
    require(!route.is_tcp || (route.host != 0 && route.host_value.n > 0));
}

static void as_bytes(struct kn_span bytes)
{
    struct kn_text text = { 0 };
    bool failed, one = has_one_text(bytes, &failed);
    enum kn_code rc = kn_multiaddr_to_text(bytes, &text);

    require(rc == KN_OK || text.n == 0);
    require(!failed || rc != KN_OK);
    if (rc == KN_OK && one)
        check_again(bytes, &text);
    kn_text_done(&text);
    check_route(bytes, failed);
}

static void as_text(struct kn_span text)
{
    struct kn_buffer out = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_multiaddr_to_bytes(text, &out, &err);

    require(rc == err.code && (rc == KN_OK) == (err.text[0] == '\0'));
    require(rc == KN_OK ? out.n > 0 && out.n <= KN_MULTIADDR_BYTES_MAX : out.n == 0);
    if (rc == KN_OK) {
        struct kn_text again = { 0 };

        require(kn_multiaddr_to_text(kn_buffer_get(&out), &again) == KN_OK);
        kn_text_done(&again);
        as_bytes(kn_buffer_get(&out));
    }
    kn_buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_bytes(kn_span(data, size));
    as_text(kn_span(data, size));
    return 0;
}
