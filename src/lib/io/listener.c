#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

/* libuv's own accept loop never leaves while descriptors lack; this one takes a rest. */
enum { BACKLOG = 512, ACCEPTS_PER_TURN = 64, REST_MS = 100 };

struct kn_listener {
    struct kn_loop *loop;
    uv_poll_t poll;
    uv_timer_t rest;
    int fd;
    kn_accept_fn *accepted;
    void *arg;
    unsigned owed; /* close callbacks still to come, and one while accepting */
    bool is_freed;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void drop(struct kn_listener *listener)
{
    if (--listener->owed == 0)
        kn_free(listener);
}

static void on_closed(uv_handle_t *handle)
{
    drop(handle->data);
}

static void on_rested(uv_timer_t *rest)
{
    struct kn_listener *listener = rest->data;

    (void)uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void take_a_rest(struct kn_listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
    (void)uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

/* A connection of the system becomes one of ours, or is closed when that fails. */
static void take(struct kn_listener *listener, int fd, const struct sockaddr *address)
{
    struct kn_tcp *tcp = kn_tcp_new(listener->loop);
    struct kn_endpoint from;

    if (tcp == NULL) {
        (void)close(fd);
        return;
    }
    if (uv_tcp_open(&tcp->handle, fd) != 0) {
        (void)close(fd);
        kn_tcp_free(tcp);
        return;
    }
    if (kn_endpoint_from_system(address, &from))
        listener->accepted(listener->arg, tcp, &from);
    else
        kn_tcp_free(tcp);
}

static bool accept_one(struct kn_listener *listener)
{
    struct sockaddr_storage address = { 0 };
    socklen_t n = sizeof(address);
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        take(listener, fd, (const struct sockaddr *)&address);
        return true;
    }
    if (errno == ECONNABORTED || errno == EINTR) /* the peer gave up while it waited */
        return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        take_a_rest(listener);
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kn_listener *listener = poll->data;

    (void)events;
    if (status != 0) {
        take_a_rest(listener);
        return;
    }
    listener->owed++;
    for (int i = 0; i < ACCEPTS_PER_TURN && !listener->is_freed; i++) {
        if (!accept_one(listener))
            break;
    }
    drop(listener);
}

static int set_up(int fd, const struct kn_endpoint *at)
{
    struct sockaddr_storage address;
    socklen_t n = at->is_ip6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int on = 1;

    kn_endpoint_to_system(at, &address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return -1;
    if (at->is_ip6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&address, n) != 0)
        return -1;
    return listen(fd, BACKLOG);
}

/* A socket that listens, or -1 with errno set. */
static int open_socket(const struct kn_endpoint *at)
{
    int fd = socket(at->is_ip6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int number;

    if (fd < 0 || set_up(fd, at) == 0)
        return fd;
    number = errno;
    (void)close(fd);
    errno = number;
    return -1;
}

static enum kn_code fail_listen(struct kn_error *err, const struct kn_endpoint *at, int status)
{
    enum kn_code code = kn_code_from_uv(status);
    char text[KN_ENDPOINT_TEXT_SIZE];

    if (code == KN_E_UNREACHABLE || status == UV_EINVAL)
        code = KN_E_INVALID;
    else if (code != KN_E_BUSY && code != KN_E_DENIED && code != KN_E_NO_MEMORY)
        code = KN_E_IO;
    kn_endpoint_print(at, text);
    (void)kn_fail(err, code, "cannot listen on %s: %s", text, uv_strerror(status));
    if (code == KN_E_BUSY)
        kn_hint(err, "Choose another port, or end the program that uses this one.");
    else if (code == KN_E_INVALID)
        kn_hint(err, "Choose an address that this machine has.");
    else if (code == KN_E_DENIED)
        kn_hint(err, "Choose a port from 1024 on; lower ones need a privilege.");
    return code;
}

/* Hand `listener` over to the loop; its socket is open. */
static int watch(struct kn_listener *listener)
{
    int status = uv_poll_init(listener->loop->uv, &listener->poll, listener->fd);

    if (status != 0)
        return status;
    listener->poll.data = listener;
    (void)uv_timer_init(listener->loop->uv, &listener->rest);
    listener->rest.data = listener;
    listener->owed = 2;
    return uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

enum kn_code kn_listen(struct kn_loop *loop, const struct kn_endpoint *at, kn_accept_fn *accepted,
                       void *arg, struct kn_listener **out, struct kn_error *err)
{
    struct kn_listener *listener = kn_try_alloc(sizeof(*listener));
    int status;

    if (listener == NULL)
        return kn_fail_no_memory(err);
    listener->loop = loop;
    listener->accepted = accepted;
    listener->arg = arg;
    listener->fd = open_socket(at);
    status = listener->fd < 0 ? uv_translate_sys_error(errno) : watch(listener);
    if (status != 0) {
        kn_listener_free(listener);
        return fail_listen(err, at, status);
    }
    *out = listener;
    return KN_OK;
}

void kn_listener_free(struct kn_listener *listener)
{
    if (listener == NULL)
        return;
    listener->is_freed = true;
    if (listener->owed > 0) {
        uv_close((uv_handle_t *)&listener->poll, on_closed);
        uv_close((uv_handle_t *)&listener->rest, on_closed);
    }
    if (listener->fd >= 0) /* after the poll let go of it */
        (void)close(listener->fd);
    if (listener->owed == 0)
        kn_free(listener);
}

void kn_listener_endpoint(const struct kn_listener *listener, struct kn_endpoint *out)
{
    struct sockaddr_storage address = { 0 };
    socklen_t n = sizeof(address);

    if (getsockname(listener->fd, (struct sockaddr *)&address, &n) != 0 ||
        !kn_endpoint_from_system((const struct sockaddr *)&address, out))
        *out = (struct kn_endpoint){ 0 };
}
