/* The public library when memory is short: a result, never the end of the process. */
#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"
#include "support/public_node.h"

enum { RUNS = 60, RUN_STEP = 17 };

static struct kn_home home;

static int setup(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

/* Only the node's thread allocates while the start waits for it. */
static void a_start_without_memory_is_a_result(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    bool has_burnt = true;
    long n = 0;

    (void)state;
    for (; has_burnt; n++) {
        struct kwaai_node *node = NULL;
        enum kwaai_node_result result;

        kn_fuse = n;
        result = kwaai_node_start(&options, &node);
        has_burnt = kn_fuse < 0;
        kn_fuse = -1;
        /* What a start can do without, such as IPv6, does not end it. */
        CHECK("result", result == KWAAI_NODE_NO_MEMORY || result == KWAAI_NODE_OK);
        CHECK("nothing is left", (result == KWAAI_NODE_NO_MEMORY) == (node == NULL));
        kwaai_node_free(node);
    }
    CHECK("allocations", n > 20);
}

static void a_node_that_runs_out_of_memory_can_be_asked_and_released(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);

    (void)state;
    for (long n = 0; n < (long)RUNS * RUN_STEP; n += RUN_STEP) {
        const struct kwaai_node_status *status = NULL;
        struct kwaai_event event = KWAAI_EVENT;
        struct kwaai_node *node = NULL;
        char row[32];

        (void)snprintf(row, sizeof(row), "allocation %ld", n);
        CHECK_EQ(row, kwaai_node_start(&options, &node), KWAAI_NODE_OK);
        kn_fuse = n;
        while (kwaai_node_wait(node, KN_PUBLIC_SOON_MS, &event) == KWAAI_NODE_OK &&
               event.kind != KWAAI_EVENT_ANNOUNCED)
            continue;
        if (kwaai_node_status(node, &status) == KWAAI_NODE_OK)
            CHECK(row, status->peer_id != NULL);
        kwaai_node_status_free(status);
        kn_fuse = -1;
        kwaai_node_free(node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_start_without_memory_is_a_result, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_that_runs_out_of_memory_can_be_asked_and_released,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
