#include "lib/os/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/private_folder.h"
#include "support/check.h"
#include "support/home.h"

enum { SIZE_MAX_HERE = 100, STRANGER = 12345 };

#define OLD "the old secret"
#define NEW "the new secret, longer"

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

static unsigned mode_of(const char *name)
{
    struct stat info;

    CHECK_EQ(name, stat(at(name), &info), 0);
    return (unsigned)info.st_mode & 07777u;
}

static void check_content(const char *row, const char *path, const char *want)
{
    struct kn_bytes bytes = { 0 };

    CHECK_EQ(row, kn_file_read(path, SIZE_MAX_HERE, &bytes, NULL), KN_OK);
    CHECK_STR(row, bytes.at, want);
    kn_bytes_done(&bytes);
}

static enum kn_code create(const char *name, const char *text, struct kn_error *err)
{
    return kn_private_file_create(at(name), text, strlen(text), err);
}

static enum kn_code exchange(const char *name, const char *text, struct kn_text *kept,
                             struct kn_error *err)
{
    return kn_private_file_exchange(at(name), text, strlen(text), "old", kept, err);
}

static void a_file_is_read_with_its_mode(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        bool shut, is_open;
        unsigned after;
    } cases[] = {
        { "private", 0600, true, false, 0600 },
        { "private and write-protected", 0400, true, false, 0400 },
        { "others may read", 0644, true, true, 0600 },
        { "others may read, and that stays", 0644, false, true, 0644 },
        { "the group may read", 0640, true, true, 0600 },
        { "others may write", 0602, true, true, 0600 },
        { "others may run", 0701, true, true, 0600 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_private_file file = { 0 };
        struct kn_error err = { 0 };

        kn_home_write(&home, "f", OLD, strlen(OLD), cases[i].mode);
        CHECK_EQ(cases[i].name,
                 kn_private_file_read(at("f"), SIZE_MAX_HERE, cases[i].shut, &file, &err), KN_OK);
        CHECK_STR(cases[i].name, file.bytes.at, OLD);
        CHECK_EQ(cases[i].name, file.mode, cases[i].mode);
        CHECK_EQ(cases[i].name, file.is_open, cases[i].is_open);
        CHECK(cases[i].name, file.is_ours);
        CHECK_EQ(cases[i].name, mode_of("f"), cases[i].after);
        kn_bytes_done(&file.bytes);
    }
}

static void the_limit_and_odd_things_are_those_of_a_file(void **state)
{
    struct kn_private_file file = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "f", OLD, strlen(OLD), 0600);
    CHECK_EQ("at the limit", kn_private_file_read(at("f"), strlen(OLD), true, &file, &err), KN_OK);
    kn_bytes_done(&file.bytes);
    CHECK_EQ("one past it", kn_private_file_read(at("f"), strlen(OLD) - 1, true, &file, &err),
             KN_E_LIMIT);
    CHECK_EQ("missing", kn_private_file_read(at("none"), 1, true, &file, &err), KN_E_NOT_FOUND);
    CHECK_EQ("a folder", kn_private_file_read(home.path, 1, true, &file, &err), KN_E_IO);
}

static void somebody_elses_file_is_told_and_left_as_it_is(void **state)
{
    struct kn_private_file file = { 0 };

    (void)state;
    if (geteuid() != 0)
        skip();
    kn_home_write(&home, "f", OLD, strlen(OLD), 0644);
    CHECK_EQ("chown", chown(at("f"), STRANGER, STRANGER), 0);
    CHECK_EQ("read", kn_private_file_read(at("f"), SIZE_MAX_HERE, true, &file, NULL), KN_OK);
    CHECK("not ours", !file.is_ours && file.is_open);
    CHECK_EQ("its mode stays", mode_of("f"), 0644);
    kn_bytes_done(&file.bytes);
}

static void a_file_is_created_for_its_owner_alone_whatever_the_umask(void **state)
{
    static const mode_t masks[] = { 0, 022, 0277 };
    struct kn_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(masks); i++) {
        mode_t before = umask(masks[i]);

        CHECK_EQ("create", create("f", NEW, &err), KN_OK);
        (void)umask(before);
        CHECK_EQ("mode", mode_of("f"), 0600);
        check_content("whole", at("f"), NEW);
        CHECK_EQ("nothing else", kn_home_count(&home, ""), 1);
        (void)unlink(at("f"));
    }
}

static void what_is_there_is_never_written_over(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "f", OLD, strlen(OLD), 0600);
    CHECK_EQ("a file", create("f", NEW, &err), KN_E_CHANGED);
    CHECK_STR("a file", err.text, "exists already");
    check_content("a file", at("f"), OLD);
    CHECK_EQ("link", symlink("nothing", at("link")), 0);
    CHECK_EQ("a link to nothing", create("link", NEW, &err), KN_E_CHANGED);
    CHECK_STR("a link to nothing", err.text, "is a symbolic link to nothing");
    CHECK_EQ("mkdir", mkdir(at("folder"), 0700), 0);
    CHECK_EQ("a folder", create("folder", NEW, &err), KN_E_CHANGED);
    CHECK_EQ("a folder", exchange("folder", NEW, NULL, &err), KN_E_IO);
    CHECK_STR("a folder", err.text, "is a folder, not a file");
    CHECK_EQ("no folder", create("none/f", NEW, &err), KN_E_NOT_FOUND);
    CHECK_STR("no folder", err.text, "its folder does not exist");
    CHECK_EQ("the folder itself", create("folder/", NEW, &err), KN_E_IO);
    CHECK_STR("the folder itself", err.text, "names a folder, not a file");
    CHECK_EQ("nothing left behind", kn_home_count(&home, ".kwaainet-"), 0);
    CHECK_EQ("nothing more", kn_home_count(&home, ""), 3);
}

static void what_is_replaced_goes_aside(void **state)
{
    struct kn_text first = { 0 }, second = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "f", OLD, strlen(OLD), 0644);
    CHECK_EQ("first", exchange("f", NEW, &first, &err), KN_OK);
    CHECK_STR("first", kn_text_get(&first), at("f.old"));
    check_content("first", at("f"), NEW);
    check_content("kept", at("f.old"), OLD);
    CHECK_EQ("its mode", mode_of("f"), 0600);
    CHECK_EQ("second", exchange("f", "third", &second, &err), KN_OK);
    CHECK_STR("second", kn_text_get(&second), at("f.old-2"));
    check_content("second", at("f"), "third");
    check_content("the first stays", at("f.old"), OLD);
    check_content("kept", at("f.old-2"), NEW);
    CHECK_EQ("nothing else", kn_home_count(&home, ""), 3);
    kn_text_done(&first);
    kn_text_done(&second);
}

static void nothing_there_is_nothing_kept(void **state)
{
    struct kn_text kept = { 0 };

    (void)state;
    CHECK_EQ("exchange", exchange("f", NEW, &kept, NULL), KN_OK);
    CHECK_EQ("kept", kept.n, 0);
    check_content("made", at("f"), NEW);
    CHECK_EQ("nothing else", kn_home_count(&home, ""), 1);
}

static void a_link_goes_aside_and_its_file_stays(void **state)
{
    struct kn_text kept = { 0 };
    struct stat info;

    (void)state;
    kn_home_write(&home, "real", OLD, strlen(OLD), 0600);
    CHECK_EQ("link", symlink("real", at("f")), 0);
    CHECK_EQ("exchange", exchange("f", NEW, &kept, NULL), KN_OK);
    check_content("the file", at("real"), OLD);
    check_content("through the link", kn_text_get(&kept), OLD);
    CHECK_EQ("lstat", lstat(at("f"), &info), 0);
    CHECK("a file", S_ISREG(info.st_mode));
    kn_text_done(&kept);
}

enum { CHILDREN = 8 };

/* Each child makes the file with a text of its own; the exit status says how it went. */
static int race(enum kn_code (*make)(const char *name, const char *text, struct kn_error *err),
                bool won[CHILDREN])
{
    pid_t children[CHILDREN];
    int winners = 0;

    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        CHECK("fork", children[i] >= 0);
        if (children[i] == 0) {
            char text[] = "child 0";

            text[6] = (char)('0' + i);
            _exit(make("f", text, NULL) == KN_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        CHECK_EQ("wait", waitpid(children[i], &status, 0), children[i]);
        CHECK("ended by itself", WIFEXITED(status));
        won[i] = WEXITSTATUS(status) == 0;
        winners += won[i] ? 1 : 0;
    }
    return winners;
}

static void of_many_that_create_one_file_one_does(void **state)
{
    bool won[CHILDREN];

    (void)state;
    CHECK_EQ("winners", race(create, won), 1);
    for (int i = 0; i < CHILDREN; i++) {
        char text[] = "child 0";

        text[6] = (char)('0' + i);
        if (won[i])
            check_content("the winner's", at("f"), text);
    }
    CHECK_EQ("nothing else", kn_home_count(&home, ""), 1);
}

static enum kn_code exchange_and_forget(const char *name, const char *text, struct kn_error *err)
{
    struct kn_text kept = { 0 };
    enum kn_code rc = exchange(name, text, &kept, err);

    kn_text_done(&kept);
    return rc;
}

static void many_that_replace_one_file_lose_nothing(void **state)
{
    bool won[CHILDREN];
    int winners;

    (void)state;
    kn_home_write(&home, "f", OLD, strlen(OLD), 0600);
    winners = race(exchange_and_forget, won);
    CHECK("somebody", winners >= 1);
    /* The old one, and one for each that says it wrote one. */
    CHECK_EQ("all are there", kn_home_count(&home, ""), (size_t)winners + 1);
    CHECK_EQ("no temporary file", kn_home_count(&home, ".kwaainet-"), 0);
}

/* The next calls of renameat2() end with these numbers; 0: as the system ends them. */
static int numbers[2];

int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    int number = numbers[0];

    numbers[0] = numbers[1];
    numbers[1] = 0;
    if (number == 0)
        return __real_renameat2(from_folder, from, to_folder, to, flags);
    errno = number;
    return -1;
}

static void a_file_system_that_cannot_tell_free_names_does_as_well(void **state)
{
    struct kn_text kept = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    numbers[0] = numbers[1] = EINVAL;
    CHECK_EQ("create", create("f", OLD, &err), KN_OK);
    check_content("create", at("f"), OLD);
    CHECK_EQ("again", create("f", NEW, &err), KN_E_CHANGED);
    check_content("again", at("f"), OLD);
    numbers[0] = ENOSYS;
    CHECK_EQ("exchange", exchange("f", NEW, &kept, &err), KN_OK);
    check_content("exchange", at("f"), NEW);
    CHECK_EQ("two files", kn_home_count(&home, ""), 2);
    kn_text_done(&kept);
}

static void a_failure_at_the_end_gives_the_old_file_its_name_back(void **state)
{
    struct kn_text kept = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "f", OLD, strlen(OLD), 0600);
    numbers[0] = EIO;
    CHECK_EQ("exchange", exchange("f", NEW, &kept, &err), KN_E_IO);
    CHECK_STR("exchange", err.text, "cannot put the new file in place: input/output error");
    check_content("the old one", at("f"), OLD);
    CHECK_EQ("nothing else", kn_home_count(&home, ""), 1);
    numbers[0] = numbers[1] = EIO;
    CHECK_EQ("twice", exchange("f", NEW, &kept, &err), KN_E_IO);
    CHECK_STR("twice", err.text,
              "cannot put the new file in place: input/output error; the old file is called "
              "f.old now");
    check_content("the old one", at("f.old"), OLD);
    CHECK_EQ("kept is for success", kept.n, 0);
    CHECK_EQ("nothing else", kn_home_count(&home, ""), 1);
}

static void a_folder_is_made_with_those_above_it(void **state)
{
    struct kn_text deep = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_text_addf(&deep, "%s/a/b//c/", home.path);
    CHECK_EQ("make", kn_private_folder_need(kn_text_get(&deep), &err), KN_OK);
    CHECK_EQ("again", kn_private_folder_need(kn_text_get(&deep), &err), KN_OK);
    CHECK_EQ("top", mode_of("a"), 0700);
    CHECK_EQ("bottom", mode_of("a/b/c"), 0700);
    CHECK_EQ("there", kn_private_folder_need("/", &err), KN_OK);
    CHECK_EQ("chmod", chmod(at("a"), 0755), 0);
    CHECK_EQ("open ones stay", kn_private_folder_need(at("a"), &err), KN_OK);
    CHECK_EQ("open ones stay", mode_of("a"), 0755);
    kn_home_write(&home, "f", OLD, strlen(OLD), 0600);
    CHECK_EQ("a file", kn_private_folder_need(at("f"), &err), KN_E_IO);
    CHECK_HAS("a file", err.text, "/f: something that is no folder has its name");
    CHECK("below a file", kn_private_folder_need(at("f/g"), &err) != KN_OK);
    kn_text_done(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
        TEST(a_file_is_read_with_its_mode),
        TEST(the_limit_and_odd_things_are_those_of_a_file),
        TEST(somebody_elses_file_is_told_and_left_as_it_is),
        TEST(a_file_is_created_for_its_owner_alone_whatever_the_umask),
        TEST(what_is_there_is_never_written_over),
        TEST(what_is_replaced_goes_aside),
        TEST(nothing_there_is_nothing_kept),
        TEST(a_link_goes_aside_and_its_file_stays),
        TEST(of_many_that_create_one_file_one_does),
        TEST(many_that_replace_one_file_lose_nothing),
        TEST(a_file_system_that_cannot_tell_free_names_does_as_well),
        TEST(a_failure_at_the_end_gives_the_old_file_its_name_back),
        TEST(a_folder_is_made_with_those_above_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
