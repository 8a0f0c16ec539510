/* step: one request of a session, computed and answered. */
#include "serving/inference.h"

static bool came_before(const struct kn_inference *in, struct kn_span id)
{
    size_t kept = in->step_count < KN_COUNT(in->steps) ? in->step_count : KN_COUNT(in->steps);

    for (size_t i = 0; i < kept; i++) {
        if (kn_step_id_is(&in->steps[i], id))
            return true;
    }
    return false;
}

static void remember(struct kn_inference *in, struct kn_span id)
{
    if (id.n > 0)
        kn_step_id_set(&in->steps[in->step_count++ % KN_COUNT(in->steps)], id);
}

static enum kn_code decode_tensors(const struct kn_expert_request *request,
                                   struct kn_tensor tensors[KN_EXPERT_TENSORS_MAX],
                                   struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    for (size_t i = 0; i < request->tensor_count && rc == KN_OK; i++)
        rc = kn_tensor_decode(request->tensors[i], &tensors[i], err);
    return rc;
}

/* Where the step begins, and whether it fits. Petals itself lets a client begin in what was never
 * written. */
static enum kn_code place(struct kn_inference *in, const struct kn_rpc_metadata *metadata,
                          uint32_t tokens, struct kn_error *err)
{
    int64_t position = metadata->start_from_position;

    if (position == KN_RPC_ABSENT)
        position = in->prefix;
    if (position < 0 || position > in->prefix)
        return kn_fail(err, KN_E_RANGE, "start_from_position %lld is outside 0..%lld",
                       (long long)position, (long long)in->prefix);
    if (position + (int64_t)tokens > in->max_length)
        return kn_fail(err, KN_E_RANGE,
                       "Maximum length exceeded: prefix %lld + current %u exceeds pre-allocated "
                       "maximum %lld",
                       (long long)position, (unsigned)tokens, (long long)in->max_length);
    in->position = position;
    return KN_OK;
}

/* ---- the answer ---- */

/* One frame: its lengths are known before, so nothing is moved. */
static enum kn_code put_reply(struct kn_inference *in, struct kn_span *tensor, struct kn_error *err)
{
    struct kn_buffer *out = &in->channel.out;
    struct kn_tensor like;
    size_t size, start;
    enum kn_code rc;

    rc = kn_work_reply(in->work, in->serving->options.limits.compression, &like, err);
    if (rc != KN_OK)
        return rc;
    size = kn_tensor_encoded_size(&like);
    kn_rpc_frame_head(KN_RPC_MESSAGE, kn_expert_tensor_head_size(size) + size, out);
    kn_expert_tensor_head(size, out);
    start = out->n;
    rc = kn_tensor_encode(&like, in->work->hidden, out);
    if (rc == KN_OK && out->failed)
        rc = KN_E_NO_MEMORY;
    if (rc != KN_OK)
        return kn_fail(err, rc, "%s", kn_code_brief(rc));
    *tensor = kn_span(kn_buffer_get(out).at + start, size);
    return KN_OK;
}

static void reply(struct kn_inference *in)
{
    struct kn_span tensor = { NULL, 0 };
    struct kn_error err = { 0 };

    if (put_reply(in, &tensor, &err) != KN_OK) {
        kn_buffer_clear(&in->channel.out);
        in->serving->counters.failed++;
        kn_inference_fail(in, err.text);
        return;
    }
    in->prefix = in->position + in->work->tokens;
    in->serving->counters.steps++;
    kn_hand_on_send(in, tensor);
    kn_work_drop(in->work);
    in->work = NULL;
    kn_channel_flush(&in->channel);
    if (in->state == KN_INFERENCE_OVER)
        return;
    kn_inference_enter(in, kn_channel_is_clear(&in->channel) ? KN_INFERENCE_READY
                                                             : KN_INFERENCE_UNREAD);
    kn_inference_go_on(in);
}

static void on_done(void *arg, enum kn_code code, const struct kn_error *err)
{
    struct kn_inference *in = arg;

    if (code == KN_OK) {
        reply(in);
        return;
    }
    in->serving->counters.failed++;
    kn_inference_fail(in, err->text);
}

/* ---- the request ---- */

static void start(struct kn_inference *in)
{
    struct kn_step step;

    kn_work_step(in->work, &step);
    step.position = in->position;
    step.done = on_done;
    step.arg = in;
    kn_inference_enter(in, KN_INFERENCE_STEP);
    kn_session_step(in->session, &step);
}

static enum kn_code prepare(struct kn_inference *in, const struct kn_expert_request *request,
                            const struct kn_rpc_metadata *metadata, struct kn_error *err)
{
    const struct kn_work_wish wish = { in->to - in->from, in->batch, true };
    struct kn_tensor tensors[KN_EXPERT_TENSORS_MAX];
    enum kn_code rc = decode_tensors(request, tensors, err);

    if (rc == KN_OK)
        rc = kn_work_new(in->serving, tensors, request->tensor_count, &wish, &in->work, err);
    if (rc == KN_OK)
        rc = place(in, metadata, in->work->tokens, err);
    /* No tokens are nothing to hand on, and cost the client nothing. */
    if (rc == KN_OK && in->work->prompts == NULL && in->work->tokens > 0 &&
        kn_hand_on_prepare(in, request, metadata) != KN_OK)
        rc = kn_fail_no_memory(err);
    return rc;
}

enum kn_code kn_inference_step(struct kn_inference *in, struct kn_span body, struct kn_error *err)
{
    struct kn_expert_request request;
    struct kn_rpc_metadata metadata;
    enum kn_code rc = kn_expert_request_decode(body, &request, err);

    if (rc == KN_OK && request.tensor_count == 0)
        return KN_E_CLOSED;
    if (rc == KN_OK)
        rc = kn_serving_metadata(&request, "rpc_inference", &metadata, err);
    if (rc == KN_OK && came_before(in, metadata.step_id))
        return KN_E_CANCELLED;
    if (rc == KN_OK)
        rc = prepare(in, &request, &metadata, err);
    if (rc != KN_OK)
        return rc;
    remember(in, metadata.step_id);
    start(in);
    return KN_OK;
}
