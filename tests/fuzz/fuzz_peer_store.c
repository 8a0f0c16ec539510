/*
 * Property: what is taken is within its bounds, and written again it is taken again whole; every
 * line is taken, passed over or says nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "network/swarm/peer_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void take(void *arg, const struct kn_peer_store_entry *entry)
{
    require(entry->address.n > 0 && entry->address.n <= KN_MULTIADDR_BYTES_MAX && entry->seen >= 0);
    kn_peer_store_write(entry, arg);
}

static size_t count_lines(struct kn_span text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += text.at[i] == '\n';
    return n + (text.n > 0 && text.at[text.n - 1] != '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_text once = { 0 }, twice = { 0 };
    struct kn_peer_store_counts first, again;

    kn_peer_store_read(kn_span(data, size), take, &once, &first);
    require(first.taken + first.passed_over <= count_lines(kn_span(data, size)));
    require(first.taken <= KN_PEER_STORE_LINES_MAX);
    kn_peer_store_read(kn_span_text(kn_text_get(&once)), take, &twice, &again);
    require(again.passed_over == 0 && once.n == twice.n);
    require(kn_span_equal(kn_span(once.at, once.n), kn_span(twice.at, twice.n)));
    kn_text_done(&once);
    kn_text_done(&twice);
    return 0;
}
