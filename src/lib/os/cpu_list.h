/*
 * cpu_list — sets of processors as Linux writes them, "0-3,8". Pure; internal to lib/os.
 */
#ifndef KN_OS_CPU_LIST_H
#define KN_OS_CPU_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/os/cpu.h"

struct kn_cpu_list {
    uint64_t bits[KN_CPUS_MAX / 64];
};

/*
 * Read a list that ends with its line. False: something else, or nothing at all. What is numbered
 * KN_CPUS_MAX or above is left out.
 */
bool kn_cpu_list_read(const char *text, struct kn_cpu_list *out);

static inline bool kn_cpu_list_has(const struct kn_cpu_list *list, unsigned cpu)
{
    return cpu < KN_CPUS_MAX && (list->bits[cpu / 64] >> (cpu % 64) & 1) != 0;
}

#endif
