/*
 * long_work — something that takes a while, beside a line that tells how far it is.
 *
 * The line stands on standard error: rewritten in place on a terminal, else a line of its own every
 * few seconds; nothing with --quiet or --json. An interrupt asks the work to end.
 */
#ifndef KN_CLI_LONG_WORK_H
#define KN_CLI_LONG_WORK_H

#include "app/term/progress.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"

struct kn_cli;
struct kn_text;

struct kn_long_work {
    struct kn_cli *cli;
    void *arg;
    void (*work)(void *arg); /* on another thread */
    /* How far it is; texts live until the next call, `note` is empty. */
    void (*progress)(void *arg, struct kn_text *note, struct kn_progress *out);
    void (*cancel)(void *arg); /* it should end soon; perhaps more than once */
};

/* Run it to its end. KN_E_NO_MEMORY, KN_E_IO: it was not begun. */
KN_MUST_USE enum kn_code kn_long_work_run(const struct kn_long_work *work, struct kn_error *err);

#endif
