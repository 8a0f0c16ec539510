#include "lib/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum kn_code kn_parse_decimal(const char *text, const char **rest, double *out)
{
    enum { LONGEST = 400 };
    const char *end = scan_decimal(text);
    char copy[LONGEST + 1];
    double value;

    if (end == NULL || (rest == NULL && *end != '\0'))
        return KN_E_SYNTAX;
    if (end - text > LONGEST)
        return KN_E_RANGE;
    memcpy(copy, text, (size_t)(end - text));
    copy[end - text] = '\0';
    /* The program never calls setlocale(LC_NUMERIC), so the decimal point is a point. */
    value = strtod(copy, NULL);
    if (!isfinite(value))
        return KN_E_RANGE;
    *out = value;
    if (rest != NULL)
        *rest = end;
    return KN_OK;
}

void kn_print_decimal(double value, char out[KN_DECIMAL_SIZE])
{
    if (fabs(value) < 1e15 && value == floor(value)) {
        (void)snprintf(out, KN_DECIMAL_SIZE, "%.0f", value == 0 ? 0.0 : value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, KN_DECIMAL_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}
