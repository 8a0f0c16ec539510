#include "lib/os/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/failure.h"

/* A terminal that another program made non-blocking: wait until it takes more. */
static void wait_writable(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLOUT };

    (void)poll(&one, 1, -1);
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno == EAGAIN) {
            wait_writable(fd);
        } else if (written < 0) {
            if (errno != EINTR)
                return errno;
        } else {
            bytes += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

enum kn_code kn_output_write(enum kn_output output, const char *bytes, size_t n,
                             struct kn_error *err)
{
    struct sigaction ignore = { 0 }, before;
    int number;

    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGPIPE, &ignore, &before);
    number = write_all((int)output, bytes, n);
    (void)sigaction(SIGPIPE, &before, NULL);
    if (number == 0)
        return KN_OK;
    if (number == EPIPE)
        return kn_fail(err, KN_E_NOT_FOUND, "nobody reads the output any more");
    return kn_fail_system(err, number, "write the output");
}

/*
 * Whether a write waits is a property of the open pipe or terminal, which other processes share.
 * So it is opened once more, for us alone. -1: that is not allowed here.
 */
static int open_again(int fd)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* A descriptor that does not wait; `fd` itself where there is no better one. */
static int unwaiting(int fd)
{
    static int known[] = { -1, -1, -1 };
    struct stat about;

    if (known[fd] >= 0)
        return known[fd];
    known[fd] = fd;
    if (fstat(fd, &about) == 0 && (S_ISFIFO(about.st_mode) || isatty(fd) == 1)) {
        int again = open_again(fd);

        if (again >= 0)
            known[fd] = again;
    }
    return known[fd];
}

static bool takes_some(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLOUT };

    return poll(&one, 1, 0) > 0;
}

enum kn_code kn_output_offer(enum kn_output output, const char *bytes, size_t n, size_t *written,
                             struct kn_error *err)
{
    enum { PIECE = 512 }; /* POSIX: a pipe that takes anything takes so much */
    int fd = unwaiting((int)output);

    *written = 0;
    while (*written < n && takes_some(fd)) {
        size_t piece = n - *written < PIECE || fd != (int)output ? n - *written : PIECE;
        ssize_t took = write(fd, bytes + *written, piece);

        if (took > 0)
            *written += (size_t)took;
        else if (took < 0 && errno == EPIPE)
            return kn_fail(err, KN_E_NOT_FOUND, "nobody reads the output any more");
        else if (took < 0 && errno == EAGAIN)
            break;
        else if (took < 0 && errno != EINTR)
            return kn_fail_system(err, errno, "write the output");
    }
    return KN_OK;
}

void kn_output_await(enum kn_output output, int timeout_ms)
{
    struct pollfd one = { .fd = (int)output, .events = POLLOUT };

    (void)poll(&one, 1, timeout_ms);
}

void kn_output_empty(enum kn_output output)
{
    struct stat about;

    if (fstat((int)output, &about) != 0 || !S_ISREG(about.st_mode))
        return;
    if (ftruncate((int)output, 0) != 0)
        return; /* what stood there stays: no reason not to go on */
}
