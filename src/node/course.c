#include "node/course.h"

#include "lib/base/arena.h"
#include "lib/io/work.h"
#include "lib/os/clock.h"
#include "node/acquaint.h"
#include "node/machine/hardware.h"
#include "node/plan/announcement.h"
#include "node/plan/caches.h"
#include "node/plan/offer.h"
#include "node/renewal.h"
#include "node/shrink.h"

/* The loop may go on for somebody else, and what is under way with it. */
void kn_course_tell(struct kn_node *node, enum kn_node_event event)
{
    if (node->told_end)
        return;
    node->told_end = event == KN_NODE_ENDED;
    kn_journal_take(node->journal, event);
    if (node->options.event != NULL)
        node->options.event(node->options.arg, event);
}

void kn_course_step_state(struct kn_node *node, enum kn_node_cause cause)
{
    if (!kn_node_step(&node->state, cause))
        return;
    node->since_s = (int64_t)kn_loop_unix_time();
    kn_course_tell(node, KN_NODE_STATE);
}

/* After the first announcement: a disk that is slow to flush must not delay it. */
void kn_course_write_caches(struct kn_node *node)
{
    struct kn_caches caches = {
        .paths = &node->paths,
        .plan = &node->what.plan,
        .snapshot = node->what.snapshot,
        .hardware = node->hardware,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .swarm_is_known = node->knows_swarm,
    };
    struct kn_error err = { 0 };

    /* Nobody agreed: the next start is the first one again. */
    if (!node->caches_due || !node->agreed || node->options.dry_run)
        return;
    node->caches_due = false;
    if (kn_clock_now(&caches.now_s) != KN_OK || kn_caches_write(&caches, &err) != KN_OK) {
        node->cache_failure = err;
        kn_course_tell(node, KN_NODE_CACHE_FAILED);
    }
}

void kn_course_cache_failed(void *arg, const struct kn_error *err)
{
    struct kn_node *node = arg;

    node->cache_failure = *err;
    kn_course_tell(node, KN_NODE_CACHE_FAILED);
}

/* Whom this node knows is worth more to the next start than to this one. */
static void save_known(struct kn_node *node)
{
    struct kn_error err = { 0 };

    if (node->known != NULL && kn_known_peers_save(node->known, &err) != KN_OK)
        kn_course_cache_failed(node, &err);
}

void kn_course_end(struct kn_node *node, const struct kn_error *err)
{
    if (node->over)
        return;
    node->over = true;
    kn_course_write_caches(node);
    save_known(node);
    if (err != NULL)
        node->failure = *err;
    kn_course_tell(node, KN_NODE_ENDED);
    kn_loop_stop(node->loop);
}

/* -- announcing */

void kn_course_announced(void *arg, const struct kn_announced *round, bool read_back)
{
    struct kn_node *node = arg;

    if (node->pause.is_on || node->pause.tells) {
        kn_pause_announced(node, round->alone);
        return;
    }
    if (!node->in_swarm && node->has_head_start && !node->leaving)
        return; /* the round after it is told */
    if (node->known != NULL && round->acknowledged > 0)
        kn_known_peers_keep(node->known);
    if (node->folder != NULL)
        kn_run_folder_touch(node->folder);
    kn_checkup_announced(node, round, read_back);
    kn_course_tell(node, read_back ? KN_NODE_READ_BACK : KN_NODE_ANNOUNCED);
    kn_move_announced(node->move, round->acknowledged == round->keys);
    kn_course_write_caches(node);
    if (read_back) {
        kn_renewal_plan_reread(node);
        kn_renewal_plan_refresh(node);
    }
}

/* -- serving */

/* Gigabytes are fetched for blocks that others do not take at the same moment. */
static bool stays_where_it_is(const struct kn_node *node)
{
    return !node->is_guess && (node->is_placed || kn_course_is_first(node) ||
                               node->what.plan.place.by != KN_PLACED_LEAST_SERVED);
}

/* A window may permit less than the configuration, for which the threads are. */
static double share_now(const struct kn_node *node, const struct kn_blocks_wish *wish)
{
    const struct kn_int percent = kn_course_limits(node).max_cpu_percent;

    return kn_offer_share(node->hardware, percent.is == KN_GIVEN ? (int)percent.value : 0,
                          wish->threads);
}

void kn_course_limits_changed(struct kn_node *node)
{
    kn_course_serve(node);
    kn_own_limits_apply(node);
}

bool kn_course_is_resting(const struct kn_node *node)
{
    return node->leaving || node->pause.is_on;
}

/* A pause that was taken back comes to its end first: then the node goes on. */
static bool is_pausing(const struct kn_node *node)
{
    return node->pause.is_on || node->pause.drains || node->pause.tells;
}

void kn_course_serve(struct kn_node *node)
{
    struct kn_blocks_wish wish;
    bool has_files;

    if (!node->agreed || node->leaving || is_pausing(node) || node->over || node->options.dry_run ||
        kn_move_holds_blocks(node->move))
        return;
    has_files = kn_offer_make(&node->what, node->hardware, &wish);
    if (has_files)
        wish.share = share_now(node, &wish);
    wish.fetch.on_hold = !stays_where_it_is(node);
    kn_blocks_serve(node->blocks, has_files ? &wish : NULL);
}

bool kn_course_is_serving(const struct kn_node *node)
{
    const struct kn_node_config *config = kn_node_settings(node);

    return config->model.start_block.is == KN_GIVEN &&
           kn_blocks_serves(node->blocks, config->model.dht_prefix.text,
                            (uint32_t)config->model.start_block.value,
                            (uint32_t)config->model.end_block.value);
}

static void step_serving(struct kn_node *node)
{
    kn_course_step_state(node, kn_course_is_serving(node) ? KN_CAUSE_SERVING : KN_CAUSE_BROKEN);
}

void kn_course_blocks_changed(void *arg)
{
    struct kn_node *node = arg;

    if (node->over || node->leaving) /* the state tells it all */
        return;
    kn_course_tell(node, KN_NODE_BLOCKS);
    kn_own_limits_apply(node);
    kn_move_blocks_changed(node->move);
    kn_retry_blocks_changed(node);
    kn_shrink_blocks_changed(node);
    step_serving(node);
    if (node->announced != NULL && !node->pause.is_on)
        kn_announcer_renew(node->announcer);
}

void kn_course_blocks_news(void *arg)
{
    const struct kn_node *node = arg;

    kn_announcer_renew(node->announcer);
}

void kn_course_describe(void *arg, struct kn_server_info *info)
{
    const struct kn_node *node = arg;
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    kn_offer_describe(node->what.snapshot, kn_course_is_serving(node) ? &report : NULL, info);
}

void kn_course_announce(struct kn_node *node)
{
    const struct kn_announcement nothing = { 0 };
    struct kn_announcement next;
    struct kn_arena *arena; /* the announcer copies what it keeps of it */
    bool speaks;

    if (is_pausing(node))
        return; /* it is told when the node goes on */
    arena = kn_arena_new();
    if (arena == NULL)
        return; /* what was told holds, until the next change */
    if (kn_reached_silence(node) != NULL) {
        kn_arena_free(arena);
        kn_course_serve(node); /* blocks are loaded meanwhile */
        kn_course_write_caches(node);
        kn_renewal_plan_refresh(node);
        return;
    }
    speaks = kn_announcement_make(&node->what, arena, &next);
    node->is_placed = node->is_placed || !speaks; /* nobody will know to avoid it */
    kn_course_serve(node);
    if (!speaks) {
        if (node->announced != NULL) /* a plan that was another before */
            kn_announcer_set(node->announcer, &nothing);
        kn_arena_free(arena);
        kn_course_write_caches(node);
        kn_renewal_plan_refresh(node);
        return;
    }
    kn_announcer_set(node->announcer, &next);
    kn_arena_free(arena);
    kn_snapshot_unref(node->announced);
    node->announced = kn_snapshot_ref(node->what.snapshot);
}

static void meet(struct kn_node *node, const struct kn_join *join)
{
    node->met_count = join != NULL ? kn_join_peers(join, node->met, KN_COUNT(node->met)) : 0;
    kn_announcer_set_bootstraps(node->announcer, node->met, node->met_count);
}

void kn_course_rejoin(struct kn_node *node)
{
    kn_membership_stop(node->membership);
    meet(node, NULL);
    if (kn_course_is_first(node))
        return;
    kn_membership_join(node->membership);
    if (node->known != NULL)
        kn_known_peers_begin(node->known);
}

void kn_course_go_on(struct kn_node *node)
{
    if (!node->what.is_planned || !node->agreed || !node->in_swarm || node->leaving)
        return;
    /* Somebody can be asked at last: the guess need not be announced. */
    if (!node->is_guess || !kn_renewal_start(node))
        kn_course_announce(node);
}

/* -- joining */

/*
 * A plan that an earlier start left is announced to the first bootstrap before that has said who
 * it is to the DHT: whoever takes the records is a node of it. Nobody is told of this round.
 */
static void take_head_start(struct kn_node *node)
{
    if (!node->resuming || !node->what.is_planned || !node->agreed || !node->has_first ||
        node->has_head_start || node->in_swarm || kn_course_is_resting(node))
        return;
    node->has_head_start = true;
    kn_announcer_set_bootstraps(node->announcer, &node->first, 1);
    kn_course_announce(node);
}

void kn_course_connected(void *arg, const struct kn_peer_id *bootstrap)
{
    struct kn_node *node = arg;

    if (node->has_first)
        return;
    node->first = *bootstrap;
    node->has_first = true;
    take_head_start(node);
}

void kn_course_joined(void *arg, const struct kn_join *join)
{
    struct kn_node *node = arg;

    meet(node, join);
    kn_checkup_joined(node);
    if (node->in_swarm || node->leaving)
        return;
    node->in_swarm = true;
    if (!node->pause.is_on)
        kn_course_step_state(node, KN_CAUSE_JOINED);
    kn_course_tell(node, KN_NODE_JOINED);
    step_serving(node);
    kn_kad_refresh(kn_network_kad(node->network));
    kn_reached_joined(node);
    kn_course_go_on(node);
}

void kn_course_bootstrap(void *arg, const struct kn_bootstrap *told)
{
    struct kn_node *node = arg;

    if (told->code == KN_OK)
        kn_known_peers_rest(node->known);
    node->bootstrap = told;
    kn_course_tell(node, KN_NODE_BOOTSTRAP);
    node->bootstrap = NULL;
}

void kn_course_all_failed(void *arg)
{
    const struct kn_node *node = arg;

    kn_known_peers_hurry(node->known);
}

/* The machine slept, or is elsewhere: others may have lost this node, and it them. */
void kn_course_came_back(void *arg, const struct kn_change *change)
{
    struct kn_node *node = arg;
    const struct kn_stale stale = {
        .all = change->pulse == KN_PULSE_SLEPT || change->pulse == KN_PULSE_STOPPED,
        .fresh = change->fresh,
        .fresh_count = change->fresh_count,
    };

    if (node->leaving || node->over)
        return;
    kn_journal_change(node->journal, change);
    kn_scheduler_look(node->scheduler);
    kn_network_moved(node->network, &stale);
    if (!kn_course_is_first(node) && (node->in_swarm || node->seen)) {
        kn_membership_join(node->membership);
        kn_known_peers_begin(node->known);
    }
    kn_announcer_renew(node->announcer);
}

bool kn_course_is_first(const struct kn_node *node)
{
    return kn_node_settings(node)->network.new_swarm.value || node->bootstraps.n == 0;
}

/* -- deciding */

struct kn_plan_input kn_course_facts(const struct kn_node *node, const struct kn_look *look)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));
    bool known = look != NULL && kn_look_code(look) != KN_E_UNREACHABLE &&
                 kn_look_code(look) != KN_E_NO_MEMORY;

    return (struct kn_plan_input){
        .hardware = node->hardware,
        .survey = known ? kn_look_survey(look) : NULL,
        .own = node->peer_id,
        .own_bytes = kn_span(self->bytes, self->n),
        .port = node->listening.port,
        .recalibrate = node->options.recalibrate,
        .environment = node->options.request->environment,
        .is_stand_in = node->options.machine != NULL,
    };
}

static void decided(struct kn_node *node)
{
    bool agreed = node->agreed; /* whoever agrees when it is told has gone on by that */

    node->caches_due = true;
    kn_course_tell(node, KN_NODE_PLANNED);
    if (node->options.dry_run)
        kn_course_end(node, NULL);
    else if (agreed) {
        kn_own_limits_apply(node);
        kn_course_serve(node);
        kn_course_go_on(node);
    }
}

static void begin_look(struct kn_node *node);

/* What an earlier start chose, if this machine still carries it. */
static void resume(struct kn_node *node)
{
    const struct kn_plan_input facts = kn_course_facts(node, NULL);
    struct kn_error err = { 0 };

    node->resuming = kn_decision_plan(&node->what, &facts, &err) == KN_OK;
    if (node->resuming)
        decided(node);
    else
        begin_look(node);
}

void kn_course_decide(struct kn_node *node)
{
    struct kn_plan_input facts;
    struct kn_error err = { 0 };

    if (!node->measured || node->what.is_planned || node->over || node->acquainting != NULL)
        return;
    if (node->resuming) {
        resume(node);
        return;
    }
    if (!node->seen)
        return;
    facts = kn_course_facts(node, node->look);
    /* An assignment of an earlier start that does not fit any more is no reason not to start. */
    if (kn_decision_plan(&node->what, &facts, &err) != KN_OK &&
        (!kn_decision_is_kept(&node->what) ||
         kn_decision_plan_anew(&node->what, &facts, &err) != KN_OK)) {
        kn_acquaint_explain(node, &err);
        kn_course_end(node, &err);
        return;
    }
    node->knows_swarm = facts.survey != NULL;
    node->is_guess = !node->knows_swarm && !kn_course_is_first(node);
    decided(node);
}

void kn_node_agree(struct kn_node *node)
{
    node->agreed = true;
    kn_own_limits_apply(node);
    kn_course_serve(node);
    take_head_start(node);
    kn_course_go_on(node);
}

/* -- gathering facts */

static void measure(void *arg)
{
    struct kn_node *node = arg;
    const struct kn_hardware_options options = { 0 };

    if (node->options.machine != NULL)
        *node->hardware = *node->options.machine;
    else
        (void)!kn_hardware_probe(&options, node->hardware);
}

static void on_measured(void *arg, enum kn_code code)
{
    struct kn_node *node = arg;

    (void)code;
    node->working = false;
    node->measured = true;
    if (node->over) {
        kn_loop_stop(node->loop);
        return;
    }
    kn_course_tell(node, KN_NODE_MEASURED);
    kn_course_decide(node);
}

static void on_look_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_node *node = arg;

    kn_course_bootstrap(node, told);
    if (told->code == KN_OK)
        kn_course_joined(node, kn_look_join(node->look));
}

static void on_looked(void *arg)
{
    struct kn_node *node = arg;

    node->seen = true;
    if (kn_look_code(node->look) == KN_E_UNREACHABLE) {
        kn_membership_try_later(node->membership);
        kn_course_all_failed(node);
    } else if (kn_look_join(node->look) != NULL)
        meet(node, kn_look_join(node->look));
    kn_course_tell(node, KN_NODE_SEEN);
    kn_course_decide(node);
}

/* Before anything is decided: who does not know what to serve asks. */
static void begin_look(struct kn_node *node)
{
    const struct kn_look_options options = {
        .network = node->network,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .met = node->met,
        .met_count = node->met_count,
        .timeout_ms = kn_duration_ms(&kn_node_settings(node)->dht.discovery_timeout),
        .arg = node,
        .settled = on_look_settled,
        .done = on_looked,
    };
    struct kn_error err = { 0 };

    kn_membership_stop(node->membership); /* the look knocks at all of them */
    if (kn_look_start(&options, &node->look, &err) != KN_OK)
        kn_course_end(node, &err);
}

/* The slow way to others first, this machine beside it. */
static void begin_asking(struct kn_node *node)
{
    if (kn_course_is_first(node)) {
        node->seen = true;
        kn_course_joined(node, NULL);
    } else if (kn_decision_is_kept(&node->what)) {
        node->resuming = true;
        kn_membership_join(node->membership);
    } else {
        begin_look(node);
    }
}

void kn_course_work(void *arg)
{
    struct kn_node *node = arg;
    struct kn_error err = { 0 };

    if (node->over)
        return;
    node->working = kn_work_start(node->loop, measure, on_measured, node) == KN_OK;
    if (!node->working) {
        (void)kn_fail_no_memory(&err);
        kn_course_end(node, &err);
    } else if (node->known != NULL) {
        kn_known_peers_begin(node->known);
    }
}

/* Starting threads takes longer than knocking at a door: that comes first. */
void kn_course_begin(struct kn_node *node)
{
    kn_course_tell(node, KN_NODE_LISTENING);
    if (!node->over)
        kn_pause_begin(node);
    if (!node->over)
        kn_acquaint_begin(node);
    if (!node->over)
        begin_asking(node);
    if (!node->over) {
        kn_checkup_begin(node);
        kn_timer_set(node->work_timer, kn_loop_now(node->loop));
    }
}
