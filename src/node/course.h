/*
 * course — inside of node.h: what a node has, and what happens from its start to its end.
 *
 * Facts come in, once they are all there the plan is made, once somebody of the swarm has answered
 * it is announced; afterwards facts are renewed. Each step asks itself whether it is its turn, so
 * that the order in which answers come does not matter.
 */
#ifndef KN_NODE_COURSE_H
#define KN_NODE_COURSE_H

#include "lib/crypto/random.h"
#include "node/alarm.h"
#include "node/blocks/blocks.h"
#include "node/checkup.h"
#include "node/control/control.h"
#include "node/control/run_folder.h"
#include "node/identity/identity.h"
#include "node/journal.h"
#include "node/move.h"
#include "node/node.h"
#include "node/own_limits.h"
#include "node/pause.h"
#include "node/plan/decision.h"
#include "node/presence/changes.h"
#include "node/presence/known_peers.h"
#include "node/presence/listen.h"
#include "node/presence/membership.h"
#include "node/previous_end.h"
#include "node/reached.h"
#include "node/retry.h"
#include "node/window_limits.h"

struct kn_node {
    struct kn_node_options options;
    struct kn_arena *arena;
    struct kn_config_paths paths;
    struct kn_decision what;
    struct kn_snapshot *announced; /* of which the announcer has texts */
    struct kn_texts bootstraps;    /* of the snapshot below */
    struct kn_snapshot *bootstraps_of;
    struct kn_random random;
    struct kn_run_folder *folder;
    struct kn_identity identity;
    char peer_id[KN_PEER_ID_TEXT_SIZE];
    struct kn_loop *loop;
    struct kn_network *network;
    struct kn_listening listening;
    struct kn_hardware *hardware; /* the worker's until measured */
    bool measured, working;

    struct kn_look *look;      /* of which the plan has texts */
    struct kn_look *next_look; /* under way */
    bool seen, resuming, agreed, refresh_is_planned, caches_due;
    bool knows_swarm;                /* somebody answered, now or for the caches */
    bool is_guess;                   /* planned before anybody of the swarm had answered */
    uint32_t rereads;                /* of coverage, soon after the first announcements */
    bool is_placed;                  /* and so the range stays: its files may be fetched */
    struct kn_fetching *acquainting; /* with a model that was named; NULL: not, or done */
    struct kn_error not_acquainted;  /* why that failed */
    struct kn_timer *work_timer, *reread_timer, *refresh_timer, *leave_timer, *reload_timer,
        *shrink_timer;

    struct kn_membership *membership;
    struct kn_known_peers *known; /* NULL: a swarm of its own */
    struct kn_changes *changes;
    const struct kn_bootstrap *bootstrap; /* of the event under way */
    struct kn_peer_id met[KN_DHT_PEERS_MAX];
    struct kn_peer_id first; /* bootstrap that is connected */
    bool has_first, has_head_start;
    size_t met_count;

    struct kn_announcer *announcer;
    struct kn_blocks *blocks;
    struct kn_move *move;
    struct kn_retry retry;
    struct kn_checkup checkup;
    struct kn_alerts *alerts;               /* NULL: a dry run */
    const struct kn_alert_outcome *alerted; /* of the event under way */
    struct kn_scheduler *scheduler;
    struct kn_pause pause;
    struct kn_window_limits window;
    struct kn_reached reached;
    struct kn_control *control;
    struct kn_journal *journal; /* the log, and what is told there */
    struct kn_own_limits own_limits;
    struct kn_reload_report reloaded;
    kn_time reloaded_at;
    int64_t started_s, since_s; /* seconds since 1970: the process, the state */
    int64_t started_ms;
    enum kn_node_state state;
    bool in_swarm; /* since somebody answered, also while it is paused and OFFLINE */
    bool is_first_run, leaving, over, told_end;
    struct kn_previous_end previous;
    bool restarts;              /* it leaves only to begin anew */
    bool has_left, has_drained; /* while leaving: others were told, no session is open */
    struct kn_error failure, cache_failure;
};

void kn_course_tell(struct kn_node *node, enum kn_node_event event);

/* Everything is taken: from here to kn_course_end(). */
void kn_course_begin(struct kn_node *node);

/* Is there no swarm to join, but one to begin? */
bool kn_course_is_first(const struct kn_node *node);

/* The run ends; `err` NULL: as it should. */
void kn_course_end(struct kn_node *node, const struct kn_error *err);

void kn_course_step_state(struct kn_node *node, enum kn_node_cause cause);

/* Whoever leaves or pauses takes on nothing new. */
bool kn_course_is_resting(const struct kn_node *node);

/* Announce and serve, as far as all is known that it needs. */
void kn_course_go_on(struct kn_node *node);

/* The limits in force now: those of the configuration, and the open window's over them. */
struct kn_limits kn_course_limits(const struct kn_node *node);

/* They are others than before: what runs is to obey them. */
void kn_course_limits_changed(struct kn_node *node);

/* Other bootstraps than before: knock at them, or at none. */
void kn_course_rejoin(struct kn_node *node);

/* Tell the swarm of the plan that stands now. */
void kn_course_announce(struct kn_node *node);

/* Load and answer for the blocks that are planned now. */
void kn_course_serve(struct kn_node *node);

/* Is what is announced answered for? */
bool kn_course_is_serving(const struct kn_node *node);

/* Keep what was found out, if it is due. */
void kn_course_write_caches(struct kn_node *node);

/* What the work timer calls: the worker threads may begin. */
void kn_course_work(void *arg);

/* The plan is made once all is known that it needs. */
void kn_course_decide(struct kn_node *node);

/* From what a plan is made; `look` NULL: nobody was asked. */
struct kn_plan_input kn_course_facts(const struct kn_node *node, const struct kn_look *look);

/* What the parts call. */
void kn_course_announced(void *arg, const struct kn_announced *round, bool read_back);
void kn_course_describe(void *arg, struct kn_server_info *info);
void kn_course_blocks_changed(void *arg);
void kn_course_blocks_news(void *arg);
void kn_course_connected(void *arg, const struct kn_peer_id *bootstrap);
void kn_course_bootstrap(void *arg, const struct kn_bootstrap *told);
void kn_course_joined(void *arg, const struct kn_join *join);
void kn_course_all_failed(void *arg); /* no bootstrap answered */
void kn_course_came_back(void *arg, const struct kn_change *change);
void kn_course_cache_failed(void *arg, const struct kn_error *err);

#endif
