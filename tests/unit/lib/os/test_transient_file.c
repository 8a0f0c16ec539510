#include "lib/os/transient_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"
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

static void expect_content(const char *row, const char *want)
{
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    struct stat info;

    CHECK_EQ(row, kn_file_read(kn_home_path(&home, "f"), 100, &bytes, &err), KN_OK);
    CHECK_STR(row, bytes.at, want);
    kn_bytes_done(&bytes);
    CHECK(row, stat(kn_home_path(&home, "f"), &info) == 0 && (info.st_mode & 07777u) == 0600);
    CHECK_EQ(row, kn_home_count(&home, ""), 1);
}

static void readers_find_the_old_bytes_or_the_new_ones(void **state)
{
    const char *path = kn_home_path(&home, "f");
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("new", kn_transient_file_write(path, "one", 3, &err), KN_OK);
    expect_content("new", "one");
    CHECK_EQ("again", kn_transient_file_write(path, "second", 6, &err), KN_OK);
    expect_content("again", "second");
    kn_home_write(&home, "f.new", "left by one that was killed", 27, 0600);
    CHECK_EQ("over a rest", kn_transient_file_write(path, "x", 1, &err), KN_OK);
    expect_content("over a rest", "x");
    kn_transient_file_remove(path);
    kn_transient_file_remove(path);
    CHECK_EQ("removed", kn_home_count(&home, ""), 0);
}

static void what_cannot_be_written_leaves_the_old_file(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("no folder", kn_transient_file_write(kn_home_path(&home, "none/f"), "x", 1, &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("no folder", err.text, "none/f: cannot write it: does not exist");
    kn_home_write(&home, "f", "old", 3, 0600);
    CHECK("link", symlink(kn_home_path(&home, "f"), kn_home_path(&home, "f.new")) == 0);
    CHECK_EQ("a link in the way", kn_transient_file_write(kn_home_path(&home, "f"), "x", 1, &err),
             KN_E_IO);
    CHECK("unlink", unlink(kn_home_path(&home, "f.new")) == 0);
    expect_content("a link in the way", "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_find_the_old_bytes_or_the_new_ones, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_leaves_the_old_file, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
