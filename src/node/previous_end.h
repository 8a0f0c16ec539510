/*
 * previous_end — how the run before this one ended, when it did so without good-bye.
 */
#ifndef KN_NODE_PREVIOUS_END_H
#define KN_NODE_PREVIOUS_END_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "node/control/run_folder.h"

struct kn_json;

struct kn_previous_end {
    bool is_known;     /* false: it said good-bye, or there was none */
    int64_t pid, at_s; /* of that process; when it was last seen, in seconds since 1970 */
    int64_t oom_kills; /* processes of its memory group that were killed for memory meanwhile */
    char result[KN_RUN_RESULT_SIZE]; /* systemd's word: "signal", "watchdog"; "": not its service */
};

/* What the folder that was just taken tells of it. */
void kn_previous_end_find(const struct kn_run_folder *folder, struct kn_previous_end *out);

/* Processes of the memory group of this one that were killed for memory, ever; 0: not known. */
int64_t kn_previous_end_kills(void);

/*
 * systemd runs this between the end of its service and the next start: a memory group that is made
 * anew for each start has forgotten by then what was killed. spec: systemd.exec(5), SERVICE_RESULT
 */
KN_MUST_USE enum kn_code kn_previous_end_note(const char *home, const char *result, bool *noted,
                                              struct kn_error *err);

/* ", and was killed for want of memory": what is known of why; or "". */
const char *kn_previous_end_reason(const struct kn_previous_end *end);

/* {"pid", "at", "killed_for_memory", "result"}, or null; NULL when memory is short. */
struct kn_json *kn_previous_end_json(const struct kn_previous_end *end);

#endif
