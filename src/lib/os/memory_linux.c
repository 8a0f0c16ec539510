#include "lib/os/memory.h"

#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/os/cgroup.h"
#include "lib/os/probe.h"

enum { MEMINFO_SIZE = 8 * 1024, STATM_SIZE = 256, KIB = 1024 };

/* "  24684092 kB" in bytes. */
static int64_t read_amount(const char *text, const char *key)
{
    const char *at = kn_probe_line(text, key);
    uint64_t value;

    if (at == NULL || !kn_probe_number(&at, &value) || at[0] != ' ' || at[1] != 'k' ||
        at[2] != 'B' || !kn_probe_ends(at + 3) || value >= (uint64_t)KN_PROBE_NUMBER_END / KIB)
        return KN_MEMORY_UNKNOWN;
    return (int64_t)value * KIB;
}

void kn_memory_read(const char *root, struct kn_memory *out)
{
    char text[MEMINFO_SIZE];

    (void)kn_probe_read(root, "/proc/meminfo", text, sizeof(text));
    out->total = read_amount(text, "MemTotal:");
    out->available = read_amount(text, "MemAvailable:");
    if (out->total <= 0)
        *out = (struct kn_memory){ KN_MEMORY_UNKNOWN, KN_MEMORY_UNKNOWN };
    else if (out->available > out->total)
        out->available = KN_MEMORY_UNKNOWN;
}

/* `rc` is what getrlimit() returned; its first argument has another type in every C library. */
static int64_t tell(int rc, const struct rlimit *limit)
{
    if (rc != 0 || limit->rlim_cur == RLIM_INFINITY ||
        limit->rlim_cur >= (rlim_t)KN_PROBE_NUMBER_END)
        return KN_MEMORY_UNKNOWN;
    return (int64_t)limit->rlim_cur;
}

void kn_ulimits_read(struct kn_ulimits *out)
{
    struct rlimit limit;
    int rc = getrlimit(RLIMIT_AS, &limit);

    out->address_space = tell(rc, &limit);
    rc = getrlimit(RLIMIT_DATA, &limit);
    out->data = tell(rc, &limit);
    rc = getrlimit(RLIMIT_NOFILE, &limit);
    out->open_files = tell(rc, &limit);
}

enum { STATM_SPACE = 0, STATM_RESIDENT = 1, STATM_DATA = 5, STATM_FIELDS = 6 };

/* Fields of statm in bytes; false when they are not told. */
static bool read_used(const char *root, int64_t used[STATM_FIELDS])
{
    char text[STATM_SIZE];
    const char *at = text;
    long page = sysconf(_SC_PAGESIZE);

    if (page <= 0 || !kn_probe_read(root, "/proc/self/statm", text, sizeof(text)))
        return false;
    for (size_t i = 0; i < STATM_FIELDS; i++) {
        uint64_t pages;

        if (!kn_probe_number(&at, &pages) ||
            pages >= (uint64_t)KN_PROBE_NUMBER_END / (uint64_t)page)
            return false;
        used[i] = (int64_t)pages * page;
    }
    return true;
}

int64_t kn_memory_resident(const char *root)
{
    int64_t used[STATM_FIELDS];

    return read_used(root, used) ? used[STATM_RESIDENT] : KN_MEMORY_UNKNOWN;
}

static void bound_by(struct kn_memory_bound *out, int64_t limit, const int64_t *used,
                     const char *by)
{
    int64_t left;

    if (limit < 0)
        return;
    if (out->limit < 0 || limit < out->limit) {
        out->limit = limit;
        out->by = by;
    }
    if (used == NULL)
        return;
    left = limit > *used ? limit - *used : 0;
    if (out->left < 0 || left < out->left)
        out->left = left;
}

void kn_ulimits_memory(const struct kn_ulimits *limits, const char *root,
                       struct kn_memory_bound *out)
{
    int64_t used[STATM_FIELDS];
    bool is_told;

    *out = (struct kn_memory_bound){ KN_MEMORY_UNKNOWN, KN_MEMORY_UNKNOWN, "" };
    if (limits->address_space < 0 && limits->data < 0)
        return;
    is_told = read_used(root, used);
    bound_by(out, limits->address_space, is_told ? &used[STATM_SPACE] : NULL, "ulimit -v");
    bound_by(out, limits->data, is_told ? &used[STATM_DATA] : NULL, "ulimit -d");
}

static int64_t least(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

int64_t kn_memory_left(const char *root)
{
    struct kn_cgroup_limits group;
    struct kn_memory_bound bound;
    struct kn_ulimits limits;
    struct kn_memory memory;
    int64_t left;

    kn_memory_read(root, &memory);
    left = memory.available;
    if (kn_cgroup_read(root, &group) != KN_OK)
        return 0; /* not even that much memory is there */
    left = least(left, group.memory_left >= 0 ? group.memory_left : group.memory_limit);
    kn_ulimits_read(&limits);
    kn_ulimits_memory(&limits, root, &bound);
    return least(left, bound.left);
}
