#include "lib/os/growing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/path.h"
#include "lib/base/text.h"
#include "lib/os/failure.h"
#include "lib/os/temporary.h"

enum { GROWING_MODE = 0644 };

struct kn_growing_file {
    int fd;
    uint64_t size;
    struct kn_text path;
};

enum kn_code kn_growing_file_open(const char *path, struct kn_growing_file **out,
                                  struct kn_error *err)
{
    struct kn_growing_file *file = kn_try_alloc(sizeof(*file));
    struct stat info = { 0 };
    enum kn_code rc = KN_OK;

    if (file == NULL)
        return kn_fail_no_memory(err);
    kn_text_add(&file->path, path);
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, GROWING_MODE);
    if (file->path.failed)
        rc = kn_fail_no_memory(err);
    else if (file->fd < 0 || fstat(file->fd, &info) != 0)
        rc = kn_fail_system(err, errno, "open it");
    else if (!S_ISREG(info.st_mode))
        rc = kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(&info));
    if (rc != KN_OK) {
        kn_growing_file_close(file);
        return rc;
    }
    file->size = (uint64_t)info.st_size;
    *out = file;
    return KN_OK;
}

void kn_growing_file_close(struct kn_growing_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        (void)close(file->fd);
    kn_text_done(&file->path);
    kn_free(file);
}

uint64_t kn_growing_file_size(const struct kn_growing_file *file)
{
    return file->size;
}

enum kn_code kn_growing_file_read(const struct kn_growing_file *file, uint64_t at, void *out,
                                  size_t n, struct kn_error *err)
{
    char *to = out;

    while (n > 0) {
        ssize_t got = pread(file->fd, to, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kn_fail_system(err, errno, "read");
        if (got == 0)
            return kn_fail(err, KN_E_CHANGED, "became shorter while it was read");
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return KN_OK;
}

enum kn_code kn_growing_file_add(struct kn_growing_file *file, const void *bytes, size_t n,
                                 struct kn_error *err)
{
    const char *from = bytes;

    while (n > 0) {
        ssize_t put = pwrite(file->fd, from, n, (off_t)file->size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return kn_fail_system(err, errno, "write");
        from += put;
        file->size += (uint64_t)put;
        n -= (size_t)put;
    }
    return KN_OK;
}

enum kn_code kn_growing_file_clear(struct kn_growing_file *file, struct kn_error *err)
{
    if (ftruncate(file->fd, 0) != 0)
        return kn_fail_system(err, errno, "empty it");
    file->size = 0;
    return KN_OK;
}

static enum kn_code flush_folder(const char *path, struct kn_error *err)
{
    struct kn_text folder = { 0 };
    enum kn_code rc = KN_OK;
    int fd;

    kn_path_folder(path, &folder);
    if (folder.failed)
        return kn_fail_no_memory(err);
    fd = open(folder.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd < 0 ? kn_fail_system(err, errno, "open the folder") : kn_folder_flush(fd, err);
    if (fd >= 0)
        (void)close(fd);
    kn_text_done(&folder);
    return rc;
}

enum kn_code kn_growing_file_finish(struct kn_growing_file *file, const char *path,
                                    struct kn_error *err)
{
    if (fsync(file->fd) != 0)
        return kn_fail_system(err, errno, "flush it to the disk");
    if (rename(file->path.at, path) != 0)
        return kn_fail_system(err, errno, "rename it");
    return flush_folder(path, err);
}
