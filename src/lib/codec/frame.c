#include "lib/codec/frame.h"

#include "lib/codec/reader.h"

enum { LENGTH_MAX = KN_VARINT_MAX - 1 }; /* a length has 63 bits at most */

/* Is the length there, does it end too late to be one, or has more of it to come? */
static enum kn_code look_for_length(struct kn_span bytes)
{
    for (size_t i = 0; i < bytes.n && i < LENGTH_MAX; i++) {
        if (bytes.at[i] < 0x80)
            return KN_OK;
    }
    return bytes.n < LENGTH_MAX ? KN_E_TRUNCATED : KN_E_PROTOCOL;
}

enum kn_code kn_frame_next(struct kn_span bytes, size_t max, struct kn_span *out, size_t *used)
{
    struct kn_reader reader = kn_reader_of(bytes);
    enum kn_code rc = look_for_length(bytes);
    uint64_t n;

    if (rc != KN_OK)
        return rc;
    n = kn_read_varint_minimal(&reader);
    if (reader.failed)
        return KN_E_PROTOCOL;
    if (n > max)
        return KN_E_LIMIT;
    if (n > kn_reader_left(&reader))
        return KN_E_TRUNCATED;
    *out = kn_read_span(&reader, (size_t)n);
    *used = bytes.n - kn_reader_left(&reader);
    return KN_OK;
}
