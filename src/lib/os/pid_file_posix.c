#include "lib/os/pid_file.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/number.h"
#include "lib/os/file.h"
#include "lib/os/file_open.h"

/* The clock may have been set a little between the start and the file. */
enum { PID_FILE_MAX = 64, CLOCK_SLACK_S = 60 };

static enum kn_code read_number(const char *path, int64_t *pid, int64_t *written)
{
    struct kn_bytes text = { 0 };
    struct stat info;
    int fd = -1;
    enum kn_code rc = kn_file_open(path, PID_FILE_MAX, &fd, &info, NULL);

    if (rc == KN_OK)
        rc = kn_file_drain(fd, (size_t)info.st_size, PID_FILE_MAX, &text, NULL);
    if (rc == KN_OK) {
        text.at[strcspn(text.at, " \t\r\n")] = '\0';
        rc = kn_parse_whole(text.at, pid);
        *written = info.st_mtime;
    }
    kn_bytes_done(&text);
    return rc;
}

enum kn_code kn_pid_file_look(const char *path, int64_t *pid, struct kn_process_info *info)
{
    int64_t written;

    if (read_number(path, pid, &written) != KN_OK || *pid == kn_process_self() ||
        kn_process_look(*pid, info) != KN_OK || info->started > written + CLOCK_SLACK_S)
        return KN_E_NOT_FOUND;
    return KN_OK;
}
