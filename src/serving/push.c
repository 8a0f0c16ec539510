/* push: steps that other servers hand to sessions here, and those that go out. */
#include "lib/base/memory.h"
#include "network/proto/rpc_envelope.h"
#include "serving/inference.h"

struct kn_push {
    struct kn_serving *serving;
    struct kn_unary_call *call;
    struct kn_peer_id client, to;
    size_t bytes; /* in the books of the server */
    struct kn_push *next, **place;
};

/* ---- out ---- */

static void free_push(struct kn_push *push)
{
    *push->place = push->next;
    if (push->next != NULL)
        push->next->place = push->place;
    push->serving->push_count--;
    push->serving->held -= push->bytes;
    kn_free(push);
}

static void on_answer(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    struct kn_push *push = arg;

    (void)bytes;
    (void)err;
    push->serving->counters.push_failures += code != KN_OK;
    free_push(push);
}

static bool is_connected(const struct kn_serving *serving, const struct kn_peer_id *peer)
{
    return kn_host_connection(serving->options.host, peer) != NULL;
}

/* A client may name anybody, whose addresses would be searched and dialled: that takes few of the
 * places that the host has for it. */
static bool may_reach(const struct kn_serving *serving, const struct kn_peer_id *client,
                      const struct kn_peer_id *to)
{
    size_t all = 0, of_client = 0;

    if (is_connected(serving, to))
        return true;
    for (const struct kn_push *push = serving->pushes; push != NULL; push = push->next) {
        if (is_connected(serving, &push->to))
            continue;
        all++;
        of_client += kn_peer_id_equal(&push->client, client);
    }
    return all < KN_SERVING_REACHES_MAX && of_client < KN_SERVING_REACHES_PEER_MAX;
}

static bool begin(struct kn_serving *serving, const struct kn_peer_id *client,
                  const struct kn_peer_id *to, struct kn_span request)
{
    struct kn_push *push;

    if (serving->push_count == KN_SERVING_PUSHES_MAX || request.n > KN_RPC_SEND_MAX ||
        kn_peer_id_equal(to, kn_host_self(serving->options.host)) ||
        !may_reach(serving, client, to))
        return false;
    if (!kn_serving_hold(serving, request.n))
        return false;
    push = kn_try_alloc(sizeof(*push));
    if (push == NULL) {
        serving->held -= request.n;
        return false;
    }
    push->serving = serving;
    push->client = *client;
    push->to = *to;
    push->bytes = request.n;
    push->next = serving->pushes;
    push->place = &serving->pushes;
    if (push->next != NULL)
        push->next->place = &push->next;
    serving->pushes = push;
    serving->push_count++;
    push->call = kn_unary_start(serving->options.host, to, serving->calls[KN_CALL_PUSH].name,
                                request, KN_SERVING_PUSH_MS, on_answer, push);
    if (push->call == NULL)
        free_push(push);
    return push->call != NULL;
}

/* The client sends the same itself, so a failure is counted and that is all. */
void kn_push_start(struct kn_serving *serving, const struct kn_peer_id *client,
                   const struct kn_peer_id *to, struct kn_span request)
{
    if (begin(serving, client, to, request))
        serving->counters.pushes++;
    else
        serving->counters.push_failures++;
}

void kn_pushes_end(struct kn_serving *serving)
{
    while (serving->pushes != NULL) {
        kn_unary_cancel(serving->pushes->call);
        free_push(serving->pushes);
    }
}

/* ---- in ---- */

static struct kn_inference *find(const struct kn_serving *serving, struct kn_span id)
{
    struct kn_inference *in = serving->inferences;

    while (in != NULL && !kn_step_id_is(&in->id, id))
        in = in->next;
    return in;
}

static enum kn_code queue(struct kn_inference *in, struct kn_span request, struct kn_error *err)
{
    struct kn_buffer *place = &in->pushed[in->pushed_count];

    if (in->pushed_count == KN_SERVING_AHEAD_MAX)
        return kn_fail(err, KN_E_LIMIT, "%d steps wait for this session already",
                       KN_SERVING_AHEAD_MAX);
    if (!kn_serving_hold(in->serving, request.n))
        return kn_fail(err, KN_E_LIMIT, "this server holds too many bytes of requests now");
    kn_buffer_add_span(place, request);
    if (place->failed) {
        in->serving->held -= request.n;
        kn_buffer_clear(place);
        return kn_fail_no_memory(err);
    }
    in->pushed_count++;
    return KN_OK;
}

/* spec: petals/server/handler.py, rpc_push; one for a session that is not here is dropped. */
void kn_push_asked(void *arg, const struct kn_peer_id *peer, struct kn_span bytes,
                   struct kn_unary_serving *call)
{
    struct kn_serving *serving = arg;
    struct kn_inference *in = NULL;
    struct kn_expert_request request;
    struct kn_rpc_metadata metadata;
    struct kn_block_chain chain;
    struct kn_error err = { 0 };
    enum kn_code rc = kn_expert_request_decode(bytes, &request, &err);

    (void)peer;
    if (rc == KN_OK)
        rc = kn_serving_blocks(serving, request.uid, &chain, &err);
    if (rc == KN_OK)
        rc = kn_serving_metadata(&request, "rpc_push", &metadata, &err);
    if (rc == KN_OK && request.tensor_count > 0 && metadata.session_id.n > 0)
        in = find(serving, metadata.session_id);
    if (in != NULL)
        rc = queue(in, bytes, &err);
    if (rc != KN_OK) {
        serving->counters.refused++;
        kn_answer_error(call, "RuntimeError", err.text);
        return;
    }
    kn_unary_answer(call, KN_OK, kn_span(NULL, 0));
    if (in != NULL)
        kn_inference_go_on(in);
}
