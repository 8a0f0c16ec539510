/*
 * cgroup_text — the texts in which Linux tells of control groups, read. Pure; internal to lib/os.
 */
#ifndef KN_OS_CGROUP_TEXT_H
#define KN_OS_CGROUP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { KN_CGROUP_PATH_SIZE = 1024 };

/* Where the files of a group are: in MOUNT/BELOW, and those above it in the folders above. */
struct kn_cgroup_place {
    char mount[KN_CGROUP_PATH_SIZE]; /* "/sys/fs/cgroup" */
    char root[KN_CGROUP_PATH_SIZE];  /* group that is mounted there; "" is the root of all */
    char below[KN_CGROUP_PATH_SIZE]; /* "/a/b"; "" when our group is the one at the mount point,
                                        or lies outside of what is mounted */
};

/*
 * Our group in /proc/self/cgroup, "/a/b": in the hierarchy of version 1 with this controller, or
 * in that of version 2 when `controller` is NULL. False: not told, or longer than `out`.
 */
bool kn_cgroup_find_group(const char *text, const char *controller, char out[KN_CGROUP_PATH_SIZE]);

/*
 * The place of that group according to /proc/self/mountinfo. Of several mounts, the first that
 * shows the group. False: none is told. No path in `out` leads upwards.
 */
bool kn_cgroup_find_place(const char *text, const char *controller, const char *group,
                          struct kn_cgroup_place *out);

/* A limit or usage; -1: "max", a number from 2^62 on, or something else. */
int64_t kn_cgroup_number(const char *text);

/* The number after `key` ("inactive_file ") in memory.stat; -1 as above. */
int64_t kn_cgroup_stat(const char *text, const char *key);

/* cpu.max of version 2, or quota and period of version 1: cores' worth; -1: no limit, not told. */
double kn_cgroup_cpu_max(const char *text);
double kn_cgroup_cpu_quota(const char *quota, const char *period);

#endif
