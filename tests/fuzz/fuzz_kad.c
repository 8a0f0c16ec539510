/*
 * Property: what is read is within its bounds; the answer with the same peers is within the bounds
 * of every peer, and reads as what was written.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/multiaddr_bytes.h"
#include "network/proto/kad.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct kn_peer_id ids[KN_KAD_READ_PEERS_MAX];
static struct kn_span addrs[KN_KAD_READ_PEERS_MAX][KN_KAD_READ_ADDRS_MAX];
static struct kn_kad_entry entries[KN_KAD_READ_PEERS_MAX];

static void write_again(struct kn_kad_message message, struct kn_buffer *out)
{
    struct kn_kad_peer peer;
    size_t n = 0;

    require(message.key.n <= KN_KAD_KEY_MAX);
    for (; kn_kad_peer_next(&message.closer, &peer); n++) {
        struct kn_span addr;
        size_t count = 0;

        require(n < KN_KAD_READ_PEERS_MAX);
        for (; kn_field_list_next(&peer.addrs, &addr); count++) {
            require(count < KN_KAD_READ_ADDRS_MAX && addr.n <= KN_MULTIADDR_BYTES_MAX);
            addrs[n][count] = addr;
        }
        ids[n] = peer.id;
        entries[n] = (struct kn_kad_entry){ &ids[n], addrs[n], count };
    }
    kn_kad_answer_encode(message.type, message.key, entries, n, out);
    require(!out->failed && out->n <= KN_KAD_SEND_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    struct kn_kad_message message;

    if (kn_kad_decode(kn_span(data, size), &message) != KN_OK)
        return 0;
    write_again(message, &once);
    require(kn_kad_decode(kn_buffer_get(&once), &message) == KN_OK);
    write_again(message, &twice);
    require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
