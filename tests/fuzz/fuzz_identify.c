/*
 * Property: what is read is within its bounds; what we then write is within the bounds of every
 * peer, and reads as what was written.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/multiaddr_bytes.h"
#include "network/proto/identify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t collect(struct kn_field_list list, struct kn_span *out, size_t room, size_t item_max)
{
    size_t n = 0;

    for (struct kn_span item; kn_field_list_next(&list, &item); n++) {
        require(n < room && item.n <= item_max);
        out[n] = item;
    }
    return n;
}

static enum kn_code write_again(const struct kn_identify *identify, struct kn_buffer *out)
{
    static struct kn_span addrs[KN_IDENTIFY_ADDRS_MAX], protocols[KN_IDENTIFY_PROTOCOLS_MAX];
    struct kn_identify_content content = {
        .public_key = identify->public_key,
        .observed = identify->observed,
        .protocol_version = identify->protocol_version,
        .agent = identify->agent,
        .addrs = addrs,
        .protocols = protocols,
    };

    require(identify->agent.n <= KN_IDENTIFY_TEXT_MAX);
    content.addr_count =
        collect(identify->addrs, addrs, KN_IDENTIFY_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    content.protocol_count =
        collect(identify->protocols, protocols, KN_IDENTIFY_PROTOCOLS_MAX, KN_IDENTIFY_NAME_MAX);
    return kn_identify_encode(&content, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    struct kn_identify identify;

    if (kn_identify_decode(kn_span(data, size), &identify) != KN_OK)
        return 0;
    if (write_again(&identify, &once) == KN_OK) {
        require(once.n <= KN_IDENTIFY_SEND_MAX);
        require(kn_identify_decode(kn_buffer_get(&once), &identify) == KN_OK);
        require(write_again(&identify, &twice) == KN_OK);
        require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    } else {
        require(once.n == 0);
    }
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
