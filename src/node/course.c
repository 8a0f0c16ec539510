#include "node/course.h"

#include "lib/base/arena.h"
#include "lib/io/work.h"
#include "lib/os/clock.h"
#include "node/announcement.h"
#include "node/caches.h"
#include "node/hardware.h"

/* When facts about the swarm are found out anew. */
enum {
    REFRESH_SOON_MS = 1000,           /* after the first announcement, when they were old */
    REFRESH_NOTHING_MS = 3600 * 1000, /* while there is nothing to serve (decisions D35) */
    REFRESH_AGAIN_MS = 3600 * 1000,   /* when nobody answered */
};

void kn_course_tell(struct kn_node *node, enum kn_node_event event)
{
    if (node->options.event != NULL)
        node->options.event(node->options.arg, event);
}

static const struct kn_node_config *config_of(const struct kn_node *node)
{
    return kn_snapshot_config(node->what.snapshot);
}

void kn_course_step_state(struct kn_node *node, enum kn_node_cause cause)
{
    if (!kn_node_step(&node->state, cause))
        return;
    node->since_s = (int64_t)kn_loop_unix_time();
    kn_course_tell(node, KN_NODE_STATE);
}

/* After the first announcement: a disk that is slow to flush must not delay it. */
static void write_caches(struct kn_node *node)
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
    write_caches(node);
    save_known(node);
    if (err != NULL)
        node->failure = *err;
    kn_course_tell(node, KN_NODE_ENDED);
    kn_loop_stop(node->loop);
}

/* -- announcing */

static void plan_reread(struct kn_node *node);
static void plan_refresh(struct kn_node *node);

void kn_course_announced(void *arg, const struct kn_announced *round, bool read_back)
{
    struct kn_node *node = arg;

    if (node->state == KN_NODE_OFFLINE && node->has_head_start && !node->leaving)
        return; /* the round after it is told */
    if (node->known != NULL && round->acknowledged > 0)
        kn_known_peers_keep(node->known);
    kn_course_tell(node, read_back ? KN_NODE_READ_BACK : KN_NODE_ANNOUNCED);
    write_caches(node);
    if (read_back) {
        plan_reread(node);
        plan_refresh(node);
    }
}

static void announce(struct kn_node *node)
{
    struct kn_announcement next;

    if (!kn_announcement_make(&node->what, node->arena, &next)) {
        write_caches(node);
        plan_refresh(node);
        return;
    }
    kn_announcer_set(node->announcer, &next);
    kn_snapshot_unref(node->announced);
    node->announced = kn_snapshot_ref(node->what.snapshot);
}

static void meet(struct kn_node *node, const struct kn_join *join)
{
    node->met_count = join != NULL ? kn_join_peers(join, node->met, KN_COUNT(node->met)) : 0;
    kn_announcer_set_bootstraps(node->announcer, node->met, node->met_count);
}

static bool look_anew(struct kn_node *node);

static void go_on(struct kn_node *node)
{
    if (!node->what.is_planned || !node->agreed || node->state == KN_NODE_OFFLINE || node->leaving)
        return;
    /* Somebody can be asked at last: the guess need not be announced. */
    if (!node->is_guess || !look_anew(node))
        announce(node);
}

/* -- joining */

/*
 * A plan that an earlier start left is announced to the first bootstrap before that has said who
 * it is to the DHT: whoever takes the records is a node of it. Nobody is told of this round.
 */
static void take_head_start(struct kn_node *node)
{
    if (!node->resuming || !node->what.is_planned || !node->agreed || !node->has_first ||
        node->has_head_start || node->state != KN_NODE_OFFLINE || node->leaving)
        return;
    node->has_head_start = true;
    kn_announcer_set_bootstraps(node->announcer, &node->first, 1);
    announce(node);
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
    if (node->state != KN_NODE_OFFLINE || node->leaving)
        return;
    kn_course_step_state(node, KN_CAUSE_JOINED);
    kn_course_tell(node, KN_NODE_JOINED);
    kn_kad_refresh(kn_network_kad(node->network));
    go_on(node);
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
    kn_network_moved(node->network, &stale);
    if (!kn_course_is_first(node) && (node->state != KN_NODE_OFFLINE || node->seen)) {
        kn_membership_join(node->membership);
        kn_known_peers_begin(node->known);
    }
    kn_announcer_renew(node->announcer);
}

bool kn_course_is_first(const struct kn_node *node)
{
    return config_of(node)->network.new_swarm.value || node->bootstraps.n == 0;
}

/* -- deciding */

static struct kn_plan_input facts_of(const struct kn_node *node, const struct kn_look *look)
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
    };
}

static void decided(struct kn_node *node)
{
    node->caches_due = true;
    kn_course_tell(node, KN_NODE_PLANNED);
    if (node->options.dry_run)
        kn_course_end(node, NULL);
    else
        go_on(node);
}

static void begin_look(struct kn_node *node);

/* What an earlier start chose, if this machine still carries it. */
static void resume(struct kn_node *node)
{
    const struct kn_plan_input facts = facts_of(node, NULL);
    struct kn_error err = { 0 };

    node->resuming = kn_decision_plan(&node->what, &facts, &err) == KN_OK;
    if (node->resuming)
        decided(node);
    else
        begin_look(node);
}

static void decide(struct kn_node *node)
{
    struct kn_plan_input facts;
    struct kn_error err = { 0 };

    if (!node->measured || node->what.is_planned || node->over)
        return;
    if (node->resuming) {
        resume(node);
        return;
    }
    if (!node->seen)
        return;
    facts = facts_of(node, node->look);
    /* An assignment of an earlier start that does not fit any more is no reason not to start. */
    if (kn_decision_plan(&node->what, &facts, &err) != KN_OK &&
        (!kn_decision_is_kept(&node->what) ||
         kn_decision_plan_anew(&node->what, &facts, &err) != KN_OK)) {
        kn_course_end(node, &err);
        return;
    }
    node->knows_swarm = facts.survey != NULL;
    node->is_guess = !node->knows_swarm && !kn_course_is_first(node);
    decided(node);
}

/* -- looking again, while it runs */

static bool start_look(struct kn_node *node, const char *model, void (*done)(void *arg))
{
    const struct kn_look_options options = {
        .network = node->network,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .met = node->met,
        .met_count = node->met_count,
        .timeout_ms = (int)config_of(node)->dht.discovery_timeout.ms,
        .model = model,
        .arg = node,
        .done = done,
    };

    kn_look_free(node->next_look);
    node->next_look = NULL;
    return !node->leaving && kn_look_start(&options, &node->next_look, NULL) == KN_OK;
}

/* The plan is made from this look now. */
static void keep_look(struct kn_node *node)
{
    kn_look_free(node->look);
    node->look = node->next_look;
    node->next_look = NULL;
}

/* Many may have started at the same moment (decisions D34). */
static void on_reread(void *arg)
{
    struct kn_node *node = arg;
    const struct kn_plan_input facts = facts_of(node, node->next_look);

    if (facts.survey == NULL || node->leaving ||
        !kn_decision_reconsider(&node->what, &facts, node->rereads - 1))
        return;
    node->caches_due = true;
    kn_course_tell(node, KN_NODE_MOVED);
    announce(node);
}

void kn_course_reread(void *arg)
{
    struct kn_node *node = arg;

    node->rereads++;
    (void)start_look(node, node->what.plan.prefix.text, on_reread);
}

static void plan_reread(struct kn_node *node)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));

    if (node->what.plan.place.by != KN_PLACED_LEAST_SERVED || node->rereads >= KN_PLACEMENT_ROUNDS)
        return;
    kn_timer_set(
        node->reread_timer,
        kn_loop_now(node->loop) +
            kn_placement_delay_ms(kn_placement_seed(kn_span(self->bytes, self->n)), node->rereads));
}

/* A plan that nobody had been asked for is made anew; one that holds only gets younger facts. */
static bool replan(struct kn_node *node)
{
    const struct kn_plan_input facts = facts_of(node, node->next_look);
    struct kn_error err = { 0 };

    if (!node->is_guess && node->what.plan.place.by != KN_PLACED_NOWHERE)
        return false;
    node->is_guess = false;
    if (facts.survey == NULL || kn_decision_plan(&node->what, &facts, &err) != KN_OK)
        return false;
    keep_look(node);
    node->knows_swarm = true;
    kn_course_tell(node, KN_NODE_REPLANNED);
    return true;
}

static void on_looked_anew(void *arg)
{
    struct kn_node *node = arg;

    if (node->leaving)
        return;
    (void)replan(node);
    node->caches_due = true;
    announce(node);
}

/* False: it cannot be. */
static bool look_anew(struct kn_node *node)
{
    return start_look(node, NULL, on_looked_anew);
}

static void on_refreshed(void *arg)
{
    struct kn_node *node = arg;
    bool known = facts_of(node, node->next_look).survey != NULL;

    if (node->leaving)
        return;
    kn_timer_set(node->refresh_timer,
                 kn_loop_now(node->loop) +
                     (known ? (kn_time)KN_CACHE_FRESH_S * 1000 : REFRESH_AGAIN_MS));
    if (!known)
        return;
    node->knows_swarm = true;
    if (replan(node))
        announce(node);
    node->caches_due = true;
    write_caches(node);
    kn_course_tell(node, KN_NODE_REFRESHED);
}

void kn_course_refresh(void *arg)
{
    struct kn_node *node = arg;

    if (!start_look(node, NULL, on_refreshed))
        kn_timer_set(node->refresh_timer, kn_loop_now(node->loop) + REFRESH_AGAIN_MS);
}

/* After the first announcement; never on its way. */
static void plan_refresh(struct kn_node *node)
{
    int64_t age_s = kn_decision_age_s(&node->what);
    kn_time in_ms = REFRESH_SOON_MS;

    if (node->refresh_is_planned || kn_course_is_first(node))
        return;
    node->refresh_is_planned = true;
    if (node->what.plan.place.by == KN_PLACED_NOWHERE)
        in_ms = REFRESH_NOTHING_MS;
    else if (!node->knows_swarm && !node->resuming)
        in_ms = REFRESH_AGAIN_MS;
    else if (age_s <= KN_CACHE_FRESH_S)
        in_ms += (KN_CACHE_FRESH_S - (age_s > 0 ? age_s : 0)) * 1000;
    kn_timer_set(node->refresh_timer, kn_loop_now(node->loop) + in_ms);
}

void kn_node_agree(struct kn_node *node)
{
    node->agreed = true;
    take_head_start(node);
    go_on(node);
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
    decide(node);
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
    decide(node);
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
        .timeout_ms = (int)config_of(node)->dht.discovery_timeout.ms,
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

void kn_course_begin(struct kn_node *node)
{
    struct kn_error err = { 0 };

    kn_course_tell(node, KN_NODE_LISTENING);
    if (node->known != NULL)
        kn_known_peers_begin(node->known);
    begin_asking(node);
    node->working = kn_work_start(node->loop, measure, on_measured, node) == KN_OK;
    if (!node->working) {
        (void)kn_fail_no_memory(&err);
        kn_course_end(node, &err);
    }
}
