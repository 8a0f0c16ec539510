/*
 * run_folder — one node per data folder: the lock that says so, and who runs.
 *
 * HOME/run holds node.lock, node.json and ended.json (this header) and node.sock (control.h). A
 * node killed at any moment leaves files that the next one takes over. Calls block for short.
 */
#ifndef KN_NODE_CONTROL_RUN_FOLDER_H
#define KN_NODE_CONTROL_RUN_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum {
    KN_RUN_FLAGS_MAX = 256,       /* of a run file */
    KN_RUN_FILE_MAX = 256 * 1024, /* bytes */
    KN_RUN_RESULT_SIZE = 24,      /* of a service manager's word */
};

struct kn_json;
struct kn_run_folder;

/*
 * Make HOME/run (and HOME) with mode 0700 and take the lock. KN_E_BUSY: a node runs with this
 * folder, ours or KwaaiNet's Rust node; the text says which process. KN_E_DENIED, KN_E_NO_SPACE,
 * KN_E_IO, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_run_folder_open(const char *home, struct kn_run_folder **out,
                                            struct kn_error *err);

/* Fill `err` for a folder that is held; `pid` 0: by whom is not known. KN_E_BUSY. */
enum kn_code kn_run_folder_is_held(const char *home, int64_t pid, struct kn_error *err);

/* HOME/run, for the sockets and files of the node that holds the folder. */
const char *kn_run_folder_path(const struct kn_run_folder *folder);

/* What the run file says; NULL and 0 are left out. */
struct kn_run_facts {
    const char *version, *peer_id;
    const char *config;       /* absolute path of the configuration */
    int64_t started;          /* seconds since 1970 */
    int64_t started_ms;       /* the same in milliseconds: one process may run twice */
    unsigned port;            /* that the node listens on */
    int64_t oom_kills;        /* in its memory group, when it began */
    const char *const *flags; /* with which it was started, those that make a difference */
    size_t flag_count;
};

/* Write, or write anew, node.json. Nothing is flushed to the disk: it is worth nothing after one
 * power cut. A failure leaves the old one. */
KN_MUST_USE enum kn_code kn_run_folder_tell(const struct kn_run_folder *folder,
                                            const struct kn_run_facts *facts, struct kn_error *err);

/* The node runs still: noted in the time of node.json. */
void kn_run_folder_touch(const struct kn_run_folder *folder);

/* How a run ended, noted by somebody who was there: all false and "" where nobody was. */
struct kn_run_end {
    bool is_noted;
    int64_t pid;                     /* of the run */
    int64_t oom_kills;               /* in its memory group, at its end */
    char result[KN_RUN_RESULT_SIZE]; /* the service manager's word */
};

/* What a run that ended without good-bye left behind. */
struct kn_run_left {
    bool is_there;
    int64_t pid;       /* 0: not known */
    int64_t at_s;      /* when it was noted last that it runs, in seconds since 1970 */
    int64_t oom_kills; /* in its memory group, when it began */
    struct kn_run_end end;
};

/* As it was found when the folder was opened. Lent. */
const struct kn_run_left *kn_run_folder_left(const struct kn_run_folder *folder);

/*
 * For a service manager's program that runs between a node's end and its next start: note in
 * HOME/run/ended.json how the last run ended, for that start. Nothing is noted of a run that
 * said good-bye, nor while a node runs: `*noted` is false. KN_E_DENIED, KN_E_NO_SPACE, KN_E_IO,
 * KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_run_end_note(const char *home, int64_t oom_kills, const char *result,
                                         bool *noted, struct kn_error *err);

/* Remove node.json and let go. NULL is fine. */
void kn_run_folder_close(struct kn_run_folder *folder);

/* Who runs with a data folder, as others see it. */
struct kn_run_look {
    bool runs;                 /* somebody holds the lock at this moment */
    int64_t pid;               /* 0: not known */
    struct kn_run_facts facts; /* while one runs, as far as it told */
    struct kn_json *document;  /* what the texts are lent from; and the flags */
    const char **flags;
};

/*
 * Changes nothing. A folder that is not there: nobody runs. A run file that cannot be read, or that
 * another process wrote than the one that runs, says nothing. KN_E_DENIED, KN_E_IO, KN_E_NO_MEMORY:
 * it is not known who runs. Release with kn_run_look_done().
 */
KN_MUST_USE enum kn_code kn_run_folder_look(const char *home, struct kn_run_look *out,
                                            struct kn_error *err);
void kn_run_look_done(struct kn_run_look *look);

/* Wait until process `pid` (0: anybody) runs with the data folder no longer. KN_E_TIMEOUT: it does
 * still. Else as above. */
KN_MUST_USE enum kn_code kn_run_folder_await_end(const char *home, int64_t pid, int64_t timeout_ms,
                                                 struct kn_error *err);

#endif
