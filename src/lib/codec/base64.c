#include "lib/codec/base64.h"

enum { GROUP = 4, NO_DIGIT = 64 };

static unsigned digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NO_DIGIT;
}

/* The digits in front of the padding; GROUP + 1 when they are not digits. */
static size_t count_digits(const uint8_t *group, bool last)
{
    size_t n = GROUP;

    while (last && n > 2 && group[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (digit(group[i]) == NO_DIGIT)
            return GROUP + 1;
    }
    return n;
}

enum kn_code kn_base64_decode(struct kn_span text, uint8_t *out, size_t room, size_t *out_n)
{
    size_t used = 0;

    if (text.n % GROUP != 0)
        return KN_E_SYNTAX;
    for (size_t at = 0; at < text.n; at += GROUP) {
        size_t n = count_digits(text.at + at, at + GROUP == text.n);
        uint32_t bits = 0;

        if (n > GROUP)
            return KN_E_SYNTAX;
        for (size_t i = 0; i < GROUP; i++)
            bits = bits << 6 | (i < n ? digit(text.at[at + i]) : 0);
        if ((bits & (UINT32_C(0xffffff) >> 8 * (n - 1))) != 0)
            return KN_E_SYNTAX;
        if (n - 1 > room - used)
            return KN_E_LIMIT;
        for (size_t i = 0; i < n - 1; i++)
            out[used++] = (uint8_t)(bits >> (16 - 8 * i) & 0xff);
    }
    *out_n = used;
    return KN_OK;
}
