#include "lib/os/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/os/file_open.h"

enum { NUMBER_TEXT_SIZE = 64 };

static size_t fill(int fd, char *out, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t got = read(fd, out + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

bool kn_probe_read(const char *root, const char *path, char *out, size_t size)
{
    char whole[KN_PATH_MAX];
    int n = snprintf(whole, sizeof(whole), "%s%s", root, path), fd = -1;
    struct stat info;
    size_t got;

    out[0] = '\0';
    /* The size that /sys tells is a page, whatever the file holds: no limit is set on it. */
    if (n < 0 || (size_t)n >= sizeof(whole) ||
        kn_file_open(whole, SIZE_MAX, &fd, &info, NULL) != KN_OK)
        return false;
    got = fill(fd, out, size);
    (void)close(fd);
    if (got == size) {
        while (got > 0 && out[got - 1] != '\n')
            got--;
        if (got == size)
            got--;
    }
    out[got] = '\0';
    return true;
}

bool kn_probe_number(const char **at, uint64_t *out)
{
    const char *c = *at + strspn(*at, " \t");
    uint64_t value = 0;

    if (*c < '0' || *c > '9')
        return false;
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');

        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *at = c;
    *out = value;
    return true;
}

bool kn_probe_ends(const char *at)
{
    at += strspn(at, " \t\r");
    return *at == '\0' || *at == '\n';
}

const char *kn_probe_line(const char *text, const char *key)
{
    size_t n = strlen(key);

    while (text != NULL && *text != '\0') {
        if (strncmp(text, key, n) == 0)
            return text + n;
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return NULL;
}

int64_t kn_probe_file_number(const char *root, const char *path)
{
    char text[NUMBER_TEXT_SIZE];
    const char *at = text;
    uint64_t value;

    if (!kn_probe_read(root, path, text, sizeof(text)) || !kn_probe_number(&at, &value) ||
        !kn_probe_ends(at) || value >= (uint64_t)KN_PROBE_NUMBER_END)
        return KN_PROBE_UNKNOWN;
    return (int64_t)value;
}

void kn_probe_copy_line(char *out, size_t size, const char *line)
{
    size_t n;

    line += strspn(line, " \t");
    n = strcspn(line, "\n");
    while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
        n--;
    if (n > size - 1)
        n = size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    out[n] = '\0';
}
