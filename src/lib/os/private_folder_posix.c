#include "lib/os/private_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/failure.h"

enum kn_code kn_private_folder_make(const char *where, const char *name, struct kn_text *out,
                                    struct kn_error *err)
{
    struct kn_text pattern = { 0 };
    enum kn_code rc = KN_OK;

    kn_text_addf(&pattern, "%s/%s-XXXXXX", where, name);
    if (pattern.failed) {
        rc = kn_fail_no_memory(err);
    } else if (mkdtemp(pattern.at) == NULL) {
        rc = kn_fail_system(err, errno, NULL);
        kn_wrap(err, "cannot make a folder in %s", where);
    } else {
        kn_text_add(out, pattern.at);
    }
    kn_text_done(&pattern);
    return rc == KN_OK && out->failed ? kn_fail_no_memory(err) : rc;
}

void kn_private_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    (void)rmdir(path);
}
