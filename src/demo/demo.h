/*
 * demo — the first run of a node against a swarm of its own, with nothing faked between the two.
 *
 * The swarm lives in this process (swarm.h); the node is this very program, executed as
 * `kwaainet start` with a home, a working folder and an environment that hold nothing of the
 * user's, and with this process's terminal. Only the machine is made up: its facts stand in a file
 * that the node is told to plan with. When the node has ended, so has the swarm, and the folder is
 * removed, also after an interrupt.
 */
#ifndef KN_DEMO_H
#define KN_DEMO_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"

enum {
    KN_DEMO_BOOTSTRAPS = 3,
    KN_DEMO_WORDS_MAX = 8,       /* more for the node's command line */
    KN_DEMO_FOR_EVER = -1,       /* until somebody interrupts */
    KN_DEMO_PATIENCE_MS = 60000, /* for the node to be seen, when it is to end by itself */
    KN_DEMO_LEAVE_MS = 500,      /* after an interrupt until the node is asked to end: most often
                                  * its terminal has told it */
    KN_DEMO_KILL_MS = 10000,     /* and from then on until it is ended */
};

struct kn_demo_options {
    const char *temporary;          /* the folder is made below */
    const char *const *environment; /* of the node, without HOME; ends in NULL */
    const char *const *words;       /* more for its command line; ends in NULL */
    int64_t stay_s;                 /* after every bootstrap sees it; or KN_DEMO_FOR_EVER */
    void *arg;
    /* The swarm stands after that many milliseconds, and `argv` is about to be run. */
    void (*begins)(void *arg, const char *folder, const char *const *argv, int64_t ms);
};

/*
 * `*exit_status` is the node's, or 128 and the number of the signal that ended it. KN_E_CANCELLED:
 * interrupted before the node began. KN_E_TIMEOUT: the node was to be seen by every bootstrap and
 * was not; it was ended. Others: no folder, no swarm, no node, or the folder could not be removed,
 * with their texts.
 */
KN_MUST_USE enum kn_code kn_demo_run(const struct kn_demo_options *options, int *exit_status,
                                     struct kn_error *err);

#endif
