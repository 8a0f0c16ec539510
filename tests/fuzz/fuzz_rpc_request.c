/*
 * Property: a request that is read is written as one that reads the same; a chain of blocks reads
 * as what is printed of it; metadata keep their bounds, and a step that is handed on tells the next
 * server its session, that it was pushed, and one server less. What is refused has a text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/petals/block_chain.h"
#include "network/petals/expert.h"
#include "network/petals/rpc_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 14 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_chain(struct kn_span uid)
{
    struct kn_error err = { 0 };
    struct kn_block_chain chain;
    struct kn_buffer text = { 0 };

    if (kn_block_chain_parse(uid, &chain, &err) != KN_OK) {
        require(err.text[0] != '\0');
        return;
    }
    require(chain.first < chain.end && chain.end - chain.first <= KN_BLOCK_CHAIN_MAX);
    require(chain.end <= KN_BLOCKS_MAX);
    kn_block_chain_print(&chain, &text);
    require(kn_span_equal(kn_buffer_get(&text), uid));
    kn_buffer_done(&text);
}

static void check_next(struct kn_span bytes, const struct kn_rpc_metadata *metadata)
{
    struct kn_rpc_next next, after;
    struct kn_rpc_metadata read;
    struct kn_buffer out = { 0 };

    if (kn_rpc_next_read(metadata, &next) != KN_OK)
        return;
    require(next.first < next.end && next.rest_count < KN_RPC_SERVERS_MAX);
    kn_rpc_next_metadata(bytes, &next, &out);
    /* A key that is there twice counts once, with its last value. */
    require(kn_rpc_metadata_decode(kn_buffer_get(&out), "rpc_push", &read, NULL) == KN_OK);
    require(read.pushed && kn_span_equal(read.session_id, next.session_id));
    require(kn_span_equal(read.step_id, metadata->step_id));
    require((kn_rpc_next_read(&read, &after) == KN_E_NOT_FOUND) == (next.rest_count == 0));
    kn_buffer_done(&out);
}

static void check_metadata(struct kn_span bytes)
{
    struct kn_rpc_metadata metadata;
    struct kn_error err = { 0 };

    if (kn_rpc_metadata_decode(bytes, "rpc_inference", &metadata, &err) != KN_OK) {
        require(err.text[0] != '\0');
        return;
    }
    require(metadata.session_id.n <= KN_RPC_ID_MAX && metadata.step_id.n <= KN_RPC_ID_MAX);
    require(metadata.output_compressions <= KN_RPC_COMPRESSIONS_MAX);
    require(metadata.args_structure.n > 0 || kn_rpc_check_arguments(&metadata, 3, NULL) == KN_OK);
    check_next(bytes, &metadata);
}

static void check_request(const struct kn_expert_request *request)
{
    struct kn_expert_request read;
    struct kn_buffer out = { 0 };

    kn_expert_request_encode(request, &out);
    require(kn_expert_request_decode(kn_buffer_get(&out), &read, NULL) == KN_OK);
    require(kn_span_equal(read.uid, request->uid));
    require(kn_span_equal(read.metadata, request->metadata));
    require(read.tensor_count == request->tensor_count);
    for (size_t i = 0; i < read.tensor_count; i++)
        require(kn_span_equal(read.tensors[i], request->tensors[i]));
    kn_buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_expert_request request;
    struct kn_error err = { 0 };

    if (size > LONGEST)
        return 0;
    check_chain(kn_span(data, size));
    check_metadata(kn_span(data, size));
    if (kn_expert_request_decode(kn_span(data, size), &request, &err) != KN_OK) {
        require(err.text[0] != '\0');
        return 0;
    }
    check_request(&request);
    check_chain(request.uid);
    check_metadata(request.metadata);
    return 0;
}
