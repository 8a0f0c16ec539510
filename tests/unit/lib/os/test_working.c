#include <stdlib.h>
#include <unistd.h>

#include "lib/os/working.h"
#include "support/check.h"

static void the_working_folder_is_absolute(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("here", chdir("/"), 0);
    CHECK_EQ("here", kn_working_folder(&out, &err), KN_OK);
    CHECK_STR("here", kn_text_get(&out), "/");
    kn_text_done(&out);
}

static void a_removed_working_folder_is_not_known(void **state)
{
    char folder[] = "/tmp/kwaainet-test-XXXXXX";
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK("gone", mkdtemp(folder) != NULL);
    CHECK_EQ("gone", chdir(folder), 0);
    CHECK_EQ("gone", rmdir(folder), 0);
    CHECK_EQ("gone", kn_working_folder(&out, &err), KN_E_UNKNOWN);
    CHECK_STR("gone", err.text, "the working folder was removed");
    CHECK_EQ("gone", chdir("/"), 0);
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_working_folder_is_absolute),
        cmocka_unit_test(a_removed_working_folder_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
