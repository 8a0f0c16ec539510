/* unary_call: the side that asks. */
#include <limits.h>

#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "network/proto/rpc_envelope.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/unary.h"

struct kn_unary_call {
    struct kn_host *host;
    struct kn_peer_id peer;
    const char *names[2];
    struct kn_buffer request;
    struct kn_buffer answer;
    uint8_t id[KN_RPC_ID_SIZE];
    kn_time end_by;
    struct kn_connect *connect;
    struct kn_stream *stream;
    kn_unary_fn *done;
    void *arg;
};

static void free_call(struct kn_unary_call *call)
{
    kn_connect_cancel(call->connect);
    kn_buffer_done(&call->request);
    kn_buffer_done(&call->answer);
    kn_free(call);
}

static void settle(struct kn_unary_call *call, enum kn_code code, struct kn_span bytes,
                   const struct kn_error *err)
{
    kn_unary_fn *done = call->done;
    void *arg = call->arg;

    call->done = NULL;
    if (call->stream != NULL)
        kn_stream_forget(call->stream);
    call->stream = NULL;
    done(arg, code, bytes, err); /* `bytes` may lie in the call: it is freed afterwards */
    free_call(call);
}

static void fail_call(struct kn_unary_call *call, enum kn_code code, const char *text)
{
    struct kn_error err = { 0 };

    if (call->stream != NULL)
        kn_stream_reset(call->stream);
    call->stream = NULL;
    (void)kn_fail(&err, code, "%s", text);
    settle(call, code, kn_span(NULL, 0), &err);
}

/* Until a protocol is agreed on the stream has the shorter of both times, afterwards ours. */
static void limit_stream(const struct kn_unary_call *call, struct kn_stream *stream, int most_ms)
{
    kn_time left = call->end_by - kn_loop_now(kn_host_loop(call->host));

    if (left > most_ms)
        left = most_ms;
    kn_stream_expire_in(stream, left > 0 ? (int)left : 1);
}

static void on_ready(void *arg, struct kn_stream *stream, const char *name)
{
    (void)name;
    limit_stream(arg, stream, INT_MAX);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_unary_call *call = arg;
    struct kn_rpc_answer answer;
    struct kn_span message;
    size_t used;
    enum kn_code rc;

    (void)stream;
    kn_buffer_add_span(&call->answer, bytes);
    if (call->answer.failed) {
        fail_call(call, KN_E_NO_MEMORY, "out of memory");
        return;
    }
    rc = kn_frame_next(kn_buffer_get(&call->answer), KN_RPC_ENVELOPE_MAX, &message, &used);
    if (rc == KN_E_TRUNCATED)
        return;
    if (rc == KN_OK)
        rc = kn_rpc_answer_decode(message, &answer);
    if (rc != KN_OK)
        fail_call(call, KN_E_PROTOCOL, "its answer cannot be read");
    else
        settle(call, answer.is_error ? KN_E_REFUSED : KN_OK, answer.data, NULL);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    fail_call(arg, KN_E_CLOSED, "it ended the call without an answer");
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_unary_call *call = arg;

    call->stream = NULL;
    if (code == KN_E_UNSUPPORTED)
        fail_call(call, code, "it does not serve this call");
    else if (code == KN_E_TIMEOUT)
        fail_call(call, code, "no answer to the call");
    else
        fail_call(call, code == KN_OK ? KN_E_CLOSED : code, "it broke off the call");
}

static const struct kn_stream_events events = {
    .ready = on_ready,
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

static enum kn_code send_request(struct kn_unary_call *call, struct kn_span request)
{
    struct kn_rpc_call envelope = {
        .peer = kn_span(call->peer.bytes, call->peer.n),
        .name = kn_span_text(call->names[0]),
        .data = request,
    };
    struct kn_buffer message = { 0 }, wire = { 0 };
    enum kn_code rc;

    memcpy(envelope.id, call->id, sizeof(envelope.id));
    kn_rpc_call_encode(&envelope, &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    rc = message.failed || wire.failed ? KN_E_NO_MEMORY
                                       : kn_stream_write(call->stream, kn_buffer_get(&wire));
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    return rc;
}

/* When it fails there is no stream. */
static enum kn_code ask(struct kn_unary_call *call, struct kn_connection *connection,
                        struct kn_span request)
{
    enum kn_code rc = kn_stream_open(connection, call->names, &events, call, &call->stream);

    if (rc == KN_OK)
        rc = send_request(call, request);
    if (rc == KN_OK) {
        limit_stream(call, call->stream, KN_STREAM_ANSWER_MS);
        return rc;
    }
    if (call->stream != NULL)
        kn_stream_reset(call->stream);
    call->stream = NULL;
    return rc;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct kn_unary_call *call = arg;

    call->connect = NULL;
    if (code != KN_OK) {
        settle(call, code, kn_span(NULL, 0), err);
        return;
    }
    code = ask(call, connection, kn_buffer_get(&call->request));
    kn_buffer_done(&call->request);
    if (code != KN_OK)
        fail_call(call, code, "no stream could be opened");
}

/* At once where there is a connection. What fails then is tried, and told, as if there were none:
 * later. */
static bool begin(struct kn_unary_call *call, struct kn_span request, int timeout_ms)
{
    struct kn_connection *connection = kn_host_connection(call->host, &call->peer);

    if (connection != NULL && ask(call, connection, request) == KN_OK)
        return true;
    kn_buffer_add_span(&call->request, request);
    return !call->request.failed &&
           kn_connect_start(call->host, &call->peer, KN_REACH_SEARCH, timeout_ms, on_connected,
                            call, &call->connect) == KN_OK;
}

struct kn_unary_call *kn_unary_start(struct kn_host *host, const struct kn_peer_id *peer,
                                     const char *name, struct kn_span request, int timeout_ms,
                                     kn_unary_fn *done, void *arg)
{
    struct kn_unary_call *call = kn_try_alloc(sizeof(*call));

    if (call == NULL)
        return NULL;
    call->host = host;
    call->peer = *peer;
    call->names[0] = name;
    call->done = done;
    call->arg = arg;
    kn_host_mark(host, call->id, sizeof(call->id));
    if (timeout_ms > host->options.times.request_ms)
        timeout_ms = host->options.times.request_ms;
    call->end_by = kn_loop_now(kn_host_loop(host)) + timeout_ms;
    if (begin(call, request, timeout_ms))
        return call;
    free_call(call);
    return NULL;
}

void kn_unary_cancel(struct kn_unary_call *call)
{
    if (call == NULL)
        return;
    if (call->stream != NULL)
        kn_stream_reset(call->stream);
    free_call(call);
}
