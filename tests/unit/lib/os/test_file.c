#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "lib/os/file_aside.h"
#include "support/check.h"
#include "support/home.h"

enum { OWNER = 12345, GROUP = 54321 };

#define OLD "old: bytes\n"
#define NEW "new: bytes, and more of them\n"

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

static void write_old(const char *name)
{
    kn_home_write(&home, name, OLD, strlen(OLD), 0644);
}

static struct kn_bytes view(const char *text)
{
    static char copy[64];

    (void)snprintf(copy, sizeof(copy), "%s", text);
    return (struct kn_bytes){ copy, strlen(copy) };
}

static void check_content(const char *row, const char *name, const char *want)
{
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };

    CHECK_EQ(row, kn_file_read(at(name), 4096, &bytes, &err), KN_OK);
    CHECK_STR(row, bytes.at, want);
    kn_bytes_done(&bytes);
}

static void check_no_temporary(const char *row)
{
    CHECK_EQ(row, kn_home_count(&home, ".kwaainet-"), 0);
}

/* --- reading --- */

static void a_file_is_read_whole_up_to_the_limit(void **state)
{
    static const struct {
        const char *name;
        size_t size, max;
        enum kn_code want;
    } cases[] = {
        { "empty", 0, 0, KN_OK },
        { "one byte over nothing", 1, 0, KN_E_LIMIT },
        { "at the limit", 100, 100, KN_OK },
        { "one past it", 101, 100, KN_E_LIMIT },
        { "one read", 4095, 1 << 20, KN_OK },
        { "just over one read", 4097, 1 << 20, KN_OK },
        { "large, at the limit", 1 << 20, 1 << 20, KN_OK },
        { "large, one past it", (1 << 20) + 1, 1 << 20, KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char *content = test_calloc(1, cases[i].size + 1);
        struct kn_bytes bytes = { 0 };
        struct kn_error err = { 0 };

        memset(content, 'x', cases[i].size);
        kn_home_write(&home, "f", content, cases[i].size, 0600);
        CHECK_EQ(cases[i].name, kn_file_read(at("f"), cases[i].max, &bytes, &err), cases[i].want);
        if (cases[i].want == KN_OK) {
            CHECK_EQ(cases[i].name, bytes.n, cases[i].size);
            CHECK_STR(cases[i].name, bytes.at, content);
        } else {
            CHECK_HAS(cases[i].name, err.text, "larger than the limit of ");
            CHECK(cases[i].name, bytes.at == NULL);
        }
        kn_bytes_done(&bytes);
        test_free(content);
    }
}

static void make_socket(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at(name));
    CHECK_EQ(name, bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
}

/* What neither reading nor replacing accepts. */
static void make_odd_things(void)
{
    write_old("file");
    CHECK_EQ("folder", mkdir(at("folder"), 0755), 0);
    CHECK_EQ("pipe", mkfifo(at("pipe"), 0644), 0);
    CHECK_EQ("a link", symlink("b", at("a")), 0);
    CHECK_EQ("a link", symlink("a", at("b")), 0);
    CHECK_EQ("a link", symlink("pipe", at("to-pipe")), 0);
    make_socket("socket");
}

static void what_is_no_file_is_named_for_what_it_is(void **state)
{
    static const struct {
        const char *name;
        enum kn_code want;
        const char *text;
    } cases[] = {
        { "missing", KN_E_NOT_FOUND, "does not exist" },
        { "no-folder/x", KN_E_NOT_FOUND, "does not exist" },
        { "file/x", KN_E_NOT_FOUND, "a part of its path is not a folder" },
        { "folder", KN_E_IO, "is a folder, not a file" },
        { "folder/", KN_E_IO, "is a folder, not a file" },
        { "pipe", KN_E_IO, "is a pipe, not a file" },
        { "to-pipe", KN_E_IO, "is a pipe, not a file" },
        { "socket", KN_E_IO, "is a socket, not a file" },
        { "a", KN_E_IO, "symbolic links lead in a circle" },
    };
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    make_odd_things();
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK_EQ(cases[i].name, kn_file_read(at(cases[i].name), 100, &bytes, &err), cases[i].want);
        CHECK_STR(cases[i].name, err.text, cases[i].text);
        CHECK(cases[i].name, bytes.at == NULL);
    }
    CHECK_EQ("device", kn_file_read("/dev/zero", 100, &bytes, &err), KN_E_IO);
    CHECK_STR("device", err.text, "is a device, not a file");
    CHECK_STR("device", err.hint, "Correct the path, so that it leads to a file.");
}

static void files_that_tell_no_size_are_read_too(void **state)
{
    static const char path[] = "/proc/version"; /* the same at every read */
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    size_t n;

    (void)state;
    if (!kn_file_exists(path)) {
        print_message("skipped: no /proc here\n");
        skip();
    }
    CHECK_EQ("whole", kn_file_read(path, 1 << 16, &bytes, &err), KN_OK);
    CHECK_HAS("whole", bytes.at, "version");
    n = bytes.n;
    kn_bytes_done(&bytes);
    CHECK_EQ("at the limit", kn_file_read(path, n, &bytes, &err), KN_OK);
    kn_bytes_done(&bytes);
    CHECK_EQ("one past it", kn_file_read(path, n - 1, &bytes, &err), KN_E_LIMIT);
    CHECK_HAS("one past it", err.text, "larger than the limit of ");
}

static void existing_means_not_known_to_be_missing(void **state)
{
    (void)state;
    make_odd_things();
    CHECK("file", kn_file_exists(at("file")));
    CHECK("folder", kn_file_exists(at("folder")));
    CHECK("circle", kn_file_exists(at("a")));
    CHECK("missing", !kn_file_exists(at("missing")));
    CHECK("below a file", !kn_file_exists(at("file/x")));
}

/* --- replacing --- */

static void a_file_is_replaced_or_created(void **state)
{
    struct kn_error err = { 0 };
    struct stat info;
    mode_t before = umask(077);

    (void)state;
    write_old("f");
    CHECK_EQ("replace", kn_file_replace(at("f"), NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    check_content("replace", "f", NEW);
    CHECK_EQ("replace", stat(at("f"), &info), 0);
    CHECK_EQ("its mode stays", info.st_mode & 07777, 0644);
    CHECK_EQ("create", kn_file_replace(at("g"), NEW, strlen(NEW), 0664, NULL, &err), KN_OK);
    check_content("create", "g", NEW);
    CHECK_EQ("create", stat(at("g"), &info), 0);
    CHECK_EQ("the mode is the one asked for", info.st_mode & 07777, 0664);
    CHECK_EQ("empty", kn_file_replace(at("g"), "", 0, 0600, NULL, &err), KN_OK);
    check_content("empty", "g", "");
    CHECK_EQ("two files", kn_home_count(&home, ""), 2);
    (void)umask(before);
}

static void a_bare_name_is_in_the_working_folder(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("bare", chdir(home.path), 0);
    CHECK_EQ("bare", kn_file_replace("bare", NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    CHECK_EQ("bare", chdir("/"), 0);
    check_content("bare", "bare", NEW);
}

static void the_longest_names_can_be_replaced(void **state)
{
    char name[256];
    struct kn_error err = { 0 };

    (void)state;
    memset(name, 'n', 255);
    name[255] = '\0';
    CHECK_EQ("longest", kn_file_replace(at(name), NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    check_content("longest", name, NEW);
    CHECK_EQ("longest", kn_home_count(&home, ""), 1);
}

static void owner_group_and_mode_stay(void **state)
{
    struct kn_error err = { 0 };
    struct stat info;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can give a file away\n");
        skip();
    }
    write_old("f");
    CHECK_EQ("owner", chown(at("f"), OWNER, GROUP), 0);
    CHECK_EQ("mode", chmod(at("f"), 02640), 0);
    CHECK_EQ("replace", kn_file_replace(at("f"), NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    CHECK_EQ("replace", stat(at("f"), &info), 0);
    CHECK_EQ("owner", info.st_uid, OWNER);
    CHECK_EQ("group", info.st_gid, GROUP);
    CHECK_EQ("mode", info.st_mode & 07777, 02640);
    check_content("replace", "f", NEW);
}

/* user 12345 may read and write, the group nothing: as setfacl writes it, 8 bytes an entry. */
static const unsigned char access_list[] = {
    2,    0, 0, 0,                         /* version */
    0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
    0x02, 0, 6, 0, 0x39, 0x30, 0,    0,    /* user 12345 */
    0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* group */
    0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
    0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others */
};

static void the_access_list_stays(void **state)
{
    static const char name[] = "system.posix_acl_access";
    unsigned char now[sizeof(access_list) + 1];
    struct kn_error err = { 0 };
    struct stat info;

    (void)state;
    write_old("f");
    if (setxattr(at("f"), name, access_list, sizeof(access_list), 0) != 0) {
        print_message("skipped: no access lists on this file system\n");
        skip();
    }
    CHECK_EQ("kept", kn_file_replace(at("f"), NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    CHECK_EQ("kept", getxattr(at("f"), name, now, sizeof(now)), sizeof(access_list));
    CHECK_EQ("kept", memcmp(now, access_list, sizeof(access_list)), 0);
    CHECK_EQ("kept", stat(at("f"), &info), 0);
    CHECK_EQ("kept", info.st_mode & 07777, 0660);
    /* A folder's default list is for new files, not for one that had none. */
    write_old("g");
    CHECK_EQ("none",
             setxattr(home.path, "system.posix_acl_default", access_list, sizeof(access_list), 0),
             0);
    CHECK_EQ("none", kn_file_replace(at("g"), NEW, strlen(NEW), 0600, NULL, &err), KN_OK);
    CHECK_EQ("none", getxattr(at("g"), name, now, sizeof(now)), -1);
    CHECK_EQ("none", stat(at("g"), &info), 0);
    CHECK_EQ("none", info.st_mode & 07777, 0644);
}

static void a_link_stays_a_link(void **state)
{
    static const struct {
        const char *name, *to, *file;
    } cases[] = {
        { "beside", "file", "file" },
        { "into a folder", "folder/inner", "folder/inner" },
        { "from a folder", "../file", "file" },
        { "a chain", "beside", "file" },
        { "to nothing yet", "fresh", "fresh" },
        { "to nothing yet in a folder", "folder/fresh", "folder/fresh" },
    };

    (void)state;
    CHECK_EQ("folder", mkdir(at("folder"), 0755), 0);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *link = cases[i].to[0] == '.' ? "folder/link" : cases[i].name;
        struct kn_error err = { 0 };
        struct stat info;

        if (strcmp(cases[i].file, "file") == 0 || strstr(cases[i].file, "inner") != NULL)
            write_old(cases[i].file);
        CHECK_EQ(cases[i].name, symlink(cases[i].to, at(link)), 0);
        CHECK_EQ(cases[i].name, kn_file_replace(at(link), NEW, strlen(NEW), 0600, NULL, &err),
                 KN_OK);
        CHECK_EQ(cases[i].name, lstat(at(link), &info), 0);
        CHECK(cases[i].name, S_ISLNK(info.st_mode));
        CHECK_EQ(cases[i].name, lstat(at(cases[i].file), &info), 0);
        CHECK(cases[i].name, S_ISREG(info.st_mode));
        check_content(cases[i].name, cases[i].file, NEW);
    }
    CHECK_EQ("absolute", symlink(at("file"), at("absolute")), 0);
    write_old("file");
    CHECK_EQ("absolute", kn_file_replace(at("absolute"), NEW, strlen(NEW), 0600, NULL, NULL),
             KN_OK);
    check_content("absolute", "file", NEW);
    check_no_temporary("links");
}

static void what_cannot_be_replaced_is_named(void **state)
{
    static const struct {
        const char *name;
        enum kn_code want;
        const char *text;
    } cases[] = {
        { "folder", KN_E_IO, "is a folder, not a file" },
        { "folder/", KN_E_IO, "names a folder, not a file" },
        { "pipe", KN_E_IO, "is a pipe, not a file" },
        { "to-pipe", KN_E_IO, "is a pipe, not a file" },
        { "socket", KN_E_IO, "is a socket, not a file" },
        { "a", KN_E_IO, "symbolic links lead in a circle" },
        { "no-folder/x", KN_E_NOT_FOUND, "its folder does not exist" },
        { "file/x", KN_E_NOT_FOUND, "a part of its path is not a folder" },
    };
    struct kn_error err = { 0 };

    (void)state;
    make_odd_things();
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK_EQ(cases[i].name, kn_file_replace(at(cases[i].name), NEW, 3, 0600, NULL, &err),
                 cases[i].want);
        CHECK_STR(cases[i].name, err.text, cases[i].text);
    }
    CHECK_EQ("empty path", kn_file_replace("", NEW, 3, 0600, NULL, &err), KN_E_NOT_FOUND);
    CHECK_STR("empty path", err.text, "an empty path names no file");
    check_no_temporary("odd things");
}

static void a_file_that_changed_since_it_was_read_is_left_alone(void **state)
{
    static const struct {
        const char *name, *there, *expected; /* NULL: no such file */
        const char *text;                    /* NULL: replaced */
    } cases[] = {
        { "as read", "abc", "abc", NULL },
        { "still missing", NULL, NULL, NULL },
        { "still empty", "", "", NULL },
        { "other bytes", "abd", "abc", "was changed by somebody else in the meantime" },
        { "longer", "abcd", "abc", "was changed by somebody else in the meantime" },
        { "shorter", "ab", "abc", "was changed by somebody else in the meantime" },
        { "no longer empty", "a", "", "was changed by somebody else in the meantime" },
        { "gone", NULL, "abc", "was removed by somebody else in the meantime" },
        { "gone, was empty", NULL, "", "was removed by somebody else in the meantime" },
        { "appeared", "abc", NULL, "was created by somebody else in the meantime" },
        { "appeared, empty", "", NULL, "was created by somebody else in the meantime" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_bytes expected = { 0 };
        struct kn_error err = { 0 };
        enum kn_code want = cases[i].text == NULL ? KN_OK : KN_E_CHANGED;

        (void)unlink(at("f"));
        if (cases[i].there != NULL)
            kn_home_write(&home, "f", cases[i].there, strlen(cases[i].there), 0644);
        if (cases[i].expected != NULL)
            expected = view(cases[i].expected);
        CHECK_EQ(cases[i].name, kn_file_replace(at("f"), NEW, strlen(NEW), 0600, &expected, &err),
                 want);
        CHECK_STR(cases[i].name, err.text, want == KN_OK ? "" : cases[i].text);
        CHECK_STR(cases[i].name, err.hint, want == KN_OK ? "" : "Look at the file and try again.");
        if (want == KN_OK)
            check_content(cases[i].name, "f", NEW);
        else if (cases[i].there != NULL)
            check_content(cases[i].name, "f", cases[i].there);
        else
            CHECK(cases[i].name, !kn_file_exists(at("f")));
        check_no_temporary(cases[i].name);
    }
}

static void nobody_waits_for_a_folder_that_another_program_locks(void **state)
{
    struct kn_bytes old = view(OLD);
    struct kn_error err = { 0 };
    int folder = open(home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    write_old("file");
    CHECK("lock", folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) == 0);
    CHECK_EQ("locked", kn_file_replace(at("file"), NEW, strlen(NEW), 0644, &old, &err),
             KN_E_CHANGED);
    CHECK_STR("locked", err.text, "lies in a folder that another program holds locked");
    check_content("locked", "file", OLD);
    check_no_temporary("locked");
    CHECK_EQ("unlocked", close(folder), 0);
    CHECK_EQ("unlocked", kn_file_replace(at("file"), NEW, strlen(NEW), 0644, &old, &err), KN_OK);
    check_content("unlocked", "file", NEW);
}

static void what_makes_no_sense_goes_out_of_the_way(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    write_old("file");
    CHECK_EQ("aside", kn_file_set_aside(at("file"), &err), KN_OK);
    check_content("kept", "file" KN_ASIDE_SUFFIX, OLD);
    CHECK("gone", !kn_file_exists(at("file")));
    kn_home_write(&home, "file", NEW, strlen(NEW), 0600);
    CHECK_EQ("again", kn_file_set_aside(at("file"), &err), KN_OK);
    check_content("the latest", "file" KN_ASIDE_SUFFIX, NEW);
    CHECK_EQ("nothing there", kn_file_set_aside(at("file"), &err), KN_E_NOT_FOUND);
    CHECK_HAS("says so", err.text, "set it aside");
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(a_file_is_read_whole_up_to_the_limit),
        IN_HOME(what_is_no_file_is_named_for_what_it_is),
        IN_HOME(files_that_tell_no_size_are_read_too),
        IN_HOME(existing_means_not_known_to_be_missing),
        IN_HOME(a_file_is_replaced_or_created),
        IN_HOME(a_bare_name_is_in_the_working_folder),
        IN_HOME(the_longest_names_can_be_replaced),
        IN_HOME(owner_group_and_mode_stay),
        IN_HOME(the_access_list_stays),
        IN_HOME(a_link_stays_a_link),
        IN_HOME(what_cannot_be_replaced_is_named),
        IN_HOME(a_file_that_changed_since_it_was_read_is_left_alone),
        IN_HOME(nobody_waits_for_a_folder_that_another_program_locks),
        IN_HOME(what_makes_no_sense_goes_out_of_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
