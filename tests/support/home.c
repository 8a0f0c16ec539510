#include "support/home.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/attributes.h"

enum { DEPTH_MAX = 32 };

static const char mark[] = "/kwaainet-test-";

static KN_NORETURN void die(const char *what)
{
    perror(what);
    abort();
}

void kn_home_make(struct kn_home *home)
{
    const char *base = getenv("TMPDIR");
    char *real = realpath(base != NULL && base[0] == '/' ? base : "/tmp", NULL);
    struct stat info;
    int n;

    if (real == NULL)
        die("the folder for tests");
    n = snprintf(home->path, sizeof(home->path), "%s%sXXXXXX", real, mark);
    free(real);
    if (n < 0 || (size_t)n >= sizeof(home->path) || mkdtemp(home->path) == NULL)
        die("a folder for the test");
    if (lstat(home->path, &info) != 0)
        die(home->path);
    home->device = info.st_dev;
    home->number = info.st_ino;
}

/* Takes `folder`. */
static void empty(int folder, dev_t device, int depth)
{
    DIR *entries;
    const struct dirent *entry;

    if (depth > DEPTH_MAX || fchmod(folder, 0700) != 0 || (entries = fdopendir(folder)) == NULL)
        die("a folder of the test");
    while ((entry = readdir(entries)) != NULL) {
        struct stat info;
        int inner;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
            info.st_dev != device)
            die(entry->d_name);
        if (S_ISDIR(info.st_mode)) {
            (void)fchmodat(folder, entry->d_name, 0700, 0);
            inner = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (inner < 0)
                die(entry->d_name);
            empty(inner, device, depth + 1);
        }
        if (unlinkat(folder, entry->d_name, S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0) != 0)
            die(entry->d_name);
    }
    (void)closedir(entries);
}

void kn_home_remove(struct kn_home *home)
{
    int folder = open(home->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (folder < 0 || fstat(folder, &info) != 0)
        die(home->path);
    if (strstr(home->path, mark) == NULL || info.st_dev != home->device ||
        info.st_ino != home->number) {
        (void)fprintf(stderr, "%s is not the folder that this test made\n", home->path);
        abort();
    }
    empty(folder, home->device, 0);
    if (rmdir(home->path) != 0)
        die(home->path);
    *home = (struct kn_home){ 0 };
}

const char *kn_home_path(const struct kn_home *home, const char *name)
{
    enum { SLOTS = 4 };
    static char slots[SLOTS][KN_HOME_PATH_MAX * 2];
    static unsigned next;
    char *slot = slots[next++ % SLOTS];
    int n = snprintf(slot, sizeof(slots[0]), "%s/%s", home->path, name);

    if (home->path[0] == '\0' || n < 0 || (size_t)n >= sizeof(slots[0]))
        die(name);
    return slot;
}

void kn_home_write(const struct kn_home *home, const char *name, const char *bytes, size_t n,
                   mode_t mode)
{
    int fd = open(kn_home_path(home, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, mode) != 0 || close(fd) != 0)
        die(name);
}

size_t kn_home_count(const struct kn_home *home, const char *part)
{
    DIR *entries = opendir(home->path);
    const struct dirent *entry;
    size_t n = 0;

    if (entries == NULL)
        die(home->path);
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strstr(entry->d_name, part) != NULL)
            n++;
    }
    (void)closedir(entries);
    return n;
}
