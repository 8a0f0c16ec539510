/* The log as a whole, with files: levels, other settings while it runs, files put aside, moved
 * away and removed, and a disk that is full. */
#include "node/log/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "support/check.h"
#include "support/home.h"

struct bench {
    struct kn_home home;
    struct kn_loop *loop;
    struct kn_log *log;
    struct kn_log_options options;
};

static int set_up(void **state)
{
    static struct bench bench;

    bench = (struct bench){ 0 };
    kn_home_make(&bench.home);
    CHECK_EQ("loop", kn_loop_new(&bench.loop, NULL), KN_OK);
    bench.options = (struct kn_log_options){
        .level = KN_LEVEL_INFO,
        .place = KN_LOG_FILE,
        .must_open = true,
        .size_max = 1 << 20,
        .keep = 2,
    };
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    kn_log_free(bench->log);
    kn_loop_free(bench->loop);
    kn_home_remove(&bench->home);
    return 0;
}

static void begin(struct bench *bench, const char *path)
{
    struct kn_error err = { 0 };

    bench->options.path = path;
    CHECK_EQ(path, kn_log_new(bench->loop, &bench->options, &bench->log, &err), KN_OK);
}

/* All that was said is in the file. */
static void finish(struct bench *bench)
{
    kn_log_free(bench->log);
    bench->log = NULL;
}

static const char *content(const struct bench *bench, const char *name)
{
    static char text[16][8192];
    static unsigned next;
    struct kn_bytes bytes = { 0 };
    char *out = text[next++ % KN_COUNT(text)];

    CHECK_EQ(name,
             kn_file_read(kn_home_path(&bench->home, name), sizeof(text[0]) - 1, &bytes, NULL),
             KN_OK);
    memcpy(out, bytes.at, bytes.n + 1);
    kn_bytes_done(&bytes);
    return out;
}

static void say(struct bench *bench, enum kn_level level, const char *text)
{
    kn_log_say(bench->log, level, KN_LOG_NODE, "test", KN_NO_FIELDS, "%s", text);
}

/* Wait for the thread: until so many lines are written or lost. */
static struct kn_log_report settled(struct bench *bench, uint64_t records, uint64_t dropped)
{
    struct kn_log_report report;

    do
        kn_log_report(bench->log, &report);
    while (report.written.records < records || report.written.dropped < dropped);
    return report;
}

static void files_and_folders_are_private(void **state)
{
    struct bench *bench = *state;
    struct stat info;

    begin(bench, kn_home_path(&bench->home, "a/b/log"));
    say(bench, KN_LEVEL_INFO, "hello");
    say(bench, KN_LEVEL_DEBUG, "not this");
    finish(bench);
    CHECK_HAS("line", content(bench, "a/b/log"), "info  node: hello\n");
    CHECK("level", strstr(content(bench, "a/b/log"), "not this") == NULL);
    CHECK_EQ("file", stat(kn_home_path(&bench->home, "a/b/log"), &info), 0);
    CHECK_EQ("mode", info.st_mode & 0777, 0600);
    CHECK_EQ("folder", stat(kn_home_path(&bench->home, "a"), &info), 0);
    CHECK_EQ("mode", info.st_mode & 0777, 0700);
}

static void what_stands_there_stays_and_half_a_line_is_ended(void **state)
{
    struct bench *bench = *state;

    kn_home_write(&bench->home, "log", "whole\nhalf", 10, 0644);
    begin(bench, kn_home_path(&bench->home, "log"));
    say(bench, KN_LEVEL_INFO, "hello");
    finish(bench);
    CHECK_HAS("both", content(bench, "log"), "whole\nhalf\n2");
}

static void settings_change_while_it_runs(void **state)
{
    struct bench *bench = *state;
    static const char *const modules[] = { "node=trace" };
    struct kn_error err = { 0 };

    begin(bench, kn_home_path(&bench->home, "first"));
    say(bench, KN_LEVEL_INFO, "one");
    bench->options.path = kn_home_path(&bench->home, "second");
    bench->options.format = KN_LOG_JSON;
    bench->options.modules = modules;
    bench->options.module_count = 1;
    CHECK_EQ("apply", kn_log_apply(bench->log, &bench->options, &err), KN_OK);
    say(bench, KN_LEVEL_TRACE, "two");
    bench->options.path = kn_home_path(&bench->home, "");
    CHECK_EQ("a folder", kn_log_apply(bench->log, &bench->options, &err), KN_E_IO);
    say(bench, KN_LEVEL_INFO, "three");
    finish(bench);
    CHECK_HAS("first", content(bench, "first"), "info  node: one\n");
    CHECK("no more", strstr(content(bench, "first"), "two") == NULL);
    CHECK_HAS("second", content(bench, "second"), "\"level\": \"trace\"");
    CHECK_HAS("a failure changes nothing", content(bench, "second"), "\"text\": \"three\"");
}

static void full_files_are_put_aside_and_the_oldest_go(void **state)
{
    struct bench *bench = *state;

    bench->options.size_max = 100;
    begin(bench, kn_home_path(&bench->home, "log"));
    for (int i = 0; i < 9; i++)
        kn_log_say(bench->log, KN_LEVEL_INFO, KN_LOG_NODE, "test", KN_NO_FIELDS,
                   "line %d of some words that fill", i);
    finish(bench);
    CHECK_EQ("files", kn_home_count(&bench->home, "log"), 3);
    CHECK_HAS("the newest", content(bench, "log"), "line 8");
    CHECK_HAS("before", content(bench, "log.1"), "line 7");
    CHECK_HAS("before", content(bench, "log.2"), "line 6");
    bench->options.keep = 1;
    begin(bench, kn_home_path(&bench->home, "log"));
    say(bench, KN_LEVEL_INFO, "something that fills it once more to the end");
    finish(bench);
    CHECK_EQ("fewer are kept", kn_home_count(&bench->home, "log"), 2);
    bench->options.keep = 0;
    begin(bench, kn_home_path(&bench->home, "log"));
    say(bench, KN_LEVEL_INFO, "something that fills it once more to the limit");
    finish(bench);
    CHECK("emptied", strstr(content(bench, "log"), "once more to the end") == NULL);
    CHECK_HAS("and begun", content(bench, "log"), "to the limit");
}

static void a_file_that_was_moved_is_made_anew_on_demand(void **state)
{
    struct bench *bench = *state;
    struct kn_error err = { 0 };

    begin(bench, kn_home_path(&bench->home, "log"));
    say(bench, KN_LEVEL_INFO, "one");
    settled(bench, 1, 0);
    CHECK_EQ("move", rename(kn_home_path(&bench->home, "log"), kn_home_path(&bench->home, "old")),
             0);
    CHECK_EQ("reopen", kn_log_reopen(bench->log, &err), KN_OK);
    say(bench, KN_LEVEL_INFO, "two");
    finish(bench);
    CHECK_HAS("moved", content(bench, "old"), "one");
    CHECK_HAS("new", content(bench, "log"), "two");
    CHECK("not twice", strstr(content(bench, "log"), "one") == NULL);
}

static void what_a_full_disk_does_not_take_is_counted_and_told(void **state)
{
    struct bench *bench = *state;
    struct kn_log_report report;
    struct kn_error err = { 0 };

    begin(bench, "/dev/full");
    for (int i = 0; i < 3; i++)
        say(bench, KN_LEVEL_INFO, "lost");
    report = settled(bench, 0, 3);
    CHECK_EQ("dropped", report.written.dropped, 3);
    CHECK_EQ("why", report.written.failure.code, KN_E_NO_SPACE);
    bench->options.path = kn_home_path(&bench->home, "log");
    CHECK_EQ("apply", kn_log_apply(bench->log, &bench->options, &err), KN_OK);
    say(bench, KN_LEVEL_INFO, "here again");
    finish(bench);
    CHECK_HAS(
        "told", content(bench, "log"),
        "warn  log: 3 records of the log were lost: /dev/full: cannot write: the disk is full");
    CHECK_HAS("in front", strstr(content(bench, "log"), "were lost"), "here again");
}

/* What must not happen: a path that is wrong is found out a month later. */
static void a_path_that_cannot_be_opened_is_refused_or_hoped_for(void **state)
{
    struct bench *bench = *state;
    struct kn_error err = { 0 };

    kn_home_write(&bench->home, "file", "", 0, 0600);
    bench->options.path = kn_home_path(&bench->home, "file/log");
    CHECK("refused", kn_log_new(bench->loop, &bench->options, &bench->log, &err) != KN_OK);
    CHECK_HAS("named", err.text, "file");
    bench->options.must_open = false;
    begin(bench, kn_home_path(&bench->home, "file/log"));
    say(bench, KN_LEVEL_INFO, "lost");
    settled(bench, 0, 1);
    finish(bench);
}

static void events_that_repeat_are_counted_in_the_log(void **state)
{
    struct bench *bench = *state;
    struct kn_log_report report;

    begin(bench, kn_home_path(&bench->home, "log"));
    for (int i = 0; i < 61; i++)
        say(bench, KN_LEVEL_WARN, "again");
    kn_log_report(bench->log, &report);
    CHECK_EQ("held back", report.held_back, 41);
    finish(bench);
    CHECK_HAS("told", content(bench, "log"), "warn  node: ... 41 more like this in 0 s more=41\n");
}

static void many_lines_at_once_stand_there_whole(void **state)
{
    struct bench *bench = *state;
    const char *at;
    int i = 0;

    bench->options.level = KN_LEVEL_TRACE;
    begin(bench, kn_home_path(&bench->home, "log"));
    for (i = 0; i < 100; i++)
        kn_log_say(bench->log, KN_LEVEL_TRACE, KN_LOG_NODE, "test", KN_NO_FIELDS, "line %d", i);
    finish(bench);
    for (i = 0, at = content(bench, "log"); *at != '\0'; i++) {
        char want[16];

        (void)snprintf(want, sizeof(want), "line %d\n", i);
        CHECK_HAS("in order", at, want);
        at = strchr(at, '\n') + 1;
    }
    CHECK_EQ("all", i, 100);
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_BENCH(files_and_folders_are_private),
        WITH_BENCH(what_stands_there_stays_and_half_a_line_is_ended),
        WITH_BENCH(settings_change_while_it_runs),
        WITH_BENCH(full_files_are_put_aside_and_the_oldest_go),
        WITH_BENCH(a_file_that_was_moved_is_made_anew_on_demand),
        WITH_BENCH(what_a_full_disk_does_not_take_is_counted_and_told),
        WITH_BENCH(a_path_that_cannot_be_opened_is_refused_or_hoped_for),
        WITH_BENCH(events_that_repeat_are_counted_in_the_log),
        WITH_BENCH(many_lines_at_once_stand_there_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
