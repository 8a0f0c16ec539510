/* Of a folder nothing goes but old temporary files of ours. */
#include "lib/os/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"

#define LONG                                                                 \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void age(const struct kn_home *home, const char *name, time_t seconds)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - seconds } };

    CHECK_EQ(name, utimensat(AT_FDCWD, kn_home_path(home, name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static bool stands(const struct kn_home *home, const char *name)
{
    struct stat info;

    return lstat(kn_home_path(home, name), &info) == 0;
}

static void old_temporary_files_go(void **state)
{
    static const struct {
        const char *name;
        int age_s;
        bool stays_of_all, stays_of_one; /* when those beside "a.yaml" go */
    } rows[] = {
        { ".a.yaml.kwaainet-abc234", 2 * KN_LEFTOVER_AGE_S, false, false },
        { ".b.yaml.kwaainet-zzzzzz", 2 * KN_LEFTOVER_AGE_S, false, true },
        { ".aa.yaml.kwaainet-zzzzzz", 2 * KN_LEFTOVER_AGE_S, false, true },
        { "." LONG ".kwaainet-zzzzzz", 2 * KN_LEFTOVER_AGE_S, false, true },
        { ".a.yaml.kwaainet-aaaaaa", 1, true, true },
        { ".a.yaml.kwaainet-bbbbbb", -2 * KN_LEFTOVER_AGE_S, true, true },
        { ".a.yaml.kwaainet-abc2340", 2 * KN_LEFTOVER_AGE_S, true, true },
        { ".a.yaml.kwaainet-ABC234", 2 * KN_LEFTOVER_AGE_S, true, true },
        { ".a.yaml.kwaainet-abc23", 2 * KN_LEFTOVER_AGE_S, true, true },
        { ".a.yaml.kwaainet.abc234", 2 * KN_LEFTOVER_AGE_S, true, true },
        { "a.yaml.kwaainet-abc234", 2 * KN_LEFTOVER_AGE_S, true, true },
        { ".kwaainet-abc234", 2 * KN_LEFTOVER_AGE_S, true, true },
        { "a.yaml", 2 * KN_LEFTOVER_AGE_S, true, true },
        { ".a.yaml", 2 * KN_LEFTOVER_AGE_S, true, true },
    };

    (void)state;
    for (int one = 0; one < 2; one++) {
        struct kn_home home;

        kn_home_make(&home);
        for (size_t i = 0; i < KN_COUNT(rows); i++) {
            kn_home_write(&home, rows[i].name, "x", 1, 0600);
            age(&home, rows[i].name, rows[i].age_s);
        }
        kn_leftovers_remove(home.path, one ? "a.yaml" : NULL);
        for (size_t i = 0; i < KN_COUNT(rows); i++)
            CHECK_EQ(rows[i].name, stands(&home, rows[i].name),
                     one ? rows[i].stays_of_one : rows[i].stays_of_all);
        kn_home_remove(&home);
    }
}

static void folders_and_links_stay(void **state)
{
    static const char folder[] = ".a.yaml.kwaainet-aaaaaa", link[] = ".a.yaml.kwaainet-bbbbbb";
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    kn_home_write(&home, "mine", "x", 1, 0600);
    CHECK_EQ("folder", mkdir(kn_home_path(&home, folder), 0700), 0);
    CHECK_EQ("link", symlink("mine", kn_home_path(&home, link)), 0);
    age(&home, folder, 2 * KN_LEFTOVER_AGE_S);
    age(&home, link, 2 * KN_LEFTOVER_AGE_S);
    age(&home, "mine", 2 * KN_LEFTOVER_AGE_S);
    kn_leftovers_remove(home.path, NULL);
    CHECK("folder", stands(&home, folder));
    CHECK("link", stands(&home, link));
    CHECK("what it leads to", stands(&home, "mine"));
    kn_leftovers_remove(kn_home_path(&home, "nothing"), NULL); /* no folder: no harm */
    kn_leftovers_remove(kn_home_path(&home, "mine"), NULL);
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_temporary_files_go),
        cmocka_unit_test(folders_and_links_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
