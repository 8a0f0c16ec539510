/*
 * Property: whatever part of the input is there, the verdict is "not yet" until there is one, and
 * then it stays; a message that was found writes back to the bytes it was found in and is within
 * the limit, which is the first byte.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/frame.h"
#include "lib/codec/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 600 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_again(struct kn_span bytes, struct kn_span message, size_t used)
{
    struct kn_buffer out = { 0 };

    kn_write_prefixed(&out, message);
    require(kn_span_equal(kn_buffer_get(&out), kn_span(bytes.at, used)));
    kn_buffer_done(&out);
}

static size_t check_one(struct kn_span bytes, size_t max)
{
    struct kn_span whole = { NULL, 0 };
    size_t whole_used = 0;
    enum kn_code verdict = kn_frame_next(bytes, max, &whole, &whole_used);

    for (size_t n = 0; n < bytes.n; n++) {
        struct kn_span out;
        size_t used = 0;
        enum kn_code rc = kn_frame_next(kn_span(bytes.at, n), max, &out, &used);

        require(rc == verdict || (rc == KN_E_TRUNCATED && (verdict != KN_OK || n < whole_used)));
        if (rc == KN_OK)
            require(used == whole_used && used <= n && kn_span_equal(out, whole));
    }
    if (verdict != KN_OK)
        return 0;
    require(whole.n <= max && whole_used > 0 && whole_used <= bytes.n);
    check_again(bytes, whole, whole_used);
    return whole_used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_span rest;
    size_t used;

    if (size == 0 || size > LONGEST)
        return 0;
    rest = kn_span(data + 1, size - 1);
    do {
        used = check_one(rest, data[0] == 0xff ? SIZE_MAX : data[0]);
        rest = kn_span(rest.at + used, rest.n - used);
    } while (used > 0);
    return 0;
}
