#include "node/plan/fetch_choice.h"

#include <stdio.h>
#include <string.h>

#include "compute/model/hub.h"
#include "compute/model/shards.h"
#include "config/discovery/model_table.h"
#include "lib/base/arena.h"
#include "lib/os/disk.h"
#include "network/petals/prefix.h"

/* Weights are published in 16 bits each, nearly always. */
enum { STORED_BYTES = 2 };

static const char own_folder[] =
    "Put its config.json and its safetensors files into a folder and name that with --set "
    "model.path=FOLDER, or into the Hugging Face cache.";

static bool is_true(const struct kn_bool *value)
{
    return value->is == KN_GIVEN && value->value;
}

/* Somebody wrote it, on this machine. */
static bool is_written(const struct kn_fetch_question *q, const char *key)
{
    return kn_snapshot_is_from(q->snapshot, key, KN_LAYER_CLI) ||
           kn_snapshot_is_from(q->snapshot, key, KN_LAYER_ENV) ||
           kn_snapshot_is_from(q->snapshot, key, KN_LAYER_FILE);
}

static const char *without_hub(const char *repository)
{
    size_t n = strlen(KN_HUB_ADDRESS);

    return strncmp(repository, KN_HUB_ADDRESS, n) == 0 ? repository + n : repository;
}

/* ORG/NAME of where the files are; NULL: nobody says. */
static const char *repository_of(const struct kn_fetch_question *q)
{
    const struct kn_model_config *model = &q->config->model;
    const char *name = q->model->repository;

    if (model->repository.is == KN_GIVEN)
        name = model->repository.text;
    else if (name == NULL && model->name.is == KN_GIVEN)
        name = model->name.text;
    if (name == NULL)
        return NULL;
    name = without_hub(name);
    return strchr(name, '/') != NULL && kn_hub_is_repository(name) ? name : NULL;
}

static bool has_owner(const char *repository, const char *other)
{
    size_t n = strcspn(repository, "/");

    return strncmp(repository, other, n + 1) == 0;
}

/* Whoever named it, or NULL: peers did. */
static const char *trust_of(const struct kn_fetch_question *q, const char *repository)
{
    const struct kn_model_config *model = &q->config->model;
    const struct kn_model_row *row = kn_model_find(repository);

    if (model->repository.is == KN_GIVEN && is_written(q, "model.repository"))
        return "the repository was named here";
    if (model->name.is == KN_GIVEN && is_written(q, "model.name") &&
        strcmp(without_hub(model->name.text), repository) == 0)
        return "the model was named with its repository";
    if (row != NULL && has_owner(repository, row->repository))
        return "the repository is its authors'";
    return NULL;
}

static void refuse(struct kn_fetch_choice *choice, const char *hint, const char *reason)
{
    choice->is_allowed = false;
    choice->hint = hint;
    (void)snprintf(choice->reason, sizeof(choice->reason), "%.*s", KN_FIT_TEXT_SIZE - 1, reason);
}

static enum kn_code find_root(const struct kn_fetch_question *q, struct kn_arena *arena,
                              struct kn_fetch_choice *out, struct kn_error *err)
{
    const struct kn_path *own = &q->config->resources.cache_dir;
    const char *const *environment = q->environment;
    struct kn_hub_roots roots;
    enum kn_code rc = kn_hub_roots(own->is == KN_GIVEN ? own->text : NULL, kn_lookup_in,
                                   &environment, arena, &roots, err);

    if (rc == KN_OK)
        out->root = roots.at[0];
    else if (rc != KN_E_NO_MEMORY)
        refuse(out, "Set resources.cache_dir to a folder for models.", err->text);
    return rc == KN_E_NO_MEMORY ? rc : KN_OK;
}

/* What may still be written; by itself a node takes half of what is free. */
static void find_room(const struct kn_fetch_question *q, struct kn_fetch_choice *out)
{
    const struct kn_size *limit = &q->config->resources.max_disk_space_gb;
    int64_t left;

    if (out->knows_room)
        return;
    out->knows_room = true;
    if (kn_disk_left(out->root, &left, NULL) == KN_OK) {
        left = left > KN_DOWNLOAD_RESERVE ? left - KN_DOWNLOAD_RESERVE : 0;
        out->room = is_true(&q->config->model.download) ? left : left / 2;
    }
    if (limit->is != KN_GIVEN)
        return;
    out->max_bytes = limit->bytes;
    left = limit->bytes - kn_disk_used(out->root);
    left = left > 0 ? left : 0;
    if (out->room < 0 || left < out->room)
        out->room = left;
}

static int64_t block_bytes(const struct kn_fetch_question *q)
{
    return q->model->size.block_parameters * STORED_BYTES;
}

static void count_blocks(const struct kn_fetch_question *q, struct kn_fetch_choice *out)
{
    int64_t one = block_bytes(q), n = q->model->size.blocks;

    if (out->room >= 0 && one > 0 && out->room / one < n)
        n = out->room / one;
    out->blocks_most = (uint32_t)n;
}

/* What forbids it whichever blocks they are; NULL: nothing. */
static const char *objection(const struct kn_fetch_question *q, const char **hint)
{
    const struct kn_bool *wanted = &q->config->model.download;

    *hint = own_folder;
    if (q->model->warning != NULL) {
        *hint = "\"kwaainet network models\" lists those that can be served.";
        return q->model->warning;
    }
    if (q->config->model.path.is == KN_GIVEN) {
        *hint = "Put its safetensors files into the folder of model.path, or leave model.path out "
                "and name the model with --model ORGANISATION/NAME: then they are fetched.";
        return "model.path names a folder without safetensors files";
    }
    if (wanted->is == KN_GIVEN && !wanted->value) {
        *hint = "Set model.download to auto or true, or put the files into a folder and name that "
                "with --set model.path=FOLDER.";
        return "model.download is off";
    }
    if (q->is_stand_in)
        return "the plan is for another machine";
    return q->environment == NULL ? "nobody says where models are kept" : NULL;
}

/* Blocks that nobody knows the size of may not fit into the memory; nothing is chosen yet where the
 * choice has no name. */
static bool is_shape_guessed(const struct kn_fetch_question *q)
{
    return q->model->name != NULL && q->model->size.source != KN_SIZE_CONFIG &&
           q->model->size.source != KN_SIZE_TABLE;
}

static void judge(const struct kn_fetch_question *q, struct kn_fetch_choice *out)
{
    const char *trust;

    if (out->place.is_offline) {
        refuse(out,
               "Unset HF_HUB_OFFLINE, or put the files into a folder and name that with --set "
               "model.path=FOLDER.",
               "HF_HUB_OFFLINE forbids it");
        return;
    }
    if (out->repository == NULL) {
        refuse(out, "Name it with --set model.repository=ORGANISATION/NAME.",
               "no repository is known for this model");
        return;
    }
    if (is_shape_guessed(q)) {
        refuse(out, "Name its repository with --set model.repository=ORGANISATION/NAME.",
               "the shape of its blocks is only a guess");
        return;
    }
    trust = trust_of(q, out->repository);
    out->is_allowed = true;
    if (is_true(&q->config->model.download))
        (void)snprintf(out->reason, sizeof(out->reason), "model.download is on");
    else if (trust != NULL)
        (void)snprintf(out->reason, sizeof(out->reason), "%s", trust);
    else
        refuse(out,
               "Name the repository with --set model.repository=ORGANISATION/NAME, or set "
               "model.download=true to take what the network says.",
               "only peers say where its files are, and what they say is not signed");
}

enum kn_code kn_fetch_choose(const struct kn_fetch_question *question, struct kn_arena *arena,
                             struct kn_fetch_choice *out, struct kn_error *err)
{
    const char *const *environment = question->environment;
    const struct kn_string *revision = &question->config->model.revision;
    const char *hint, *why = objection(question, &hint);
    enum kn_code rc;

    *out = (struct kn_fetch_choice){ .room = KN_FACT_UNKNOWN,
                                     .blocks_most = question->model->size.blocks,
                                     .repository = repository_of(question),
                                     .revision = revision->is == KN_GIVEN ? revision->text : NULL };
    if (why != NULL) {
        refuse(out, hint, why);
        return KN_OK;
    }
    kn_download_place_read(kn_lookup_in, &environment, &out->place);
    judge(question, out);
    if (!out->is_allowed)
        return KN_OK;
    rc = find_root(question, arena, out, err);
    if (rc != KN_OK || out->root == NULL)
        return rc;
    if (question->folder != NULL) /* perhaps nothing is missing: the cache is not walked for it */
        return KN_OK;
    find_room(question, out);
    count_blocks(question, out);
    return KN_OK;
}

/* What an earlier download has left counts: it is not fetched again. */
static int64_t bytes_here(const struct kn_fetch_choice *choice)
{
    struct kn_arena *arena = kn_arena_new();
    const char *name = arena != NULL ? kn_hub_folder(choice->repository, arena) : NULL;
    const char *folder = name != NULL ? kn_arena_printf(arena, "%s/%s", choice->root, name) : NULL;
    int64_t bytes = folder != NULL ? kn_disk_used(folder) : 0;

    kn_arena_free(arena);
    return bytes;
}

static void refuse_room(const struct kn_fetch_question *q, struct kn_fetch_choice *choice)
{
    char needed[KN_MEMORY_TEXT_SIZE], room[KN_MEMORY_TEXT_SIZE];
    char reason[KN_FIT_TEXT_SIZE];
    const char *where = "the disk has room for";

    if (choice->max_bytes > 0)
        where = "resources.max_disk_space_gb leaves";
    else if (!is_true(&q->config->model.download))
        where = "half of what is free on the disk is";
    kn_memory_text(choice->bytes, needed);
    kn_memory_text(choice->room, room);
    (void)snprintf(reason, sizeof(reason), "about %s are needed, and %s %s", needed, where, room);
    refuse(choice,
           choice->max_bytes > 0
               ? "Raise resources.max_disk_space_gb, or remove models from the cache."
               : "Make room, set resources.cache_dir to a folder on a larger disk, or set "
                 "model.download=true to use all that is free but the last GiB.",
           reason);
}

void kn_fetch_choose_range(const struct kn_fetch_question *question, uint32_t from, uint32_t to,
                           struct kn_fetch_choice *choice)
{
    const struct kn_block_range range = { from, to };
    struct kn_error err = { 0 };

    choice->is_needed =
        from < to && (question->folder == NULL ||
                      kn_shards_look(question->folder, range, &err) == KN_E_NOT_FOUND);
    if (!choice->is_needed || !choice->is_allowed)
        return;
    find_room(question, choice);
    choice->bytes = block_bytes(question) * (to - from) - bytes_here(choice);
    choice->bytes = choice->bytes > 0 ? choice->bytes : 0;
    if (choice->room >= 0 && choice->bytes > choice->room)
        refuse_room(question, choice);
}
