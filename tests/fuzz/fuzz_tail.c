/*
 * Property: however the bytes of a file are cut, its lines are the same, and none is longer than
 * KN_TAIL_LINE_MAX or holds a line feed; the last N found from its end are the last N of all, where
 * no line is too long.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "node/log/tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMED_MAX = 1 << 16 };

struct seen {
    size_t count, longest;
    uint64_t hash;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void see(void *arg, const char *line, size_t n)
{
    struct seen *seen = arg;

    require(n <= KN_TAIL_LINE_MAX && memchr(line, '\n', n) == NULL);
    seen->count++;
    seen->longest = n > seen->longest ? n : seen->longest;
    for (size_t i = 0; i <= n; i++)
        seen->hash = (seen->hash ^ (i < n ? (uint8_t)line[i] : 256u)) * 1099511628211u;
}

static struct seen read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
    struct seen seen = { 0 };
    struct kn_tail_lines lines = { .arg = &seen, .line = see };

    for (size_t at = 0; at < size; at += piece)
        require(
            kn_tail_take(&lines, (const char *)data + at, size - at < piece ? size - at : piece));
    kn_tail_end(&lines);
    return seen;
}

struct file {
    const uint8_t *data;
    size_t size;
};

static enum kn_code read_at(void *arg, uint64_t at, void *out, size_t n, size_t *got,
                            struct kn_error *err)
{
    const struct file *file = arg;

    (void)err;
    *got = at < file->size ? file->size - (size_t)at : 0;
    *got = *got < n ? *got : n;
    memcpy(out, file->data + at, *got);
    return KN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file file;
    struct seen all, some;
    size_t wanted;
    uint64_t start;

    if (size < 2 || size > NAMED_MAX)
        return 0;
    wanted = data[0];
    file = (struct file){ data + 1, size - 1 };
    all = read_in_pieces(file.data, file.size, file.size);
    some = read_in_pieces(file.data, file.size, 1 + data[0] % 7u);
    require(all.count == some.count && all.hash == some.hash);
    require(kn_tail_find(read_at, &file, file.size, wanted, &start, NULL) == KN_OK);
    require(start <= file.size);
    some = read_in_pieces(file.data + start, file.size - (size_t)start, file.size);
    if (all.longest < KN_TAIL_LINE_MAX)
        require(some.count == (all.count < wanted ? all.count : wanted));
    return 0;
}
