/*
 * process — another program run to its end, and the environment of this one.
 */
#ifndef KN_OS_PROCESS_H
#define KN_OS_PROCESS_H

#include "lib/base/error.h"
#include "lib/base/text.h"

/*
 * Run argv[0], found through PATH, on this process's terminal and wait for its end. `argv` ends in
 * NULL. Meanwhile the interrupt and quit keys are the child's alone; afterwards signals are as
 * before. Not thread-safe: signal actions belong to the whole process.
 * `*exit_status` is what the child returned, or 128 and the number of the signal that ended it.
 * KN_E_NOT_FOUND, KN_E_DENIED: no such program, or none that may be run; nothing ran.
 * KN_E_INVALID: argv is empty.
 */
KN_MUST_USE enum kn_code kn_process_run(const char *const argv[], int *exit_status,
                                        struct kn_error *err);

/*
 * The same for one that reads nothing and is asked for what it writes, on either output: the first
 * `max` bytes are appended to `out`. KN_E_IO, KN_E_NO_MEMORY too.
 */
KN_MUST_USE enum kn_code kn_process_ask(const char *const argv[], size_t max, struct kn_text *out,
                                        int *exit_status, struct kn_error *err);

/* Could `program`, a path, be run by us? KN_E_NOT_FOUND, KN_E_DENIED, KN_E_IO (a folder). */
KN_MUST_USE enum kn_code kn_process_may_run(const char *program, struct kn_error *err);

/*
 * Run `program`, a path, in the place of this one: the process keeps its number, its folder and the
 * descriptors that it hands on. Other threads end. SIGHUP and SIGUSR1 are held back until the loop
 * listens to them.
 * Returns only when that failed.
 */
KN_MUST_USE enum kn_code kn_process_become(const char *program, const char *const *words,
                                           const char *const *environment, struct kn_error *err);

/* A hangup (SIGHUP) waits from now on until a loop takes it: kn_loop_on_hangup(). For who may be
 * sent one before it has a loop, and would end by it. */
void kn_process_hold_hangups(void);

/* NAME=value each, NULL at the end. Lent; valid until somebody changes the environment. */
const char *const *kn_os_environment(void);

/* Let lookups of names in this process give up after a second or two, however many servers are
 * silent (RES_OPTIONS, unless the user set it): for a command that must end. Before the first
 * lookup, and before there are threads. */
void kn_os_hurry_lookups(void);

/* A kn_lookup_fn over the environment; `arg` is not used. Valid as long as the above. */
const char *kn_os_lookup(void *arg, const char *name);

#endif
