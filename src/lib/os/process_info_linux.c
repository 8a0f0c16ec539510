#include "lib/os/process_info.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "lib/os/proc_text.h"

enum { PATH_SIZE = 64, STAT_MAX = 4096, NS_PER_S = 1000000000 };

int64_t kn_process_self(void)
{
    return getpid();
}

enum kn_code kn_process_program(struct kn_text *out, struct kn_error *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

    if (n <= 0 || (size_t)n >= sizeof(path))
        return kn_fail(err, KN_E_UNKNOWN, "the system does not tell where this program is");
    path[n] = '\0';
    if (!kn_file_exists(path)) /* "... (deleted)" */
        return kn_fail(err, KN_E_UNKNOWN, "this program is not at its place any more");
    kn_text_add(out, path);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}

/* When ticks were 0, in seconds since 1970. */
static enum kn_code system_began(double *out)
{
    struct timespec now, up;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return KN_E_UNKNOWN;
    *out = (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / NS_PER_S;
    return KN_OK;
}

static void copy_name(const struct kn_proc_stat *stat, char out[KN_PROCESS_NAME_SIZE])
{
    size_t n = stat->name_length;

    if (n > KN_PROCESS_NAME_SIZE - 1)
        n = KN_PROCESS_NAME_SIZE - 1;
    for (size_t i = 0; i < n; i++) {
        char c = stat->name[i];

        out[i] = c >= ' ' && c <= '~' ? c : '?';
    }
    out[n] = '\0';
}

static enum kn_code judge(const char *text, struct kn_process_info *out)
{
    long ticks_per_s = sysconf(_SC_CLK_TCK);
    struct kn_proc_stat stat;
    double began;

    if (kn_proc_stat_read(text, &stat) != KN_OK || ticks_per_s <= 0 ||
        system_began(&began) != KN_OK)
        return KN_E_UNKNOWN;
    if (stat.state == 'Z' || stat.state == 'X')
        return KN_E_NOT_FOUND;
    copy_name(&stat, out->name);
    out->started = (int64_t)(began + (double)stat.started_ticks / (double)ticks_per_s);
    return KN_OK;
}

enum kn_code kn_process_look(int64_t pid, struct kn_process_info *out)
{
    char path[PATH_SIZE];
    struct kn_bytes text = { 0 };
    enum kn_code rc;

    if (pid <= 0)
        return KN_E_NOT_FOUND;
    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    rc = kn_file_read(path, STAT_MAX, &text, NULL);
    if (rc == KN_OK)
        rc = judge(text.at, out);
    else if (rc != KN_E_NOT_FOUND)
        rc = KN_E_UNKNOWN;
    kn_bytes_done(&text);
    return rc;
}
