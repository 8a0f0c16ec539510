/*
 * shrink — inside of node.h: memory was refused that the plan had counted on, so fewer blocks are
 * served: three quarters of them, and again if need be, down to one.
 *
 * The rest of the range stays where it is. Blocks that somebody pinned stay all.
 */
#ifndef KN_NODE_SHRINK_H
#define KN_NODE_SHRINK_H

struct kn_node;

/* The blocks are in another stage: could they not be loaded because memory was short? */
void kn_shrink_blocks_changed(struct kn_node *node);

/* A session that had room in the cache got no memory. `arg` is the node. */
void kn_shrink_starved(void *arg);

/* What its timer calls: not from inside of the blocks. */
void kn_shrink(void *arg);

#endif
