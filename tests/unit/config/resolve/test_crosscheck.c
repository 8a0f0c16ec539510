/* A broken rule is told at the value that broke it. */
#include "support/config_fixture.h"
#include "support/layers.h"

/* proves: TR-4/MergeError, FR-4/4.5 */
static void the_later_key_of_the_file_is_blamed(void **state)
{
    static const struct {
        const char *name, *yaml, *flag, *env, *problems;
    } cases[] = {
        { "end later", "model:\n  start_block: 9\n  end_block: 4\n", NULL, NULL,
          "c.yaml:3:14 contradiction model.end_block: 4 is not after start_block 9 | end_block is "
          "the block after the last one: at least 10 here." },
        { "start later", "model:\n  end_block: 4\n  start_block: 9\n", NULL, NULL,
          "c.yaml:3:16 contradiction model.start_block: 4 is not after start_block 9 | end_block "
          "is the block after the last one: at least 10 here." },
        { "one line", "model: {end_block: 4, start_block: 9}\n", NULL, NULL,
          "c.yaml:1:36 contradiction model.start_block: 4 is not after start_block 9 | end_block "
          "is the block after the last one: at least 10 here." },
        { "the third key", "model:\n  blocks: 3\n  start_block: 0\n  end_block: 4\n", NULL, NULL,
          "c.yaml:4:14 contradiction model.end_block: 3 blocks, but start_block and end_block make "
          "4 | Leave blocks out; both ends already say it." },
        { "flag and file", "model:\n  start_block: 9\n", "model.end_block=4", NULL,
          "--set model.end_block merge model.end_block: 4 is not after start_block 9 | end_block "
          "is the block after the last one: at least 10 here." },
        { "variable and file", "model:\n  end_block: 4\n", NULL, "KWAAINET_MODEL_START_BLOCK=9",
          "KWAAINET_MODEL_START_BLOCK merge model.start_block: 4 is not after start_block 9 | "
          "end_block is the block after the last one: at least 10 here." },
        { "against a built-in value", "performance:\n  session_timeout: 1m\n", NULL, NULL,
          "c.yaml:2:20 suspicious performance.session_timeout: a step may take longer than the "
          "whole session" },
        { "only one source", "", "dht.expiration=1s", NULL,
          "--set dht.expiration contradiction dht.expiration: records would expire before they "
          "are renewed: 1 s for an interval of 120 s | Write at least 1.5 times the interval (180 "
          "s), or auto for 3 times." },
        { "not when a value is wrong", "model:\n  start_block: x\n  end_block: 4\n", NULL, NULL,
          "c.yaml:2:16 wrong-type model.start_block: \"x\" is not a whole number" },
        { "nothing to say", "model:\n  start_block: 3\n  end_block: 4\n", NULL, NULL, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *const words[] = { "--set", cases[i].flag, NULL };
        const char *const environment[] = { cases[i].env, NULL };
        struct kn_snapshot *snapshot =
            load_text(cases[i].yaml, cases[i].flag != NULL ? words : NO_WORDS, environment);

        CHECK_STR(cases[i].name, problems_text(kn_snapshot_problems(snapshot)), cases[i].problems);
        kn_snapshot_unref(snapshot);
    }
}

static void the_line_of_the_guilty_value_is_shown(void **state)
{
    struct kn_snapshot *snapshot =
        load_text("model:\n  start_block: 9\n  end_block: 4 # x\n", NO_WORDS, NULL);
    const struct kn_problem *problem = NULL;

    (void)state;
    for (size_t i = 0; i < kn_snapshot_problems(snapshot)->n; i++) {
        if (kn_snapshot_problems(snapshot)->at[i].kind == KN_P_CROSS)
            problem = &kn_snapshot_problems(snapshot)->at[i];
    }
    CHECK("found", problem != NULL);
    CHECK_STR("line", problem->excerpt, "  end_block: 4 # x");
    CHECK_EQ("caret", problem->caret, 13);
    CHECK_EQ("width", problem->caret_width, 1);
    kn_snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_key_of_the_file_is_blamed),
        cmocka_unit_test(the_line_of_the_guilty_value_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
