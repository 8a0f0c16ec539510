/* Children: how they end is told once, and never after they were forgotten. */
#include "lib/io/child.h"

#include <signal.h>
#include <unistd.h>

#include "io_fixture.h"
#include "support/home.h"

struct run {
    struct kn_loop *loop;
    struct kn_child *child;
    unsigned ended;
    int status;
};

static const char *const no_environment[] = { "GREETING=hello", NULL };

static void on_ended(void *arg, int exit_status)
{
    struct run *run = arg;

    run->ended++;
    run->status = exit_status;
    kn_loop_stop(run->loop);
}

static enum kn_code start(struct run *run, const char *folder, const char *script,
                          struct kn_error *err)
{
    const char *const argv[] = { "named", "-c", script, NULL };
    const struct kn_child_options options = { "/bin/sh", argv, no_environment, folder, false };

    return kn_child_start(run->loop, &options, on_ended, run, &run->child, err);
}

static void done(struct run *run)
{
    kn_child_free(run->child);
    kn_loop_free(run->loop);
}

static void its_status_is_told(void **state)
{
    static const struct {
        const char *script;
        int status;
    } rows[] = {
        { "exit 0", 0 },
        { "exit 75", 75 },
        { "kill -TERM $$", 128 + SIGTERM },
        { "test \"$0\" = named", 0 },
        { "test \"$GREETING\" = hello && test -z \"$HOME\"", 0 },
        { "test \"$PWD\" = /", 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct run run = { .loop = new_loop() };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].script, start(&run, "/", rows[i].script, &err), KN_OK);
        CHECK_EQ("not from start", run.ended, 0);
        run_loop(run.loop);
        CHECK_EQ(rows[i].script, run.ended, 1);
        CHECK_EQ(rows[i].script, run.status, rows[i].status);
        kn_child_signal(run.child, KN_CHILD_KILL); /* nobody is there any more */
        done(&run);
    }
}

static void it_can_be_asked_and_made_to_end(void **state)
{
    struct run run = { .loop = new_loop() }, deaf = { .loop = new_loop() };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("start", start(&run, "/", "exec sleep 600", &err), KN_OK);
    kn_child_signal(run.child, KN_CHILD_TERMINATE);
    run_loop(run.loop);
    CHECK_EQ("asked", run.status, 128 + SIGTERM);
    done(&run);
    CHECK_EQ("start", start(&deaf, "/", "trap '' TERM; exec sleep 600", &err), KN_OK);
    kn_child_signal(deaf.child, KN_CHILD_KILL);
    run_loop(deaf.loop);
    CHECK_EQ("made", deaf.status, 128 + SIGKILL);
    done(&deaf);
}

static void no_end_is_told_of_one_that_was_forgotten(void **state)
{
    struct run run = { .loop = new_loop() };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("start", start(&run, "/", "exit 3", &err), KN_OK);
    kn_child_free(run.child);
    kn_loop_run(run.loop);
    CHECK_EQ("never", run.ended, 0);
    kn_child_free(NULL);
    kn_loop_free(run.loop);
}

static void what_cannot_be_run_is_refused_at_once(void **state)
{
    static const char *const argv[] = { "x", NULL };
    struct kn_child_options options = { "/no/such/program", argv, no_environment, "/", false };
    struct run run = { .loop = new_loop() };
    struct kn_error err = { 0 };
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("missing", kn_child_start(run.loop, &options, on_ended, &run, &run.child, &err),
             KN_E_NOT_FOUND);
    CHECK_STR("text", err.text, "cannot run \"/no/such/program\": no such file or directory");
    kn_home_write(&home, "data", "no program", 10, 0600);
    options.program = kn_home_path(&home, "data");
    CHECK_EQ("data", kn_child_start(run.loop, &options, on_ended, &run, &run.child, &err),
             KN_E_DENIED);
    options.program = "/bin/sh";
    options.folder = kn_home_path(&home, "missing");
    CHECK_EQ("folder", kn_child_start(run.loop, &options, on_ended, &run, &run.child, &err),
             KN_E_NOT_FOUND);
    kn_loop_run(run.loop); /* nothing is left that could keep it */
    CHECK_EQ("never", run.ended, 0);
    kn_loop_free(run.loop);
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_status_is_told),
        cmocka_unit_test(it_can_be_asked_and_made_to_end),
        cmocka_unit_test(no_end_is_told_of_one_that_was_forgotten),
        cmocka_unit_test(what_cannot_be_run_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
