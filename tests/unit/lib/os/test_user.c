#include <pwd.h>
#include <unistd.h>

#include "lib/os/user.h"
#include "support/check.h"

static void the_home_is_the_one_of_the_password_file(void **state)
{
    const struct passwd *entry = getpwuid(getuid());
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    if (entry == NULL) {
        print_message("skipped: this user has no entry\n");
        skip();
    }
    CHECK_EQ("home", kn_user_home(&out, &err), KN_OK);
    CHECK_STR("home", kn_text_get(&out), entry->pw_dir);
    kn_text_done(&out);
}

/* proves: FR-0/0.4.2 */
static void the_name_is_the_one_of_the_password_file(void **state)
{
    const struct passwd *entry = getpwuid(getuid());
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    if (entry == NULL) {
        CHECK_EQ("no entry", kn_user_name(&out, &err), KN_E_UNKNOWN);
        CHECK_HAS("no entry", err.text, "no name for user ");
        return;
    }
    CHECK_EQ("name", kn_user_name(&out, &err), KN_OK);
    CHECK_STR("name", kn_text_get(&out), entry->pw_name);
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_home_is_the_one_of_the_password_file),
        cmocka_unit_test(the_name_is_the_one_of_the_password_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
