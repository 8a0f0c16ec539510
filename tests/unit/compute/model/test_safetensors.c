#include "compute/model/safetensors.h"

#include "support/check.h"

#define TWO "\"a\": {\"dtype\": \"F32\", \"shape\": [2, 2], \"data_offsets\": [0, 16]}, "
#define B(dtype, shape, offsets) \
    "{" TWO "\"b\": {\"dtype\": " dtype ", \"shape\": " shape ", \"data_offsets\": " offsets "}}"

static enum kn_code decode(const char *header, uint64_t data, struct kn_tensor_table *table,
                           struct kn_error *err)
{
    size_t n = strlen(header);

    return kn_safetensors_decode(header, n, KN_SAFETENSORS_START + n + data, table, err);
}

static void a_table_tells_where_each_tensor_lies(void **state)
{
    static const char header[] = "{\"__metadata__\": {\"format\": \"pt\"}, "
                                 "\"b\": {\"dtype\": \"BF16\", \"shape\": [3], "
                                 "\"data_offsets\": [16, 22], \"unknown\": true}, " TWO
                                 "\"scalar\": {\"dtype\": \"I64\", \"shape\": [], "
                                 "\"data_offsets\": [22, 30]}, "
                                 "\"none\": {\"dtype\": \"F64\", \"shape\": [0, 7], "
                                 "\"data_offsets\": [22, 22]}}   ";
    struct kn_tensor_table table = { 0 };
    struct kn_error err = { 0 };
    const struct kn_tensor *b;
    uint64_t start = KN_SAFETENSORS_START + sizeof(header) - 1;

    (void)state;
    CHECK_EQ(err.text, decode(header, 30, &table, &err), KN_OK);
    CHECK_EQ("tensors, without the metadata", table.n, 4);
    b = kn_tensor_find(&table, "b");
    CHECK("found", b != NULL && kn_tensor_find(&table, "c") == NULL);
    CHECK_EQ("type", b->type, KN_TENSOR_BF16);
    CHECK_EQ("rank", b->rank, 1);
    CHECK_EQ("shape", b->shape[0], 3);
    CHECK_EQ("counted from the beginning of the file", b->at, start + 16);
    CHECK_EQ("bytes", b->bytes, 6);
    CHECK_EQ("a scalar has one number", kn_tensor_find(&table, "scalar")->bytes, 8);
    CHECK_EQ("nothing", kn_tensor_find(&table, "none")->bytes, 0);
    kn_tensor_table_done(&table);
}

static void a_file_without_tensors_is_one(void **state)
{
    struct kn_tensor_table table = { 0 };

    (void)state;
    CHECK_EQ("empty", decode("{}", 0, &table, NULL), KN_OK);
    CHECK("nothing in it", table.n == 0 && kn_tensor_find(&table, "a") == NULL);
    kn_tensor_table_done(&table);
}

static void a_file_that_lies_is_refused(void **state)
{
    static const struct {
        const char *row, *header;
        uint64_t data;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "nothing", "", 0, KN_E_SYNTAX, "does not begin with {" },
        { "space before the object", " {}", 0, KN_E_SYNTAX, "does not begin with {" },
        { "an array", "[]", 0, KN_E_SYNTAX, "does not begin with {" },
        { "half an object", "{\"a\": ", 0, KN_E_SYNTAX, "line 1, column" },
        { "words behind the object", "{} x", 0, KN_E_SYNTAX, "line 1, column" },
        { "no UTF-8", "{\"\xff\": 1}", 0, KN_E_SYNTAX, "line 1, column" },
        { "a name twice", "{\"a\": 1, \"a\": 1}", 0, KN_E_SYNTAX, "duplicate" },
        { "a member twice", B("\"U8\", \"dtype\": \"F32\"", "[1]", "[16, 20]"), 20, KN_E_SYNTAX,
          "duplicate" },
        { "a tensor that is no object", "{\"a\": 1}", 0, KN_E_SYNTAX, "\"a\": dtype is no text" },
        { "no type", B("7", "[1]", "[16, 20]"), 20, KN_E_SYNTAX, "\"b\": dtype is no text" },
        { "an unknown type", B("\"F128\"", "[1]", "[16, 32]"), 32, KN_E_UNSUPPORTED,
          "\"b\": unknown dtype \"F128\"" },
        { "a type in small letters", B("\"f32\"", "[1]", "[16, 20]"), 20, KN_E_UNSUPPORTED,
          "unknown dtype \"f32\"" },
        { "a shape that is a number", B("\"F32\"", "1", "[16, 20]"), 20, KN_E_SYNTAX,
          "shape is no list" },
        { "a negative shape", B("\"F32\"", "[-1, -1]", "[16, 20]"), 20, KN_E_SYNTAX,
          "shape: item 0" },
        { "a shape with a point", B("\"F32\"", "[1, 1.0]", "[16, 20]"), 20, KN_E_SYNTAX,
          "shape: item 1" },
        { "nine dimensions", B("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[16, 20]"), 20, KN_E_LIMIT,
          "a shape of 9 dimensions" },
        { "a shape beyond 64 bits", B("\"U8\"", "[18446744073709551617]", "[16, 17]"), 17,
          KN_E_SYNTAX, "too big" },
        { "a product beyond 64 bits", B("\"U8\"", "[4294967296, 4294967296, 2]", "[16, 16]"), 16,
          KN_E_INVALID, "no size that can be" },
        { "a product that wraps to what is there",
          B("\"F32\"", "[4611686018427387904, 16]", "[16, 16]"), 16, KN_E_INVALID,
          "no size that can be" },
        { "half a byte", B("\"F4\"", "[3]", "[16, 18]"), 18, KN_E_INVALID, "no size that can be" },
        { "one offset", B("\"F32\"", "[1]", "[16]"), 20, KN_E_SYNTAX, "not two numbers" },
        { "a negative offset", B("\"F32\"", "[1]", "[-4, 0]"), 16, KN_E_SYNTAX, "not two numbers" },
        { "an end before the beginning", B("\"F32\"", "[1]", "[20, 16]"), 20, KN_E_INVALID,
          "end at 16, before they begin at 20" },
        { "more bytes than the shape takes", B("\"F32\"", "[1]", "[16, 24]"), 24, KN_E_INVALID,
          "shape [1] of F32 takes 4 bytes, data_offsets hold 8" },
        { "fewer bytes", B("\"F32\"", "[2, 2]", "[16, 20]"), 20, KN_E_INVALID,
          "shape [2, 2] of F32 takes 16 bytes, data_offsets hold 4" },
        { "an overlap", B("\"F32\"", "[2]", "[12, 20]"), 20, KN_E_INVALID,
          "\"b\" begins at 12, inside the one that ends at 16" },
        { "one inside another", B("\"F32\"", "[1]", "[4, 8]"), 16, KN_E_INVALID,
          "\"b\" begins at 4, inside" },
        { "the same bytes twice", B("\"F32\"", "[4]", "[0, 16]"), 16, KN_E_INVALID,
          "begins at 0, inside the one that ends at 16" },
        { "a hole", B("\"F32\"", "[1]", "[20, 24]"), 24, KN_E_INVALID,
          "\"b\" begins at 20, behind a hole that begins at 16" },
        { "a hole at the beginning",
          "{\"a\": {\"dtype\": \"U8\", \"shape\": [1], \"data_offsets\": [1, 2]}}", 2, KN_E_INVALID,
          "behind a hole that begins at 0" },
        { "bytes behind the last", B("\"F32\"", "[1]", "[16, 20]"), 21, KN_E_INVALID,
          "the tensors take 20 bytes, and 21 are there" },
        { "cut short", B("\"F32\"", "[1]", "[16, 20]"), 19, KN_E_INVALID,
          "the file is cut short: the tensors take 20 bytes, and 19 are there" },
        { "data without tensors", "{}", 1, KN_E_INVALID,
          "the tensors take 0 bytes, and 1 are there" },
        { "metadata that is a text", "{\"__metadata__\": \"pt\"}", 0, KN_E_SYNTAX,
          "__metadata__ is no object" },
        { "metadata with a number", "{\"__metadata__\": {\"a\": 1}}", 0, KN_E_SYNTAX,
          "\"a\" is no text" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_tensor_table table = { 0 };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, decode(rows[i].header, rows[i].data, &table, &err), rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].text);
        CHECK("nothing is given", table.at == NULL && table.names == NULL);
    }
}

static void a_name_has_a_limit(void **state)
{
    (void)state;
    for (int n = KN_SAFETENSORS_NAME_MAX; n <= KN_SAFETENSORS_NAME_MAX + 1; n++) {
        struct kn_tensor_table table = { 0 };
        char header[512];

        (void)snprintf(header, sizeof(header),
                       "{\"%0*d\": {\"dtype\": \"U8\", \"shape\": [], \"data_offsets\": [0, 1]}}",
                       n, 7);
        CHECK_EQ("name", decode(header, 1, &table, NULL),
                 n <= KN_SAFETENSORS_NAME_MAX ? KN_OK : KN_E_LIMIT);
        kn_tensor_table_done(&table);
    }
}

static void every_type_has_its_size(void **state)
{
    static const struct {
        const char *word;
        unsigned bits;
    } rows[] = {
        { "BOOL", 8 },        { "U8", 8 },          { "I8", 8 },      { "F8_E5M2", 8 },
        { "F8_E4M3", 8 },     { "F8_E8M0", 8 },     { "F6_E2M3", 6 }, { "F6_E3M2", 6 },
        { "F4", 4 },          { "I16", 16 },        { "U16", 16 },    { "F16", 16 },
        { "BF16", 16 },       { "I32", 32 },        { "U32", 32 },    { "F32", 32 },
        { "F64", 64 },        { "I64", 64 },        { "U64", 64 },    { "C64", 64 },
        { "F8_E4M3FNUZ", 8 }, { "F8_E5M2FNUZ", 8 },
    };

    (void)state;
    CHECK_EQ("all of them", KN_COUNT(rows), KN_TENSOR_TYPE_COUNT);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_tensor_table table = { 0 };
        struct kn_error err = { 0 };
        char header[256];

        (void)snprintf(header, sizeof(header),
                       "{\"a\": {\"dtype\": \"%s\", \"shape\": [4, 2], \"data_offsets\": [0, %u]}}",
                       rows[i].word, rows[i].bits);
        CHECK_EQ(rows[i].word, decode(header, rows[i].bits, &table, &err), KN_OK);
        CHECK_STR(rows[i].word, kn_tensor_type_word(table.at[0].type), rows[i].word);
        CHECK_EQ(rows[i].word, kn_tensor_type_bits(table.at[0].type), rows[i].bits);
        kn_tensor_table_done(&table);
    }
}

static void the_length_of_a_header_is_checked_first(void **state)
{
    static const struct {
        const char *row;
        uint8_t start[KN_SAFETENSORS_START];
        uint64_t size;
        enum kn_code want;
        size_t length;
    } rows[] = {
        { "fits exactly", { 2 }, 10, KN_OK, 2 },
        { "one byte too long", { 3 }, 10, KN_E_INVALID, 0 },
        { "a file that is too short for its length", { 0 }, 7, KN_E_INVALID, 0 },
        { "all ones", { 255, 255, 255, 255, 255, 255, 255, 255 }, UINT64_MAX, KN_E_INVALID, 0 },
        { "the sum would wrap", { 249, 255, 255, 255, 255, 255, 255, 255 }, 100, KN_E_INVALID, 0 },
        { "the longest", { 0, 0, 64 }, UINT64_C(1) << 40, KN_OK, 4 << 20 },
        { "one more", { 1, 0, 64 }, UINT64_C(1) << 40, KN_E_LIMIT, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        size_t length = 0;

        CHECK_EQ(rows[i].row, kn_safetensors_start(rows[i].start, rows[i].size, &length, NULL),
                 rows[i].want);
        CHECK_EQ(rows[i].row, length, rows[i].length);
    }
}

static void a_long_shape_is_cut_when_printed(void **state)
{
    uint64_t shape[KN_SAFETENSORS_RANK_MAX];
    char out[KN_SAFETENSORS_SHAPE_SIZE];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(shape); i++)
        shape[i] = UINT64_MAX;
    kn_shape_print(shape, KN_SAFETENSORS_RANK_MAX, out);
    CHECK("ends", memchr(out, '\0', sizeof(out)) != NULL && out[strlen(out) - 1] == ']');
    kn_shape_print(shape, 0, out);
    CHECK_STR("a number", out, "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_tells_where_each_tensor_lies),
        cmocka_unit_test(a_file_without_tensors_is_one),
        cmocka_unit_test(a_file_that_lies_is_refused),
        cmocka_unit_test(a_name_has_a_limit),
        cmocka_unit_test(every_type_has_its_size),
        cmocka_unit_test(the_length_of_a_header_is_checked_first),
        cmocka_unit_test(a_long_shape_is_cut_when_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
