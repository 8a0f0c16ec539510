/*
 * log — what the node writes down of itself: records with a level, a module and an event.
 *
 * kn_log_say() is the one entry, and never waits: a thread writes. What comes too often is counted
 * and told later; what cannot be written is counted and told as soon as something can be. Belongs
 * to the loop thread. No secret may be handed in; words of others may.
 */
#ifndef KN_NODE_LOG_H
#define KN_NODE_LOG_H

#include "lib/io/loop.h"
#include "node/log/field.h"
#include "node/log/levels.h"
#include "node/log/writer.h"

/* Below the data folder, for a node that runs in the background. */
#define KN_LOG_FILE_NAME "logs/kwaainet.log"

enum kn_log_place {
    KN_LOG_NOWHERE, /* nobody asked for a log */
    KN_LOG_FILE,
    KN_LOG_JOURNAL, /* the standard error, which the system's journal reads */
    KN_LOG_ERROR,   /* the standard error */
    KN_LOG_SCREEN,  /* a terminal on which more than the log is shown: options.line */
};

/* All of it is copied. */
struct kn_log_options {
    enum kn_level level;
    const char *const *modules; /* "network=debug" */
    size_t module_count;
    enum kn_log_format format;
    enum kn_log_place place;
    const char *path; /* of KN_LOG_FILE */
    bool must_open;   /* else a file that cannot be opened now is tried again later */
    uint64_t size_max;
    unsigned keep;
    void *arg;
    void (*line)(void *arg, const char *line, size_t n); /* must not log */
};

struct kn_log;

/* KN_E_NO_MEMORY; with must_open the codes of kn_append_file_open() too. `loop` is kept. */
KN_MUST_USE enum kn_code kn_log_new(struct kn_loop *loop, const struct kn_log_options *options,
                                    struct kn_log **out, struct kn_error *err);

/* Tell what was held back, write what waits. NULL is fine. */
void kn_log_free(struct kn_log *log);

/* Take other settings while it runs. After a failure, as of kn_log_new(), nothing has changed. */
KN_MUST_USE enum kn_code kn_log_apply(struct kn_log *log, const struct kn_log_options *options,
                                      struct kn_error *err);

/* Somebody has moved the file away: open it by its name again. KN_E_UNSUPPORTED: there is none. */
KN_MUST_USE enum kn_code kn_log_reopen(struct kn_log *log, struct kn_error *err);

/* Would such a record be written? For those that cost something to make. NULL: no. */
bool kn_log_takes(const struct kn_log *log, enum kn_level level, enum kn_log_module module);

/*
 * Write a record: `event` is a word of the program such as "bootstrap-up", one for each kind of
 * thing that happens, and kept; the text is a sentence without a full stop. `log` may be NULL.
 */
void kn_log_say(struct kn_log *log, enum kn_level level, enum kn_log_module module,
                const char *event, struct kn_log_fields fields, const char *format, ...)
    KN_PRINTF(6, 7);

struct kn_log_report {
    enum kn_log_place place;
    const char *path; /* of a file; lent until it is applied anew */
    uint64_t held_back;
    struct kn_log_written written;
};

/* NULL: as of one that writes nowhere. */
void kn_log_report(struct kn_log *log, struct kn_log_report *out);

#endif
