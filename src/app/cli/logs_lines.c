#include "app/cli/logs_lines.h"

#include "app/cli/tree.h"

enum { FLUSH_AT = 64 * 1024, PIECE = 64 * 1024 };

/* -- one line */

/* A NUL in the middle would hide the rest. */
static void add_words(struct kn_text *out, const char *line, size_t n)
{
    struct kn_text words = { 0 };

    for (size_t i = 0; i < n; i++)
        kn_text_add_char(&words, line[i] != '\0' ? line[i] : '?');
    kn_term_add_safe(out, kn_text_get(&words));
    out->failed = out->failed || words.failed;
    kn_text_done(&words);
}

/* What is JSON already stays as it is; anything else is the text of an object. */
static void add_json(struct kn_text *out, const char *line, size_t n)
{
    struct kn_json *json = kn_json_parse(line, n);
    struct kn_text words = { 0 };

    if (!kn_json_is_object(json)) {
        kn_json_free(json);
        add_words(&words, line, n);
        json = kn_json_object();
        kn_tree_text(json, "line", kn_text_get(&words));
    }
    if (!kn_json_print_line(json, out) || words.failed)
        kn_out_of_memory();
    kn_json_free(json);
    kn_text_done(&words);
}

static void flush(struct kn_logs *logs)
{
    struct kn_error err = { 0 };

    logs->is_over = kn_cli_flush(logs->cli, &err) != KN_OK || logs->is_over;
}

static void on_line(void *arg, const char *line, size_t n)
{
    struct kn_logs *logs = arg;
    struct kn_text *out = &logs->cli->answer;

    if (logs->is_over)
        return;
    if (logs->cli->json)
        add_json(out, line, n);
    else
        add_words(out, line, n);
    kn_text_add_char(out, '\n');
    if (out->failed)
        kn_out_of_memory();
    if (out->n >= FLUSH_AT)
        flush(logs);
}

/* -- the file */

static enum kn_code read_at(void *arg, uint64_t at, void *out, size_t n, size_t *got,
                            struct kn_error *err)
{
    const struct kn_logs *logs = arg;

    return kn_followed_file_read(logs->file, at, out, n, got, err);
}

static enum kn_code read_on(struct kn_logs *logs, struct kn_error *err)
{
    static char piece[PIECE];
    size_t got = 1;

    while (got > 0 && !logs->is_over) {
        enum kn_code rc =
            kn_followed_file_read(logs->file, logs->at, piece, sizeof(piece), &got, err);

        if (rc != KN_OK) {
            kn_wrap(err, "%s", logs->path);
            return rc;
        }
        logs->at += got;
        if (!kn_tail_take(&logs->lines, piece, got))
            kn_out_of_memory();
    }
    flush(logs);
    return KN_OK;
}

static enum kn_code open_file(struct kn_logs *logs, struct kn_error *err)
{
    enum kn_code rc = kn_followed_file_open(logs->path, &logs->file, err);

    if (rc != KN_OK)
        kn_wrap(err, "%s", logs->path);
    return rc;
}

enum kn_code kn_logs_begin(struct kn_logs *logs, uint64_t n, struct kn_error *err)
{
    enum kn_code rc = open_file(logs, err);

    logs->lines = (struct kn_tail_lines){ .arg = logs, .line = on_line };
    if (rc == KN_OK)
        rc = kn_tail_find(read_at, logs, kn_followed_file_size(logs->file), n, &logs->at, err);
    return rc == KN_OK ? read_on(logs, err) : rc;
}

enum kn_code kn_logs_go_on(struct kn_logs *logs, struct kn_error *err)
{
    enum kn_code rc;

    if (kn_followed_file_size(logs->file) < logs->at)
        logs->at = 0;
    rc = read_on(logs, err);
    if (rc != KN_OK || !kn_followed_file_is_replaced(logs->file))
        return rc;
    rc = read_on(logs, err); /* its last lines may have come before its name went */
    if (rc != KN_OK)
        return rc;
    kn_followed_file_close(logs->file);
    logs->file = NULL;
    logs->at = 0;
    rc = open_file(logs, err);
    return rc == KN_OK ? read_on(logs, err) : rc;
}

void kn_logs_end(struct kn_logs *logs)
{
    kn_tail_end(&logs->lines);
    flush(logs);
    kn_followed_file_close(logs->file);
    logs->file = NULL;
}
