#include "lib/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/base/text.h"
#include "lib/os/failure.h"
#include "lib/os/leftovers.h"
#include "lib/os/temporary.h"

enum {
    LINKS_MAX = 40, /* as many as the system follows */
    ACCESS_LIST_MAX = 8192,
};

/* The file that is replaced, symbolic links followed. */
struct target {
    struct kn_text path;
    struct kn_text folder_path;
    const char *name; /* the last part of `path` */
    int folder;       /* open */
    bool exists;
    struct stat old; /* of the file when it exists */
};

/* Where the links that start at `path` end, whether or not something is there. */
static enum kn_code follow_links(const char *path, struct kn_text *out, struct kn_error *err)
{
    char link[KN_PATH_MAX];

    kn_text_add(out, path);
    for (int i = 0; i < LINKS_MAX && !out->failed; i++) {
        ssize_t n = readlink(kn_text_get(out), link, sizeof(link));
        const char *slash;

        if (n < 0 && (errno == EINVAL || errno == ENOENT))
            return KN_OK; /* no link, or nothing yet */
        if (n < 0)
            return kn_fail_system(err, errno, NULL);
        if ((size_t)n == sizeof(link))
            return kn_fail_system(err, ENAMETOOLONG, NULL);
        slash = strrchr(kn_text_get(out), '/');
        kn_text_cut(out, link[0] == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - out->at));
        kn_text_add_n(out, link, (size_t)n);
    }
    return out->failed ? kn_fail_no_memory(err) : kn_fail_system(err, ELOOP, NULL);
}

static enum kn_code open_folder(struct target *target, struct kn_error *err)
{
    const char *path = kn_text_get(&target->path), *slash = strrchr(path, '/');

    target->name = slash != NULL ? slash + 1 : path;
    if (slash == NULL)
        kn_text_add(&target->folder_path, ".");
    else
        kn_text_add_n(&target->folder_path, path, slash == path ? 1 : (size_t)(slash - path));
    if (target->folder_path.failed)
        return kn_fail_no_memory(err);
    do {
        target->folder =
            open(kn_text_get(&target->folder_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (target->folder < 0 && errno == EINTR);
    if (target->folder < 0 && errno == ENOENT)
        return kn_fail(err, KN_E_NOT_FOUND, "its folder does not exist");
    if (target->folder < 0)
        return kn_fail_system(err, errno, "open its folder");
    return KN_OK;
}

/* The folder alone decides whether a rename succeeds; a write-protected file is meant to stay. */
static enum kn_code check_writable(const struct target *target, struct kn_error *err)
{
    enum kn_code rc;

    if (faccessat(target->folder, target->name, W_OK, AT_EACCESS) == 0)
        return KN_OK;
    rc = kn_fail_system(err, errno, "write");
    if (rc == KN_E_DENIED)
        kn_hint_owner(err, "The file", &target->old);
    return rc;
}

static enum kn_code find_target(const char *path, struct target *target, struct kn_error *err)
{
    enum kn_code rc;

    if (path[0] == '\0')
        return kn_fail(err, KN_E_NOT_FOUND, "an empty path names no file");
    rc = follow_links(path, &target->path, err);
    if (rc != KN_OK)
        return rc;
    rc = open_folder(target, err);
    if (rc != KN_OK)
        return rc;
    if (target->name[0] == '\0')
        return kn_fail(err, KN_E_IO, "names a folder, not a file");
    target->exists = fstatat(target->folder, target->name, &target->old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!target->exists)
        return errno == ENOENT ? KN_OK : kn_fail_system(err, errno, "look at it");
    if (!S_ISREG(target->old.st_mode))
        return kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(&target->old));
    return check_writable(target, err);
}

/*
 * The access list of the old file, or none where it has none: with a list, the group bits of the
 * mode are its mask, so that the mode alone would give the group what only others were given.
 */
static enum kn_code keep_access_list(const struct target *target, int fd, struct kn_error *err)
{
    static const char name[] = "system.posix_acl_access";
    char list[ACCESS_LIST_MAX];
    ssize_t n = getxattr(kn_text_get(&target->path), name, list, sizeof(list));

    if (n >= 0)
        return fsetxattr(fd, name, list, (size_t)n, 0) == 0
                   ? KN_OK
                   : kn_fail_system(err, errno, "keep its access list");
    if (errno == ENOTSUP || errno == ENOSYS)
        return KN_OK;
    /* The new file may have got one from its folder. */
    if (errno != ENODATA || (fremovexattr(fd, name) != 0 && errno != ENODATA && errno != ENOTSUP))
        return kn_fail_system(err, errno, "keep its access list");
    return KN_OK;
}

/* Owner, group, access list and mode of the old file, before a byte is in the new one. */
static enum kn_code adopt(const struct target *target, int fd, unsigned mode, struct kn_error *err)
{
    mode_t want = (target->exists ? target->old.st_mode : (mode_t)mode) & 07777;
    const struct stat *old = &target->old;
    struct stat now;

    if (fstat(fd, &now) != 0)
        return kn_fail_system(err, errno, "look at the temporary file");
    /* Some file systems refuse even a change to what is already so. */
    if (target->exists && (now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
        fchown(fd, old->st_uid, old->st_gid) != 0) {
        enum kn_code rc = kn_fail_system(err, errno, "keep its owner and group");

        kn_hint_owner(err, "The file", old);
        return rc;
    }
    if (target->exists) {
        enum kn_code rc = keep_access_list(target, fd, err);

        if (rc != KN_OK)
            return rc;
    }
    return fchmod(fd, want) == 0 ? KN_OK : kn_fail_system(err, errno, "set its mode");
}

static enum kn_code fill(const struct target *target, struct kn_temporary *temporary,
                         const char *bytes, size_t n, unsigned mode, struct kn_error *err)
{
    enum kn_code rc = adopt(target, temporary->fd, mode, err);

    return rc == KN_OK ? kn_temporary_fill(temporary, bytes, n, err) : rc;
}

/*
 * One writer of a folder at a time from the last look at the old file to the rename, so that of two
 * programs that edit one file neither undoes the other. Closing the folder ends it; a file system
 * without locks has none. Nobody waits: a lock may be held by a program that never ends.
 */
static enum kn_code lock_folder(const struct target *target, struct kn_error *err)
{
    if (flock(target->folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return KN_OK;
    (void)kn_fail(err, KN_E_CHANGED, "lies in a folder that another program holds locked");
    kn_hint(err, "Try again when that program is done.");
    return KN_E_CHANGED;
}

static enum kn_code changed(const char *how, struct kn_error *err)
{
    (void)kn_fail(err, KN_E_CHANGED, "was %s by somebody else in the meantime", how);
    kn_hint(err, "Look at the file and try again.");
    return KN_E_CHANGED;
}

static enum kn_code check_unchanged(const struct target *target, const struct kn_bytes *expected,
                                    struct kn_error *err)
{
    struct kn_bytes now = { 0 };
    struct kn_error why = { 0 };
    enum kn_code rc;
    bool same;

    if (expected == NULL)
        return KN_OK;
    rc = lock_folder(target, err);
    if (rc != KN_OK)
        return rc;
    rc = kn_file_read(kn_text_get(&target->path), expected->n, &now, &why);
    if (rc == KN_E_NOT_FOUND)
        return expected->at == NULL ? KN_OK : changed("removed", err);
    if (rc == KN_OK || rc == KN_E_LIMIT) {
        same = rc == KN_OK && expected->at != NULL && now.n == expected->n &&
               memcmp(now.at, expected->at, now.n) == 0;
        kn_bytes_done(&now);
        return same ? KN_OK : changed(expected->at == NULL ? "created" : "changed", err);
    }
    if (err != NULL)
        *err = why;
    return rc;
}

/* With `creates`, a file that appeared since it was looked for is left alone: EEXIST. */
static int move(const struct target *target, const char *from, bool creates)
{
    if (creates &&
        renameat2(target->folder, from, target->folder, target->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (creates && errno != EINVAL && errno != ENOSYS)
        return -1;
    return renameat(target->folder, from, target->folder, target->name);
}

static enum kn_code put_in_place(const struct target *target, struct kn_temporary *temporary,
                                 const struct kn_bytes *expected, struct kn_error *err)
{
    bool creates = expected != NULL && expected->at == NULL;

    if (move(target, temporary->name, creates) != 0)
        return creates && errno == EEXIST ? changed("created", err)
                                          : kn_fail_system(err, errno, "put the new file in place");
    temporary->name[0] = '\0';
    return kn_folder_flush(target->folder, err);
}

static void clean_up(struct target *target, struct kn_temporary *temporary)
{
    kn_temporary_done(target->folder, temporary);
    if (target->folder >= 0)
        (void)close(target->folder);
    kn_text_done(&target->path);
    kn_text_done(&target->folder_path);
}

enum kn_code kn_file_replace(const char *path, const char *bytes, size_t n, unsigned mode,
                             const struct kn_bytes *expected, struct kn_error *err)
{
    struct target target = { .folder = -1 };
    struct kn_temporary temporary = { .fd = -1 };
    enum kn_code rc = find_target(path, &target, err);

    if (rc == KN_OK)
        rc = kn_temporary_make(target.folder, target.name, &temporary, err);
    if (rc == KN_OK)
        rc = fill(&target, &temporary, bytes, n, mode, err);
    if (rc == KN_OK)
        rc = check_unchanged(&target, expected, err);
    if (rc == KN_OK)
        rc = put_in_place(&target, &temporary, expected, err);
    if (rc == KN_OK)
        kn_leftovers_remove(kn_text_get(&target.folder_path), target.name);
    clean_up(&target, &temporary);
    return rc;
}
