/* A process in a memory group of version 1 that this test makes, where that is permitted. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/cgroup.h"
#include "lib/os/cgroup_text.h"
#include "lib/os/probe.h"
#include "support/check.h"

enum { PATH_SIZE = 4096, SAID = 3 };

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_SIZE];
    FILE *file;
    bool done;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    if (file == NULL)
        return false;
    done = fputs(text, file) >= 0;
    return fclose(file) == 0 && done;
}

/* A new group below our own; false where there is no version 1 or we may not. */
static bool make_group(char *folder, size_t size)
{
    static char groups[16 * 1024], mounts[256 * 1024];
    char group[KN_CGROUP_PATH_SIZE];
    struct kn_cgroup_place place;

    if (!kn_probe_read("", "/proc/self/cgroup", groups, sizeof(groups)) ||
        !kn_probe_read("", "/proc/self/mountinfo", mounts, sizeof(mounts)) ||
        !kn_cgroup_find_group(groups, "memory", group) ||
        !kn_cgroup_find_place(mounts, "memory", group, &place))
        return false;
    (void)snprintf(folder, size, "%s%s/kwaainet-test-%d", place.mount, place.below, (int)getpid());
    return mkdir(folder, 0700) == 0;
}

/* In the child: 0 when what is read is what was set. */
static int look(const char *folder, int64_t limit)
{
    struct kn_cgroup_limits limits;

    if (!write_file(folder, "cgroup.procs", "0\n"))
        return SAID;
    if (kn_cgroup_read("", &limits) != KN_OK || limits.memory_limit != limit ||
        limits.memory_left < 0 || limits.memory_left > limit ||
        strstr(limits.memory_group, "/kwaainet-test-") == NULL) {
        (void)fprintf(stderr, "limit %lld left %lld of %s\n", (long long)limits.memory_limit,
                      (long long)limits.memory_left, limits.memory_group);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int look_in_child(const char *folder, int64_t limit)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(look(folder, limit));
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return SAID;
    return WEXITSTATUS(status);
}

static void the_limit_of_a_real_group_is_read(void **state)
{
    static const int64_t mib[] = { 512, 1024, 4096 };
    char folder[PATH_SIZE], number[32];

    (void)state;
    if (!make_group(folder, sizeof(folder))) {
        print_message("skipped: no group of version 1 may be made here\n");
        skip();
    }
    for (size_t i = 0; i < KN_COUNT(mib); i++) {
        int64_t limit = mib[i] << 20;
        int got = SAID;

        (void)snprintf(number, sizeof(number), "%lld\n", (long long)limit);
        if (write_file(folder, "memory.limit_in_bytes", number))
            got = look_in_child(folder, limit);
        if (got != EXIT_SUCCESS)
            (void)rmdir(folder);
        if (got == SAID) {
            print_message("skipped: the group may not be used here\n");
            skip();
        }
        CHECK_EQ(number, got, EXIT_SUCCESS);
    }
    CHECK_EQ(folder, rmdir(folder), 0);
}

static void whatever_limits_us_is_read_without_harm(void **state)
{
    struct kn_cgroup_limits limits;

    (void)state;
    CHECK_EQ("real", kn_cgroup_read("", &limits), KN_OK);
    CHECK("real", limits.memory_limit >= -1 && limits.memory_left <= limits.memory_limit);
    CHECK("real", limits.cpu_quota < 0 || limits.cpu_quota > 0);
    CHECK("real", (limits.memory_limit < 0) == (limits.memory_group[0] == '\0'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_of_a_real_group_is_read),
        cmocka_unit_test(whatever_limits_us_is_read_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
