#include "config/schema/cron.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                           "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};

static const struct field {
    const char *name;
    unsigned low, high;       /* of the text; weekdays have Sunday at both ends */
    unsigned last;            /* highest value that is not another name of a lower one */
    const char *const *names; /* of low, low + 1, …; NULL when there are none */
} fields[FIELDS] = {
    [MINUTE] = { "minute", 0, 59, 59, NULL },
    [HOUR] = { "hour", 0, 23, 23, NULL },
    [DAY] = { "day-of-month", 1, 31, 31, NULL },
    [MONTH] = { "month", 1, 12, 12, month_names },
    [WEEKDAY] = { "day-of-week", 0, 7, 6, weekday_names },
};

/* Words of Vixie cron and what they stand for. */
static const struct {
    const char *word, *fields;
} words[] = {
    { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" },
    { "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" },    { "@midnight", "0 0 * * *" },
    { "@hourly", "0 * * * *" },
};

/* A view into the text. */
struct piece {
    const char *at;
    size_t n;
};

/* What one item of a list says. */
struct item {
    unsigned from, to, step;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Cut `rest` at the first `c`: the part before it is returned, `rest` is what follows it.
 * `*found` says whether there was one; without it everything is returned. */
static struct piece split(struct piece *rest, char c, bool *found)
{
    const char *at = rest->n > 0 ? memchr(rest->at, c, rest->n) : NULL;
    struct piece before = *rest;

    *found = at != NULL;
    if (at != NULL)
        before.n = (size_t)(at - rest->at);
    rest->at += before.n + (at != NULL);
    rest->n -= before.n + (at != NULL);
    return before;
}

static bool named(struct piece word, const char *name)
{
    for (size_t i = 0; i < word.n; i++) {
        if (lower(word.at[i]) != name[i]) /* a NUL in `name` differs from every byte of the text */
            return false;
    }
    return name[word.n] == '\0';
}

static enum kn_code refuse_word(const struct field *f, struct piece word, struct kn_error *err)
{
    enum kn_code rc = kn_fail(err, KN_E_SYNTAX, "\"%.*s\" is no %s", (int)word.n, word.at, f->name);

    if (named(word, "?"))
        kn_hint(err, "Write \"*\" for every %s.", f->name);
    else if (f->names != NULL)
        kn_hint(err, "The %s takes numbers from %u to %u and names such as \"%s\".", f->name,
                f->low, f->high, f->names[1]);
    else
        kn_hint(err, "The %s takes numbers from %u to %u.", f->name, f->low, f->high);
    return rc;
}

/* A decimal number of any length; UINT16_MAX stands for all that are larger. */
static bool read_number(struct piece word, unsigned *out)
{
    unsigned value = 0;

    for (size_t i = 0; i < word.n; i++) {
        if (!is_digit(word.at[i]))
            return false;
        value = value * 10 + (unsigned)(word.at[i] - '0');
        if (value > UINT16_MAX)
            value = UINT16_MAX;
    }
    *out = value;
    return word.n > 0;
}

static enum kn_code read_value(const struct field *f, struct piece word, unsigned *out,
                               struct kn_error *err)
{
    for (unsigned i = 0; f->names != NULL && f->names[i] != NULL; i++) {
        if (named(word, f->names[i])) {
            *out = f->low + i;
            return KN_OK;
        }
    }
    if (!read_number(word, out))
        return refuse_word(f, word, err);
    if (*out < f->low || *out > f->high)
        return kn_fail(err, KN_E_RANGE, "%s \"%.*s\" is outside %u..%u", f->name, (int)word.n,
                       word.at, f->low, f->high);
    return KN_OK;
}

/* "N" or "N-M". */
static const char *print_range(unsigned from, unsigned to, char out[24])
{
    if (from == to)
        (void)snprintf(out, 24, "%u", from);
    else
        (void)snprintf(out, 24, "%u-%u", from, to);
    return out;
}

static enum kn_code refuse_backwards(const struct field *f, struct piece range, struct item item,
                                     struct kn_error *err)
{
    enum kn_code rc = kn_fail(err, KN_E_INVALID, "%s range \"%.*s\" runs backwards", f->name,
                              (int)range.n, range.at);
    char first[24], second[24];

    if (item.from > f->last)
        kn_hint(err, "Sunday at the start of a range is 0: write \"%s\".",
                print_range(f->low, item.to, first));
    else if (f == &fields[WEEKDAY] && item.to == 0)
        kn_hint(err, "Sunday at the end of a range is 7: write \"%u-7\".", item.from);
    else
        kn_hint(err, "Write both parts: \"%s,%s\".", print_range(item.from, f->last, first),
                print_range(f->low, item.to, second));
    return rc;
}

static enum kn_code read_range(const struct field *f, struct piece range, struct item *item,
                               bool *single, struct kn_error *err)
{
    struct piece rest = range, from;
    bool dash;
    enum kn_code rc;

    from = split(&rest, '-', &dash);
    rc = read_value(f, from, &item->from, err);
    if (rc != KN_OK)
        return rc;
    *single = !dash;
    item->to = item->from;
    if (!dash)
        return KN_OK;
    rc = read_value(f, rest, &item->to, err);
    if (rc != KN_OK)
        return rc;
    /* SAT-SUN can only mean one thing. */
    if (f == &fields[WEEKDAY] && item->to == 0 && item->from > 0 && named(rest, "sun"))
        item->to = 7;
    if (item->to < item->from)
        return refuse_backwards(f, range, *item, err);
    return KN_OK;
}

static enum kn_code read_step(const struct field *f, struct piece word, unsigned *out,
                              struct kn_error *err)
{
    if (!read_number(word, out))
        return kn_fail(err, KN_E_SYNTAX, "\"%.*s\" is not a step of the %s", (int)word.n, word.at,
                       f->name);
    if (*out < 1 || *out > f->high)
        return kn_fail(err, KN_E_RANGE, "step \"%.*s\" of the %s is outside 1..%u", (int)word.n,
                       word.at, f->name, f->high);
    return KN_OK;
}

/* One of a list: "*", "N", "N-M", "*" and "N-M" also with "/STEP". */
static enum kn_code read_item(const struct field *f, struct piece text, struct item *item,
                              struct kn_error *err)
{
    struct piece rest = text, base;
    bool slash, single = false;
    enum kn_code rc;

    base = split(&rest, '/', &slash);
    *item = (struct item){ f->low, f->last, 1 };
    if (!named(base, "*")) {
        rc = read_range(f, base, item, &single, err);
        if (rc != KN_OK)
            return rc;
    }
    if (!slash)
        return KN_OK;
    rc = read_step(f, rest, &item->step, err);
    if (rc != KN_OK || !single)
        return rc;
    rc = kn_fail(err, KN_E_INVALID, "%s \"%.*s\" has a step without a range", f->name, (int)text.n,
                 text.at);
    kn_hint(err, "Write \"%u-%u/%u\", or leave out the step.",
            item->from > f->last ? f->low : item->from, f->last, item->step);
    return rc;
}

static enum kn_code read_field(const struct field *f, struct piece text, uint64_t *out,
                               struct kn_error *err)
{
    struct piece rest = text;
    uint64_t set = 0;
    bool more = true;

    while (more) {
        struct piece one = split(&rest, ',', &more);
        struct item item;
        enum kn_code rc;

        if (one.n == 0)
            return kn_fail(err, KN_E_SYNTAX, "empty item in the %s \"%.*s\"", f->name, (int)text.n,
                           text.at);
        rc = read_item(f, one, &item, err);
        if (rc != KN_OK)
            return rc;
        for (unsigned value = item.from; value <= item.to; value += item.step)
            set |= UINT64_C(1) << (value > f->last ? f->low : value);
    }
    *out = set;
    return KN_OK;
}

/* Words between blanks: at most FIELDS are kept, all are counted. */
static size_t cut_fields(const char *text, struct piece out[FIELDS])
{
    size_t n = 0;

    for (;;) {
        size_t length;

        text += strspn(text, " \t");
        length = strcspn(text, " \t");
        if (length == 0)
            return n;
        if (n < FIELDS)
            out[n] = (struct piece){ text, length };
        n++;
        text += length;
    }
}

static enum kn_code refuse_count(size_t n, struct piece start, struct kn_error *err)
{
    enum kn_code rc;

    if (n > 0 && start.at[0] == '@') {
        rc = kn_fail(err, KN_E_UNSUPPORTED, "\"%.*s\" is not a time in five fields", (int)start.n,
                     start.at);
        for (size_t i = 0; i < KN_COUNT(words); i++) {
            if (named(start, words[i].word))
                kn_hint(err, "Write \"%s\".", words[i].fields);
        }
        return rc;
    }
    rc = kn_fail(err, KN_E_SYNTAX, "%zu field%s where a time has five", n, n == 1 ? "" : "s");
    if (n > FIELDS)
        kn_hint(err, "There is none for seconds or the year: minute hour day-of-month month "
                     "day-of-week.");
    else
        kn_hint(err, "Write minute hour day-of-month month day-of-week, for example "
                     "\"0 9 * * MON-FRI\".");
    return rc;
}

/* Some day of some month is in the sets; 29 February counts, it falls on every weekday in time. */
static enum kn_code check_due(const struct kn_cron *cron, const struct piece texts[FIELDS],
                              struct kn_error *err)
{
    static const unsigned lengths[] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    enum kn_code rc;
    unsigned longest = 0;

    if (cron->day_restricted && cron->weekday_restricted)
        return KN_OK;
    for (unsigned month = 1; month <= 12; month++) {
        if ((cron->months >> month & 1) != 0 && lengths[month] > longest)
            longest = lengths[month];
    }
    if ((cron->days & ((UINT64_C(1) << (longest + 1)) - 1)) != 0)
        return KN_OK;
    rc = kn_fail(err, KN_E_INVALID, "day-of-month \"%.*s\" never comes in month \"%.*s\"",
                 (int)texts[DAY].n, texts[DAY].at, (int)texts[MONTH].n, texts[MONTH].at);
    kn_hint(err, "The longest of these months has %u days.", longest);
    return rc;
}

static enum kn_code check_bytes(const char *text, struct kn_error *err)
{
    size_t n = strlen(text);

    if (n > KN_CRON_TEXT_MAX)
        return kn_fail(err, KN_E_LIMIT, "%zu characters where a time may have %d", n,
                       KN_CRON_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\t' && (text[i] < ' ' || text[i] > '~'))
            return kn_fail(err, KN_E_SYNTAX, "the byte 0x%02x at character %zu",
                           (unsigned char)text[i], i + 1);
    }
    return KN_OK;
}

enum kn_code kn_cron_parse(const char *text, struct kn_cron *out, struct kn_error *err)
{
    struct piece texts[FIELDS] = { { 0 } };
    uint64_t sets[FIELDS];
    struct kn_cron cron;
    size_t n;
    enum kn_code rc = check_bytes(text, err);

    if (rc != KN_OK)
        return rc;
    n = cut_fields(text, texts);
    if (n != FIELDS)
        return refuse_count(n, texts[0], err);
    for (size_t i = 0; i < FIELDS; i++) {
        rc = read_field(&fields[i], texts[i], &sets[i], err);
        if (rc != KN_OK)
            return rc;
    }
    cron = (struct kn_cron){
        .minutes = sets[MINUTE],
        .hours = (uint32_t)sets[HOUR],
        .days = (uint32_t)sets[DAY],
        .months = (uint32_t)sets[MONTH],
        .weekdays = (uint32_t)sets[WEEKDAY],
        .day_restricted = texts[DAY].at[0] != '*',
        .weekday_restricted = texts[WEEKDAY].at[0] != '*',
    };
    rc = check_due(&cron, texts, err);
    if (rc == KN_OK)
        *out = cron;
    return rc;
}

enum kn_code kn_cron_check(const char *text, struct kn_error *err)
{
    struct kn_cron cron;

    return kn_cron_parse(text, &cron, err);
}
