/* forward: rpc_forward, a session of one step without a cache. */
#include "lib/base/memory.h"
#include "network/proto/rpc_envelope.h"
#include "serving/forwarding.h"

enum { ENVELOPE = 256 }; /* bytes around a reply */

struct kn_forwarding *kn_forwarding_new(struct kn_serving *serving)
{
    struct kn_forwarding *f = kn_try_alloc(sizeof(*f));

    if (f == NULL)
        return NULL;
    f->serving = serving;
    f->next = serving->forwardings;
    f->place = &serving->forwardings;
    if (f->next != NULL)
        f->next->place = &f->next;
    serving->forwardings = f;
    return f;
}

void kn_forwarding_free(struct kn_forwarding *f)
{
    struct kn_serving *serving = f->serving;

    *f->place = f->next;
    if (f->next != NULL)
        f->next->place = f->place;
    kn_forward_cancel(f->forward);
    kn_work_drop(f->work);
    if (f->call == NULL)
        kn_channel_done(&f->channel);
    kn_timer_free(f->timer);
    kn_tensor_parts_done(&f->parts);
    kn_buffer_done(&f->uid);
    kn_buffer_done(&f->metadata);
    kn_buffer_done(&f->data);
    kn_free(f);
    kn_serving_ended(serving);
}

void kn_forwarding_limit(struct kn_forwarding *f)
{
    int request_ms = f->serving->options.limits.request_ms;
    kn_time whole = (kn_time)(request_ms > 0 ? request_ms : KN_HOST_REQUEST_MS);

    kn_timer_set(f->timer, kn_loop_now(kn_host_loop(f->serving->options.host)) +
                               KN_SERVING_FORWARD_CALLS * whole);
}

/* ---- the answer to a call ---- */

static void on_too_late(void *arg)
{
    struct kn_forwarding *f = arg;

    f->serving->counters.failed++;
    kn_answer_error(f->call, "TimeoutError", KN_FORWARDING_TOO_LONG);
    kn_forwarding_free(f);
}

static void answer(struct kn_forwarding *f)
{
    struct kn_unary_serving *call = f->call;
    struct kn_buffer out = { 0 };
    struct kn_error err = { 0 };
    struct kn_tensor like;
    size_t size;
    enum kn_code rc = kn_work_reply(f->work, f->compression, &like, &err);

    size = kn_tensor_encoded_size(&like);
    if (rc == KN_OK && size > KN_RPC_ENVELOPE_MAX - ENVELOPE) {
        f->serving->counters.failed++;
        kn_answer_error(call, "ValueError", "the reply is too large: call rpc_forward_stream");
        kn_forwarding_free(f);
        return;
    }
    if (rc == KN_OK) {
        kn_expert_tensor_head(size, &out);
        rc = kn_tensor_encode(&like, f->work->hidden, &out);
    }
    if (rc == KN_OK && out.failed)
        rc = kn_fail_no_memory(&err);
    f->serving->counters.forwards += rc == KN_OK;
    f->serving->counters.failed += rc != KN_OK;
    if (rc == KN_OK)
        kn_unary_answer(call, KN_OK, kn_buffer_get(&out));
    else
        kn_answer_error(call, "RuntimeError", err.code == KN_OK ? kn_code_brief(rc) : err.text);
    kn_buffer_done(&out);
    kn_forwarding_free(f);
}

static void on_done(void *arg, enum kn_code code, const struct kn_error *err)
{
    struct kn_forwarding *f = arg;

    f->forward = NULL;
    if (f->call == NULL) {
        kn_forward_stream_done(f, code, err);
    } else if (code == KN_OK) {
        answer(f);
    } else {
        f->serving->counters.failed++;
        kn_answer_error(f->call, "RuntimeError", err->text);
        kn_forwarding_free(f);
    }
}

/* ---- the request ---- */

/* spec: petals/server/handler.py; one entry for the one tensor of the reply. */
static enum kn_code choose_compression(struct kn_forwarding *f,
                                       const struct kn_rpc_metadata *metadata, struct kn_error *err)
{
    int64_t wish;

    f->compression = f->serving->options.limits.compression;
    if (metadata->output_compressions == 0)
        return KN_OK;
    wish = metadata->output_compression[0];
    if (metadata->output_compressions != 1)
        return kn_fail(err, KN_E_INVALID, "output_compression of %zu tensors, there is one",
                       metadata->output_compressions);
    if (wish < KN_TENSOR_NONE || wish > KN_TENSOR_FLOAT16 ||
        (wish != KN_TENSOR_NONE && f->serving->options.dtype == KN_TENSOR_BF16))
        return kn_fail(err, KN_E_UNSUPPORTED, "output_compression %lld is not written here",
                       (long long)wish);
    f->compression = (enum kn_tensor_compression)wish;
    return KN_OK;
}

static enum kn_code check_size(const struct kn_forwarding *f, struct kn_error *err)
{
    uint64_t tokens = (uint64_t)f->work->batch * f->work->tokens;
    uint32_t most = f->serving->options.limits.max_batch_tokens;

    if (tokens > most)
        return kn_fail(err, KN_E_LIMIT, "a batch of %llu tokens, more than %u",
                       (unsigned long long)tokens, (unsigned)most);
    return KN_OK;
}

enum kn_code kn_forwarding_start(struct kn_forwarding *f, const struct kn_expert_request *request,
                                 const struct kn_tensor *tensors, size_t n, struct kn_error *err)
{
    struct kn_work_wish wish = { .batch = 0 };
    struct kn_rpc_metadata metadata;
    struct kn_block_chain chain;
    struct kn_step step;
    enum kn_code rc = kn_serving_may_begin(f->serving, err);

    if (rc == KN_OK)
        rc = kn_serving_blocks(f->serving, request->uid, &chain, err);
    if (rc == KN_OK)
        rc = kn_serving_metadata(request, "rpc_forward", &metadata, err);
    if (rc == KN_OK)
        rc = kn_rpc_check_arguments(&metadata, n, err);
    if (rc == KN_OK)
        rc = choose_compression(f, &metadata, err);
    if (rc != KN_OK)
        return rc;
    wish.blocks = chain.end - chain.first;
    rc = kn_work_new(f->serving, tensors, n, &wish, &f->work, err);
    if (rc == KN_OK)
        rc = check_size(f, err);
    if (rc != KN_OK)
        return rc;
    kn_work_step(f->work, &step);
    step.done = on_done;
    step.arg = f;
    f->forward = kn_forward_start(f->serving->options.compute, chain.first, chain.end,
                                  f->work->batch, &step);
    if (f->forward != NULL)
        return KN_OK;
    kn_work_drop(f->work); /* nobody has taken the step's share */
    return kn_fail_no_memory(err);
}

static enum kn_code begin(struct kn_forwarding *f, struct kn_span bytes, struct kn_error *err)
{
    struct kn_tensor tensors[KN_EXPERT_TENSORS_MAX];
    struct kn_expert_request request;
    enum kn_code rc = kn_expert_request_decode(bytes, &request, err);

    for (size_t i = 0; rc == KN_OK && i < request.tensor_count; i++)
        rc = kn_tensor_decode(request.tensors[i], &tensors[i], err);
    if (rc == KN_OK)
        rc = kn_forwarding_start(f, &request, tensors, request.tensor_count, err);
    return rc;
}

void kn_forward_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                      struct kn_unary_serving *call)
{
    struct kn_serving *serving = arg;
    struct kn_error err = { 0 };
    struct kn_forwarding *f = kn_forwarding_new(serving);

    (void)peer;
    if (f != NULL) {
        f->call = call;
        f->timer = kn_timer_new(kn_host_loop(serving->options.host), on_too_late, f);
    }
    if (f == NULL || f->timer == NULL) {
        kn_answer_error(call, "MemoryError", "out of memory");
        if (f != NULL)
            kn_forwarding_free(f);
        return;
    }
    kn_forwarding_limit(f);
    if (begin(f, request, &err) == KN_OK)
        return;
    kn_serving_refused(serving, peer, err.text);
    kn_answer_error(call, "RuntimeError", err.text);
    kn_forwarding_free(f);
}

void kn_forward_given_up(void *arg, struct kn_unary_serving *call)
{
    struct kn_serving *serving = arg;
    struct kn_forwarding *f = serving->forwardings;

    while (f != NULL && f->call != call)
        f = f->next;
    if (f != NULL)
        kn_forwarding_free(f);
}

bool kn_forwardings_run(const struct kn_serving *serving)
{
    const struct kn_forwarding *f = serving->forwardings;

    while (f != NULL && f->call == NULL && (!f->begun || f->over))
        f = f->next;
    return f != NULL;
}

void kn_forwardings_end(struct kn_serving *serving, const char *text)
{
    while (serving->forwardings != NULL) {
        struct kn_forwarding *f = serving->forwardings;

        if (f->call != NULL)
            kn_answer_error(f->call, "RuntimeError", text);
        else
            kn_channel_fail(&f->channel, text);
        kn_forwarding_free(f);
    }
}
