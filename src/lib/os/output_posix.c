#include "lib/os/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
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
