#include "node/move.h"

#include <stdio.h>

#include "lib/base/memory.h"
#include "node/course.h"
#include "node/plan/offer.h"
#include "node/presence/rivals.h"

struct kn_move {
    struct kn_node *node;
    struct kn_timer *timer;
    struct kn_look *look;
    struct kn_rivals rivals;
    enum kn_move_phase phase;
    struct kn_placement from; /* of the move under way */
    struct kn_rebalance last;
    enum kn_rebalance_verdict told;
    bool was_heard;                       /* others took the records of the new range */
    char stays[KN_PLACEMENT_REASON_SIZE]; /* why it goes back */
    int64_t looked_s;
    uint32_t moves, failures, in_a_row; /* failures without a move between them */
};

const char *kn_move_word(enum kn_move_phase phase)
{
    static const char *const words[] = { "rests", "looks", "tells", "checks", "goes", "returns" };

    return phase <= KN_MOVE_RETURNS ? words[phase] : "?";
}

static const struct kn_rebalance_config *settings_of(const struct kn_move *m)
{
    return &kn_node_settings(m->node)->model.rebalance;
}

static bool is_on(const struct kn_move *m)
{
    return settings_of(m)->enabled.value && settings_of(m)->quality.value > 0 &&
           !kn_decision_is_pinned(&m->node->what);
}

/* -- waiting */

/* After a failure twice as long, and again, up to a day: what failed once may fail again. */
static kn_time wait_of(const struct kn_move *m)
{
    enum { PARTS = 1000 };
    double chance = (double)kn_random_below(&m->node->random, PARTS) / PARTS;
    int64_t wait = kn_rebalance_wait_ms(settings_of(m)->interval.ms, chance);

    for (uint32_t i = 0; i < m->in_a_row && wait < KN_MOVE_FAILED_MAX_MS; i++)
        wait *= 2;
    return m->in_a_row > 0 && wait > KN_MOVE_FAILED_MAX_MS ? KN_MOVE_FAILED_MAX_MS : wait;
}

static void rest(struct kn_move *m)
{
    m->phase = KN_MOVE_RESTS;
    kn_timer_set(m->timer, is_on(m) ? kn_loop_now(m->node->loop) + wait_of(m) : KN_NEVER);
}

static void stop(struct kn_move *m)
{
    kn_look_free(m->look);
    m->look = NULL;
    m->phase = KN_MOVE_RESTS;
    kn_timer_set(m->timer, KN_NEVER);
}

/* -- looking */

static void on_looked(void *arg);

static bool look(struct kn_move *m, enum kn_move_phase phase)
{
    const struct kn_node *node = m->node;
    const struct kn_look_options options = {
        .network = node->network,
        .met = node->met,
        .met_count = node->met_count,
        .is_inside = true,
        .timeout_ms = (int)kn_node_settings(node)->dht.discovery_timeout.ms,
        .model = node->what.plan.prefix.text,
        .arg = m,
        .done = on_looked,
    };

    kn_look_free(m->look);
    m->look = NULL;
    m->phase = phase;
    return kn_look_start(&options, &m->look, NULL) == KN_OK;
}

/* Blocks that nobody answered for would look like blocks that nobody serves. */
static const struct kn_survey_model *model_seen(const struct kn_move *m)
{
    const struct kn_plan *plan = &m->node->what.plan;
    const struct kn_survey_model *seen;

    if (kn_look_code(m->look) != KN_OK || kn_look_unanswered(m->look) > 0)
        return NULL;
    seen = kn_survey_find(kn_look_survey(m->look), plan->prefix.text, NULL);
    if (seen == NULL || strcmp(seen->prefix, plan->prefix.text) != 0)
        return NULL;
    return seen->num_blocks == plan->model.size.blocks ? seen : NULL;
}

/* As others read it. */
static double own_throughput(const struct kn_move *m)
{
    struct kn_blocks_report report;
    struct kn_server_info info;

    kn_server_info_init(&info);
    kn_blocks_report(m->node->blocks, &report);
    if (report.speed == NULL)
        return 0;
    kn_offer_describe(m->node->what.snapshot, &report, &info);
    return info.throughput;
}

static enum kn_code decide(struct kn_move *m, const struct kn_placement *here)
{
    const struct kn_node *node = m->node;
    const struct kn_survey_model *seen = model_seen(m);
    bool checks = m->phase == KN_MOVE_CHECKS;
    struct kn_rebalance_request request = {
        .num_blocks = node->what.plan.model.size.blocks,
        .start = here->start,
        .end = here->end,
        .throughput = own_throughput(m),
        .min_redundancy = (uint32_t)settings_of(m)->min_redundancy.value,
        .quality = settings_of(m)->quality.value,
        .seed = kn_placement_seed(kn_span_text(node->peer_id)),
        .is_chosen = checks,
        .to = node->what.plan.place.start,
    };
    enum kn_code rc = KN_E_UNREACHABLE;

    if (seen != NULL)
        rc = kn_rivals_take(&m->rivals, kn_look_survey(m->look), seen, node->peer_id, !checks);
    request.servers = m->rivals.servers;
    request.server_count = m->rivals.n;
    return rc == KN_OK ? kn_rebalance_decide(&request, &m->last) : rc;
}

static void judge(struct kn_move *m)
{
    const struct kn_placement *here =
        m->phase == KN_MOVE_CHECKS ? &m->from : &m->node->what.plan.place;

    m->looked_s = (int64_t)kn_loop_unix_time();
    if (decide(m, here) == KN_OK)
        return;
    m->last = (struct kn_rebalance){ .start = here->start, .end = here->end };
    (void)snprintf(m->last.reason, sizeof(m->last.reason),
                   "not everybody told which blocks are served");
}

/* -- going */

static bool take_place(struct kn_move *m, const struct kn_placement *place)
{
    struct kn_node *node = m->node;
    const struct kn_plan_input facts = kn_course_facts(node, NULL);

    if (!kn_decision_move(&node->what, &facts, place))
        return false;
    kn_course_tell(node, KN_NODE_MOVED);
    return true;
}

/* The new range is told, and the old one served until that was heard and looked at again. */
static void begin(struct kn_move *m)
{
    struct kn_node *node = m->node;
    struct kn_placement place = { .by = KN_PLACED_LEAST_SERVED,
                                  .start = m->last.start,
                                  .end = m->last.end };

    (void)snprintf(place.reason, sizeof(place.reason), "%s", m->last.reason);
    m->from = node->what.plan.place;
    if (!take_place(m, &place)) {
        rest(m);
        return;
    }
    m->phase = KN_MOVE_TELLS;
    m->was_heard = false;
    kn_timer_set(m->timer, kn_loop_now(node->loop) + KN_MOVE_TOLD_MS);
    kn_course_step_state(node, KN_CAUSE_MOVE);
    kn_course_announce(node);
}

static void go(struct kn_move *m)
{
    m->phase = KN_MOVE_GOES;
    m->node->is_placed = true; /* what is missing there may be fetched */
    kn_timer_set(m->timer, KN_NEVER);
    kn_course_serve(m->node);
}

static void arrive(struct kn_move *m)
{
    bool came = m->phase == KN_MOVE_GOES;

    m->moves += came;
    m->in_a_row = came ? 0 : m->in_a_row;
    m->node->caches_due = true;
    rest(m);
    if (came && is_on(m)) /* no more than one move in an interval */
        kn_timer_set(m->timer,
                     kn_loop_now(m->node->loop) + settings_of(m)->interval.ms + wait_of(m));
}

/* The old range again, because of `stays`. Where it was not unloaded yet, that is all. */
static void go_back(struct kn_move *m)
{
    struct kn_node *node = m->node;
    struct kn_placement place = m->from;

    (void)snprintf(place.reason, sizeof(place.reason), "%s", m->stays);
    m->phase = KN_MOVE_RETURNS;
    if (!take_place(m, &place)) { /* memory is short */
        kn_timer_set(m->timer, kn_loop_now(node->loop) + KN_MOVE_TOLD_MS);
        return;
    }
    kn_timer_set(m->timer, KN_NEVER);
    kn_course_announce(node);
    if (!kn_course_is_serving(node))
        return;
    arrive(m);
    kn_course_step_state(node, KN_CAUSE_MOVED);
    kn_course_step_state(node, KN_CAUSE_SERVING);
}

static void stay(struct kn_move *m, const char *why)
{
    (void)snprintf(m->stays, sizeof(m->stays), "stays: %.150s", why);
    go_back(m);
}

/* -- what happens */

/* From the best place to one that is hardly worse is no news: speeds of others come and go. */
static enum kn_rebalance_verdict kind_of(enum kn_rebalance_verdict verdict)
{
    return verdict == KN_REBALANCE_LITTLE ? KN_REBALANCE_BEST : verdict;
}

static void tell_verdict(struct kn_move *m, bool is_first)
{
    if (!is_first && kind_of(m->last.verdict) == kind_of(m->told))
        return;
    m->told = m->last.verdict;
    kn_course_tell(m->node, KN_NODE_REBALANCED);
}

static void on_looked(void *arg)
{
    struct kn_move *m = arg;
    bool checks = m->phase == KN_MOVE_CHECKS, is_first;

    if (m->node->leaving || m->node->over)
        return;
    is_first = m->looked_s == 0;
    judge(m);
    tell_verdict(m, is_first);
    if (checks && m->last.verdict == KN_REBALANCE_MOVES)
        go(m);
    else if (checks)
        stay(m, m->last.reason);
    else if (m->last.verdict == KN_REBALANCE_MOVES && m->node->state == KN_NODE_ONLINE)
        begin(m);
    else
        rest(m);
}

static void on_timer(void *arg)
{
    struct kn_move *m = arg;
    const struct kn_node *node = m->node;

    if (node->leaving || node->over)
        return;
    if (m->phase == KN_MOVE_RETURNS)
        go_back(m);
    else if (m->phase == KN_MOVE_TELLS && !m->was_heard)
        stay(m, "nobody took the records of the other range");
    else if (m->phase == KN_MOVE_TELLS && !look(m, KN_MOVE_CHECKS))
        stay(m, "memory is short");
    else if (m->phase == KN_MOVE_RESTS &&
             (node->state != KN_NODE_ONLINE || !is_on(m) || !look(m, KN_MOVE_LOOKS)))
        rest(m);
}

/* Later, and not from inside of the blocks. */
static void fail(struct kn_move *m, const struct kn_blocks_report *report)
{
    const struct kn_placement *to = &m->node->what.plan.place;

    m->failures++;
    m->in_a_row++;
    (void)snprintf(m->stays, sizeof(m->stays), "back from %u-%u: %.120s", to->start, to->end - 1,
                   report->failure != NULL ? report->failure->text : "they cannot be served");
    m->phase = KN_MOVE_RETURNS;
    kn_timer_set(m->timer, kn_loop_now(m->node->loop));
}

/* The old blocks are gone, or the new ones are there, or cannot be had. */
static void go_on(struct kn_move *m, const struct kn_blocks_report *report)
{
    bool waits = report->stage == KN_BLOCKS_LOADING ||
                 (report->stage == KN_BLOCKS_FETCHING && report->failure == NULL);

    if (report->stage == KN_BLOCKS_DRAINING)
        return;
    kn_course_step_state(m->node, KN_CAUSE_MOVED);
    if (report->stage == KN_BLOCKS_SERVING)
        arrive(m);
    else if (!waits && m->phase == KN_MOVE_GOES)
        fail(m, report);
    else if (!waits)
        stop(m); /* neither here nor there: the failure is told */
}

void kn_move_blocks_changed(struct kn_move *m)
{
    struct kn_blocks_report report;

    kn_blocks_report(m->node->blocks, &report);
    if (m->node->leaving)
        stop(m);
    else if (m->phase == KN_MOVE_GOES || m->phase == KN_MOVE_RETURNS)
        go_on(m, &report);
    else if (report.stage == KN_BLOCKS_SERVING)
        rest(m);
    else if (m->phase == KN_MOVE_RESTS || m->phase == KN_MOVE_LOOKS)
        stop(m);
}

void kn_move_announced(struct kn_move *m, bool acknowledged)
{
    enum { SPAN_MS = KN_MOVE_LOOK_MAX_MS - KN_MOVE_LOOK_MIN_MS };

    if (m->phase != KN_MOVE_TELLS || m->was_heard || !acknowledged)
        return;
    m->was_heard = true;
    kn_timer_set(m->timer, kn_loop_now(m->node->loop) + KN_MOVE_LOOK_MIN_MS +
                               (kn_time)kn_random_below(&m->node->random, SPAN_MS));
}

bool kn_move_holds_blocks(const struct kn_move *m)
{
    return m->phase == KN_MOVE_TELLS || m->phase == KN_MOVE_CHECKS;
}

bool kn_move_is_under_way(const struct kn_move *m)
{
    return m->phase > KN_MOVE_LOOKS;
}

struct kn_move *kn_move_new(struct kn_node *node)
{
    struct kn_move *m = kn_try_alloc(sizeof(*m));

    if (m == NULL)
        return NULL;
    m->node = node;
    m->timer = kn_timer_new(node->loop, on_timer, m);
    if (m->timer != NULL)
        return m;
    kn_free(m);
    return NULL;
}

void kn_move_free(struct kn_move *m)
{
    if (m == NULL)
        return;
    kn_look_free(m->look);
    kn_timer_free(m->timer);
    kn_rivals_done(&m->rivals);
    kn_free(m);
}

void kn_move_report(const struct kn_move *m, struct kn_move_report *out)
{
    *out = (struct kn_move_report){
        .is_on = is_on(m),
        .phase = m->phase,
        .last = m->last,
        .looked_s = m->looked_s,
        .moves = m->moves,
        .failures = m->failures,
    };
}
