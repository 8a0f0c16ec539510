#include "node/log/tail.h"

#include <string.h>

/* -- backwards */

/* The place behind the `*left`-th line feed from the end of `piece`; false: there are fewer, and
 * `*left` is what is left to find. */
static bool find_in(const char *piece, size_t n, uint64_t *left, size_t *at)
{
    while (n > 0) {
        n--;
        if (piece[n] == '\n' && --*left == 0) {
            *at = n + 1;
            return true;
        }
    }
    return false;
}

/* The line feed at the very end begins no line. */
static uint64_t end_of(kn_tail_read_fn *read, void *arg, uint64_t size)
{
    struct kn_error ignored = { 0 };
    size_t got = 0;
    char last = 0;

    return size > 0 && read(arg, size - 1, &last, 1, &got, &ignored) == KN_OK && got == 1 &&
                   last == '\n'
               ? size - 1
               : size;
}

enum kn_code kn_tail_find(kn_tail_read_fn *read, void *arg, uint64_t size, uint64_t lines,
                          uint64_t *start, struct kn_error *err)
{
    char piece[KN_TAIL_LINE_MAX];
    uint64_t left = lines < KN_TAIL_LINES_MAX ? lines : KN_TAIL_LINES_MAX;
    uint64_t end = end_of(read, arg, size), least = 0;

    *start = size;
    if (left == 0)
        return KN_OK;
    if (end > left * KN_TAIL_LINE_MAX)
        least = end - left * KN_TAIL_LINE_MAX;
    while (end > least) {
        size_t n = end - least < sizeof(piece) ? (size_t)(end - least) : sizeof(piece), got, at;
        enum kn_code rc = read(arg, end - n, piece, n, &got, err);

        if (rc != KN_OK)
            return rc;
        if (got < n) /* it was shortened meanwhile: from where it ends now */
            memset(piece + got, 0, n - got);
        if (find_in(piece, n, &left, &at)) {
            *start = end - n + at;
            return KN_OK;
        }
        end -= n;
    }
    *start = least;
    return KN_OK;
}

/* -- forwards */

static void tell(struct kn_tail_lines *lines)
{
    if (!lines->skips)
        lines->line(lines->arg, kn_text_get(&lines->part), lines->part.n);
    kn_text_cut(&lines->part, 0);
}

static void add(struct kn_tail_lines *lines, const char *bytes, size_t n)
{
    size_t room = KN_TAIL_LINE_MAX - lines->part.n;

    if (lines->skips)
        return;
    kn_text_add_n(&lines->part, bytes, n < room ? n : room);
    if (n > room) {
        tell(lines);
        lines->skips = true;
    }
}

bool kn_tail_take(struct kn_tail_lines *lines, const char *bytes, size_t n)
{
    while (n > 0) {
        const char *feed = memchr(bytes, '\n', n);
        size_t length = feed != NULL ? (size_t)(feed - bytes) : n;

        add(lines, bytes, length);
        if (lines->part.failed)
            return false;
        if (feed == NULL)
            return true;
        tell(lines);
        lines->skips = false;
        bytes = feed + 1;
        n -= length + 1;
    }
    return true;
}

void kn_tail_end(struct kn_tail_lines *lines)
{
    if (lines->part.n > 0 && !lines->part.failed)
        tell(lines);
    kn_text_done(&lines->part);
}
