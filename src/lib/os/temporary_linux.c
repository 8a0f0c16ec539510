#include "lib/os/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/utf8.h"
#include "lib/os/failure.h"

enum {
    NAME_TRIES = 64,  /* random names before giving up */
    NAME_LETTERS = 6, /* the random part */
    CREATED_MODE = 0600
};

_Static_assert(KN_TEMPORARY_NAME_SIZE == NAME_MAX + 1, "as long as a name may be");

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char mark[] = ".kwaainet-";

/* How much of the name of the file that it stands for is in its own. */
static size_t kept_length(const char *name)
{
    size_t n = strlen(name), most = KN_TEMPORARY_NAME_SIZE - 2 - (sizeof(mark) - 1) - NAME_LETTERS;

    return n > most ? kn_utf8_cut(name, most) : n;
}

bool kn_temporary_is(const char *name, const char *beside)
{
    size_t n = strlen(name), end = NAME_LETTERS + sizeof(mark) - 1;

    if (name[0] != '.' || n < 2 + end || strspn(name + n - NAME_LETTERS, letters) != NAME_LETTERS ||
        strncmp(name + n - end, mark, sizeof(mark) - 1) != 0)
        return false;
    return beside == NULL ||
           (n - 1 - end == kept_length(beside) && strncmp(name + 1, beside, n - 1 - end) == 0);
}

static enum kn_code random_name(const char *name, char *out, struct kn_error *err)
{
    size_t n = kept_length(name);
    unsigned char bytes[NAME_LETTERS];
    int used;

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return kn_fail_system(err, errno, "find a name for a temporary file");
    used = snprintf(out, KN_TEMPORARY_NAME_SIZE, ".%.*s%s", (int)n, name, mark);
    for (size_t i = 0; i < NAME_LETTERS; i++)
        out[(size_t)used + i] = letters[bytes[i] % (sizeof(letters) - 1)];
    out[used + NAME_LETTERS] = '\0';
    return KN_OK;
}

static enum kn_code refuse_folder(int folder, int number, struct kn_error *err)
{
    enum kn_code rc = kn_fail_system(err, number, "create a file in its folder");
    struct stat info;

    if (number == EACCES && fstat(folder, &info) == 0)
        kn_hint_owner(err, "The folder", &info);
    return rc;
}

enum kn_code kn_temporary_make(int folder, const char *beside, struct kn_temporary *temporary,
                               struct kn_error *err)
{
    char name[KN_TEMPORARY_NAME_SIZE];

    for (int i = 0; i < NAME_TRIES; i++) {
        enum kn_code rc = random_name(beside, name, err);

        if (rc != KN_OK)
            return rc;
        temporary->fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               CREATED_MODE);
        if (temporary->fd >= 0) {
            memcpy(temporary->name, name, sizeof(name));
            return KN_OK;
        }
        if (errno != EEXIST && errno != EINTR)
            return refuse_folder(folder, errno, err);
    }
    return refuse_folder(folder, EEXIST, err);
}

static enum kn_code write_all(int fd, const char *bytes, size_t n, struct kn_error *err)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return kn_fail_system(err, done < 0 ? errno : EIO, "write");
        bytes += done;
        n -= (size_t)done;
    }
    return KN_OK;
}

static int flush(int fd)
{
    int failed;

    do {
        failed = fsync(fd);
    } while (failed != 0 && errno == EINTR);
    return failed;
}

static enum kn_code close_temporary(struct kn_temporary *temporary, struct kn_error *err)
{
    int fd = temporary->fd;

    temporary->fd = -1;
    /* After EINTR the descriptor is gone, and the bytes were flushed before. */
    if (close(fd) != 0 && errno != EINTR)
        return kn_fail_system(err, errno, "write");
    return KN_OK;
}

enum kn_code kn_temporary_fill(struct kn_temporary *temporary, const char *bytes, size_t n,
                               struct kn_error *err)
{
    enum kn_code rc = write_all(temporary->fd, bytes, n, err);

    if (rc == KN_OK && flush(temporary->fd) != 0)
        rc = kn_fail_system(err, errno, "write");
    return rc == KN_OK ? close_temporary(temporary, err) : rc;
}

void kn_temporary_done(int folder, struct kn_temporary *temporary)
{
    if (temporary->fd >= 0)
        (void)close(temporary->fd);
    if (temporary->name[0] != '\0')
        (void)unlinkat(folder, temporary->name, 0);
    *temporary = (struct kn_temporary){ .fd = -1 };
}

enum kn_code kn_folder_flush(int folder, struct kn_error *err)
{
    /* EINVAL and ENOTSUP: a file system that flushes its folders by itself. */
    if (flush(folder) != 0 && errno != EINVAL && errno != ENOTSUP)
        return kn_fail(err, KN_E_IO,
                       "the new file is in place, but its folder could not be "
                       "flushed to the disk; a power cut may undo it");
    return KN_OK;
}
