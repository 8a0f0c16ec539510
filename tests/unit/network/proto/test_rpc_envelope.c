#include "network/proto/rpc_envelope.h"

#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "support/hex.h"
#include "support/vectors.h"

static struct kn_span message_of(const char *name, struct kn_span frame)
{
    struct kn_span message = { NULL, 0 };
    size_t used = 0;

    CHECK_EQ(name, kn_frame_next(frame, KN_RPC_ENVELOPE_MAX, &message, &used), KN_OK);
    CHECK_EQ(name, used, frame.n);
    return message;
}

static void check_call(const json_t *row)
{
    const char *name = vectors_text(row, "name");
    struct kn_span frame = hex_bytes(vectors_text(row, "request"));
    struct kn_span message = message_of(name, frame);
    struct kn_buffer out = { 0 };
    struct kn_rpc_call call;

    CHECK_EQ(name, kn_rpc_call_decode(message, &call), KN_OK);
    CHECK(name, kn_span_equal(call.name, kn_span_text(vectors_text(row, "method"))));
    CHECK_HEX(name, call.data, vectors_text(row, "request_pb"));
    kn_rpc_call_encode(&call, &out);
    CHECK(name, kn_span_equal(kn_buffer_get(&out), message));
    kn_buffer_done(&out);
    hex_done(frame);
}

static void check_answer(const json_t *row)
{
    const char *name = vectors_text(row, "name"), *error = vectors_text(row, "error");
    struct kn_span frame = hex_bytes(vectors_text(row, "reply"));
    struct kn_span message = message_of(name, frame);
    struct kn_buffer out = { 0 };
    struct kn_rpc_answer answer;

    CHECK_EQ(name, kn_rpc_answer_decode(message, &answer), KN_OK);
    CHECK_EQ(name, answer.is_error, error != NULL);
    if (error != NULL)
        CHECK(name, kn_span_equal(answer.data, kn_span_text(error)));
    else
        CHECK_HEX(name, answer.data, vectors_text(row, "reply_pb"));
    kn_rpc_answer_encode(&answer, &out);
    CHECK(name, kn_span_equal(kn_buffer_get(&out), message));
    kn_buffer_done(&out);
    hex_done(frame);
}

static void calls_of_hivemind_are_read_and_written_again(void **state)
{
    json_t *rows = vectors_list("rpc.json", "calls"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        check_call(row);
        check_answer(row);
    }
    vectors_done(rows);
}

#define ID "0a10000102030405060708090a0b0c0d0e0f"

static void calls_lack_nothing(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
    } cases[] = {
        { "all empty", ID "1a060a0012001a00", KN_OK },
        { "another order, unknown fields", "78011a081a00120078010a00" ID, KN_OK },
        { "no peer", ID "1a0412001a00", KN_E_INVALID },
        { "no name", ID "1a040a001a00", KN_E_INVALID },
        { "no data", ID "1a040a001200", KN_E_INVALID },
        { "no id", "1a060a0012001a00", KN_E_INVALID },
        { "no call", ID, KN_E_INVALID },
        { "nothing", "", KN_E_INVALID },
        { "an answer", ID "22020a00", KN_E_INVALID },
        { "an id of 15 bytes", "0a0f000102030405060708090a0b0c0d0e1a060a0012001a00", KN_E_INVALID },
        { "an empty id", "0a001a060a0012001a00", KN_E_INVALID },
        { "a cut call", ID "1a060a0012001a01", KN_E_SYNTAX },
        { "cut", ID "1a060a0012", KN_E_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_rpc_call call;

        CHECK_EQ(cases[i].name, kn_rpc_call_decode(bytes, &call), cases[i].code);
        hex_done(bytes);
    }
}

static void answers_come_in_two_shapes(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        bool is_error;
        const char *data;
    } cases[] = {
        { "empty", ID "22020a00", KN_OK, false, "" },
        { "of an old KwaaiNet", ID "12040a026162", KN_OK, false, "6162" },
        { "an error of an old KwaaiNet", ID "120412026162", KN_OK, true, "6162" },
        { "an error", ID "220412026162", KN_OK, true, "6162" },
        { "an empty error", ID "22021200", KN_OK, true, "" },
        { "both, the last counts", ID "220512010a0a00", KN_OK, false, "" },
        { "neither", ID "2200", KN_E_INVALID, false, NULL },
        { "a call", ID "1a060a0012001a00", KN_E_INVALID, false, NULL },
        { "a cancel", ID "2a00", KN_E_INVALID, false, NULL },
        { "no id", "22020a00", KN_E_INVALID, false, NULL },
        { "cut", ID "22030a02", KN_E_SYNTAX, false, NULL },
        { "a cut answer", ID "22020a02", KN_E_SYNTAX, false, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_rpc_answer answer = { .is_error = false };

        CHECK_EQ(cases[i].name, kn_rpc_answer_decode(bytes, &answer), cases[i].code);
        CHECK_EQ(cases[i].name, answer.is_error, cases[i].is_error);
        if (cases[i].data != NULL)
            CHECK_HEX(cases[i].name, answer.data, cases[i].data);
        hex_done(bytes);
    }
}

static void names_and_messages_have_an_end(void **state)
{
    static uint8_t large[KN_RPC_ENVELOPE_MAX + 1];
    struct kn_rpc_call call = { .name = { large, KN_RPC_NAME_MAX } }, read;
    struct kn_rpc_answer answer = { .is_error = true, .data = { large, KN_RPC_ERROR_MAX + 1 } };
    struct kn_buffer out = { 0 };

    (void)state;
    kn_rpc_call_encode(&call, &out);
    CHECK_EQ("longest name", kn_rpc_call_decode(kn_buffer_get(&out), &read), KN_OK);
    call.name.n++;
    kn_buffer_clear(&out);
    kn_rpc_call_encode(&call, &out);
    CHECK_EQ("one more", kn_rpc_call_decode(kn_buffer_get(&out), &read), KN_E_LIMIT);

    kn_buffer_clear(&out);
    kn_rpc_answer_encode(&answer, &out);
    CHECK_EQ("long error", kn_rpc_answer_decode(kn_buffer_get(&out), &answer), KN_OK);
    CHECK_EQ("long error", answer.data.n, KN_RPC_ERROR_MAX);

    call = (struct kn_rpc_call){ .data = { large, KN_RPC_ENVELOPE_MAX - 32 } };
    kn_buffer_clear(&out);
    kn_rpc_call_encode(&call, &out);
    CHECK_EQ("largest", kn_buffer_get(&out).n, KN_RPC_ENVELOPE_MAX);
    CHECK_EQ("largest", kn_rpc_call_decode(kn_buffer_get(&out), &read), KN_OK);
    CHECK_EQ("larger", kn_rpc_call_decode(kn_span(large, sizeof(large)), &read), KN_E_LIMIT);
    CHECK_EQ("larger", kn_rpc_answer_decode(kn_span(large, sizeof(large)), &answer), KN_E_LIMIT);
    kn_buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_hivemind_are_read_and_written_again),
        cmocka_unit_test(calls_lack_nothing),
        cmocka_unit_test(answers_come_in_two_shapes),
        cmocka_unit_test(names_and_messages_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
