#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/io/inside.h"
#include "lib/io/local_inside.h"
#include "lib/io/local_place.h"

/* As in listener.c: a poll of our own, because libuv's accept loop spins while descriptors lack. */
enum { BACKLOG = 16, REST_MS = 100, SOCKET_MODE = 0600 };

struct kn_local_listener {
    struct kn_loop *loop;
    uv_poll_t poll;
    uv_timer_t rest;
    int fd, folder;
    struct kn_text name;
    struct stat info; /* of the name, once it is ours */
    kn_local_accept_fn *accepted;
    void *arg;
    unsigned owed; /* close callbacks still to come */
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void destroy(struct kn_local_listener *listener)
{
    kn_text_done(&listener->name);
    kn_free(listener);
}

static void on_closed(uv_handle_t *handle)
{
    struct kn_local_listener *listener = handle->data;

    if (--listener->owed == 0)
        destroy(listener);
}

static void on_rested(uv_timer_t *rest)
{
    struct kn_local_listener *listener = rest->data;

    (void)uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void take_a_rest(struct kn_local_listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
    (void)uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

/* One a turn: whoever waits makes the socket readable again. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kn_local_listener *listener = poll->data;
    struct kn_local *connection = NULL;
    int fd = -1;

    (void)events;
    if (status == 0)
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (status != 0 || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
            take_a_rest(listener);
        return;
    }
    if (kn_local_is_ours(fd))
        connection = kn_local_adopt(listener->loop, fd);
    if (connection != NULL)
        listener->accepted(listener->arg, connection);
    else
        (void)close(fd);
}

/* Nobody answers at the name, and it is a socket's. 0 or the error number. */
static int is_stale(const struct kn_local_place *place, const char *name)
{
    struct stat info;
    int fd, number;

    if (fstatat(place->folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno;
    if (!S_ISSOCK(info.st_mode))
        return ENOTSOCK;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    number = EADDRINUSE;
    if (connect(fd, (const struct sockaddr *)&place->address, sizeof(place->address)) != 0 &&
        (errno == ECONNREFUSED || errno == ENOENT))
        number = 0;
    (void)close(fd);
    return number;
}

static int bind_to(int fd, const struct kn_local_place *place)
{
    /* The mode of a socket that has no name yet is what its name will have. */
    if (fchmod(fd, SOCKET_MODE) != 0)
        return errno;
    return bind(fd, (const struct sockaddr *)&place->address, sizeof(place->address)) == 0 ? 0
                                                                                           : errno;
}

/* 0 or the error number. */
static int open_socket(struct kn_local_listener *listener, const struct kn_local_place *place)
{
    const char *name = kn_text_get(&listener->name);
    int number;

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return errno;
    number = bind_to(listener->fd, place);
    if (number == EADDRINUSE) {
        number = is_stale(place, name);
        if (number != 0)
            return number;
        (void)unlinkat(place->folder, name, 0);
        number = bind_to(listener->fd, place);
    }
    if (number == 0 && (fstatat(place->folder, name, &listener->info, AT_SYMLINK_NOFOLLOW) != 0 ||
                        listen(listener->fd, BACKLOG) != 0))
        number = errno;
    return number;
}

static int watch(struct kn_local_listener *listener)
{
    int status = uv_poll_init(listener->loop->uv, &listener->poll, listener->fd);

    if (status != 0)
        return -status;
    listener->poll.data = listener;
    (void)uv_timer_init(listener->loop->uv, &listener->rest);
    listener->rest.data = listener;
    listener->owed = 2;
    return -uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static enum kn_code refuse(const char *folder, const char *name, int number, struct kn_error *err)
{
    if (number == ENOTSOCK) {
        (void)kn_fail(err, KN_E_IO, "%s/%s: something that is no socket has its name", folder,
                      name);
        kn_hint(err, "Move it away.");
        return KN_E_IO;
    }
    return kn_local_fail(err, number, folder, name, "listen");
}

enum kn_code kn_local_listen(struct kn_loop *loop, const char *folder, const char *name,
                             kn_local_accept_fn *accepted, void *arg,
                             struct kn_local_listener **out, struct kn_error *err)
{
    struct kn_local_listener *listener = kn_try_alloc(sizeof(*listener));
    struct kn_local_place place = { .folder = -1 };
    enum kn_code rc;
    int number;

    if (listener == NULL)
        return kn_fail_no_memory(err);
    listener->loop = loop;
    listener->accepted = accepted;
    listener->arg = arg;
    listener->fd = -1;
    kn_text_add(&listener->name, name);
    rc = listener->name.failed ? kn_fail_no_memory(err)
                               : kn_local_place_open(folder, name, &place, err);
    if (rc != KN_OK) {
        destroy(listener);
        return rc;
    }
    listener->folder = place.folder;
    number = open_socket(listener, &place);
    if (number == 0)
        number = watch(listener);
    if (number != 0) {
        kn_local_listener_free(listener);
        return refuse(folder, name, number, err);
    }
    *out = listener;
    return KN_OK;
}

/* Another's socket may have the name now. */
static void remove_name(const struct kn_local_listener *listener)
{
    const char *name = kn_text_get(&listener->name);
    struct stat info;

    if (S_ISSOCK(listener->info.st_mode) &&
        fstatat(listener->folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_ino == listener->info.st_ino && info.st_dev == listener->info.st_dev)
        (void)unlinkat(listener->folder, name, 0);
}

void kn_local_listener_free(struct kn_local_listener *listener)
{
    if (listener == NULL)
        return;
    remove_name(listener);
    if (listener->owed > 0) {
        uv_close((uv_handle_t *)&listener->poll, on_closed);
        uv_close((uv_handle_t *)&listener->rest, on_closed);
    }
    if (listener->fd >= 0) /* after the poll let go of it */
        (void)close(listener->fd);
    (void)close(listener->folder);
    if (listener->owed == 0)
        destroy(listener);
}
