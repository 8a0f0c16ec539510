/*
 * number — numbers as people and JSON write them, and the shortest text that reads back the same.
 */
#ifndef KN_BASE_NUMBER_H
#define KN_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

/*
 * A whole number: 0 or -?[1-9][0-9]*, nothing before or after.
 * KN_E_SYNTAX: something else; KN_E_RANGE: a whole number that no int64_t holds.
 */
KN_MUST_USE enum kn_code kn_parse_whole(const char *text, int64_t *out);

/*
 * A JSON number (RFC 8259 §6), independent of the locale. On KN_OK `*rest` is the first byte
 * after it, which may be anything; without `rest` the text must end there.
 * KN_E_SYNTAX: no number; KN_E_RANGE: no finite double.
 */
KN_MUST_USE enum kn_code kn_parse_decimal(const char *text, const char **rest, double *out);

enum { KN_DECIMAL_SIZE = 40 };

/* The shortest decimal text that reads back as `value`; without exponent where that stays short. */
void kn_print_decimal(double value, char out[KN_DECIMAL_SIZE]);

#endif
