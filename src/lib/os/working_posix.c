#include "lib/os/working.h"

#include <errno.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/os/failure.h"

enum kn_code kn_working_folder(struct kn_text *out, struct kn_error *err)
{
    char path[KN_PATH_MAX + 1];

    if (getcwd(path, sizeof(path)) == NULL) {
        if (errno == ENOENT)
            return kn_fail(err, KN_E_UNKNOWN, "the working folder was removed");
        return kn_fail_system(err, errno == ERANGE ? ENAMETOOLONG : errno,
                              "find the working folder");
    }
    kn_text_add(out, path);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}
