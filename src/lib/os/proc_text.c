#include "lib/os/proc_text.h"

#include <stdbool.h>
#include <string.h>

enum {
    STAT_STARTED = 19, /* words after the state */
    LOCAL_ADDRESS = 1, /* words of a line of /proc/net/tcp, from 0 */
    STATE = 3,
    INODE = 9,
    LISTENS = 0x0a, /* TCP_LISTEN */
};

/* The `i`th word from 0 of a line; its length, 0 when there is none. */
static size_t word(const char *line, unsigned i, const char **out)
{
    static const char spaces[] = " \t";

    for (;; i--) {
        size_t n;

        line += strspn(line, spaces);
        n = strcspn(line, " \t\n");
        if (i == 0 || n == 0) {
            *out = line;
            return n;
        }
        line += n;
    }
}

/* A number that fills `n` characters. */
static bool number(const char *text, size_t n, unsigned base, uint64_t *out)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint64_t value = 0;

    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *digit = memchr(digits, text[i], sizeof(digits) - 1);
        unsigned worth = digit != NULL ? (unsigned)(digit - digits) % 16 : base;

        if (worth >= base || value > (UINT64_MAX - worth) / base)
            return false;
        value = value * base + worth;
    }
    *out = value;
    return true;
}

enum kn_code kn_proc_stat_read(const char *text, struct kn_proc_stat *out)
{
    /* The name may hold anything, ") R 1" too: it ends at the last bracket. */
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    const char *at;
    size_t n;

    if (open == NULL || close == NULL || close < open)
        return KN_E_SYNTAX;
    *out = (struct kn_proc_stat){ .name = open + 1, .name_length = (size_t)(close - open - 1) };
    n = word(close + 1, 0, &at);
    if (n != 1)
        return KN_E_SYNTAX;
    out->state = *at;
    n = word(close + 1, STAT_STARTED, &at);
    return number(at, n, 10, &out->started_ticks) ? KN_OK : KN_E_SYNTAX;
}

/* Does the line speak of a socket that listens on `port`? */
static bool listens(const char *line, uint16_t port, uint64_t *inode)
{
    const char *at, *colon;
    uint64_t value;
    size_t n = word(line, STATE, &at);

    if (!number(at, n, 16, &value) || value != LISTENS)
        return false;
    n = word(line, LOCAL_ADDRESS, &at);
    colon = memchr(at, ':', n);
    if (colon == NULL || !number(colon + 1, (size_t)(at + n - colon - 1), 16, &value) ||
        value != port)
        return false;
    n = word(line, INODE, &at);
    return number(at, n, 10, inode) && *inode != 0;
}

void kn_proc_listeners_read(const char *text, uint16_t port, uint64_t inodes[KN_PROC_SOCKETS_MAX],
                            size_t *n)
{
    while (*text != '\0' && *n < KN_PROC_SOCKETS_MAX) {
        if (listens(text, port, &inodes[*n]))
            ++*n;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}
