#include "lib/os/transient_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/failure.h"

enum { TRANSIENT_MODE = 0600 };

/* 0 or the error number. */
static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

static int write_beside(const char *beside, const char *path, const char *bytes, size_t n)
{
    int fd, number;

    /* A link that somebody put there must not be written through. */
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, TRANSIENT_MODE);
    if (fd < 0)
        return errno;
    number = write_all(fd, bytes, n);
    if (close(fd) != 0 && number == 0)
        number = errno;
    if (number == 0 && rename(beside, path) != 0)
        number = errno;
    if (number != 0)
        (void)unlink(beside);
    return number;
}

enum kn_code kn_transient_file_write(const char *path, const char *bytes, size_t n,
                                     struct kn_error *err)
{
    struct kn_text beside = { 0 };
    enum kn_code rc = KN_OK;
    int number;

    kn_text_addf(&beside, "%s.new", path);
    if (beside.failed)
        return kn_fail_no_memory(err);
    number = write_beside(beside.at, path, bytes, n);
    if (number != 0) {
        rc = kn_fail_system(err, number, "write it");
        kn_wrap(err, "%s", path);
    }
    kn_text_done(&beside);
    return rc;
}

void kn_transient_file_remove(const char *path)
{
    (void)unlink(path);
}

void kn_transient_file_touch(const char *path)
{
    (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

int64_t kn_transient_file_time(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0 ? about.st_mtime : 0;
}
