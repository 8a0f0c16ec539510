#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "lib/os/process.h"
#include "support/check.h"
#include "support/home.h"

enum { ROUNDS = 200, FIRST_SIZE = 3000, SECOND_SIZE = 70001, LATEST_US = 2000, STUCK_MS = 30000 };

static struct kn_home home;
static char first[FIRST_SIZE], second[SECOND_SIZE];

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    memset(first, 'a', sizeof(first));
    memset(second, 'b', sizeof(second));
    kn_home_write(&home, "f", first, sizeof(first), 0640);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

/* xorshift64; the seed is printed, and KN_SEED repeats a run. */
static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t start_seed(void)
{
    const char *given = kn_os_lookup(NULL, "KN_SEED");
    struct timespec now = { 0 };
    uint64_t seed;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    seed = given != NULL ? strtoull(given, NULL, 10)
                         : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    print_message("seed %llu\n", (unsigned long long)seed);
    return seed != 0 ? seed : 1;
}

/* In the child: says "going" once, then replaces until it is killed. */
static void replace_for_ever(int going)
{
    const char *path = kn_home_path(&home, "f");

    for (;;) {
        if (kn_file_replace(path, second, sizeof(second), 0600, NULL, NULL) != KN_OK)
            _exit(1);
        if (going >= 0 && (write(going, "g", 1) != 1 || close(going) != 0))
            _exit(1);
        going = -1;
        if (kn_file_replace(path, first, sizeof(first), 0600, NULL, NULL) != KN_OK)
            _exit(1);
    }
}

static void kill_after(pid_t child, int going, uint64_t us)
{
    struct timespec moment = { .tv_sec = 0, .tv_nsec = (long)us * 1000 };
    struct pollfd event = { .fd = going, .events = POLLIN };
    int status = 0, woken = poll(&event, 1, STUCK_MS);

    (void)ppoll(NULL, 0, &moment, NULL); /* the moment of the kill is the point of this test */
    CHECK_EQ("kill", kill(child, SIGKILL), 0);
    CHECK_EQ("wait", waitpid(child, &status, 0), child);
    CHECK_EQ("it was going", woken, 1);
    CHECK("killed, not ended", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_whole(const char *row)
{
    struct kn_bytes now = { 0 };
    struct kn_error err = { 0 };
    struct stat info;

    CHECK_EQ(row, kn_file_read(kn_home_path(&home, "f"), SECOND_SIZE, &now, &err), KN_OK);
    CHECK(row, (now.n == FIRST_SIZE && memcmp(now.at, first, FIRST_SIZE) == 0) ||
                   (now.n == SECOND_SIZE && memcmp(now.at, second, SECOND_SIZE) == 0));
    kn_bytes_done(&now);
    CHECK_EQ(row, stat(kn_home_path(&home, "f"), &info), 0);
    CHECK_EQ(row, info.st_mode & 07777, 0640);
}

/* A killed process may leave its temporary file, and nothing else. The number of those removed. */
static int remove_temporaries(const char *row)
{
    static const char start[] = ".f.kwaainet-";
    DIR *entries = opendir(home.path);
    const struct dirent *entry;
    int n = 0;

    CHECK(row, entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "f") == 0)
            continue;
        CHECK(name, strncmp(name, start, strlen(start)) == 0 && strlen(name + strlen(start)) == 6);
        CHECK_EQ(name, unlink(kn_home_path(&home, name)), 0);
        n++;
    }
    (void)closedir(entries);
    CHECK(row, n <= 1);
    return n;
}

static void a_killed_replacement_leaves_the_old_file_or_the_new_one(void **state)
{
    uint64_t seed = start_seed();
    int halfway = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t us = next(&seed) % LATEST_US;
        int ends[2];
        char row[64];
        pid_t child;

        (void)snprintf(row, sizeof(row), "round %d, %llu us", i, (unsigned long long)us);
        CHECK_EQ(row, pipe(ends), 0);
        child = fork();
        CHECK(row, child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            replace_for_ever(ends[1]);
        }
        (void)close(ends[1]);
        kill_after(child, ends[0], us);
        (void)close(ends[0]);
        check_whole(row);
        halfway += remove_temporaries(row);
    }
    print_message("%d of %d were killed while a temporary file stood\n", halfway, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_replacement_leaves_the_old_file_or_the_new_one,
                                        make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
