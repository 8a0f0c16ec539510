/*
 * supervised — a node that a service manager has started tells it when it is ready, how it fares,
 * that its loop turns, and that it ends. Internal to the start*.c.
 */
#ifndef KN_CLI_SUPERVISED_H
#define KN_CLI_SUPERVISED_H

#include "lib/base/text.h"
#include "lib/io/loop.h"
#include "node/node.h"

/* Ready is who is in the swarm, or has tried for so long; it goes on trying. */
enum { KN_SUPERVISED_READY_MS = 10000 };

struct kn_start;
struct kn_supervisor;

struct kn_supervised {
    struct kn_supervisor *manager; /* NULL: nobody wants to know */
    struct kn_timer *timer;
    kn_time every, ready_by; /* KN_NEVER: no sign of life is wanted; it was told */
    struct kn_text said;     /* the status that was told last */
};

/* With the loop of the node. */
void kn_supervised_begin(struct kn_start *start);
void kn_supervised_take(struct kn_start *start, enum kn_node_event event);
void kn_supervised_end(struct kn_start *start);

#endif
