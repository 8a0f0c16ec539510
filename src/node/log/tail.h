/*
 * tail — the lines at the end of a file, and those that come. Pure: bytes are handed in.
 *
 * A line has at most KN_TAIL_LINE_MAX bytes; of a longer one the rest is not told. A file is read
 * from its end, and no more of it than so many lines can have.
 */
#ifndef KN_NODE_LOG_TAIL_H
#define KN_NODE_LOG_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

enum { KN_TAIL_LINE_MAX = 4096, KN_TAIL_LINES_MAX = 1000000 };

/* Bytes `at` to `at + n` of a file; `*got` may be fewer. */
typedef enum kn_code kn_tail_read_fn(void *arg, uint64_t at, void *out, size_t n, size_t *got,
                                     struct kn_error *err);

/*
 * Where the last `lines` lines of a file of `size` bytes begin, an unfinished one at its end
 * included. Codes of `read`.
 */
KN_MUST_USE enum kn_code kn_tail_find(kn_tail_read_fn *read, void *arg, uint64_t size,
                                      uint64_t lines, uint64_t *start, struct kn_error *err);

/* Bytes as lines; begin with { 0 } but for the first two. */
struct kn_tail_lines {
    void *arg;
    void (*line)(void *arg, const char *line, size_t n); /* without its line feed; lent; may hold
                                                          * any other byte */
    struct kn_text part;
    bool skips; /* the rest of a line that is too long */
};

/* False when memory is short. */
KN_MUST_USE bool kn_tail_take(struct kn_tail_lines *lines, const char *bytes, size_t n);

/* No more comes: what is unfinished is a line. Also releases what it holds. */
void kn_tail_end(struct kn_tail_lines *lines);

#endif
