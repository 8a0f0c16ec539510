#include "lib/os/private_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/failure.h"

enum { PRIVATE_FOLDER_MODE = 0700 };

enum kn_code kn_private_folder_make(const char *where, const char *name, struct kn_text *out,
                                    struct kn_error *err)
{
    struct kn_text pattern = { 0 };
    enum kn_code rc = KN_OK;

    kn_text_addf(&pattern, "%s/%s-XXXXXX", where, name);
    if (pattern.failed) {
        rc = kn_fail_no_memory(err);
    } else if (mkdtemp(pattern.at) == NULL) {
        rc = kn_fail_system(err, errno, NULL);
        kn_wrap(err, "cannot make a folder in %s", where);
    } else {
        kn_text_add(out, pattern.at);
    }
    kn_text_done(&pattern);
    return rc == KN_OK && out->failed ? kn_fail_no_memory(err) : rc;
}

void kn_private_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    (void)rmdir(path);
}

static bool empty(int folder, int depth);

static bool remove_entry(int folder, const char *name, int depth)
{
    int below;
    bool is_empty;

    if (unlinkat(folder, name, 0) == 0)
        return true;
    below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
        return false;
    if (depth == 0) {
        (void)close(below);
        return false;
    }
    is_empty = empty(below, depth - 1);
    return is_empty && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

/* Takes the descriptor. */
static bool empty(int folder, int depth)
{
    DIR *entries = fdopendir(folder);
    const struct dirent *entry;
    bool done = true;

    if (entries == NULL) {
        (void)close(folder);
        return false;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !remove_entry(folder, entry->d_name, depth))
            done = false;
    }
    (void)closedir(entries);
    return done;
}

bool kn_private_folder_remove_all(const char *path)
{
    return remove_entry(AT_FDCWD, path, KN_PRIVATE_FOLDER_DEPTH + 1);
}

/* One folder whose parent is there; 0 or the error number. */
static int make_one(const char *path)
{
    struct stat info;
    int number = mkdir(path, PRIVATE_FOLDER_MODE) == 0 ? 0 : errno;

    /* A folder that is there is good, whatever mkdir() had against it. */
    if (number != 0 && stat(path, &info) == 0)
        number = S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    return number;
}

static enum kn_code refuse(const char *path, int number, struct kn_error *err)
{
    enum kn_code rc;

    if (number == ENOTDIR)
        rc = kn_fail(err, KN_E_IO, "something that is no folder has its name");
    else
        rc = kn_fail_system(err, number, "make the folder");
    kn_wrap(err, "%s", path);
    return rc;
}

/* Every folder on the path, from the top. */
static enum kn_code make_all(const char *path, struct kn_error *err)
{
    struct kn_text part = { 0 };
    enum kn_code rc = KN_OK;

    for (const char *at = path; rc == KN_OK && *at != '\0';) {
        int number;

        at += strspn(at, "/");
        at += strcspn(at, "/");
        kn_text_cut(&part, 0);
        kn_text_add_n(&part, path, (size_t)(at - path));
        number = part.failed ? ENOMEM : make_one(part.at);
        if (number != 0)
            rc = refuse(kn_text_get(&part), number, err);
    }
    kn_text_done(&part);
    return rc;
}

enum kn_code kn_private_folder_need(const char *path, struct kn_error *err)
{
    int number = make_one(path);

    if (number == ENOENT)
        return make_all(path, err);
    return number == 0 ? KN_OK : refuse(path, number, err);
}
