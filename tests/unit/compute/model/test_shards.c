#include "compute/model/shards.h"

#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/json/json.h"
#include "lib/os/file_map.h"
#include "support/check.h"
#include "support/home.h"
#include "support/small_model.h"

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static void a_tensors_name_tells_its_block(void **state)
{
    static const struct {
        const char *name;
        int64_t block;
    } rows[] = {
        { "model.layers.0.mlp.up_proj.weight", 0 },
        { "model.layers.79.", 79 },
        { "model.layers.4294967295.x", 4294967295 },
        { "model.layers.4294967296.x", -1 },
        { "model.layers.99999999999999999999999.x", -1 },
        { "model.layers.07.x", -1 },
        { "model.layers.7", -1 },
        { "model.layers..x", -1 },
        { "model.layers.-1.x", -1 },
        { "model.layers.7x.y", -1 },
        { "model.embed_tokens.weight", -1 },
        { "lm_head.weight", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++)
        CHECK_EQ(rows[i].name, kn_block_of(rows[i].name), rows[i].block);
}

static void an_index_names_files_of_its_own_folder(void **state)
{
    static const struct {
        const char *row, *map;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "no map", "{}", KN_E_SYNTAX, "no weight_map" },
        { "a map that is a list", "{\"weight_map\": []}", KN_E_SYNTAX, "no weight_map" },
        { "no file", "{\"weight_map\": {\"model.layers.1.x\": 7}}", KN_E_SYNTAX, "names no file" },
        { "up", "{\"weight_map\": {\"model.layers.1.x\": \"../a.safetensors\"}}", KN_E_INVALID,
          "\"../a.safetensors\" is no name" },
        { "from the root", "{\"weight_map\": {\"model.layers.1.x\": \"/a.safetensors\"}}",
          KN_E_INVALID, "is no name" },
        { "in another folder", "{\"weight_map\": {\"model.layers.1.x\": \"b/a.safetensors\"}}",
          KN_E_INVALID, "is no name" },
        { "two points", "{\"weight_map\": {\"model.layers.1.x\": \"a..safetensors\"}}",
          KN_E_INVALID, "is no name" },
        { "hidden", "{\"weight_map\": {\"model.layers.1.x\": \".safetensors\"}}", KN_E_INVALID,
          "is no name" },
        { "another format", "{\"weight_map\": {\"model.layers.1.x\": \"a.bin\"}}", KN_E_INVALID,
          "is no name" },
        { "a block is missing", "{\"weight_map\": {\"model.layers.1.x\": \"a.safetensors\"}}",
          KN_E_NOT_FOUND, "nothing of block 2" },
        { "others are not looked at",
          "{\"weight_map\": {\"model.layers.1.x\": \"a.safetensors\", \"model.layers.2.x\": "
          "\"b.safetensors\", \"model.layers.3.x\": \"../c\", \"lm_head\": 7}}",
          KN_OK, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_arena *arena = kn_arena_new();
        struct kn_json *index = kn_json_parse(rows[i].map, strlen(rows[i].map));
        struct kn_shard_names names = { 0 };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row,
                 kn_shard_names_decode(index, (struct kn_block_range){ 1, 3 }, arena, &names, &err),
                 rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].text);
        CHECK_EQ(rows[i].row, names.n, rows[i].want == KN_OK ? 2 : 0);
        kn_json_free(index);
        kn_arena_free(arena);
    }
}

static void files_have_a_limit(void **state)
{
    (void)state;
    for (int n = KN_SHARDS_MAX; n <= KN_SHARDS_MAX + 1; n++) {
        struct kn_arena *arena = kn_arena_new();
        struct kn_json *index = kn_json_object(), *map = kn_json_object();
        struct kn_shard_names names = { 0 };

        for (int i = 0; i < n; i++) {
            char tensor[64], file[64];

            (void)snprintf(tensor, sizeof(tensor), "model.layers.0.%d", i);
            (void)snprintf(file, sizeof(file), "%d.safetensors", i);
            CHECK("set", kn_json_set(map, tensor, kn_json_string(file)));
        }
        CHECK("set", kn_json_set(index, "weight_map", map));
        CHECK_EQ("limit",
                 kn_shard_names_decode(index, (struct kn_block_range){ 0, 1 }, arena, &names, NULL),
                 n == KN_SHARDS_MAX ? KN_OK : KN_E_LIMIT);
        kn_json_free(index);
        kn_arena_free(arena);
    }
}

static void only_files_with_our_blocks_are_opened(void **state)
{
    struct kn_shards shards;
    struct kn_error err = { 0 };
    struct kn_shard *shard;
    const struct kn_tensor *tensor;
    char name[64];

    (void)state;
    /* Nine tensors a block, and a file for each. */
    small_model_write(&home, &(struct small_model){ .shards = 27 });
    for (int i = 0; i < 27; i++) {
        (void)snprintf(name, sizeof(name), "model-%05d-of-00027.safetensors", i + 1);
        if (i < 9 || i >= 18)
            CHECK_EQ(name, unlink(kn_home_path(&home, name)), 0);
    }
    CHECK_EQ(err.text, kn_shards_open(home.path, (struct kn_block_range){ 1, 2 }, &shards, &err),
             KN_OK);
    CHECK_EQ("nine of them", shards.n, 9);
    CHECK_EQ("rest", kn_shards_check_rest(&shards, (struct kn_block_range){ 1, 2 }, &err),
             KN_E_UNSUPPORTED);
    CHECK_EQ("ours",
             kn_shards_take(&shards, "model.layers.1.mlp.up_proj.weight", &shard, &tensor, &err),
             KN_OK);
    CHECK_EQ("another's",
             kn_shards_take(&shards, "model.layers.0.mlp.up_proj.weight", &shard, &tensor, &err),
             KN_E_NOT_FOUND);
    kn_shards_close(&shards);
    CHECK_EQ("missing", kn_shards_open(home.path, (struct kn_block_range){ 0, 2 }, &shards, &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("which", err.text, "model-00001-of-00027.safetensors: does not exist");
}

static void a_folder_without_safetensors_says_what_to_do(void **state)
{
    static const struct kn_block_range one = { 0, 1 };
    struct kn_shards shards;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("empty", kn_shards_open(home.path, one, &shards, &err), KN_E_NOT_FOUND);
    CHECK_HAS("empty", err.text,
              "neither model.safetensors nor model.safetensors.index.json is in it");
    kn_home_write(&home, "pytorch_model.bin", "", 0, 0600);
    CHECK_EQ("pickled", kn_shards_open(home.path, one, &shards, &err), KN_E_UNSUPPORTED);
    CHECK_HAS("pickled", err.text, "pytorch_model.bin: a file of this kind can hold a program");
    CHECK_HAS("pickled", err.hint, "safe_serialization");
}

static void a_file_that_is_none_is_named(void **state)
{
    static const struct {
        const char *row, *bytes;
        size_t n;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "empty", "", 0, KN_E_INVALID, "model.safetensors: no safetensors file: it has 0 bytes" },
        { "seven bytes", "\2\0\0\0\0\0\0", 7, KN_E_INVALID, "it has 7 bytes" },
        { "a header that ends too early", "\3\0\0\0\0\0\0\0{}", 10, KN_E_INVALID,
          "model.safetensors: a header of 3 bytes does not fit in a file of 10" },
        { "a page of a web server", "<!DOCTYPE html>", 15, KN_E_INVALID, "does not fit in a file" },
        { "bytes behind it", "\2\0\0\0\0\0\0\0{}x", 11, KN_E_INVALID,
          "model.safetensors: header: the tensors take 0 bytes, and 1 are there" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_shards shards;
        struct kn_error err = { 0 };

        kn_home_write(&home, "model.safetensors", rows[i].bytes, rows[i].n, 0600);
        CHECK_EQ(rows[i].row,
                 kn_shards_open(home.path, (struct kn_block_range){ 0, 1 }, &shards, &err),
                 rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensors_name_tells_its_block),
        cmocka_unit_test(an_index_names_files_of_its_own_folder),
        cmocka_unit_test(files_have_a_limit),
        cmocka_unit_test_setup_teardown(only_files_with_our_blocks_are_opened, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_folder_without_safetensors_says_what_to_do, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_named, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
