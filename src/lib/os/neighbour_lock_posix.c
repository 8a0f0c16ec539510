#include "lib/os/neighbour_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/failure.h"

enum { LOCK_MODE = 0644 };

struct kn_neighbour_lock {
    int fd;
};

enum kn_code kn_neighbour_lock_take(const char *path, struct kn_neighbour_lock **out,
                                    struct kn_error *err)
{
    struct kn_neighbour_lock *lock = kn_try_alloc(sizeof(*lock));
    enum kn_code rc = KN_OK;

    if (lock == NULL)
        return kn_fail_no_memory(err);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, LOCK_MODE);
    if (lock->fd < 0)
        rc = kn_fail_system(err, errno, "open it");
    else if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0)
        rc = errno == EWOULDBLOCK ? kn_fail(err, KN_E_BUSY, "held by another program")
                                  : kn_fail_system(err, errno, "lock it");
    if (rc != KN_OK) {
        kn_neighbour_lock_release(lock);
        return rc;
    }
    *out = lock;
    return KN_OK;
}

void kn_neighbour_lock_release(struct kn_neighbour_lock *lock)
{
    if (lock == NULL)
        return;
    if (lock->fd >= 0)
        (void)close(lock->fd);
    kn_free(lock);
}
