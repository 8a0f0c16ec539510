/*
 * retry — inside of node.h: blocks that could not be loaded, or whose files became others while
 * they were served, are tried again: after KN_RETRY_FIRST_MS, then after twice as long each time,
 * up to KN_RETRY_LAST_MS; and at once with a reload. A disk that was not there yet, files that
 * somebody repairs and memory that others give back need nobody who starts the node again.
 */
#ifndef KN_NODE_RETRY_H
#define KN_NODE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct kn_node;
struct kn_timer;

enum { KN_RETRY_FIRST_MS = 60 * 1000, KN_RETRY_LAST_MS = 30 * 60 * 1000 };

struct kn_retry {
    struct kn_timer *timer;
    int wait_ms; /* the last one, since the blocks were served; 0: none */
    kn_time at;  /* 0: nothing has failed */
};

/* Pure. How long to wait after a wait of `before_ms`, 0: the first time. */
int kn_retry_wait_ms(int before_ms);

/* False: memory is short. */
bool kn_retry_make(struct kn_node *node);
void kn_retry_end(struct kn_node *node);

/* The blocks are in another stage. */
void kn_retry_blocks_changed(struct kn_node *node);

/* Try now what has failed. */
void kn_retry_now(struct kn_node *node);

/* Seconds until the next time; -1: nothing has failed. */
int64_t kn_retry_in_s(const struct kn_node *node);

#endif
