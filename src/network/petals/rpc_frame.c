#include "network/petals/rpc_frame.h"

#include "lib/codec/reader.h"
#include "lib/codec/writer.h"

enum { ROOM_KEPT = 1 << 16 }; /* bytes of memory that an empty buffer may hold on to */

void kn_rpc_frames_lend(struct kn_rpc_frames *frames, struct kn_span bytes)
{
    if (frames->kept.n > 0)
        kn_buffer_add_span(&frames->kept, bytes);
    else
        frames->lent = bytes;
}

static struct kn_span all_of(const struct kn_rpc_frames *frames)
{
    return frames->kept.n > 0 ? kn_buffer_get(&frames->kept) : frames->lent;
}

enum kn_code kn_rpc_frames_peek(const struct kn_rpc_frames *frames, struct kn_rpc_frame *out)
{
    struct kn_reader reader = kn_reader_of(all_of(frames));
    uint8_t marker;
    uint64_t n;

    if (frames->kept.failed)
        return KN_E_NO_MEMORY;
    if (kn_reader_left(&reader) == 0)
        return KN_E_TRUNCATED;
    marker = kn_read_u8(&reader);
    if (marker > KN_RPC_ERROR)
        return KN_E_PROTOCOL;
    n = kn_read_be64(&reader);
    if (reader.failed)
        return KN_E_TRUNCATED;
    out->kind = (enum kn_rpc_frame_kind)marker;
    out->body = kn_span(NULL, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
    if (n > frames->max)
        return KN_E_LIMIT;
    if (n > kn_reader_left(&reader))
        return KN_E_TRUNCATED;
    out->body = kn_read_span(&reader, (size_t)n);
    return KN_OK;
}

/* Little that is left does not hold on to the memory of what was long: what is held is no less than
 * half of what it takes. */
static void give_back(struct kn_buffer *kept)
{
    struct kn_buffer fresh = { 0 };

    if (kept->room <= ROOM_KEPT || kept->n > kept->room / 2)
        return;
    if (kept->n > 0)
        kn_buffer_add_span(&fresh, kn_buffer_get(kept));
    if (fresh.failed) {
        kn_buffer_done(&fresh);
        return;
    }
    kn_buffer_done(kept);
    *kept = fresh;
}

void kn_rpc_frames_take(struct kn_rpc_frames *frames, const struct kn_rpc_frame *frame)
{
    size_t n = KN_RPC_FRAME_HEAD + frame->body.n;

    if (frames->kept.n > 0) {
        kn_buffer_take(&frames->kept, n);
        give_back(&frames->kept);
    } else if (n <= frames->lent.n) {
        frames->lent = kn_span(frames->lent.at + n, frames->lent.n - n);
    }
}

void kn_rpc_frames_keep(struct kn_rpc_frames *frames)
{
    kn_buffer_add_span(&frames->kept, frames->lent);
    frames->lent = kn_span(NULL, 0);
}

size_t kn_rpc_frames_held(const struct kn_rpc_frames *frames)
{
    return frames->kept.n;
}

void kn_rpc_frames_done(struct kn_rpc_frames *frames)
{
    kn_buffer_done(&frames->kept);
    frames->lent = kn_span(NULL, 0);
}

void kn_rpc_frame_head(enum kn_rpc_frame_kind kind, size_t n, struct kn_buffer *out)
{
    kn_buffer_add_byte(out, (uint8_t)kind);
    kn_write_be64(out, n);
}
