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

static const struct kn_rebalance_config *settings_of(const struct kn_move *move)
{
    return &kn_node_settings(move->node)->model.rebalance;
}

static bool is_on(const struct kn_move *move)
{
    return settings_of(move)->enabled.value && settings_of(move)->quality.value > 0 &&
           !kn_decision_is_pinned(&move->node->what);
}

/* -- waiting */

/* After a failure twice as long, and again, up to a day: what failed once may fail again. */
static kn_time wait_of(const struct kn_move *move)
{
    enum { PARTS = 1000 };
    double chance = (double)kn_random_below(&move->node->random, PARTS) / PARTS;
    int64_t wait = kn_rebalance_wait_ms(settings_of(move)->interval.ms, chance);

    for (uint32_t i = 0; i < move->in_a_row && wait < KN_MOVE_FAILED_MAX_MS; i++)
        wait *= 2;
    return move->in_a_row > 0 && wait > KN_MOVE_FAILED_MAX_MS ? KN_MOVE_FAILED_MAX_MS : wait;
}

static void rest(struct kn_move *move)
{
    move->phase = KN_MOVE_RESTS;
    kn_timer_set(move->timer,
                 is_on(move) ? kn_loop_now(move->node->loop) + wait_of(move) : KN_NEVER);
}

static void stop(struct kn_move *move)
{
    kn_look_free(move->look);
    move->look = NULL;
    move->phase = KN_MOVE_RESTS;
    kn_timer_set(move->timer, KN_NEVER);
}

/* -- looking */

static void on_looked(void *arg);

static bool look(struct kn_move *move, enum kn_move_phase phase)
{
    const struct kn_node *node = move->node;
    const struct kn_look_options options = {
        .network = node->network,
        .met = node->met,
        .met_count = node->met_count,
        .is_inside = true,
        .timeout_ms = kn_duration_ms(&kn_node_settings(node)->dht.discovery_timeout),
        .model = node->what.plan.prefix.text,
        .arg = move,
        .done = on_looked,
    };

    kn_look_free(move->look);
    move->look = NULL;
    move->phase = phase;
    return kn_look_start(&options, &move->look, NULL) == KN_OK;
}

/* Blocks that nobody answered for would look like blocks that nobody serves. */
static const struct kn_survey_model *model_seen(const struct kn_move *move)
{
    const struct kn_plan *plan = &move->node->what.plan;
    const struct kn_survey_model *seen;

    if (kn_look_code(move->look) != KN_OK || kn_look_unanswered(move->look) > 0)
        return NULL;
    seen = kn_survey_find(kn_look_survey(move->look), plan->prefix.text, NULL);
    if (seen == NULL || strcmp(seen->prefix, plan->prefix.text) != 0)
        return NULL;
    return seen->num_blocks == plan->model.size.blocks ? seen : NULL;
}

/* As others read it. */
static double own_throughput(const struct kn_move *move)
{
    struct kn_blocks_report report;
    struct kn_server_info info;

    kn_server_info_init(&info);
    kn_blocks_report(move->node->blocks, &report);
    if (report.speed == NULL)
        return 0;
    kn_offer_describe(move->node->what.snapshot, &report, &info);
    return info.throughput;
}

static enum kn_code decide(struct kn_move *move, const struct kn_placement *here)
{
    const struct kn_node *node = move->node;
    const struct kn_survey_model *seen = model_seen(move);
    bool checks = move->phase == KN_MOVE_CHECKS;
    struct kn_rebalance_request request = {
        .num_blocks = node->what.plan.model.size.blocks,
        .start = here->start,
        .end = here->end,
        .throughput = own_throughput(move),
        .min_redundancy = (uint32_t)settings_of(move)->min_redundancy.value,
        .quality = settings_of(move)->quality.value,
        .seed = kn_placement_seed(kn_span_text(node->peer_id)),
        .is_chosen = checks,
        .to = node->what.plan.place.start,
    };
    enum kn_code rc = KN_E_UNREACHABLE;

    if (seen != NULL)
        rc =
            kn_rivals_take(&move->rivals, kn_look_survey(move->look), seen, node->peer_id, !checks);
    request.servers = move->rivals.servers;
    request.server_count = move->rivals.n;
    return rc == KN_OK ? kn_rebalance_decide(&request, &move->last) : rc;
}

static void judge(struct kn_move *move)
{
    const struct kn_placement *here =
        move->phase == KN_MOVE_CHECKS ? &move->from : &move->node->what.plan.place;

    move->looked_s = (int64_t)kn_loop_unix_time();
    if (decide(move, here) == KN_OK)
        return;
    move->last = (struct kn_rebalance){ .start = here->start, .end = here->end };
    (void)snprintf(move->last.reason, sizeof(move->last.reason),
                   "not everybody told which blocks are served");
}

/* -- going */

static bool take_place(struct kn_move *move, const struct kn_placement *place)
{
    struct kn_node *node = move->node;
    const struct kn_plan_input facts = kn_course_facts(node, NULL);

    if (!kn_decision_move(&node->what, &facts, place))
        return false;
    kn_course_tell(node, KN_NODE_MOVED);
    return true;
}

/* The new range is told, and the old one served until that was heard and looked at again. */
static void begin(struct kn_move *move)
{
    struct kn_node *node = move->node;
    struct kn_placement place = { .by = KN_PLACED_LEAST_SERVED,
                                  .start = move->last.start,
                                  .end = move->last.end };

    (void)snprintf(place.reason, sizeof(place.reason), "%s", move->last.reason);
    move->from = node->what.plan.place;
    if (!take_place(move, &place)) {
        rest(move);
        return;
    }
    move->phase = KN_MOVE_TELLS;
    move->was_heard = false;
    kn_timer_set(move->timer, kn_loop_now(node->loop) + KN_MOVE_TOLD_MS);
    kn_course_step_state(node, KN_CAUSE_MOVE);
    kn_course_announce(node);
}

static void go(struct kn_move *move)
{
    move->phase = KN_MOVE_GOES;
    move->node->is_placed = true; /* what is missing there may be fetched */
    kn_timer_set(move->timer, KN_NEVER);
    kn_course_serve(move->node);
}

static void arrive(struct kn_move *move)
{
    bool came = move->phase == KN_MOVE_GOES;

    move->moves += came;
    move->in_a_row = came ? 0 : move->in_a_row;
    move->node->caches_due = true;
    rest(move);
    if (came && is_on(move)) /* no more than one move in an interval */
        kn_timer_set(move->timer, kn_loop_now(move->node->loop) + settings_of(move)->interval.ms +
                                      wait_of(move));
}

/* The old range again, because of `stays`. Where it was not unloaded yet, that is all. */
static void go_back(struct kn_move *move)
{
    struct kn_node *node = move->node;
    struct kn_placement place = move->from;

    (void)snprintf(place.reason, sizeof(place.reason), "%s", move->stays);
    move->phase = KN_MOVE_RETURNS;
    if (!take_place(move, &place)) { /* memory is short */
        kn_timer_set(move->timer, kn_loop_now(node->loop) + KN_MOVE_TOLD_MS);
        return;
    }
    kn_timer_set(move->timer, KN_NEVER);
    kn_course_announce(node);
    if (!kn_course_is_serving(node))
        return;
    arrive(move);
    kn_course_step_state(node, KN_CAUSE_MOVED);
    kn_course_step_state(node, KN_CAUSE_SERVING);
}

static void stay(struct kn_move *move, const char *why)
{
    (void)snprintf(move->stays, sizeof(move->stays), "stays: %.150s", why);
    go_back(move);
}

/* -- what happens */

/* From the best place to one that is hardly worse is no news: speeds of others come and go. */
static enum kn_rebalance_verdict kind_of(enum kn_rebalance_verdict verdict)
{
    return verdict == KN_REBALANCE_LITTLE ? KN_REBALANCE_BEST : verdict;
}

static void tell_verdict(struct kn_move *move, bool is_first)
{
    if (!is_first && kind_of(move->last.verdict) == kind_of(move->told))
        return;
    move->told = move->last.verdict;
    kn_course_tell(move->node, KN_NODE_REBALANCED);
}

static void on_looked(void *arg)
{
    struct kn_move *move = arg;
    bool checks = move->phase == KN_MOVE_CHECKS, is_first;

    if (kn_course_is_resting(move->node) || move->node->over)
        return;
    is_first = move->looked_s == 0;
    judge(move);
    tell_verdict(move, is_first);
    if (checks && move->last.verdict == KN_REBALANCE_MOVES)
        go(move);
    else if (checks)
        stay(move, move->last.reason);
    else if (move->last.verdict == KN_REBALANCE_MOVES && move->node->state == KN_NODE_ONLINE)
        begin(move);
    else
        rest(move);
}

static void on_timer(void *arg)
{
    struct kn_move *move = arg;
    const struct kn_node *node = move->node;

    if (kn_course_is_resting(node) || node->over)
        return;
    if (move->phase == KN_MOVE_RETURNS)
        go_back(move);
    else if (move->phase == KN_MOVE_TELLS && !move->was_heard)
        stay(move, "nobody took the records of the other range");
    else if (move->phase == KN_MOVE_TELLS && !look(move, KN_MOVE_CHECKS))
        stay(move, "memory is short");
    else if (move->phase == KN_MOVE_RESTS &&
             (node->state != KN_NODE_ONLINE || !is_on(move) || kn_reached_silence(node) != NULL ||
              !look(move, KN_MOVE_LOOKS)))
        rest(move); /* who is not announced is missed nowhere */
}

/* Later, and not from inside of the blocks. */
static void fail(struct kn_move *move, const struct kn_blocks_report *report)
{
    const struct kn_placement *to = &move->node->what.plan.place;

    move->failures++;
    move->in_a_row++;
    (void)snprintf(move->stays, sizeof(move->stays), "back from %u-%u: %.120s", to->start,
                   to->end - 1,
                   report->failure != NULL ? report->failure->text : "they cannot be served");
    move->phase = KN_MOVE_RETURNS;
    kn_timer_set(move->timer, kn_loop_now(move->node->loop));
}

/* The old blocks are gone, or the new ones are there, or cannot be had. */
static void go_on(struct kn_move *move, const struct kn_blocks_report *report)
{
    bool waits = report->stage == KN_BLOCKS_LOADING ||
                 (report->stage == KN_BLOCKS_FETCHING && report->failure == NULL);

    if (report->stage == KN_BLOCKS_DRAINING)
        return;
    kn_course_step_state(move->node, KN_CAUSE_MOVED);
    if (report->stage == KN_BLOCKS_SERVING)
        arrive(move);
    else if (!waits && move->phase == KN_MOVE_GOES)
        fail(move, report);
    else if (!waits)
        stop(move); /* neither here nor there: the failure is told */
}

void kn_move_blocks_changed(struct kn_move *move)
{
    struct kn_blocks_report report;
    bool leaving = kn_course_is_resting(move->node);

    kn_blocks_report(move->node->blocks, &report);
    if (!leaving && (move->phase == KN_MOVE_GOES || move->phase == KN_MOVE_RETURNS))
        go_on(move, &report);
    else if (!leaving && report.stage == KN_BLOCKS_SERVING)
        rest(move);
    else if (leaving || move->phase == KN_MOVE_RESTS || move->phase == KN_MOVE_LOOKS)
        stop(move);
}

void kn_move_announced(struct kn_move *move, bool acknowledged)
{
    enum { SPAN_MS = KN_MOVE_LOOK_MAX_MS - KN_MOVE_LOOK_MIN_MS };

    if (move->phase != KN_MOVE_TELLS || move->was_heard || !acknowledged)
        return;
    move->was_heard = true;
    kn_timer_set(move->timer, kn_loop_now(move->node->loop) + KN_MOVE_LOOK_MIN_MS +
                                  (kn_time)kn_random_below(&move->node->random, SPAN_MS));
}

void kn_move_settings_changed(struct kn_move *move)
{
    if (move->phase > KN_MOVE_LOOKS || move->node->state != KN_NODE_ONLINE)
        return;
    stop(move);
    rest(move);
}

bool kn_move_holds_blocks(const struct kn_move *move)
{
    return move->phase == KN_MOVE_TELLS || move->phase == KN_MOVE_CHECKS;
}

bool kn_move_is_under_way(const struct kn_move *move)
{
    return move->phase > KN_MOVE_LOOKS;
}

struct kn_move *kn_move_new(struct kn_node *node)
{
    struct kn_move *move = kn_try_alloc(sizeof(*move));

    if (move == NULL)
        return NULL;
    move->node = node;
    move->timer = kn_timer_new(node->loop, on_timer, move);
    if (move->timer != NULL)
        return move;
    kn_free(move);
    return NULL;
}

void kn_move_free(struct kn_move *move)
{
    if (move == NULL)
        return;
    kn_look_free(move->look);
    kn_timer_free(move->timer);
    kn_rivals_done(&move->rivals);
    kn_free(move);
}

void kn_move_report(const struct kn_move *move, struct kn_move_report *out)
{
    *out = (struct kn_move_report){
        .is_on = is_on(move),
        .phase = move->phase,
        .last = move->last,
        .looked_s = move->looked_s,
        .moves = move->moves,
        .failures = move->failures,
    };
}
