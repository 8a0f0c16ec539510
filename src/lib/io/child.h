/*
 * child — another program on this process's terminal while the loop goes on.
 */
#ifndef KN_IO_CHILD_H
#define KN_IO_CHILD_H

#include <stdbool.h>

#include "lib/io/loop.h"

struct kn_child;

/* `exit_status` is what it returned, or 128 and the number of the signal that ended it. */
typedef void kn_child_fn(void *arg, int exit_status);

struct kn_child_options {
    const char *program;     /* a path; a bare name is searched for in PATH of `environment` */
    const char *const *argv; /* ends in NULL; argv[0] is what it is told its name is */
    const char *const *environment; /* the whole of it; ends in NULL */
    const char *folder;             /* in which it runs */
    bool is_apart; /* in a session of its own, and its standard descriptors lead nowhere */
};

/*
 * Run it, with no descriptor of this process but, unless it is apart, the three standard ones: in
 * its process group, so that the interrupt key of a terminal reaches both. Signals do what the
 * system does by default. `ended` comes once, later. KN_E_NOT_FOUND, KN_E_DENIED: no such program
 * or folder, or none that may be run; KN_E_NO_MEMORY, KN_E_IO. Nothing ran then, and `ended` never
 * comes.
 */
KN_MUST_USE enum kn_code kn_child_start(struct kn_loop *loop,
                                        const struct kn_child_options *options, kn_child_fn *ended,
                                        void *arg, struct kn_child **out, struct kn_error *err);

enum kn_child_signal {
    KN_CHILD_TERMINATE, /* asks it to end */
    KN_CHILD_KILL,      /* ends it */
};

/* Nothing happens to one that has ended. One that is apart and all that it has started get it. */
void kn_child_signal(struct kn_child *child, enum kn_child_signal number);

/* Forget it: `ended` never comes. It is not ended by that. NULL is fine. */
void kn_child_free(struct kn_child *child);

#endif
