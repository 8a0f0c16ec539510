#include "lib/os/lock.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static const char *at(const char *name)
{
    return kn_home_path(&home, name);
}

static enum kn_code take(const char *name, struct kn_lock **out, int64_t *holder)
{
    struct kn_error err = { 0 };

    return kn_lock_take(at(name), out, holder, &err);
}

static enum kn_code look(const char *name, int64_t *holder)
{
    struct kn_error err = { 0 };

    return kn_lock_look(at(name), holder, &err);
}

/* A child that takes the lock, says so and stays until it is killed. */
static pid_t holding_child(const char *name)
{
    int ready[2];
    char told = 0;
    pid_t child;

    CHECK("pipe", pipe(ready) == 0);
    child = fork();
    CHECK("fork", child >= 0);
    if (child == 0) {
        struct kn_lock *lock;
        int64_t holder;

        told = take(name, &lock, &holder) == KN_OK ? 'y' : 'n';
        if (write(ready[1], &told, 1) == 1)
            (void)pause();
        _exit(0);
    }
    (void)close(ready[1]);
    CHECK("told", read(ready[0], &told, 1) == 1);
    CHECK_EQ("took it", told, 'y');
    (void)close(ready[0]);
    return child;
}

static void one_at_a_time_holds_it(void **state)
{
    struct kn_lock *first = NULL, *second = NULL;
    int64_t holder = 1;
    struct stat info;

    (void)state;
    CHECK_EQ("free", look("l", &holder), KN_OK);
    CHECK_EQ("nobody", holder, 0);
    CHECK_EQ("first", take("l", &first, &holder), KN_OK);
    CHECK_EQ("mode", stat(at("l"), &info) == 0 ? info.st_mode & 07777u : 0, 0600);
    CHECK_EQ("second, in one process", take("l", &second, &holder), KN_E_BUSY);
    CHECK_EQ("by us", holder, getpid());
    CHECK_EQ("seen", look("l", &holder), KN_E_BUSY);
    CHECK_EQ("by us", holder, getpid());
    kn_lock_release(first);
    CHECK_EQ("names nobody", stat(at("l"), &info) == 0 ? info.st_size : -1, 0);
    CHECK_EQ("free again", look("l", &holder), KN_OK);
    CHECK_EQ("taken again", take("l", &second, &holder), KN_OK);
    kn_lock_release(second);
    kn_lock_release(NULL);
}

static void the_system_gives_it_back_when_its_holder_is_killed(void **state)
{
    pid_t child = holding_child("l");
    struct kn_lock *lock = NULL;
    struct kn_error err = { 0 };
    int64_t holder = 0;

    (void)state;
    CHECK_EQ("held", take("l", &lock, &holder), KN_E_BUSY);
    CHECK_EQ("by the child", holder, child);
    CHECK_EQ("no use to wait", kn_lock_await(at("l"), holder, 0, &err), KN_E_TIMEOUT);
    CHECK_EQ("another has ended", kn_lock_await(at("l"), holder + 1, 0, &err), KN_OK);
    CHECK("kill", kill(child, SIGKILL) == 0);
    CHECK_EQ("it ends", kn_lock_await(at("l"), holder, 30000, &err), KN_OK);
    CHECK("wait", waitpid(child, NULL, 0) == child);
    CHECK_EQ("seen", look("l", &holder), KN_OK);
    CHECK_EQ("taken", take("l", &lock, &holder), KN_OK);
    kn_lock_release(lock);
}

static void to_look_is_never_in_the_way_of_one_who_takes(void **state)
{
    pid_t child = fork();

    (void)state;
    CHECK("fork", child >= 0);
    if (child == 0) {
        for (;;) {
            int64_t holder;

            (void)!look("l", &holder);
        }
    }
    for (int i = 0; i < 2000; i++) {
        struct kn_lock *lock = NULL;
        int64_t holder;

        CHECK_EQ("take", take("l", &lock, &holder), KN_OK);
        kn_lock_release(lock);
    }
    CHECK("kill", kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

static void what_the_file_says_is_not_trusted(void **state)
{
    static const char *const contents[] = { "",     "x\n", "-4\n",
                                            "0\n",  "12",  "99999999999999999999\n",
                                            "1 2\n" };
    struct kn_lock *lock = NULL;
    int64_t holder;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(contents); i++) {
        CHECK_EQ(contents[i], take("l", &lock, &holder), KN_OK);
        kn_home_write(&home, "l", contents[i], strlen(contents[i]), 0600);
        CHECK_EQ(contents[i], look("l", &holder), KN_E_BUSY);
        CHECK_EQ(contents[i], holder, 0);
        kn_lock_release(lock);
    }
}

static void refusals_name_the_path(void **state)
{
    struct kn_lock *lock;
    struct kn_error err = { 0 };
    int64_t holder;

    (void)state;
    CHECK_EQ("no folder", kn_lock_take(at("none/l"), &lock, &holder, &err), KN_E_NOT_FOUND);
    CHECK_HAS("no folder", err.text, "none/l: cannot open it: does not exist");
    CHECK_EQ("nothing to see", kn_lock_look(at("none/l"), &holder, &err), KN_OK);
    CHECK("link", symlink(at("elsewhere"), at("link")) == 0);
    CHECK_EQ("a link", kn_lock_take(at("link"), &lock, &holder, &err), KN_E_IO);
    CHECK("not followed", access(at("elsewhere"), F_OK) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time_holds_it, make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_system_gives_it_back_when_its_holder_is_killed,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(to_look_is_never_in_the_way_of_one_who_takes, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(what_the_file_says_is_not_trusted, make_home, remove_home),
        cmocka_unit_test_setup_teardown(refusals_name_the_path, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
