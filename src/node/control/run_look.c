#include "lib/base/text.h"
#include "lib/os/lock.h"
#include "node/control/run_file.h"

enum kn_code kn_run_folder_look(const char *home, struct kn_run_look *out, struct kn_error *err)
{
    struct kn_text lock = { 0 };
    enum kn_code rc;

    *out = (struct kn_run_look){ 0 };
    kn_text_addf(&lock, "%s/run/node.lock", home);
    rc = lock.failed ? kn_fail_no_memory(err) : kn_lock_look(lock.at, &out->pid, err);
    kn_text_done(&lock);
    if (rc != KN_E_BUSY)
        return rc;
    out->runs = true;
    kn_run_file_find(home, out);
    return KN_OK;
}

enum kn_code kn_run_folder_await_end(const char *home, int64_t pid, int64_t timeout_ms,
                                     struct kn_error *err)
{
    struct kn_text lock = { 0 };
    enum kn_code rc;

    kn_text_addf(&lock, "%s/run/node.lock", home);
    rc = lock.failed ? kn_fail_no_memory(err) : kn_lock_await(lock.at, pid, timeout_ms, err);
    kn_text_done(&lock);
    return rc;
}
