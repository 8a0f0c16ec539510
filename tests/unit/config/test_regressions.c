/* What another node got wrong with its configuration, and this one must not. */
#include "support/config_fixture.h"
#include "support/layers.h"

#define MODEL_OF_32 "  total_blocks: 32\n"

static void expect(const char *yaml, const char *const *words, const char *const *environment,
                   const char *problems)
{
    struct kn_snapshot *snapshot = load_text(yaml, words, environment);

    CHECK_STR(yaml, problems_text(kn_snapshot_problems(snapshot)), problems);
    CHECK_EQ(yaml, kn_snapshot_is_valid(snapshot), problems[0] == '\0');
    kn_snapshot_unref(snapshot);
}

static void a_start_block_past_the_model_is_not_taken(void **state)
{
    (void)state;
    expect("model:\n" MODEL_OF_32 "  start_block: 40\n", NO_WORDS, NULL,
           "c.yaml:3:16 contradiction model.start_block: block 40 of a model with 32 blocks | "
           "Blocks are counted from 0: the last one is 31.");
}

static void a_block_number_of_32_bits_does_not_wrap(void **state)
{
    (void)state;
    expect("model:\n  start_block: 4294967295\n  blocks: 4294967295\n", NO_WORDS, NULL,
           "c.yaml:2:16 out-of-range model.start_block: 4294967295 is outside 0..65535\n"
           "c.yaml:3:11 out-of-range model.blocks: 4294967295 is outside 1..65535");
}

static void an_empty_model_is_not_served(void **state)
{
    (void)state;
    expect("model:\n  name: ''\n  dht_prefix: ''\n", NO_WORDS, NULL,
           "c.yaml:2:9 invalid-value model.name: the text is empty | Write a value, or leave the "
           "line out.\n"
           "c.yaml:3:15 invalid-value model.dht_prefix: \"\" is no DHT prefix | It is a text "
           "without dot and white space.");
}

/* proves: FR-4/4.1, FR-4/4.2, FR-4/4.3, P1/4 */
static void nonsense_is_not_set_with_a_tick(void **state)
{
    static const char *const pairs[] = {
        "node.port=0",
        "model.blocks=0",
        "model.blocks=4000000000",
        "logging.level=banana",
        "network.announce_addrs=not-a-multiaddr",
        "network.public_ip=999.1.1.1",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(pairs); i++) {
        struct kn_snapshot *snapshot = load_text("", WORDS("--set", pairs[i]), NULL);

        CHECK(pairs[i], !kn_snapshot_is_valid(snapshot));
        CHECK_EQ(pairs[i], kn_snapshot_problems(snapshot)->errors, 1);
        kn_snapshot_unref(snapshot);
    }
    expect("node: {name: ''}\n", NO_WORDS, NULL,
           "c.yaml:1:14 invalid-value node.name: \"\" is no node name | It is 3 to 64 letters, "
           "digits and hyphens, with no hyphen at either end.");
}

static void a_missing_name_is_not_one_name_for_all(void **state)
{
    struct kn_snapshot *snapshot = load_text("node: {port: 9000}\n", NO_WORDS, NULL);

    (void)state;
    CHECK_STR("left to the machine", got(snapshot, "node.name"), "auto");
    kn_snapshot_unref(snapshot);
}

static void a_byte_order_mark_and_cr_lf_are_not_a_second_document(void **state)
{
    struct kn_snapshot *snapshot =
        load_text("\xef\xbb\xbf# from a Windows editor\r\nnode:\r\n  port: 9000\r\n  name: abc\r\n",
                  NO_WORDS, NULL);

    (void)state;
    CHECK_STR("no word", problems_text(kn_snapshot_problems(snapshot)), "");
    CHECK_STR("port", got(snapshot, "node.port"), "9000");
    CHECK_STR("place", origin(snapshot, "node.port"), "c.yaml:3:9");
    kn_snapshot_unref(snapshot);
}

static void a_broken_file_is_not_passed_over(void **state)
{
    struct kn_snapshot *snapshot = load_text("node: {port: [\n", NO_WORDS, NULL);

    (void)state;
    CHECK("invalid", !kn_snapshot_is_valid(snapshot));
    CHECK_EQ("told", kn_snapshot_problems(snapshot)->errors, 1);
    kn_snapshot_unref(snapshot);
}

/* proves: NFR-2/2.4 */
static void a_tilde_is_not_the_name_of_a_folder(void **state)
{
    static const char *const environment[] = { "HOME=/home/u", "KWAAINET_HOME=~/kw", NULL };
    struct kn_config_request request = { .environment = environment, .working = "/w" };
    struct kn_arena *arena = kn_arena_new();
    struct kn_config_paths paths;
    struct kn_snapshot *snapshot =
        load_text("node: {identity_key: ~/id.key}\n", NO_WORDS, environment);

    (void)state;
    CHECK_STR("key", got(snapshot, "node.identity_key"), "/home/u/id.key");
    kn_snapshot_unref(snapshot);
    CHECK_EQ("home", kn_config_locate(&request, arena, &paths, NULL), KN_OK);
    CHECK_STR("home", paths.home, "/home/u/kw");
    CHECK_STR("cache", paths.discovery_cache, "/home/u/kw/discovery_cache.yaml");
    kn_arena_free(arena);
}

static void a_wrong_variable_is_not_ignored(void **state)
{
    static const char *const environment[] = { "KWAAINET_PORT=abc", NULL };

    (void)state;
    expect("", NO_WORDS, environment,
           "KWAAINET_PORT wrong-type node.port: \"abc\" is not a whole number");
}

static void a_variable_does_not_lose_against_the_file(void **state)
{
    static const char *const environment[] = { "KWAAINET_PORT=9444", NULL };
    struct kn_snapshot *snapshot = load_text("node: {port: 8080}\n", NO_WORDS, environment);

    (void)state;
    CHECK_STR("port", got(snapshot, "node.port"), "9444");
    CHECK_STR("port", origin(snapshot, "node.port"), "KWAAINET_PORT");
    kn_snapshot_unref(snapshot);
}

static void a_silly_preset_is_not_a_success(void **state)
{
    (void)state;
    expect("", WORDS("--preset", "silly"), NULL,
           "--preset invalid-value calibration.preset: unknown value \"silly\" | It is one of min, "
           "recommended, max.");
}

/* proves: P2/10.3 */
static void not_only_the_first_mistake_is_shown(void **state)
{
    (void)state;
    expect("node: {port: abc}\nmodel: {blocks: x}\n", NO_WORDS, NULL,
           "c.yaml:1:14 wrong-type node.port: \"abc\" is not a whole number\n"
           "c.yaml:2:17 wrong-type model.blocks: \"x\" is not a whole number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_block_past_the_model_is_not_taken),
        cmocka_unit_test(a_block_number_of_32_bits_does_not_wrap),
        cmocka_unit_test(an_empty_model_is_not_served),
        cmocka_unit_test(nonsense_is_not_set_with_a_tick),
        cmocka_unit_test(a_missing_name_is_not_one_name_for_all),
        cmocka_unit_test(a_byte_order_mark_and_cr_lf_are_not_a_second_document),
        cmocka_unit_test(a_broken_file_is_not_passed_over),
        cmocka_unit_test(a_tilde_is_not_the_name_of_a_folder),
        cmocka_unit_test(a_wrong_variable_is_not_ignored),
        cmocka_unit_test(a_variable_does_not_lose_against_the_file),
        cmocka_unit_test(a_silly_preset_is_not_a_success),
        cmocka_unit_test(not_only_the_first_mistake_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
