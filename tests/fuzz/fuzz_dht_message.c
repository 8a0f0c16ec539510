/*
 * Property: what is read and written again reads the same way, for each of the six messages (the
 * first byte says which); every walk gives as many items as the message promised.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../support/dht_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, twice = { 0 };
    dht_again_fn *again;
    enum kn_code rc;

    if (size == 0)
        return 0;
    again =
        data[0] % 2 == 0 ? dht_again[data[0] / 2 % 3].request : dht_again[data[0] / 2 % 3].answer;
    rc = again(kn_span(data + 1, size - 1), &once);
    require(rc != KN_E_CHANGED && !once.failed);
    if (rc == KN_OK) {
        require(again(kn_buffer_get(&once), &twice) == KN_OK && !twice.failed);
        require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    }
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
    return 0;
}
