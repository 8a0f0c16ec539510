/*
 * Property: what is read of autonat is within its bounds; written again, it reads as the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/multiaddr_bytes.h"
#include "network/proto/autonat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void write_again(struct kn_autonat message, struct kn_buffer *out)
{
    struct kn_span addrs[KN_AUTONAT_ADDRS_MAX], addr;
    size_t n = 0;

    for (; kn_field_list_next(&message.addrs, &addr); n++) {
        require(n < KN_AUTONAT_ADDRS_MAX && addr.n <= KN_MULTIADDR_BYTES_MAX);
        addrs[n] = addr;
    }
    if (message.type == KN_AUTONAT_DIAL)
        kn_autonat_dial_encode(&message.peer, addrs, n, out);
    else
        kn_autonat_answer_encode((enum kn_autonat_status)message.status, message.addr, out);
    require(!out->failed && out->n <= KN_AUTONAT_MESSAGE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    struct kn_autonat message;

    if (kn_autonat_decode(kn_span(data, size), &message) != KN_OK)
        return 0;
    write_again(message, &once);
    require(kn_autonat_decode(kn_buffer_get(&once), &message) == KN_OK);
    write_again(message, &twice);
    require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
