/*
 * tidy — a node that stays gives memory back to the system that it does not need any more.
 * Internal to the start*.c.
 *
 * For the program alone: the heap of who has libkwaainet within is not ours.
 */
#ifndef KN_CLI_TIDY_H
#define KN_CLI_TIDY_H

#include "lib/io/loop.h"
#include "node/node.h"

enum {
    KN_TIDY_MS = 500,         /* after the last of what has happened */
    KN_TIDY_AGAIN_MS = 60000, /* for what nobody tells of: a look at the swarm, a question */
};

struct kn_start;

/* With the loop of the node. */
void kn_tidy_begin(struct kn_start *start);
void kn_tidy_take(struct kn_start *start, enum kn_node_event event);
void kn_tidy_end(struct kn_start *start);

#endif
