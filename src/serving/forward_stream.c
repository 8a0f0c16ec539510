/* forward_stream: rpc_forward whose tensors are too large for one message. */
#include "lib/base/memory.h"
#include "serving/forwarding.h"

static kn_time now_of(const struct kn_forwarding *f)
{
    return kn_loop_now(kn_host_loop(f->serving->options.host));
}

/* It is freed with the next turn of the loop: events of its channel may still run. */
static void leave(struct kn_forwarding *f)
{
    f->over = true;
    kn_timer_set(f->timer, now_of(f));
}

static void fail_stream(struct kn_forwarding *f, const char *text)
{
    kn_channel_fail(&f->channel, text);
    leave(f);
}

static void on_timer(void *arg)
{
    struct kn_forwarding *f = arg;

    if (f->over) {
        kn_forwarding_free(f);
        return;
    }
    kn_forward_cancel(f->forward);
    f->forward = NULL;
    f->serving->counters.failed++;
    fail_stream(f, KN_FORWARDING_TOO_LONG);
}

/* ---- the request ---- */

/* spec: petals/server/handler.py, _gather_inputs: the first metadata count, the blocks must not
 * change. */
static enum kn_code take_request(struct kn_forwarding *f, struct kn_span body, struct kn_error *err)
{
    struct kn_expert_request request;
    enum kn_code rc = kn_expert_request_decode(body, &request, err);

    if (rc == KN_OK && f->begun && !kn_span_equal(request.uid, kn_buffer_get(&f->uid)))
        rc = kn_fail(err, KN_E_INVALID, "a request for other blocks in the same stream");
    if (rc != KN_OK)
        return rc;
    if (!f->begun) {
        struct kn_block_chain chain;

        kn_buffer_add_span(&f->uid, request.uid);
        kn_buffer_add_span(&f->metadata, request.metadata);
        f->begun = true;
        if (f->uid.failed || f->metadata.failed)
            return kn_fail_no_memory(err);
        rc = kn_serving_may_begin(f->serving, err);
        if (rc == KN_OK)
            rc = kn_serving_blocks(f->serving, request.uid, &chain, err);
    }
    for (size_t i = 0; rc == KN_OK && i < request.tensor_count; i++)
        rc = kn_tensor_parts_add(&f->parts, request.tensors[i], err);
    if (rc == KN_OK && !kn_channel_account(&f->channel, f->parts.bytes.n, err))
        rc = KN_E_LIMIT;
    return rc;
}

static enum kn_code start(struct kn_forwarding *f, struct kn_error *err)
{
    const struct kn_expert_request request = { .uid = kn_buffer_get(&f->uid),
                                               .metadata = kn_buffer_get(&f->metadata) };
    enum kn_code rc = kn_tensor_parts_end(&f->parts, err);

    if (rc == KN_OK)
        rc = kn_forwarding_start(f, &request, f->parts.tensors, f->parts.n, err);
    kn_tensor_parts_done(&f->parts);
    if (rc == KN_OK)
        kn_channel_set_busy(&f->channel, true);
    return rc;
}

static void on_readable(void *arg)
{
    struct kn_forwarding *f = arg;
    struct kn_error err = { 0 };
    struct kn_rpc_frame frame;
    enum kn_code rc = KN_OK;

    while (rc == KN_OK && f->work == NULL) {
        rc = kn_channel_peek(&f->channel, &frame, &err);
        if (rc == KN_OK && frame.kind == KN_RPC_MESSAGE)
            rc = take_request(f, frame.body, &err);
        else if (rc == KN_OK)
            rc = start(f, &err);
        if (rc == KN_OK)
            kn_channel_take(&f->channel, &frame);
    }
    if (rc == KN_OK || rc == KN_E_TRUNCATED)
        return;
    f->serving->counters.refused++;
    fail_stream(f, err.text);
}

/* ---- the reply ---- */

/* Parts are made as they leave. */
static void send_next(struct kn_forwarding *f)
{
    struct kn_span data = kn_buffer_get(&f->data);
    uint32_t count = kn_tensor_part_count(data.n, KN_SERVING_CHUNK);

    while (!f->over && f->sent < count && kn_channel_is_clear(&f->channel)) {
        struct kn_buffer part = { 0 };
        struct kn_buffer *out = &f->channel.out;

        kn_tensor_part_encode(&f->like, data, KN_SERVING_CHUNK, f->sent++, &part);
        kn_rpc_frame_head(KN_RPC_MESSAGE, kn_expert_tensor_head_size(part.n) + part.n, out);
        kn_expert_tensor_head(part.n, out);
        kn_buffer_add_span(out, kn_buffer_get(&part));
        if (part.failed)
            kn_buffer_fail(out);
        kn_buffer_done(&part);
        kn_channel_flush(&f->channel);
    }
    if (f->over || f->sent < count || !kn_channel_is_empty(&f->channel))
        return;
    kn_channel_finish(&f->channel);
    leave(f);
}

void kn_forward_stream_done(struct kn_forwarding *f, enum kn_code code, const struct kn_error *err)
{
    struct kn_error own = { 0 };

    if (code == KN_OK) {
        err = &own;
        code = kn_work_reply(f->work, f->compression, &f->like, &own);
        if (code == KN_OK)
            code = kn_tensor_encode_buffer(&f->like, f->work->hidden, &f->data);
        if (code == KN_OK && f->data.failed)
            code = kn_fail_no_memory(&own);
        kn_work_drop(f->work);
        f->work = NULL;
    }
    if (code != KN_OK) {
        f->serving->counters.failed++;
        fail_stream(f, err->code != KN_OK ? err->text : kn_code_brief(code));
        return;
    }
    f->serving->counters.forwards++;
    send_next(f);
}

static void on_writable(void *arg)
{
    struct kn_forwarding *f = arg;

    if (f->sent > 0)
        send_next(f);
}

static void on_gone(void *arg)
{
    struct kn_forwarding *f = arg;

    kn_forward_cancel(f->forward);
    f->forward = NULL;
    leave(f);
}

static const struct kn_channel_events channel_events = { on_readable, on_writable, on_gone };

void kn_forward_stream_opened(void *arg, struct kn_stream *stream)
{
    struct kn_serving *serving = arg;
    struct kn_forwarding *f = kn_forwarding_new(serving);

    if (f != NULL)
        f->timer = kn_timer_new(kn_host_loop(serving->options.host), on_timer, f);
    if (f == NULL || f->timer == NULL) {
        kn_stream_reset(stream);
    } else if (kn_channel_open(&f->channel, serving, stream, &channel_events, f)) {
        f->parts.max = KN_SERVING_MESSAGE_MAX;
        kn_forwarding_limit(f);
        return;
    }
    if (f != NULL)
        kn_forwarding_free(f);
}
