#include <stdio.h>
#include <string.h>

#include "compute/download/inside.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/base/path.h"
#include "lib/crypto/running_hash.h"
#include "lib/http/http.h"
#include "lib/os/file_map.h"
#include "lib/os/growing_file.h"
#include "lib/os/link.h"
#include "lib/os/neighbour_lock.h"
#include "lib/os/private_folder.h"

enum { PIECE = 1 << 20, HEX_SIZE = 2 * KN_SHA256_SIZE + 1 };

/* One blob on its way. */
struct way {
    struct kn_fetch *fetch;
    const struct kn_remote *remote;
    const char *blob, *incomplete, *lock, *link; /* paths */
    struct kn_growing_file *file;
    struct kn_running_hash *hash;
    int64_t base;        /* bytes of the files before this one */
    bool moved;          /* a byte came in this attempt */
    struct kn_error why; /* why a callback gave up */
};

/* -1: there is none. */
static int64_t size_of(const char *path)
{
    struct kn_file_map *file = NULL;
    int64_t size = -1;

    if (path != NULL && kn_file_map_open(path, &file, NULL) == KN_OK)
        size = (int64_t)kn_file_map_size(file);
    kn_file_map_close(file);
    return size;
}

static const char *blob_path(const struct kn_fetch *fetch, const struct kn_remote *remote,
                             const char *suffix)
{
    return kn_arena_printf(fetch->arena, "%s/blobs/%s%s", fetch->folder, remote->tag, suffix);
}

static const char *link_path(const struct kn_fetch *fetch, const struct kn_remote *remote)
{
    return kn_arena_printf(fetch->arena, "%s/snapshots/%s/%s", fetch->folder, remote->commit,
                           remote->name);
}

int64_t kn_blob_here(const struct kn_fetch *fetch, const struct kn_remote *remote)
{
    int64_t part = size_of(blob_path(fetch, remote, ".incomplete"));

    if (size_of(link_path(fetch, remote)) == remote->size ||
        size_of(blob_path(fetch, remote, "")) == remote->size)
        return remote->size;
    return part > 0 && part <= remote->size ? part : 0;
}

static bool tell(struct way *way, enum kn_download_event event)
{
    int64_t here = way->file != NULL ? (int64_t)kn_growing_file_size(way->file) : 0;

    way->fetch->done = way->base + here;
    return kn_fetch_tell(way->fetch,
                         (struct kn_download_news){ .event = event, .file = way->remote->name });
}

static bool go_on(void *arg)
{
    return tell(arg, KN_DOWNLOAD_BYTES);
}

static bool clear(struct way *way)
{
    kn_running_hash_clear(way->hash);
    return kn_growing_file_clear(way->file, &way->why) == KN_OK;
}

/* Does a part begin where ours ends? "bytes 100-199/200". spec: RFC 9110 §14.4 */
static bool begins_at(const struct kn_http_answer *answer, uint64_t from)
{
    char value[128], *dash;
    int64_t at;

    if (!kn_http_header(answer, "content-range", value, sizeof(value)) ||
        strncmp(value, "bytes ", 6) != 0 || (dash = strchr(value, '-')) == NULL)
        return false;
    *dash = '\0';
    return kn_parse_whole(value + 6, &at) == KN_OK && (uint64_t)at == from;
}

/* The first bytes of an answer tell whether it goes on or begins again. */
static bool accept(struct way *way, const struct kn_http_answer *answer)
{
    uint64_t here = kn_growing_file_size(way->file);

    if (answer->status == 200 && here > 0)
        return clear(way);
    if (answer->status == 206 && !begins_at(answer, here)) {
        (void)kn_fail(&way->why, KN_E_PROTOCOL, "the server sends another part than was asked for");
        return false;
    }
    return true;
}

static bool take(void *arg, const struct kn_http_answer *answer, const uint8_t *bytes, size_t n)
{
    struct way *way = arg;

    if (answer->status != 200 && answer->status != 206)
        return true; /* words about an error */
    if (!way->moved && !accept(way, answer))
        return false;
    way->moved = true;
    if (n > (uint64_t)way->remote->size - kn_growing_file_size(way->file)) {
        (void)kn_fail(&way->why, KN_E_INVALID, "more bytes than the %lld that were announced",
                      (long long)way->remote->size);
        return false;
    }
    if (kn_growing_file_add(way->file, bytes, n, &way->why) != KN_OK)
        return false;
    kn_running_hash_add(way->hash, kn_span(bytes, n));
    return tell(way, KN_DOWNLOAD_BYTES);
}

/* What an earlier run has left counts again. */
static enum kn_code read_rest(struct way *way, struct kn_error *err)
{
    uint64_t size = kn_growing_file_size(way->file), at = 0;
    uint8_t *piece;
    enum kn_code rc = KN_OK;

    if (size > (uint64_t)way->remote->size)
        return clear(way) ? KN_OK : (*err = way->why, way->why.code);
    piece = kn_try_alloc(PIECE);
    if (piece == NULL)
        return kn_fail_no_memory(err);
    while (rc == KN_OK && at < size) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

        rc = kn_growing_file_read(way->file, at, piece, n, err);
        if (rc == KN_OK)
            kn_running_hash_add(way->hash, kn_span(piece, n));
        if (rc == KN_OK && !tell(way, KN_DOWNLOAD_CHECK))
            rc = kn_fail(err, KN_E_CANCELLED, "given up");
        at += n;
    }
    kn_free(piece);
    return rc;
}

static enum kn_code ask_once(struct way *way, const char *address, struct kn_error *err)
{
    const struct kn_http_request request = {
        .url = address,
        .token = way->fetch->options->place.token,
        .follow = true,
        .authorities = way->fetch->options->place.authorities,
        .from = kn_growing_file_size(way->file),
        .go_on = go_on,
        .body = take,
        .arg = way,
    };
    struct kn_http_answer answer = { 0 };
    enum kn_code rc;

    way->moved = false;
    way->why = (struct kn_error){ 0 };
    rc = kn_http_ask(way->fetch->http, &request, &answer, err);
    if (way->why.code != KN_OK) {
        *err = way->why;
        rc = way->why.code;
    } else if (rc == KN_OK && answer.status == 416) { /* our part is not of this file */
        rc = clear(way) ? kn_fail(err, KN_E_BUSY, "the server has no such part") : way->why.code;
    } else if (rc == KN_OK && answer.status >= 300) {
        rc = kn_remote_refuse(way->fetch, way->remote->name, &answer, err);
    } else if (rc == KN_OK && kn_growing_file_size(way->file) < (uint64_t)way->remote->size) {
        rc = kn_fail(err, KN_E_CLOSED, "the server ended at byte %llu of %lld",
                     (unsigned long long)kn_growing_file_size(way->file),
                     (long long)way->remote->size);
    }
    kn_http_answer_done(&answer);
    return rc;
}

static enum kn_code fetch_rest(struct way *way, struct kn_error *err)
{
    const char *address = kn_remote_address(way->fetch, way->remote->commit, way->remote->name);
    unsigned attempt = 0;
    enum kn_code rc = KN_OK;

    if (address == NULL)
        return kn_fail_no_memory(err);
    while (rc == KN_OK && kn_growing_file_size(way->file) < (uint64_t)way->remote->size) {
        rc = ask_once(way, address, err);
        if (way->moved)
            attempt = 0;
        if (rc == KN_E_NO_SPACE)
            kn_hint(err, "What was downloaded is kept; make room and start again.");
        if (rc != KN_OK)
            rc = kn_fetch_retry(way->fetch, way->remote->name, &attempt, err);
    }
    return rc;
}

static enum kn_code check_hash(struct way *way, struct kn_error *err)
{
    uint8_t hash[KN_SHA256_SIZE];
    char hex[HEX_SIZE];

    kn_running_hash_end(way->hash, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned)hash[i]);
    if (!way->remote->is_sha256 || strcmp(hex, way->remote->tag) == 0)
        return KN_OK;
    if (!clear(way)) {
        *err = way->why;
        return way->why.code;
    }
    return kn_fail(err, KN_E_INVALID, "its SHA-256 is %s, and should be %s", hex, way->remote->tag);
}

/* A part of an earlier run may be of no use: then all of it once more. */
static enum kn_code complete(struct way *way, struct kn_error *err)
{
    bool had_part = kn_growing_file_size(way->file) > 0;
    enum kn_code rc = read_rest(way, err);

    for (int round = 0; rc == KN_OK; round++) {
        rc = fetch_rest(way, err);
        if (rc == KN_OK)
            rc = check_hash(way, err);
        if (rc != KN_E_INVALID || !had_part || round > 0 || kn_growing_file_size(way->file) > 0)
            break;
        rc = KN_OK;
    }
    return rc == KN_OK ? kn_growing_file_finish(way->file, way->blob, err) : rc;
}

static enum kn_code take_lock(struct way *way, struct kn_neighbour_lock **out, struct kn_error *err)
{
    enum kn_code rc = kn_neighbour_lock_take(way->lock, out, err);

    while (rc == KN_E_BUSY) {
        rc = kn_fetch_pause(way->fetch, KN_REMOTE_LOOK_MS,
                            (struct kn_download_news){ .event = KN_DOWNLOAD_WAIT,
                                                       .file = way->remote->name,
                                                       .reason = "another program fetches it" },
                            err);
        if (rc == KN_OK)
            rc = kn_neighbour_lock_take(way->lock, out, err);
    }
    return rc;
}

static enum kn_code fetch_blob(struct way *way, struct kn_error *err)
{
    struct kn_neighbour_lock *lock = NULL;
    enum kn_code rc = take_lock(way, &lock, err);

    if (rc == KN_OK && size_of(way->blob) != way->remote->size) {
        way->hash = kn_running_hash_new();
        rc = way->hash != NULL ? kn_growing_file_open(way->incomplete, &way->file, err)
                               : kn_fail_no_memory(err);
        if (rc == KN_OK)
            rc = complete(way, err);
    }
    kn_growing_file_close(way->file);
    way->file = NULL;
    kn_running_hash_free(way->hash);
    kn_neighbour_lock_release(lock);
    return rc;
}

/* The name in the snapshot leads to the blob, or is the file itself where there are no links. */
static enum kn_code name_it(const struct way *way, struct kn_error *err)
{
    const char *target = kn_arena_printf(way->fetch->arena, "../../blobs/%s", way->remote->tag);
    enum kn_code rc;

    if (target == NULL)
        return kn_fail_no_memory(err);
    rc = kn_link_make(target, way->link, err);
    return rc == KN_E_UNSUPPORTED ? kn_file_rename(way->blob, way->link, err) : rc;
}

static enum kn_code need_folders(const struct kn_fetch *fetch, const struct kn_remote *remote,
                                 struct kn_error *err)
{
    const char *folders[] = {
        kn_arena_printf(fetch->arena, "%s/blobs", fetch->folder),
        kn_arena_printf(fetch->arena, "%s/snapshots/%s", fetch->folder, remote->commit),
        fetch->locks,
    };
    enum kn_code rc = KN_OK;

    for (size_t i = 0; rc == KN_OK && i < KN_COUNT(folders); i++)
        rc = folders[i] != NULL ? kn_private_folder_need(folders[i], err) : kn_fail_no_memory(err);
    return rc;
}

enum kn_code kn_blob_fetch(struct kn_fetch *fetch, const struct kn_remote *remote,
                           struct kn_error *err)
{
    struct way way = {
        .fetch = fetch,
        .remote = remote,
        .blob = blob_path(fetch, remote, ""),
        .incomplete = blob_path(fetch, remote, ".incomplete"),
        .lock = kn_arena_printf(fetch->arena, "%s/%s.lock", fetch->locks, remote->tag),
        .link = link_path(fetch, remote),
        .base = fetch->done,
    };
    enum kn_code rc = KN_OK;

    if (way.blob == NULL || way.incomplete == NULL || way.lock == NULL || way.link == NULL)
        return kn_fail_no_memory(err);
    if (size_of(way.link) != remote->size) {
        rc = need_folders(fetch, remote, err);
        if (rc == KN_OK)
            rc = fetch_blob(&way, err);
        if (rc == KN_OK)
            rc = name_it(&way, err);
    }
    if (rc != KN_OK) {
        kn_wrap(err, "%s", remote->name);
        return rc;
    }
    fetch->done = way.base + remote->size;
    return kn_fetch_tell(
               fetch, (struct kn_download_news){ .event = KN_DOWNLOAD_DONE, .file = remote->name })
               ? KN_OK
               : kn_fail(err, KN_E_CANCELLED, "given up");
}
