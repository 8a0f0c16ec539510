/*
 * machines — each instruction set that this processor has, with one thread and with several.
 */
#ifndef KN_TESTS_MACHINES_H
#define KN_TESTS_MACHINES_H

#include "compute/kernels/kernels.h"
#include "compute/kernels/pool.h"
#include "support/check.h"

enum { MACHINES_THREADS = 3 };

struct machines {
    const char *name;
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
};

/* Call it with each in turn. */
static inline void machines_each(void (*test)(const struct machines *machine, void *arg), void *arg)
{
    for (unsigned threads = 1; threads <= MACHINES_THREADS; threads += MACHINES_THREADS - 1) {
        struct machines machine;

        assert_int_equal(kn_pool_new(threads, &machine.pool, NULL), KN_OK);
        for (enum kn_isa isa = KN_ISA_PLAIN; isa < KN_ISA_COUNT; isa++) {
            machine.kernels = kn_kernels_of(isa);
            if (machine.kernels == NULL)
                continue;
            machine.name = kn_kernels_name(machine.kernels);
            test(&machine, arg);
        }
        kn_pool_free(machine.pool);
    }
}

#endif
