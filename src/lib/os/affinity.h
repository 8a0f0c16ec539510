/*
 * affinity — on which processors this process runs.
 */
#ifndef KN_OS_AFFINITY_H
#define KN_OS_AFFINITY_H

#include <stdint.h>

#include "lib/base/error.h"
#include "lib/os/cpu.h"

/* A set of processors. */
struct kn_affinity {
    unsigned n; /* 0: not known */
    uint64_t bits[KN_CPUS_MAX / 64];
};

/* Where the calling thread may run. */
void kn_affinity_read(struct kn_affinity *out);

/*
 * Let all threads of this process run on `n` of these, the last ones; on all where `n` is as many
 * or more. KN_E_UNSUPPORTED: they are not known. KN_E_DENIED, KN_E_IO: some threads may have moved.
 */
KN_MUST_USE enum kn_code kn_affinity_hold(const struct kn_affinity *all, unsigned n,
                                          struct kn_error *err);

#endif
