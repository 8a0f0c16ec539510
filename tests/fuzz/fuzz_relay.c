/*
 * Property: what is read of a relay's messages is within its bounds, and what the other side of it
 * would write reads as the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/multiaddr_bytes.h"
#include "network/proto/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t collect(struct kn_field_list list, struct kn_span *out)
{
    size_t n = 0;

    for (struct kn_span item; kn_field_list_next(&list, &item); n++) {
        require(n < KN_RELAY_ADDRS_MAX && item.n <= KN_MULTIADDR_BYTES_MAX);
        out[n] = item;
    }
    return n;
}

static void write_hop(const struct kn_hop *hop, struct kn_buffer *out)
{
    static struct kn_span addrs[KN_RELAY_ADDRS_MAX];
    struct kn_relay_grant granted = { hop->reservation.expires, addrs, 0 };

    switch (hop->type) {
    case KN_HOP_RESERVE:
        kn_hop_reserve_encode(out);
        break;
    case KN_HOP_CONNECT:
        kn_hop_connect_encode(&hop->peer.id, out);
        break;
    case KN_HOP_STATUS:
        if (hop->reservation.is_there)
            granted.addr_count = collect(hop->reservation.addrs, addrs);
        kn_hop_status_encode((enum kn_relay_status)hop->status,
                             hop->reservation.is_there ? &granted : NULL,
                             hop->limit.is_there ? &hop->limit : NULL, out);
        break;
    }
    require(!out->failed && out->n <= KN_RELAY_MESSAGE_MAX);
}

static void write_stop(const struct kn_stop *stop, struct kn_buffer *out)
{
    if (stop->type == KN_STOP_CONNECT)
        kn_stop_connect_encode(&stop->peer.id, stop->limit.is_there ? &stop->limit : NULL, out);
    else
        kn_stop_status_encode((enum kn_relay_status)stop->status, out);
    require(!out->failed && out->n <= KN_RELAY_MESSAGE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    struct kn_stop stop;
    struct kn_hop hop;

    if (kn_hop_decode(kn_span(data, size), &hop) == KN_OK) {
        write_hop(&hop, &once);
        require(kn_hop_decode(kn_buffer_get(&once), &hop) == KN_OK);
        write_hop(&hop, &twice);
        require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    }
    kn_buffer_clear(&once);
    kn_buffer_clear(&twice);
    if (kn_stop_decode(kn_span(data, size), &stop) == KN_OK) {
        write_stop(&stop, &once);
        require(kn_stop_decode(kn_buffer_get(&once), &stop) == KN_OK);
        write_stop(&stop, &twice);
        require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    }
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
