/*
 * teller — what happens to a node, as the events that libkwaainet hands out.
 *
 * One event of the node may be several, or none: what only repeats is not told again, since a node
 * runs for months. Belongs to the loop thread.
 */
#ifndef KN_NODE_TELLER_H
#define KN_NODE_TELLER_H

#include "kwaainet/node.h"
#include "lib/base/text.h"
#include "node/node.h"

/* Begin with { 0 } but for the first two. */
struct kn_teller {
    void *arg;
    /* `text` has words of others as they are; "" when memory is short. Lent for the call. */
    void (*tell)(void *arg, enum kwaai_event_kind kind, const char *text);
    /* What was told last. */
    struct kn_announced announced;
    bool has_announced, has_read_back;
    enum kn_code not_met[KN_NETWORK_BOOTSTRAPS_MAX];
};

void kn_teller_take(struct kn_teller *teller, const struct kn_node *node, enum kn_node_event event);

#endif
