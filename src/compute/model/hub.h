/*
 * hub — where models lie on this machine: the cache that Hugging Face's libraries share.
 *
 *     ROOT/models--ORG--NAME/refs/REVISION         a commit
 *     ROOT/models--ORG--NAME/snapshots/COMMIT/...  the files, or links into blobs/
 *
 * Looking only; nothing is made. The environment is handed in.
 * spec: hub-docs, local-cache.
 */
#ifndef KN_MODEL_HUB_H
#define KN_MODEL_HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/path.h"

struct kn_arena;

enum {
    KN_HUB_REPOSITORY_MAX = 193, /* bytes of ORG/NAME, 96 each */
    KN_HUB_REVISION_MAX = 255,
    KN_HUB_ROOTS_MAX = 3,
};

/* ORG/NAME or NAME, of letters, digits, "-", "_" and "."; nothing that leads out of a folder. */
bool kn_hub_is_repository(const char *text);
bool kn_hub_is_revision(const char *text);
bool kn_hub_is_commit(const char *text); /* 40 hexadecimal digits */

/* "models--ORG--NAME". NULL when memory is short. */
KN_MUST_USE const char *kn_hub_folder(const char *repository, struct kn_arena *arena);

struct kn_hub_roots {
    const char *at[KN_HUB_ROOTS_MAX];
    size_t n; /* at least 1: the first is where new models go */
};

/*
 * The roots to look in, best first, each once: `own` (the setting resources.cache_dir) alone where
 * it is not NULL; else $HF_HUB_CACHE or $HF_HOME/hub or huggingface/hub in $XDG_CACHE_HOME or
 * ~/.cache, then $PETALS_CACHE or ~/.cache/petals, then $HF_HOME itself, where KwaaiNet's node
 * looks. Texts are the arena's. KN_E_NOT_FOUND: not even HOME is set; KN_E_INVALID: a variable that
 * cannot be expanded; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_hub_roots(const char *own, kn_lookup_fn *lookup, void *arg,
                                      struct kn_arena *arena, struct kn_hub_roots *out,
                                      struct kn_error *err);

/*
 * The snapshot of a repository in the cache at `root`, with a config.json in it. `revision` is a
 * branch, a tag or a commit; NULL means "main", or the only snapshot where nothing says which is
 * main. The path is the arena's. KN_E_NOT_FOUND; KN_E_INVALID: no repository, no revision, or
 * several snapshots and no word which; KN_E_NO_MEMORY; else as kn_file_read().
 */
KN_MUST_USE enum kn_code kn_hub_find(const char *root, const char *repository, const char *revision,
                                     struct kn_arena *arena, const char **out,
                                     struct kn_error *err);

/* The same in the first root that has it. Of several failures the first that is not
 * KN_E_NOT_FOUND is told. */
KN_MUST_USE enum kn_code kn_hub_find_any(const struct kn_hub_roots *roots, const char *repository,
                                         const char *revision, struct kn_arena *arena,
                                         const char **out, struct kn_error *err);

#endif
