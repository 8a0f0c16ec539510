/* One node per data folder, however the one before ended. */
#include "node/control/run_folder.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"

static struct kn_home home;

static const char *const flags[] = { "--port", "9000", "--set", "node.name=a b" };
static const struct kn_run_facts facts = {
    .version = "1.0.0",
    .peer_id = "12D3KooW",
    .config = "/a/node_config.yaml",
    .started = 1700000000,
    .started_ms = 1700000000123,
    .oom_kills = 2,
    .port = 8080,
    .flags = flags,
    .flag_count = KN_COUNT(flags),
};

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

static struct kn_run_folder *open_folder(const char *path)
{
    struct kn_run_folder *folder = NULL;
    struct kn_error err = { 0 };

    CHECK_EQ(err.text, kn_run_folder_open(path, &folder, &err), KN_OK);
    return folder;
}

static struct kn_run_look look(const char *path)
{
    struct kn_run_look found;
    struct kn_error err = { 0 };

    CHECK_EQ(err.text, kn_run_folder_look(path, &found, &err), KN_OK);
    return found;
}

static unsigned mode_of(const char *name)
{
    struct stat info;

    return stat(at(name), &info) == 0 ? info.st_mode & 07777u : 0;
}

static void who_runs_is_told(void **state)
{
    char path[KN_HOME_PATH_MAX * 2];
    struct kn_run_folder *folder;
    struct kn_run_look found;
    struct kn_error err = { 0 };

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", at("a/new/home"));
    found = look(path);
    CHECK("nobody yet", !found.runs && found.pid == 0);
    folder = open_folder(path);
    CHECK_EQ("private", mode_of("a/new/home/run"), 0700);
    CHECK_STR("path", kn_run_folder_path(folder), at("a/new/home/run"));
    found = look(path);
    CHECK("nothing told yet", found.runs && found.facts.version == NULL);
    CHECK_EQ("pid", found.pid, getpid());
    kn_run_look_done(&found);

    CHECK_EQ(err.text, kn_run_folder_tell(folder, &facts, &err), KN_OK);
    CHECK_EQ("private", mode_of("a/new/home/run/node.json"), 0600);
    found = look(path);
    CHECK_STR("version", found.facts.version, facts.version);
    CHECK_STR("peer id", found.facts.peer_id, facts.peer_id);
    CHECK_STR("config", found.facts.config, facts.config);
    CHECK_EQ("started", found.facts.started, facts.started);
    CHECK_EQ("started_ms", found.facts.started_ms, facts.started_ms);
    CHECK_EQ("port", found.facts.port, facts.port);
    CHECK_EQ("flags", found.facts.flag_count, facts.flag_count);
    for (size_t i = 0; i < facts.flag_count; i++)
        CHECK_STR("flag", found.facts.flags[i], flags[i]);
    kn_run_look_done(&found);

    CHECK_EQ("no end yet", kn_run_folder_await_end(path, 0, 0, &err), KN_E_TIMEOUT);
    kn_run_folder_close(folder);
    CHECK_EQ("ended", kn_run_folder_await_end(path, 0, 0, &err), KN_OK);
    CHECK("gone", mode_of("a/new/home/run/node.json") == 0);
    found = look(path);
    CHECK("nobody any more", !found.runs);
}

static void a_second_start_is_told_who_runs(void **state)
{
    struct kn_run_folder *folder = open_folder(home.path), *second = NULL;
    struct kn_error err = { 0 };
    char number[64];

    (void)state;
    CHECK_EQ("tell", kn_run_folder_tell(folder, &facts, &err), KN_OK);
    CHECK_EQ("busy", kn_run_folder_open(home.path, &second, &err), KN_E_BUSY);
    CHECK_HAS("text", err.text, "a node runs already with the data folder ");
    (void)snprintf(number, sizeof(number), ": process %d", (int)getpid());
    CHECK_HAS("text", err.text, number);
    CHECK_HAS("hint", err.hint, "kwaainet stop");
    CHECK("the first's file stays", mode_of("run/node.json") == 0600);
    kn_run_folder_close(folder);
}

/* A node in a child that has told its facts and stays. */
static pid_t running_child(void)
{
    int ready[2];
    char told;
    pid_t child;

    CHECK("pipe", pipe(ready) == 0);
    child = fork();
    CHECK("fork", child >= 0);
    if (child == 0) {
        struct kn_run_folder *folder;
        struct kn_error err;
        bool ok = kn_run_folder_open(home.path, &folder, &err) == KN_OK &&
                  kn_run_folder_tell(folder, &facts, &err) == KN_OK;

        if (write(ready[1], ok ? "y" : "n", 1) == 1)
            (void)pause();
        _exit(0);
    }
    CHECK("told", read(ready[0], &told, 1) == 1 && told == 'y');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void after_kill_9_the_next_start_works(void **state)
{
    struct kn_run_look found;

    (void)state;
    for (int i = 0; i < 3; i++) {
        pid_t child = running_child();

        found = look(home.path);
        CHECK_EQ("runs", found.pid, child);
        CHECK_STR("told", found.facts.version, "1.0.0");
        kn_run_look_done(&found);
        CHECK("kill", kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
        CHECK("its file stays", mode_of("run/node.json") == 0600);
        found = look(home.path);
        CHECK("and says nothing", !found.runs && found.facts.version == NULL);
    }
    kn_run_folder_close(open_folder(home.path));
    CHECK("cleaned", mode_of("run/node.json") == 0);
}

static void what_a_killed_run_left_is_told_to_the_next(void **state)
{
    struct kn_run_folder *folder;
    const struct kn_run_left *left;
    struct kn_error err = { 0 };
    pid_t child = running_child();

    (void)state;
    CHECK("kill", kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    folder = open_folder(home.path);
    left = kn_run_folder_left(folder);
    CHECK("left", left->is_there);
    CHECK_EQ("pid", left->pid, child);
    CHECK_EQ("oom kills", left->oom_kills, facts.oom_kills);
    CHECK("seen", left->at_s > facts.started);
    CHECK_EQ("tell", kn_run_folder_tell(folder, &facts, &err), KN_OK);
    kn_run_folder_touch(folder);
    kn_run_folder_close(folder);
    folder = open_folder(home.path);
    CHECK("good-bye", !kn_run_folder_left(folder)->is_there);
    kn_run_folder_close(folder);
    kn_home_write(&home, "run/node.json", "{\"pid\": \"x\"}", 12, 0600);
    folder = open_folder(home.path);
    CHECK("no run file", !kn_run_folder_left(folder)->is_there);
    kn_run_folder_close(folder);
}

static void a_run_file_of_another_says_nothing(void **state)
{
    static const char *const contents[] = {
        "",
        "{",
        "[]",
        "{\"pid\": 1, \"version\": \"1.0.0\"}",
        "{\"pid\": \"x\", \"version\": \"1.0.0\"}",
        "{\"version\": \"1.0.0\"}",
    };
    struct kn_run_folder *folder = open_folder(home.path);

    (void)state;
    for (size_t i = 0; i < KN_COUNT(contents); i++) {
        struct kn_run_look found;

        kn_home_write(&home, "run/node.json", contents[i], strlen(contents[i]), 0600);
        found = look(home.path);
        CHECK(contents[i], found.runs && found.pid == getpid() && found.facts.version == NULL);
        kn_run_look_done(&found);
    }
    kn_run_folder_close(folder);
}

static void of_a_run_file_only_what_fits_is_believed(void **state)
{
    static const struct {
        const char *row, *members;
        unsigned port;
        bool told;
    } rows[] = {
        { "good", "\"port\": 65535", 65535, true },
        { "port too high", "\"port\": 65536", 0, true },
        { "port too low", "\"port\": -1", 0, true },
        { "port as text", "\"port\": \"1\"", 0, true },
        { "a flag that is no text", "\"flags\": [\"a\", 1]", 0, false },
        { "flags that are no list", "\"flags\": {}", 0, true },
    };
    struct kn_run_folder *folder = open_folder(home.path);

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_run_look found;
        char text[256];
        int n = snprintf(text, sizeof(text), "{\"pid\": %d, \"version\": \"1\", %s}", (int)getpid(),
                         rows[i].members);

        kn_home_write(&home, "run/node.json", text, (size_t)n, 0600);
        found = look(home.path);
        CHECK(rows[i].row, found.runs && found.pid == getpid());
        CHECK_EQ(rows[i].row, found.facts.port, rows[i].port);
        CHECK_EQ(rows[i].row, found.facts.version != NULL, rows[i].told);
        kn_run_look_done(&found);
    }
    kn_run_folder_close(folder);
}

/* What must not happen: two nodes with one key, the second of which withdraws the first's records.
 */
static void the_rust_nodes_pid_file_is_respected(void **state)
{
    struct kn_run_folder *folder = NULL;
    struct kn_error err = { 0 };
    char number[32];
    pid_t child = fork();
    int n = snprintf(number, sizeof(number), "%d", (int)child);

    (void)state;
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    CHECK("folder", mkdir(at("run"), 0755) == 0);
    kn_home_write(&home, "run/kwaainet.pid", number, (size_t)n, 0644);
    CHECK_EQ("it runs", kn_run_folder_open(home.path, &folder, &err), KN_E_BUSY);
    CHECK_HAS("text", err.text, "KwaaiNet's Rust node runs: process ");
    CHECK_HAS("text", err.text, number);
    CHECK_HAS("hint", err.hint, "remove the file");
    CHECK("kill", kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    kn_run_folder_close(open_folder(home.path));
    CHECK("its file stays", mode_of("run/kwaainet.pid") == 0644);
}

static void what_cannot_be_made_is_named(void **state)
{
    struct kn_run_folder *folder = NULL;
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "file", "", 0, 0600);
    CHECK_EQ("a file in the way", kn_run_folder_open(at("file"), &folder, &err), KN_E_IO);
    CHECK_HAS("a file in the way", err.text, "/file");
}

static void each_allocation_may_fail(void **state)
{
    struct kn_error err = { 0 };
    enum kn_code rc = KN_E_NO_MEMORY;

    (void)state;
    for (long i = 0; rc == KN_E_NO_MEMORY; i++) {
        struct kn_run_folder *folder = NULL;
        struct kn_run_look found = { 0 };

        kn_fuse = i;
        rc = kn_run_folder_open(home.path, &folder, &err);
        if (rc == KN_OK)
            rc = kn_run_folder_tell(folder, &facts, &err);
        if (rc == KN_OK)
            rc = kn_run_folder_look(home.path, &found, &err);
        if (rc == KN_OK && kn_fuse >= 0)
            CHECK_STR("told", found.facts.version, "1.0.0");
        else if (rc == KN_OK)
            rc = KN_E_NO_MEMORY; /* the run file could not be read, and said nothing */
        kn_fuse = -1;
        kn_run_look_done(&found);
        kn_run_folder_close(folder);
    }
    CHECK_EQ(err.text, rc, KN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_runs_is_told, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_second_start_is_told_who_runs, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_a_killed_run_left_is_told_to_the_next, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(after_kill_9_the_next_start_works, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_run_file_of_another_says_nothing, make_home, remove_home),
        cmocka_unit_test_setup_teardown(of_a_run_file_only_what_fits_is_believed, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(the_rust_nodes_pid_file_is_respected, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(what_cannot_be_made_is_named, make_home, remove_home),
        cmocka_unit_test_setup_teardown(each_allocation_may_fail, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
