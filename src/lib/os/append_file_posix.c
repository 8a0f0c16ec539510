#include "lib/os/append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/path.h"
#include "lib/base/text.h"
#include "lib/os/failure.h"
#include "lib/os/private_file.h"
#include "lib/os/private_folder.h"

enum { KEEP_MAX = 1000 }; /* as many as are looked for */

struct kn_append_file {
    int fd;
    bool is_regular, is_lent;
    bool is_torn; /* half a line stands at its end */
    uint64_t size;
    dev_t device;
    ino_t inode;
    struct kn_text path;
};

/* -- opening */

static bool ends_in_line(int fd, uint64_t size)
{
    char last;

    return size == 0 || pread(fd, &last, 1, (off_t)size - 1) != 1 || last == '\n';
}

static enum kn_code look_at(struct kn_append_file *file, struct kn_error *err)
{
    struct stat info;

    if (fstat(file->fd, &info) != 0)
        return kn_fail_system(err, errno, "look at it");
    file->is_regular = S_ISREG(info.st_mode);
    file->size = file->is_regular ? (uint64_t)info.st_size : 0;
    file->device = info.st_dev;
    file->inode = info.st_ino;
    file->is_torn = !ends_in_line(file->fd, file->size);
    return KN_OK;
}

/* A file that may only be written to is as good: then nothing is known of its last byte. */
static int open_either(const char *path)
{
    const int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, O_RDWR | flags, KN_PRIVATE_MODE);

    return fd < 0 && errno == EACCES ? open(path, O_WRONLY | flags, KN_PRIVATE_MODE) : fd;
}

static enum kn_code need_folder(const char *path, struct kn_error *err)
{
    struct kn_text folder = { 0 };
    enum kn_code rc;

    kn_path_folder(path, &folder);
    rc = folder.failed ? kn_fail_no_memory(err) : kn_private_folder_need(kn_text_get(&folder), err);
    kn_text_done(&folder);
    return rc;
}

/* Lines can go to a file, a pipe or a terminal; on a disk they would overwrite what is there. */
static enum kn_code refuse_others(const char *path, struct kn_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0 ||
        (!S_ISDIR(info.st_mode) && !S_ISBLK(info.st_mode) && !S_ISSOCK(info.st_mode)))
        return KN_OK;
    (void)kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(&info));
    kn_hint(err, "Name a file: it is made where it is missing.");
    return KN_E_IO;
}

static enum kn_code open_path(struct kn_append_file *file, struct kn_error *err)
{
    enum kn_code rc = refuse_others(file->path.at, err);

    if (rc != KN_OK) {
        kn_wrap(err, "%s", file->path.at);
        return rc;
    }
    file->fd = open_either(file->path.at);
    if (file->fd < 0 && errno == ENOENT) {
        rc = need_folder(file->path.at, err);
        if (rc != KN_OK)
            return rc;
        file->fd = open_either(file->path.at);
    }
    rc = file->fd < 0 ? kn_fail_system(err, errno, "open it") : look_at(file, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", file->path.at);
    return rc;
}

enum kn_code kn_append_file_open(const char *path, struct kn_append_file **out,
                                 struct kn_error *err)
{
    struct kn_append_file *file = kn_try_alloc(sizeof(*file));
    enum kn_code rc;

    if (file == NULL)
        return kn_fail_no_memory(err);
    file->fd = -1;
    kn_text_add(&file->path, path);
    rc = file->path.failed ? kn_fail_no_memory(err) : open_path(file, err);
    if (rc != KN_OK) {
        kn_append_file_close(file);
        return rc;
    }
    *out = file;
    return KN_OK;
}

enum kn_code kn_append_file_standard_error(struct kn_append_file **out, struct kn_error *err)
{
    struct kn_append_file *file = kn_try_alloc(sizeof(*file));
    struct stat info;

    if (file == NULL)
        return kn_fail_no_memory(err);
    /* Whether a write waits is a property that others share: opened once more it is our own. */
    file->fd = -1;
    if (fstat(STDERR_FILENO, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISSOCK(info.st_mode))
        file->fd = open("/dev/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    file->is_lent = file->fd < 0;
    if (file->is_lent)
        file->fd = STDERR_FILENO;
    *out = file;
    return KN_OK;
}

void kn_append_file_close(struct kn_append_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0 && !file->is_lent)
        (void)close(file->fd);
    kn_text_done(&file->path);
    kn_free(file);
}

uint64_t kn_append_file_size(const struct kn_append_file *file)
{
    return file->size;
}

/* -- adding */

/* A socket is asked not to wait; anything else was opened so, or never does. */
static ssize_t put_some(const struct kn_append_file *file, const char *bytes, size_t n)
{
    ssize_t put;

    if (file->is_regular)
        return write(file->fd, bytes, n);
    put = send(file->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    return put < 0 && errno == ENOTSOCK ? write(file->fd, bytes, n) : put;
}

static bool may_try_again(int fd, int *wait_ms)
{
    enum { STEP_MS = 50 };
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    int ms = *wait_ms < STEP_MS ? *wait_ms : STEP_MS;

    if (ms <= 0)
        return false;
    if (poll(&one, 1, ms) == 0)
        *wait_ms -= ms;
    else
        *wait_ms -= 1; /* a reader of single bytes is waited for as long, and no longer */
    return true;
}

/* 0: all of them; else the system's number. */
static int put_all(struct kn_append_file *file, const char *bytes, size_t n, int wait_ms,
                   size_t *done)
{
    *done = 0;
    while (*done < n) {
        ssize_t put = put_some(file, bytes + *done, n - *done);

        if (put > 0)
            *done += (size_t)put;
        else if (put < 0 && errno == EAGAIN) {
            if (!may_try_again(file->fd, &wait_ms))
                return EAGAIN;
        } else if (put < 0 && errno != EINTR)
            return errno;
        else if (put == 0)
            return EIO;
    }
    return 0;
}

/* Take back the half of a line, unless somebody else has written behind it. */
static bool take_back(struct kn_append_file *file, size_t n)
{
    off_t end = lseek(file->fd, 0, SEEK_CUR);
    struct stat info;

    return file->is_regular && end >= (off_t)n && fstat(file->fd, &info) == 0 &&
           info.st_size == end && ftruncate(file->fd, end - (off_t)n) == 0;
}

static enum kn_code failed(struct kn_append_file *file, int number, struct kn_error *err)
{
    enum kn_code rc = number == EAGAIN
                          ? kn_fail(err, KN_E_TIMEOUT, "who reads the log does not keep up")
                      : number == EPIPE ? kn_fail(err, KN_E_NOT_FOUND, "nobody reads the log")
                                        : kn_fail_system(err, number, "write");

    if (file->path.n > 0)
        kn_wrap(err, "%s", file->path.at);
    return rc;
}

enum kn_code kn_append_file_add(struct kn_append_file *file, const char *line, size_t n,
                                int wait_ms, struct kn_error *err)
{
    size_t done;
    int number = 0;

    if (file->is_torn) {
        number = put_all(file, "\n", 1, wait_ms, &done);
        file->is_torn = number != 0;
        file->size += number == 0;
    }
    if (number != 0)
        return failed(file, number, err);
    number = put_all(file, line, n, wait_ms, &done);
    if (number == 0) {
        file->size += file->is_regular ? n : 0;
        return KN_OK;
    }
    if (done > 0 && !take_back(file, done)) {
        file->is_torn = true;
        file->size += file->is_regular ? done : 0;
    }
    return failed(file, number, err);
}

/* -- names */

bool kn_append_file_has_name(const struct kn_append_file *file)
{
    struct stat info;

    if (!file->is_regular)
        return true;
    return stat(file->path.at, &info) == 0 && info.st_dev == file->device &&
           info.st_ino == file->inode;
}

static bool numbered(const struct kn_append_file *file, unsigned number, struct kn_text *out)
{
    kn_text_cut(out, 0);
    kn_text_addf(out, "%s.%u", file->path.at, number);
    return !out->failed;
}

/* How many stand there without a gap. */
static unsigned count_aside(const struct kn_append_file *file, struct kn_text *name)
{
    unsigned n = 0;
    struct stat info;

    while (n < KEEP_MAX + 1 && numbered(file, n + 1, name) && lstat(name->at, &info) == 0)
        n++;
    return n;
}

static enum kn_code shift(const struct kn_append_file *file, unsigned keep, struct kn_error *err)
{
    struct kn_text from = { 0 }, to = { 0 };
    unsigned n = count_aside(file, &from);
    int number = 0;

    for (; n >= keep && n > 0; n--)
        if (numbered(file, n, &from) && unlink(from.at) != 0)
            number = errno;
    for (; n > 0 && number == 0; n--)
        if (numbered(file, n, &from) && numbered(file, n + 1, &to) && rename(from.at, to.at) != 0)
            number = errno;
    if (number == 0 && numbered(file, 1, &to) && rename(file->path.at, to.at) != 0)
        number = errno;
    if (from.failed || to.failed)
        (void)kn_fail_no_memory(err);
    kn_text_done(&from);
    kn_text_done(&to);
    if (number != 0)
        return kn_fail_system(err, number, "put the log file aside");
    return err->code;
}

enum kn_code kn_append_file_put_aside(struct kn_append_file **file, unsigned keep,
                                      struct kn_error *err)
{
    struct kn_error why = { 0 };
    enum kn_code rc;

    if (keep == 0) {
        if (ftruncate((*file)->fd, 0) != 0)
            return kn_fail_system(err, errno, "empty the log file");
        (*file)->size = 0;
        (*file)->is_torn = false;
        return KN_OK;
    }
    rc = shift(*file, keep, &why);
    if (rc != KN_OK) {
        *err = why;
        return rc;
    }
    kn_append_file_close(*file);
    *file = NULL;
    return KN_OK;
}

bool kn_standard_error_is_journal(const char *stream)
{
    char own[64];
    struct stat info;

    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0)
        return false;
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    return strcmp(own, stream) == 0;
}
