/*
 * pause — inside of node.h: a node that serves nothing for a while, and goes on.
 *
 * Others are told OFFLINE at once, as when the node leaves; open sessions may finish, bounded as
 * there; then the blocks are unloaded. The process, its identity, its place in the DHT and its
 * control socket stay. Afterwards blocks are loaded and tested as at a start.
 */
#ifndef KN_NODE_PAUSE_H
#define KN_NODE_PAUSE_H

#include "lib/io/loop.h"
#include "node/schedule/scheduler.h"

struct kn_json;
struct kn_node;

enum { KN_PAUSE_TOLD_MS = 3000 }; /* for somebody to take the last records */

struct kn_pause {
    bool is_on;              /* nothing is loaded, announced or answered */
    bool drains, tells;      /* sessions end; others are told */
    struct kn_timer *timer;  /* of telling */
    struct kn_limits limits; /* that were in force when it was looked last */
    struct kn_limits base;   /* of the configuration alone */
    unsigned told;           /* the reasons that were told last */
    char told_reason[KN_PAUSE_REASON_SIZE];
};

KN_MUST_USE enum kn_code kn_pause_init(struct kn_node *node, struct kn_error *err);
void kn_pause_done(struct kn_node *node);

/* The configuration is another: schedules and settings of it hold from now on. */
KN_MUST_USE enum kn_code kn_pause_settings_changed(struct kn_node *node, struct kn_error *err);

/* What the course calls: it begins; a round was stored, `alone`: there is nobody to take it. */
void kn_pause_begin(struct kn_node *node);
void kn_pause_announced(struct kn_node *node, bool alone);

/* What the control socket asks: {"duration_ms"} for so long, else until it is resumed; and to go
 * on. The answer is "paused" of the status. */
enum kn_code kn_pause_answer_pause(void *arg, const struct kn_json *request, struct kn_json **out,
                                   struct kn_error *err);
enum kn_code kn_pause_answer_resume(void *arg, const struct kn_json *request, struct kn_json **out,
                                    struct kn_error *err);

/* "paused" and "window" of the status; NULL when memory is short. */
KN_MUST_USE struct kn_json *kn_pause_json(const struct kn_node *node);
KN_MUST_USE struct kn_json *kn_pause_window_json(const struct kn_node *node);

#endif
