#include "network/petals/rpc_frame.h"

#include "network/petals/expert.h"
#include "support/hex.h"
#include "support/vectors.h"

/* The frames of a text in hexadecimal digits, as "m3 e0": kinds and lengths. */
static void list_frames(struct kn_rpc_frames *frames, char *out, size_t size)
{
    struct kn_rpc_frame frame;

    while (kn_rpc_frames_peek(frames, &frame) == KN_OK) {
        size_t at = strlen(out);

        (void)snprintf(out + at, size - at, "%s%c%zu", at > 0 ? " " : "",
                       frame.kind == KN_RPC_MESSAGE ? 'm' : 'e', frame.body.n);
        kn_rpc_frames_take(frames, &frame);
    }
}

static void frames_are_found_however_they_come(void **state)
{
    static const char hex[] = "000000000000000003aabbcc"
                              "000000000000000000"
                              "010000000000000002dddd"
                              "010000000000000000";
    struct kn_span bytes = hex_bytes(hex);

    (void)state;
    for (size_t piece = 1; piece <= bytes.n; piece++) {
        struct kn_rpc_frames frames = { .max = 3 };
        char found[64] = "";

        for (size_t at = 0; at < bytes.n; at += piece) {
            size_t n = bytes.n - at < piece ? bytes.n - at : piece;

            kn_rpc_frames_lend(&frames, kn_span(bytes.at + at, n));
            list_frames(&frames, found, sizeof(found));
            kn_rpc_frames_keep(&frames);
        }
        CHECK_STR("frames", found, "m3 m0 e2 e0");
        CHECK_EQ("all taken", frames.kept.n, 0);
        kn_rpc_frames_done(&frames);
    }
    hex_done(bytes);
}

static void what_comes_whole_is_not_copied(void **state)
{
    struct kn_span bytes = hex_bytes("000000000000000003aabbcc");
    struct kn_rpc_frames frames = { .max = 3 };
    struct kn_rpc_frame frame;

    (void)state;
    kn_rpc_frames_lend(&frames, bytes);
    CHECK_EQ("whole", kn_rpc_frames_peek(&frames, &frame), KN_OK);
    CHECK("lent", frame.body.at == bytes.at + KN_RPC_FRAME_HEAD);
    kn_rpc_frames_take(&frames, &frame);
    kn_rpc_frames_keep(&frames);
    CHECK_EQ("no memory", kn_rpc_frames_held(&frames), 0);
    hex_done(bytes);
}

static void the_head_says_what_is_wrong(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code want;
        size_t length;
    } rows[] = {
        { "nothing", "", KN_E_TRUNCATED, 0 },
        { "half a head", "0000000000", KN_E_TRUNCATED, 0 },
        { "the largest", "000000000000000010", KN_E_TRUNCATED, 16 },
        { "one more", "000000000000000011", KN_E_LIMIT, 17 },
        { "2^64 - 1", "00ffffffffffffffff", KN_E_LIMIT, SIZE_MAX },
        { "a marker 2", "02", KN_E_PROTOCOL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = hex_bytes(rows[i].hex);
        struct kn_rpc_frames frames = { .max = 16 };
        struct kn_rpc_frame frame = { .kind = KN_RPC_MESSAGE };

        kn_rpc_frames_lend(&frames, bytes);
        CHECK_EQ(rows[i].name, kn_rpc_frames_peek(&frames, &frame), rows[i].want);
        CHECK_EQ(rows[i].name, frame.body.n, rows[i].length);
        hex_done(bytes);
    }
}

/* Memory of a large message is given back once it has been handled. */
static void a_large_message_leaves_no_memory_behind(void **state)
{
    struct kn_rpc_frames frames = { .max = 1 << 20 };
    struct kn_buffer bytes = { 0 };
    struct kn_rpc_frame frame;

    (void)state;
    kn_rpc_frame_head(KN_RPC_MESSAGE, 1 << 20, &bytes);
    CHECK("memory", kn_buffer_extend(&bytes, 1 << 20) != NULL);
    for (size_t at = 0; at < bytes.n; at += 65536) {
        size_t n = bytes.n - at < 65536 ? bytes.n - at : 65536;

        kn_rpc_frames_lend(&frames, kn_span(kn_buffer_get(&bytes).at + at, n));
        kn_rpc_frames_keep(&frames);
        CHECK("what has come, not what was announced", frames.kept.room <= 2 * (at + 65536));
    }
    CHECK_EQ("whole", kn_rpc_frames_peek(&frames, &frame), KN_OK);
    CHECK_EQ("length", frame.body.n, 1 << 20);
    kn_rpc_frames_lend(&frames, kn_span(kn_buffer_get(&bytes).at, 1)); /* of the next */
    kn_rpc_frames_take(&frames, &frame);
    CHECK_EQ("what is left", kn_rpc_frames_held(&frames), 1);
    CHECK("takes no more than it is", frames.kept.room <= 1 << 10);
    kn_rpc_frames_lend(&frames, kn_span(kn_buffer_get(&bytes).at + 1, 8));
    CHECK_EQ("and goes on", kn_rpc_frames_peek(&frames, &frame), KN_E_TRUNCATED);
    CHECK_EQ("length", frame.body.n, 1 << 20);
    kn_rpc_frames_done(&frames);
    CHECK_EQ("given back", kn_rpc_frames_held(&frames), 0);
    kn_buffer_done(&bytes);
}

/* Every frame of every recorded session: its message is written as the same bytes. */
static size_t check_frames(const json_t *list)
{
    json_t *row;
    size_t i, n = 0;

    json_array_foreach(list, i, row)
    {
        const char *hex = vectors_text(row, "hex");
        struct kn_span bytes = hex_bytes(hex != NULL ? hex : "");
        struct kn_rpc_frames frames = { .max = 1 << 20 };
        struct kn_expert_request request;
        struct kn_rpc_frame frame;
        struct kn_buffer body = { 0 }, out = { 0 };
        struct kn_span text;

        kn_rpc_frames_lend(&frames, bytes);
        if (bytes.n > 0) {
            CHECK_EQ(hex, kn_rpc_frames_peek(&frames, &frame), KN_OK);
            CHECK_EQ(hex, KN_RPC_FRAME_HEAD + frame.body.n, bytes.n);
            if (frame.kind == KN_RPC_MESSAGE) {
                CHECK_EQ(hex, kn_expert_request_decode(frame.body, &request, NULL), KN_OK);
                kn_expert_request_encode(&request, &body);
            } else if (frame.body.n > 0) {
                CHECK_EQ(hex, kn_rpc_error_decode(frame.body, &text), KN_OK);
                kn_rpc_error_encode(text, &body);
            }
            kn_rpc_frame_head(frame.kind, body.n, &out);
            kn_buffer_add_span(&out, kn_buffer_get(&body));
            CHECK_BYTES("frame", kn_buffer_get(&out), bytes);
            n++;
        }
        hex_done(bytes);
        kn_buffer_done(&body);
        kn_buffer_done(&out);
    }
    return n;
}

static void recorded_frames_are_written_alike(void **state)
{
    static const struct {
        const char *file, *list;
    } files[] = {
        { "petals/rpc_inference.json", "sessions" },
        { "petals/rpc_inference_more.json", "sessions" },
        { "petals/rpc_inference_bf16.json", "sessions" },
        { "petals/rpc_inference_f16wire.json", "sessions" },
        { "petals/rpc_push.json", "client" },
        { "petals/rpc_forward.json", "cases" },
        { "petals/errors.json", "cases" },
    };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        json_t *rows = vectors_list(files[i].file, files[i].list), *row;
        size_t k;

        json_array_foreach(rows, k, row) n += check_frames(json_object_get(row, "frames"));
        vectors_done(rows);
    }
    CHECK("many", n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_however_they_come),
        cmocka_unit_test(what_comes_whole_is_not_copied),
        cmocka_unit_test(the_head_says_what_is_wrong),
        cmocka_unit_test(a_large_message_leaves_no_memory_behind),
        cmocka_unit_test(recorded_frames_are_written_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
