#include "lib/os/followed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/os/failure.h"

struct kn_followed_file {
    int fd;
    struct stat about;
    struct kn_text path;
};

enum kn_code kn_followed_file_open(const char *path, struct kn_followed_file **out,
                                   struct kn_error *err)
{
    struct kn_followed_file *file = kn_try_alloc(sizeof(*file));
    enum kn_code rc = KN_OK;

    if (file == NULL)
        return kn_fail_no_memory(err);
    kn_text_add(&file->path, path);
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->path.failed)
        rc = kn_fail_no_memory(err);
    else if (file->fd < 0 || fstat(file->fd, &file->about) != 0)
        rc = kn_fail_system(err, errno, "open it");
    else if (!S_ISREG(file->about.st_mode))
        rc = kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(&file->about));
    if (rc != KN_OK) {
        kn_followed_file_close(file);
        return rc;
    }
    *out = file;
    return KN_OK;
}

void kn_followed_file_close(struct kn_followed_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        (void)close(file->fd);
    kn_text_done(&file->path);
    kn_free(file);
}

uint64_t kn_followed_file_size(const struct kn_followed_file *file)
{
    struct stat now;

    return fstat(file->fd, &now) == 0 && now.st_size > 0 ? (uint64_t)now.st_size : 0;
}

enum kn_code kn_followed_file_read(const struct kn_followed_file *file, uint64_t at, void *out,
                                   size_t n, size_t *got, struct kn_error *err)
{
    ssize_t some;

    do
        some = pread(file->fd, out, n, (off_t)at);
    while (some < 0 && errno == EINTR);
    if (some < 0)
        return kn_fail_system(err, errno, "read");
    *got = (size_t)some;
    return KN_OK;
}

bool kn_followed_file_is_replaced(const struct kn_followed_file *file)
{
    struct stat now;

    return stat(file->path.at, &now) == 0 &&
           (now.st_dev != file->about.st_dev || now.st_ino != file->about.st_ino);
}
