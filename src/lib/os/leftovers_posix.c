#include "lib/os/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/temporary.h"

static bool is_old(int folder, const char *name, time_t now)
{
    struct stat info;

    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
           info.st_mtime <= now - KN_LEFTOVER_AGE_S;
}

void kn_leftovers_remove(const char *folder, const char *beside)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    time_t now = time(NULL);

    if (open == NULL)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(open)) != NULL) {
        if (kn_temporary_is(entry->d_name, beside) && is_old(dirfd(open), entry->d_name, now))
            (void)unlinkat(dirfd(open), entry->d_name, 0);
    }
    (void)closedir(open);
}
