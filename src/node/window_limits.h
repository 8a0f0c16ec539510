/*
 * window_limits — inside of node.h: what an open window says of memory and disk, as if somebody had
 * written it, and the plan that follows from that.
 *
 * The range of blocks shrinks or grows as it does at a reload. When no plan can be made within a
 * window's limits, what is served stays, and the status says why.
 */
#ifndef KN_NODE_WINDOW_LIMITS_H
#define KN_NODE_WINDOW_LIMITS_H

#include <stdbool.h>

#include "config/schema/value.h"
#include "config/sources/flags.h"
#include "lib/base/error.h"
#include "lib/io/loop.h"

struct kn_node;

enum { KN_WINDOW_LIMITS = 3, KN_WINDOW_AGAIN_MS = 10000 }; /* AGAIN: after what failed */

struct kn_window_limits {
    struct kn_flag *flags; /* of the command line, and behind them those of the window */
    size_t own;            /* of the command line */
    char texts[KN_WINDOW_LIMITS][32];
    struct kn_limits base, wanted, held; /* held: by the configuration as it is resolved */
    struct kn_timer *again;
    struct kn_error failure; /* of the last try; code KN_OK: it holds */
};

KN_MUST_USE enum kn_code kn_window_limits_init(struct kn_node *node, struct kn_error *err);
void kn_window_limits_done(struct kn_node *node);

/* `base` is what the configuration says itself. */
void kn_window_limits_set(struct kn_node *node, const struct kn_limits *base,
                          const struct kn_limits *wanted);

/* The configuration without them; release it. NULL: memory is short, or it cannot be read. */
KN_MUST_USE struct kn_snapshot *kn_window_limits_without(const struct kn_node *node);

#endif
