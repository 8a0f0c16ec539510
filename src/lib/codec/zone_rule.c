#include "lib/codec/zone_rule.h"

#include "lib/codec/date.h"
#include "lib/codec/zone.h"

enum {
    HOUR_S = 3600,
    MINUTE_S = 60,
    NAME_MIN = 3,
    NAME_MAX = 32,
    OFFSET_HOURS_MAX = 24,
    TIME_HOURS_MAX = 167,
    USUAL_TIME_S = 2 * HOUR_S, /* of a change, where none is written */
};

/* -- reading */

/* A text that is used up from the front; failed stays failed. */
struct text {
    const uint8_t *at, *end;
    bool failed;
};

static int peek(const struct text *text)
{
    return !text->failed && text->at < text->end ? *text->at : -1;
}

static bool take(struct text *text, char c)
{
    bool found = peek(text) == c;

    text->at += found;
    return found;
}

static void need(struct text *text, char c)
{
    if (!take(text, c))
        text->failed = true;
}

static bool is_letter(int c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static void skip_name(struct text *text)
{
    bool quoted = take(text, '<');
    int n = 0;

    while (n < NAME_MAX &&
           (is_letter(peek(text)) ||
            (quoted && (is_digit(peek(text)) || peek(text) == '+' || peek(text) == '-')))) {
        text->at++;
        n++;
    }
    if (n < NAME_MIN)
        text->failed = true;
    if (quoted)
        need(text, '>');
}

static int number(struct text *text, int least, int most)
{
    int value = 0;

    if (!is_digit(peek(text)))
        text->failed = true;
    while (is_digit(peek(text)) && value <= most)
        value = value * 10 + (*text->at++ - '0');
    if (value < least || value > most)
        text->failed = true;
    return value;
}

/* [+-]hh[:mm[:ss]] */
static int32_t time_of(struct text *text, int hours_max)
{
    bool below = take(text, '-');
    int32_t seconds;

    if (!below)
        (void)take(text, '+');
    seconds = number(text, 0, hours_max) * HOUR_S;
    if (take(text, ':')) {
        seconds += number(text, 0, 59) * MINUTE_S;
        if (take(text, ':'))
            seconds += number(text, 0, 59);
    }
    return below ? -seconds : seconds;
}

static void read_day(struct text *text, struct kn_zone_day *out)
{
    *out = (struct kn_zone_day){ .kind = KN_ZONE_DAY_FROM_ZERO, .time = USUAL_TIME_S };
    need(text, ',');
    if (take(text, 'M')) {
        out->kind = KN_ZONE_DAY_OF_WEEK;
        out->month = number(text, 1, 12);
        need(text, '.');
        out->week = number(text, 1, 5);
        need(text, '.');
        out->day = number(text, 0, 6);
    } else if (take(text, 'J')) {
        out->kind = KN_ZONE_DAY_NO_LEAP;
        out->day = number(text, 1, 365);
    } else {
        out->day = number(text, 0, 365);
    }
    if (take(text, '/'))
        out->time = time_of(text, TIME_HOURS_MAX);
}

enum kn_code kn_zone_rule_parse(struct kn_span bytes, struct kn_zone_rule *out)
{
    struct text text = { .at = bytes.at, .end = bytes.at + bytes.n };
    struct kn_zone_rule rule = { 0 };
    int next;

    if (bytes.n == 0)
        return KN_E_SYNTAX;
    skip_name(&text);
    rule.offset = -time_of(&text, OFFSET_HOURS_MAX); /* the text counts westwards */
    if (peek(&text) >= 0) {
        rule.has_dst = true;
        skip_name(&text);
        next = peek(&text);
        rule.dst_offset = next == ',' ? rule.offset + HOUR_S : -time_of(&text, OFFSET_HOURS_MAX);
        read_day(&text, &rule.begin);
        read_day(&text, &rule.end);
    }
    if (text.failed || text.at != text.end)
        return KN_E_SYNTAX;
    *out = rule;
    return KN_OK;
}

/* -- asking */

/* Days since 1970. */
static int64_t day_in(const struct kn_zone_day *day, int64_t year)
{
    int64_t first;
    int skip, at;

    if (day->kind == KN_ZONE_DAY_FROM_ZERO)
        return kn_date_days(year, 1, 1) + day->day;
    if (day->kind == KN_ZONE_DAY_NO_LEAP)
        return kn_date_days(year, 1, 1) + day->day - 1 +
               (kn_date_is_leap(year) && day->day > 31 + 28);
    first = kn_date_days(year, day->month, 1);
    skip = (day->day - kn_date_of(first).weekday + 7) % 7;
    at = skip + 7 * (day->week - 1);
    return first + (at < kn_date_month_length(year, day->month) ? at : at - 7);
}

/* Widen or narrow `out` by one change: the latest at or before `moment` begins it, the earliest
 * after it ends it. Of two at once the later call wins. */
static void offer(struct kn_zone_span *out, int64_t moment, int64_t at, int32_t offset, bool is_dst)
{
    if (at > moment) {
        out->until = at < out->until ? at : out->until;
    } else if (at >= out->from) {
        out->from = at;
        out->offset = offset;
        out->is_dst = is_dst;
    }
}

void kn_zone_rule_at(const struct kn_zone_rule *rule, int64_t moment, struct kn_zone_span *out)
{
    int64_t year;

    *out = (struct kn_zone_span){ INT64_MIN, INT64_MAX, rule->offset, false };
    if (!rule->has_dst)
        return;
    year = kn_date_of(kn_date_day(moment)).year;
    /* Summer all year ends in the moment in which it begins again: the beginning is offered
     * last, in the order of years. */
    for (int64_t y = year - 2; y <= year + 2; y++)
        offer(out, moment, day_in(&rule->end, y) * KN_DAY_S + rule->end.time - rule->dst_offset,
              rule->offset, false);
    for (int64_t y = year - 2; y <= year + 2; y++)
        offer(out, moment, day_in(&rule->begin, y) * KN_DAY_S + rule->begin.time - rule->offset,
              rule->dst_offset, true);
}
