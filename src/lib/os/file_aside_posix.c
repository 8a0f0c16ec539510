#include "lib/os/file_aside.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/text.h"
#include "lib/os/failure.h"

enum kn_code kn_file_set_aside(const char *path, struct kn_error *err)
{
    struct kn_text aside = { 0 };
    enum kn_code rc = KN_OK;

    kn_text_addf(&aside, "%s" KN_ASIDE_SUFFIX, path);
    if (aside.failed)
        rc = kn_fail_no_memory(err);
    else if (rename(path, kn_text_get(&aside)) != 0)
        rc = kn_fail_system(err, errno, "set it aside");
    kn_text_done(&aside);
    return rc;
}
