/* A node on its way from one range to another; time, looks, blocks and the swarm are handed in. */
#include "node/move.h"

#include "node/course.h"
#include "node/plan/offer.h"
#include "node/presence/rivals.h"
#include "support/check.h"

enum { INTERVAL = 300000, SOON = KN_MOVE_LOOK_MAX_MS };

struct kn_timer {
    kn_time at;
    void (*fire)(void *arg);
    void *arg;
};

struct kn_look {
    struct kn_look_options options;
};

static struct {
    kn_time now;
    struct kn_timer timer;
    struct kn_look look;
    bool is_looking, has_no_memory, is_pinned;
    struct kn_node_config config;
    struct kn_node node;
    struct kn_move *move;
    enum kn_code look_code;
    size_t unanswered;
    bool finds_nothing;
    struct kn_survey_model model;
    enum kn_rebalance_verdict verdict;
    struct kn_rebalance_request asked;
    enum kn_blocks_stage stage;
    struct kn_error failure;
    struct kn_placement served; /* by the blocks */
    unsigned announced, moved, told, looks;
    bool next_look_joins; /* is_next of the last one */
    const char *silence;  /* why nothing is announced; NULL: it is */
} world;

static const struct kn_speed_measured speed = { 100, 100, 1000 };

#define LOWER                            \
    (struct kn_placement)                \
    {                                    \
        .by = KN_PLACED_PINNED, .end = 2 \
    }

/* ---- what is around ---- */

kn_time kn_loop_now(const struct kn_loop *loop)
{
    (void)loop;
    return world.now;
}

double kn_loop_unix_time(void)
{
    return 1700000000.0 + (double)world.now / 1000;
}

struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg)
{
    (void)loop;
    world.timer = (struct kn_timer){ KN_NEVER, fire, arg };
    return &world.timer;
}

void kn_timer_free(struct kn_timer *timer)
{
    (void)timer;
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    timer->at = when;
}

enum kn_code kn_look_start(const struct kn_look_options *options, struct kn_look **out,
                           struct kn_error *err)
{
    (void)err;
    if (world.has_no_memory)
        return KN_E_NO_MEMORY;
    world.look.options = *options;
    world.is_looking = true;
    world.looks++;
    *out = &world.look;
    return KN_OK;
}

void kn_look_free(struct kn_look *look)
{
    world.is_looking = world.is_looking && look == NULL;
}

enum kn_code kn_look_code(const struct kn_look *look)
{
    (void)look;
    return world.look_code;
}

size_t kn_look_unanswered(const struct kn_look *look)
{
    (void)look;
    return world.unanswered;
}

const struct kn_survey *kn_look_survey(const struct kn_look *look)
{
    (void)look;
    return NULL;
}

const struct kn_survey_model *kn_survey_find(const struct kn_survey *survey, const char *word,
                                             struct kn_nearest *nearest)
{
    (void)survey;
    (void)nearest;
    CHECK_STR("the model", word, "tiny-hf");
    return world.finds_nothing ? NULL : &world.model;
}

enum kn_code kn_rivals_take(struct kn_rivals *rivals, const struct kn_survey *survey,
                            const struct kn_survey_model *model, const char *own, bool is_next)
{
    (void)rivals;
    (void)survey;
    (void)model;
    CHECK_STR("without ourselves", own, "me");
    world.next_look_joins = is_next;
    return KN_OK;
}

void kn_rivals_done(struct kn_rivals *rivals)
{
    (void)rivals;
}

enum kn_code kn_rebalance_decide(const struct kn_rebalance_request *request,
                                 struct kn_rebalance *out)
{
    world.asked = *request;
    *out = (struct kn_rebalance){ .verdict = world.verdict, .start = 2, .end = 4 };
    (void)snprintf(out->reason, sizeof(out->reason), "because");
    return KN_OK;
}

int64_t kn_rebalance_wait_ms(int64_t interval_ms, double chance)
{
    CHECK("chance", chance >= 0 && chance < 1);
    return interval_ms;
}

void kn_blocks_report(const struct kn_blocks *blocks, struct kn_blocks_report *out)
{
    (void)blocks;
    *out = (struct kn_blocks_report){ .stage = world.stage, .failure = &world.failure };
    if (world.stage == KN_BLOCKS_SERVING)
        out->speed = &speed;
}

void kn_offer_describe(const struct kn_snapshot *snapshot, const struct kn_blocks_report *report,
                       struct kn_server_info *info)
{
    (void)snapshot;
    info->throughput = report->speed->forward_tokens_per_s;
}

const struct kn_node_config *kn_node_settings(const struct kn_node *node)
{
    (void)node;
    return &world.config;
}

bool kn_decision_is_pinned(const struct kn_decision *d)
{
    (void)d;
    return world.is_pinned;
}

struct kn_plan_input kn_course_facts(const struct kn_node *node, const struct kn_look *look)
{
    (void)node;
    (void)look;
    return (struct kn_plan_input){ 0 };
}

bool kn_decision_move(struct kn_decision *d, const struct kn_plan_input *facts,
                      const struct kn_placement *place)
{
    (void)facts;
    if (world.has_no_memory)
        return false;
    d->plan.place = *place;
    return true;
}

void kn_course_tell(struct kn_node *node, enum kn_node_event event)
{
    (void)node;
    world.moved += event == KN_NODE_MOVED;
    world.told += event == KN_NODE_REBALANCED;
}

void kn_course_step_state(struct kn_node *node, enum kn_node_cause cause)
{
    (void)kn_node_step(&node->state, cause);
}

void kn_course_serve(struct kn_node *node)
{
    if (kn_move_holds_blocks(node->move) || kn_course_is_serving(node))
        return;
    world.stage = KN_BLOCKS_DRAINING;
}

const char *kn_reached_silence(const struct kn_node *node)
{
    (void)node;
    return world.silence;
}

bool kn_course_is_resting(const struct kn_node *node)
{
    return node->leaving || node->pause.is_on;
}

void kn_course_announce(struct kn_node *node)
{
    world.announced++;
    kn_course_serve(node);
}

bool kn_course_is_serving(const struct kn_node *node)
{
    return world.stage == KN_BLOCKS_SERVING && node->what.plan.place.start == world.served.start;
}

/* ---- the driver ---- */

static void set_up(void)
{
    memset(&world, 0, sizeof(world));
    world.now = 1000;
    world.config.model.rebalance.enabled.value = true;
    world.config.model.rebalance.interval.ms = INTERVAL;
    world.config.model.rebalance.min_redundancy.value = 1;
    world.config.model.rebalance.quality.value = 0.75;
    world.model = (struct kn_survey_model){ .prefix = "tiny-hf", .num_blocks = 4 };
    world.verdict = KN_REBALANCE_MOVES;
    world.node.random = kn_random_system();
    world.node.state = KN_NODE_JOINING;
    world.node.what.plan.place = world.served = LOWER;
    world.node.what.plan.model.size.blocks = 4;
    (void)snprintf(world.node.what.plan.prefix.text, KN_PREFIX_MAX, "tiny-hf");
    (void)snprintf(world.node.peer_id, sizeof(world.node.peer_id), "me");
    world.move = world.node.move = kn_move_new(&world.node);
    CHECK("memory", world.move != NULL);
}

static void tear_down(void)
{
    kn_move_free(world.move);
    CHECK("no look is left", !world.is_looking);
}

/* As the course does it. */
static void enter(enum kn_blocks_stage stage)
{
    world.stage = stage;
    if (stage == KN_BLOCKS_SERVING)
        world.served = world.node.what.plan.place;
    kn_move_blocks_changed(world.move);
    kn_course_step_state(&world.node,
                         kn_course_is_serving(&world.node) ? KN_CAUSE_SERVING : KN_CAUSE_BROKEN);
}

static void pass(kn_time ms)
{
    world.now += ms;
    if (world.timer.at > world.now)
        return;
    world.timer.at = KN_NEVER;
    world.timer.fire(world.timer.arg);
}

static void look_ends(enum kn_rebalance_verdict verdict)
{
    CHECK("looking", world.is_looking);
    world.verdict = verdict;
    world.look.options.done(world.look.options.arg);
}

static enum kn_move_phase phase(void)
{
    struct kn_move_report report;

    kn_move_report(world.move, &report);
    return report.phase;
}

/* Serving, and told others that it will go. */
static void begin(void)
{
    set_up();
    enter(KN_BLOCKS_SERVING);
    pass(INTERVAL);
    look_ends(KN_REBALANCE_MOVES);
    CHECK_EQ("tells", phase(), KN_MOVE_TELLS);
}

static void go(void)
{
    begin();
    kn_move_announced(world.move, true);
    pass(SOON);
    look_ends(KN_REBALANCE_MOVES);
    CHECK_EQ("goes", phase(), KN_MOVE_GOES);
}

static void check_here(const char *row, enum kn_node_state state, uint32_t start)
{
    CHECK_STR(row, kn_node_state_word(world.node.state), kn_node_state_word(state));
    CHECK_EQ(row, world.node.what.plan.place.start, start);
}

/* ---- looking ---- */

static const struct {
    const char *name;
    bool enabled, pinned, leaving;
    double quality;
    enum kn_node_state state;
    const char *silence;
    bool looks;
} looks[] = {
    { "as the settings say", true, false, false, 0.75, KN_NODE_ONLINE, NULL, true },
    { "not without being told to", false, false, false, 0.75, KN_NODE_ONLINE, NULL, false },
    { "not for a threshold that is never met", true, false, false, 0, KN_NODE_ONLINE, NULL, false },
    { "not where somebody put it", true, true, false, 0.75, KN_NODE_ONLINE, NULL, false },
    { "not while it leaves", true, false, true, 0.75, KN_NODE_ONLINE, NULL, false },
    { "not before it serves", true, false, false, 0.75, KN_NODE_JOINING, NULL, false },
    { "not where nobody knows of it", true, false, false, 0.75, KN_NODE_ONLINE, "x", false },
};

static void a_node_looks_where_it_may_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(looks); i++) {
        set_up();
        world.config.model.rebalance.enabled.value = looks[i].enabled;
        world.config.model.rebalance.quality.value = looks[i].quality;
        world.is_pinned = looks[i].pinned;
        enter(KN_BLOCKS_SERVING);
        world.node.state = looks[i].state;
        world.node.leaving = looks[i].leaving;
        world.silence = looks[i].silence;
        pass(INTERVAL - 1);
        CHECK_EQ(looks[i].name, world.looks, 0);
        pass(1);
        CHECK_EQ(looks[i].name, world.looks, looks[i].looks);
        tear_down();
    }
}

static const struct {
    const char *name;
    enum kn_code code;
    size_t unanswered;
    bool finds_nothing;
    uint32_t num_blocks;
} unknown[] = {
    { "nobody answered", KN_E_UNREACHABLE, 0, false, 4 },
    { "not in time", KN_E_TIMEOUT, 0, false, 4 },
    { "not of every block", KN_OK, 1, false, 4 },
    { "not of the model", KN_OK, 0, true, 4 },
    { "of a model that is another", KN_OK, 0, false, 5 },
};

static void what_nobody_told_is_no_gap(void **state)
{
    struct kn_move_report report;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(unknown); i++) {
        set_up();
        enter(KN_BLOCKS_SERVING);
        pass(INTERVAL);
        world.look_code = unknown[i].code;
        world.unanswered = unknown[i].unanswered;
        world.finds_nothing = unknown[i].finds_nothing;
        world.model.num_blocks = unknown[i].num_blocks;
        look_ends(KN_REBALANCE_MOVES);
        kn_move_report(world.move, &report);
        CHECK_EQ(unknown[i].name, report.last.verdict, KN_REBALANCE_UNKNOWN);
        check_here(unknown[i].name, KN_NODE_ONLINE, 0);
        CHECK_EQ(unknown[i].name, world.told, 1);
        pass(INTERVAL);
        CHECK_EQ("and again", world.looks, 2);
        tear_down();
    }
}

static void who_stays_says_why_when_that_is_news(void **state)
{
    static const struct {
        enum kn_rebalance_verdict verdict;
        unsigned told;
    } rows[] = {
        { KN_REBALANCE_BEST, 1 },   { KN_REBALANCE_BEST, 1 },   { KN_REBALANCE_LITTLE, 1 },
        { KN_REBALANCE_NEEDED, 2 }, { KN_REBALANCE_NEEDED, 2 }, { KN_REBALANCE_LITTLE, 3 },
    };

    (void)state;
    set_up();
    enter(KN_BLOCKS_SERVING);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        pass(INTERVAL);
        look_ends(rows[i].verdict);
        CHECK_EQ("told", world.told, rows[i].told);
        CHECK_EQ("rests", phase(), KN_MOVE_RESTS);
    }
    CHECK_EQ("nothing is announced for it", world.announced, 0);
    tear_down();
}

/* ---- going ---- */

static void a_node_goes_when_others_know_and_it_still_pays(void **state)
{
    struct kn_move_report report;

    (void)state;
    begin();
    CHECK("what it is worth", world.asked.throughput == 1000 && world.asked.quality == 0.75);
    CHECK("joining ones are remembered", world.next_look_joins);
    check_here("told", KN_NODE_DRAINING, 2);
    CHECK_EQ("served as before", world.stage, KN_BLOCKS_SERVING);
    CHECK("so it is held", kn_move_holds_blocks(world.move));
    CHECK_EQ("announced", world.announced, 1);
    kn_move_announced(world.move, true);
    pass(SOON);
    CHECK("judged from where it is, to where it was going",
          world.is_looking && phase() == KN_MOVE_CHECKS);
    look_ends(KN_REBALANCE_MOVES);
    CHECK("the same range", world.asked.is_chosen && world.asked.to == 2);
    CHECK("from the old one", world.asked.start == 0 && world.asked.end == 2);
    CHECK("of one look", !world.next_look_joins);
    CHECK_EQ("now they end", world.stage, KN_BLOCKS_DRAINING);
    enter(KN_BLOCKS_DRAINING);
    check_here("while sessions are open", KN_NODE_DRAINING, 2);
    enter(KN_BLOCKS_LOADING);
    check_here("while it loads", KN_NODE_JOINING, 2);
    CHECK("not kept before it serves", !world.node.caches_due);
    enter(KN_BLOCKS_SERVING);
    check_here("there", KN_NODE_ONLINE, 2);
    CHECK("kept", world.node.caches_due);
    kn_move_report(world.move, &report);
    CHECK_EQ("moves", report.moves, 1);
    pass(2 * INTERVAL - 1);
    CHECK_EQ("it stays as long as it may not move", world.looks, 2);
    pass(1);
    CHECK_EQ("then it looks again", world.looks, 3);
    tear_down();
}

static const struct {
    const char *name;
    bool heard, no_look;
    enum kn_rebalance_verdict verdict;
} stays[] = {
    { "somebody else came", true, false, KN_REBALANCE_LITTLE },
    { "those who kept the old blocks left too", true, false, KN_REBALANCE_NEEDED },
    { "nobody took the records", false, false, KN_REBALANCE_MOVES },
    { "nobody can be asked", true, true, KN_REBALANCE_MOVES },
};

static void a_node_that_thinks_better_of_it_has_unloaded_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(stays); i++) {
        begin();
        kn_move_announced(world.move, false);
        if (stays[i].heard)
            kn_move_announced(world.move, true);
        world.look_code = KN_OK;
        if (stays[i].no_look)
            world.look_code = KN_E_UNREACHABLE;
        pass(stays[i].heard ? SOON : KN_MOVE_TOLD_MS);
        if (stays[i].heard)
            look_ends(stays[i].verdict);
        check_here(stays[i].name, KN_NODE_ONLINE, 0);
        CHECK_EQ(stays[i].name, world.stage, KN_BLOCKS_SERVING);
        CHECK_EQ(stays[i].name, world.announced, 2);
        CHECK_EQ(stays[i].name, world.moved, 2);
        CHECK(stays[i].name,
              strncmp(world.node.what.plan.place.reason, "stays: ", sizeof("stays: ") - 1) == 0);
        CHECK_EQ("as it was placed", world.node.what.plan.place.by, KN_PLACED_PINNED);
        CHECK_EQ(stays[i].name, phase(), KN_MOVE_RESTS);
        pass(INTERVAL);
        CHECK("and looks again", world.is_looking);
        tear_down();
    }
}

static void a_node_whose_new_blocks_fail_returns_and_waits_longer_each_time(void **state)
{
    kn_time wait = INTERVAL;

    (void)state;
    go();
    for (unsigned i = 1; i <= 3; i++) {
        struct kn_move_report report;

        enter(KN_BLOCKS_LOADING);
        (void)kn_fail(&world.failure, KN_E_INVALID, "block 2 computes nonsense");
        enter(KN_BLOCKS_FAILED);
        check_here("not served", KN_NODE_JOINING, 2);
        CHECK_EQ("later", phase(), KN_MOVE_RETURNS);
        pass(0);
        check_here("back", KN_NODE_JOINING, 0);
        CHECK_STR("why", world.node.what.plan.place.reason,
                  "back from 2-3: block 2 computes nonsense");
        enter(KN_BLOCKS_LOADING);
        enter(KN_BLOCKS_SERVING);
        check_here("serves", KN_NODE_ONLINE, 0);
        kn_move_report(world.move, &report);
        CHECK_EQ("failures", report.failures, i);
        CHECK_EQ("moves", report.moves, 0);
        wait *= 2;
        pass(wait - 1);
        CHECK("not yet", !world.is_looking || phase() == KN_MOVE_RESTS);
        pass(1);
        look_ends(KN_REBALANCE_MOVES);
        kn_move_announced(world.move, true);
        pass(SOON);
        look_ends(KN_REBALANCE_MOVES);
    }
    tear_down();
}

static void a_node_that_can_serve_neither_says_so_and_rests(void **state)
{
    (void)state;
    go();
    enter(KN_BLOCKS_LOADING);
    enter(KN_BLOCKS_FAILED);
    pass(0);
    enter(KN_BLOCKS_LOADING);
    enter(KN_BLOCKS_FAILED);
    check_here("not served", KN_NODE_JOINING, 0);
    CHECK_EQ("rests", phase(), KN_MOVE_RESTS);
    CHECK("for ever", world.timer.at == KN_NEVER);
    tear_down();
}

static void a_node_that_is_told_to_end_on_its_way_goes_nowhere(void **state)
{
    (void)state;
    begin();
    world.node.leaving = true;
    kn_move_announced(world.move, true);
    pass(SOON);
    CHECK("no look", !world.is_looking || world.looks == 1);
    enter(KN_BLOCKS_DRAINING);
    CHECK_EQ("rests", phase(), KN_MOVE_RESTS);
    CHECK_EQ("announced by those who leave", world.announced, 1);
    tear_down();
}

static void a_node_without_memory_stays_or_tries_again_to_return(void **state)
{
    (void)state;
    set_up();
    enter(KN_BLOCKS_SERVING);
    pass(INTERVAL);
    world.has_no_memory = true;
    look_ends(KN_REBALANCE_MOVES);
    check_here("stays", KN_NODE_ONLINE, 0);
    pass(INTERVAL);
    CHECK_EQ("cannot look", world.looks, 1);
    world.has_no_memory = false;
    pass(INTERVAL);
    look_ends(KN_REBALANCE_MOVES);
    kn_move_announced(world.move, true);
    pass(SOON);
    world.has_no_memory = true;
    look_ends(KN_REBALANCE_NEEDED);
    check_here("neither", KN_NODE_DRAINING, 2);
    world.has_no_memory = false;
    pass(KN_MOVE_TOLD_MS);
    check_here("returned", KN_NODE_ONLINE, 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_looks_where_it_may_move),
        cmocka_unit_test(what_nobody_told_is_no_gap),
        cmocka_unit_test(who_stays_says_why_when_that_is_news),
        cmocka_unit_test(a_node_goes_when_others_know_and_it_still_pays),
        cmocka_unit_test(a_node_that_thinks_better_of_it_has_unloaded_nothing),
        cmocka_unit_test(a_node_whose_new_blocks_fail_returns_and_waits_longer_each_time),
        cmocka_unit_test(a_node_that_can_serve_neither_says_so_and_rests),
        cmocka_unit_test(a_node_that_is_told_to_end_on_its_way_goes_nowhere),
        cmocka_unit_test(a_node_without_memory_stays_or_tries_again_to_return),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
