/*
 * Property: the frames that come out, and what is said at the end, are the same whether the bytes
 * come in one piece or in many; written again they are the bytes that came. The first byte is the
 * size of a piece, the second the longest message.
 */
#include <stdint.h>
#include <stdlib.h>

#include "network/petals/rpc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 2000 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Take what is whole and write it again. */
static enum kn_code take_all(struct kn_rpc_frames *frames, struct kn_buffer *out)
{
    struct kn_rpc_frame frame;
    enum kn_code rc;

    while ((rc = kn_rpc_frames_peek(frames, &frame)) == KN_OK) {
        require(frame.body.n <= frames->max);
        kn_rpc_frame_head(frame.kind, frame.body.n, out);
        kn_buffer_add_span(out, frame.body);
        kn_rpc_frames_take(frames, &frame);
    }
    return rc;
}

static enum kn_code run(struct kn_span bytes, size_t piece, size_t max, struct kn_buffer *out)
{
    struct kn_rpc_frames frames = { .max = max };
    enum kn_code rc = KN_E_TRUNCATED;

    for (size_t at = 0; at < bytes.n && rc == KN_E_TRUNCATED; at += piece) {
        size_t n = bytes.n - at < piece ? bytes.n - at : piece;

        kn_rpc_frames_lend(&frames, kn_span(bytes.at + at, n));
        rc = take_all(&frames, out);
        kn_rpc_frames_keep(&frames);
        require(frames.kept.n <= max + KN_RPC_FRAME_HEAD + piece);
    }
    kn_rpc_frames_done(&frames);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_buffer once = { 0 }, many = { 0 };
    struct kn_span bytes;

    if (size < 2 || size > LONGEST)
        return 0;
    bytes = kn_span(data + 2, size - 2);
    require(run(bytes, bytes.n + 1, data[1], &once) ==
            run(bytes, 1 + (size_t)data[0], data[1], &many));
    require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&many)));
    require(once.n <= bytes.n);
    require(kn_span_equal(kn_buffer_get(&once), kn_span(once.n > 0 ? bytes.at : NULL, once.n)));
    kn_buffer_done(&once);
    kn_buffer_done(&many);
    return 0;
}
