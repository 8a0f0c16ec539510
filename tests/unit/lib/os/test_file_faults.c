/*
 * Every system call and every allocation of a replacement fails in turn. The linker's --wrap puts
 * the functions below between lib/os and the C library.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "support/check.h"
#include "support/home.h"

enum { OWNER = 12345, GROUP = 54321, CALLS_MAX = 200, WHOLE = 100000 };

enum how {
    SOUND, /* nothing fails */
    FAILS, /* with the given error number; allocations give NULL */
    SHORT, /* half of the bytes are read or written */
    NONE   /* nothing is written, and no error either */
};

static struct kn_home home;

static struct {
    bool armed, moved;
    int calls, at; /* calls so far; the one that goes wrong */
    enum how how;
    int number;
    char failed[16];      /* the name of what went wrong */
    void (*meddle)(void); /* what somebody else does right before a file is opened or moved */
    struct kn_text trace;
} fault;

/* Count one call of `name`; true when it is the one that goes wrong. */
static bool strikes(const char *name)
{
    if (!fault.armed || fault.how == SOUND || fault.calls++ != fault.at)
        return false;
    (void)snprintf(fault.failed, sizeof(fault.failed), "%s", name);
    errno = fault.number;
    return true;
}

static bool fails(const char *name)
{
    return strikes(name) && fault.how == FAILS;
}

static void let_others_meddle(void)
{
    if (!fault.armed || fault.meddle == NULL)
        return;
    fault.armed = false;
    fault.meddle();
    fault.armed = true;
}

static void trace(const char *name)
{
    if (!fault.armed)
        return;
    fault.armed = false; /* the trace allocates */
    kn_text_addf(&fault.trace, "%s%s", fault.trace.n > 0 ? " " : "", name);
    fault.armed = true;
}

/* clang-format off */
#define WRAP(type, name, parameters) \
    type __real_##name parameters;   \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters
/* clang-format on */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    let_others_meddle();
    return fails("open") ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    return fails("openat") ? -1 : __real_openat(folder, path, flags, mode);
}

WRAP(ssize_t, write, (int fd, const void *bytes, size_t n))
{
    trace("write");
    if (!strikes("write") || fault.how == SOUND)
        return __real_write(fd, bytes, n);
    if (fault.how == FAILS)
        return -1;
    return fault.how == SHORT && n > 1 ? __real_write(fd, bytes, n / 2) : 0;
}

WRAP(ssize_t, read, (int fd, void *bytes, size_t n))
{
    if (!strikes("read") || fault.how == NONE)
        return __real_read(fd, bytes, n);
    return fault.how == SHORT ? __real_read(fd, bytes, 1) : -1;
}

WRAP(int, fsync, (int fd))
{
    struct stat info;

    trace(fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) ? "fsync-folder" : "fsync");
    return fails("fsync") ? -1 : __real_fsync(fd);
}

WRAP(int, close, (int fd))
{
    bool failed = fails("close");
    int number = errno, done = __real_close(fd); /* also when it fails, the descriptor is gone */

    errno = number;
    return failed ? -1 : done;
}

WRAP(int, renameat, (int from, const char *old, int to, const char *new))
{
    trace("rename");
    if (fails("renameat") || __real_renameat(from, old, to, new) != 0)
        return -1;
    fault.moved = true;
    return 0;
}

WRAP(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags))
{
    trace("rename");
    let_others_meddle();
    if (fails("renameat2") || __real_renameat2(from, old, to, new, flags) != 0)
        return -1;
    fault.moved = true;
    return 0;
}

WRAP(int, fchmod, (int fd, mode_t mode))
{
    trace("fchmod");
    return fails("fchmod") ? -1 : __real_fchmod(fd, mode);
}

WRAP(int, fchown, (int fd, uid_t owner, gid_t group))
{
    trace("fchown");
    return fails("fchown") ? -1 : __real_fchown(fd, owner, group);
}

WRAP(ssize_t, getrandom, (void *bytes, size_t n, unsigned flags))
{
    return fails("getrandom") ? -1 : __real_getrandom(bytes, n, flags);
}

WRAP(void *, malloc, (size_t size))
{
    return fails("malloc") ? NULL : __real_malloc(size);
}

WRAP(void *, calloc, (size_t n, size_t size))
{
    return fails("calloc") ? NULL : __real_calloc(n, size);
}

WRAP(void *, realloc, (void *memory, size_t size))
{
    return fails("realloc") ? NULL : __real_realloc(memory, size);
}

/* --- the cases --- */

static char old_bytes[WHOLE], new_bytes[WHOLE + 1];

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    /* No part of the content looks like another, so that a part written twice is seen. */
    for (size_t i = 0; i < sizeof(new_bytes); i++)
        new_bytes[i] = (char)(i * i / 251);
    memset(old_bytes, 'o', sizeof(old_bytes));
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_text_done(&fault.trace);
    kn_home_remove(&home);
    return 0;
}

static const char *path(void)
{
    return kn_home_path(&home, "f");
}

static void prepare(bool exists)
{
    (void)unlink(path());
    if (!exists)
        return;
    kn_home_write(&home, "f", old_bytes, sizeof(old_bytes), 0640);
    if (geteuid() == 0)
        CHECK_EQ("owner", chown(path(), OWNER, GROUP), 0);
}

static enum kn_code replace(bool exists, struct kn_error *err)
{
    struct kn_bytes expected = { exists ? old_bytes : NULL, exists ? sizeof(old_bytes) : 0 };
    enum kn_code rc;

    kn_text_done(&fault.trace);
    fault.calls = 0;
    fault.moved = false;
    fault.failed[0] = '\0';
    fault.armed = true;
    rc = kn_file_replace(path(), new_bytes, sizeof(new_bytes), 0600, &expected, err);
    fault.armed = false;
    return rc;
}

static int lowest_free_descriptor(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    (void)close(fd);
    return fd;
}

static bool holds(const char *bytes, size_t n)
{
    struct kn_bytes now = { 0 };
    bool same = kn_file_read(path(), WHOLE * 2, &now, NULL) == KN_OK && now.n == n &&
                memcmp(now.at, bytes, n) == 0;

    kn_bytes_done(&now);
    return same;
}

static void check_kept(const char *row, bool exists)
{
    struct stat info;

    CHECK_EQ(row, stat(path(), &info), 0);
    CHECK_EQ(row, info.st_mode & 07777, exists ? 0640 : 0600);
    if (exists && geteuid() == 0) {
        CHECK_EQ(row, info.st_uid, OWNER);
        CHECK_EQ(row, info.st_gid, GROUP);
    }
}

static void check_after(const char *row, bool exists, enum kn_code rc, const struct kn_error *err)
{
    CHECK_EQ(row, kn_home_count(&home, ".kwaainet-"), 0);
    CHECK_EQ(row, rc == KN_OK, err->text[0] == '\0');
    CHECK_EQ(row, rc, rc == KN_OK ? KN_OK : err->code);
    if (rc != KN_OK && fault.moved)
        CHECK_STR(row, err->text,
                  "the new file is in place, but its folder could not be flushed to the disk; "
                  "a power cut may undo it");
    if (rc == KN_OK || fault.moved) {
        CHECK(row, holds(new_bytes, sizeof(new_bytes)));
        check_kept(row, exists);
    } else if (exists) {
        CHECK(row, holds(old_bytes, sizeof(old_bytes)));
        check_kept(row, true);
    } else {
        CHECK(row, !kn_file_exists(path()));
    }
}

static bool is_one_of(const char *name, const char *list)
{
    const char *found = strstr(list, name);

    return found != NULL && found[strlen(name)] == ' ';
}

/* The answer that belongs to what went wrong; `want` is the code of the error number. */
static void check_answer(const char *row, enum kn_code rc, enum kn_code want)
{
    const char *name = fault.failed;

    if (fault.how == SHORT || (fault.how == NONE && strcmp(name, "write") != 0))
        want = KN_OK;
    else if (is_one_of(name, "malloc calloc realloc "))
        want = KN_E_NO_MEMORY;
    else if (fault.how == FAILS && fault.number == EINTR &&
             is_one_of(name, "open openat read write fsync close "))
        want = KN_OK; /* tried again */
    else if (fault.moved && strcmp(name, "fsync") == 0)
        want = KN_E_IO;
    else if (strcmp(name, "close") == 0 && rc == KN_OK)
        want = KN_OK; /* of what was only read */
    CHECK_EQ(row, rc, want);
}

static void each_call_fails_in_turn(bool exists)
{
    static const struct {
        const char *name;
        enum how how;
        int number;
        enum kn_code want;
    } faults[] = {
        { "input/output error", FAILS, EIO, KN_E_IO },
        { "disk full", FAILS, ENOSPC, KN_E_NO_SPACE },
        { "quota used up", FAILS, EDQUOT, KN_E_NO_SPACE },
        { "not permitted", FAILS, EPERM, KN_E_DENIED },
        { "too many files open", FAILS, EMFILE, KN_E_IO },
        { "interrupted", FAILS, EINTR, KN_E_IO },
        { "half of it", SHORT, 0, KN_OK },
        { "nothing written", NONE, 0, KN_E_IO },
    };

    for (size_t i = 0; i < KN_COUNT(faults); i++) {
        fault.how = faults[i].how;
        fault.number = faults[i].number;
        for (fault.at = 0; fault.at < CALLS_MAX; fault.at++) {
            struct kn_error err = { 0 };
            char row[64];
            int before = lowest_free_descriptor();
            enum kn_code rc;

            prepare(exists);
            rc = replace(exists, &err);
            if (fault.failed[0] == '\0')
                break; /* beyond the last call */
            (void)snprintf(row, sizeof(row), "%s: call %d, %s", faults[i].name, fault.at,
                           fault.failed);
            check_after(row, exists, rc, &err);
            check_answer(row, rc, faults[i].want);
            CHECK_EQ(row, lowest_free_descriptor(), before);
        }
        CHECK(faults[i].name, fault.at > 10 && fault.at < CALLS_MAX);
    }
    fault.how = SOUND;
}

static void a_replacement_is_whole_or_did_not_happen(void **state)
{
    (void)state;
    each_call_fails_in_turn(true);
}

static void a_creation_is_whole_or_did_not_happen(void **state)
{
    (void)state;
    each_call_fails_in_turn(false);
}

static void the_bytes_are_on_the_disk_before_the_name_is(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    fault.how = SOUND;
    prepare(true);
    CHECK_EQ("replace", replace(true, &err), KN_OK);
    CHECK_STR("replace", kn_text_get(&fault.trace),
              geteuid() == 0 ? "fchown fchmod write fsync rename fsync-folder"
                             : "fchmod write fsync rename fsync-folder");
    prepare(false);
    CHECK_EQ("create", replace(false, &err), KN_OK);
    CHECK_STR("create", kn_text_get(&fault.trace), "fchmod write fsync rename fsync-folder");
}

static void folders_that_flush_themselves_are_no_failure(void **state)
{
    struct kn_error err = { 0 };
    int folders = 0;

    (void)state;
    fault.how = FAILS;
    fault.number = EINVAL;
    for (fault.at = 0; fault.at < CALLS_MAX; fault.at++) {
        enum kn_code rc;

        prepare(true);
        rc = replace(true, &err);
        if (fault.failed[0] == '\0')
            break;
        if (strcmp(fault.failed, "fsync") == 0 && fault.moved) {
            CHECK_EQ("folder", rc, KN_OK);
            folders++;
        }
    }
    fault.how = SOUND;
    CHECK_EQ("one such call", folders, 1);
}

static void file_systems_without_exclusive_rename_create_too(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    fault.how = FAILS;
    fault.number = EINVAL;
    for (fault.at = 0; fault.at < CALLS_MAX && strcmp(fault.failed, "renameat2") != 0; fault.at++) {
        err = (struct kn_error){ 0 };
        prepare(false);
        (void)replace(false, &err);
    }
    fault.how = SOUND;
    CHECK_STR("found", fault.failed, "renameat2");
    CHECK_STR("created", err.text, "");
    CHECK("created", holds(new_bytes, sizeof(new_bytes)));
}

static void write_theirs(void)
{
    kn_home_write(&home, "f", "theirs", 6, 0600);
}

static void what_appears_at_the_last_moment_is_left_alone(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    prepare(false);
    fault.meddle = write_theirs;
    CHECK_EQ("created", replace(false, &err), KN_E_CHANGED);
    fault.meddle = NULL;
    CHECK_STR("created", err.text, "was created by somebody else in the meantime");
    CHECK("created", holds("theirs", 6));
    CHECK_EQ("created", kn_home_count(&home, ""), 1);
}

static bool folder_locked;

static void try_to_lock(void)
{
    int folder = open(home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    folder_locked = flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(folder);
}

static void of_two_replacements_the_second_waits_before_its_last_look(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    prepare(true);
    fault.how = SOUND;
    fault.meddle = try_to_lock; /* the last time: when the old file is opened to be compared */
    CHECK_EQ("rc", replace(true, &err), KN_OK);
    fault.meddle = NULL;
    CHECK("held", folder_locked);
    try_to_lock();
    CHECK("released", !folder_locked);
}

static void turn_into_a_pipe(void)
{
    (void)unlink(path());
    (void)mkfifo(path(), 0600);
}

static void a_file_that_becomes_a_pipe_does_not_block(void **state)
{
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc;

    (void)state;
    prepare(true);
    fault.meddle = turn_into_a_pipe;
    fault.armed = true;
    rc = kn_file_read(path(), WHOLE, &bytes, &err);
    fault.armed = false;
    fault.meddle = NULL;
    CHECK_EQ("pipe", rc, KN_E_IO);
    CHECK_STR("pipe", err.text, "is a pipe, not a file");
}

static void a_failed_read_gives_nothing(void **state)
{
    (void)state;
    prepare(true);
    fault.how = FAILS;
    fault.number = EIO;
    for (fault.at = 0; fault.at < CALLS_MAX; fault.at++) {
        struct kn_bytes bytes = { 0 };
        struct kn_error err = { 0 };
        enum kn_code rc;

        fault.calls = 0;
        fault.failed[0] = '\0';
        fault.armed = true;
        rc = kn_file_read(path(), WHOLE, &bytes, &err);
        fault.armed = false;
        if (fault.failed[0] == '\0') {
            kn_bytes_done(&bytes);
            break;
        }
        if (is_one_of(fault.failed, "malloc calloc realloc "))
            CHECK_EQ(fault.failed, rc, KN_E_NO_MEMORY);
        else
            CHECK_EQ(fault.failed, rc, strcmp(fault.failed, "close") == 0 ? KN_OK : KN_E_IO);
        CHECK_EQ(fault.failed, rc == KN_OK, bytes.at != NULL);
        CHECK_EQ(fault.failed, rc == KN_OK, err.text[0] == '\0');
        kn_bytes_done(&bytes);
    }
    fault.how = SOUND;
    CHECK("calls", fault.at >= 4);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(a_replacement_is_whole_or_did_not_happen),
        IN_HOME(a_creation_is_whole_or_did_not_happen),
        IN_HOME(the_bytes_are_on_the_disk_before_the_name_is),
        IN_HOME(folders_that_flush_themselves_are_no_failure),
        IN_HOME(file_systems_without_exclusive_rename_create_too),
        IN_HOME(what_appears_at_the_last_moment_is_left_alone),
        IN_HOME(of_two_replacements_the_second_waits_before_its_last_look),
        IN_HOME(a_file_that_becomes_a_pipe_does_not_block),
        IN_HOME(a_failed_read_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
