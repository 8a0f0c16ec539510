/* What stands at a path, and who else decides what a file says. */
#include "lib/os/access.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "support/check.h"
#include "support/home.h"

static void what_stands_there_is_told(void **state)
{
    struct kn_access access;
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("missing", kn_access_look(kn_home_path(&home, "z"), &access), KN_E_NOT_FOUND);
    CHECK_EQ("folder", kn_access_look(home.path, &access), KN_OK);
    assert_true(access.is_folder && !access.is_file && access.is_ours && access.may_enter);
    kn_home_write(&home, "a", "x", 1, 0640);
    CHECK_EQ("file", kn_access_look(kn_home_path(&home, "a"), &access), KN_OK);
    assert_true(access.is_file && !access.is_folder && access.may_read && access.may_write);
    CHECK_EQ("mode", access.mode, 0640);
    CHECK_EQ("owner", access.owner, geteuid());
    CHECK_EQ("below a file", kn_access_look(kn_home_path(&home, "a/b"), &access), KN_E_NOT_FOUND);
    kn_home_remove(&home);
}

static void who_may_write_a_file_is_told_with_it(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        enum kn_code want;
        const char *text;
    } cases[] = {
        { "private", 0600, KN_OK, "" },
        { "readable", 0644, KN_OK, "" },
        { "its group", 0664, KN_E_DENIED, "its group may write it: its mode is 0664" },
        { "everybody", 0666, KN_E_DENIED, "everybody may write it: its mode is 0666" },
        { "all but its group", 0602, KN_E_DENIED, "everybody may write it: its mode is 0602" },
    };
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_error others = { 0 };
        struct kn_bytes bytes = { 0 };

        kn_home_write(&home, "it's", "x", 1, 0600);
        assert_int_equal(chmod(kn_home_path(&home, "it's"), cases[i].mode), 0);
        CHECK_EQ(cases[i].name,
                 kn_file_read_judged(kn_home_path(&home, "it's"), 9, &bytes, &others, NULL), KN_OK);
        CHECK_EQ(cases[i].name, others.code, cases[i].want);
        CHECK_STR(cases[i].name, others.text, cases[i].text);
        if (others.code != KN_OK)
            CHECK_HAS(cases[i].name, others.hint, "Run: chmod go-w '");
        CHECK_EQ(cases[i].name, bytes.n, 1);
        kn_bytes_done(&bytes);
    }
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_there_is_told),
        cmocka_unit_test(who_may_write_a_file_is_told_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
