/* Whose program a command would run, and that it is the one that runs. */
#include "node/alerts/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "support/check.h"
#include "support/home.h"

enum { MODE_NONE = -1, MODE_FOLDER = -2, PATH_SIZE = KN_HOME_PATH_MAX + 64 };

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

static void put(const char *folder, int mode)
{
    char name[PATH_SIZE];

    CHECK_EQ(folder, mkdir(kn_home_path(&home, folder), 0755), 0);
    (void)snprintf(name, sizeof(name), "%s/program", folder);
    if (mode == MODE_FOLDER)
        CHECK_EQ(name, mkdir(kn_home_path(&home, name), 0755), 0);
    else if (mode != MODE_NONE)
        kn_home_write(&home, name, "", 0, (mode_t)mode);
}

static void what_is_judged_is_what_runs(void **state)
{
    static const struct {
        const char *name;
        int first, second, here; /* modes of the program in each of these */
        const char *path;        /* @: the home; NULL: none */
        const char *want;        /* where it is found; NULL: nowhere */
        enum kn_code code;
    } cases[] = {
        { "the first", 0755, 0777, 0777, "@/first:@/second", "first", KN_OK },
        { "others may write it", 0777, 0755, 0755, "@/first:@/second", "first", KN_E_DENIED },
        { "a folder is none", MODE_FOLDER, 0755, 0777, "@/first:@/second", "second", KN_OK },
        { "nor is what may not be run", 0644, 0777, 0755, "@/first:@/second", "second",
          KN_E_DENIED },
        { "nothing at the end is here", MODE_NONE, MODE_NONE, 0777, "@/first:", "here",
          KN_E_DENIED },
        { "nothing at the beginning", 0755, MODE_NONE, 0777, ":@/first", "here", KN_E_DENIED },
        { "nothing between", 0755, MODE_NONE, 0755, "@/second::@/first", "here", KN_OK },
        { "nothing at all", 0755, 0755, 0777, "", "here", KN_E_DENIED },
        { "nowhere", MODE_NONE, MODE_NONE, 0755, "@/first:@/second", NULL, KN_E_NOT_FOUND },
        { "not where it is usual", 0755, 0755, 0755, NULL, NULL, KN_E_NOT_FOUND },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char folder[PATH_SIZE], want[PATH_SIZE], path[4 * PATH_SIZE] = "PATH=";
        const char *environment[] = { "HOME=/", cases[i].path != NULL ? path : NULL, NULL };
        struct kn_text found = { 0 };
        struct kn_error err = { 0 };
        size_t n = strlen(path);

        kn_home_make(&home);
        put("first", cases[i].first);
        put("second", cases[i].second);
        put("here", cases[i].here);
        (void)snprintf(folder, sizeof(folder), "%s/here", home.path);
        for (const char *at = cases[i].path; at != NULL && *at != '\0'; at++) {
            (void)snprintf(path + n, sizeof(path) - n, *at == '@' ? "%s" : "%.1s",
                           *at == '@' ? home.path : at);
            n = strlen(path);
        }
        CHECK_EQ(cases[i].name, kn_alert_program_find("program", folder, environment, &found, &err),
                 cases[i].code);
        (void)snprintf(want, sizeof(want), "%s/%s/program", home.path,
                       cases[i].want != NULL ? cases[i].want : "");
        if (cases[i].want != NULL)
            CHECK_STR(cases[i].name, kn_text_get(&found), want);
        kn_text_done(&found);
        kn_home_remove(&home);
    }
}

static void a_path_is_taken_as_it_is(void **state)
{
    struct kn_text found = { 0 };
    struct kn_error err = { 0 };
    const char *environment[] = { NULL };

    (void)state;
    put("first", 0777);
    CHECK_EQ("from the folder on",
             kn_alert_program_find("first/program", home.path, environment, &found, &err),
             KN_E_DENIED);
    CHECK_STR("place", kn_text_get(&found), kn_home_path(&home, "first/program"));
    kn_text_cut(&found, 0);
    CHECK_EQ("what is not there is said when it is to run",
             kn_alert_program_find("/no/where", home.path, environment, &found, &err), KN_OK);
    CHECK_STR("place", kn_text_get(&found), "/no/where");
    kn_text_done(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_judged_is_what_runs),
        cmocka_unit_test_setup_teardown(a_path_is_taken_as_it_is, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
