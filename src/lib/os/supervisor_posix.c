#include "lib/os/supervisor.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/failure.h"

struct kn_supervisor {
    int fd;
    struct sockaddr_un address;
    socklen_t size;
};

/* A name without a file begins with a NUL, and ends where the address does. */
static enum kn_code set_address(struct kn_supervisor *supervisor, const char *socket,
                                struct kn_error *err)
{
    size_t n = strlen(socket);

    if ((socket[0] != '/' && socket[0] != '@') || n < 2 ||
        n >= sizeof(supervisor->address.sun_path))
        return kn_fail(err, KN_E_INVALID, "\"%.100s\" names no socket", socket);
    supervisor->address.sun_family = AF_UNIX;
    memcpy(supervisor->address.sun_path, socket, n);
    supervisor->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (socket[0] == '@')
        supervisor->address.sun_path[0] = '\0';
    else
        supervisor->size++;
    return KN_OK;
}

enum kn_code kn_supervisor_open(const char *socket_name, struct kn_supervisor **out,
                                struct kn_error *err)
{
    struct kn_supervisor *supervisor = kn_try_alloc(sizeof(*supervisor));
    enum kn_code rc;

    if (supervisor == NULL)
        return kn_fail_no_memory(err);
    supervisor->fd = -1;
    rc = set_address(supervisor, socket_name, err);
    if (rc == KN_OK) {
        supervisor->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (supervisor->fd < 0)
            rc = kn_fail_system(err, errno, "make a socket");
    }
    if (rc == KN_OK)
        *out = supervisor;
    else
        kn_supervisor_free(supervisor);
    return rc;
}

void kn_supervisor_tell(const struct kn_supervisor *supervisor, const char *lines)
{
    ssize_t sent;

    if (supervisor == NULL)
        return;
    do {
        sent = sendto(supervisor->fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
                      (const struct sockaddr *)&supervisor->address, supervisor->size);
    } while (sent < 0 && errno == EINTR);
}

void kn_supervisor_free(struct kn_supervisor *supervisor)
{
    if (supervisor == NULL)
        return;
    if (supervisor->fd >= 0)
        (void)close(supervisor->fd);
    kn_free(supervisor);
}
