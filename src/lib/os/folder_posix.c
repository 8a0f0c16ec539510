#include "lib/os/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/failure.h"

static int by_bytes(const void *a, const void *b)
{
    const char *const *one = a, *const *other = b;

    return strcmp(*one, *other);
}

static enum kn_code collect(DIR *open, struct kn_arena *arena, const char ***names, size_t *n,
                            struct kn_error *err)
{
    const struct dirent *entry;
    size_t room = 0;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is the caller's own. */
    while ((errno = 0, entry = readdir(open)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (*n == KN_FOLDER_NAMES_MAX)
            return kn_fail(err, KN_E_LIMIT, "more than %d names", KN_FOLDER_NAMES_MAX);
        if (*n == room) {
            const char **more = kn_try_realloc(*names, (room = 2 * room + 16) * sizeof(*more));

            if (more == NULL)
                return kn_fail_no_memory(err);
            *names = more;
        }
        (*names)[*n] = kn_arena_dup(arena, entry->d_name);
        if ((*names)[*n] == NULL)
            return kn_fail_no_memory(err);
        (*n)++;
    }
    return errno == 0 ? KN_OK : kn_fail_system(err, errno, "read the folder");
}

enum kn_code kn_folder_list(const char *path, struct kn_arena *arena, struct kn_names *out,
                            struct kn_error *err)
{
    DIR *open = opendir(path);
    const char **names = NULL, **kept;
    size_t n = 0;
    enum kn_code rc;

    if (open == NULL)
        return kn_fail_system(err, errno, NULL);
    rc = collect(open, arena, &names, &n, err);
    (void)closedir(open);
    if (rc == KN_OK) {
        kept = kn_arena_alloc(arena, (n + 1) * sizeof(*kept));
        if (kept == NULL) {
            rc = kn_fail_no_memory(err);
        } else {
            if (n > 0)
                memcpy(kept, names, n * sizeof(*kept));
            qsort(kept, n, sizeof(*kept), by_bytes);
            *out = (struct kn_names){ kept, n };
        }
    }
    kn_free(names);
    return rc;
}
