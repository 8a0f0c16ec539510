/*
 * machine_file — facts of another machine than this one, from a file: what it would serve.
 *
 * A small YAML or JSON document. Every field may be left out, or be null: it is unknown then, and
 * no limit is the same as an unknown one.
 *
 *   platform: Linux 6.12 (x86_64)      architecture: x86_64
 *   cpu: AMD Ryzen 7 7840U             cores: 16            physical_cores: 8
 *   features: [avx2, avx512_bf16]      of struct kn_cpu_features
 *   memory_total: 32 GiB               memory_available: 24 GiB
 *   gpus: [{kind: nvidia, name: …, memory_total: 24 GiB, memory_free: 23 GiB, capability: 89}]
 *   host_name: laptop                  user_name: alice
 */
#ifndef KN_NODE_MACHINE_MACHINE_FILE_H
#define KN_NODE_MACHINE_MACHINE_FILE_H

#include "config/discovery/facts.h"
#include "config/schema/node_config.h"
#include "lib/base/error.h"

enum {
    KN_MACHINE_FILE_MAX = 64 * 1024, /* bytes */
    KN_MACHINE_CORES_MAX = 65536,
};

/*
 * Read a file; a relative path starts at `working`. The codes of kn_file_read(), and those below;
 * texts name the path.
 */
KN_MUST_USE enum kn_code kn_machine_file_read(const char *path, const char *working,
                                              struct kn_hardware *out, struct kn_error *err);

/*
 * The same of bytes; `name` stands in the texts, before line and column. KN_E_SYNTAX: no YAML, or
 * no map; KN_E_INVALID: an unknown field, or no value of its field, the first that is met;
 * KN_E_LIMIT; KN_E_NO_MEMORY. `out` is written on success only.
 */
KN_MUST_USE enum kn_code kn_machine_file_decode(const char *name, const char *bytes, size_t n,
                                                struct kn_hardware *out, struct kn_error *err);

/*
 * Nothing is announced to a real swarm that was not measured: KN_E_INVALID unless nothing is
 * announced, or there are bootstraps and all of them are loopback addresses.
 */
KN_MUST_USE enum kn_code kn_machine_may_stand_in(const struct kn_node_config *config, bool dry_run,
                                                 struct kn_error *err);

#endif
