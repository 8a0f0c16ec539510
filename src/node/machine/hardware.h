/*
 * hardware — this machine, looked at: fills the facts from which discovery decides.
 *
 * Blocks on files and drivers, keeps nothing and shares nothing: call it in a worker.
 */
#ifndef KN_NODE_MACHINE_HARDWARE_H
#define KN_NODE_MACHINE_HARDWARE_H

#include "config/discovery/facts.h"
#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/os/cpu.h"
#include "lib/os/memory.h"

/* Zeroed: the machine's own. */
struct kn_hardware_options {
    const char *root;                 /* stands before /proc and /sys */
    const char *nvml;                 /* path of NVIDIA's library; "" asks none */
    const struct kn_ulimits *ulimits; /* NULL: those of this process */
    const struct kn_cpu_sets *sets;   /* NULL: those of this processor */
};

/* KN_E_NO_MEMORY: `out` holds what was found without. Anything else missing is a fact unknown. */
KN_MUST_USE enum kn_code kn_hardware_probe(const struct kn_hardware_options *options,
                                           struct kn_hardware *out);

#endif
