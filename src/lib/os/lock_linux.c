#include "lib/os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/os/failure.h"

enum { LOCK_MODE = 0600, NUMBER_SIZE = 24, LOOK_AGAIN_MS = 20, MS_PER_S = 1000 };
enum { NS_PER_MS = 1000000 };

struct kn_lock {
    int fd;
    bool is_held;
};

/*
 * Locks of open file descriptions: they exclude each other in one process too, closing another
 * descriptor of the file does not lose them, and F_OFD_GETLK looks without taking, so that one who
 * looks is never in the way of one who starts.
 */
static struct flock whole_file(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

/* The process that the file names; 0 when it names none. */
static int64_t holder_of(int fd)
{
    char text[NUMBER_SIZE];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    int64_t pid;

    if (n <= 0 || text[n - 1] != '\n')
        return 0;
    text[n - 1] = '\0';
    return kn_parse_whole(text, &pid) == KN_OK && pid > 0 ? pid : 0;
}

/* 0 or the error number. */
static int name_holder(int fd)
{
    char text[NUMBER_SIZE];
    int n = snprintf(text, sizeof(text), "%lld\n", (long long)getpid());

    if (ftruncate(fd, 0) != 0)
        return errno;
    return pwrite(fd, text, (size_t)n, 0) == n ? 0 : errno != 0 ? errno : ENOSPC;
}

static void forget_holder(int fd)
{
    if (ftruncate(fd, 0) != 0)
        return; /* the number is only a courtesy */
}

static enum kn_code fail_lock(const char *path, int number, const char *doing, struct kn_error *err)
{
    enum kn_code rc = kn_fail_system(err, number, doing);

    kn_wrap(err, "%s", path);
    return rc;
}

static enum kn_code fail_busy(const char *path, int64_t pid, struct kn_error *err)
{
    if (pid > 0)
        return kn_fail(err, KN_E_BUSY, "%s: held by process %lld", path, (long long)pid);
    return kn_fail(err, KN_E_BUSY, "%s: held by another process", path);
}

static enum kn_code take(int fd, const char *path, int64_t *holder, struct kn_error *err)
{
    struct flock lock = whole_file();
    int number;

    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES)
            return fail_lock(path, errno, "lock it", err);
        *holder = holder_of(fd);
        return fail_busy(path, *holder, err);
    }
    errno = 0;
    number = name_holder(fd);
    return number == 0 ? KN_OK : fail_lock(path, number, "write into it", err);
}

enum kn_code kn_lock_take(const char *path, struct kn_lock **out, int64_t *holder,
                          struct kn_error *err)
{
    struct kn_lock *lock = kn_try_alloc(sizeof(*lock));
    enum kn_code rc;

    *holder = 0;
    if (lock == NULL)
        return kn_fail_no_memory(err);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, LOCK_MODE);
    rc = lock->fd < 0 ? fail_lock(path, errno, "open it", err) : take(lock->fd, path, holder, err);
    if (rc != KN_OK) {
        kn_lock_release(lock);
        return rc;
    }
    lock->is_held = true;
    *out = lock;
    return KN_OK;
}

void kn_lock_release(struct kn_lock *lock)
{
    if (lock == NULL)
        return;
    if (lock->is_held)
        forget_holder(lock->fd); /* so that nobody reads a number that holds no longer */
    if (lock->fd >= 0)
        (void)close(lock->fd);
    kn_free(lock);
}

enum kn_code kn_lock_look(const char *path, int64_t *holder, struct kn_error *err)
{
    struct flock lock = whole_file();
    enum kn_code rc = KN_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *holder = 0;
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? KN_OK : fail_lock(path, errno, "open it", err);
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0) {
        rc = fail_lock(path, errno, "look whether it is locked", err);
    } else if (lock.l_type != F_UNLCK) {
        *holder = holder_of(fd);
        rc = fail_busy(path, *holder, err);
    }
    (void)close(fd);
    return rc;
}

static int64_t clock_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return INT64_MAX; /* as if the time were over */
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* The system has no way to wait for a lock without taking it, which would be in the way of the next
 * start; hence looks. */
enum kn_code kn_lock_await(const char *path, int64_t holder, int64_t timeout_ms,
                           struct kn_error *err)
{
    const struct timespec rest = { .tv_nsec = (long)LOOK_AGAIN_MS * NS_PER_MS };
    int64_t deadline = clock_ms() + timeout_ms;

    for (;;) {
        struct kn_error busy = { 0 };
        int64_t now_held_by;
        enum kn_code rc = kn_lock_look(path, &now_held_by, &busy);

        if (rc == KN_OK ||
            (rc == KN_E_BUSY && holder > 0 && now_held_by > 0 && now_held_by != holder))
            return KN_OK;
        if (rc != KN_E_BUSY)
            return kn_fail(err, rc, "%s", busy.text);
        if (clock_ms() >= deadline)
            return kn_fail(err, KN_E_TIMEOUT, "%s", busy.text);
        (void)nanosleep(&rest, NULL);
    }
}
