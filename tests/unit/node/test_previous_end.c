/* What a start finds out about the run before it. */
#include "node/previous_end.h"

#include <stdio.h>

#include "lib/os/file.h"
#include "support/check.h"
#include "support/machine.h"

enum { PID = 4711, OTHER = 4712, TEXT_SIZE = 256 };

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

static void put(const char *name, const char *text)
{
    kn_machine_write(&home, name, text);
}

static void find(struct kn_previous_end *out)
{
    struct kn_run_folder *folder;
    struct kn_error err = { 0 };

    assert_int_equal(kn_run_folder_open(home.path, &folder, &err), KN_OK);
    kn_previous_end_find(folder, out);
    kn_run_folder_close(folder);
}

static void put_run(int pid, int kills)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "{\"pid\": %d, \"oom_kills\": %d}", pid, kills);
    put("run/node.json", text);
}

static void a_note_says_what_the_group_has_forgotten(void **state)
{
    static const struct {
        const char *result;
        int before, after;
        bool is_memory;
        const char *reason;
    } cases[] = {
        { "signal", 0, 1, true, ", and was killed for want of memory" },
        { "signal", 0, 0, false, "" },
        { "signal", 2, 2, false, "" },
        { "signal", 3, 0, false, "" },
        { "oom-kill", 0, 0, true, ", and was killed for want of memory" },
        { "oom-kill", 0, 4, true, ", and was killed for want of memory" },
        { "exit-code", 0, 4, false, "" },
        { "watchdog", 0, 4, false, ", and was ended because it gave no sign of life" },
        { "a word that is longer than any that is known", 0, 1, false, "" },
        { "", 0, 1, true, ", and was killed for want of memory" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char text[TEXT_SIZE];
        struct kn_previous_end end;

        put_run(PID, cases[i].before);
        (void)snprintf(text, sizeof(text), "{\"pid\": %d, \"oom_kills\": %d, \"result\": \"%s\"}",
                       PID, cases[i].after, cases[i].result);
        put("run/ended.json", text);
        find(&end);
        CHECK_EQ(cases[i].result, end.pid, PID);
        CHECK_EQ(cases[i].result, end.oom_kills > 0, cases[i].is_memory);
        CHECK_STR(cases[i].result, kn_previous_end_reason(&end), cases[i].reason);
        CHECK(cases[i].result, !kn_file_exists(kn_home_path(&home, "run/ended.json")));
    }
}

static void a_note_of_another_run_counts_for_nothing(void **state)
{
    static const char *const texts[] = {
        "{\"pid\": 4712, \"oom_kills\": 9, \"result\": \"oom-kill\"}", "{}", "", "[1]",
        "{\"pid\": \"4711\"}"
    };
    struct kn_previous_end end;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        put_run(PID, 0);
        put("run/ended.json", texts[i]);
        find(&end);
        CHECK(texts[i], end.is_known);
        CHECK_STR(texts[i], end.result, "");
        CHECK(texts[i], !kn_file_exists(kn_home_path(&home, "run/ended.json")));
    }
    put("run/ended.json", texts[0]);
    find(&end); /* of a run that said good-bye */
    CHECK("no run", !end.is_known);
}

static void a_note_is_made_of_who_said_no_good_bye(void **state)
{
    struct kn_run_folder *folder;
    struct kn_previous_end end;
    struct kn_error err = { 0 };
    bool noted = true;

    (void)state;
    CHECK_EQ("no folder", kn_previous_end_note(home.path, "signal", &noted, &err), KN_OK);
    CHECK("no folder", !noted);
    put_run(PID, 0);
    CHECK_EQ("ended", kn_previous_end_note(home.path, "watchdog", &noted, &err), KN_OK);
    CHECK("ended", noted);
    find(&end);
    CHECK_STR("ended", end.result, "watchdog");
    assert_int_equal(kn_run_folder_open(home.path, &folder, &err), KN_OK);
    put_run(OTHER, 0);
    CHECK_EQ("runs", kn_previous_end_note(home.path, "signal", &noted, &err), KN_OK);
    CHECK("runs", !noted);
    kn_run_folder_close(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_note_says_what_the_group_has_forgotten, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_note_of_another_run_counts_for_nothing, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_note_is_made_of_who_said_no_good_bye, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
