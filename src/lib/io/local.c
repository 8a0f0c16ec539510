#include "lib/io/local.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"
#include "lib/io/local_inside.h"

struct kn_local {
    struct kn_loop *loop;
    uv_pipe_t handle;
    struct kn_local_events events;
    struct kn_buffer held; /* read, and not delivered yet */
    size_t line_max;
    unsigned sending; /* writes that libuv owes an end of */
    bool is_begun, is_paused, is_delivering, is_ended, is_freed;
};

/* One write: libuv holds on to the bytes until its callback. */
struct write {
    uv_write_t request;
    char bytes[];
};

static void on_closed(uv_handle_t *handle)
{
    struct kn_local *connection = handle->data;

    kn_buffer_done(&connection->held);
    kn_free(connection);
}

struct kn_local *kn_local_adopt(struct kn_loop *loop, int fd)
{
    struct kn_local *connection = kn_try_alloc(sizeof(*connection));

    if (connection == NULL || uv_pipe_init(loop->uv, &connection->handle, 0) != 0) {
        kn_free(connection);
        return NULL;
    }
    connection->loop = loop;
    connection->handle.data = connection;
    if (uv_pipe_open(&connection->handle, fd) == 0)
        return connection;
    kn_local_free(connection);
    return NULL;
}

/* The one place that ends a connection; the first reason wins. */
static void end(struct kn_local *connection, enum kn_code code)
{
    if (connection->is_ended || connection->is_freed)
        return;
    connection->is_ended = true;
    (void)uv_read_stop((uv_stream_t *)&connection->handle);
    if (connection->events.ended != NULL)
        connection->events.ended(connection->events.arg, code);
}

static bool may_deliver(const struct kn_local *connection)
{
    return !connection->is_paused && !connection->is_ended && !connection->is_freed;
}

/* Deliver the lines that are whole. */
static void deliver(struct kn_local *connection)
{
    connection->is_delivering = true;
    while (may_deliver(connection) && connection->held.n > 0) {
        struct kn_span all = kn_buffer_get(&connection->held);
        const uint8_t *feed = memchr(all.at, '\n', all.n);
        size_t n = feed != NULL ? (size_t)(feed - all.at) : all.n;

        if (n > connection->line_max) {
            end(connection, KN_E_LIMIT);
            break;
        }
        if (feed == NULL)
            break;
        connection->events.line(connection->events.arg, kn_span(all.at, n));
        kn_buffer_take(&connection->held, n + 1);
    }
    connection->is_delivering = false;
}

static void lend_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    const struct kn_local *connection = handle->data;

    (void)suggested;
    *out = uv_buf_init((char *)connection->loop->read_room, KN_READ_ROOM);
}

static enum kn_code code_of(int status)
{
    return kn_code_from_uv(status) == KN_E_CLOSED ? KN_E_CLOSED : KN_E_IO;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct kn_local *connection = stream->data;

    if (n < 0) {
        end(connection, code_of((int)n));
    } else if (n > 0) {
        kn_buffer_add(&connection->held, bytes->base, (size_t)n);
        if (connection->held.failed)
            end(connection, KN_E_NO_MEMORY);
        else
            deliver(connection);
    }
}

static void set_reading(struct kn_local *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->handle;

    if (connection->is_begun && may_deliver(connection))
        (void)uv_read_start(stream, lend_room, on_read);
    else if (!connection->is_freed)
        (void)uv_read_stop(stream);
}

void kn_local_begin(struct kn_local *connection, size_t line_max,
                    const struct kn_local_events *events)
{
    connection->events = *events;
    connection->line_max = line_max;
    connection->is_begun = true;
    set_reading(connection);
}

void kn_local_pause(struct kn_local *connection, bool paused)
{
    connection->is_paused = paused;
    if (!connection->is_delivering)
        deliver(connection);
    set_reading(connection);
}

static void on_written(uv_write_t *request, int status)
{
    struct kn_local *connection = request->handle->data;

    kn_free(request->data);
    connection->sending--;
    if (connection->is_freed)
        return;
    if (status != 0)
        end(connection, code_of(status));
    else if (connection->sending == 0 && !connection->is_ended && connection->events.sent != NULL)
        connection->events.sent(connection->events.arg);
}

enum kn_code kn_local_write(struct kn_local *connection, struct kn_span bytes)
{
    struct write *write;
    uv_buf_t vector;

    if (connection->is_ended)
        return KN_E_CLOSED;
    write = kn_try_alloc(sizeof(*write) + bytes.n);
    if (write == NULL)
        return KN_E_NO_MEMORY;
    if (bytes.n > 0)
        memcpy(write->bytes, bytes.at, bytes.n);
    write->request.data = write;
    vector = (uv_buf_t){ .base = write->bytes, .len = bytes.n };
    if (uv_write(&write->request, (uv_stream_t *)&connection->handle, &vector, 1, on_written) !=
        0) {
        kn_free(write);
        return KN_E_CLOSED;
    }
    connection->sending++;
    return KN_OK;
}

void kn_local_free(struct kn_local *connection)
{
    if (connection == NULL)
        return;
    connection->is_freed = true;
    uv_close((uv_handle_t *)&connection->handle, on_closed);
}
