#include "lib/os/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/os/failure.h"
#include "lib/os/file_open.h"
#include "lib/os/map_guard.h"
#include "lib/os/pages.h"

enum { READ_MAX = 1 << 30 }; /* what one read(2) surely takes */

struct kn_file_map {
    int fd;
    uint64_t size;
    struct timespec written; /* last, when it was opened */
    void *at;                /* NULL: not mapped */
    int guard;               /* of what is mapped */
};

enum kn_code kn_file_map_open(const char *path, struct kn_file_map **out, struct kn_error *err)
{
    struct kn_file_map *map = kn_try_alloc(sizeof(*map));
    struct stat info;
    enum kn_code rc;

    if (map == NULL)
        return kn_fail_no_memory(err);
    rc = kn_file_open(path, SIZE_MAX, &map->fd, &info, err);
    if (rc != KN_OK) {
        kn_free(map);
        return rc;
    }
    map->size = (uint64_t)info.st_size;
    map->written = info.st_mtim;
    *out = map;
    return KN_OK;
}

void kn_file_map_close(struct kn_file_map *map)
{
    if (map == NULL)
        return;
    if (map->at != NULL) {
        kn_map_guard_end(map->guard);
        (void)munmap(map->at, (size_t)map->size);
    }
    (void)close(map->fd);
    kn_free(map);
}

uint64_t kn_file_map_size(const struct kn_file_map *map)
{
    return map->size;
}

enum kn_code kn_file_map_read(const struct kn_file_map *map, uint64_t at, void *out, size_t n,
                              struct kn_error *err)
{
    char *to = out;

    while (n > 0) {
        ssize_t got = pread(map->fd, to, n < READ_MAX ? n : READ_MAX, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kn_fail_system(err, errno, "read");
        if (got == 0)
            return kn_fail(err, KN_E_CHANGED, "ends at byte %llu, and had %llu when it was opened",
                           (unsigned long long)at, (unsigned long long)map->size);
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return KN_OK;
}

static enum kn_code map_all(struct kn_file_map *map, struct kn_error *err)
{
    void *at;

    if (map->size == 0 || map->size > SIZE_MAX)
        return kn_fail(err, KN_E_UNSUPPORTED, "a file of %llu bytes cannot be mapped",
                       (unsigned long long)map->size);
    at = mmap(NULL, (size_t)map->size, PROT_READ, MAP_PRIVATE, map->fd, 0);
    if (at == MAP_FAILED && (errno == ENODEV || errno == EACCES))
        return kn_fail(err, KN_E_UNSUPPORTED, "its file system cannot map files");
    if (at == MAP_FAILED)
        return kn_fail_system(err, errno, "map it");
    map->guard = kn_map_guard_begin(at, (size_t)map->size);
    if (map->guard < 0) {
        (void)munmap(at, (size_t)map->size);
        return kn_fail(err, KN_E_UNSUPPORTED, "too many files are mapped");
    }
    map->at = at;
    return KN_OK;
}

enum kn_code kn_file_map_bytes(struct kn_file_map *map, const uint8_t **out, struct kn_error *err)
{
    enum kn_code rc = map->at == NULL ? map_all(map, err) : KN_OK;

    if (rc == KN_OK)
        *out = map->at;
    return rc;
}

bool kn_file_map_copy(struct kn_file_map *map, uint64_t *at)
{
    uint8_t *byte = (uint8_t *)map->at + *at;
    uint64_t before = (uintptr_t)byte % KN_LARGE_PAGE, behind = KN_LARGE_PAGE - before;
    bool is_whole = before <= *at && behind <= map->size - *at;

    *at += behind;
    return !is_whole || kn_pages_replace(byte - before);
}

bool kn_file_map_is_mapped(const struct kn_file_map *map)
{
    return map->at != NULL;
}

void kn_file_map_expect(const struct kn_file_map *map, uint64_t at, uint64_t n)
{
    if (at < map->size && n <= map->size - at && n > 0)
        (void)posix_fadvise(map->fd, (off_t)at, (off_t)n, POSIX_FADV_WILLNEED);
}

bool kn_file_map_is_intact(const struct kn_file_map *map)
{
    struct stat info;

    return (map->at == NULL || !kn_map_guard_is_lost(map->guard)) && fstat(map->fd, &info) == 0 &&
           (uint64_t)info.st_size == map->size && info.st_mtim.tv_sec == map->written.tv_sec &&
           info.st_mtim.tv_nsec == map->written.tv_nsec;
}
