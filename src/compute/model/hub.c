#include "compute/model/hub.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/folder.h"

enum { COMMIT_LENGTH = 40, PART_MAX = 96, REF_FILE_MAX = 256 };

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One part of a repository's name. "--" stands for the slash in the cache's folders. */
static bool is_part(const char *at, size_t n)
{
    if (n == 0 || n > PART_MAX || at[0] == '.' || at[0] == '-' || at[n - 1] == '.' ||
        at[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        bool twice = i > 0 && at[i] == at[i - 1];

        if (!is_alphanumeric(at[i]) && strchr("-_.", at[i]) == NULL)
            return false;
        if (twice && (at[i] == '-' || at[i] == '.'))
            return false;
    }
    return true;
}

bool kn_hub_is_repository(const char *text)
{
    const char *slash = strchr(text, '/');

    if (slash == NULL)
        return is_part(text, strlen(text));
    return is_part(text, (size_t)(slash - text)) && is_part(slash + 1, strlen(slash + 1));
}

/* As git has it, but stricter: no part begins with a point, and nothing is empty. */
bool kn_hub_is_revision(const char *text)
{
    size_t n = strlen(text);

    if (n == 0 || n > KN_HUB_REVISION_MAX || text[n - 1] == '/')
        return false;
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || text[i - 1] == '/';

        if (first && (text[i] == '/' || text[i] == '.'))
            return false;
        if (!is_alphanumeric(text[i]) && strchr("-_./+", text[i]) == NULL)
            return false;
    }
    return true;
}

bool kn_hub_is_commit(const char *text)
{
    return strlen(text) == COMMIT_LENGTH && strspn(text, "0123456789abcdef") == COMMIT_LENGTH;
}

const char *kn_hub_folder(const char *repository, struct kn_arena *arena)
{
    const char *slash = strchr(repository, '/');

    if (slash == NULL)
        return kn_arena_printf(arena, "models--%s", repository);
    return kn_arena_printf(arena, "models--%.*s--%s", (int)(slash - repository), repository,
                           slash + 1);
}

static enum kn_code add_root(const char *path, struct kn_arena *arena, struct kn_hub_roots *roots,
                             struct kn_error *err)
{
    for (size_t i = 0; i < roots->n; i++) {
        if (strcmp(roots->at[i], path) == 0)
            return KN_OK;
    }
    roots->at[roots->n] = kn_arena_dup(arena, path);
    return roots->at[roots->n++] != NULL ? KN_OK : kn_fail_no_memory(err);
}

/* Nothing is added where a variable of the place is not set. */
static enum kn_code add_place(const char *place, kn_lookup_fn *lookup, void *arg,
                              struct kn_arena *arena, struct kn_hub_roots *roots,
                              struct kn_error *err)
{
    struct kn_text path = { 0 };
    struct kn_error unset = { 0 }; /* is no failure, and is not left behind as one */
    enum kn_code rc = kn_path_expand(place, NULL, lookup, arg, &path, &unset);

    if (rc == KN_OK && path.failed)
        rc = kn_fail_no_memory(err);
    else if (rc == KN_OK)
        rc = add_root(path.at, arena, roots, err);
    else if (rc == KN_E_INVALID)
        rc = KN_OK;
    else if (err != NULL)
        *err = unset;
    kn_text_done(&path);
    return rc;
}

enum kn_code kn_hub_roots(const char *own, kn_lookup_fn *lookup, void *arg, struct kn_arena *arena,
                          struct kn_hub_roots *out, struct kn_error *err)
{
    static const char *const places[] = {
        "${HF_HUB_CACHE:-${HF_HOME:-${XDG_CACHE_HOME:-${HOME}/.cache}/huggingface}/hub}",
        "${PETALS_CACHE:-${HOME}/.cache/petals}",
        "${HF_HOME}",
    };
    struct kn_hub_roots roots = { 0 };
    enum kn_code rc = KN_OK;

    if (own != NULL)
        rc = add_root(own, arena, &roots, err);
    for (size_t i = 0; own == NULL && rc == KN_OK && i < KN_COUNT(places); i++)
        rc = add_place(places[i], lookup, arg, arena, &roots, err);
    if (rc == KN_OK && roots.n == 0)
        rc = kn_fail(err, KN_E_NOT_FOUND, "no folder for models: HOME is not set");
    if (rc == KN_OK)
        *out = roots;
    return rc;
}

static enum kn_code check_names(const char *repository, const char *revision, struct kn_error *err)
{
    if (!kn_hub_is_repository(repository)) {
        (void)kn_fail(err, KN_E_INVALID, "\"%.200s\" is no name of a repository", repository);
        kn_hint(err, "It looks like ORGANISATION/MODEL.");
        return KN_E_INVALID;
    }
    if (revision != NULL && !kn_hub_is_revision(revision))
        return kn_fail(err, KN_E_INVALID, "\"%.200s\" is no branch, tag or commit", revision);
    return KN_OK;
}

/* What a revision stands for; NULL in `out`: nothing says. */
static enum kn_code read_ref(const char *folder, const char *revision, struct kn_arena *arena,
                             const char **out, struct kn_error *err)
{
    const char *path = kn_arena_printf(arena, "%s/refs/%s", folder, revision);
    struct kn_bytes bytes = { 0 };
    enum kn_code rc;

    *out = NULL;
    if (path == NULL)
        return kn_fail_no_memory(err);
    rc = kn_file_read(path, REF_FILE_MAX, &bytes, err);
    if (rc == KN_E_NOT_FOUND)
        return KN_OK;
    if (rc == KN_OK) {
        bytes.at[strcspn(bytes.at, "\r\n")] = '\0';
        *out = kn_arena_dup(arena, bytes.at);
        if (*out == NULL)
            rc = kn_fail_no_memory(err);
        else if (!kn_hub_is_commit(*out))
            rc = kn_fail(err, KN_E_SYNTAX, "no commit in it");
    }
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    kn_bytes_done(&bytes);
    return rc;
}

/* Without a word which: the only one there is. */
static enum kn_code only_snapshot(const char *folder, struct kn_arena *arena, const char **out,
                                  struct kn_error *err)
{
    const char *path = kn_arena_printf(arena, "%s/snapshots", folder);
    struct kn_names names = { 0 };
    enum kn_code rc;

    if (path == NULL)
        return kn_fail_no_memory(err);
    rc = kn_folder_list(path, arena, &names, err);
    if (rc == KN_OK && names.n == 0)
        rc = kn_fail(err, KN_E_NOT_FOUND, "has no snapshot");
    if (rc == KN_OK && names.n > 1) {
        rc = kn_fail(err, KN_E_INVALID, "has %zu snapshots, and nothing says which is main",
                     names.n);
        kn_hint(err, "Put the folder of one of them in model.path.");
    }
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    else
        *out = names.at[0];
    return rc;
}

static enum kn_code find_commit(const char *folder, const char *revision, struct kn_arena *arena,
                                const char **out, struct kn_error *err)
{
    enum kn_code rc;

    if (revision != NULL && kn_hub_is_commit(revision)) {
        *out = revision;
        return KN_OK;
    }
    rc = read_ref(folder, revision != NULL ? revision : "main", arena, out, err);
    if (rc != KN_OK || *out != NULL)
        return rc;
    if (revision != NULL)
        return kn_fail(err, KN_E_NOT_FOUND, "%s: refs/%s is not there", folder, revision);
    return only_snapshot(folder, arena, out, err);
}

enum kn_code kn_hub_find(const char *root, const char *repository, const char *revision,
                         struct kn_arena *arena, const char **out, struct kn_error *err)
{
    const char *name, *folder, *path, *config, *commit = NULL;
    enum kn_code rc = check_names(repository, revision, err);

    if (rc != KN_OK)
        return rc;
    name = kn_hub_folder(repository, arena);
    folder = kn_arena_printf(arena, "%s/%s", root, name != NULL ? name : "");
    if (name == NULL || folder == NULL)
        return kn_fail_no_memory(err);
    if (!kn_file_exists(folder))
        return kn_fail(err, KN_E_NOT_FOUND, "%s is not there", folder);
    rc = find_commit(folder, revision, arena, &commit, err);
    if (rc != KN_OK)
        return rc;
    path = kn_arena_printf(arena, "%s/snapshots/%s", folder, commit);
    config = kn_arena_printf(arena, "%s/config.json", path != NULL ? path : "");
    if (path == NULL || config == NULL)
        return kn_fail_no_memory(err);
    if (!kn_file_exists(config))
        return kn_fail(err, KN_E_NOT_FOUND, "%s is not there", config);
    *out = path;
    return KN_OK;
}

enum kn_code kn_hub_find_any(const struct kn_hub_roots *roots, const char *repository,
                             const char *revision, struct kn_arena *arena, const char **out,
                             struct kn_error *err)
{
    struct kn_error first = { 0 };

    for (size_t i = 0; i < roots->n; i++) {
        struct kn_error one = { 0 };
        enum kn_code rc = kn_hub_find(roots->at[i], repository, revision, arena, out, &one);

        if (rc == KN_OK)
            return KN_OK;
        if (first.code == KN_OK || first.code == KN_E_NOT_FOUND)
            first = rc != KN_E_NOT_FOUND || first.code == KN_OK ? one : first;
    }
    if (err != NULL)
        *err = first;
    return first.code;
}
