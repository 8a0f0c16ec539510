#include "lib/os/private_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"

static void nobody_else_may_enter_it(void **state)
{
    struct kn_text one = { 0 }, two = { 0 };
    struct kn_error err = { 0 };
    struct kn_home home;
    struct stat info;

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("make", kn_private_folder_make(home.path, "kwaainet", &one, &err), KN_OK);
    CHECK_EQ("again", kn_private_folder_make(home.path, "kwaainet", &two, &err), KN_OK);
    CHECK("another name", strcmp(kn_text_get(&one), kn_text_get(&two)) != 0);
    CHECK_HAS("below", kn_text_get(&one), home.path);
    CHECK_EQ("stat", stat(kn_text_get(&one), &info), 0);
    CHECK_EQ("mode", info.st_mode, S_IFDIR | 0700);
    kn_text_done(&one);
    kn_text_done(&two);
    kn_home_remove(&home);
}

static void it_goes_with_its_files_and_enters_no_folder_below(void **state)
{
    struct kn_text folder = { 0 }, file = { 0 }, below = { 0 };
    struct kn_error err = { 0 };
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("make", kn_private_folder_make(home.path, "k", &folder, &err), KN_OK);
    kn_text_addf(&file, "%s/file", kn_text_get(&folder));
    kn_text_addf(&below, "%s/below", kn_text_get(&folder));
    (void)fclose(fopen(kn_text_get(&file), "w"));
    CHECK_EQ("mkdir", mkdir(kn_text_get(&below), 0700), 0);
    kn_private_folder_remove(kn_text_get(&folder));
    CHECK("the file is gone", access(kn_text_get(&file), F_OK) != 0);
    CHECK("a folder inside stays", access(kn_text_get(&below), F_OK) == 0);
    (void)rmdir(kn_text_get(&below));
    kn_private_folder_remove(kn_text_get(&folder));
    CHECK("and then it goes", access(kn_text_get(&folder), F_OK) != 0);
    kn_private_folder_remove(kn_text_get(&folder)); /* twice is no harm */
    kn_text_done(&folder);
    kn_text_done(&file);
    kn_text_done(&below);
    kn_home_remove(&home);
}

/* A chain of `depth` folders below `path`. */
static void make_chain(const char *path, int depth)
{
    struct kn_text below = { 0 };

    kn_text_add(&below, path);
    for (int i = 0; i < depth; i++) {
        kn_text_add(&below, "/d");
        CHECK_EQ("mkdir", mkdir(kn_text_get(&below), 0700), 0);
    }
    kn_text_done(&below);
}

static void all_of_it_goes_and_nothing_that_a_link_names(void **state)
{
    struct kn_text folder = { 0 };
    struct kn_error err = { 0 };
    struct kn_home home;
    char inside[KN_HOME_PATH_MAX + 64];

    (void)state;
    kn_home_make(&home);
    CHECK_EQ("outside", mkdir(kn_home_path(&home, "outside"), 0700), 0);
    kn_home_write(&home, "outside/file", "x", 1, 0600);
    CHECK_EQ("make", kn_private_folder_make(home.path, "k", &folder, &err), KN_OK);
    make_chain(kn_text_get(&folder), KN_PRIVATE_FOLDER_DEPTH);
    (void)snprintf(inside, sizeof(inside), "%s/d/link", kn_text_get(&folder));
    CHECK_EQ("link", symlink(kn_home_path(&home, "outside"), inside), 0);
    (void)snprintf(inside, sizeof(inside), "%s/d/d/file", kn_text_get(&folder));
    (void)fclose(fopen(inside, "w"));
    CHECK("all", kn_private_folder_remove_all(kn_text_get(&folder)));
    CHECK("gone", access(kn_text_get(&folder), F_OK) != 0);
    CHECK("what a link named stays", access(kn_home_path(&home, "outside/file"), F_OK) == 0);
    CHECK("nothing there", !kn_private_folder_remove_all(kn_text_get(&folder)));
    CHECK_EQ("too deep", mkdir(kn_text_get(&folder), 0700), 0);
    make_chain(kn_text_get(&folder), KN_PRIVATE_FOLDER_DEPTH + 1);
    CHECK("too deep", !kn_private_folder_remove_all(kn_text_get(&folder)));
    kn_text_done(&folder);
    kn_home_remove(&home);
}

static void a_missing_place_is_named(void **state)
{
    struct kn_text folder = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("make", kn_private_folder_make("/no/such/place", "k", &folder, &err), KN_E_NOT_FOUND);
    CHECK_STR("text", err.text, "cannot make a folder in /no/such/place: does not exist");
    CHECK_EQ("nothing given", folder.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_may_enter_it),
        cmocka_unit_test(it_goes_with_its_files_and_enters_no_folder_below),
        cmocka_unit_test(all_of_it_goes_and_nothing_that_a_link_names),
        cmocka_unit_test(a_missing_place_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
