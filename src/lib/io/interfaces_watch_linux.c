#include "lib/io/interfaces_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

enum { MESSAGE_MAX = 8192, DRAIN_MAX = 64 /* messages that are read in one go */ };

struct kn_interfaces_watch {
    uv_poll_t handle;
    int fd;
    void (*changed)(void *arg);
    void *arg;
};

/* What the messages say is not looked at: that there are some is enough. Lost ones too. */
static void drain(int fd)
{
    char message[MESSAGE_MAX];

    for (int i = 0; i < DRAIN_MAX; i++) {
        if (recv(fd, message, sizeof(message), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
            return;
    }
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct kn_interfaces_watch *watch = handle->data;

    (void)events;
    drain(watch->fd);
    if (status == 0)
        watch->changed(watch->arg);
}

static int open_socket(void)
{
    const struct sockaddr_nl groups = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&groups, sizeof(groups)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

enum kn_code kn_interfaces_watch_start(struct kn_loop *loop, void (*changed)(void *arg), void *arg,
                                       struct kn_interfaces_watch **out)
{
    struct kn_interfaces_watch *watch = kn_try_alloc(sizeof(*watch));

    if (watch == NULL)
        return KN_E_NO_MEMORY;
    *watch = (struct kn_interfaces_watch){ .fd = open_socket(), .changed = changed, .arg = arg };
    if (watch->fd < 0 || uv_poll_init(loop->uv, &watch->handle, watch->fd) != 0) {
        if (watch->fd >= 0)
            (void)close(watch->fd);
        kn_free(watch);
        return KN_E_UNSUPPORTED;
    }
    watch->handle.data = watch;
    uv_unref((uv_handle_t *)&watch->handle);
    (void)uv_poll_start(&watch->handle, UV_READABLE, on_readable);
    *out = watch;
    return KN_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct kn_interfaces_watch *watch = handle->data;

    (void)close(watch->fd);
    kn_free(watch);
}

void kn_interfaces_watch_free(struct kn_interfaces_watch *watch)
{
    if (watch != NULL)
        uv_close((uv_handle_t *)&watch->handle, on_closed);
}
