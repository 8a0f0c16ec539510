/*
 * shards — the safetensors files of a model folder that hold a range of its blocks.
 *
 * Only those are opened, and their tables are read and checked; weights stay on the disk until
 * somebody looks at them.
 * spec: transformers, save_pretrained: model.safetensors, model.safetensors.index.json.
 */
#ifndef KN_MODEL_SHARDS_H
#define KN_MODEL_SHARDS_H

#include <stdbool.h>

#include "compute/model/safetensors.h"

struct kn_arena;
struct kn_file_map;
struct kn_json;

enum {
    KN_SHARDS_INDEX_MAX = 4 << 20, /* bytes of the index; as KN_SAFETENSORS_HEADER_MAX */
    KN_SHARDS_MAX = 1024,          /* files that one range lies in */
    KN_SHARDS_NAME_MAX = 255,      /* bytes of a file's name */
};

#define KN_SHARDS_SINGLE "model.safetensors"
#define KN_SHARDS_INDEX "model.safetensors.index.json"

/* Blocks of a model; `to` is exclusive. */
struct kn_block_range {
    uint32_t from, to;
};

/* The block that a tensor belongs to, by its name; -1: none. */
int64_t kn_block_of(const char *tensor);

struct kn_shard_names {
    const char **at;
    size_t n;
};

/*
 * The files that the index names for those blocks, each once; texts are the arena's. Pure.
 * KN_E_SYNTAX: no index; KN_E_INVALID: a name that leads out of the folder, or is no safetensors
 * file; KN_E_NOT_FOUND: nothing of a block; KN_E_LIMIT; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_shard_names_decode(const struct kn_json *index,
                                               struct kn_block_range blocks, struct kn_arena *arena,
                                               struct kn_shard_names *out, struct kn_error *err);

struct kn_shard {
    const char *name, *path;
    struct kn_file_map *file;
    struct kn_tensor_table table;
    bool *taken; /* of each tensor in the table */
};

struct kn_shards {
    struct kn_shard *at;
    size_t n;
    struct kn_json *index; /* NULL: one file holds all */
    struct kn_arena *arena;
};

/* KN_E_NOT_FOUND, by name; KN_E_UNSUPPORTED: only pytorch_model.bin is there; else as above, as
 * kn_safetensors_decode() and as kn_file_read(). Release with kn_shards_close(). */
KN_MUST_USE enum kn_code kn_shards_open(const char *folder, struct kn_block_range blocks,
                                        struct kn_shards *out, struct kn_error *err);
void kn_shards_close(struct kn_shards *shards);

/* Are the files there that hold those blocks? None is opened, but the index is. Codes as
 * kn_shards_open(). */
KN_MUST_USE enum kn_code kn_shards_look(const char *folder, struct kn_block_range blocks,
                                        struct kn_error *err);

/* Find one and note that it was taken. KN_E_NOT_FOUND: no such tensor; KN_E_INVALID: not in the
 * file that the index names. */
KN_MUST_USE enum kn_code kn_shards_take(const struct kn_shards *shards, const char *name,
                                        struct kn_shard **shard, const struct kn_tensor **out,
                                        struct kn_error *err);

/* KN_E_UNSUPPORTED: a tensor of those blocks was not taken, by name. */
KN_MUST_USE enum kn_code kn_shards_check_rest(const struct kn_shards *shards,
                                              struct kn_block_range blocks, struct kn_error *err);

#endif
