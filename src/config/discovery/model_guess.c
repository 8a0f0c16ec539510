/* The size of a model whose shape nobody knows, from its name. */
#include <math.h>
#include <string.h>

#include "config/discovery/model_shape.h"

enum { DIGITS_MAX = 6 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits as a number, and how many they are. */
static double read_digits(const char **at, unsigned *n)
{
    double value = 0;

    for (*n = 0; is_digit(**at) && *n < DIGITS_MAX; ++*n, ++*at)
        value = value * 10 + (**at - '0');
    return value;
}

/* "70", "1.5". False when it does not begin with a digit or is too long to be a size. */
static bool read_amount(const char **at, double *out)
{
    unsigned n;
    double value = read_digits(at, &n), fraction;

    if (n == 0)
        return false;
    if (**at == '.' && is_digit((*at)[1])) {
        ++*at;
        fraction = read_digits(at, &n);
        value += fraction / pow(10, n);
    }
    *out = value;
    return !is_digit(**at);
}

/* "70B", "8x7B", "7b1", "560m" at the beginning of `at`, as a number of parameters. */
static bool read_size(const char *at, double *out)
{
    double experts = 1, amount, unit;

    if (!read_amount(&at, &amount))
        return false;
    if ((*at == 'x' || *at == 'X') && is_digit(at[1])) {
        experts = amount * 0.82; /* they share everything but the feed-forward part */
        at++;
        if (!read_amount(&at, &amount))
            return false;
    }
    if (*at != 'b' && *at != 'B' && *at != 'm' && *at != 'M')
        return false;
    unit = *at == 'b' || *at == 'B' ? 1e9 : 1e6;
    at++;
    if (is_digit(*at))
        amount += (*at++ - '0') / 10.0; /* "7b1" */
    *out = experts * amount * unit;
    return !is_digit(*at) && !is_letter(*at) && *out >= 1e6 && *out <= 1e14;
}

/* The first size that is a word of its own: "A3B" and the version in "Qwen2.5" are none. */
static bool find_size(const char *name, double *out)
{
    for (const char *at = name; *at != '\0'; at++) {
        char before = at > name ? at[-1] : '-';

        if (!is_digit(before) && !is_letter(before) && before != '.' && read_size(at, out))
            return true;
    }
    return false;
}

/* How many blocks models of about that size have, between whom the logarithm is even. */
static uint32_t guess_blocks(double parameters)
{
    static const struct {
        double parameters, blocks;
    } steps[] = {
        { 0.1e9, 24 }, { 1.5e9, 24 }, { 3e9, 30 },  { 7e9, 32 },   { 9e9, 38 },
        { 14e9, 42 },  { 32e9, 60 },  { 70e9, 80 }, { 180e9, 90 }, { 405e9, 126 },
    };
    size_t i = 1;
    double share;

    while (i < KN_COUNT(steps) - 1 && parameters > steps[i].parameters)
        i++;
    share = log(parameters / steps[i - 1].parameters) /
            log(steps[i].parameters / steps[i - 1].parameters);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    return (uint32_t)lround(steps[i - 1].blocks + share * (steps[i].blocks - steps[i - 1].blocks));
}

bool kn_model_size_guess(const char *name, uint32_t blocks, struct kn_model_size *out)
{
    const char *slash = strrchr(name, '/');
    const char *last = slash != NULL ? slash + 1 : name;
    double parameters;

    if (!find_size(last, &parameters))
        return false;
    if (strstr(last, "gemma") != NULL || strstr(last, "Gemma") != NULL)
        parameters *= 1.1; /* their names leave out a part of the large vocabulary */
    if (blocks == 0)
        blocks = guess_blocks(parameters);
    *out = (struct kn_model_size){
        .source = KN_SIZE_GUESS,
        .blocks = blocks,
        .whole_parameters = (int64_t)parameters,
        /* With their share of the embeddings: rather a block too few than one too many. */
        .block_parameters = (int64_t)ceil(parameters / blocks),
        .cache_numbers = INT64_C(2) * 8 * 128, /* what most models of today have */
    };
    return true;
}
