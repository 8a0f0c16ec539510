#include "lib/os/access.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* With the effective user, as an open() would be judged. */
static bool may(const char *path, int how)
{
    return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
}

enum kn_code kn_access_look(const char *path, struct kn_access *out)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return KN_E_NOT_FOUND;
        return errno == EACCES ? KN_E_DENIED : KN_E_IO;
    }
    *out = (struct kn_access){
        .is_folder = S_ISDIR(info.st_mode),
        .is_file = S_ISREG(info.st_mode),
        .is_ours = info.st_uid == geteuid(),
        .may_read = may(path, R_OK),
        .may_write = may(path, W_OK),
        .may_enter = may(path, X_OK),
        .is_read_only = !may(path, W_OK) && errno == EROFS,
        .mode = (unsigned)info.st_mode & 07777u,
        .owner = (unsigned long)info.st_uid,
    };
    return KN_OK;
}
