/*
 * logs_lines — the lines of a log file on their way to who reads them. Internal to logs*.c.
 */
#ifndef KN_CLI_LOGS_LINES_H
#define KN_CLI_LOGS_LINES_H

#include "app/cli/cli.h"
#include "lib/os/followed_file.h"
#include "node/log/tail.h"

struct kn_logs {
    struct kn_cli *cli;
    const char *path;
    struct kn_followed_file *file;
    uint64_t at; /* bytes of it that were read */
    struct kn_tail_lines lines;
    bool is_over; /* nobody reads any more */
};

/* The last `n` lines; follow from there. The text names the path. */
KN_MUST_USE enum kn_code kn_logs_begin(struct kn_logs *logs, uint64_t n, struct kn_error *err);

/* What has come since, also where the file was shortened or another has its name. */
KN_MUST_USE enum kn_code kn_logs_go_on(struct kn_logs *logs, struct kn_error *err);

/* Write all of it, an unfinished line at the end too. */
void kn_logs_end(struct kn_logs *logs);

/* Show what comes until an interrupt, or until the node of `pid` (0: none ran) has ended. */
KN_MUST_USE enum kn_code kn_logs_follow(struct kn_logs *logs, const char *home, int64_t pid,
                                        struct kn_error *err);

#endif
