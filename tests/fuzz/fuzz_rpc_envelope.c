/*
 * Property: a call or an answer that is read and written again reads as itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/proto/rpc_envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_call(const struct kn_rpc_call *call)
{
    struct kn_buffer out = { 0 };
    struct kn_rpc_call read;

    kn_rpc_call_encode(call, &out);
    require(kn_rpc_call_decode(kn_buffer_get(&out), &read) == KN_OK);
    require(memcmp(read.id, call->id, sizeof(read.id)) == 0 && read.name.n <= KN_RPC_NAME_MAX);
    require(kn_span_equal(read.peer, call->peer) && kn_span_equal(read.name, call->name) &&
            kn_span_equal(read.data, call->data));
    kn_buffer_done(&out);
}

static void check_answer(const struct kn_rpc_answer *answer)
{
    struct kn_buffer out = { 0 };
    struct kn_rpc_answer read;

    kn_rpc_answer_encode(answer, &out);
    require(kn_rpc_answer_decode(kn_buffer_get(&out), &read) == KN_OK);
    require(memcmp(read.id, answer->id, sizeof(read.id)) == 0);
    require(read.is_error == answer->is_error && kn_span_equal(read.data, answer->data));
    require(!read.is_error || read.data.n <= KN_RPC_ERROR_MAX);
    kn_buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_span bytes = { data, size };
    struct kn_rpc_answer answer;
    struct kn_rpc_call call;

    if (kn_rpc_call_decode(bytes, &call) == KN_OK)
        check_call(&call);
    if (kn_rpc_answer_decode(bytes, &answer) == KN_OK)
        check_answer(&answer);
    return 0;
}
