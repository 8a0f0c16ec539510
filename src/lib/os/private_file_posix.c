#include "lib/os/private_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/failure.h"
#include "lib/os/file_open.h"

enum { MODE_BITS = 07777, OTHERS = 0077 };

enum kn_code kn_private_file_read(const char *path, size_t max, bool shut,
                                  struct kn_private_file *out, struct kn_error *err)
{
    struct kn_private_file file = { 0 };
    struct stat info;
    int fd = -1;
    enum kn_code rc = kn_file_open(path, max, &fd, &info, err);

    if (rc != KN_OK)
        return rc;
    file.mode = (unsigned)info.st_mode & MODE_BITS;
    file.is_ours = info.st_uid == geteuid();
    file.is_open = (file.mode & OTHERS) != 0;
    if (shut && file.is_ours && file.is_open && fchmod(fd, KN_PRIVATE_MODE) != 0) {
        rc = kn_fail_system(err, errno, "shut others out of it");
        (void)close(fd);
        return rc;
    }
    rc = kn_file_drain(fd, (size_t)info.st_size, max, &file.bytes, err);
    if (rc == KN_OK)
        *out = file;
    return rc;
}
