#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/io/local.h"
#include "lib/io/local_place.h"

enum { PART_SIZE = 16 * 1024, US_PER_MS = 1000, MS_PER_S = 1000 };

/* One question: the socket and until when. */
struct ask {
    const char *folder, *name;
    int fd;
    int64_t deadline_us;
    size_t max;
};

static int left_ms(const struct ask *ask)
{
    int64_t left = (ask->deadline_us - kn_loop_clock_us() + US_PER_MS - 1) / US_PER_MS;

    return left < 0 ? 0 : (int)left;
}

static enum kn_code fail_ask(const struct ask *ask, int number, const char *doing,
                             struct kn_error *err)
{
    if (number == ETIMEDOUT || number == EAGAIN)
        return kn_fail(err, KN_E_TIMEOUT, "%s/%s: no answer in time", ask->folder, ask->name);
    return kn_local_fail(err, number, ask->folder, ask->name, doing);
}

/* Wait until the socket is ready. 0 or the error number. */
static int wait_for(const struct ask *ask, short events)
{
    struct pollfd poller = { .fd = ask->fd, .events = events };

    for (;;) {
        int left = left_ms(ask), n = poll(&poller, 1, left);

        if (n > 0)
            return 0;
        if (n == 0 && left == 0)
            return ETIMEDOUT;
        if (n < 0 && errno != EINTR)
            return errno;
    }
}

/* Such a socket connects at once, or waits in connect() for a place in the other's queue. */
static enum kn_code connect_to(struct ask *ask, const struct kn_local_place *place,
                               struct kn_error *err)
{
    int left = left_ms(ask);
    struct timeval patience = { left / MS_PER_S, (suseconds_t)(left % MS_PER_S) * US_PER_MS };

    if (left == 0)
        patience.tv_usec = 1; /* 0 would be for ever */
    ask->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ask->fd < 0 ||
        setsockopt(ask->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
        return fail_ask(ask, errno, "connect", err);
    if (connect(ask->fd, (const struct sockaddr *)&place->address, sizeof(place->address)) != 0)
        return fail_ask(ask, errno, "connect", err);
    if (!kn_local_is_ours(ask->fd))
        return kn_fail(err, KN_E_DENIED, "%s/%s: belongs to another user's process", ask->folder,
                       ask->name);
    return KN_OK;
}

static enum kn_code send_all(const struct ask *ask, const char *bytes, size_t n,
                             struct kn_error *err)
{
    while (n > 0) {
        ssize_t sent = send(ask->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        int number = sent < 0 ? errno : 0;

        if (number == EAGAIN || number == EINTR)
            number = wait_for(ask, POLLOUT);
        if (number != 0)
            return fail_ask(ask, number, "ask", err);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
    return KN_OK;
}

/* Append what comes, up to a line feed. */
static enum kn_code receive(const struct ask *ask, struct kn_text *out, struct kn_error *err)
{
    size_t start = out->n;

    for (;;) {
        char part[PART_SIZE];
        ssize_t n = recv(ask->fd, part, sizeof(part), MSG_DONTWAIT);
        const char *feed = n > 0 ? memchr(part, '\n', (size_t)n) : NULL;
        size_t take = feed != NULL ? (size_t)(feed - part) : n > 0 ? (size_t)n : 0;
        int number = n < 0 ? errno : 0;

        if (n == 0)
            return kn_fail(err, KN_E_CLOSED, "%s/%s: ended without an answer", ask->folder,
                           ask->name);
        if (number == EAGAIN || number == EINTR)
            number = wait_for(ask, POLLIN);
        if (number != 0)
            return fail_ask(ask, number, "hear the answer", err);
        if (take > ask->max - (out->n - start))
            return kn_fail(err, KN_E_LIMIT, "%s/%s: the answer has more than %zu bytes",
                           ask->folder, ask->name, ask->max);
        kn_text_add_n(out, part, take);
        if (out->failed)
            return kn_fail_no_memory(err);
        if (feed != NULL)
            return KN_OK;
    }
}

static enum kn_code speak(struct ask *ask, const struct kn_local_place *place, const char *line,
                          struct kn_text *out, struct kn_error *err)
{
    enum kn_code rc = connect_to(ask, place, err);

    if (rc == KN_OK)
        rc = send_all(ask, line, strlen(line), err);
    if (rc == KN_OK)
        rc = receive(ask, out, err);
    return rc;
}

enum kn_code kn_local_ask(const char *folder, const char *name, const char *line, size_t max,
                          int timeout_ms, struct kn_text *out, struct kn_error *err)
{
    struct ask ask = {
        .folder = folder,
        .name = name,
        .fd = -1,
        .deadline_us = kn_loop_clock_us() + (int64_t)timeout_ms * US_PER_MS,
        .max = max,
    };
    struct kn_local_place place;
    enum kn_code rc = kn_local_place_open(folder, name, &place, err);

    if (rc != KN_OK)
        return rc;
    rc = speak(&ask, &place, line, out, err);
    if (ask.fd >= 0)
        (void)close(ask.fd);
    kn_local_place_close(&place);
    return rc;
}
