#include "lib/base/utf8.h"

#include <string.h>

#include "lib/base/attributes.h"

size_t kn_utf8_decode(const char *bytes, size_t n, uint32_t *out)
{
    const unsigned char *at = (const unsigned char *)bytes;
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t code;
    size_t length;

    if (n == 0)
        return 0;
    if (at[0] < 0x80) {
        *out = at[0];
        return 1;
    }
    length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || n < length)
        return 0;
    code = at[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fU);
    }
    if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out = code;
    return length;
}

/* How many of the first bytes are ASCII. */
static size_t ascii_run(const char *at, size_t n)
{
    size_t run = 0;
    uint64_t word;

    for (; n - run >= sizeof(word); run += sizeof(word)) {
        memcpy(&word, at + run, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (run < n && (unsigned char)at[run] < 0x80)
        run++;
    return run;
}

bool kn_utf8_is_valid(const void *bytes, size_t n)
{
    const char *at = bytes;
    uint32_t code;

    while (n > 0) {
        size_t step = ascii_run(at, n);

        if (step == 0)
            step = kn_utf8_decode(at, n, &code);
        if (step == 0)
            return false;
        at += step;
        n -= step;
    }
    return true;
}

size_t kn_utf8_cut(const char *text, size_t n)
{
    size_t cut = n;

    while (cut > 0 && n - cut < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

/* The blocks that terminals draw over the character before, and those two columns wide. */
static const struct {
    uint32_t first, last;
    size_t width;
} blocks[] = {
    { 0x0300, 0x036f, 0 },   { 0x1100, 0x115f, 2 },   { 0x200b, 0x200f, 0 },
    { 0x20d0, 0x20ff, 0 },   { 0x231a, 0x231b, 2 },   { 0x23e9, 0x23ec, 2 },
    { 0x26a1, 0x26a1, 2 },   { 0x2705, 0x2705, 2 },   { 0x2728, 0x2728, 2 },
    { 0x274c, 0x274c, 2 },   { 0x2753, 0x2755, 2 },   { 0x2757, 0x2757, 2 },
    { 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },
    { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },   { 0xfe30, 0xfe6f, 2 },
    { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 },
    { 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

static size_t width_of(uint32_t code)
{
    if (code < 0x300)
        return 1;
    for (size_t i = 0; i < KN_COUNT(blocks); i++) {
        if (code >= blocks[i].first && code <= blocks[i].last)
            return blocks[i].width;
    }
    return 1;
}

size_t kn_utf8_width(const char *text, size_t n)
{
    size_t width = 0;
    uint32_t code;

    for (size_t i = 0, length; i < n; i += length) {
        length = 1;
        if ((unsigned char)text[i] < 0x80) {
            width++;
            continue;
        }
        length = kn_utf8_decode(text + i, n - i, &code);
        if (length == 0) { /* not UTF-8: a terminal shows one replacement a byte */
            length = 1;
            code = '?';
        }
        width += width_of(code);
    }
    return width;
}
