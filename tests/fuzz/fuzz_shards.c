/*
 * Property: every file that an index leads to lies in its own folder, and is there once; every
 * block of the range has something in one of them.
 *
 * Two bytes are the range; the index follows.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/model/shards.h"
#include "lib/base/arena.h"
#include "lib/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_names(const struct kn_shard_names *names)
{
    require(names->n >= 1 && names->n <= KN_SHARDS_MAX);
    for (size_t i = 0; i < names->n; i++) {
        require(strlen(names->at[i]) <= KN_SHARDS_NAME_MAX);
        require(strchr(names->at[i], '/') == NULL && names->at[i][0] != '.');
        for (size_t j = 0; j < i; j++)
            require(strcmp(names->at[i], names->at[j]) != 0);
    }
}

static void check_blocks(const struct kn_json *index, struct kn_block_range blocks)
{
    const struct kn_json *value;
    bool seen[512] = { false };
    const char *name;
    void *at = NULL;

    while (kn_json_next(kn_json_get(index, "weight_map"), &at, &name, &value)) {
        int64_t block = kn_block_of(name);

        if (block >= 0 && block < 512)
            seen[block] = true;
    }
    for (uint32_t i = blocks.from; i < blocks.to; i++)
        require(seen[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_json *index = NULL;
    struct kn_shard_names names = { 0 };
    struct kn_block_range blocks;

    require(arena != NULL);
    if (size > 2)
        index = kn_json_parse((const char *)data + 2, size - 2);
    if (index != NULL) {
        blocks = (struct kn_block_range){ data[0], (uint32_t)data[0] + 1 + data[1] };
        if (kn_shard_names_decode(index, blocks, arena, &names, NULL) == KN_OK) {
            check_names(&names);
            check_blocks(index, blocks);
        }
    }
    kn_json_free(index);
    kn_arena_free(arena);
    return 0;
}
