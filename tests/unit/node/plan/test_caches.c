/* What is kept for the next start is what the next start reads. */
#include "node/plan/caches.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "support/check.h"
#include "support/config_fixture.h"
#include "support/home.h"

#define GIB (INT64_C(1) << 30)
#define A_ID "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define B_ID "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
#define A "/ip4/127.0.0.1/tcp/80/p2p/" A_ID
#define A_TOO "/ip6/::1/tcp/81/p2p/" A_ID
#define B "/dns/b.org/tcp/8000/p2p/" B_ID
#define MODEL "Llama-3.1-8B-Instruct"
#define HOUR INT64_C(3600)

static const struct kn_hardware desktop = { .memory_total = 24 * GIB,
                                            .memory_available = 24 * GIB,
                                            .memory_limit = KN_FACT_UNKNOWN,
                                            .memory_left = KN_FACT_UNKNOWN,
                                            .cores = 4,
                                            .cpu_quota = -1,
                                            .user_name = "ada",
                                            .host_name = "box" };

/* A folder, the plan of a start with it, and what is written of that. */
struct world {
    struct kn_home home;
    struct kn_arena *arena;
    struct kn_config_paths paths;
    struct kn_config_request request;
    struct kn_snapshot *snapshot;
    struct kn_plan plan;
    struct kn_caches caches;
    char folder[KN_HOME_PATH_MAX];
};

static const char *const bootstraps[] = { A, A_TOO, B };

static void begin(struct world *w)
{
    struct kn_error err = { 0 };

    *w = (struct world){ .arena = kn_arena_new() };
    kn_home_make(&w->home);
    (void)snprintf(w->folder, sizeof(w->folder), "%s", kn_home_path(&w->home, "data"));
    CHECK_EQ("folder", mkdir(w->folder, 0700), 0);
    w->request = (struct kn_config_request){ .home = w->folder,
                                             .working = w->home.path,
                                             .now_s = FIXTURE_NOW };
    CHECK_EQ("locate", kn_config_locate(&w->request, w->arena, &w->paths, &err), KN_OK);
    w->snapshot = load_request(&w->request, NULL, WORDS("--model", MODEL));
    const struct kn_plan_input input = {
        .snapshot = w->snapshot,
        .config = kn_snapshot_config(w->snapshot),
        .hardware = &desktop,
        .own = B_ID,
        .own_bytes = kn_span_text(B_ID),
        .port = 8083,
    };

    CHECK_EQ("plan", kn_plan_make(&input, &w->plan, &err), KN_OK);
    w->caches = (struct kn_caches){ .paths = &w->paths,
                                    .plan = &w->plan,
                                    .snapshot = w->snapshot,
                                    .hardware = &desktop,
                                    .bootstraps = bootstraps,
                                    .bootstrap_count = KN_COUNT(bootstraps),
                                    .swarm_is_known = true,
                                    .now_s = FIXTURE_NOW - HOUR };
}

static void finish(struct world *w)
{
    kn_plan_done(&w->plan);
    kn_snapshot_unref(w->snapshot);
    kn_arena_free(w->arena);
    kn_home_remove(&w->home);
}

static void write_both(const struct world *w)
{
    struct kn_error err = { 0 };

    CHECK_EQ("write", kn_caches_write(&w->caches, &err), KN_OK);
    CHECK_STR("write", err.text, "");
}

/* The next start, with these words. */
static struct kn_snapshot *next(struct world *w, const char *const *words)
{
    return load_request(&w->request, NULL, words);
}

static const char *planned(const struct world *w, const char *key)
{
    for (size_t i = 0; i < w->plan.value_count; i++) {
        if (strcmp(w->plan.values[i].key, key) == 0)
            return w->plan.values[i].value;
    }
    return NULL;
}

static const char *const kept[] = { "node.name",         "node.port",         "model.name",
                                    "model.dht_prefix",  "model.start_block", "model.end_block",
                                    "model.total_blocks" };

/* proves: FR-0/0.1.4, FR-0/0.3.6, FR-5/5.1.3, MS-2.3/5, TR-2/cache */
static void the_next_start_reads_the_assignment(void **state)
{
    struct kn_snapshot *snapshot;
    struct world w;

    (void)state;
    begin(&w);
    write_both(&w);
    snapshot = next(&w, WORDS("--bootstrap", A, "--bootstrap", B));
    CHECK("valid", kn_snapshot_is_valid(snapshot));
    for (size_t i = 0; i < KN_COUNT(kept); i++) {
        CHECK_STR(kept[i], got(snapshot, kept[i]), planned(&w, kept[i]));
        CHECK_STR(kept[i], origin(snapshot, kept[i]), "cache");
    }
    CHECK_EQ("problems", kn_snapshot_problems(snapshot)->n, 0);
    kn_snapshot_unref(snapshot);
    finish(&w);
}

static void another_swarm_is_none_of_its_business(void **state)
{
    struct kn_snapshot *snapshot;
    struct world w;

    (void)state;
    begin(&w);
    write_both(&w);
    snapshot = next(&w, WORDS("--bootstrap", B));
    CHECK("valid", kn_snapshot_is_valid(snapshot));
    CHECK_STR("start", got(snapshot, "model.start_block"), "auto");
    CHECK_STR("port", got(snapshot, "node.port"), "auto");
    kn_snapshot_unref(snapshot);
    finish(&w);
}

static void what_is_not_known_of_the_swarm_is_not_written(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.caches.swarm_is_known = false;
    write_both(&w);
    CHECK("discovery", access(w.paths.discovery_cache, F_OK) != 0);
    CHECK("calibration", access(w.paths.calibration, F_OK) == 0);
    finish(&w);
}

static void only_the_owner_reads_them(void **state)
{
    struct stat facts;
    struct world w;

    (void)state;
    begin(&w);
    write_both(&w);
    CHECK_EQ("discovery", stat(w.paths.discovery_cache, &facts), 0);
    CHECK_EQ("discovery", facts.st_mode & 0777, 0600);
    CHECK_EQ("calibration", stat(w.paths.calibration, &facts), 0);
    CHECK_EQ("calibration", facts.st_mode & 0777, 0600);
    CHECK_EQ("nothing else", kn_home_count(&w.home, ""), 1);
    finish(&w);
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
    struct kn_error err = { 0 };
    struct world w;

    (void)state;
    begin(&w);
    CHECK_EQ("in the way", mkdir(w.paths.discovery_cache, 0700), 0);
    CHECK("fails", kn_caches_write(&w.caches, &err) != KN_OK);
    CHECK_HAS("named", err.text, "discovery_cache.yaml");
    CHECK_EQ("again", rmdir(w.paths.discovery_cache), 0);
    write_both(&w);
    finish(&w);
}

/* proves: FR-5/5.3.2 */
static void an_old_one_is_used_with_a_warning(void **state)
{
    struct kn_snapshot *snapshot;
    struct world w;

    (void)state;
    begin(&w);
    w.caches.now_s = FIXTURE_NOW - 25 * HOUR;
    write_both(&w);
    snapshot = next(&w, WORDS("--bootstrap", A, "--bootstrap", B));
    CHECK_STR("used", origin(snapshot, "model.start_block"), "cache");
    CHECK("warned", kn_snapshot_problems(snapshot)->n > 0);
    kn_snapshot_unref(snapshot);
    finish(&w);
}

/* Names come from others: none of their characters may break the file. */
static void any_text_survives(void **state)
{
    static const char *const texts[] = { "plain",
                                         "a \"quoted\" one",
                                         "back\\slash",
                                         "\\",
                                         "colon: {brace} #comment",
                                         "- list",
                                         "80",
                                         ("N\xc3\xb8"
                                          "de") };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        struct kn_snapshot *snapshot;
        struct world w;

        begin(&w);
        w.plan.values[0] = (struct kn_discovered){ "model.name", texts[i], texts[i] };
        w.plan.value_count = 1;
        write_both(&w);
        snapshot = next(&w, WORDS("--bootstrap", A, "--bootstrap", B));
        CHECK_STR(texts[i], got(snapshot, "model.name"), texts[i]);
        CHECK_STR(texts[i], origin(snapshot, "model.name"), "cache");
        kn_snapshot_unref(snapshot);
        finish(&w);
    }
}

/* proves: FR-0/0.2.5 */
static void the_calibration_is_read_back(void **state)
{
    struct kn_snapshot *snapshot;
    struct world w;

    (void)state;
    begin(&w);
    w.caches.swarm_is_known = false;
    write_both(&w);
    snapshot = next(&w, WORDS("--model", MODEL));
    CHECK_STR("blocks", got(snapshot, "model.total_blocks"), "32");
    CHECK_STR("from", origin(snapshot, "model.total_blocks"), "cache");
    kn_snapshot_unref(snapshot);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_start_reads_the_assignment),
        cmocka_unit_test(another_swarm_is_none_of_its_business),
        cmocka_unit_test(what_is_not_known_of_the_swarm_is_not_written),
        cmocka_unit_test(only_the_owner_reads_them),
        cmocka_unit_test(a_file_that_cannot_be_written_is_named),
        cmocka_unit_test(an_old_one_is_used_with_a_warning),
        cmocka_unit_test(any_text_survives),
        cmocka_unit_test(the_calibration_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
