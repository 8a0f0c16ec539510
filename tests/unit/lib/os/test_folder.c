#include "lib/os/folder.h"

#include "lib/base/arena.h"
#include "support/check.h"
#include "support/home.h"

static void names_are_sorted_and_hidden_ones_left_out(void **state)
{
    struct kn_home home;
    struct kn_arena *arena = kn_arena_new();
    struct kn_names names = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("empty", kn_folder_list(home.path, arena, &names, &err), KN_OK);
    CHECK_EQ("empty", names.n, 0);
    kn_home_write(&home, "b", "", 0, 0600);
    kn_home_write(&home, "a", "", 0, 0600);
    kn_home_write(&home, ".hidden", "", 0, 0600);
    kn_home_write(&home, "B", "", 0, 0600);
    CHECK_EQ("list", kn_folder_list(home.path, arena, &names, &err), KN_OK);
    CHECK_EQ("three", names.n, 3);
    CHECK_STR("sorted", names.at[0], "B");
    CHECK_STR("sorted", names.at[1], "a");
    CHECK_STR("sorted", names.at[2], "b");
    CHECK_EQ("no folder", kn_folder_list(kn_home_path(&home, "a"), arena, &names, &err),
             KN_E_NOT_FOUND);
    CHECK_EQ("missing", kn_folder_list(kn_home_path(&home, "z"), arena, &names, &err),
             KN_E_NOT_FOUND);
    kn_arena_free(arena);
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sorted_and_hidden_ones_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
