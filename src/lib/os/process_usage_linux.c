#include "lib/os/process_usage.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/os/probe.h"

/* spec: proc(5), /proc/pid/statm: pages in all, pages in RAM. */
static int64_t resident_bytes(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char text[256];
    const char *at = text;
    uint64_t all, resident;

    if (page <= 0 || !kn_probe_read("", "/proc/self/statm", text, sizeof(text)) ||
        !kn_probe_number(&at, &all) || !kn_probe_number(&at, &resident) ||
        resident > (uint64_t)INT64_MAX / (uint64_t)page)
        return -1;
    return (int64_t)resident * page;
}

static int64_t descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t n = -1; /* the folder's own */

    if (folder == NULL)
        return -1;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(folder)) != NULL)
        n += entry->d_name[0] != '.';
    (void)closedir(folder);
    return n;
}

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

void kn_process_usage(struct kn_process_usage *out)
{
    struct rusage usage;

    out->resident_bytes = resident_bytes();
    out->descriptors = descriptors();
    out->processor_s = getrusage(RUSAGE_SELF, &usage) == 0
                           ? seconds(&usage.ru_utime) + seconds(&usage.ru_stime)
                           : -1;
}
