/*
 * local — models whose files are on this machine: where model.path points to, and in the hub's
 * caches.
 */
#ifndef KN_NODE_BLOCKS_LOCAL_H
#define KN_NODE_BLOCKS_LOCAL_H

#include "compute/model/model.h"
#include "config/discovery/choose_model.h"

struct kn_arena;

/* Where to look. All lent; NULL where nobody says anything. */
struct kn_local_places {
    const char *path;       /* model.path: a folder with a config.json */
    const char *named;      /* what is in it, or which model is wanted */
    const char *repository; /* model.repository: where its files are from, if not from `named` */
    const char *revision, *cache_dir;
    const char *const *environment; /* "NAME=value", NULL at the end */
};

enum { KN_LOCAL_MODELS_MAX = 64 };

struct kn_local_files {
    struct kn_local_model models[KN_LOCAL_MODELS_MAX];
    const char *folders[KN_LOCAL_MODELS_MAX]; /* of each */
    size_t n;
};

/*
 * Look for the named model and for `repositories` (a name without an owner is in no cache). Texts
 * are the arena's. Files that are not there are no failure, but those of model.path are:
 * codes as kn_decoder_file_read(). A model in a cache that cannot be read or computed is left out.
 */
KN_MUST_USE enum kn_code kn_local_look(const struct kn_local_places *places,
                                       const char *const *repositories, size_t n,
                                       struct kn_arena *arena, struct kn_local_files *out,
                                       struct kn_error *err);

/* The folder of a model by name or repository; NULL: it is not among them. */
const char *kn_local_folder(const struct kn_local_files *files, const char *word);

/* What the shape of blocks is for sizing. */
struct kn_model_shape kn_local_shape(const struct kn_decoder_file *file);

#endif
