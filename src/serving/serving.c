#include "serving/serving.h"

#include "lib/base/memory.h"
#include "serving/serving_parts.h"
#include "serving/work.h"

#define HANDLER "TransformerConnectionHandler."

void kn_serving_ended(struct kn_serving *serving)
{
    if (serving->draining && serving->counters.open == 0 && !kn_forwardings_run(serving))
        kn_timer_set(serving->later, kn_loop_now(kn_host_loop(serving->options.host)));
}

static void on_later(void *arg)
{
    struct kn_serving *serving = arg;
    void (*drained)(void *drained_arg) = serving->drained;

    serving->drained = NULL;
    if (drained != NULL)
        drained(serving->drained_arg);
}

bool kn_serving_hold(struct kn_serving *serving, size_t bytes)
{
    if (bytes > KN_SERVING_SMALL &&
        (bytes > KN_SERVING_HELD_MAX || serving->held > KN_SERVING_HELD_MAX - bytes))
        return false;
    serving->held += bytes;
    return true;
}

enum kn_code kn_serving_may_begin(const struct kn_serving *serving, struct kn_error *err)
{
    if (!serving->draining)
        return KN_OK;
    return kn_fail(err, KN_E_REFUSED, "this server is leaving and begins nothing new");
}

enum kn_code kn_serving_blocks(const struct kn_serving *serving, struct kn_span uids,
                               struct kn_block_chain *out, struct kn_error *err)
{
    enum kn_code rc = kn_block_chain_parse(uids, out, err);

    if (rc == KN_OK)
        rc = kn_block_chain_within(out, serving->prefix.text, serving->options.first,
                                   serving->options.end, err);
    return rc;
}

/* spec: petals/server/handler.py; a stream prints a missing key in quotes. */
enum kn_code kn_serving_metadata(const struct kn_expert_request *request, const char *method,
                                 struct kn_rpc_metadata *out, struct kn_error *err)
{
    enum kn_code rc = kn_rpc_metadata_decode(request->metadata, method, out, err);

    if (rc == KN_OK && out->active_adapter.n > 0)
        rc = kn_fail(err, KN_E_NOT_FOUND, "'adapter %.*s not found'",
                     (int)(out->active_adapter.n < 64 ? out->active_adapter.n : 64),
                     (const char *)out->active_adapter.at);
    if (rc == KN_OK && request->tensor_count > 0)
        rc = kn_rpc_check_arguments(out, request->tensor_count, err);
    return rc;
}

static enum kn_code serve_calls(struct kn_serving *serving)
{
    static const struct kn_unary_handler calls[KN_CALL_COUNT] = {
        [KN_CALL_INFO] = { HANDLER "rpc_info", NULL, kn_answer_info, kn_answer_given_up },
        [KN_CALL_FORWARD] = { HANDLER "rpc_forward", NULL, kn_forward_asked, kn_forward_given_up },
        [KN_CALL_BACKWARD] = { HANDLER "rpc_backward", NULL, kn_answer_backward,
                               kn_answer_given_up },
        [KN_CALL_PUSH] = { HANDLER "rpc_push", NULL, kn_push_asked, kn_answer_given_up },
    };
    enum kn_code rc = KN_OK;

    for (size_t i = 0; i < KN_CALL_COUNT && rc == KN_OK; i++) {
        serving->calls[i] = calls[i];
        serving->calls[i].arg = serving;
        rc = kn_unary_serve(serving->options.host, &serving->calls[i]);
    }
    return rc;
}

static enum kn_code serve_streams(struct kn_serving *serving)
{
    const struct kn_protocol streams[] = {
        { HANDLER "rpc_inference", kn_inference_opened, serving },
        { HANDLER "rpc_forward_stream", kn_forward_stream_opened, serving },
        { HANDLER "rpc_backward_stream", kn_refuse_backward_stream, serving },
    };
    enum kn_code rc = KN_OK;

    for (size_t i = 0; i < KN_COUNT(streams) && rc == KN_OK; i++)
        rc = kn_host_serve(serving->options.host, &streams[i]);
    return rc;
}

/* Can the numbers of a reply be written as the options want? Tried with none. */
static bool can_reply(const struct kn_serving_options *options)
{
    const struct kn_tensor like = { .dtype = options->dtype,
                                    .compression = options->limits.compression };
    struct kn_buffer nothing = { 0 };

    return kn_tensor_encode_buffer(&like, NULL, &nothing) == KN_OK;
}

enum kn_code kn_serving_start(const struct kn_serving_options *options, struct kn_serving **out)
{
    struct kn_serving *serving;
    enum kn_code rc;

    if (strlen(options->prefix) > KN_PREFIX_MAX)
        return KN_E_LIMIT;
    if (!can_reply(options))
        return KN_E_UNSUPPORTED;
    serving = kn_try_alloc(sizeof(*serving));
    if (serving == NULL)
        return KN_E_NO_MEMORY;
    serving->options = *options;
    memcpy(serving->prefix.text, options->prefix, strlen(options->prefix) + 1);
    serving->options.prefix = serving->prefix.text;
    serving->later = kn_timer_new(kn_host_loop(options->host), on_later, serving);
    rc = serving->later == NULL ? KN_E_NO_MEMORY : serve_calls(serving);
    if (rc == KN_OK)
        rc = serve_streams(serving);
    if (rc == KN_OK)
        *out = serving;
    else
        kn_serving_free(serving);
    return rc;
}

enum kn_code kn_serving_change(struct kn_serving *serving, const struct kn_serving_limits *limits)
{
    struct kn_serving_options options = serving->options;

    options.limits = *limits;
    if (!can_reply(&options))
        return KN_E_UNSUPPORTED;
    serving->options.limits = *limits;
    return KN_OK;
}

void kn_serving_drain(struct kn_serving *serving, void (*drained)(void *arg), void *arg)
{
    serving->draining = true;
    serving->drained = drained;
    serving->drained_arg = arg;
    kn_serving_ended(serving);
}

void kn_serving_free(struct kn_serving *serving)
{
    static const char text[] = "this server is going away";

    if (serving == NULL)
        return;
    for (size_t i = 0; i < KN_CALL_COUNT; i++)
        kn_host_forget(serving->options.host, &serving->calls[i]);
    kn_host_forget(serving->options.host, serving);
    serving->draining = false; /* nobody is told any more */
    kn_inferences_end(serving, text);
    kn_forwardings_end(serving, text);
    kn_pushes_end(serving);
    kn_works_leave(serving);
    kn_timer_free(serving->later);
    kn_free(serving);
}

const struct kn_serving_counters *kn_serving_counters(const struct kn_serving *serving)
{
    return &serving->counters;
}

void kn_serving_tell(const struct kn_serving *serving, const struct kn_serving_news *news)
{
    if (serving->options.news != NULL)
        serving->options.news(serving->options.arg, news);
}

void kn_serving_refused(struct kn_serving *serving, const struct kn_peer_id *peer, const char *text)
{
    const struct kn_serving_news news = { .event = KN_SERVING_REFUSED,
                                          .peer = peer,
                                          .refusal = text };

    serving->counters.refused++;
    kn_serving_tell(serving, &news);
}
