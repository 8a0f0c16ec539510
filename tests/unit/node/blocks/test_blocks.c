/* Blocks from one range to the next; time, files, passes and clients are handed in. */
#include <math.h>

#include "node/blocks/blocks.h"

#include "lib/base/memory.h"
#include "lib/os/memory.h"
#include "node/blocks/loading.h"
#include "support/check.h"

enum { TIMERS = 5, TOKEN_BYTES = 8, ROOM = 1000, SECOND = 1000, WEIGHT_BYTES = 9 };

struct kn_timer {
    kn_time at;
    void (*fire)(void *arg);
    void *arg;
    bool used;
};

static struct {
    kn_time now;
    struct kn_timer timers[TIMERS];
    kn_loading_fn *loaded;
    void *loading_arg, *drained_arg, *gone_arg;
    void (*gone)(void *arg); /* of a loading that was abandoned */
    void (*drained)(void *arg);
    struct kn_compute_options compute;
    struct kn_compute_state state;
    struct kn_compute_limits passes; /* as they were changed */
    struct kn_serving_limits limits;
    bool is_loading, has_compute, is_serving;
    unsigned loads, changed, news, left, starved;
    unsigned mapped, settled; /* large pages of weights */
    int64_t memory_left;
    struct kn_blocks *blocks;
} world;

static struct kn_decoder decoder = {
    .hidden = 16, .heads = 4, .kv_heads = 4, .max_positions = 2048
};
static struct kn_serving_counters counters;

/* What stands for things that nobody looks into. */
static char some_loop, some_host, some_loading, some_model, some_compute, some_serving;

kn_time kn_loop_now(const struct kn_loop *loop)
{
    (void)loop;
    return world.now;
}

struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg)
{
    (void)loop;
    for (size_t i = 0; i < TIMERS; i++) {
        if (world.timers[i].used)
            continue;
        world.timers[i] = (struct kn_timer){ KN_NEVER, fire, arg, true };
        return &world.timers[i];
    }
    return NULL;
}

void kn_timer_free(struct kn_timer *timer)
{
    timer->used = false;
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    timer->at = when;
}

struct kn_loop *kn_host_loop(const struct kn_host *host)
{
    (void)host;
    return (struct kn_loop *)(void *)&some_loop;
}

struct kn_loading *kn_loading_start(struct kn_loop *loop, const struct kn_blocks_wish *wish,
                                    kn_loading_fn *done, void *arg)
{
    (void)loop;
    (void)wish;
    CHECK("one at a time, and not beside what is served", !world.is_loading && !world.has_compute);
    world.is_loading = true;
    world.loads++;
    world.loaded = done;
    world.loading_arg = arg;
    return (struct kn_loading *)(void *)&some_loading;
}

void kn_loading_abandon(struct kn_loading *loading, void (*gone)(void *arg), void *arg)
{
    if (loading != NULL) {
        world.gone = gone;
        world.gone_arg = arg;
    }
    world.is_loading = world.is_loading && loading == NULL;
}

void kn_loaded_done(struct kn_loaded *loaded)
{
    CHECK("nobody computes with it", !world.has_compute && !world.is_serving);
    *loaded = (struct kn_loaded){ 0 };
}

enum kn_code kn_loaded_check(const struct kn_loaded *loaded, struct kn_error *err)
{
    (void)loaded;
    (void)err;
    return KN_OK;
}

bool kn_model_is_intact(const struct kn_model *model)
{
    (void)model;
    return true;
}

bool kn_model_settle(struct kn_model *model)
{
    (void)model;
    if (world.settled == world.mapped)
        return false;
    world.settled++;
    return true;
}

int64_t kn_memory_left(const char *root)
{
    (void)root;
    return world.memory_left;
}

/* Every file is there. */
struct kn_fetching *kn_fetching_start(struct kn_loop *loop, const struct kn_blocks_wish *wish,
                                      const char *version, const struct kn_fetching_events *events)
{
    (void)loop;
    (void)wish;
    (void)version;
    (void)events;
    return NULL;
}

void kn_fetching_begin(struct kn_fetching *fetching)
{
    (void)fetching;
}

void kn_fetching_abandon(struct kn_fetching *fetching)
{
    (void)fetching;
}

void kn_fetching_state(const struct kn_fetching *fetching, struct kn_fetching_state *out)
{
    (void)fetching;
    *out = (struct kn_fetching_state){ 0 };
}

const struct kn_decoder *kn_model_decoder(const struct kn_model *model)
{
    (void)model;
    return &decoder;
}

int64_t kn_model_bytes(const struct kn_model *model, int64_t *mapped)
{
    (void)model;
    (void)mapped;
    return WEIGHT_BYTES;
}

int64_t kn_cache_token_bytes(const struct kn_decoder *of)
{
    (void)of;
    return TOKEN_BYTES;
}

struct kn_compute *kn_compute_new(const struct kn_compute_options *options)
{
    world.compute = *options;
    world.has_compute = true;
    world.state = (struct kn_compute_state){ .cache_tokens_left = ROOM };
    return (struct kn_compute *)(void *)&some_compute;
}

void kn_compute_change(struct kn_compute *c, const struct kn_compute_limits *limits)
{
    (void)c;
    world.passes = *limits;
}

enum kn_code kn_serving_change(struct kn_serving *serving, const struct kn_serving_limits *limits)
{
    (void)serving;
    world.limits = *limits;
    return KN_OK;
}

void kn_compute_free(struct kn_compute *c)
{
    CHECK("clients first", !world.is_serving);
    world.has_compute = world.has_compute && c == NULL;
}

void kn_compute_state(const struct kn_compute *c, struct kn_compute_state *out)
{
    (void)c;
    *out = world.state;
}

enum kn_code kn_serving_start(const struct kn_serving_options *options, struct kn_serving **out)
{
    (void)options;
    world.is_serving = true;
    *out = (struct kn_serving *)(void *)&some_serving;
    return KN_OK;
}

void kn_serving_drain(struct kn_serving *serving, void (*drained)(void *arg), void *arg)
{
    (void)serving;
    CHECK("once", world.drained == NULL);
    world.drained = drained;
    world.drained_arg = arg;
}

void kn_serving_free(struct kn_serving *serving)
{
    if (serving == NULL)
        return;
    world.is_serving = false;
    world.drained = NULL;
}

const struct kn_serving_counters *kn_serving_counters(const struct kn_serving *serving)
{
    (void)serving;
    return &counters;
}

/* ---- the driver ---- */

static void on_changed(void *arg)
{
    (void)arg;
    world.changed++;
}

static void on_news(void *arg)
{
    (void)arg;
    world.news++;
}

static void on_starved(void *arg)
{
    (void)arg;
    world.starved++;
}

static void on_left(void *arg)
{
    (void)arg;
    world.left++;
}

static void pass(kn_time ms)
{
    kn_time until = world.now + ms;

    for (;;) {
        struct kn_timer *next = NULL;

        for (size_t i = 0; i < TIMERS; i++) {
            struct kn_timer *timer = &world.timers[i];

            if (timer->used && timer->at <= until && (next == NULL || timer->at < next->at))
                next = timer;
        }
        if (next == NULL)
            break;
        world.now = next->at > world.now ? next->at : world.now;
        next->at = KN_NEVER;
        next->fire(next->arg);
    }
    world.now = until;
}

static void set_up(void)
{
    const struct kn_blocks_options options = { .host = (struct kn_host *)(void *)&some_host,
                                               .version = "1.0.0",
                                               .changed = on_changed,
                                               .starved = on_starved,
                                               .news = on_news };

    memset(&world, 0, sizeof(world));
    world.now = 5 * SECOND;
    world.blocks = kn_blocks_new(&options);
    CHECK("memory", world.blocks != NULL);
}

static void tear_down(void)
{
    kn_blocks_free(world.blocks);
    CHECK("all is closed", !world.is_serving && !world.has_compute);
}

static void wish(uint32_t from, int drain_ms)
{
    struct kn_blocks_wish wish = { .folder = "/tiny",
                                   .prefix = "tiny-hf",
                                   .from = from,
                                   .to = from + 2,
                                   .cache_bytes = ROOM * TOKEN_BYTES,
                                   .threads = 2,
                                   .share = 1,
                                   .drain_ms = drain_ms };

    kn_blocks_serve(world.blocks, &wish);
}

static void load(enum kn_code code)
{
    const struct kn_loaded loaded = { .model = (struct kn_model *)(void *)&some_model,
                                      .speed = { 100, 300, 1000 } };
    struct kn_error err = { 0 };

    CHECK("loading", world.is_loading);
    world.is_loading = false;
    if (code != KN_OK)
        (void)kn_fail(&err, code, "no good");
    world.loaded(world.loading_arg, code, &loaded, &err);
}

static enum kn_blocks_stage stage(void)
{
    struct kn_blocks_report report;

    kn_blocks_report(world.blocks, &report);
    return report.stage;
}

static void serving(uint32_t from)
{
    wish(from, 0);
    load(KN_OK);
    CHECK_EQ("serving", stage(), KN_BLOCKS_SERVING);
}

/* ---- from one range to the next ---- */

static const struct {
    const char *name;
    int drain_ms;
    kn_time sessions_end; /* 0: they do not */
    kn_time loads;        /* that the next blocks begin to be loaded */
} moves[] = {
    { "no session is open", 60 * SECOND, 1, 1 },
    { "sessions end", 60 * SECOND, 40 * SECOND, 40 * SECOND },
    { "sessions do not end", 60 * SECOND, 0, 60 * SECOND },
    { "nobody says how long", 0, 0, KN_BLOCKS_DRAIN_MS },
};

static void open_sessions_have_as_long_as_the_next_wish_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(moves); i++) {
        set_up();
        serving(0);
        wish(2, moves[i].drain_ms);
        CHECK_EQ(moves[i].name, stage(), KN_BLOCKS_DRAINING);
        CHECK(moves[i].name, !kn_blocks_serves(world.blocks, "tiny-hf", 0, 2));
        pass(moves[i].loads - 1);
        CHECK_EQ(moves[i].name, stage(), KN_BLOCKS_DRAINING);
        if (moves[i].sessions_end > 0)
            world.drained(world.drained_arg);
        else
            pass(1);
        CHECK_EQ(moves[i].name, stage(), KN_BLOCKS_LOADING);
        load(KN_OK);
        CHECK(moves[i].name, kn_blocks_serves(world.blocks, "tiny-hf", 2, 4));
        CHECK_EQ(moves[i].name, world.loads, 2);
        tear_down();
    }
}

static void to_say_it_again_gives_nobody_more_time(void **state)
{
    (void)state;
    set_up();
    serving(0);
    wish(2, 60 * SECOND);
    pass(50 * SECOND);
    wish(2, 60 * SECOND);
    CHECK_EQ("as before", stage(), KN_BLOCKS_DRAINING);
    pass(10 * SECOND);
    CHECK_EQ("as long as at first", stage(), KN_BLOCKS_LOADING);
    tear_down();
}

static void a_node_that_ends_waits_no_longer_than_it_would_without_a_move(void **state)
{
    (void)state;
    set_up();
    serving(0);
    wish(2, 3600 * SECOND);
    pass(SECOND);
    kn_blocks_leave(world.blocks, on_left, NULL);
    pass(KN_BLOCKS_DRAIN_MS);
    CHECK_EQ("left", world.left, 1);
    CHECK_EQ("and loads nothing more", stage(), KN_BLOCKS_NONE);
    CHECK_EQ("loads", world.loads, 1);
    tear_down();
}

static void blocks_that_fail_are_closed_and_others_can_follow(void **state)
{
    (void)state;
    set_up();
    serving(0);
    wish(2, SECOND);
    pass(SECOND);
    load(KN_E_INVALID);
    CHECK_EQ("failed", stage(), KN_BLOCKS_FAILED);
    CHECK("nobody is answered", !world.is_serving);
    wish(0, SECOND);
    CHECK_EQ("at once", stage(), KN_BLOCKS_LOADING);
    load(KN_OK);
    CHECK("the old ones", kn_blocks_serves(world.blocks, "tiny-hf", 0, 2));
    tear_down();
}

static void what_failed_is_tried_again_when_that_is_asked_for(void **state)
{
    struct kn_blocks_report report;

    (void)state;
    set_up();
    wish(0, 0);
    load(KN_E_IO);
    wish(0, 0);
    CHECK_EQ("to say it again is no reason", stage(), KN_BLOCKS_FAILED);
    kn_blocks_try_again(world.blocks);
    CHECK_EQ("not by itself", stage(), KN_BLOCKS_FAILED);
    wish(0, 0);
    kn_blocks_report(world.blocks, &report);
    CHECK_EQ("now", report.stage, KN_BLOCKS_LOADING);
    CHECK("why it failed is told until it is known", report.failure != NULL);
    load(KN_OK);
    kn_blocks_report(world.blocks, &report);
    CHECK_EQ("and then it is well", report.stage, KN_BLOCKS_SERVING);
    CHECK("for good", report.failure == NULL);
    kn_blocks_try_again(world.blocks);
    wish(0, 0);
    CHECK_EQ("what is served has not failed", stage(), KN_BLOCKS_SERVING);
    CHECK_EQ("loads", world.loads, 2);
    tear_down();
}

static void another_range_has_no_failure_of_the_one_before(void **state)
{
    struct kn_blocks_report report;

    (void)state;
    set_up();
    wish(0, 0);
    load(KN_E_IO);
    wish(2, 0);
    kn_blocks_report(world.blocks, &report);
    CHECK_EQ("loading", report.stage, KN_BLOCKS_LOADING);
    CHECK("nothing is told of it", report.failure == NULL);
    tear_down();
}

static void what_nobody_wants_any_more_ends_before_others_are_loaded(void **state)
{
    struct kn_blocks_report report;

    (void)state;
    set_up();
    wish(0, 0);
    wish(2, 0);
    kn_blocks_report(world.blocks, &report);
    CHECK_EQ("on its way", report.stage, KN_BLOCKS_LOADING);
    CHECK("the limits are not lowered yet", report.is_ending);
    wish(4, 0);
    CHECK_EQ("its memory is not free", world.loads, 1);
    world.gone(world.gone_arg);
    CHECK_EQ("now it is", world.loads, 2);
    load(KN_OK);
    CHECK("the last that were wished for", kn_blocks_serves(world.blocks, "tiny-hf", 4, 6));
    kn_blocks_report(world.blocks, &report);
    CHECK("nothing else holds memory", !report.is_ending);
    tear_down();
}

static void who_leaves_meanwhile_loads_nothing_more(void **state)
{
    (void)state;
    set_up();
    wish(0, 0);
    wish(2, 0);
    kn_blocks_leave(world.blocks, on_left, NULL);
    world.gone(world.gone_arg);
    CHECK_EQ("nothing", world.loads, 1);
    CHECK_EQ("none", stage(), KN_BLOCKS_NONE);
    tear_down();
}

/* ---- news ---- */

static void a_speed_that_changes_is_told_and_not_more_often_than_it_may(void **state)
{
    struct kn_blocks_report report;

    (void)state;
    set_up();
    serving(0);
    pass(KN_BLOCKS_PACE_MS);
    CHECK_EQ("nothing new", world.news, 0);
    world.state.decode_tokens_per_s = 40;
    pass(KN_BLOCKS_PACE_MS - 1);
    CHECK_EQ("not yet", world.news, 0);
    pass(1);
    CHECK_EQ("told", world.news, 1);
    kn_blocks_report(world.blocks, &report);
    CHECK("the new speed", report.speed->decode_tokens_per_s == 40);
    CHECK("the other as before", report.speed->forward_tokens_per_s == 1000);
    pass(10 * KN_BLOCKS_PACE_MS);
    CHECK_EQ("once", world.news, 1);
    wish(2, SECOND);
    world.state.decode_tokens_per_s = 400;
    pass(KN_BLOCKS_PACE_MS);
    CHECK_EQ("nobody is told of blocks that go", world.news, 1);
    load(KN_OK);
    kn_blocks_report(world.blocks, &report);
    CHECK("the next are measured anew", report.speed->decode_tokens_per_s == 100);
    tear_down();
}

static void room_that_changes_is_told_and_not_more_often_than_it_may(void **state)
{
    (void)state;
    set_up();
    serving(0);
    world.state.cache_tokens_left = ROOM / 2;
    world.compute.room_changed(world.compute.arg);
    pass(KN_BLOCKS_NEWS_MS - 1);
    CHECK_EQ("not yet", world.news, 0);
    pass(1);
    CHECK_EQ("told", world.news, 1);
    world.state.cache_tokens_left = ROOM;
    world.compute.room_changed(world.compute.arg);
    world.state.cache_tokens_left = ROOM / 2;
    world.compute.room_changed(world.compute.arg);
    pass(KN_BLOCKS_NEWS_MS);
    CHECK_EQ("as it was told", world.news, 1);
    tear_down();
}

/* ---- limits that become others while blocks are served ---- */

static const struct {
    const char *name;
    unsigned threads;
    double share, gets; /* share of time; gets 0: the blocks are loaded anew */
} rates[] = {
    { "as before", 2, 1, 1 },
    { "half of the time", 2, 0.5, 0.5 },
    { "half of the threads are all that rest as long as they run", 1, 1, 0.5 },
    { "half of half", 1, 0.5, 0.25 },
    { "more threads", 3, 1, 0 },
};

static void what_is_served_goes_on_within_other_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(rates); i++) {
        struct kn_blocks_wish other = {
            .folder = "/tiny",
            .prefix = "tiny-hf",
            .to = 2,
            .cache_bytes = ROOM * TOKEN_BYTES,
            .threads = rates[i].threads,
            .share = rates[i].share,
            .pass = { .min_tokens = 3, .max_sessions = 4, .max_bytes = 5000 },
            .limits = { .step_ms = 7, .max_batch_tokens = 9 }
        };

        set_up();
        serving(0);
        kn_blocks_serve(world.blocks, &other);
        if (rates[i].gets > 0) {
            CHECK_EQ(rates[i].name, stage(), KN_BLOCKS_SERVING);
            CHECK(rates[i].name, fabs(world.passes.share - rates[i].gets) < 1e-9);
            CHECK_EQ(rates[i].name, world.passes.max_tokens, 9);
            CHECK_EQ(rates[i].name, world.passes.min_tokens, 3);
            CHECK_EQ(rates[i].name, world.passes.max_sessions, 4);
            CHECK_EQ(rates[i].name, world.passes.max_bytes, 5000);
            CHECK_EQ(rates[i].name, world.limits.step_ms, 7);
        } else {
            CHECK_EQ(rates[i].name, stage(), KN_BLOCKS_DRAINING);
        }
        tear_down();
    }
}

static void weights_settle_one_page_at_a_time(void **state)
{
    (void)state;
    set_up();
    world.mapped = 3;
    world.memory_left = WEIGHT_BYTES;
    serving(0);
    CHECK_EQ("clients come first", world.settled, 0);
    pass(KN_BLOCKS_SETTLE_MS);
    CHECK_EQ("one", world.settled, 1);
    pass(10 * KN_BLOCKS_SETTLE_MS);
    CHECK_EQ("all", world.settled, 3);
    tear_down();
}

static void weights_stay_where_the_system_can_take_them_back(void **state)
{
    (void)state;
    set_up();
    world.mapped = 1000;
    world.memory_left = WEIGHT_BYTES - 1;
    serving(0);
    pass(SECOND);
    CHECK_EQ("from the start", world.settled, 0);
    tear_down();
    set_up();
    world.mapped = 1000;
    world.memory_left = WEIGHT_BYTES;
    serving(0);
    pass(KN_BLOCKS_SETTLE_MS);
    world.memory_left = 0;
    pass(SECOND);
    CHECK("from when others want it", world.settled > 0 && world.settled < 50);
    tear_down();
    set_up();
    world.mapped = 1000000;
    world.memory_left = WEIGHT_BYTES;
    serving(0);
    pass(3600 * SECOND);
    CHECK("before the system has no mapping left", world.settled > 10000 && world.settled < 20000);
    tear_down();
}

static void memory_that_a_session_is_refused_is_told_once(void **state)
{
    (void)state;
    set_up();
    serving(0);
    world.compute.room_changed(world.compute.arg);
    CHECK_EQ("none was refused", world.starved, 0);
    world.state.starved = 3;
    world.compute.room_changed(world.compute.arg);
    world.compute.room_changed(world.compute.arg);
    CHECK_EQ("told", world.starved, 1);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_sessions_have_as_long_as_the_next_wish_says),
        cmocka_unit_test(to_say_it_again_gives_nobody_more_time),
        cmocka_unit_test(a_node_that_ends_waits_no_longer_than_it_would_without_a_move),
        cmocka_unit_test(blocks_that_fail_are_closed_and_others_can_follow),
        cmocka_unit_test(what_failed_is_tried_again_when_that_is_asked_for),
        cmocka_unit_test(another_range_has_no_failure_of_the_one_before),
        cmocka_unit_test(what_nobody_wants_any_more_ends_before_others_are_loaded),
        cmocka_unit_test(who_leaves_meanwhile_loads_nothing_more),
        cmocka_unit_test(a_speed_that_changes_is_told_and_not_more_often_than_it_may),
        cmocka_unit_test(what_is_served_goes_on_within_other_limits),
        cmocka_unit_test(weights_settle_one_page_at_a_time),
        cmocka_unit_test(weights_stay_where_the_system_can_take_them_back),
        cmocka_unit_test(memory_that_a_session_is_refused_is_told_once),
        cmocka_unit_test(room_that_changes_is_told_and_not_more_often_than_it_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
