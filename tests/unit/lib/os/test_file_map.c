#include "lib/os/file_map.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/thread.h"
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

static struct kn_file_map *opened(const char *name)
{
    struct kn_file_map *map = NULL;
    struct kn_error err = { 0 };

    CHECK_EQ(err.text, kn_file_map_open(kn_home_path(&home, name), &map, &err), KN_OK);
    return map;
}

static void bytes_are_read_or_mapped(void **state)
{
    struct kn_file_map *map;
    const uint8_t *bytes = NULL;
    char part[4] = "";

    (void)state;
    kn_home_write(&home, "file", "0123456789", 10, 0600);
    map = opened("file");
    CHECK_EQ("size", kn_file_map_size(map), 10);
    CHECK_EQ("read", kn_file_map_read(map, 3, part, 3, NULL), KN_OK);
    CHECK_STR("read", part, "345");
    CHECK("nothing is mapped yet", !kn_file_map_is_mapped(map));
    CHECK_EQ("map", kn_file_map_bytes(map, &bytes, NULL), KN_OK);
    CHECK("mapped", kn_file_map_is_mapped(map) && memcmp(bytes, "0123456789", 10) == 0);
    kn_file_map_expect(map, 2, 5);
    kn_file_map_expect(map, 9, UINT64_MAX);
    CHECK("intact", kn_file_map_is_intact(map));
    kn_file_map_close(map);
    kn_file_map_close(NULL);
}

static void a_file_that_was_cut_is_noticed(void **state)
{
    struct kn_file_map *map;
    struct kn_error err = { 0 };
    char part[4];

    (void)state;
    kn_home_write(&home, "file", "0123456789", 10, 0600);
    map = opened("file");
    CHECK_EQ("cut", truncate(kn_home_path(&home, "file"), 5), 0);
    CHECK("not intact", !kn_file_map_is_intact(map));
    CHECK_EQ("before the end", kn_file_map_read(map, 1, part, 4, &err), KN_OK);
    CHECK_EQ("over it", kn_file_map_read(map, 3, part, 4, &err), KN_E_CHANGED);
    CHECK_STR("why", err.text, "ends at byte 5, and had 10 when it was opened");
    kn_file_map_close(map);
}

enum { PAGES = 8 };

static void write_pages(const char *name, char byte)
{
    size_t n = PAGES * (size_t)sysconf(_SC_PAGESIZE);
    char *bytes = test_malloc(n);

    memset(bytes, byte, n);
    kn_home_write(&home, name, bytes, n, 0600);
    test_free(bytes);
}

struct reading {
    const uint8_t *bytes;
    size_t at[2];
    int sum;
};

static void read_bytes(void *arg)
{
    struct reading *reading = arg;

    for (size_t i = 0; i < KN_COUNT(reading->at); i++)
        reading->sum += *(const volatile uint8_t *)(reading->bytes + reading->at[i]);
}

/* On this thread, and on one that blocks what signals it may. */
static void who_reads_what_was_cut_off_gets_zeros(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        struct kn_file_map *map, *other;
        struct reading reading = { .at = { page, PAGES * page - 1 } };
        struct kn_thread *thread = NULL;
        const uint8_t *others = NULL;

        write_pages("file", 1);
        write_pages("other", 2);
        map = opened("file");
        other = opened("other");
        CHECK_EQ("map", kn_file_map_bytes(map, &reading.bytes, NULL), KN_OK);
        CHECK_EQ("map another", kn_file_map_bytes(other, &others, NULL), KN_OK);
        CHECK_EQ("cut", truncate(kn_home_path(&home, "file"), (off_t)page), 0);
        if (!elsewhere)
            read_bytes(&reading);
        else
            CHECK_EQ("thread", kn_thread_start(read_bytes, &reading, &thread, NULL), KN_OK);
        kn_thread_join(thread);
        CHECK_EQ("zeros", reading.sum, 0);
        CHECK_EQ("what is left", reading.bytes[page - 1], 1);
        CHECK_EQ("grown again", truncate(kn_home_path(&home, "file"), (off_t)(PAGES * page)), 0);
        CHECK("not intact", !kn_file_map_is_intact(map));
        CHECK("the other one is", kn_file_map_is_intact(other) && others[PAGES * page - 1] == 2);
        kn_file_map_close(map);
        kn_file_map_close(other);
    }
}

static void a_file_that_was_written_into_is_noticed(void **state)
{
    struct kn_file_map *map;
    const struct timespec later[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1 } };

    (void)state;
    write_pages("file", 1);
    map = opened("file");
    CHECK("intact", kn_file_map_is_intact(map));
    CHECK_EQ("written", utimensat(AT_FDCWD, kn_home_path(&home, "file"), later, 0), 0);
    CHECK("not intact", !kn_file_map_is_intact(map));
    kn_file_map_close(map);
}

static void a_file_that_was_deleted_stays(void **state)
{
    struct kn_file_map *map;
    const uint8_t *bytes = NULL;

    (void)state;
    kn_home_write(&home, "file", "0123456789", 10, 0600);
    map = opened("file");
    CHECK_EQ("deleted", unlink(kn_home_path(&home, "file")), 0);
    CHECK_EQ("map", kn_file_map_bytes(map, &bytes, NULL), KN_OK);
    CHECK("its bytes", memcmp(bytes, "0123456789", 10) == 0 && kn_file_map_is_intact(map));
    kn_file_map_close(map);
}

static void what_cannot_be_mapped_is_said(void **state)
{
    struct kn_file_map *map = NULL;
    const uint8_t *bytes;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("missing", kn_file_map_open(kn_home_path(&home, "none"), &map, &err), KN_E_NOT_FOUND);
    CHECK_STR("missing", err.text, "does not exist");
    CHECK_EQ("a folder", kn_file_map_open(home.path, &map, &err), KN_E_IO);
    CHECK_EQ("a pipe", mkfifo(kn_home_path(&home, "pipe"), 0600), 0);
    CHECK_EQ("a pipe", kn_file_map_open(kn_home_path(&home, "pipe"), &map, &err), KN_E_IO);
    kn_home_write(&home, "empty", "", 0, 0600);
    map = opened("empty");
    CHECK_EQ("empty", kn_file_map_bytes(map, &bytes, &err), KN_E_UNSUPPORTED);
    kn_file_map_close(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_are_read_or_mapped, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_that_was_cut_is_noticed, make_home, remove_home),
        cmocka_unit_test_setup_teardown(who_reads_what_was_cut_off_gets_zeros, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_that_was_written_into_is_noticed, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_that_was_deleted_stays, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_cannot_be_mapped_is_said, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
