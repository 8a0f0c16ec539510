/*
 * node — one node from its start to its end: the place where all parts meet.
 *
 * Gathers facts (the machine in a worker, the swarm through the bootstraps), decides once, joins,
 * announces and stays until it is told to end. One loop thread owns it. Nothing is flushed to the
 * disk between the start and the first announcement.
 */
#ifndef KN_NODE_NODE_H
#define KN_NODE_NODE_H

#include "node/alerts/alerts.h"
#include "node/blocks/blocks.h"
#include "node/health/health.h"
#include "node/lifecycle.h"
#include "node/log/log.h"
#include "node/move.h"
#include "node/own_limits.h"
#include "node/plan/plan.h"
#include "node/presence/announcer.h"
#include "node/presence/look.h"
#include "node/reload.h"
#include "node/schedule/scheduler.h"

struct kn_node;

/* What happens, in the order in which it does; the accessors below then have what there is. */
enum kn_node_event {
    KN_NODE_LISTENING,    /* the port is bound */
    KN_NODE_BOOTSTRAP,    /* one has answered or failed: kn_node_bootstrap() */
    KN_NODE_SEEN,         /* the swarm was looked at, or nobody answered */
    KN_NODE_MEASURED,     /* the machine is known */
    KN_NODE_PLANNED,      /* the choices are made: kn_node_plan(), and the configuration is final */
    KN_NODE_JOINED,       /* the first bootstrap answered, perhaps late */
    KN_NODE_ANNOUNCED,    /* a round was stored: kn_node_announced() */
    KN_NODE_READ_BACK,    /* and read back */
    KN_NODE_REPLANNED,    /* the swarm answered at last: other choices, of which there is a plan */
    KN_NODE_REFRESHED,    /* the facts of an earlier start were found out anew, and kept */
    KN_NODE_MOVED,        /* another range is announced: many had started together, or it is needed
                           * more there, or a move was given up */
    KN_NODE_REBALANCED,   /* a better place was looked for, with another outcome than before:
                           * kn_node_move() */
    KN_NODE_BLOCKS,       /* kn_node_blocks() are in another stage */
    KN_NODE_STATE,        /* kn_node_state() is another */
    KN_NODE_PAUSED,       /* nothing is served until kn_node_schedule() says otherwise; or the
                           * reason is another */
    KN_NODE_RESUMED,      /* blocks are served again, from here on */
    KN_NODE_HEALTH,       /* kn_node_health() has another verdict, or gave up reconnecting */
    KN_NODE_ALERT,        /* an alert was delivered, or could not be: kn_node_alerted() */
    KN_NODE_RELOADED,     /* the configuration was read again: kn_node_reloaded() */
    KN_NODE_CACHE_FAILED, /* what was found out could not be kept: kn_node_cache_failure() */
    KN_NODE_ENDED, /* the last one, and the loop stops; kn_node_failure() tells why, if it tells */
};

struct kn_node_options {
    const struct kn_config_request *request; /* kept */
    bool dry_run;     /* end when the plan is made, and write nothing, wherever that is */
    bool rediscover;  /* as if there were no caches */
    bool recalibrate; /* as if no earlier start had planned blocks */
    const struct kn_hardware *machine; /* plan for this one; NULL: the one we run on; kept.
                                        * Only where kn_machine_may_stand_in() */
    const char *const *flags;          /* for the run file; kept */
    size_t flag_count;
    struct kn_loop *loop; /* kept and outlives the node; NULL: one of its own */
    bool leaves_signals;  /* an interrupt is somebody else's to handle */
    const char *log_file; /* for the log where logging.file_path names none; NULL: none; kept */
    void *arg;
    /* A line of the log with its line feed, where it is to stand between other lines of a screen;
     * NULL: the log goes to the standard error by itself, where it goes there. */
    void (*log_line)(void *arg, const char *line, size_t n);
    /* Asked before a node that was told to restart leaves; NULL: it cannot. */
    enum kn_code (*may_restart)(void *arg, struct kn_error *err);
    void (*event)(void *arg, enum kn_node_event event);
};

/*
 * Load the configuration, take the data folder, the identity and the port. KN_E_INVALID: the
 * configuration is wrong, `*snapshot` tells (release it). KN_E_BUSY: another node has the folder or
 * the port; KN_E_DENIED and the others with their texts.
 */
KN_MUST_USE enum kn_code kn_node_new(const struct kn_node_options *options, struct kn_node **out,
                                     struct kn_snapshot **snapshot, struct kn_error *err);

/* Serve until kn_node_stop(), an interrupt, or a failure. */
void kn_node_run(struct kn_node *node);

/* Say good-bye to the swarm, then end the run. */
void kn_node_stop(struct kn_node *node);

/* After the run: was it told to restart? Then its owner does that, once it is freed. */
bool kn_node_restarts(const struct kn_node *node);

/* Go on after KN_NODE_PLANNED: nothing is announced before somebody agreed. */
void kn_node_agree(struct kn_node *node);

void kn_node_free(struct kn_node *node);

/* Lent; NULL or zero before the event that brings them. */
struct kn_snapshot *kn_node_snapshot(const struct kn_node *node);

/* The same, to keep: release it. */
struct kn_snapshot *kn_node_snapshot_ref(const struct kn_node *node);

/* What it says; lent until the next event. */
const struct kn_node_config *kn_node_settings(const struct kn_node *node);

/* Nobody wrote a configuration, and no earlier start left its choices. */
bool kn_node_is_first_run(const struct kn_node *node);
const struct kn_config_paths *kn_node_paths(const struct kn_node *node);
const struct kn_hardware *kn_node_hardware(const struct kn_node *node);
const struct kn_look *kn_node_look(const struct kn_node *node);

/* False: nothing is looked at, or it was seen by now. */
bool kn_node_look_progress(const struct kn_node *node, struct kn_look_progress *out);
const struct kn_plan *kn_node_plan(const struct kn_node *node);
const struct kn_bootstrap *kn_node_bootstrap(const struct kn_node *node);
const struct kn_announced *kn_node_announced(const struct kn_node *node);
enum kn_node_state kn_node_state(const struct kn_node *node);
bool kn_node_is_in_swarm(const struct kn_node *node); /* also while it is paused, and OFFLINE */
const struct kn_error *kn_node_failure(const struct kn_node *node);
const struct kn_error *kn_node_cache_failure(const struct kn_node *node);
const char *kn_node_peer_id(const struct kn_node *node);
const char *kn_node_port_text(const struct kn_node *node); /* "Using port 8080" */
uint16_t kn_node_port(const struct kn_node *node);
void kn_node_addresses(const struct kn_node *node, kn_add_address_fn *add, void *add_arg);
size_t kn_node_peers(const struct kn_node *node);
void kn_node_blocks(const struct kn_node *node, struct kn_blocks_report *out);
void kn_node_log(const struct kn_node *node, struct kn_log_report *out);
const struct kn_own_limits *kn_node_own_limits(const struct kn_node *node);
const struct kn_reload_report *kn_node_reloaded(const struct kn_node *node);
void kn_node_move(const struct kn_node *node, struct kn_move_report *out);
void kn_node_schedule(const struct kn_node *node, struct kn_scheduler_report *out);
const struct kn_alert_outcome *kn_node_alerted(const struct kn_node *node);
/* False: there are none, in a dry run. */
bool kn_node_alerts(const struct kn_node *node, struct kn_alerts_report *out);
void kn_node_health(const struct kn_node *node, struct kn_health_report *out);

/* The loop on which events come, for whoever has something else to wait for. Freed with the node.
 */
struct kn_loop *kn_node_loop(const struct kn_node *node);

#endif
