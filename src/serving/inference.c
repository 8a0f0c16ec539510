#include "serving/inference.h"

#include <stdio.h>

#include "lib/base/memory.h"

static struct kn_loop *loop_of(const struct kn_inference *in)
{
    return kn_host_loop(in->serving->options.host);
}

void kn_step_id_set(struct kn_step_id *id, struct kn_span text)
{
    id->n = (uint8_t)text.n;
    if (text.n > 0)
        memcpy(id->at, text.at, text.n);
}

bool kn_step_id_is(const struct kn_step_id *id, struct kn_span text)
{
    return id->n > 0 && kn_span_equal(kn_span(id->at, id->n), text);
}

static bool is_open(enum kn_inference_state state)
{
    return state > KN_INFERENCE_SILENT && state < KN_INFERENCE_CLOSING;
}

static int patience(const struct kn_inference *in)
{
    const struct kn_serving_limits *limits = &in->serving->options.limits;
    int silent_ms = limits->silent_ms > 0 ? limits->silent_ms : KN_SERVING_SILENT_MS;

    switch (in->state) {
    case KN_INFERENCE_SILENT: /* clients ask as soon as they open one */
        return in->is_slow || limits->step_ms < silent_ms ? limits->step_ms : silent_ms;
    case KN_INFERENCE_READY:
    case KN_INFERENCE_UNREAD:
        return limits->step_ms;
    case KN_INFERENCE_CLOSING:
        return KN_SERVING_CLOSE_MS;
    case KN_INFERENCE_OVER:
        return 0;
    case KN_INFERENCE_OPENING: /* the cache has its own */
    case KN_INFERENCE_STEP:
        break;
    }
    return in->serving->options.limits.session_ms;
}

static void tell_session(const struct kn_inference *in, enum kn_serving_event event)
{
    const struct kn_serving_news news = {
        .event = event,
        .peer = &in->peer,
        .from = in->from,
        .to = in->to,
        .batch = in->batch,
        .max_length = in->max_length,
        .ms = kn_loop_now(loop_of(in)) - in->opened_at,
        .tokens = in->prefix,
    };

    kn_serving_tell(in->serving, &news);
}

static void note_closed(struct kn_inference *in)
{
    if (in->opened_at != 0)
        tell_session(in, KN_SERVING_CLOSED);
    in->opened_at = 0;
}

/* What the client waits for is not in the cache any more: free its room at once. */
static void close_session(struct kn_inference *in)
{
    if (in->session != NULL)
        kn_session_close(in->session);
    in->session = NULL;
    kn_work_drop(in->work);
    in->work = NULL;
    kn_hand_on_done(in);
    for (size_t i = 0; i < KN_COUNT(in->pushed); i++) {
        in->serving->held -= in->pushed[i].n;
        kn_buffer_done(&in->pushed[i]);
    }
    in->pushed_count = 0;
    in->id.n = 0;
}

void kn_inference_enter(struct kn_inference *in, enum kn_inference_state state)
{
    bool was_open = is_open(in->state);
    kn_time due;

    in->state = state;
    due = kn_loop_now(loop_of(in)) + patience(in);
    kn_timer_set(in->timer, kn_time_min(due, state == KN_INFERENCE_OVER ? due : in->end_by));
    if (!was_open && is_open(state))
        in->serving->counters.open++;
    if (was_open && !is_open(state)) {
        note_closed(in);
        close_session(in);
        in->serving->counters.open--;
        kn_serving_ended(in->serving);
    }
    kn_channel_set_busy(&in->channel, is_open(state) && state != KN_INFERENCE_READY);
}

void kn_inference_fail(struct kn_inference *in, const char *text)
{
    kn_channel_fail(&in->channel, text);
    kn_inference_enter(in, KN_INFERENCE_OVER);
}

static void finish(struct kn_inference *in)
{
    kn_channel_finish(&in->channel);
    kn_inference_enter(in, KN_INFERENCE_OVER);
}

static void refuse(struct kn_inference *in, const struct kn_error *err)
{
    kn_serving_refused(in->serving, &in->peer, err->text);
    kn_inference_fail(in, err->text);
}

/* ---- the first request ---- */

static void on_session(void *arg, enum kn_code code, struct kn_session *session,
                       const struct kn_error *err)
{
    struct kn_inference *in = arg;

    (void)session; /* as kn_session_open() returned it */
    if (code != KN_OK) {
        refuse(in, err);
        return;
    }
    in->serving->counters.sessions++;
    in->opened_at = kn_loop_now(loop_of(in));
    tell_session(in, KN_SERVING_OPENED);
    kn_inference_enter(in, KN_INFERENCE_READY);
    kn_inference_go_on(in);
}

/* spec: petals/server/handler.py, rpc_inference; in its order and its words. */
static enum kn_code check_first(const struct kn_inference *in,
                                const struct kn_rpc_metadata *metadata, struct kn_error *err)
{
    uint32_t most = in->serving->options.max_length;

    if (metadata->max_length == KN_RPC_ABSENT)
        return kn_fail(err, KN_E_INVALID,
                       "rpc_inference metadata must contain int max_length, got None");
    if (metadata->max_length < 0 || metadata->max_length > (int64_t)most)
        return kn_fail(err, KN_E_RANGE, "Cannot allocate KV cache for %lld tokens, max = %u",
                       (long long)metadata->max_length, (unsigned)most);
    for (const struct kn_inference *other = in->serving->inferences;
         other != NULL && metadata->session_id.n > 0; other = other->next) {
        if (kn_step_id_is(&other->id, metadata->session_id))
            return kn_fail(err, KN_E_BUSY, "session id %.*s is not unique",
                           (int)metadata->session_id.n, (const char *)metadata->session_id.at);
    }
    return KN_OK;
}

/* A patience of its own, which no client asks for that is in use. */
static int wait_of(const struct kn_inference *in, const struct kn_rpc_metadata *metadata)
{
    double most = in->serving->options.limits.cache_wait_ms, wish = metadata->alloc_timeout * 1000;

    return wish > 0 ? (int)(wish < most ? wish : most) : 0;
}

static enum kn_code open_session(struct kn_inference *in, const struct kn_rpc_metadata *metadata,
                                 struct kn_error *err)
{
    const struct kn_session_wish wish = {
        .from = in->from,
        .to = in->to,
        .batch = in->batch,
        .max_length = metadata->max_length > 0 ? (uint32_t)metadata->max_length : 1,
        .wait_ms = wait_of(in, metadata),
        .opened = on_session,
        .arg = in,
    };

    in->session = kn_session_open(in->serving->options.compute, &wish);
    return in->session != NULL ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code begin(struct kn_inference *in, struct kn_span body, struct kn_error *err)
{
    struct kn_expert_request request;
    struct kn_rpc_metadata metadata;
    struct kn_block_chain chain;
    struct kn_tensor hidden;
    uint32_t tokens;
    enum kn_code rc = kn_expert_request_decode(body, &request, err);

    if (rc == KN_OK)
        rc = kn_serving_may_begin(in->serving, err);
    if (rc == KN_OK)
        rc = kn_serving_blocks(in->serving, request.uid, &chain, err);
    if (rc == KN_OK)
        rc = kn_serving_metadata(&request, "rpc_inference", &metadata, err);
    if (rc == KN_OK)
        rc = check_first(in, &metadata, err);
    if (rc != KN_OK)
        return rc;
    if (request.tensor_count == 0)
        return KN_E_CLOSED;
    rc = kn_tensor_decode(request.tensors[0], &hidden, err);
    if (rc == KN_OK)
        rc = kn_work_shape(in->serving, &hidden, &in->batch, &tokens, err);
    in->from = chain.first;
    in->to = chain.end;
    in->max_length = metadata.max_length;
    if (rc == KN_OK)
        rc = open_session(in, &metadata, err);
    if (rc == KN_OK)
        kn_step_id_set(&in->id, metadata.session_id);
    return rc;
}

/* ---- what to do next ---- */

static bool take_message(struct kn_inference *in, const struct kn_rpc_frame *frame)
{
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (in->state == KN_INFERENCE_SILENT) {
        rc = begin(in, frame->body, &err);
        if (rc == KN_OK)
            kn_inference_enter(in, KN_INFERENCE_OPENING);
    } else {
        rc = kn_inference_step(in, frame->body, &err);
        if (rc == KN_OK || rc == KN_E_CANCELLED || rc == KN_E_CLOSED)
            kn_channel_take(&in->channel, frame);
        if (rc == KN_E_CANCELLED)
            return true;
    }
    if (rc == KN_E_CLOSED) { /* a request without tensors: only the end of the stream is to come */
        if (in->state == KN_INFERENCE_SILENT)
            kn_channel_take(&in->channel, frame);
        kn_inference_enter(in, KN_INFERENCE_CLOSING);
        return true;
    }
    if (rc != KN_OK)
        refuse(in, &err);
    return false;
}

/* True: look for more. */
static bool take_frame(struct kn_inference *in)
{
    struct kn_error err = { 0 };
    struct kn_rpc_frame frame;
    enum kn_code rc = kn_channel_peek(&in->channel, &frame, &err);

    if (rc == KN_E_TRUNCATED)
        return false;
    if (rc != KN_OK) {
        refuse(in, &err);
        return false;
    }
    if (frame.kind == KN_RPC_ERROR) { /* the end of what the client sends, or its failure */
        finish(in);
        return false;
    }
    if (in->state != KN_INFERENCE_CLOSING)
        return take_message(in, &frame);
    kn_channel_take(&in->channel, &frame);
    return true;
}

static bool take_pushed(struct kn_inference *in)
{
    struct kn_error err = { 0 };
    struct kn_buffer request;
    enum kn_code rc;

    if (in->state != KN_INFERENCE_READY || in->pushed_count == 0)
        return false;
    request = in->pushed[0];
    in->pushed_count--;
    memmove(in->pushed, in->pushed + 1, in->pushed_count * sizeof(in->pushed[0]));
    in->pushed[in->pushed_count] = (struct kn_buffer){ 0 };
    in->serving->held -= request.n;
    rc = kn_inference_step(in, kn_buffer_get(&request), &err);
    kn_buffer_done(&request);
    if (rc == KN_OK)
        in->serving->counters.pushed++;
    else if (rc != KN_E_CANCELLED && rc != KN_E_CLOSED)
        refuse(in, &err);
    return rc != KN_OK;
}

static bool looks(const struct kn_inference *in)
{
    return in->state == KN_INFERENCE_SILENT || in->state == KN_INFERENCE_READY ||
           in->state == KN_INFERENCE_CLOSING;
}

void kn_inference_go_on(struct kn_inference *in)
{
    while (looks(in) && (take_frame(in) || take_pushed(in))) {
    }
}

/* ---- events ---- */

static void on_readable(void *arg)
{
    kn_inference_go_on(arg);
}

static void on_writable(void *arg)
{
    struct kn_inference *in = arg;

    if (in->state != KN_INFERENCE_UNREAD)
        return;
    kn_inference_enter(in, KN_INFERENCE_READY);
    kn_inference_go_on(in);
}

static void on_gone(void *arg)
{
    struct kn_inference *in = arg;

    if (in->state != KN_INFERENCE_OVER)
        kn_inference_enter(in, KN_INFERENCE_OVER);
}

static const struct kn_channel_events channel_events = { on_readable, on_writable, on_gone };

static void free_inference(struct kn_inference *in)
{
    *in->place = in->next;
    if (in->next != NULL)
        in->next->place = in->place;
    note_closed(in);
    close_session(in);
    kn_channel_done(&in->channel);
    kn_timer_free(in->timer);
    kn_free(in);
}

static void on_timer(void *arg)
{
    struct kn_inference *in = arg;
    char text[80];

    if (in->state == KN_INFERENCE_OVER) {
        free_inference(in);
    } else if (in->state == KN_INFERENCE_CLOSING) {
        finish(in);
    } else if (in->state == KN_INFERENCE_SILENT && !in->is_slow && in->channel.held > 0) {
        in->is_slow = true; /* its first message is long, and on its way */
        kn_inference_enter(in, KN_INFERENCE_SILENT);
    } else if (kn_loop_now(loop_of(in)) >= in->end_by) {
        (void)snprintf(text, sizeof(text), "a session lasts at most %d s here",
                       in->serving->options.limits.session_ms / 1000);
        kn_inference_fail(in, text);
    } else {
        (void)snprintf(text, sizeof(text), "nothing was %s for %d s",
                       in->state == KN_INFERENCE_UNREAD ? "read" : "asked", patience(in) / 1000);
        kn_inference_fail(in, text);
    }
}

void kn_inference_opened(void *arg, struct kn_stream *stream)
{
    struct kn_serving *serving = arg;
    struct kn_inference *in = kn_try_alloc(sizeof(*in));

    if (in != NULL)
        in->timer = kn_timer_new(kn_host_loop(serving->options.host), on_timer, in);
    if (in == NULL || in->timer == NULL) {
        kn_free(in);
        kn_stream_reset(stream);
        return;
    }
    in->serving = serving;
    in->peer = *kn_connection_peer(kn_stream_connection(stream));
    if (!kn_channel_open(&in->channel, serving, stream, &channel_events, in)) {
        kn_timer_free(in->timer);
        kn_free(in);
        return;
    }
    in->next = serving->inferences;
    in->place = &serving->inferences;
    if (in->next != NULL)
        in->next->place = &in->next;
    serving->inferences = in;
    in->end_by = kn_loop_now(loop_of(in)) + serving->options.limits.session_ms;
    kn_inference_enter(in, KN_INFERENCE_SILENT);
}

void kn_inferences_end(struct kn_serving *serving, const char *text)
{
    while (serving->inferences != NULL) {
        struct kn_inference *in = serving->inferences;

        if (in->state == KN_INFERENCE_CLOSING) /* it has all that it asked for */
            kn_channel_finish(&in->channel);
        else
            kn_channel_fail(&in->channel, text);
        free_inference(in);
    }
}
