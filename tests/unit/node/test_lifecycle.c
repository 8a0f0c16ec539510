/* The states of a node: every cause in every state. */
#include "node/lifecycle.h"

#include "support/check.h"

#define OFFLINE KN_NODE_OFFLINE
#define JOINING KN_NODE_JOINING
#define ONLINE KN_NODE_ONLINE
#define DRAINING KN_NODE_DRAINING

static const struct {
    const char *name;
    enum kn_node_state after[KN_CAUSE_COUNT]; /* joined, serving, broken, leave, left,
                                               * move, moved */
} rows[KN_NODE_STATE_COUNT] = {
    { "OFFLINE", { JOINING, OFFLINE, OFFLINE, OFFLINE, OFFLINE, OFFLINE, OFFLINE } },
    { "JOINING", { JOINING, ONLINE, JOINING, DRAINING, JOINING, JOINING, JOINING } },
    { "ONLINE", { ONLINE, ONLINE, JOINING, DRAINING, ONLINE, DRAINING, ONLINE } },
    { "DRAINING", { DRAINING, DRAINING, DRAINING, DRAINING, OFFLINE, DRAINING, JOINING } },
};

static void every_cause_has_its_effect_in_every_state(void **state)
{
    (void)state;
    for (unsigned from = 0; from < KN_NODE_STATE_COUNT; from++) {
        for (unsigned cause = 0; cause < KN_CAUSE_COUNT; cause++) {
            enum kn_node_state now = (enum kn_node_state)from;
            bool moved = kn_node_step(&now, (enum kn_node_cause)cause);

            CHECK_EQ(rows[from].name, now, rows[from].after[cause]);
            CHECK_EQ(rows[from].name, moved, rows[from].after[cause] != from);
        }
    }
}

static void states_have_the_words_that_users_see(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KN_NODE_STATE_COUNT; i++)
        CHECK_STR("word", kn_node_state_word((enum kn_node_state)i), rows[i].name);
    CHECK_STR("past the last", kn_node_state_word(KN_NODE_STATE_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_its_effect_in_every_state),
        cmocka_unit_test(states_have_the_words_that_users_see),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
