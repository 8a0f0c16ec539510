#include "lib/os/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/base/text.h"
#include "lib/os/failure.h"

static int look(const char *folder, struct statvfs *info)
{
    int rc;

    do {
        rc = statvfs(folder, info);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

enum kn_code kn_disk_left(const char *folder, int64_t *out, struct kn_error *err)
{
    struct kn_text path = { 0 };
    struct statvfs info = { .f_frsize = 1 };
    enum kn_code rc = KN_OK;

    kn_text_add(&path, folder);
    while (!path.failed && look(path.at, &info) != 0) {
        struct kn_text above = { 0 };

        if (errno != ENOENT || strcmp(path.at, "/") == 0 || strcmp(path.at, ".") == 0) {
            rc = kn_fail_system(err, errno, "ask for its disk");
            break;
        }
        kn_path_folder(path.at, &above);
        kn_text_done(&path);
        path = above;
    }
    if (path.failed)
        rc = kn_fail_no_memory(err);
    if (rc == KN_OK)
        *out = info.f_bavail > (uint64_t)INT64_MAX / info.f_frsize
                   ? INT64_MAX
                   : (int64_t)((uint64_t)info.f_bavail * info.f_frsize);
    kn_text_done(&path);
    return rc == KN_OK || rc == KN_E_NO_MEMORY ? rc : KN_E_UNKNOWN;
}

/* Takes the descriptor. */
static int64_t used(int folder, int depth)
{
    DIR *entries = fdopendir(folder);
    const struct dirent *entry;
    int64_t sum = 0;

    if (entries == NULL) {
        (void)close(folder);
        return 0;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(entries)) != NULL) {
        struct stat info;
        int below;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(info.st_mode))
            sum += (int64_t)info.st_size;
        if (!S_ISDIR(info.st_mode) || depth == 0)
            continue;
        below =
            openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0)
            sum += used(below, depth - 1);
    }
    (void)closedir(entries);
    return sum;
}

int64_t kn_disk_used(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 ? used(fd, KN_DISK_DEPTH_MAX) : 0;
}
