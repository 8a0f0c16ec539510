#include "network/swarm/peer_store.h"

#include "lib/base/number.h"
#include "network/swarm/addresses.h"

enum { NUMBER_SIZE = 24 };

/* A name of somebody's making may hold the end of a line, and a line of its own behind it. */
static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    }
    return n > 0 && n <= KN_PEER_STORE_LINE_MAX;
}

/* Not every text of an address reads back: that with an empty name does not. */
static bool reads_back(const struct kn_text *text, struct kn_span bytes)
{
    struct kn_buffer again = { 0 };
    bool same = kn_multiaddr_to_bytes(kn_span_text(kn_text_get(text)), &again, NULL) == KN_OK &&
                kn_span_equal(kn_buffer_get(&again), bytes);

    kn_buffer_done(&again);
    return same;
}

void kn_peer_store_write(const struct kn_peer_store_entry *entry, struct kn_text *out)
{
    struct kn_buffer whole = { 0 };
    struct kn_text text = { 0 };

    kn_buffer_add_span(&whole, entry->address);
    kn_address_add_peer(&entry->peer, &whole);
    if (kn_multiaddr_to_text(kn_buffer_get(&whole), &text) == KN_OK &&
        text.n + NUMBER_SIZE <= KN_PEER_STORE_LINE_MAX && is_plain(kn_text_get(&text), text.n) &&
        reads_back(&text, kn_buffer_get(&whole)))
        kn_text_addf(out, "%s %lld\n", kn_text_get(&text), (long long)entry->seen);
    if (text.failed || whole.failed) {
        kn_text_done(out);
        out->failed = true;
    }
    kn_text_done(&text);
    kn_buffer_done(&whole);
}

/* The line up to its end, which `*rest` is behind afterwards. */
static struct kn_span next_line(struct kn_span *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->n);
    struct kn_span line = kn_span(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->n);
    size_t used = end != NULL ? line.n + 1 : line.n;

    *rest = kn_span(rest->at + used, rest->n - used);
    if (line.n > 0 && line.at[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* "… 1700000000": what stands before the last space, and the number behind it. */
static bool split_line(struct kn_span line, struct kn_span *address, int64_t *seen)
{
    char number[NUMBER_SIZE];
    size_t at = line.n, n;

    while (at > 0 && line.at[at - 1] != ' ')
        at--;
    n = line.n - at;
    if (at == 0 || n >= sizeof(number))
        return false;
    memcpy(number, line.at + at, n);
    number[n] = '\0';
    *address = kn_span(line.at, at - 1);
    return kn_parse_whole(number, seen) == KN_OK && *seen >= 0;
}

/* False: it makes no sense. `address` holds the bytes of the entry. */
static bool read_line(struct kn_span line, struct kn_buffer *address,
                      struct kn_peer_store_entry *entry)
{
    struct kn_multiaddr_route route;
    struct kn_span text;

    if (!is_plain((const char *)line.at, line.n) || !split_line(line, &text, &entry->seen) ||
        kn_multiaddr_to_bytes(text, address, NULL) != KN_OK ||
        kn_multiaddr_route(kn_buffer_get(address), &route) != KN_OK || !route.has_peer ||
        route.transport.n == 0)
        return false;
    entry->peer = route.peer;
    entry->address = route.transport;
    return true;
}

void kn_peer_store_read(struct kn_span text,
                        void (*take)(void *arg, const struct kn_peer_store_entry *entry), void *arg,
                        struct kn_peer_store_counts *counts)
{
    *counts = (struct kn_peer_store_counts){ 0 };
    if (text.n > KN_PEER_STORE_TEXT_MAX)
        text.n = KN_PEER_STORE_TEXT_MAX;
    while (text.n > 0) {
        struct kn_span line = next_line(&text);
        struct kn_peer_store_entry entry;
        struct kn_buffer address = { 0 };

        if (line.n == 0 || line.at[0] == '#')
            continue;
        if (counts->taken < KN_PEER_STORE_LINES_MAX && read_line(line, &address, &entry)) {
            counts->taken++;
            take(arg, &entry);
        } else {
            counts->passed_over++;
        }
        kn_buffer_done(&address);
    }
}
