/*
 * start_text — what a person reads while a node starts and runs.
 */
#ifndef KN_CLI_START_TEXT_H
#define KN_CLI_START_TEXT_H

#include "node/node.h"

struct kn_cli;

struct kn_start {
    struct kn_cli *cli;
    struct kn_node *node;
    size_t dropped;    /* lines that nobody read */
    bool said_joining; /* the sentence about JOINING */
    uint32_t visible_on;
    enum kn_code not_met[KN_NETWORK_BOOTSTRAPS_MAX]; /* as it was said last, of each bootstrap */
    struct kn_announced said;                        /* the round that was told last */
};

/* Append what there is to say of an event to the answer. */
void kn_start_text(struct kn_start *start, enum kn_node_event event);

#endif
