#include "lib/os/growing_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/disk.h"
#include "lib/os/file.h"
#include "lib/os/link.h"
#include "lib/os/module.h"
#include "lib/os/neighbour_lock.h"
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

static struct kn_growing_file *opened(const char *name)
{
    struct kn_growing_file *file = NULL;

    CHECK_EQ(name, kn_growing_file_open(kn_home_path(&home, name), &file, NULL), KN_OK);
    return file;
}

static void what_was_written_stays_until_it_is_whole(void **state)
{
    struct kn_growing_file *file = opened("part");
    struct kn_bytes bytes = { 0 };
    char back[8] = "";

    (void)state;
    CHECK_EQ("add", kn_growing_file_add(file, "abc", 3, NULL), KN_OK);
    kn_growing_file_close(file);
    file = opened("part");
    CHECK_EQ("of an earlier run", kn_growing_file_size(file), 3);
    CHECK_EQ("go on", kn_growing_file_add(file, "def", 3, NULL), KN_OK);
    CHECK_EQ("read", kn_growing_file_read(file, 2, back, 3, NULL), KN_OK);
    CHECK_STR("read", back, "cde");
    CHECK_EQ("beyond", kn_growing_file_read(file, 4, back, 3, NULL), KN_E_CHANGED);
    kn_home_write(&home, "whole", "old", 3, 0600);
    CHECK_EQ("finish", kn_growing_file_finish(file, kn_home_path(&home, "whole"), NULL), KN_OK);
    kn_growing_file_close(file);
    CHECK_EQ("read", kn_file_read(kn_home_path(&home, "whole"), 100, &bytes, NULL), KN_OK);
    CHECK_STR("the new one", bytes.at, "abcdef");
    CHECK_EQ("one file", kn_home_count(&home, ""), 1);
    kn_bytes_done(&bytes);
}

static void it_can_begin_again(void **state)
{
    struct kn_growing_file *file = opened("part");

    (void)state;
    CHECK_EQ("add", kn_growing_file_add(file, "abc", 3, NULL), KN_OK);
    CHECK_EQ("clear", kn_growing_file_clear(file, NULL), KN_OK);
    CHECK_EQ("empty", kn_growing_file_size(file), 0);
    CHECK_EQ("add", kn_growing_file_add(file, "x", 1, NULL), KN_OK);
    kn_growing_file_close(file);
    CHECK_EQ("one byte", kn_disk_used(home.path), 1);
}

static void a_link_is_not_written_through(void **state)
{
    struct kn_growing_file *file = NULL;

    (void)state;
    CHECK_EQ("link", symlink("/dev/null", kn_home_path(&home, "part")), 0);
    CHECK_EQ("link", kn_growing_file_open(kn_home_path(&home, "part"), &file, NULL), KN_E_IO);
    CHECK_EQ("folder", kn_growing_file_open(home.path, &file, NULL), KN_E_IO);
}

static void a_disk_that_is_full_says_so(void **state)
{
    struct kn_growing_file *file = NULL;
    struct kn_error err = { 0 };

    (void)state;
    if (kn_growing_file_open("/dev/full", &file, &err) == KN_OK)
        fail(); /* it is no file */
    CHECK_HAS("why", err.text, "a device, not a file");
}

static void links_lead_where_they_are_told(void **state)
{
    char target[16] = "";
    const char *path = kn_home_path(&home, "link");

    (void)state;
    CHECK_EQ("new", kn_link_make("a", path, NULL), KN_OK);
    CHECK_EQ("elsewhere", kn_link_make("bc", path, NULL), KN_OK);
    CHECK_EQ("two letters", readlink(path, target, sizeof(target)), 2);
    CHECK("elsewhere", memcmp(target, "bc", 2) == 0);
    kn_home_write(&home, "file", "", 0, 0600);
    CHECK_EQ("a file stays", kn_link_make("a", kn_home_path(&home, "file"), NULL), KN_E_BUSY);
    CHECK_EQ("rename", kn_file_rename(kn_home_path(&home, "file"), path, NULL), KN_OK);
    CHECK_EQ("in its place", kn_home_count(&home, ""), 1);
}

static void a_lock_keeps_others_out(void **state)
{
    struct kn_neighbour_lock *one = NULL, *other = NULL;
    const char *path = kn_home_path(&home, "lock");

    (void)state;
    CHECK_EQ("one", kn_neighbour_lock_take(path, &one, NULL), KN_OK);
    CHECK_EQ("another", kn_neighbour_lock_take(path, &other, NULL), KN_E_BUSY);
    kn_neighbour_lock_release(one);
    CHECK_EQ("afterwards", kn_neighbour_lock_take(path, &other, NULL), KN_OK);
    kn_neighbour_lock_release(other);
    kn_neighbour_lock_release(NULL);
}

static void a_folder_takes_what_its_files_take(void **state)
{
    int64_t left = 0, deeper = 0;

    (void)state;
    CHECK_EQ("folder", mkdir(kn_home_path(&home, "a"), 0700), 0);
    kn_home_write(&home, "x", "12345", 5, 0600);
    kn_home_write(&home, "a/y", "123", 3, 0600);
    CHECK_EQ("link", symlink("../x", kn_home_path(&home, "a/z")), 0);
    CHECK_EQ("used", kn_disk_used(home.path), 8);
    CHECK_EQ("missing", kn_disk_used(kn_home_path(&home, "none")), 0);
    CHECK_EQ("left", kn_disk_left(home.path, &left, NULL), KN_OK);
    CHECK_EQ("what is nearest above", kn_disk_left(kn_home_path(&home, "n/m"), &deeper, NULL),
             KN_OK);
    CHECK("some", left > 0 && deeper > 0);
}

static void a_library_that_is_missing_is_named(void **state)
{
    static const char *const none[] = { "libkwaainet-none.so.7", NULL };
    static const char *const c[] = { "libkwaainet-none.so.7", "libc.so.6", NULL };
    static const struct kn_module_symbol known[] = { { "strlen", 0 } };
    static const struct kn_module_symbol unknown[] = { { "kn_no_such_function", 0 } };
    size_t (*length)(const char *) = NULL;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("none", kn_module_load(none, known, 1, &length, &err), KN_E_UNSUPPORTED);
    CHECK_STR("none", err.text, "the library libkwaainet-none.so.7 is not installed");
    CHECK_EQ("the second", kn_module_load(c, known, 1, &length, &err), KN_OK);
    CHECK_EQ("works", length("abc"), 3);
    CHECK_EQ("no function", kn_module_load(c, unknown, 1, &length, &err), KN_E_UNSUPPORTED);
    CHECK_STR("no function", err.text, "the library libc.so.6 has no kn_no_such_function");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_stays_until_it_is_whole, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(it_can_begin_again, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_link_is_not_written_through, make_home, remove_home),
        cmocka_unit_test(a_disk_that_is_full_says_so),
        cmocka_unit_test_setup_teardown(links_lead_where_they_are_told, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_lock_keeps_others_out, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_folder_takes_what_its_files_take, make_home, remove_home),
        cmocka_unit_test(a_library_that_is_missing_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
