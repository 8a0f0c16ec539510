/*
 * config — load a configuration: find the files, read every source, resolve.
 *
 * The one way by which start, check, reload and the public library read a configuration. It
 * touches the configuration file and the two caches and nothing else: no network, no hardware.
 */
#ifndef KN_CONFIG_CONFIG_H
#define KN_CONFIG_CONFIG_H

#include <stdint.h>

#include "config/resolve/snapshot.h"
#include "config/sources/flags.h"
#include "lib/os/file.h"

struct kn_arena;

#define KN_CONFIG_FILE "node_config.yaml"

/* A value that discovery computed: what nobody wrote down. */
struct kn_discovered {
    const char *key, *value; /* as in a configuration */
    const char *reason;      /* the sentence that explains it */
};

/*
 * A configuration file that was read before, for a node that runs: what it does never depends on
 * what lies on the disk meanwhile. Settings that wait for the next start are those of `then`, the
 * others those of `now`; the two may be one. NULL: there was no file.
 */
struct kn_config_copy {
    struct kn_bytes *then, *now;
    const struct kn_error *others; /* who else may write what `now` says, as kn_config_read() found
                                    * it; NULL: that was minded before */
};

/* What to load with. All lent for the call; every member may be left empty. */
struct kn_config_request {
    const char *config_path; /* --config: must exist; NULL: ./node_config.yaml if it is there */
    const char *home;        /* --home; NULL: KWAAINET_HOME, else ~/.kwaainet */
    const struct kn_flag *flags;
    size_t flag_count;
    const struct kn_problem *problems; /* found while reading the command line */
    size_t problem_count;
    const char *const *environment; /* "NAME=value", ends with NULL */
    const char *working; /* working folder, absolute; relative paths of flags start here */
    int64_t now_s;       /* wall clock, seconds since 1970: the age of caches */
    const struct kn_discovered *discovered; /* weaker than the caches, stronger than built in */
    size_t discovered_count;
    bool without_caches;               /* what they say is to be found out anew */
    const char *machine;               /* fingerprint that a calibration must have; NULL: any */
    const struct kn_config_copy *copy; /* in place of the file; NULL: that is read */
};

/* Where things are: absolute paths, expanded. */
struct kn_config_paths {
    const char *config; /* the file that is read, or would be */
    bool config_exists;
    bool config_named; /* by --config or KWAAINET_CONFIG */
    const char *home, *discovery_cache, *calibration;
};

/*
 * Find the files. The paths live as long as `arena`.
 * KN_E_INVALID: a path that cannot be expanded. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_config_locate(const struct kn_config_request *request,
                                          struct kn_arena *arena, struct kn_config_paths *out,
                                          struct kn_error *err);

/* Read a configuration file for a copy, which kn_bytes_done() releases, and who else may write it.
 * As kn_file_read_judged(). */
KN_MUST_USE enum kn_code kn_config_read(const char *path, struct kn_bytes *out,
                                        struct kn_error *others, struct kn_error *err);

/*
 * Load and resolve. What is wrong with the configuration is in the snapshot's problems; the call
 * itself fails only with KN_E_NO_MEMORY or when paths cannot be expanded (KN_E_INVALID). Release
 * with kn_snapshot_unref().
 */
KN_MUST_USE enum kn_code kn_config_load(const struct kn_config_request *request,
                                        struct kn_snapshot **out, struct kn_error *err);

/*
 * Resolve `bytes` as if the configuration file held them; `name` is what messages call it. For
 * what an edit would make of a file before it is written.
 */
KN_MUST_USE enum kn_code kn_config_load_bytes(const struct kn_config_request *request,
                                              const char *name, const struct kn_bytes *bytes,
                                              struct kn_snapshot **out, struct kn_error *err);

#endif
