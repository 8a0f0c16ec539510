/* Memory that is refused, and the range that is left; everything around is handed in. */
#include "node/shrink.h"

#include "node/course.h"
#include "support/check.h"

struct kn_timer {
    kn_time at;
};

static struct {
    struct kn_timer timer;
    struct kn_node node;
    enum kn_blocks_stage stage;
    struct kn_error failure;
    bool is_pinned, is_moving, has_no_memory;
    unsigned told, announced;
} world;

kn_time kn_loop_now(const struct kn_loop *loop)
{
    (void)loop;
    return 7;
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    timer->at = when;
}

void kn_blocks_report(const struct kn_blocks *blocks, struct kn_blocks_report *out)
{
    (void)blocks;
    *out = (struct kn_blocks_report){ .stage = world.stage, .failure = &world.failure };
}

bool kn_decision_is_pinned(const struct kn_decision *d)
{
    (void)d;
    return world.is_pinned;
}

bool kn_move_is_under_way(const struct kn_move *move)
{
    (void)move;
    return world.is_moving;
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
    world.told += event == KN_NODE_MOVED;
}

void kn_course_announce(struct kn_node *node)
{
    (void)node;
    world.announced++;
}

static void set_up(uint32_t n)
{
    memset(&world, 0, sizeof(world));
    world.timer.at = KN_NEVER;
    world.node.shrink_timer = &world.timer;
    world.node.what.is_planned = true;
    world.node.what.plan.place =
        (struct kn_placement){ .by = KN_PLACED_LEAST_SERVED, .start = 5, .end = 5 + n };
    world.stage = KN_BLOCKS_FAILED;
    world.failure.code = KN_E_NO_MEMORY;
}

static uint32_t left(void)
{
    return world.node.what.plan.place.end - world.node.what.plan.place.start;
}

/* Fires the timer, if it was set. */
static void go_on(void)
{
    if (world.timer.at == KN_NEVER)
        return;
    world.timer.at = KN_NEVER;
    kn_shrink(&world.node);
}

static void three_quarters_are_left_until_it_is_one(void **state)
{
    static const uint32_t ranges[] = { 80, 60, 45, 33, 24, 18, 13, 9, 6, 4, 3, 2, 1, 1 };

    (void)state;
    set_up(ranges[0]);
    for (size_t i = 1; i < KN_COUNT(ranges); i++) {
        kn_shrink_blocks_changed(&world.node);
        go_on();
        CHECK_EQ("blocks", left(), ranges[i]);
        CHECK_EQ("where it began", world.node.what.plan.place.start, 5);
    }
    CHECK_EQ("told each time", world.told, KN_COUNT(ranges) - 2);
    CHECK_EQ("to others too", world.announced, KN_COUNT(ranges) - 2);
}

static void a_session_without_memory_is_a_reason(void **state)
{
    (void)state;
    set_up(4);
    world.stage = KN_BLOCKS_SERVING;
    kn_shrink_blocks_changed(&world.node);
    CHECK("not of itself", world.timer.at == KN_NEVER);
    kn_shrink_starved(&world.node);
    go_on();
    CHECK_EQ("blocks", left(), 3);
    CHECK("says why",
          strstr(world.node.what.plan.place.reason, "memory was refused for 4 blocks") != NULL);
}

static void what_is_no_lack_of_memory_changes_nothing(void **state)
{
    (void)state;
    set_up(4);
    world.failure.code = KN_E_CHANGED;
    kn_shrink_blocks_changed(&world.node);
    go_on();
    CHECK_EQ("another failure", left(), 4);
}

static void some_ranges_stay(void **state)
{
    static const struct {
        const char *name;
        bool is_pinned, is_moving, leaves;
    } cases[] = {
        { "somebody wrote it", true, false, false },
        { "it is on its way", false, true, false },
        { "the node leaves", false, false, true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        set_up(4);
        world.is_pinned = cases[i].is_pinned;
        world.is_moving = cases[i].is_moving;
        world.node.leaving = cases[i].leaves;
        kn_shrink_starved(&world.node);
        CHECK(cases[i].name, world.timer.at == KN_NEVER);
        CHECK_EQ(cases[i].name, left(), 4);
    }
}

static void without_memory_for_that_either_nothing_is_told(void **state)
{
    (void)state;
    set_up(4);
    world.has_no_memory = true;
    kn_shrink_starved(&world.node);
    go_on();
    CHECK_EQ("told", world.told + world.announced, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_quarters_are_left_until_it_is_one),
        cmocka_unit_test(a_session_without_memory_is_a_reason),
        cmocka_unit_test(what_is_no_lack_of_memory_changes_nothing),
        cmocka_unit_test(some_ranges_stay),
        cmocka_unit_test(without_memory_for_that_either_nothing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
