#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/os/failure.h"
#include "lib/os/private_file.h"
#include "lib/os/temporary.h"

enum { TAGS_MAX = 99 /* files that went aside under one tag */ };

/* One file being made. */
struct making {
    int folder; /* open */
    const char *path, *name;
    struct kn_temporary temporary;
    char aside[KN_TEMPORARY_NAME_SIZE]; /* what the old file is called now; "": as ever */
};

static enum kn_code open_folder(struct making *making, struct kn_error *err)
{
    const char *slash = strrchr(making->path, '/');
    struct kn_text folder = { 0 };

    making->name = slash != NULL ? slash + 1 : making->path;
    if (making->name[0] == '\0')
        return kn_fail(err, KN_E_IO, "names a folder, not a file");
    kn_path_folder(making->path, &folder);
    if (folder.failed)
        return kn_fail_no_memory(err);
    do {
        making->folder = open(folder.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (making->folder < 0 && errno == EINTR);
    kn_text_done(&folder);
    if (making->folder < 0 && errno == ENOENT)
        return kn_fail(err, KN_E_NOT_FOUND, "its folder does not exist");
    return making->folder < 0 ? kn_fail_system(err, errno, "open its folder") : KN_OK;
}

/* Open the folder and write the new file, under a name of its own. */
static enum kn_code begin(struct making *making, const char *bytes, size_t n, struct kn_error *err)
{
    enum kn_code rc = open_folder(making, err);

    if (rc == KN_OK)
        rc = kn_temporary_make(making->folder, making->name, &making->temporary, err);
    /* The mode that it was created with lost what the umask takes. */
    if (rc == KN_OK && fchmod(making->temporary.fd, KN_PRIVATE_MODE) != 0)
        rc = kn_fail_system(err, errno, "set its mode");
    return rc == KN_OK ? kn_temporary_fill(&making->temporary, bytes, n, err) : rc;
}

static void done(struct making *making)
{
    if (making->folder < 0)
        return;
    kn_temporary_done(making->folder, &making->temporary);
    (void)close(making->folder);
}

/* Give `from` the name `to`, which must be free: EEXIST. */
static int rename_to_free(int folder, const char *from, const char *to)
{
    if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* A file system of the network: a second name, and then without the first. */
    return linkat(folder, from, folder, to, 0) == 0 ? unlinkat(folder, from, 0) : -1;
}

static enum kn_code taken(const struct making *making, struct kn_error *err)
{
    struct stat info;

    if (fstatat(making->folder, making->name, &info, 0) == 0 || errno != ENOENT)
        return kn_fail(err, KN_E_CHANGED, "exists already");
    (void)kn_fail(err, KN_E_CHANGED, "is a symbolic link to nothing");
    kn_hint(err, "Remove the link, or bring back what it leads to.");
    return KN_E_CHANGED;
}

static enum kn_code put_in_place(struct making *making, struct kn_error *err)
{
    if (rename_to_free(making->folder, making->temporary.name, making->name) != 0)
        return errno == EEXIST ? taken(making, err)
                               : kn_fail_system(err, errno, "put the new file in place");
    making->temporary.name[0] = '\0';
    return kn_folder_flush(making->folder, err);
}

enum kn_code kn_private_file_create(const char *path, const char *bytes, size_t n,
                                    struct kn_error *err)
{
    struct making making = { .folder = -1, .path = path, .temporary.fd = -1 };
    enum kn_code rc = begin(&making, bytes, n, err);

    if (rc == KN_OK)
        rc = put_in_place(&making, err);
    done(&making);
    return rc;
}

/* Take a free name for the old file with an empty one, which the old file then replaces. */
static enum kn_code claim(struct making *making, const char *tag, struct kn_error *err)
{
    for (int i = 1; i <= TAGS_MAX; i++) {
        char number[16] = "";
        int used, fd;

        if (i > 1)
            (void)snprintf(number, sizeof(number), "-%d", i);
        used = snprintf(making->aside, sizeof(making->aside), "%s.%s%s", making->name, tag, number);
        if (used < 0 || (size_t)used >= sizeof(making->aside)) {
            making->aside[0] = '\0';
            return kn_fail_system(err, ENAMETOOLONG, "find a name for the old file");
        }
        fd = openat(making->folder, making->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    KN_PRIVATE_MODE);
        if (fd >= 0) {
            (void)close(fd);
            return KN_OK;
        }
        if (errno != EEXIST)
            break;
    }
    making->aside[0] = '\0';
    return kn_fail_system(err, errno, "find a name for the old file");
}

/* Nothing there is as good as moved. */
static enum kn_code set_aside(struct making *making, const char *tag, struct kn_error *err)
{
    struct stat info;
    enum kn_code rc;
    int number;

    if (fstatat(making->folder, making->name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? KN_OK : kn_fail_system(err, errno, "look at it");
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(&info));
    rc = claim(making, tag, err);
    if (rc != KN_OK)
        return rc;
    if (renameat(making->folder, making->name, making->folder, making->aside) == 0)
        return KN_OK;
    number = errno;
    (void)unlinkat(making->folder, making->aside, 0);
    making->aside[0] = '\0';
    if (number == ENOENT)
        return kn_fail(err, KN_E_CHANGED, "was moved by somebody else in the meantime");
    return kn_fail_system(err, number, "move the old file aside");
}

/* The new file did not get its place: the old one gets it back. */
static void undo(struct making *making, struct kn_error *err)
{
    char why[KN_ERROR_TEXT_SIZE];

    if (making->aside[0] == '\0' ||
        rename_to_free(making->folder, making->aside, making->name) == 0)
        return;
    if (err == NULL)
        return;
    (void)snprintf(why, sizeof(why), "%s", err->text);
    (void)kn_fail(err, err->code, "%s; the old file is called %s now", why, making->aside);
}

enum kn_code kn_private_file_exchange(const char *path, const char *bytes, size_t n,
                                      const char *tag, struct kn_text *kept, struct kn_error *err)
{
    struct making making = { .folder = -1, .path = path, .temporary.fd = -1 };
    enum kn_code rc = begin(&making, bytes, n, err);

    if (rc == KN_OK)
        rc = set_aside(&making, tag, err);
    if (rc == KN_OK) {
        rc = put_in_place(&making, err);
        if (rc != KN_OK && making.temporary.name[0] != '\0')
            undo(&making, err);
    }
    if (making.temporary.name[0] == '\0' && making.aside[0] != '\0') {
        kn_text_add_n(kept, path, (size_t)(making.name - path));
        kn_text_add(kept, making.aside);
    }
    done(&making);
    return rc == KN_OK && kept->failed ? kn_fail_no_memory(err) : rc;
}
