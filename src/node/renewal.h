/*
 * renewal — inside of node.h: the swarm looked at again while the node runs.
 *
 * Soon after the first announcements, as many may have started at the same moment; when facts are
 * a day old, or there was nothing to serve; and as soon as somebody answers where nobody had.
 */
#ifndef KN_NODE_RENEWAL_H
#define KN_NODE_RENEWAL_H

#include <stdbool.h>

struct kn_node;

/* After a round was read back: look again soon, and later. spec: decisions D34, D35, D16 */
void kn_renewal_plan_reread(struct kn_node *node);
void kn_renewal_plan_refresh(struct kn_node *node);

/* Plan anew what was guessed, then announce it. False: it cannot be. */
bool kn_renewal_start(struct kn_node *node);

/* What the timers call. */
void kn_renewal_reread(void *arg);
void kn_renewal_refresh(void *arg);

#endif
