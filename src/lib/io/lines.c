#include "lib/io/lines.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

struct kn_lines {
    uv_tty_t handle;
    struct kn_lines_events events;
    char line[KN_LINE_MAX + 1];
    size_t n;
    bool too_long, is_ended, is_freed;
    char room[KN_LINE_MAX];
};

static void lend_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct kn_lines *lines = handle->data;

    (void)wanted;
    *out = uv_buf_init(lines->room, sizeof(lines->room));
}

static void tell(struct kn_lines *lines)
{
    bool too_long = lines->too_long;

    lines->line[too_long ? 0 : lines->n] = '\0';
    lines->n = 0;
    lines->too_long = false;
    lines->events.line(lines->events.arg, lines->line, too_long);
}

static void take(struct kn_lines *lines, char c)
{
    if (c == '\n')
        tell(lines);
    else if (lines->n < KN_LINE_MAX)
        lines->line[lines->n++] = c;
    else
        lines->too_long = true;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct kn_lines *lines = stream->data;

    for (ssize_t i = 0; i < n && !lines->is_freed; i++)
        take(lines, buffer->base[i]);
    if (n >= 0 || lines->is_ended || lines->is_freed)
        return;
    lines->is_ended = true;
    (void)uv_read_stop(stream);
    lines->events.end(lines->events.arg);
}

static void on_closed(uv_handle_t *handle)
{
    kn_free(handle->data);
}

enum kn_code kn_lines_start(struct kn_loop *loop, int fd, const struct kn_lines_events *events,
                            struct kn_lines **out, struct kn_error *err)
{
    struct kn_lines *lines;
    int status;

    if (uv_guess_handle(fd) != UV_TTY)
        return kn_fail(err, KN_E_UNSUPPORTED, "descriptor %d is no terminal", fd);
    lines = kn_try_alloc(sizeof(*lines));
    if (lines == NULL)
        return kn_fail_no_memory(err);
    lines->events = *events;
    status = uv_tty_init(loop->uv, &lines->handle, fd, 0);
    if (status != 0) {
        kn_free(lines);
        return kn_fail(err, KN_E_UNSUPPORTED, "cannot read the terminal: %s", uv_strerror(status));
    }
    lines->handle.data = lines;
    status = uv_read_start((uv_stream_t *)&lines->handle, lend_room, on_read);
    if (status != 0) {
        kn_lines_free(lines);
        return kn_fail(err, KN_E_UNSUPPORTED, "cannot read the terminal: %s", uv_strerror(status));
    }
    *out = lines;
    return KN_OK;
}

void kn_lines_free(struct kn_lines *lines)
{
    if (lines == NULL)
        return;
    lines->is_freed = true;
    uv_close((uv_handle_t *)&lines->handle, on_closed);
}
