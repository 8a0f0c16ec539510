/*
 * writer — brings lines to where they are read, on a thread of its own: a disk that is slow, full
 * or gone stops nobody.
 *
 * What cannot be written, or waits in a longer row than KN_LOG_WAITING_MAX, is dropped and counted,
 * and the next line that can be written is preceded by one that says so. A file that somebody has
 * moved away is made anew, at most a second later. The thread begins with the first line. Internal
 * to node/log.
 */
#ifndef KN_NODE_LOG_WRITER_H
#define KN_NODE_LOG_WRITER_H

#include "node/log/record.h"

enum {
    KN_LOG_WAITING_MAX = 1024 * 1024, /* bytes of lines that wait */
    KN_LOG_LOOK_MS = 1000,            /* between two looks whether the file has its name still */
    KN_LOG_AGAIN_MS = 1000,           /* between two tries to open a file */
    KN_LOG_ASIDE_AGAIN_MS = 60000,    /* to put one aside */
    KN_LOG_KEEP_UP_MS = 200,          /* that a reader of the standard error has for one line */
};

struct kn_log_target {
    const char *path; /* copied; NULL: the standard error */
    enum kn_log_style style;
    uint64_t size_max; /* bytes of a file */
    unsigned keep;     /* files put aside */
};

struct kn_log_written {
    uint64_t records, dropped, bytes, put_aside, opened;
    struct kn_error failure; /* of the last line, if it could not be written */
};

struct kn_log_writer;

/* NULL when memory is short. Nothing is opened yet. */
KN_MUST_USE struct kn_log_writer *kn_log_writer_new(void);

/* Write what waits, and end. Waits for the disk. NULL is fine. */
void kn_log_writer_free(struct kn_log_writer *writer);

/*
 * Write what comes from now on there; its folder and its file are made, or opened. After a failure,
 * with the codes of kn_append_file_open(), it goes where it went.
 */
KN_MUST_USE enum kn_code kn_log_writer_point(struct kn_log_writer *writer,
                                             const struct kn_log_target *target,
                                             struct kn_error *err);

/* The same place, but it cannot be opened now: tried again with every line. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_log_writer_hope(struct kn_log_writer *writer,
                                            const struct kn_log_target *target,
                                            struct kn_error *err);

/* Close the file and open it by its name again. Codes as above. */
KN_MUST_USE enum kn_code kn_log_writer_reopen(struct kn_log_writer *writer, struct kn_error *err);

/* A line with its line feed. */
void kn_log_writer_add(struct kn_log_writer *writer, const char *line, size_t n);

void kn_log_writer_report(struct kn_log_writer *writer, struct kn_log_written *out);

#endif
