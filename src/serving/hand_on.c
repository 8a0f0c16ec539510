/* hand_on: the output of a step goes to the server of the next blocks, beside the client's own
 * way. spec: petals/server/handler.py, _push_outputs. Clients of Petals 2.2 ask for it. */
#include "network/proto/rpc_envelope.h"
#include "serving/inference.h"

static bool read_peer(struct kn_span text, struct kn_peer_id *out)
{
    return kn_peer_id_parse((const char *)text.at, text.n, out, NULL) == KN_OK;
}

void kn_hand_on_done(struct kn_inference *in)
{
    struct kn_hand_on *h = &in->hand_on;

    in->serving->held -= h->held;
    h->held = 0;
    kn_buffer_done(&h->uid);
    kn_buffer_done(&h->metadata);
    kn_buffer_done(&h->tensors);
    h->count = 0;
    h->wanted = false;
}

/* What has to be kept until the step is computed. An empty tensor may come with many bytes. */
static size_t bytes_of(const struct kn_expert_request *request)
{
    size_t n = request->metadata.n;

    for (size_t i = 1; i < request->tensor_count; i++)
        n += request->tensors[i].n;
    return n;
}

/* KN_E_NO_MEMORY alone is told: a wish that makes no sense is none. */
enum kn_code kn_hand_on_prepare(struct kn_inference *in, const struct kn_expert_request *request,
                                const struct kn_rpc_metadata *metadata)
{
    struct kn_block_chain chain = { .prefix = in->serving->prefix };
    struct kn_hand_on *h = &in->hand_on;
    struct kn_rpc_next next;
    size_t bytes = bytes_of(request);
    enum kn_code rc = kn_rpc_next_read(metadata, &next);

    if (rc == KN_E_NOT_FOUND)
        return KN_OK;
    if (rc != KN_OK || !read_peer(next.peer, &h->peer) ||
        next.end - next.first > KN_BLOCK_CHAIN_MAX || bytes > KN_RPC_SEND_MAX ||
        !kn_serving_hold(in->serving, bytes)) {
        in->serving->counters.push_failures++;
        return KN_OK;
    }
    h->held = bytes;
    chain.first = next.first;
    chain.end = next.end;
    kn_block_chain_print(&chain, &h->uid);
    kn_rpc_next_metadata(request->metadata, &next, &h->metadata);
    for (size_t i = 1; i < request->tensor_count; i++) {
        kn_buffer_add_span(&h->tensors, request->tensors[i]);
        h->sizes[h->count++] = request->tensors[i].n;
    }
    h->wanted = true;
    return h->uid.failed || h->metadata.failed || h->tensors.failed ? KN_E_NO_MEMORY : KN_OK;
}

void kn_hand_on_send(struct kn_inference *in, struct kn_span output)
{
    struct kn_hand_on *h = &in->hand_on;
    struct kn_expert_request request = { .uid = kn_buffer_get(&h->uid),
                                         .metadata = kn_buffer_get(&h->metadata) };
    struct kn_span rest = kn_buffer_get(&h->tensors);
    struct kn_buffer out = { 0 };

    if (!h->wanted)
        return;
    request.tensors[request.tensor_count++] = output;
    for (size_t i = 0; i < h->count; i++) {
        request.tensors[request.tensor_count++] = kn_span(rest.at, h->sizes[i]);
        rest = kn_span(rest.at + h->sizes[i], rest.n - h->sizes[i]);
    }
    kn_expert_request_encode(&request, &out);
    if (out.failed)
        in->serving->counters.push_failures++;
    else
        kn_push_start(in->serving, &in->peer, &h->peer, kn_buffer_get(&out));
    kn_buffer_done(&out);
    kn_hand_on_done(in);
}
