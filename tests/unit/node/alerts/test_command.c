/* A program that is run for an alert: how it ends, and that it ends. */
#include "node/alerts/command.h"

#include "support/check.h"

struct run {
    struct kn_loop *loop;
    unsigned told;
    struct kn_error failure;
};

static void on_told(void *arg, const struct kn_error *failure)
{
    struct run *run = arg;

    run->told++;
    if (failure != NULL)
        run->failure = *failure;
    kn_loop_stop(run->loop);
}

/* The failure of that command, "" without one. */
static enum kn_code begin(struct run *run, const char *command, int limit_ms,
                          struct kn_alert_command **out)
{
    static const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
    const struct kn_alert_message message = { .event = KN_ALERT_CRITICAL, .reason = "because" };
    const struct kn_alert_command_options options = { .loop = run->loop,
                                                      .command = command,
                                                      .folder = "/",
                                                      .environment = environment,
                                                      .limit_ms = limit_ms };

    return kn_alert_command_start(&options, &message, on_told, run, out, &run->failure);
}

static void every_end_is_told(void **state)
{
    static const struct {
        const char *command, *want;
        int limit_ms;
    } cases[] = {
        { "true", "", 0 },
        { "false", "it ended with status 1", 0 },
        { "sh -c 'exit 7'", "it ended with status 7", 0 },
        { "sh -c 'kill -9 $$'", "it ended with status 137", 0 },
        { "sh -c 'test $KWAAINET_ALERT_EVENT = critical'", "", 0 },
        { "sleep 60", "it did not end within 1 s and was ended", 1000 },
        { "sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
          "it did not end within 1 s and was ended", 1000 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct run run = { 0 };
        struct kn_alert_command *command;

        assert_int_equal(kn_loop_new(&run.loop, NULL), KN_OK);
        CHECK_EQ(cases[i].command, begin(&run, cases[i].command, cases[i].limit_ms, &command),
                 KN_OK);
        kn_loop_run(run.loop);
        CHECK_EQ(cases[i].command, run.told, 1);
        CHECK_STR(cases[i].command, run.failure.text, cases[i].want);
        kn_loop_free(run.loop);
    }
}

static void what_cannot_run_is_told_at_once(void **state)
{
    struct run run = { 0 };
    struct kn_alert_command *command;

    (void)state;
    assert_int_equal(kn_loop_new(&run.loop, NULL), KN_OK);
    assert_int_equal(begin(&run, "/nowhere/at-all", 0, &command), KN_E_NOT_FOUND);
    CHECK_HAS("missing", run.failure.text, "/nowhere/at-all");
    assert_int_equal(begin(&run, "a 'b", 0, &command), KN_E_INVALID);
    assert_int_equal(begin(&run, "sleep 60", 0, &command), KN_OK);
    kn_alert_command_free(command); /* and nothing is told */
    kn_loop_free(run.loop);
    assert_int_equal(run.told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_is_told),
        cmocka_unit_test(what_cannot_run_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
