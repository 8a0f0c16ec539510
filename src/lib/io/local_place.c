#include "lib/io/local_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/inside.h"
#include "lib/io/local.h"

static enum kn_code code_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return KN_E_NOT_FOUND;
    case EADDRINUSE:
        return KN_E_BUSY;
    case EACCES:
    case EPERM:
    case EROFS:
        return KN_E_DENIED;
    case ENOSPC:
    case EDQUOT:
        return KN_E_NO_SPACE;
    case ENOMEM:
        return KN_E_NO_MEMORY;
    case EAGAIN:
    case ETIMEDOUT:
        return KN_E_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
        return KN_E_CLOSED;
    default:
        return KN_E_IO;
    }
}

enum kn_code kn_local_fail(struct kn_error *err, int number, const char *folder, const char *name,
                           const char *doing)
{
    return kn_fail(err, code_of(number), "%s/%s: cannot %s: %s", folder, name, doing,
                   uv_strerror(uv_translate_sys_error(number)));
}

/* Most folders are short enough, and then nothing depends on /proc. */
static void set_path(struct kn_local_place *place, const char *folder, const char *name)
{
    char *path = place->address.sun_path;
    size_t room = sizeof(place->address.sun_path), n = strlen(folder), m = strlen(name);

    if (n + m + 2 > room) {
        (void)snprintf(path, room, "/proc/self/fd/%d/%s", place->folder, name);
        return;
    }
    memcpy(path, folder, n + 1);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
}

enum kn_code kn_local_place_open(const char *folder, const char *name, struct kn_local_place *out,
                                 struct kn_error *err)
{
    struct kn_local_place place = { .address.sun_family = AF_UNIX };

    if (strlen(name) > KN_LOCAL_NAME_MAX)
        return kn_fail(err, KN_E_LIMIT, "the name of a socket has more than %d bytes",
                       KN_LOCAL_NAME_MAX);
    place.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place.folder < 0)
        return kn_local_fail(err, errno, folder, name, "open its folder");
    set_path(&place, folder, name);
    *out = place;
    return KN_OK;
}

void kn_local_place_close(struct kn_local_place *place)
{
    (void)close(place->folder);
    place->folder = -1;
}

bool kn_local_is_ours(int fd)
{
    struct ucred who;
    socklen_t n = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid();
}
