/*
 * Property: the verdict is the same every time. A record that is believed gives its value without
 * anything added, and shorter only by whole tags; one that is not gives nothing. The input is the
 * length of the subkey (two bytes, little endian), the subkey and the value.
 */
#include <stdint.h>
#include <stdlib.h>

#include "network/dht/signed_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHORTEST_TAG = sizeof("[signature:x]") - 1 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Are the bytes of `part` in `whole`, in their order? */
static int is_left_of(struct kn_span part, struct kn_span whole)
{
    size_t at = 0;

    for (size_t i = 0; i < whole.n && at < part.n; i++)
        at += whole.at[i] == part.at[at];
    return at == part.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_signed_record record = { .expiration = 1700000120.0 };
    struct kn_buffer bare = { 0 }, again = { 0 };
    enum kn_code rc;
    size_t n;

    if (size < 2)
        return 0;
    n = (size_t)data[0] | (size_t)data[1] << 8;
    if (n > size - 2)
        n = size - 2;
    record.subkey = kn_span(data + 2, n);
    record.value = kn_span(data + 2 + n, size - 2 - n);
    rc = kn_signed_record_check(&record, &bare);
    require(rc == KN_OK || rc == KN_E_INVALID);
    require(kn_signed_record_check(&record, &again) == rc);
    require(kn_span_equal(kn_buffer_get(&bare), kn_buffer_get(&again)));
    require(rc == KN_OK || bare.n == 0);
    require(is_left_of(kn_buffer_get(&bare), record.value));
    if (rc == KN_OK)
        require(bare.n == record.value.n || bare.n + SHORTEST_TAG <= record.value.n);
    kn_buffer_done(&bare);
    kn_buffer_done(&again);
    return 0;
}
