#include "lib/os/zone_file.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"

enum { PATH_SIZE = 1024, DEPTH_MAX = 2, NAMES_MAX = 4096 };

/* Letters, digits, '_', '+', '-', and '/' between them: nothing that leads out of the folder. */
static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    size_t n = strlen(name);

    return n > 0 && n <= KN_ZONE_NAME_MAX && strspn(name, allowed) == n && name[0] != '/' &&
           name[n - 1] != '/' && strstr(name, "//") == NULL;
}

enum kn_code kn_zone_file_read(const char *root, const char *name, struct kn_bytes *out,
                               struct kn_error *err)
{
    char path[PATH_SIZE];
    int n;

    if (name != NULL && !is_name(name))
        return kn_fail(err, KN_E_NOT_FOUND, "\"%.60s\" is no name of a time zone", name);
    if (name == NULL)
        n = snprintf(path, sizeof(path), "%s/etc/localtime", root);
    else
        n = snprintf(path, sizeof(path), "%s" KN_ZONE_FOLDER "/%s", root, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return kn_fail(err, KN_E_NOT_FOUND, "the path is too long");
    return kn_file_read(path, KN_ZONE_FILE_MAX, out, err);
}

/* A walk through the folder. */
struct walk {
    const char *root;
    struct kn_arena *arena;
    const char **at; /* room for NAMES_MAX */
    size_t n;
};

/* Names of zones and of their folders begin with a capital; lists and other copies do not. */
static enum kn_code walk(struct walk *w, const char *folder, int depth, struct kn_error *err)
{
    char path[PATH_SIZE];
    struct kn_names names = { 0 };
    struct kn_error ignored = { 0 };
    enum kn_code rc;
    int n = snprintf(path, sizeof(path), "%s" KN_ZONE_FOLDER "%s%s", w->root,
                     folder[0] != '\0' ? "/" : "", folder);

    if (n < 0 || (size_t)n >= sizeof(path))
        return KN_OK;
    rc = kn_folder_list(path, w->arena, &names, &ignored);
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    if (rc != KN_OK) { /* no folder: a zone, or nothing at all */
        if (folder[0] != '\0' && w->n < NAMES_MAX)
            w->at[w->n++] = folder;
        return KN_OK;
    }
    for (size_t i = 0; rc == KN_OK && depth <= DEPTH_MAX && i < names.n; i++) {
        const char *name = names.at[i];

        if (name[0] < 'A' || name[0] > 'Z' || strchr(name, '.') != NULL)
            continue;
        name = folder[0] != '\0' ? kn_arena_printf(w->arena, "%s/%s", folder, name) : name;
        rc = name != NULL ? walk(w, name, depth + 1, err) : kn_fail_no_memory(err);
    }
    return rc;
}

enum kn_code kn_zone_file_names(const char *root, struct kn_arena *arena, struct kn_names *out,
                                struct kn_error *err)
{
    struct walk w = { .root = root, .arena = arena };
    enum kn_code rc;

    w.at = kn_arena_alloc(arena, NAMES_MAX * sizeof(*w.at));
    if (w.at == NULL)
        return kn_fail_no_memory(err);
    rc = walk(&w, "", 0, err);
    *out = (struct kn_names){ w.at, w.n };
    return rc;
}
