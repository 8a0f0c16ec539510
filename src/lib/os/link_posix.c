#include "lib/os/link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/failure.h"

enum kn_code kn_link_make(const char *target, const char *path, struct kn_error *err)
{
    struct stat info;

    if (symlink(target, path) == 0)
        return KN_OK;
    if (errno == EEXIST && lstat(path, &info) == 0) {
        if (!S_ISLNK(info.st_mode))
            return kn_fail(err, KN_E_BUSY, "something that is no link has its name");
        if (unlink(path) == 0 && symlink(target, path) == 0)
            return KN_OK;
    }
    if (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP)
        return kn_fail(err, KN_E_UNSUPPORTED, "the file system has no symbolic links");
    return kn_fail_system(err, errno, "make the link");
}

enum kn_code kn_file_rename(const char *from, const char *to, struct kn_error *err)
{
    return rename(from, to) == 0 ? KN_OK : kn_fail_system(err, errno, "rename it");
}
