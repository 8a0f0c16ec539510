#include "lib/os/port_holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/os/file.h"
#include "lib/os/proc_text.h"

enum { TABLE_MAX = 16 * 1024 * 1024, LINK_SIZE = 64, PATH_SIZE = 64 };

struct sockets {
    uint64_t inodes[KN_PROC_SOCKETS_MAX];
    size_t n;
};

static bool read_table(const char *path, uint16_t port, struct sockets *out)
{
    struct kn_bytes text = { 0 };

    if (kn_file_read(path, TABLE_MAX, &text, NULL) != KN_OK)
        return false;
    kn_proc_listeners_read(text.at, port, out->inodes, &out->n);
    kn_bytes_done(&text);
    return true;
}

static bool is_one_of(const struct sockets *sockets, int folder, const char *name)
{
    char link[LINK_SIZE], wanted[LINK_SIZE];
    ssize_t n = readlinkat(folder, name, link, sizeof(link) - 1);

    if (n <= 0)
        return false;
    link[n] = '\0';
    for (size_t i = 0; i < sockets->n; i++) {
        (void)snprintf(wanted, sizeof(wanted), "socket:[%llu]",
                       (unsigned long long)sockets->inodes[i]);
        if (strcmp(link, wanted) == 0)
            return true;
    }
    return false;
}

/* Has a process one of the sockets open? Of others' we may not see it. */
static bool holds(const char *pid, const struct sockets *sockets)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    bool found = false;
    DIR *folder;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    folder = opendir(path);
    if (folder == NULL)
        return false;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while (!found && (entry = readdir(folder)) != NULL)
        found = is_one_of(sockets, dirfd(folder), entry->d_name);
    (void)closedir(folder);
    return found;
}

static enum kn_code find_holder(const struct sockets *sockets, struct kn_port_holder *out)
{
    DIR *processes = opendir("/proc");
    enum kn_code rc = KN_E_UNKNOWN;
    const struct dirent *entry;
    struct kn_process_info info;
    int64_t pid;

    if (processes == NULL)
        return KN_E_UNKNOWN;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while (rc != KN_OK && (entry = readdir(processes)) != NULL) {
        if (kn_parse_whole(entry->d_name, &pid) != KN_OK || !holds(entry->d_name, sockets))
            continue;
        *out = (struct kn_port_holder){ .pid = pid };
        if (kn_process_look(pid, &info) == KN_OK)
            memcpy(out->name, info.name, sizeof(out->name));
        rc = KN_OK;
    }
    (void)closedir(processes);
    return rc;
}

enum kn_code kn_port_holder(uint16_t port, struct kn_port_holder *out)
{
    struct sockets sockets = { .n = 0 };
    bool seen = read_table("/proc/net/tcp", port, &sockets);

    seen = read_table("/proc/net/tcp6", port, &sockets) || seen;
    if (!seen)
        return KN_E_UNKNOWN;
    return sockets.n == 0 ? KN_E_NOT_FOUND : find_holder(&sockets, out);
}
