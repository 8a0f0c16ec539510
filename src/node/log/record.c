#include "node/log/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/harmless.h"
#include "lib/base/utf8.h"
#include "lib/json/json.h"

/* -- time */

struct day {
    int64_t year;
    unsigned month, day;
};

/* The Gregorian calendar, counted from 1 March of year 0: leap days come last. */
static struct day day_of(int64_t days)
{
    enum { DAYS_TO_1970 = 719468, ERA = 146097 };
    int64_t z = days + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (ERA - 1)) / ERA;
    unsigned in_era = (unsigned)(z - era * ERA);
    unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * in_year + 2) / 153;

    return (struct day){ .year = (int64_t)year + era * 400 + (month >= 10),
                         .month = month < 10 ? month + 3 : month - 9,
                         .day = in_year - (153 * month + 2) / 5 + 1 };
}

void kn_log_time(double at, char out[KN_LOG_TIME_SIZE])
{
    enum { DAY_S = 86400 };
    /* Beyond the year 9999 no clock is right. */
    double known = at >= 0 && at < 253402300800.0 ? at : 0;
    int64_t ms = (int64_t)(known * 1000), s = ms / 1000;
    struct day day = day_of(s / DAY_S);
    int64_t rest = s % DAY_S;

    (void)snprintf(out, KN_LOG_TIME_SIZE, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", (int)day.year,
                   day.month, day.day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
                   (int)(ms % 1000));
}

/* -- words */

/* At most `max` bytes of what somebody wrote, harmless. */
static void add_cut(struct kn_text *out, const char *words, size_t max)
{
    enum { DOTS = 3 };
    struct kn_text all = { 0 };
    size_t n = strlen(words);

    /* What becomes a '?' never grows, so no more than that need be read. */
    kn_text_add_n(&all, words, n > max ? kn_utf8_cut(words, max - DOTS) : n);
    if (n > max)
        kn_text_add(&all, "...");
    kn_text_add_harmless(out, kn_text_get(&all));
    out->failed = out->failed || all.failed;
    kn_text_done(&all);
}

/* -- for people */

static bool is_plain(const char *word)
{
    return word[0] != '\0' && strpbrk(word, " \"=\\") == NULL;
}

static void add_word(struct kn_text *out, const char *word)
{
    struct kn_text harmless = { 0 };

    add_cut(&harmless, word, KN_LOG_WORD_MAX);
    if (is_plain(kn_text_get(&harmless))) {
        kn_text_add(out, kn_text_get(&harmless));
    } else {
        kn_text_add_char(out, '"');
        for (const char *at = kn_text_get(&harmless); *at != '\0'; at++) {
            if (*at == '"' || *at == '\\')
                kn_text_add_char(out, '\\');
            kn_text_add_char(out, *at);
        }
        kn_text_add_char(out, '"');
    }
    out->failed = out->failed || harmless.failed;
    kn_text_done(&harmless);
}

static void add_value(struct kn_text *out, const struct kn_log_field *field)
{
    switch (field->kind) {
    case KN_LOG_WORD:
        add_word(out, field->word);
        break;
    case KN_LOG_WHOLE:
        kn_text_addf(out, "%lld", (long long)field->whole);
        break;
    case KN_LOG_REAL:
        kn_text_addf(out, "%.6g", isfinite(field->real) ? field->real : 0);
        break;
    }
}

static bool is_told(const struct kn_log_field *field)
{
    return field->kind != KN_LOG_WORD || field->word != NULL;
}

/* Fields that would make the line too long are left out. */
static void add_fields(const struct kn_log_record *record, size_t begin, struct kn_text *out)
{
    for (size_t i = 0; i < record->fields.n; i++) {
        const struct kn_log_field *field = &record->fields.at[i];
        size_t before = out->n;

        if (!is_told(field))
            continue;
        kn_text_addf(out, " %s=", field->name);
        add_value(out, field);
        if (out->n - begin >= KN_LOG_RECORD_MAX)
            kn_text_cut(out, before);
    }
}

static void print_text(const struct kn_log_record *record, struct kn_text *out)
{
    char time[KN_LOG_TIME_SIZE];
    size_t begin = out->n;

    kn_log_time(record->at, time);
    kn_text_addf(out, "%s %-5s %s: ", time, kn_words_level[record->level].name,
                 kn_words_log_module[record->module].name);
    add_cut(out, record->text, KN_LOG_SENTENCE_MAX);
    add_fields(record, begin, out);
    kn_text_add_char(out, '\n');
}

/* spec: sd-daemon(3): "<3>" is an error. The journal has the time, and hides no line behind a
 * priority that it does not know. */
static void print_journal(const struct kn_log_record *record, struct kn_text *out)
{
    static const int priorities[] = { 3, 4, 6, 7, 7 };
    size_t begin = out->n;

    kn_text_addf(out, "<%d>%s: ", priorities[record->level],
                 kn_words_log_module[record->module].name);
    add_cut(out, record->text, KN_LOG_SENTENCE_MAX);
    add_fields(record, begin, out);
    kn_text_add_char(out, '\n');
}

/* -- for programs */

static struct kn_json *words_of(const char *words, size_t max)
{
    struct kn_text cut = { 0 };
    struct kn_json *json;

    add_cut(&cut, words, max);
    json = cut.failed ? NULL : kn_json_string(kn_text_get(&cut));
    kn_text_done(&cut);
    return json;
}

static struct kn_json *value_of(const struct kn_log_field *field)
{
    switch (field->kind) {
    case KN_LOG_WORD:
        return words_of(field->word, KN_LOG_WORD_MAX);
    case KN_LOG_WHOLE:
        return kn_json_int(field->whole);
    case KN_LOG_REAL:
        break;
    }
    return kn_json_number(isfinite(field->real) ? field->real : 0);
}

static struct kn_json *object_of(const struct kn_log_record *record, size_t fields, bool *ok)
{
    struct kn_json *json = kn_json_object();
    char time[KN_LOG_TIME_SIZE];

    kn_log_time(record->at, time);
    *ok = kn_json_set(json, "time", kn_json_string(time)) &&
          kn_json_set(json, "level", kn_json_string(kn_words_level[record->level].name)) &&
          kn_json_set(json, "module", kn_json_string(kn_words_log_module[record->module].name)) &&
          kn_json_set(json, "event", kn_json_string(record->event)) &&
          kn_json_set(json, "text", words_of(record->text, KN_LOG_SENTENCE_MAX));
    for (size_t i = 0; i < fields; i++) {
        const struct kn_log_field *field = &record->fields.at[i];

        if (is_told(field))
            *ok = kn_json_set(json, field->name, value_of(field)) && *ok;
    }
    return json;
}

/* The last fields go while the line is too long. */
static void print_json(const struct kn_log_record *record, struct kn_text *out)
{
    size_t begin = out->n, fields = record->fields.n;
    bool ok, fits;

    do {
        struct kn_json *json = object_of(record, fields, &ok);

        kn_text_cut(out, begin);
        ok = ok && kn_json_print_line(json, out);
        kn_json_free(json);
        fits = out->n - begin < KN_LOG_RECORD_MAX;
    } while (ok && !fits && fields-- > 0);
    kn_text_add_char(out, '\n');
    out->failed = out->failed || !ok;
}

void kn_log_record_print(const struct kn_log_record *record, enum kn_log_style style,
                         struct kn_text *out)
{
    switch (style) {
    case KN_LOG_STYLE_TEXT:
        print_text(record, out);
        break;
    case KN_LOG_STYLE_JOURNAL:
        print_journal(record, out);
        break;
    case KN_LOG_STYLE_JSON:
        print_json(record, out);
        break;
    }
}
