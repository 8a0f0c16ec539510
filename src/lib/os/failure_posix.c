#include "lib/os/failure.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_SIZE = 64, ENTRY_SIZE = 1024 };

static const struct {
    int number;
    enum kn_code code;
    const char *reason;
} reasons[] = {
    { ENOENT, KN_E_NOT_FOUND, "does not exist" },
    { ENOTDIR, KN_E_NOT_FOUND, "a part of its path is not a folder" },
    { EACCES, KN_E_DENIED, "permission denied" },
    { EPERM, KN_E_DENIED, "the system does not permit it" },
    { EROFS, KN_E_DENIED, "the file system is read-only" },
    { ENOSPC, KN_E_NO_SPACE, "the disk is full" },
    { EDQUOT, KN_E_NO_SPACE, "the disk quota is used up" },
    { EFBIG, KN_E_NO_SPACE, "larger than a file may be here" },
    { ENAMETOOLONG, KN_E_LIMIT, "a name in its path is too long" },
    { ENOMEM, KN_E_NO_MEMORY, "out of memory" },
    { ELOOP, KN_E_IO, "symbolic links lead in a circle" },
    { EIO, KN_E_IO, "input/output error" },
    { EMFILE, KN_E_IO, "too many files are open" },
    { ENFILE, KN_E_IO, "too many files are open in the system" },
    { EBUSY, KN_E_IO, "in use" },
    { EISDIR, KN_E_IO, "it is a folder" },
    { ENXIO, KN_E_IO, "nothing answers behind it" },
    { ENODEV, KN_E_IO, "nothing answers behind it" },
    { ETXTBSY, KN_E_IO, "a program that is running" },
    { ENOEXEC, KN_E_IO, "not a program for this system" },
    { E2BIG, KN_E_LIMIT, "too many or too long arguments" },
};

enum kn_code kn_fail_system(struct kn_error *err, int number, const char *doing)
{
    const char *cannot = doing != NULL ? "cannot " : "", *colon = doing != NULL ? ": " : "";

    if (doing == NULL)
        doing = "";
    for (size_t i = 0; i < KN_COUNT(reasons); i++) {
        if (reasons[i].number == number)
            return kn_fail(err, reasons[i].code, "%s%s%s%s", cannot, doing, colon,
                           reasons[i].reason);
    }
    return kn_fail(err, KN_E_IO, "%s%s%ssystem error %d", cannot, doing, colon, number);
}

const char *kn_kind_of(const struct stat *info)
{
    if (S_ISDIR(info->st_mode))
        return "a folder";
    if (S_ISFIFO(info->st_mode))
        return "a pipe";
    if (S_ISSOCK(info->st_mode))
        return "a socket";
    return "a device";
}

/* "alice" (uid 1000), or uid 1000 when the system has no name for it. */
static void describe(uid_t uid, char *out, size_t size)
{
    char buffer[ENTRY_SIZE];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL)
        (void)snprintf(out, size, "\"%s\" (uid %lu)", found->pw_name, (unsigned long)uid);
    else
        (void)snprintf(out, size, "uid %lu", (unsigned long)uid);
}

void kn_hint_owner(struct kn_error *err, const char *what, const struct stat *info)
{
    char owner[NAME_SIZE], asks[NAME_SIZE];

    describe(info->st_uid, owner, sizeof(owner));
    describe(geteuid(), asks, sizeof(asks));
    kn_hint(err, "%s belongs to %s, group %lu, with mode %04o; this program runs as %s.", what,
            owner, (unsigned long)info->st_gid, (unsigned)info->st_mode & 07777u, asks);
}
