/*
 * cron — the five fields that say at which minutes something starts.
 *
 * minute hour day-of-month month day-of-week, each "*", a number, a range or a list of them, with
 * a step after "*" or a range; months and weekdays also by their English three letters. Knows no
 * clock and no time zone: it gives sets, the scheduler looks the present up in them.
 * spec: POSIX crontab, "INPUT FILES"; steps and names as in Vixie cron.
 */
#ifndef KN_CONFIG_SCHEMA_CRON_H
#define KN_CONFIG_SCHEMA_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { KN_CRON_TEXT_MAX = 256 };

/*
 * Bit n stands for the value n. A day matches when both `days` and `weekdays` have it; but when
 * both fields are restricted, which is when neither begins with "*", one of them is enough.
 */
struct kn_cron {
    uint64_t minutes;  /* 0..59 */
    uint32_t hours;    /* 0..23 */
    uint32_t days;     /* 1..31 */
    uint32_t months;   /* 1..12 */
    uint32_t weekdays; /* 0..6 from Sunday; a 7 in the text is 0 here */
    bool day_restricted, weekday_restricted;
};

/*
 * Read `text`. KN_E_LIMIT: longer than KN_CRON_TEXT_MAX; KN_E_SYNTAX: not five such fields;
 * KN_E_RANGE: a number outside its field; KN_E_INVALID: never due, a range that runs backwards, a
 * step on a single number; KN_E_UNSUPPORTED: "@daily" and its like. `out` is written on success
 * only.
 */
KN_MUST_USE enum kn_code kn_cron_parse(const char *text, struct kn_cron *out, struct kn_error *err);

/* The same without the result. */
KN_MUST_USE enum kn_code kn_cron_check(const char *text, struct kn_error *err);

#endif
