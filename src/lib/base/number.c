#include "lib/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMAL_LONGEST = 400, POINT_SIZE = 16 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum kn_code kn_parse_whole(const char *text, int64_t *out)
{
    const char *at = text + (text[0] == '-');
    bool negative = text[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, value = 0;

    if (!is_digit(*at) || (*at == '0' && (negative || at[1] != '\0')))
        return KN_E_SYNTAX;
    for (const char *c = at; *c != '\0'; c++) {
        if (!is_digit(*c))
            return KN_E_SYNTAX;
    }
    for (; *at != '\0'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (value > (limit - digit) / 10)
            return KN_E_RANGE;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return KN_OK;
}

/* The end of the JSON number at `text`, NULL when there is none. */
static const char *scan_decimal(const char *text)
{
    const char *at = text + (*text == '-');

    if (!is_digit(*at))
        return NULL;
    if (*at == '0')
        at++;
    else
        at += strspn(at, "0123456789");
    if (at[0] == '.' && is_digit(at[1]))
        at += 1 + strspn(at + 1, "0123456789");
    if (at[0] == 'e' || at[0] == 'E') {
        const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');

        if (is_digit(*exponent))
            at = exponent + strspn(exponent, "0123456789");
    }
    return at;
}

/*
 * The decimal point of strtod() and snprintf(): the program that uses us may have set a locale
 * where it is a comma, or longer. localeconv() would not be safe in threads.
 */
static size_t find_point(char point[POINT_SIZE])
{
    int n = snprintf(point, POINT_SIZE, "%.1f", 0.5); /* "0.5" */
    size_t length = n > 2 && n < POINT_SIZE ? (size_t)n - 2 : 0;

    memmove(point, point + 1, length);
    return length;
}

/* strtod() of a text with a point. */
static double read_decimal(const char *text, size_t n)
{
    char point[POINT_SIZE], copy[DECIMAL_LONGEST + POINT_SIZE];
    const char *dot = memchr(text, '.', n);
    size_t length, before = dot != NULL ? (size_t)(dot - text) : n;

    memcpy(copy, text, before);
    if (dot == NULL) {
        copy[n] = '\0';
    } else {
        length = find_point(point);
        memcpy(copy + before, point, length);
        memcpy(copy + before + length, dot + 1, n - before - 1);
        copy[n - 1 + length] = '\0';
    }
    return strtod(copy, NULL);
}

enum kn_code kn_parse_decimal(const char *text, const char **rest, double *out)
{
    const char *end = scan_decimal(text);
    double value;

    if (end == NULL || (rest == NULL && *end != '\0'))
        return KN_E_SYNTAX;
    if (end - text > DECIMAL_LONGEST)
        return KN_E_RANGE;
    value = read_decimal(text, (size_t)(end - text));
    if (!isfinite(value))
        return KN_E_RANGE;
    *out = value;
    if (rest != NULL)
        *rest = end;
    return KN_OK;
}

void kn_print_decimal(double value, char out[KN_DECIMAL_SIZE])
{
    char point[POINT_SIZE], *at;
    size_t length = find_point(point);

    point[length] = '\0';
    if (fabs(value) < 1e15 && value == floor(value)) {
        (void)snprintf(out, KN_DECIMAL_SIZE, "%.0f", value == 0 ? 0.0 : value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, KN_DECIMAL_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    at = length > 0 ? strstr(out, point) : NULL;
    if (at != NULL) {
        *at = '.';
        memmove(at + 1, at + length, strlen(at + length) + 1);
    }
}
