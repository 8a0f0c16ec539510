#include "compute/model/shards.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/os/file_map.h"

int64_t kn_block_of(const char *tensor)
{
    static const char prefix[] = "model.layers.";
    const char *at = tensor + sizeof(prefix) - 1;
    int64_t block = 0;

    if (strncmp(tensor, prefix, sizeof(prefix) - 1) != 0 || *at < '0' || *at > '9' ||
        (at[0] == '0' && at[1] != '.'))
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        block = 10 * block + (*at - '0');
        if (block > UINT32_MAX)
            return -1;
    }
    return *at == '.' ? block : -1;
}

static bool is_within(struct kn_block_range blocks, int64_t block)
{
    return block >= blocks.from && block < blocks.to;
}

/* A file of this very folder, and of the one format that is read. */
static bool is_safe_name(const char *name)
{
    static const char suffix[] = ".safetensors";
    size_t n = strlen(name);

    return n > sizeof(suffix) - 1 && n <= KN_SHARDS_NAME_MAX && name[0] != '.' &&
           strchr(name, '/') == NULL && strchr(name, '\\') == NULL && strstr(name, "..") == NULL &&
           strcmp(name + n - (sizeof(suffix) - 1), suffix) == 0;
}

static enum kn_code add_name(struct kn_shard_names *names, const char *name, struct kn_arena *arena,
                             struct kn_error *err)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->at[i], name) == 0)
            return KN_OK;
    }
    if (!is_safe_name(name))
        return kn_fail(err, KN_E_INVALID,
                       "weight_map: \"%.100s\" is no name of a .safetensors file in this folder",
                       name);
    if (names->n == KN_SHARDS_MAX)
        return kn_fail(err, KN_E_LIMIT, "weight_map: more than %d files for these blocks",
                       KN_SHARDS_MAX);
    names->at[names->n] = kn_arena_dup(arena, name);
    return names->at[names->n++] != NULL ? KN_OK : kn_fail_no_memory(err);
}

/* Marks in `seen` the blocks of which the index names something. */
static enum kn_code collect_names(const struct kn_json *map, struct kn_block_range blocks,
                                  struct kn_arena *arena, bool *seen, struct kn_shard_names *names,
                                  struct kn_error *err)
{
    const struct kn_json *value;
    const char *tensor;
    void *at = NULL;

    while (kn_json_next(map, &at, &tensor, &value)) {
        int64_t block = kn_block_of(tensor);
        const char *name = kn_json_to_text(value);
        enum kn_code rc;

        if (!is_within(blocks, block))
            continue;
        if (name == NULL)
            return kn_fail(err, KN_E_SYNTAX, "weight_map: \"%.100s\" names no file", tensor);
        rc = add_name(names, name, arena, err);
        if (rc != KN_OK)
            return rc;
        seen[block - blocks.from] = true;
    }
    return KN_OK;
}

enum kn_code kn_shard_names_decode(const struct kn_json *index, struct kn_block_range blocks,
                                   struct kn_arena *arena, struct kn_shard_names *out,
                                   struct kn_error *err)
{
    const struct kn_json *map = kn_json_get(index, "weight_map");
    struct kn_shard_names names = { 0 };
    uint32_t count = blocks.to - blocks.from;
    bool *seen = kn_arena_alloc(arena, count);
    enum kn_code rc;

    names.at = kn_arena_alloc(arena, KN_SHARDS_MAX * sizeof(*names.at));
    if (seen == NULL || names.at == NULL)
        return kn_fail_no_memory(err);
    if (!kn_json_is_object(map))
        return kn_fail(err, KN_E_SYNTAX, "no weight_map in it");
    rc = collect_names(map, blocks, arena, seen, &names, err);
    for (uint32_t i = 0; rc == KN_OK && i < count; i++) {
        if (!seen[i])
            rc = kn_fail(err, KN_E_NOT_FOUND, "weight_map has nothing of block %u",
                         (unsigned)(blocks.from + i));
    }
    if (rc == KN_OK)
        *out = names;
    return rc;
}

static const char *path_of(const char *folder, const char *name, struct kn_arena *arena)
{
    return kn_arena_printf(arena, "%s/%s", folder, name);
}

static enum kn_code read_index(const char *path, struct kn_block_range blocks,
                               struct kn_shards *shards, struct kn_shard_names *names,
                               struct kn_error *err)
{
    struct kn_bytes bytes = { 0 };
    enum kn_code rc = kn_file_read(path, KN_SHARDS_INDEX_MAX, &bytes, err);

    if (rc == KN_OK)
        rc = kn_json_read(bytes.at, bytes.n, &shards->index, err);
    kn_bytes_done(&bytes);
    if (rc == KN_OK)
        rc = kn_shard_names_decode(shards->index, blocks, shards->arena, names, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    return rc;
}

static enum kn_code no_weights(const char *folder, struct kn_arena *arena, struct kn_error *err)
{
    static const char *const pickled[] = { "pytorch_model.bin", "pytorch_model.bin.index.json" };

    for (size_t i = 0; i < KN_COUNT(pickled); i++) {
        const char *path = path_of(folder, pickled[i], arena);

        if (path == NULL)
            return kn_fail_no_memory(err);
        if (!kn_file_exists(path))
            continue;
        (void)kn_fail(err, KN_E_UNSUPPORTED,
                      "%s: a file of this kind can hold a program, and is "
                      "not read",
                      path);
        kn_hint(err, "Take a repository or a revision of the model that has .safetensors files, "
                     "or convert it with transformers: save_pretrained(FOLDER, "
                     "safe_serialization=True).");
        return KN_E_UNSUPPORTED;
    }
    return kn_fail(err, KN_E_NOT_FOUND, "%s: neither %s nor %s is in it", folder, KN_SHARDS_SINGLE,
                   KN_SHARDS_INDEX);
}

static enum kn_code find_names(const char *folder, struct kn_block_range blocks,
                               struct kn_shards *shards, struct kn_shard_names *names,
                               struct kn_error *err)
{
    const char *file = path_of(folder, KN_SHARDS_SINGLE, shards->arena);
    const char *index = path_of(folder, KN_SHARDS_INDEX, shards->arena);

    if (file == NULL || index == NULL)
        return kn_fail_no_memory(err);
    if (kn_file_exists(file)) {
        names->at = kn_arena_alloc(shards->arena, sizeof(*names->at));
        if (names->at == NULL)
            return kn_fail_no_memory(err);
        names->at[names->n++] = KN_SHARDS_SINGLE;
        return KN_OK;
    }
    if (kn_file_exists(index))
        return read_index(index, blocks, shards, names, err);
    return no_weights(folder, shards->arena, err);
}

enum kn_code kn_shards_look(const char *folder, struct kn_block_range blocks, struct kn_error *err)
{
    struct kn_shards shards = { .arena = kn_arena_new() };
    struct kn_shard_names names = { 0 };
    enum kn_code rc;

    if (shards.arena == NULL)
        return kn_fail_no_memory(err);
    rc = find_names(folder, blocks, &shards, &names, err);
    for (size_t i = 0; rc == KN_OK && i < names.n; i++) {
        const char *path = path_of(folder, names.at[i], shards.arena);

        if (path == NULL)
            rc = kn_fail_no_memory(err);
        else if (!kn_file_exists(path))
            rc = kn_fail(err, KN_E_NOT_FOUND, "%s is not there", path);
    }
    kn_shards_close(&shards);
    return rc;
}

/* The file is there and is not what it should be. */
static void advise(enum kn_code code, struct kn_error *err)
{
    if (err != NULL && err->hint[0] == '\0' && (code == KN_E_INVALID || code == KN_E_SYNTAX))
        kn_hint(err, "Fetch this file anew from where the model comes.");
}

static enum kn_code read_table(struct kn_shard *shard, struct kn_error *err)
{
    uint64_t size = kn_file_map_size(shard->file);
    uint8_t start[KN_SAFETENSORS_START] = { 0 };
    char *header;
    size_t n = 0;
    enum kn_code rc;

    if (size < sizeof(start))
        return kn_fail(err, KN_E_INVALID, "no safetensors file: it has %llu bytes",
                       (unsigned long long)size);
    rc = kn_file_map_read(shard->file, 0, start, sizeof(start), err);
    if (rc == KN_OK)
        rc = kn_safetensors_start(start, size, &n, err);
    if (rc != KN_OK)
        return rc;
    header = kn_try_alloc(n);
    if (header == NULL)
        return kn_fail_no_memory(err);
    rc = kn_file_map_read(shard->file, sizeof(start), header, n, err);
    if (rc == KN_OK)
        rc = kn_safetensors_decode(header, n, size, &shard->table, err);
    kn_free(header);
    return rc;
}

static enum kn_code open_shard(const char *folder, const char *name, struct kn_arena *arena,
                               struct kn_shard *shard, struct kn_error *err)
{
    enum kn_code rc;

    shard->name = name;
    shard->path = path_of(folder, name, arena);
    if (shard->path == NULL)
        return kn_fail_no_memory(err);
    rc = kn_file_map_open(shard->path, &shard->file, err);
    if (rc == KN_OK)
        rc = read_table(shard, err);
    if (rc == KN_OK) {
        shard->taken = kn_arena_alloc(arena, shard->table.n);
        rc = shard->taken != NULL ? KN_OK : kn_fail_no_memory(err);
    }
    if (rc != KN_OK) {
        kn_wrap(err, "%s", shard->path);
        advise(rc, err);
    }
    return rc;
}

enum kn_code kn_shards_open(const char *folder, struct kn_block_range blocks, struct kn_shards *out,
                            struct kn_error *err)
{
    struct kn_shards shards = { .arena = kn_arena_new() };
    struct kn_shard_names names = { 0 };
    enum kn_code rc;

    if (shards.arena == NULL)
        return kn_fail_no_memory(err);
    rc = find_names(folder, blocks, &shards, &names, err);
    if (rc == KN_OK) {
        shards.at = kn_arena_alloc(shards.arena, names.n * sizeof(*shards.at));
        rc = shards.at != NULL ? KN_OK : kn_fail_no_memory(err);
    }
    while (rc == KN_OK && shards.at != NULL && shards.n < names.n) {
        rc = open_shard(folder, names.at[shards.n], shards.arena, &shards.at[shards.n], err);
        shards.n++;
    }
    if (rc != KN_OK) {
        kn_shards_close(&shards);
        return rc;
    }
    *out = shards;
    return KN_OK;
}

void kn_shards_close(struct kn_shards *shards)
{
    for (size_t i = 0; i < shards->n; i++) {
        kn_tensor_table_done(&shards->at[i].table);
        kn_file_map_close(shards->at[i].file);
    }
    kn_json_free(shards->index);
    kn_arena_free(shards->arena);
    *shards = (struct kn_shards){ 0 };
}

/* The one that the index names; the only one where there is no index. */
static struct kn_shard *shard_of(const struct kn_shards *shards, const char *tensor)
{
    const char *name;

    if (shards->index == NULL)
        return &shards->at[0];
    name = kn_json_to_text(kn_json_get(kn_json_get(shards->index, "weight_map"), tensor));
    for (size_t i = 0; name != NULL && i < shards->n; i++) {
        if (strcmp(shards->at[i].name, name) == 0)
            return &shards->at[i];
    }
    return NULL;
}

enum kn_code kn_shards_take(const struct kn_shards *shards, const char *name,
                            struct kn_shard **shard, const struct kn_tensor **out,
                            struct kn_error *err)
{
    struct kn_shard *found = shard_of(shards, name);
    const struct kn_tensor *tensor = found != NULL ? kn_tensor_find(&found->table, name) : NULL;

    if (found == NULL)
        return kn_fail(err, KN_E_NOT_FOUND, "%s: tensor \"%s\" is missing", KN_SHARDS_INDEX, name);
    if (tensor == NULL)
        return kn_fail(err, shards->index == NULL ? KN_E_NOT_FOUND : KN_E_INVALID,
                       "%s: tensor \"%s\" is missing%s", found->path, name,
                       shards->index == NULL ? "" : ", though the index names this file");
    found->taken[tensor - found->table.at] = true;
    *shard = found;
    *out = tensor;
    return KN_OK;
}

/* Older files of Llama hold what everybody computes from config.json. */
static bool is_needless(const char *name)
{
    static const char suffix[] = ".self_attn.rotary_emb.inv_freq";
    size_t n = strlen(name);

    return n >= sizeof(suffix) - 1 && strcmp(name + n - (sizeof(suffix) - 1), suffix) == 0;
}

enum kn_code kn_shards_check_rest(const struct kn_shards *shards, struct kn_block_range blocks,
                                  struct kn_error *err)
{
    for (size_t i = 0; i < shards->n; i++) {
        const struct kn_shard *shard = &shards->at[i];

        for (size_t j = 0; j < shard->table.n; j++) {
            const char *name = shard->table.at[j].name;

            if (!shard->taken[j] && is_within(blocks, kn_block_of(name)) && !is_needless(name))
                return kn_fail(err, KN_E_UNSUPPORTED,
                               "%s: tensor \"%s\" is not of a block as config.json describes it",
                               shard->path, name);
        }
    }
    return KN_OK;
}
