/*
 * machine — files of /proc and /sys of a machine that is none, in a private folder.
 */
#ifndef KN_TESTS_MACHINE_H
#define KN_TESTS_MACHINE_H

#include "support/home.h"

/* Write `text` to NAME ("/proc/meminfo") below the home, and make the folders above it. */
void kn_machine_write(const struct kn_home *home, const char *name, const char *text);

/* /proc/cpuinfo, and `cores` cores of `per_core` threads, all online and permitted. */
void kn_machine_cpus(const struct kn_home *home, const char *model, unsigned cores,
                     unsigned per_core);

/* A mount of /proc/self/mountinfo: of version 2 when `controllers` is NULL. */
#define KN_MOUNT_V2(root, at) \
    "30 24 0:26 " root " " at " rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
#define KN_MOUNT_V1(root, at, controllers) \
    "31 24 0:27 " root " " at " rw,nosuid shared:9 - cgroup cgroup rw," controllers "\n"

#endif
