/* Files as somebody else sees them, and disks that take nothing. */
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "support/check.h"
#include "support/home.h"

enum { NOBODY = 65534 };

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

static void check_content(const char *row, const char *name, const char *want)
{
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };

    CHECK_EQ(row, kn_file_read(at(name), 4096, &bytes, &err), KN_OK);
    CHECK_STR(row, bytes.at, want);
    kn_bytes_done(&bytes);
}

struct outcome {
    bool could_try, left_a_temporary;
    enum kn_code rc;
    struct kn_error err;
    char content[64];
};

typedef void job_fn(struct outcome *out);

/* `job` in a process of its own; it must not use CHECK, which would go on with the next test. */
static struct outcome apart(job_fn *job)
{
    struct outcome out = { 0 };
    int ends[2], status = 0;
    pid_t child;

    CHECK_EQ("pipe", pipe(ends), 0);
    child = fork();
    CHECK("fork", child >= 0);
    if (child == 0) {
        job(&out);
        _exit(write(ends[1], &out, sizeof(out)) == (ssize_t)sizeof(out) ? 0 : 1);
    }
    (void)close(ends[1]);
    CHECK_EQ("report", read(ends[0], &out, sizeof(out)), sizeof(out));
    (void)close(ends[0]);
    CHECK_EQ("child", waitpid(child, &status, 0), child);
    CHECK_EQ("child", status, 0);
    return out;
}

static bool become_nobody(void)
{
    return geteuid() != 0 ||
           (setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static void replace_as_nobody(struct outcome *out)
{
    out->could_try = become_nobody();
    if (out->could_try)
        out->rc = kn_file_replace(at("inner/f"), NEW, strlen(NEW), 0600, NULL, &out->err);
}

static void read_as_nobody(struct outcome *out)
{
    struct kn_bytes bytes = { 0 };

    out->could_try = become_nobody();
    if (out->could_try)
        out->rc = kn_file_read(at("inner/f"), 100, &bytes, &out->err);
    kn_bytes_done(&bytes);
}

static void what_the_system_denies_is_explained(void **state)
{
    static const struct {
        const char *name;
        job_fn *job;
        mode_t folder, file;
        uid_t owner;
        const char *text, *hint;
    } cases[] = {
        { "a secret file", read_as_nobody, 0755, 0600, 0, "permission denied",
          "The file belongs to \"root\" (uid 0), group 0, with mode 0600; this program runs as " },
        { "a folder that may not be entered", read_as_nobody, 0700, 0644, 0, "permission denied",
          "A folder on its path may not be entered." },
        { "a folder without room for another name", replace_as_nobody, 0755, 0666, 0,
          "cannot create a file in its folder: permission denied",
          "The folder belongs to \"root\" (uid 0), group 0, with mode 0755; this program runs" },
        { "a write-protected file", replace_as_nobody, 0777, 0444, NOBODY,
          "cannot write: permission denied", "with mode 0444; this program runs as " },
        { "an owner that cannot be kept", replace_as_nobody, 0777, 0666, 0,
          "cannot keep its owner and group: the system does not permit it",
          "The file belongs to \"root\" (uid 0), group 0, with mode 0666; this program runs as " },
        { "a folder that may not be listed", replace_as_nobody, 0733, 0666, NOBODY,
          "cannot open its folder: permission denied", "" },
    };

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can prepare files of others\n");
        skip();
    }
    CHECK_EQ("home", chmod(home.path, 0755), 0);
    CHECK_EQ("inner", mkdir(at("inner"), 0755), 0);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct outcome out;

        write_old("inner/f");
        CHECK_EQ(cases[i].name, chown(at("inner/f"), cases[i].owner, 0), 0);
        CHECK_EQ(cases[i].name, chmod(at("inner/f"), cases[i].file), 0);
        CHECK_EQ(cases[i].name, chmod(at("inner"), cases[i].folder), 0);
        out = apart(cases[i].job);
        CHECK(cases[i].name, out.could_try);
        CHECK_EQ(cases[i].name, out.rc, KN_E_DENIED);
        CHECK_STR(cases[i].name, out.err.text, cases[i].text);
        CHECK_HAS(cases[i].name, out.err.hint, cases[i].hint);
        check_content(cases[i].name, "inner/f", OLD);
        CHECK_EQ(cases[i].name, rename(at("inner/f"), at("f")), 0);
        CHECK_EQ("nothing else there", rmdir(at("inner")), 0);
        CHECK_EQ("inner", mkdir(at("inner"), 0755), 0);
    }
}

/* A disk of 64 KiB that only this process sees, at "disk" in the home. */
static bool mount_disk(const char *options, unsigned long flags)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", at("disk"), "tmpfs", flags, options) == 0;
}

static void look_at_disk(struct outcome *out)
{
    struct kn_home disk = home;
    struct kn_bytes bytes = { 0 };

    (void)snprintf(disk.path, sizeof(disk.path), "%s", at("disk"));
    out->left_a_temporary = kn_home_count(&disk, ".kwaainet-") > 0;
    if (kn_file_read(at("disk/f"), sizeof(out->content) - 1, &bytes, NULL) == KN_OK)
        memcpy(out->content, bytes.at, bytes.n + 1);
    kn_bytes_done(&bytes);
}

static void fill_the_disk(struct outcome *out)
{
    enum { TOO_MUCH = 1 << 20 };
    static char much[TOO_MUCH];

    out->could_try = mount_disk("size=64k,mode=0755", 0);
    if (!out->could_try)
        return;
    write_old("disk/f");
    out->rc = kn_file_replace(at("disk/f"), much, sizeof(much), 0600, NULL, &out->err);
    look_at_disk(out);
}

static void write_to_a_disk_without_names(struct outcome *out)
{
    out->could_try = mount_disk("nr_inodes=2,mode=0755", 0);
    if (!out->could_try)
        return;
    write_old("disk/f");
    out->rc = kn_file_replace(at("disk/f"), NEW, strlen(NEW), 0600, NULL, &out->err);
    look_at_disk(out);
}

static void write_to_a_read_only_disk(struct outcome *out)
{
    out->could_try = mount_disk("size=64k,mode=0755", 0);
    if (!out->could_try)
        return;
    write_old("disk/f");
    out->could_try = mount("none", at("disk"), NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
    out->rc = kn_file_replace(at("disk/f"), NEW, strlen(NEW), 0600, NULL, &out->err);
    look_at_disk(out);
}

static void disks_that_take_nothing_keep_the_old_file(void **state)
{
    static const struct {
        const char *name;
        job_fn *job;
        enum kn_code want;
        const char *text;
    } cases[] = {
        { "full", fill_the_disk, KN_E_NO_SPACE, "cannot write: the disk is full" },
        { "no room for a name", write_to_a_disk_without_names, KN_E_NO_SPACE,
          "cannot create a file in its folder: the disk is full" },
        { "read-only", write_to_a_read_only_disk, KN_E_DENIED,
          "cannot write: the file system is read-only" },
    };

    (void)state;
    CHECK_EQ("disk", mkdir(at("disk"), 0755), 0);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct outcome out = apart(cases[i].job);

        if (!out.could_try) {
            print_message("skipped: this user may not mount a small disk\n");
            skip();
        }
        CHECK_EQ(cases[i].name, out.rc, cases[i].want);
        CHECK_STR(cases[i].name, out.err.text, cases[i].text);
        CHECK_STR(cases[i].name, out.content, OLD);
        CHECK(cases[i].name, !out.left_a_temporary);
    }
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(what_the_system_denies_is_explained),
        IN_HOME(disks_that_take_nothing_keep_the_old_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
