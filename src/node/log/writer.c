#include "node/log/writer.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/loop.h"
#include "lib/os/append_file.h"
#include "lib/os/thread.h"

/* Where lines go: replaced as a whole, so that the thread never sees half a change. */
struct place {
    struct kn_text path; /* empty: the standard error */
    enum kn_log_style style;
    uint64_t size_max;
    unsigned keep;
    struct kn_append_file *file; /* NULL: to be opened */
    kn_time look_at, open_at, aside_at;
};

struct kn_log_writer {
    struct kn_monitor *monitor;
    struct kn_thread *thread;
    /* Under the monitor: */
    struct kn_text waiting;
    uint64_t waiting_lines;
    struct place *next; /* to be taken by the thread, */
    size_t next_at;     /* once so many bytes of what waits were written */
    struct kn_log_written written;
    uint64_t not_queued; /* lines dropped before the thread saw them */
    bool ends;
    /* The loop's: where lines go now. */
    struct kn_log_target target;
    struct kn_text path;
    /* The thread's, and before it began ours: */
    struct place *place;
    uint64_t lost; /* since the last line that was written */
    struct kn_error why;
};

static void free_place(struct place *place)
{
    if (place == NULL)
        return;
    kn_append_file_close(place->file);
    kn_text_done(&place->path);
    kn_free(place);
}

/* -- on the thread */

static enum kn_code open_place(struct place *place, struct kn_error *err)
{
    return place->path.n > 0 ? kn_append_file_open(place->path.at, &place->file, err)
                             : kn_append_file_standard_error(&place->file, err);
}

static void need_file(struct kn_log_writer *writer, struct place *place)
{
    kn_time now = kn_monitor_now();

    if (place->file != NULL && now >= place->look_at) {
        place->look_at = now + KN_LOG_LOOK_MS;
        if (!kn_append_file_has_name(place->file)) {
            kn_append_file_close(place->file);
            place->file = NULL;
            place->open_at = 0;
        }
    }
    if (place->file != NULL || now < place->open_at)
        return;
    place->open_at = now + KN_LOG_AGAIN_MS;
    if (open_place(place, &writer->why) != KN_OK)
        return;
    kn_monitor_enter(writer->monitor);
    writer->written.opened++;
    kn_monitor_leave(writer->monitor);
}

static bool is_full(const struct place *place, size_t n)
{
    uint64_t size = kn_append_file_size(place->file);

    return size > 0 && size + n > place->size_max;
}

/* A folder that refuses it makes the file longer than it should be, and loses nothing. */
static void put_aside(struct kn_log_writer *writer, struct place *place, size_t n)
{
    struct kn_error err = { 0 };
    kn_time now = kn_monitor_now();

    if (place->file == NULL || !is_full(place, n) || now < place->aside_at)
        return;
    if (kn_append_file_put_aside(&place->file, place->keep, &err) != KN_OK) {
        place->aside_at = now + KN_LOG_ASIDE_AGAIN_MS;
        return;
    }
    place->open_at = 0;
    need_file(writer, place);
    kn_monitor_enter(writer->monitor);
    writer->written.put_aside++;
    kn_monitor_leave(writer->monitor);
}

static enum kn_code write_line(struct kn_log_writer *writer, const char *line, size_t n,
                               struct kn_error *err)
{
    struct place *place = writer->place;

    need_file(writer, place);
    put_aside(writer, place, n);
    if (place->file == NULL) {
        *err = writer->why;
        return err->code != KN_OK ? err->code : kn_fail(err, KN_E_IO, "there is no log file");
    }
    return kn_append_file_add(place->file, line, n, KN_LOG_KEEP_UP_MS, err);
}

/* Before the first line after some that were lost. False: this one is lost too. */
static bool tell_lost(struct kn_log_writer *writer, struct kn_error *err)
{
    struct kn_text line = { 0 }, sentence = { 0 };
    struct kn_log_record record = {
        .at = kn_loop_unix_time(),
        .level = KN_LEVEL_WARN,
        .module = KN_LOG_ITSELF,
        .event = "lost",
        .fields = KN_FIELDS(KN_FIELD_WHOLE("records", writer->lost)),
    };
    bool ok;

    kn_text_addf(&sentence, "%llu record%s of the log %s lost: %s",
                 (unsigned long long)writer->lost, writer->lost == 1 ? "" : "s",
                 writer->lost == 1 ? "was" : "were", writer->why.text);
    record.text = kn_text_get(&sentence);
    kn_log_record_print(&record, writer->place->style, &line);
    ok = !line.failed && write_line(writer, kn_text_get(&line), line.n, err) == KN_OK;
    kn_text_done(&line);
    kn_text_done(&sentence);
    if (ok)
        writer->lost = 0;
    return ok;
}

static void note(struct kn_log_writer *writer, const struct kn_error *err, size_t n)
{
    bool ok = err->code == KN_OK;

    kn_monitor_enter(writer->monitor);
    writer->written.records += ok;
    writer->written.bytes += ok ? n : 0;
    writer->written.dropped += !ok;
    writer->written.failure = *err;
    kn_monitor_leave(writer->monitor);
    if (!ok) {
        writer->lost++;
        writer->why = *err;
    }
}

static void write_lines(struct kn_log_writer *writer, const char *at, size_t bytes)
{
    const char *end = at + bytes;

    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t n = feed != NULL ? (size_t)(feed - at) + 1 : (size_t)(end - at);
        struct kn_error err = { 0 };

        if (writer->lost == 0 || tell_lost(writer, &err))
            (void)!write_line(writer, at, n, &err);
        note(writer, &err, n);
        at += n;
    }
}

/* From inside the monitor: everything that there is to do at this moment. */
static void work_off(struct kn_log_writer *writer)
{
    struct kn_text lines = writer->waiting;
    struct place *next = writer->next;
    size_t before = next != NULL ? writer->next_at : lines.n;

    writer->waiting = (struct kn_text){ 0 };
    writer->waiting_lines = 0;
    writer->next = NULL;
    writer->lost += writer->not_queued;
    writer->written.dropped += writer->not_queued;
    if (writer->not_queued > 0)
        (void)kn_fail(&writer->why, KN_E_LIMIT, "the disk did not keep up");
    writer->not_queued = 0;
    kn_monitor_leave(writer->monitor);
    if (before > lines.n) /* they were lost meanwhile */
        before = lines.n;
    write_lines(writer, kn_text_get(&lines), before);
    if (next != NULL) {
        free_place(writer->place);
        writer->place = next;
    }
    write_lines(writer, kn_text_get(&lines) + before, lines.n - before);
    kn_text_done(&lines);
    kn_monitor_enter(writer->monitor);
}

static void run(void *arg)
{
    struct kn_log_writer *writer = arg;

    kn_monitor_enter(writer->monitor);
    for (;;) {
        if (writer->waiting.n > 0 || writer->next != NULL)
            work_off(writer);
        else if (writer->ends)
            break;
        else
            (void)kn_monitor_wait(writer->monitor, KN_NEVER);
    }
    kn_monitor_leave(writer->monitor);
}

/* -- on the loop */

struct kn_log_writer *kn_log_writer_new(void)
{
    struct kn_log_writer *writer = kn_try_alloc(sizeof(*writer));

    if (writer == NULL)
        return NULL;
    writer->monitor = kn_monitor_new();
    if (writer->monitor != NULL)
        return writer;
    kn_log_writer_free(writer);
    return NULL;
}

void kn_log_writer_free(struct kn_log_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->thread != NULL) {
        kn_monitor_enter(writer->monitor);
        writer->ends = true;
        kn_monitor_tell(writer->monitor);
        kn_monitor_leave(writer->monitor);
        kn_thread_join(writer->thread);
    }
    free_place(writer->next);
    free_place(writer->place);
    kn_text_done(&writer->waiting);
    kn_text_done(&writer->path);
    if (writer->monitor != NULL)
        kn_monitor_free(writer->monitor);
    kn_free(writer);
}

static struct place *new_place(const struct kn_log_target *target)
{
    struct place *place = kn_try_alloc(sizeof(*place));

    if (place == NULL)
        return NULL;
    if (target->path != NULL)
        kn_text_add(&place->path, target->path);
    place->style = target->style;
    place->size_max = target->size_max;
    place->keep = target->keep;
    if (!place->path.failed)
        return place;
    free_place(place);
    return NULL;
}

static void hand_over(struct kn_log_writer *writer, struct place *place)
{
    struct place *unused;

    kn_monitor_enter(writer->monitor);
    writer->written.opened += place->file != NULL;
    if (writer->thread == NULL) {
        unused = writer->place;
        writer->place = place;
    } else { /* one that the thread has not seen yet gives way */
        unused = writer->next;
        if (unused == NULL)
            writer->next_at = writer->waiting.n;
        writer->next = place;
        kn_monitor_tell(writer->monitor);
    }
    kn_monitor_leave(writer->monitor);
    free_place(unused);
}

/* For the next time that it is opened. */
static bool remember(struct kn_log_writer *writer, const struct kn_log_target *target)
{
    struct kn_text path = { 0 };

    if (target->path != NULL)
        kn_text_add(&path, target->path);
    if (path.failed)
        return false;
    kn_text_done(&writer->path);
    writer->path = path;
    writer->target = *target;
    writer->target.path = target->path != NULL ? kn_text_get(&writer->path) : NULL;
    return true;
}

static enum kn_code point(struct kn_log_writer *writer, const struct kn_log_target *target,
                          bool opens, struct kn_error *err)
{
    struct place *place = new_place(target);
    enum kn_code rc;

    if (place == NULL)
        return kn_fail_no_memory(err);
    rc = opens ? open_place(place, err) : KN_OK;
    if (rc == KN_OK && !remember(writer, target))
        rc = kn_fail_no_memory(err);
    if (rc == KN_OK)
        hand_over(writer, place);
    else
        free_place(place);
    return rc;
}

enum kn_code kn_log_writer_point(struct kn_log_writer *writer, const struct kn_log_target *target,
                                 struct kn_error *err)
{
    return point(writer, target, true, err);
}

enum kn_code kn_log_writer_hope(struct kn_log_writer *writer, const struct kn_log_target *target,
                                struct kn_error *err)
{
    return point(writer, target, false, err);
}

enum kn_code kn_log_writer_reopen(struct kn_log_writer *writer, struct kn_error *err)
{
    const struct kn_log_target same = writer->target;

    return point(writer, &same, true, err);
}

void kn_log_writer_add(struct kn_log_writer *writer, const char *line, size_t n)
{
    struct kn_error err = { 0 };

    kn_monitor_enter(writer->monitor);
    writer->waiting_lines++;
    if (writer->waiting.n + n <= KN_LOG_WAITING_MAX) {
        kn_text_add_n(&writer->waiting, line, n);
    } else {
        writer->waiting_lines--;
        writer->not_queued++;
    }
    if (writer->waiting.failed) { /* memory is short: what waits was lost with it */
        kn_text_done(&writer->waiting);
        writer->not_queued += writer->waiting_lines;
        writer->waiting_lines = 0;
    }
    kn_monitor_tell(writer->monitor);
    kn_monitor_leave(writer->monitor);
    if (writer->thread == NULL && kn_thread_start(run, writer, &writer->thread, &err) != KN_OK)
        writer->thread = NULL; /* tried again with the next line */
}

void kn_log_writer_report(struct kn_log_writer *writer, struct kn_log_written *out)
{
    kn_monitor_enter(writer->monitor);
    *out = writer->written;
    out->dropped += writer->not_queued;
    kn_monitor_leave(writer->monitor);
}
