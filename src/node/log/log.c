#include "node/log/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/memory.h"
#include "node/log/repeats.h"

struct kn_log {
    struct kn_loop *loop;
    struct kn_timer *timer; /* for what is held back */
    struct kn_log_levels levels;
    struct kn_log_repeats repeats;
    uint64_t held_back, shown;
    enum kn_log_place place;
    enum kn_log_style style;
    struct kn_text path;
    struct kn_log_writer *writer;
    void (*line)(void *arg, const char *line, size_t n);
    void *arg;
};

static enum kn_log_style style_of(const struct kn_log_options *options)
{
    if (options->format == KN_LOG_JSON)
        return KN_LOG_STYLE_JSON;
    return options->place == KN_LOG_JOURNAL ? KN_LOG_STYLE_JOURNAL : KN_LOG_STYLE_TEXT;
}

/* -- telling */

static void put(struct kn_log *log, const struct kn_log_record *record)
{
    struct kn_text line = { 0 };

    kn_log_record_print(record, log->style, &line);
    if (line.failed)
        kn_text_cut(&line, 0);
    else if (log->place == KN_LOG_SCREEN && log->line != NULL)
        log->line(log->arg, kn_text_get(&line), line.n);
    else
        kn_log_writer_add(log->writer, kn_text_get(&line), line.n);
    log->shown += log->place == KN_LOG_SCREEN;
    kn_text_done(&line);
}

static void tell_repeats(struct kn_log *log, bool all)
{
    kn_time now = kn_loop_now(log->loop);
    struct kn_log_repeat one;
    char text[80];

    while (kn_log_repeats_due(&log->repeats, now, all, &one)) {
        const struct kn_log_record record = {
            .at = kn_loop_unix_time(),
            .level = one.level,
            .module = one.module,
            .event = one.event,
            .text = text,
            .fields = KN_FIELDS(KN_FIELD_WHOLE("more", one.held_back)),
        };

        (void)snprintf(text, sizeof(text), "... %u more like this in %lld s", one.held_back,
                       (long long)((now - one.since) / 1000));
        put(log, &record);
    }
}

static void on_timer(void *arg)
{
    struct kn_log *log = arg;

    tell_repeats(log, false);
    kn_timer_set(log->timer, kn_log_repeats_deadline(&log->repeats));
}

bool kn_log_takes(const struct kn_log *log, enum kn_level level, enum kn_log_module module)
{
    return log != NULL && log->place != KN_LOG_NOWHERE &&
           kn_log_levels_take(&log->levels, level, module);
}

void kn_log_say(struct kn_log *log, enum kn_level level, enum kn_log_module module,
                const char *event, struct kn_log_fields fields, const char *format, ...)
{
    char text[KN_LOG_SENTENCE_MAX + 8]; /* too long a one is seen to be, and cut with dots */
    struct kn_log_record record = {
        .level = level, .module = module, .event = event, .text = text, .fields = fields
    };
    va_list arguments;

    if (!kn_log_takes(log, level, module))
        return;
    tell_repeats(log, false);
    if (!kn_log_repeats_take(&log->repeats, level, module, event, kn_loop_now(log->loop))) {
        log->held_back++;
        kn_timer_set(log->timer, kn_log_repeats_deadline(&log->repeats));
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    record.at = kn_loop_unix_time();
    put(log, &record);
}

/* -- from its start to its end */

/* The writer, if lines go through it. */
static enum kn_code aim(struct kn_log *log, const struct kn_log_options *options,
                        struct kn_error *err)
{
    const struct kn_log_target target = {
        .path = options->place == KN_LOG_FILE ? options->path : NULL,
        .style = style_of(options),
        .size_max = options->size_max,
        .keep = options->keep,
    };
    struct kn_error why = { 0 };
    enum kn_code rc;

    if (options->place == KN_LOG_NOWHERE || options->place == KN_LOG_SCREEN)
        return KN_OK;
    rc = kn_log_writer_point(log->writer, &target, &why);
    if (rc == KN_OK)
        return rc;
    /* A disk that is full is emptied one day; a path that is wrong stays so. */
    if (rc != KN_E_NO_MEMORY && (rc == KN_E_NO_SPACE || !options->must_open))
        return kn_log_writer_hope(log->writer, &target, err);
    *err = why;
    return rc;
}

enum kn_code kn_log_apply(struct kn_log *log, const struct kn_log_options *options,
                          struct kn_error *err)
{
    struct kn_text path = { 0 };
    enum kn_code rc = KN_OK;

    if (options->place == KN_LOG_FILE)
        kn_text_add(&path, options->path);
    rc = path.failed ? kn_fail_no_memory(err) : aim(log, options, err);
    if (rc != KN_OK) {
        kn_text_done(&path);
        return rc;
    }
    kn_log_levels_set(&log->levels, options->level, options->modules, options->module_count);
    log->place = options->place;
    log->style = style_of(options);
    log->line = options->line;
    log->arg = options->arg;
    kn_text_done(&log->path);
    log->path = path;
    return KN_OK;
}

enum kn_code kn_log_new(struct kn_loop *loop, const struct kn_log_options *options,
                        struct kn_log **out, struct kn_error *err)
{
    struct kn_log *log = kn_try_alloc(sizeof(*log));
    enum kn_code rc;

    if (log == NULL)
        return kn_fail_no_memory(err);
    log->loop = loop;
    log->timer = kn_timer_new(loop, on_timer, log);
    log->writer = kn_log_writer_new();
    rc = log->timer == NULL || log->writer == NULL ? kn_fail_no_memory(err)
                                                   : kn_log_apply(log, options, err);
    if (rc != KN_OK) {
        kn_log_free(log);
        return rc;
    }
    *out = log;
    return KN_OK;
}

void kn_log_free(struct kn_log *log)
{
    if (log == NULL)
        return;
    tell_repeats(log, true);
    kn_timer_free(log->timer);
    kn_log_writer_free(log->writer);
    kn_text_done(&log->path);
    kn_free(log);
}

enum kn_code kn_log_reopen(struct kn_log *log, struct kn_error *err)
{
    if (log == NULL || log->place != KN_LOG_FILE)
        return kn_fail(err, KN_E_UNSUPPORTED, "the node writes no log file");
    return kn_log_writer_reopen(log->writer, err);
}

void kn_log_report(struct kn_log *log, struct kn_log_report *out)
{
    *out = (struct kn_log_report){ .place = KN_LOG_NOWHERE };
    if (log == NULL)
        return;
    kn_log_writer_report(log->writer, &out->written);
    out->written.records += log->shown;
    out->place = log->place;
    out->path = log->place == KN_LOG_FILE ? kn_text_get(&log->path) : NULL;
    out->held_back = log->held_back;
}
