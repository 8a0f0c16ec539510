#include "node/renewal.h"

#include "node/course.h"

/* When facts about the swarm are found out anew. */
enum {
    REFRESH_SOON_MS = 1000,           /* after the first announcement, when they were old */
    REFRESH_NOTHING_MS = 3600 * 1000, /* while there is nothing to serve (decisions D35) */
    REFRESH_AGAIN_MS = 3600 * 1000,   /* when nobody answered */
};

static bool start_look(struct kn_node *node, const char *model, void (*done)(void *arg))
{
    const struct kn_look_options options = {
        .network = node->network,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .met = node->met,
        .met_count = node->met_count,
        .timeout_ms = kn_duration_ms(&kn_node_settings(node)->dht.discovery_timeout),
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
    const struct kn_plan_input facts = kn_course_facts(node, node->next_look);

    node->is_placed = true;
    if (facts.survey == NULL || kn_course_is_resting(node) || node->state == KN_NODE_ONLINE ||
        kn_move_is_under_way(node->move) ||
        !kn_decision_reconsider(&node->what, &facts, node->rereads - 1)) {
        kn_course_serve(node);
        return;
    }
    node->caches_due = true;
    kn_course_tell(node, KN_NODE_MOVED);
    kn_course_announce(node);
}

void kn_renewal_reread(void *arg)
{
    struct kn_node *node = arg;

    node->rereads++;
    if (!node->pause.is_on && start_look(node, node->what.plan.prefix.text, on_reread))
        return;
    node->is_placed = true;
    kn_course_serve(node);
}

static bool is_fetching(const struct kn_node *node)
{
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    return report.stage == KN_BLOCKS_FETCHING && !report.fetch.on_hold;
}

void kn_renewal_plan_reread(struct kn_node *node)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));

    /* spec: decisions D34; whoever serves stays, and so does whoever fetches files for it. */
    if (node->state == KN_NODE_ONLINE || is_fetching(node) || kn_move_is_under_way(node->move))
        return;
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
    const struct kn_plan_input facts = kn_course_facts(node, node->next_look);
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
    kn_course_announce(node);
}

/* False: it cannot be. */
bool kn_renewal_start(struct kn_node *node)
{
    return start_look(node, NULL, on_looked_anew);
}

static void on_refreshed(void *arg)
{
    struct kn_node *node = arg;
    bool known = kn_course_facts(node, node->next_look).survey != NULL;

    if (node->leaving)
        return;
    kn_timer_set(node->refresh_timer,
                 kn_loop_now(node->loop) +
                     (known ? (kn_time)KN_CACHE_FRESH_S * 1000 : REFRESH_AGAIN_MS));
    if (!known)
        return;
    node->knows_swarm = true;
    if (replan(node))
        kn_course_announce(node);
    node->caches_due = true;
    kn_course_write_caches(node);
    kn_course_tell(node, KN_NODE_REFRESHED);
}

void kn_renewal_refresh(void *arg)
{
    struct kn_node *node = arg;

    /* Also when another look takes the place of this one. */
    kn_timer_set(node->refresh_timer, kn_loop_now(node->loop) + REFRESH_AGAIN_MS);
    (void)start_look(node, NULL, on_refreshed);
}

/* After the first announcement; never on its way. */
void kn_renewal_plan_refresh(struct kn_node *node)
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
