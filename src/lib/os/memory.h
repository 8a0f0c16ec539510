/*
 * memory — what the machine has, and what the limits of this process leave of it.
 */
#ifndef KN_OS_MEMORY_H
#define KN_OS_MEMORY_H

#include <stdint.h>

enum { KN_MEMORY_UNKNOWN = -1 };

struct kn_memory {
    int64_t total, available; /* bytes; KN_MEMORY_UNKNOWN */
};

/* As /proc/meminfo below `root` tells; "" is the machine's own. */
void kn_memory_read(const char *root, struct kn_memory *out);

/* Soft limits of this process (getrlimit); KN_MEMORY_UNKNOWN: there is none. */
struct kn_ulimits {
    int64_t address_space, data; /* bytes */
    int64_t open_files;
};

void kn_ulimits_read(struct kn_ulimits *out);

/* Bytes of memory that this process holds, as /proc/self/statm below `root` tells;
 * KN_MEMORY_UNKNOWN. */
int64_t kn_memory_resident(const char *root);

struct kn_memory_bound {
    int64_t limit, left; /* KN_MEMORY_UNKNOWN */
    const char *by;      /* "ulimit -v", "ulimit -d"; "" without a limit */
};

/*
 * The smaller of the two limits on memory, and the least that one of them leaves; what is used
 * already stands in /proc/self/statm below `root`.
 */
void kn_ulimits_memory(const struct kn_ulimits *limits, const char *root,
                       struct kn_memory_bound *out);

/* Bytes that this process may still take: the least that the machine, its control groups and its
 * own limits leave; 0 where not even asking is possible. KN_MEMORY_UNKNOWN. */
int64_t kn_memory_left(const char *root);

#endif
