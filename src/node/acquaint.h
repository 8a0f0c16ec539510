/*
 * acquaint — inside of node.h: a model that was named with its repository, and of which nothing is
 * on this machine: its config.json comes first, because the plan needs its shape.
 *
 * Only where its files may be fetched anyhow (fetch_choice.h); a few KiB, while the machine and the
 * swarm are looked at. The plan waits for it, ten seconds at most.
 */
#ifndef KN_NODE_ACQUAINT_H
#define KN_NODE_ACQUAINT_H

#include "lib/base/error.h"

struct kn_node;

/* Ask, if there is something to ask for; kn_course_decide() follows. */
void kn_acquaint_begin(struct kn_node *node);

/* The plan failed because nobody knows the model: what the hub said of it belongs there. */
void kn_acquaint_explain(const struct kn_node *node, struct kn_error *err);

#endif
