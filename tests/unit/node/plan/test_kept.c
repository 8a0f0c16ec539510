/* What an earlier start had planned, on the machine and with the settings of the next one. */
#include "node/plan/kept.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "node/plan/caches.h"
#include "node/plan/plan.h"
#include "support/check.h"
#include "support/config_fixture.h"
#include "support/home.h"

#define GIB (INT64_C(1) << 30)
#define ID "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
#define AT "/ip4/127.0.0.1/tcp/80/p2p/" ID
#define MODEL "Llama-3.1-8B-Instruct" /* 32 blocks; 4.06 GiB hold four of them in float32 */
#define AGAIN "Calibrated again: "

static struct kn_hardware machine(int64_t total, int64_t available)
{
    return (struct kn_hardware){ .memory_total = total * GIB,
                                 .memory_available = available * GIB,
                                 .memory_limit = KN_FACT_UNKNOWN,
                                 .memory_left = KN_FACT_UNKNOWN,
                                 .cpu_quota = -1,
                                 .user_name = "ada",
                                 .host_name = "box" };
}

struct world {
    struct kn_home home;
    struct kn_arena *arena;
    struct kn_config_paths paths;
    struct kn_config_request request;
    char folder[KN_HOME_PATH_MAX];
};

struct made {
    struct kn_snapshot *snapshot;
    struct kn_plan plan;
    enum kn_code code;
    struct kn_error err;
};

static void make(struct made *made, struct world *w, const char *const *words,
                 const struct kn_hardware *hardware, bool recalibrate)
{
    *made = (struct made){ .snapshot = load_request(&w->request, NULL, words) };
    const struct kn_plan_input input = {
        .snapshot = made->snapshot,
        .config = kn_snapshot_config(made->snapshot),
        .hardware = hardware,
        .own = ID,
        .own_bytes = kn_span_text(ID),
        .port = 8083,
        .recalibrate = recalibrate,
    };

    CHECK("valid", kn_snapshot_is_valid(made->snapshot));
    made->code = kn_plan_make(&input, &made->plan, &made->err);
}

static void discard(struct made *made)
{
    kn_plan_done(&made->plan);
    kn_snapshot_unref(made->snapshot);
}

static void keep(const struct world *w, const struct made *made, const struct kn_hardware *hardware)
{
    static const char *const bootstraps[] = { AT };
    const struct kn_caches caches = { .paths = &w->paths,
                                      .plan = &made->plan,
                                      .snapshot = made->snapshot,
                                      .hardware = hardware,
                                      .bootstraps = bootstraps,
                                      .bootstrap_count = 1,
                                      .swarm_is_known = true,
                                      .now_s = FIXTURE_NOW };
    struct kn_error err = { 0 };

    CHECK_EQ("write", kn_caches_write(&caches, &err), KN_OK);
}

#define FIRST "--bootstrap", AT, "--model", MODEL

/* A machine of 24 GiB, all of it free: 21 blocks fit, 15 are planned, from block 0. */
static void begin(struct world *w)
{
    const struct kn_hardware hardware = machine(24, 24);
    struct kn_error err = { 0 };
    struct made made;

    *w = (struct world){ .arena = kn_arena_new() };
    kn_home_make(&w->home);
    (void)snprintf(w->folder, sizeof(w->folder), "%s", kn_home_path(&w->home, "data"));
    CHECK_EQ("folder", mkdir(w->folder, 0700), 0);
    w->request = (struct kn_config_request){ .home = w->folder,
                                             .working = w->home.path,
                                             .now_s = FIXTURE_NOW };
    CHECK_EQ("locate", kn_config_locate(&w->request, w->arena, &w->paths, &err), KN_OK);
    make(&made, w, WORDS(FIRST), &hardware, false);
    CHECK_EQ("first", made.code, KN_OK);
    CHECK_EQ("first", made.plan.place.end, 15);
    CHECK_STR("first", made.plan.kept.changed, "");
    keep(w, &made, &hardware);
    discard(&made);
}

static void finish(struct world *w)
{
    kn_arena_free(w->arena);
    kn_home_remove(&w->home);
}

#define KEPT "from block 0, as nobody told which blocks are served" /* as it was chosen */
#define BEGUN "from where an earlier start began"

struct kept_case {
    const char *name;
    const char *const *words;
    int64_t total, available; /* GiB */
    bool recalibrate;
    uint32_t end;
    const char *changed, *reason;
};

static void check_case(struct world *w, const struct kept_case *c)
{
    const struct kn_hardware hardware = machine(c->total, c->available);
    struct made made;

    make(&made, w, c->words, &hardware, c->recalibrate);

    CHECK_STR(c->name, made.err.text, "");
    CHECK_EQ(c->name, made.code, KN_OK);
    CHECK_EQ(c->name, made.plan.place.start, 0);
    CHECK_EQ(c->name, made.plan.place.end, c->end);
    CHECK_EQ(c->name, made.plan.planned, c->end);
    CHECK_STR(c->name, made.plan.kept.changed, c->changed);
    CHECK_STR(c->name, made.plan.place.reason, c->reason);
    discard(&made);
}

/* proves: FR-0/0.2.6, FR-5/5.1.3, P2/4.3 */
static void a_plan_is_kept_while_it_fits(void **state)
{
    const struct kept_case cases[] = {
        { "as it was", WORDS(FIRST), 24, 24, false, 15, "", KEPT },
        { "less is free, and it fits", WORDS(FIRST), 24, 18, false, 15, "", KEPT },
        { "more is free", WORDS(FIRST), 24, 40, false, 15, "", KEPT },
        { "the model with its owner", WORDS("--bootstrap", AT, "--model", "meta-llama/" MODEL), 24,
          24, false, 15, "", KEPT },
        { "too little is free", WORDS(FIRST), 24, 12, false, 7,
          AGAIN "15 blocks were planned before, and at most 10 fit now: 12 GiB of memory is "
                "available",
          BEGUN },
        { "one block", WORDS(FIRST), 24, 2, false, 1,
          AGAIN "15 blocks were planned before, and at most 1 fit now: 2 GiB of memory is "
                "available",
          BEGUN },
        { "a larger machine", WORDS(FIRST), 48, 48, false, 31,
          AGAIN "this is not the machine that was calibrated", BEGUN },
        { "a smaller machine", WORDS(FIRST), 16, 16, false, 10,
          AGAIN "this is not the machine that was calibrated", BEGUN },
        { "a lower limit", WORDS(FIRST, "--max-memory", "8GiB"), 24, 24, false, 5,
          AGAIN "the settings are others than before", BEGUN },
        { "another data type", WORDS(FIRST, "--dtype", "float16"), 24, 24, false, 31,
          AGAIN "the settings are others than before", BEGUN },
        { "another preset", WORDS(FIRST, "--preset", "max"), 24, 24, false, 21,
          AGAIN "the preset is another than before", BEGUN },
        { "asked for", WORDS(FIRST), 24, 18, true, 11, AGAIN "--calibrate asks for it", BEGUN },
        { "asked for in vain", WORDS(FIRST), 24, 24, true, 15, AGAIN "--calibrate asks for it",
          KEPT },
        { "a number of one's own", WORDS(FIRST, "--blocks", "3"), 24, 24, false, 3, "",
          "from block 0, as nobody told which blocks are served" },
        { "ends of one's own", WORDS(FIRST, "--start-block", "0", "--end-block", "15"), 24, 24,
          true, 15, AGAIN "--calibrate asks for it", "start_block and end_block are set" },
    };
    struct world w;

    (void)state;
    begin(&w);
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_case(&w, &cases[i]);
    finish(&w);
}

static void another_model_is_no_change(void **state)
{
    const struct kn_hardware hardware = machine(24, 24);
    struct world w;
    struct made made;

    (void)state;
    begin(&w);
    make(&made, &w, WORDS("--bootstrap", AT, "--model", "Llama-3.2-1B"), &hardware, false);
    CHECK_EQ("code", made.code, KN_OK);
    CHECK_STR("changed", made.plan.kept.changed, "");
    CHECK("a place of its own", made.plan.place.by != KN_PLACED_PINNED);
    discard(&made);
    finish(&w);
}

/* Then the node plans anew without any cache, and another model may fit. */
static void a_plan_of_which_nothing_fits_is_refused(void **state)
{
    struct kn_hardware hardware = machine(24, 1);
    struct world w;
    struct made made;

    (void)state;
    begin(&w);
    hardware.memory_available = GIB / 2;
    make(&made, &w, WORDS(FIRST), &hardware, false);
    CHECK_EQ("code", made.code, KN_E_LIMIT);
    CHECK_HAS("text", made.err.text, "15 blocks, and at most 0 fit");
    discard(&made);
    finish(&w);
}

/* The profiles of calibration.yaml alone, and the range alone. */
static void each_cache_alone_is_enough(void **state)
{
    const struct kept_case count = {
        "the count", WORDS(FIRST), 24, 18,
        false,       15,           "", "from block 0, as nobody told which blocks are served"
    };
    const struct kept_case smaller = { "the count, on another machine",
                                       WORDS(FIRST),
                                       16,
                                       16,
                                       false,
                                       10,
                                       AGAIN "this is not the machine that was calibrated",
                                       "from block 0, as nobody told which blocks are served" };
    const struct kept_case range = { "the range", WORDS(FIRST), 48, 24, false, 15, "", KEPT };
    struct world w;

    (void)state;
    begin(&w);
    CHECK_EQ("remove", unlink(w.paths.discovery_cache), 0);
    check_case(&w, &count);
    check_case(&w, &smaller);
    finish(&w);
    begin(&w);
    CHECK_EQ("remove", unlink(w.paths.calibration), 0);
    check_case(&w, &range);
    finish(&w);
}

/* Where coverage is known a longer range is placed where it helps most. */
static void a_longer_range_goes_where_it_helps(void **state)
{
    const struct kn_hardware hardware = machine(48, 48);
    const struct kn_fit fit = { .profiles[KN_PRESET_MAX] = { 32, 0 } };
    struct kn_kept_now now = { .hardware = &hardware, .fit = &fit, .planned = 31 };
    struct kn_kept kept;
    struct world w;

    (void)state;
    begin(&w);
    struct kn_snapshot *snapshot = load_request(&w.request, NULL, WORDS(FIRST));

    now.snapshot = snapshot;
    kn_kept_read(snapshot, &kept);
    CHECK_EQ("unknown", kn_kept_hold(&kept, &now), 31);
    CHECK_EQ("unknown", kept.start, 0);
    CHECK_EQ("unknown", kept.end, KN_FACT_UNKNOWN);
    now.coverage_known = true;
    kn_kept_read(snapshot, &kept);
    CHECK_EQ("known", kn_kept_hold(&kept, &now), 31);
    CHECK_EQ("known", kept.start, KN_FACT_UNKNOWN);
    now.planned = 7;
    kn_kept_read(snapshot, &kept);
    CHECK_EQ("fewer", kn_kept_hold(&kept, &now), 7);
    CHECK_EQ("fewer stay", kept.start, 0);
    kn_snapshot_unref(snapshot);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_kept_while_it_fits),
        cmocka_unit_test(another_model_is_no_change),
        cmocka_unit_test(a_plan_of_which_nothing_fits_is_refused),
        cmocka_unit_test(each_cache_alone_is_enough),
        cmocka_unit_test(a_longer_range_goes_where_it_helps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
