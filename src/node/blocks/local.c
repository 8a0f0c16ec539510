#include "node/blocks/local.h"

#include <string.h>

#include "compute/model/hub.h"
#include "config/discovery/model_table.h"
#include "lib/base/arena.h"

struct kn_model_shape kn_local_shape(const struct kn_decoder_file *file)
{
    const struct kn_decoder *decoder = &file->decoder;

    return (struct kn_model_shape){
        .family = kn_family_of(file->family),
        .blocks = decoder->blocks,
        .hidden = decoder->hidden,
        .heads = decoder->heads,
        .kv_heads = decoder->kv_heads,
        .head_dim = decoder->head_dim,
        .ffn = decoder->ffn,
        .max_context = decoder->max_positions,
        .qkv_bias = file->qkv_bias,
        .experts = decoder->experts,
        .experts_active = decoder->experts_active,
        .expert_ffn = decoder->experts > 0 ? decoder->ffn : 0,
    };
}

static enum kn_code add(struct kn_local_files *files, const char *name, const char *folder,
                        struct kn_arena *arena, struct kn_error *err)
{
    struct kn_decoder_file file;
    enum kn_code rc;

    if (files->n == KN_COUNT(files->models))
        return KN_OK;
    rc = kn_decoder_file_read(folder, &file, err);
    if (rc != KN_OK)
        return rc;
    files->models[files->n] = (struct kn_local_model){
        .repository = kn_arena_dup(arena, name),
        .shape = kn_local_shape(&file),
    };
    files->folders[files->n++] = kn_arena_dup(arena, folder);
    return kn_arena_failed(arena) ? kn_fail_no_memory(err) : KN_OK;
}

/* The last part of a path, whatever stands at its end. */
static const char *name_of_folder(const char *path, struct kn_arena *arena)
{
    size_t end = strlen(path), begin;

    while (end > 1 && path[end - 1] == '/')
        end--;
    begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return kn_arena_printf(arena, "%.*s", (int)(end - begin), path + begin);
}

static void advise(enum kn_code code, struct kn_error *err)
{
    if (err == NULL || err->hint[0] != '\0')
        return;
    if (code == KN_E_NOT_FOUND)
        kn_hint(err, "Name the folder that holds the model's config.json and its safetensors "
                     "files.");
    else if (code == KN_E_SYNTAX)
        kn_hint(err, "Fetch this file anew from where the model comes.");
}

static enum kn_code add_path(const struct kn_local_places *places, struct kn_arena *arena,
                             struct kn_local_files *out, struct kn_error *err)
{
    const char *name = places->named != NULL ? places->named : name_of_folder(places->path, arena);
    enum kn_code rc;

    if (name == NULL)
        return kn_fail_no_memory(err);
    rc = add(out, name, places->path, arena, err);
    if (rc != KN_OK && rc != KN_E_NO_MEMORY) {
        kn_wrap(err, "model.path");
        advise(rc, err);
    }
    return rc;
}

struct cache {
    struct kn_hub_roots roots;
    const char *revision;
    struct kn_arena *arena;
    struct kn_local_files *files;
};

/* The files of `repository`, as those of the model `name`. */
static enum kn_code add_cached(struct cache *cache, const char *name, const char *repository)
{
    struct kn_error err = { 0 };
    const char *folder;

    if (repository == NULL || strchr(repository, '/') == NULL ||
        kn_local_folder(cache->files, name) != NULL)
        return KN_OK;
    if (kn_hub_find_any(&cache->roots, repository, cache->revision, cache->arena, &folder, &err) !=
            KN_OK ||
        add(cache->files, name, folder, cache->arena, &err) != KN_OK)
        return err.code == KN_E_NO_MEMORY ? KN_E_NO_MEMORY : KN_OK;
    return KN_OK;
}

/* A name from the built-in table stands for the repository that the table has. */
static enum kn_code add_named(const struct kn_local_places *places, struct cache *cache)
{
    const struct kn_model_row *row = kn_model_find(places->named);
    enum kn_code rc = add_cached(cache, places->named, places->named);

    if (rc == KN_OK && places->repository != NULL)
        rc = add_cached(cache, places->named, places->repository);
    if (rc == KN_OK && row != NULL)
        rc = add_cached(cache, places->named, row->repository);
    return rc;
}

/* A cache that cannot be looked into is none. */
static enum kn_code look_in_caches(const struct kn_local_places *places,
                                   const char *const *repositories, size_t n, struct cache *cache)
{
    const char *const *environment = places->environment;
    struct kn_error err = { 0 };
    enum kn_code rc = kn_hub_roots(places->cache_dir, kn_lookup_in, &environment, cache->arena,
                                   &cache->roots, &err);

    if (rc != KN_OK)
        return rc == KN_E_NO_MEMORY ? rc : KN_OK;
    if (places->path == NULL && places->named != NULL)
        rc = add_named(places, cache);
    for (size_t i = 0; rc == KN_OK && i < n; i++) {
        if (repositories[i] != NULL)
            rc = add_cached(cache, repositories[i], repositories[i]);
    }
    return rc;
}

enum kn_code kn_local_look(const struct kn_local_places *places, const char *const *repositories,
                           size_t n, struct kn_arena *arena, struct kn_local_files *out,
                           struct kn_error *err)
{
    struct cache cache = { .revision = places->revision, .arena = arena, .files = out };
    enum kn_code rc = KN_OK;

    *out = (struct kn_local_files){ 0 };
    if (places->path != NULL)
        rc = add_path(places, arena, out, err);
    if (rc == KN_OK)
        rc = look_in_caches(places, repositories, n, &cache);
    return rc == KN_E_NO_MEMORY ? kn_fail_no_memory(err) : rc;
}

const char *kn_local_folder(const struct kn_local_files *files, const char *word)
{
    for (size_t i = 0; i < files->n; i++) {
        if (kn_model_same(files->models[i].repository, word))
            return files->folders[i];
    }
    return NULL;
}
