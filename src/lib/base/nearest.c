#include "lib/base/nearest.h"

#include <string.h>

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Optimal string alignment distance; both words at most KN_NEAREST_WORD_MAX long. One of `most` or
 * more is `most`: from two rows that have nothing less on, none has. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb, size_t most)
{
    size_t rows[3][KN_NEAREST_WORD_MAX + 1], low_above = 0;
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= nb; j++)
        above[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *recycled = before, low = i;

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            char x = fold(a[i - 1]), y = fold(b[j - 1]);

            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold(b[j - 2]) && fold(a[i - 2]) == y && x != y &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
            low = row[j] < low ? row[j] : low;
        }
        if (low >= most && low_above >= most)
            return most;
        low_above = low;
        before = above;
        above = row;
        row = recycled;
    }
    return above[nb];
}

struct kn_nearest kn_nearest_to(const char *word)
{
    size_t n = strlen(word);

    return (struct kn_nearest){ .word = word, .distance = n < 3 ? 2 : n / 3 + 1 };
}

void kn_nearest_offer(struct kn_nearest *nearest, const char *candidate)
{
    size_t n = strlen(nearest->word), m = strlen(candidate), d;

    if (n == 0 || n > KN_NEAREST_WORD_MAX || m > KN_NEAREST_WORD_MAX)
        return;
    if ((n > m ? n - m : m - n) >= nearest->distance)
        return;
    d = distance(nearest->word, n, candidate, m, nearest->distance);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = candidate;
    }
}
