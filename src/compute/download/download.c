#include "compute/download/download.h"

#include <string.h>

#include "compute/download/inside.h"
#include "compute/model/decoder_file.h"
#include "compute/model/hub.h"
#include "compute/model/shards.h"
#include "lib/base/arena.h"
#include "lib/http/http.h"
#include "lib/json/json.h"
#include "lib/os/disk.h"
#include "lib/os/file.h"
#include "lib/os/private_folder.h"
#include "lib/os/thread.h"

#define GIB 1073741824.0

bool kn_fetch_tell(const struct kn_fetch *fetch, struct kn_download_news news)
{
    const struct kn_download_options *options = fetch->options;

    news.number = fetch->number;
    news.files = fetch->files;
    news.done = fetch->done;
    news.total = fetch->total;
    return options->tell == NULL || options->tell(options->arg, &news);
}

enum kn_code kn_fetch_pause(const struct kn_fetch *fetch, int64_t ms, struct kn_download_news news,
                            struct kn_error *err)
{
    kn_time end = kn_monitor_now() + ms, now;

    while ((now = kn_monitor_now()) < end) {
        if (!kn_fetch_tell(fetch, news))
            return kn_fail(err, KN_E_CANCELLED, "given up");
        kn_monitor_enter(fetch->monitor);
        (void)kn_monitor_wait(fetch->monitor, kn_time_min(end, now + KN_REMOTE_LOOK_MS));
        kn_monitor_leave(fetch->monitor);
    }
    return KN_OK;
}

static bool may_pass(enum kn_code code)
{
    return code == KN_E_UNREACHABLE || code == KN_E_TIMEOUT || code == KN_E_CLOSED ||
           code == KN_E_BUSY;
}

enum kn_code kn_fetch_retry(const struct kn_fetch *fetch, const char *file, unsigned *attempt,
                            struct kn_error *err)
{
    const int64_t longest = (int64_t)KN_DOWNLOAD_PAUSE_MAX_S * 1000;
    unsigned tries = fetch->options->tries > 0 ? fetch->options->tries : KN_DOWNLOAD_TRIES_MAX;
    int64_t first = fetch->options->pause_ms, pause;

    if (!may_pass(err->code) || ++*attempt >= tries)
        return err->code;
    pause = (first > 0 ? first : KN_DOWNLOAD_PAUSE_MS) << (*attempt - 1);
    pause = pause < longest ? pause : longest;
    return kn_fetch_pause(fetch, pause,
                          (struct kn_download_news){ .event = KN_DOWNLOAD_RETRY,
                                                     .file = file,
                                                     .reason = err->text,
                                                     .attempt = *attempt,
                                                     .pause_ms = pause },
                          err);
}

/* Is there room for what is missing, on the disk and in what the cache may take? */
static enum kn_code check_room(const struct kn_fetch *fetch, const struct kn_remote *remotes,
                               size_t n, struct kn_error *err)
{
    const struct kn_download_options *options = fetch->options;
    int64_t missing = 0, left;

    for (size_t i = 0; i < n; i++) {
        int64_t more = remotes[i].size - kn_blob_here(fetch, &remotes[i]);

        missing = more < INT64_MAX - missing ? missing + more : INT64_MAX;
    }
    if (missing == 0)
        return KN_OK;
    if (options->max_bytes > 0) {
        int64_t used = kn_disk_used(options->root);

        if (used > options->max_bytes || missing > options->max_bytes - used) {
            (void)kn_fail(err, KN_E_NO_SPACE,
                          "%.1f GiB more are needed; of the %.1f GiB that the cache may take, "
                          "%.1f are used",
                          (double)missing / GIB, (double)options->max_bytes / GIB,
                          (double)used / GIB);
            kn_hint(err, "Raise resources.max_disk_space_gb, or remove models from %s.",
                    options->root);
            return KN_E_NO_SPACE;
        }
    }
    if (kn_disk_left(options->root, &left, NULL) == KN_OK && missing > left - KN_DOWNLOAD_RESERVE) {
        (void)kn_fail(err, KN_E_NO_SPACE,
                      "%.1f GiB more are needed; the disk has %.1f, of which %.0f stay free",
                      (double)missing / GIB, (double)left / GIB, KN_DOWNLOAD_RESERVE / GIB);
        kn_hint(err, "Make room, or set resources.cache_dir to a folder on a larger disk.");
        return KN_E_NO_SPACE;
    }
    return KN_OK;
}

/* Look at each, see whether there is room, then fetch them. */
static enum kn_code fetch_files(struct kn_fetch *fetch, const char *revision,
                                const char *const *names, size_t n, char *commit,
                                struct kn_error *err)
{
    struct kn_remote *remotes = kn_arena_alloc(fetch->arena, n * sizeof(*remotes));
    enum kn_code rc = KN_OK;

    if (remotes == NULL)
        return kn_fail_no_memory(err);
    fetch->files = (uint32_t)n;
    fetch->done = fetch->total = 0;
    for (size_t i = 0; rc == KN_OK && i < n; i++) {
        fetch->number = (uint32_t)i + 1;
        rc = kn_remote_look(fetch, revision, names[i], &remotes[i], err);
        if (rc == KN_OK && remotes[i].size > INT64_MAX - fetch->total)
            rc = kn_fail(err, KN_E_INVALID, "%s: a size that cannot be", names[i]);
        else if (rc == KN_OK)
            fetch->total += remotes[i].size;
    }
    if (rc == KN_OK)
        rc = check_room(fetch, remotes, n, err);
    for (size_t i = 0; rc == KN_OK && i < n; i++) {
        fetch->number = (uint32_t)i + 1;
        rc = kn_blob_fetch(fetch, &remotes[i], err);
    }
    if (rc == KN_OK)
        memcpy(commit, remotes[0].commit, sizeof(remotes[0].commit));
    return rc;
}

/* The snapshot must be of blocks that we have, before gigabytes of them come. */
static enum kn_code check_config(const char *snapshot, const struct kn_download_options *options,
                                 struct kn_error *err)
{
    struct kn_decoder_file file;
    enum kn_code rc = kn_decoder_file_read(snapshot, &file, err);

    if (rc == KN_OK && !options->only_config &&
        (options->from >= options->to || options->to > file.decoder.blocks))
        rc = kn_fail(err, KN_E_RANGE, "no blocks %u to %u in a model of %u",
                     (unsigned)options->from, (unsigned)options->to, (unsigned)file.decoder.blocks);
    return rc;
}

static enum kn_code read_index(const struct kn_fetch *fetch, const char *snapshot,
                               struct kn_shard_names *out, struct kn_error *err)
{
    const struct kn_block_range range = { fetch->options->from, fetch->options->to };
    const char *path = kn_arena_printf(fetch->arena, "%s/" KN_SHARDS_INDEX, snapshot);
    struct kn_bytes bytes = { 0 };
    struct kn_json *index = NULL;
    enum kn_code rc;

    if (path == NULL)
        return kn_fail_no_memory(err);
    rc = kn_file_read(path, KN_SHARDS_INDEX_MAX, &bytes, err);
    if (rc == KN_OK)
        rc = kn_json_read(bytes.at, bytes.n, &index, err);
    if (rc == KN_OK)
        rc = kn_shard_names_decode(index, range, fetch->arena, out, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    kn_json_free(index);
    kn_bytes_done(&bytes);
    return rc;
}

static enum kn_code fetch_weights(struct kn_fetch *fetch, const char *snapshot, char *commit,
                                  struct kn_error *err)
{
    static const char *const index[] = { KN_SHARDS_INDEX }, *const single[] = { KN_SHARDS_SINGLE };
    struct kn_shard_names names = { 0 };
    enum kn_code rc = fetch_files(fetch, commit, index, 1, commit, err);

    if (rc == KN_E_NOT_FOUND) {
        rc = fetch_files(fetch, commit, single, 1, commit, err);
        if (rc == KN_E_NOT_FOUND)
            kn_hint(err, "Only models whose weights are .safetensors files are served.");
        return rc;
    }
    if (rc == KN_OK)
        rc = read_index(fetch, snapshot, &names, err);
    return rc == KN_OK ? fetch_files(fetch, commit, names.at, names.n, commit, err) : rc;
}

static enum kn_code write_ref(const struct kn_fetch *fetch, const char *commit,
                              struct kn_error *err)
{
    const char *revision = fetch->options->revision != NULL ? fetch->options->revision : "main";
    const char *path = kn_arena_printf(fetch->arena, "%s/refs/%s", fetch->folder, revision);
    struct kn_text folder = { 0 };
    enum kn_code rc;

    if (kn_hub_is_commit(revision))
        return KN_OK;
    if (path == NULL)
        return kn_fail_no_memory(err);
    kn_path_folder(path, &folder);
    rc = folder.failed ? kn_fail_no_memory(err) : kn_private_folder_need(folder.at, err);
    if (rc == KN_OK)
        rc = kn_file_replace(path, commit, strlen(commit), 0644, NULL, err);
    kn_text_done(&folder);
    return rc;
}

static enum kn_code fetch_all(struct kn_fetch *fetch, const char **folder, struct kn_error *err)
{
    static const char *const config[] = { "config.json" };
    const struct kn_download_options *options = fetch->options;
    const char *revision = options->revision != NULL ? options->revision : "main";
    char commit[KN_REMOTE_COMMIT_SIZE];
    const char *snapshot = NULL;
    enum kn_code rc = fetch_files(fetch, revision, config, 1, commit, err);

    if (rc == KN_OK) {
        snapshot = kn_arena_printf(fetch->arena, "%s/snapshots/%s", fetch->folder, commit);
        rc = snapshot != NULL ? check_config(snapshot, options, err) : kn_fail_no_memory(err);
    }
    if (rc == KN_OK && !options->only_config)
        rc = fetch_weights(fetch, snapshot, commit, err);
    if (rc == KN_OK)
        rc = write_ref(fetch, commit, err);
    if (rc == KN_OK)
        *folder = snapshot;
    return rc;
}

static enum kn_code check_options(const struct kn_download_options *options, struct kn_error *err)
{
    if (options->place.is_offline) {
        (void)kn_fail(err, KN_E_DENIED, "HF_HUB_OFFLINE forbids downloads");
        kn_hint(err, "Unset it, or set model.path to a folder with the files.");
        return KN_E_DENIED;
    }
    if (!kn_hub_is_repository(options->repository))
        return kn_fail(err, KN_E_INVALID, "\"%.200s\" is no name of a repository",
                       options->repository);
    if (options->revision != NULL && !kn_hub_is_revision(options->revision))
        return kn_fail(err, KN_E_INVALID, "\"%.200s\" is no branch, tag or commit",
                       options->revision);
    return KN_OK;
}

enum kn_code kn_download(const struct kn_download_options *options, struct kn_arena *arena,
                         const char **folder, struct kn_error *err)
{
    struct kn_fetch fetch = { .options = options, .arena = arena };
    struct kn_error own = { 0 };
    const char *name;
    enum kn_code rc;

    err = err != NULL ? err : &own; /* what may pass is decided by it */
    rc = check_options(options, err);
    if (rc != KN_OK)
        return rc;
    name = kn_hub_folder(options->repository, arena);
    fetch.folder = kn_arena_printf(arena, "%s/%s", options->root, name != NULL ? name : "");
    fetch.locks = kn_arena_printf(arena, "%s/.locks/%s", options->root, name != NULL ? name : "");
    fetch.monitor = kn_monitor_new();
    if (name == NULL || fetch.folder == NULL || fetch.locks == NULL || fetch.monitor == NULL)
        rc = kn_fail_no_memory(err);
    if (rc == KN_OK)
        rc = kn_http_new(options->agent, &fetch.http, err);
    if (rc == KN_OK)
        rc = fetch_all(&fetch, folder, err);
    if (rc != KN_OK)
        kn_wrap(err, "download %s", options->repository);
    kn_http_free(fetch.http);
    kn_monitor_free(fetch.monitor);
    return rc;
}
