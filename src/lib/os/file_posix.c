#include "lib/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/shell.h"
#include "lib/os/failure.h"
#include "lib/os/file_open.h"

enum { FIRST_READ = 4096 };

void kn_bytes_done(struct kn_bytes *bytes)
{
    kn_free(bytes->at);
    *bytes = (struct kn_bytes){ 0 };
}

bool kn_file_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static enum kn_code too_large(size_t max, struct kn_error *err)
{
    return kn_fail(err, KN_E_LIMIT, "larger than the limit of %zu bytes", max);
}

/* For a path that could not be opened or looked at. */
static enum kn_code refuse(const char *path, int number, struct kn_error *err)
{
    enum kn_code rc = kn_fail_system(err, number, NULL);
    struct stat info;

    if (number != EACCES)
        return rc;
    if (stat(path, &info) == 0)
        kn_hint_owner(err, "The file", &info);
    else
        kn_hint(err, "A folder on its path may not be entered.");
    return rc;
}

static enum kn_code accept_kind(const struct stat *info, size_t max, struct kn_error *err)
{
    if (!S_ISREG(info->st_mode)) {
        (void)kn_fail(err, KN_E_IO, "is %s, not a file", kn_kind_of(info));
        kn_hint(err, "Correct the path, so that it leads to a file.");
        return KN_E_IO;
    }
    if (info->st_size > 0 && (uintmax_t)info->st_size > max)
        return too_large(max, err);
    return KN_OK;
}

enum kn_code kn_file_open(const char *path, size_t max, int *out, struct stat *info,
                          struct kn_error *err)
{
    enum kn_code rc;
    int fd;

    /* Looked at before it is opened: opening wakes the writer of a pipe and starts some devices. */
    if (stat(path, info) != 0)
        return refuse(path, errno, err);
    rc = accept_kind(info, max, err);
    if (rc != KN_OK)
        return rc;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return refuse(path, errno, err);
    if (fstat(fd, info) != 0)
        rc = kn_fail_system(err, errno, "look at it");
    else
        rc = accept_kind(info, max, err);
    if (rc != KN_OK) {
        (void)close(fd);
        return rc;
    }
    *out = fd;
    return KN_OK;
}

/* Make room for one more byte than was read, and for the NUL. */
static enum kn_code grow(struct kn_bytes *bytes, size_t *room, struct kn_error *err)
{
    size_t more = *room < SIZE_MAX / 2 ? *room * 2 : SIZE_MAX;
    char *at;

    if (bytes->n + 2 <= *room)
        return KN_OK;
    at = kn_try_realloc(bytes->at, more);
    if (at == NULL)
        return kn_fail_no_memory(err);
    bytes->at = at;
    *room = more;
    return KN_OK;
}

/* The size is a hint only: files under /proc have none, others grow while they are read. */
static enum kn_code read_all(int fd, size_t size, size_t max, struct kn_bytes *bytes,
                             struct kn_error *err)
{
    size_t room = size > FIRST_READ ? size + 2 : FIRST_READ;

    bytes->at = kn_try_alloc(room);
    if (bytes->at == NULL)
        return kn_fail_no_memory(err);
    for (;;) {
        ssize_t got;

        if (grow(bytes, &room, err) != KN_OK)
            return KN_E_NO_MEMORY;
        got = read(fd, bytes->at + bytes->n, room - bytes->n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kn_fail_system(err, errno, "read");
        if (got == 0)
            break;
        bytes->n += (size_t)got;
        if (bytes->n > max)
            return too_large(max, err);
    }
    bytes->at[bytes->n] = '\0';
    return KN_OK;
}

enum kn_code kn_file_drain(int fd, size_t size, size_t max, struct kn_bytes *out,
                           struct kn_error *err)
{
    struct kn_bytes bytes = { 0 };
    enum kn_code rc = read_all(fd, size, max, &bytes, err);

    (void)close(fd);
    if (rc != KN_OK) {
        kn_bytes_done(&bytes);
        return rc;
    }
    *out = bytes;
    return KN_OK;
}

enum kn_code kn_file_read(const char *path, size_t max, struct kn_bytes *out, struct kn_error *err)
{
    struct stat info;
    int fd = -1;
    enum kn_code rc = kn_file_open(path, max, &fd, &info, err);

    return rc == KN_OK ? kn_file_drain(fd, (size_t)info.st_size, max, out, err) : rc;
}

/* Root may do everything anyway; whoever else owns the file decides what it says. */
static void judge(const char *path, const struct stat *info, struct kn_error *others)
{
    bool foreign = info->st_uid != geteuid() && info->st_uid != 0;
    struct kn_text cure = { 0 };

    *others = (struct kn_error){ .code = KN_OK };
    if (!foreign && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return;
    if (foreign) {
        (void)kn_fail(others, KN_E_DENIED, "another user owns it: uid %lu, and this is uid %lu",
                      (unsigned long)info->st_uid, (unsigned long)geteuid());
        kn_text_addf(&cure, "sudo chown %lu ", (unsigned long)geteuid());
    } else {
        (void)kn_fail(others, KN_E_DENIED, "%s may write it: its mode is %04o",
                      info->st_mode & S_IWOTH ? "everybody" : "its group",
                      (unsigned)info->st_mode & 07777u);
        kn_text_add(&cure, "chmod go-w ");
    }
    kn_shell_add(&cure, path);
    kn_hint(others, "Run: %s", kn_text_get(&cure));
    kn_text_done(&cure);
}

void kn_file_judge(const char *path, struct kn_error *others)
{
    struct stat info;

    *others = (struct kn_error){ .code = KN_OK };
    if (stat(path, &info) == 0)
        judge(path, &info, others);
}

enum kn_code kn_file_read_judged(const char *path, size_t max, struct kn_bytes *out,
                                 struct kn_error *others, struct kn_error *err)
{
    struct stat info;
    int fd = -1;
    enum kn_code rc = kn_file_open(path, max, &fd, &info, err);

    if (rc != KN_OK)
        return rc;
    judge(path, &info, others);
    return kn_file_drain(fd, (size_t)info.st_size, max, out, err);
}
