/* The screen of a first run, compared with tests/golden/screen_COLUMNS.txt; with --update they are
 * written anew. */
#include "app/cli/first_run.h"

#include "app/cli/first_config.h"
#include "app/cli/later_run.h"
#include "app/cli/launch.h"
#include "start_fixture.h"

enum { GOLDEN_MAX = 64 * 1024 };

static bool update;

static const char *const bootstraps[] = { "--bootstrap", BOOTSTRAP("bootstrap-1.kwaai.ai"),
                                          "--bootstrap", BOOTSTRAP("bootstrap-2.kwaai.ai"),
                                          "--bootstrap", BOOTSTRAP("bootstrap-2.kwaai.ai") "1",
                                          NULL };

static void add_launch(const struct kn_page *page, const struct kn_start_facts *facts)
{
    static const struct kn_blocks_report unserved = { .stage = KN_BLOCKS_NONE };
    bool took[13];
    struct kn_announced round = {
        .blocks = 12, .keys = 13, .acknowledged = 12, .registers = true, .took = took
    };

    for (size_t i = 0; i < KN_COUNT(took); i++)
        took[i] = i != 7;
    kn_page_rule(page, "Starting Node");
    kn_launch_begin(page, false);
    kn_launch_joined(page, facts, 2);
    kn_launch_announced(page, facts, &round, true);
    kn_launch_blocks(page, facts, &unserved);
    kn_launch_running(page, facts, true, true);
}

static void add_first_run(const struct kn_page *page, const struct kn_start_facts *facts)
{
    kn_first_run_begin(page);
    kn_first_run_models(page, facts);
    kn_first_run_machine(page, facts);
    kn_first_run_coverage(page, facts);
    kn_first_run_choices(page, facts);
    kn_first_run_summary(page, facts);
    add_launch(page, facts);
}

static void compare(const char *name, const struct kn_text *text)
{
    static char want[GOLDEN_MAX];
    char path[256];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof(path), "%s/%s", KN_GOLDEN, name);
    file = fopen(path, update ? "wb" : "rb");
    CHECK(path, file != NULL);
    if (update)
        CHECK_EQ(path, fwrite(text->at, 1, text->n, file), text->n);
    n = update ? 0 : fread(want, 1, sizeof(want) - 1, file);
    (void)fclose(file);
    want[n] = '\0';
    if (!update)
        CHECK_STR(path, kn_text_get(text), want);
}

/* proves: FR-5/5.2.1, FR-5/5.2.5, FR-0/0.2.7, FR-0/0.5.7, P2/1.5, UX/1, UX/2, UX/3, UX/4, UX/6,
 * UX/7, UX/8, UX/10, UX/11 */
static void the_screen_is_that_of_the_requirements(void **state)
{
    static const struct {
        const char *name;
        struct kn_term term;
    } rows[] = {
        { "screen_60.txt", { true, true, false, true, 60 } },
        { "screen_80.txt", { true, true, false, true, 80 } },
        { "screen_120.txt", { true, true, false, true, 120 } },
        { "screen_plain.txt", { false, false, false, false, 80 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };
        const struct kn_page page = { &rows[i].term, &out };
        struct screen screen;

        make_screen(&screen, NULL, bootstraps);
        add_first_run(&page, &screen.facts);
        compare(rows[i].name, &out);
        kn_text_done(&out);
        drop_screen(&screen);
    }
}

static const struct kn_term plain = { .columns = 80 };

/* proves: FR-5/5.6, FR-5/5.3.4 */
static void a_later_run_tells_its_sources(void **state)
{
    struct kn_text out = { 0 };
    const struct kn_page page = { &plain, &out };
    struct screen screen;

    (void)state;
    make_screen(&screen, "node: {name: grace}\nmodel: {blocks: 12}\n", WORDS("--dtype", "float16"));
    kn_later_run_begin(&page, &screen.facts);
    kn_later_run_loaded(&page, &screen.facts);
    compare("screen_later.txt", &out);
    kn_text_done(&out);
    drop_screen(&screen);
}

static void a_node_that_serves_nothing_says_why(void **state)
{
    struct kn_text out = { 0 };
    const struct kn_page page = { &plain, &out };
    struct screen screen;

    (void)state;
    make_screen(&screen, NULL, NO_WORDS);
    screen.plan.place = (struct kn_placement){ .by = KN_PLACED_NOWHERE };
    (void)snprintf(screen.plan.model.fit.reason, KN_FIT_TEXT_SIZE, "not one block fits");
    screen.plan.swarm = (struct kn_swarm_facts){ 0 };
    screen.plan.range_count = 0;
    add_first_run(&page, &screen.facts);
    CHECK_HAS("swarm", kn_text_get(&out), "Nobody answered");
    CHECK_HAS("machine", kn_text_get(&out), "No block is served: not one block fits");
    CHECK_HAS("summary", kn_text_get(&out), "Blocks:        none\n");
    kn_launch_announcing(&page, &screen.facts);
    CHECK_HAS("launch", kn_text_get(&out), "No block is announced: no block is served here");
    kn_text_done(&out);
    drop_screen(&screen);
}

/* proves: FR-5/5.2.6, FR-0/0.4.7 */
static void what_was_typed_is_saved_and_the_rest_stays_automatic(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct screen screen;
    bool is_secret;

    (void)state;
    make_screen(
        &screen, NULL,
        WORDS("--max-memory", "8GiB", "--bootstrap", BOOTSTRAP("a.example"), "--port", "auto"));
    CHECK_EQ(err.text, kn_first_config_print(&screen.facts, &out, &is_secret, &err), KN_OK);
    CHECK("secret", !is_secret);
    compare("first_config.txt", &out);
    kn_text_done(&out);
    drop_screen(&screen);
}

static void what_only_its_owner_may_read_is_told(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct screen screen;
    bool is_secret;

    (void)state;
    make_screen(&screen, NULL,
                WORDS("--set", "alerts.webhook_url=https://example.org/x", "--name", "grace"));
    CHECK_EQ(err.text, kn_first_config_print(&screen.facts, &out, &is_secret, &err), KN_OK);
    CHECK("secret", is_secret);
    CHECK_HAS("secret", kn_text_get(&out), "webhook_url: https://example.org/x\n");
    CHECK_HAS("name", kn_text_get(&out), "name: grace\n");
    kn_text_done(&out);
    drop_screen(&screen);
}

static void a_file_that_was_saved_reads_as_what_it_was_made_from(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct screen screen;
    struct kn_snapshot *again;
    bool is_secret;

    (void)state;
    make_screen(&screen, NULL, bootstraps);
    CHECK_EQ(err.text, kn_first_config_print(&screen.facts, &out, &is_secret, &err), KN_OK);
    again = load_text(kn_text_get(&out), NO_WORDS, NULL);
    CHECK("valid", kn_snapshot_is_valid(again));
    CHECK_STR("name", got(again, "node.name"), "ada-C-box");
    CHECK_STR("port", got(again, "node.port"), "auto");
    CHECK_STR("start", got(again, "model.start_block"), "auto");
    CHECK_STR("bootstraps", got(again, "network.bootstrap_peers"),
              got(screen.snapshot, "network.bootstrap_peers"));
    kn_snapshot_unref(again);
    kn_text_done(&out);
    drop_screen(&screen);
}

static void the_last_line_is_short_where_room_is_scarce(void **state)
{
    static const struct kn_placement place = { .by = KN_PLACED_WHOLE, .start = 0, .end = 8 };
    static const struct kn_announced never = { 0 }, alone = { .alone = true, .at = 100 },
                                     seen = { .acknowledged = 9,
                                              .keys = 9,
                                              .visible_on = 1,
                                              .asked = 2,
                                              .at = 100 };
    static const struct kn_blocks_report none = { .stage = KN_BLOCKS_NONE },
                                         idle = { .stage = KN_BLOCKS_SERVING },
                                         busy = { .stage = KN_BLOCKS_SERVING,
                                                  .now = { .sessions = 2, .tokens_per_s = 31.44 } };
    static const struct kn_error gone = { .code = KN_E_UNREACHABLE };
    static const struct kn_blocks_report
        halfway = { .stage = KN_BLOCKS_FETCHING,
                    .fetch = { .done = 3 << 20, .total = 12 << 20, .rate = 2 << 20 } },
        held = { .stage = KN_BLOCKS_FETCHING, .fetch = { .on_hold = true } },
        waits = { .stage = KN_BLOCKS_FETCHING,
                  .fetch = { .total = 12 << 20, .failure = &gone, .again_ms = 29500 } };
    static const struct {
        struct kn_live live;
        size_t columns;
        const char *want;
    } rows[] = {
        { { KN_NODE_OFFLINE, 0, NULL, &never, &none, 1 }, 80, "[OFFLINE] 0 peers | no blocks" },
        { { KN_NODE_OFFLINE, 0, &place, &never, &none, 1 },
          80,
          "[OFFLINE] 0 peers | blocks 0-7 | not announced yet" },
        { { KN_NODE_JOINING, 1, &place, &alone, &none, 103 },
          80,
          "[JOINING] 1 peer | blocks 0-7 | nobody else yet | last announce 3 s ago" },
        { { KN_NODE_JOINING, 4, &place, &seen, &none, 220 },
          80,
          "[JOINING] 4 peers | blocks 0-7 | visible on 1 of 2 | last announce 2 min ago" },
        { { KN_NODE_JOINING, 4, &place, &seen, &none, 220 },
          70,
          "[JOINING] 4 peers | blocks 0-7 | 1/2 see it | 2 min ago" },
        { { KN_NODE_JOINING, 4, &place, &seen, &none, 90 },
          70, /* the clock was set back */
          "[JOINING] 4 peers | blocks 0-7 | 1/2 see it | 0 s ago" },
        { { KN_NODE_ONLINE, 4, &place, &seen, &idle, 220 },
          100,
          "[ONLINE] 4 peers | blocks 0-7 | 0 sessions | visible on 1 of 2 | last announce 2 min "
          "ago" },
        { { KN_NODE_ONLINE, 4, &place, &seen, &busy, 220 },
          120,
          "[ONLINE] 4 peers | blocks 0-7 | 2 sessions | 31.4 tokens/s | visible on 1 of 2 | last "
          "announce 2 min ago" },
        { { KN_NODE_JOINING, 4, &place, &seen, &halfway, 220 },
          120,
          "[JOINING] 4 peers | blocks 0-7 | fetching 25 %, 3 MiB of 12 MiB, 2 MiB/s | visible on 1 "
          "of 2 | last announce 2 min ago" },
        { { KN_NODE_JOINING, 4, &place, &seen, &halfway, 220 },
          80,
          "[JOINING] 4 peers | fetching 25 %, 3 MiB of 12 MiB, 2 MiB/s" },
        { { KN_NODE_JOINING, 4, &place, &seen, &held, 220 },
          80,
          "[JOINING] 4 peers | fetching, waiting until it is clear which blocks" },
        { { KN_NODE_JOINING, 4, &place, &seen, &waits, 220 },
          80,
          "[JOINING] 4 peers | fetching, tried again in 30 s" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_live_add(&plain, &rows[i].live, rows[i].columns, &out);
        CHECK_STR(rows[i].want, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

/* proves: UX/11 */
static void the_map_is_a_link_where_it_is_on(void **state)
{
    const struct {
        const char *const *words;
        bool in_swarm;
        const char *link;
    } rows[] = {
        { (const char *const[]){ "--set", "network.map_endpoint=https://map.kwaai.ai", NULL }, true,
          "Check map: https://map.kwaai.ai\n" },
        { (const char *const[]){ "--set", "network.map_endpoint=https://map.kwaai.ai", NULL },
          false, NULL },
        { NO_WORDS, true, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };
        const struct kn_page page = { &plain, &out };
        struct screen screen;

        make_screen(&screen, NULL, rows[i].words);
        kn_launch_running(&page, &screen.facts, rows[i].in_swarm, true);
        CHECK_HAS("running", kn_text_get(&out), "[STATUS] ");
        if (rows[i].link != NULL)
            CHECK_HAS("link", kn_text_get(&out), rows[i].link);
        else
            CHECK("no link", strstr(kn_text_get(&out), "map") == NULL);
        kn_text_done(&out);
        drop_screen(&screen);
    }
}

static void hosts_are_told_without_what_is_around_them(void **state)
{
    static const char *const rows[][2] = {
        { BOOTSTRAP("a.example"), "a.example" },
        { "/ip4/10.0.0.7/tcp/8000/p2p/QmX", "10.0.0.7:8000" },
        { "/ip6/::1/tcp/1", "::1:1" },
        { "/dnsaddr/b.example", "b.example" },
        { "x", "x" },
        { "/", "/" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_facts_host(rows[i][0], &out);
        CHECK_STR(rows[i][0], kn_text_get(&out), rows[i][1]);
        kn_text_done(&out);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_is_that_of_the_requirements),
        cmocka_unit_test(a_later_run_tells_its_sources),
        cmocka_unit_test(a_node_that_serves_nothing_says_why),
        cmocka_unit_test(what_was_typed_is_saved_and_the_rest_stays_automatic),
        cmocka_unit_test(what_only_its_owner_may_read_is_told),
        cmocka_unit_test(a_file_that_was_saved_reads_as_what_it_was_made_from),
        cmocka_unit_test(the_last_line_is_short_where_room_is_scarce),
        cmocka_unit_test(the_map_is_a_link_where_it_is_on),
        cmocka_unit_test(hosts_are_told_without_what_is_around_them),
    };

    update = argc > 1 && strcmp(argv[1], "--update") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
