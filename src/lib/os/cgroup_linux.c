#include "lib/os/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/path.h"
#include "lib/os/cgroup_place.h"
#include "lib/os/own_group.h"
#include "lib/os/probe.h"

enum {
    GROUPS_SIZE = 16 * 1024,
    MOUNTS_SIZE = 256 * 1024, /* the system mounts its groups before the many of containers */
    STAT_SIZE = 8 * 1024,
    VALUE_SIZE = 64,
};

/* The names of the same things in the two versions. */
struct memory_names {
    const char *controller; /* NULL: version 2 */
    const char *limit, *usage;
    const char *cache; /* of memory.stat: file pages that nobody used lately */
    const char *kills; /* the file that counts what was killed for memory */
    const char *above; /* of memory.stat: the limit with groups that we cannot see; NULL: none */
};

static const struct memory_names memory_names[] = {
    { NULL, "memory.max", "memory.current", "inactive_file ", "memory.events", NULL },
    { "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ",
      "memory.oom_control", "hierarchical_memory_limit " },
};

/* Below the group of a service: where systemd runs its programs beside the main one, and where that
 * one has its own. */
static const char *const parts[] = { ".control", KN_OWN_GROUP_NAME };

struct texts {
    char groups[GROUPS_SIZE], mounts[MOUNTS_SIZE];
};

/* One group on the way up. */
struct level {
    const char *root; /* of the machine */
    const struct kn_cgroup_place *place;
    int below_n; /* how much of place->below leads to it */
};

static bool read_value(const struct level *level, const char *name, char *out, size_t size)
{
    char path[KN_PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s%.*s/%s", level->place->mount, level->below_n,
                     level->place->below, name);

    out[0] = '\0';
    return n > 0 && (size_t)n < sizeof(path) && kn_probe_read(level->root, path, out, size);
}

static int64_t read_number(const struct level *level, const char *name)
{
    char text[VALUE_SIZE];

    return read_value(level, name, text, sizeof(text)) ? kn_cgroup_number(text) : KN_CGROUP_UNKNOWN;
}

static int64_t least(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* The end of a long name says more than its start. */
static void name_group(const struct level *level, char out[KN_CGROUP_NAME_SIZE])
{
    enum { DOTS = 3 };
    char name[2 * KN_CGROUP_PATH_SIZE];
    size_t n, skip;

    (void)snprintf(name, sizeof(name), "%s%.*s", level->place->root, level->below_n,
                   level->place->below);
    n = strlen(name);
    skip = n < KN_CGROUP_NAME_SIZE ? 0 : n - (KN_CGROUP_NAME_SIZE - 1);
    kn_probe_copy_line(out, KN_CGROUP_NAME_SIZE, n > 0 ? name + skip : "/");
    for (size_t i = 0; skip > 0 && i < DOTS && out[i] != '\0'; i++)
        out[i] = '.';
}

static void look_at_memory(const struct level *level, const struct memory_names *names,
                           struct kn_cgroup_limits *out)
{
    char stat[STAT_SIZE];
    int64_t limit = read_number(level, names->limit), usage, cache;
    bool is_highest = level->below_n == 0;

    stat[0] = '\0';
    if (limit >= 0 || (is_highest && names->above != NULL))
        (void)read_value(level, "memory.stat", stat, sizeof(stat));
    if (is_highest && names->above != NULL)
        limit = least(limit, kn_cgroup_stat(stat, names->above));
    if (limit < 0)
        return;
    if (out->memory_limit < 0 || limit < out->memory_limit) {
        out->memory_limit = limit;
        name_group(level, out->memory_group);
    }
    usage = read_number(level, names->usage);
    if (usage < 0)
        return;
    cache = kn_cgroup_stat(stat, names->cache);
    if (cache > 0)
        usage = usage > cache ? usage - cache : 0;
    out->memory_left = least(out->memory_left, limit > usage ? limit - usage : 0);
}

static void look_at_time(const struct level *level, const char *controller,
                         struct kn_cgroup_limits *out)
{
    char text[VALUE_SIZE], period[VALUE_SIZE];
    double quota = -1;

    if (controller == NULL) {
        if (read_value(level, "cpu.max", text, sizeof(text)))
            quota = kn_cgroup_cpu_max(text);
    } else if (read_value(level, "cpu.cfs_quota_us", text, sizeof(text)) &&
               read_value(level, "cpu.cfs_period_us", period, sizeof(period))) {
        quota = kn_cgroup_cpu_quota(text, period);
    }
    if (quota >= 0 && (out->cpu_quota < 0 || quota < out->cpu_quota))
        out->cpu_quota = quota;
}

/* Where our group's files are; without a list of mounts, where everybody mounts them. */
static bool find(const struct texts *texts, const char *controller, struct kn_cgroup_place *out)
{
    char group[KN_CGROUP_PATH_SIZE], usual[2 * KN_CGROUP_PATH_SIZE];

    if (!kn_cgroup_find_group(texts->groups, controller, group))
        return false;
    if (kn_cgroup_find_place(texts->mounts, controller, group, out))
        return true;
    (void)snprintf(usual, sizeof(usual), "0 0 0:0 / /sys/fs/cgroup%s%s rw - cgroup%s - %s",
                   controller != NULL ? "/" : "", controller != NULL ? controller : "",
                   controller != NULL ? "" : "2", controller != NULL ? controller : "rw");
    return kn_cgroup_find_place(usual, controller, group, out);
}

/* From our group to the highest. `memory` is NULL where only the processor's time is asked for. */
static void climb(const char *root, const struct kn_cgroup_place *place, const char *controller,
                  const struct memory_names *memory, bool time, struct kn_cgroup_limits *out)
{
    struct level level = { root, place, (int)strlen(place->below) };

    for (int depth = 0; depth < KN_CGROUP_DEPTH_MAX; depth++) {
        if (memory != NULL)
            look_at_memory(&level, memory, out);
        if (time)
            look_at_time(&level, controller, out);
        if (level.below_n == 0)
            break;
        do
            level.below_n--;
        while (level.below_n > 0 && place->below[level.below_n] != '/');
    }
}

static struct texts *read_texts(const char *root)
{
    struct texts *texts = kn_try_alloc(sizeof(*texts));

    if (texts == NULL)
        return NULL;
    (void)kn_probe_read(root, "/proc/self/cgroup", texts->groups, sizeof(texts->groups));
    (void)kn_probe_read(root, "/proc/self/mountinfo", texts->mounts, sizeof(texts->mounts));
    return texts;
}

enum kn_code kn_cgroup_place_own(const char *root, const char *controller,
                                 struct kn_cgroup_place *out)
{
    struct texts *texts = read_texts(root);
    bool found;

    if (texts == NULL)
        return KN_E_NO_MEMORY;
    found = find(texts, controller, out);
    kn_free(texts);
    return found ? KN_OK : KN_E_NOT_FOUND;
}

/* Out of a part of a service's group, into that. */
static void leave_part(struct level *level)
{
    const char *below = level->place->below, *last = strrchr(below, '/');

    for (size_t i = 0; last != NULL && i < KN_COUNT(parts); i++) {
        if (strcmp(last + 1, parts[i]) == 0) {
            level->below_n = (int)(last - below);
            return;
        }
    }
}

int64_t kn_cgroup_oom_kills(const char *root)
{
    struct texts *texts = read_texts(root);
    int64_t found = KN_CGROUP_UNKNOWN;

    for (size_t i = 0; texts != NULL && i < KN_COUNT(memory_names); i++) {
        struct kn_cgroup_place place;
        char text[STAT_SIZE];
        struct level level = { root, &place, 0 };

        if (!find(texts, memory_names[i].controller, &place))
            continue;
        level.below_n = (int)strlen(place.below);
        leave_part(&level);
        if (read_value(&level, memory_names[i].kills, text, sizeof(text)) &&
            kn_cgroup_stat(text, "oom_kill ") > found)
            found = kn_cgroup_stat(text, "oom_kill ");
    }
    kn_free(texts);
    return found;
}

enum kn_code kn_cgroup_read(const char *root, struct kn_cgroup_limits *out)
{
    struct texts *texts = read_texts(root);
    struct kn_cgroup_place place;

    *out = (struct kn_cgroup_limits){ .memory_limit = KN_CGROUP_UNKNOWN,
                                      .memory_left = KN_CGROUP_UNKNOWN,
                                      .cpu_quota = KN_CGROUP_UNKNOWN };
    if (texts == NULL)
        return KN_E_NO_MEMORY;
    for (size_t i = 0; i < KN_COUNT(memory_names); i++) {
        const struct memory_names *names = &memory_names[i];

        if (find(texts, names->controller, &place))
            climb(root, &place, names->controller, names, names->controller == NULL, out);
    }
    if (find(texts, "cpu", &place))
        climb(root, &place, "cpu", NULL, true, out);
    kn_free(texts);
    return KN_OK;
}
