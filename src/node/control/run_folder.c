#include "node/control/run_folder.h"

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/leftovers.h"
#include "lib/os/lock.h"
#include "lib/os/pid_file.h"
#include "lib/os/private_folder.h"
#include "lib/os/transient_file.h"
#include "node/control/run_end.h"
#include "node/control/run_file.h"

struct kn_run_folder {
    struct kn_text path, file, end;
    struct kn_lock *lock;
    struct kn_run_left left;
};

/* D28, D17: of two nodes with one key neither would be heard. */
enum kn_code kn_run_folder_is_held(const char *home, int64_t pid, struct kn_error *err)
{
    if (pid > 0)
        (void)kn_fail(err, KN_E_BUSY, "a node runs already with the data folder %s: process %lld",
                      home, (long long)pid);
    else
        (void)kn_fail(err, KN_E_BUSY, "a node runs already with the data folder %s", home);
    kn_hint(err,
            "Stop it with kwaainet stop --home %s, or give this one a data folder of its own: "
            "--home FOLDER.",
            home);
    return KN_E_BUSY;
}

/* KwaaiNet's Rust node keeps its key in the same folder and takes no lock of ours. */
static enum kn_code look_for_rust_node(const char *path, struct kn_error *err)
{
    struct kn_text file = { 0 };
    struct kn_process_info info;
    enum kn_code rc = KN_OK;
    int64_t pid;

    kn_text_addf(&file, "%s/kwaainet.pid", path);
    if (file.failed) {
        rc = kn_fail_no_memory(err);
    } else if (kn_pid_file_look(file.at, &pid, &info) == KN_OK) {
        rc = kn_fail(err, KN_E_BUSY, "KwaaiNet's Rust node runs: process %lld (%s) as %s says",
                     (long long)pid, info.name, file.at);
        kn_hint(err, "Stop it first. If that process is something else, remove the file.");
    }
    kn_text_done(&file);
    return rc;
}

static enum kn_code take_lock(struct kn_run_folder *folder, const char *home, struct kn_error *err)
{
    struct kn_text lock = { 0 };
    int64_t pid = 0;
    enum kn_code rc;

    kn_text_addf(&lock, "%s/node.lock", folder->path.at);
    rc = lock.failed ? kn_fail_no_memory(err) : kn_lock_take(lock.at, &folder->lock, &pid, err);
    kn_text_done(&lock);
    if (rc == KN_E_BUSY)
        rc = kn_run_folder_is_held(home, pid, err);
    return rc;
}

/* Without a place for its key and its lock there is no node: say where one could be. */
static enum kn_code advise(enum kn_code rc, struct kn_error *err)
{
    if (rc == KN_E_NO_SPACE)
        kn_hint(err, "Make room there, or name a data folder on another disk: --home FOLDER.");
    else if (rc == KN_E_DENIED || rc == KN_E_IO || rc == KN_E_NOT_FOUND)
        kn_hint(err, "The node keeps its key and what it finds out there. Name a folder that you "
                     "may write to: --home FOLDER.");
    return rc;
}

enum kn_code kn_run_folder_open(const char *home, struct kn_run_folder **out, struct kn_error *err)
{
    struct kn_run_folder *folder = kn_try_alloc(sizeof(*folder));
    enum kn_code rc;

    if (folder == NULL)
        return kn_fail_no_memory(err);
    kn_text_addf(&folder->path, "%s/run", home);
    kn_text_addf(&folder->file, "%s/run/node.json", home);
    kn_text_addf(&folder->end, "%s/run/ended.json", home);
    if (folder->path.failed || folder->file.failed || folder->end.failed)
        rc = kn_fail_no_memory(err);
    else
        rc = kn_private_folder_need(folder->path.at, err);
    if (rc == KN_OK)
        rc = take_lock(folder, home, err);
    if (rc != KN_OK)
        rc = advise(rc, err);
    if (rc == KN_OK)
        rc = look_for_rust_node(folder->path.at, err);
    if (rc != KN_OK) {
        kn_run_folder_close(folder);
        return rc;
    }
    kn_run_file_left(folder->file.at, &folder->left);
    kn_run_end_take(folder->end.at, folder->left.pid, &folder->left.end);
    kn_transient_file_remove(folder->file.at); /* of one that was killed */
    kn_leftovers_remove(home, NULL);
    *out = folder;
    return KN_OK;
}

const char *kn_run_folder_path(const struct kn_run_folder *folder)
{
    return folder->path.at;
}

enum kn_code kn_run_folder_tell(const struct kn_run_folder *folder,
                                const struct kn_run_facts *facts, struct kn_error *err)
{
    struct kn_text text = { 0 };
    enum kn_code rc;

    if (kn_run_file_print(facts, kn_process_self(), &text))
        rc = kn_transient_file_write(folder->file.at, text.at, text.n, err);
    else
        rc = kn_fail_no_memory(err);
    kn_text_done(&text);
    return rc;
}

void kn_run_folder_touch(const struct kn_run_folder *folder)
{
    kn_transient_file_touch(folder->file.at);
}

const struct kn_run_left *kn_run_folder_left(const struct kn_run_folder *folder)
{
    return &folder->left;
}

void kn_run_folder_close(struct kn_run_folder *folder)
{
    if (folder == NULL)
        return;
    if (folder->lock != NULL) /* else the file is another's */
        kn_transient_file_remove(folder->file.at);
    kn_lock_release(folder->lock);
    kn_text_done(&folder->path);
    kn_text_done(&folder->file);
    kn_text_done(&folder->end);
    kn_free(folder);
}
