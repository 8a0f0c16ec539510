#include "lib/io/tcp.h"

#include <sys/socket.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

enum { KEPT_ROOM = 64 * 1024 }; /* of a write buffer between writes */

static uv_stream_t *stream_of(struct kn_tcp *tcp)
{
    return (uv_stream_t *)&tcp->handle;
}

struct kn_tcp *kn_tcp_new(struct kn_loop *loop)
{
    struct kn_tcp *tcp = kn_try_alloc(sizeof(*tcp));

    if (tcp == NULL)
        return NULL;
    tcp->loop = loop;
    (void)uv_tcp_init(loop->uv, &tcp->handle);
    tcp->handle.data = tcp;
    tcp->request.data = tcp;
    (void)uv_tcp_nodelay(&tcp->handle, 1); /* holds for the socket that comes */
    return tcp;
}

/* The one place that ends a connection; the first reason wins. */
static void end(struct kn_tcp *tcp, int status)
{
    if (tcp->is_ended)
        return;
    if (!tcp->is_begun) { /* reading will end too, once somebody listens */
        tcp->is_broken = true;
        return;
    }
    tcp->is_ended = true;
    (void)uv_read_stop(stream_of(tcp));
    if (tcp->events.ended != NULL)
        tcp->events.ended(tcp->events.arg,
                          kn_code_from_uv(status) == KN_E_CLOSED ? KN_E_CLOSED : KN_E_IO);
}

static void lend_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    const struct kn_tcp *tcp = handle->data;

    (void)suggested;
    *out = uv_buf_init((char *)tcp->loop->read_room, KN_READ_ROOM);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct kn_tcp *tcp = stream->data;

    if (n < 0)
        end(tcp, (int)n);
    else if (n > 0 && tcp->events.data != NULL)
        tcp->events.data(tcp->events.arg, kn_span(bytes->base, (size_t)n));
}

static void set_reading(struct kn_tcp *tcp)
{
    if (tcp->is_begun && !tcp->is_paused && !tcp->is_ended)
        (void)uv_read_start(stream_of(tcp), lend_room, on_read);
    else
        (void)uv_read_stop(stream_of(tcp));
}

void kn_tcp_begin(struct kn_tcp *tcp, const struct kn_tcp_events *events)
{
    tcp->events = *events;
    tcp->is_begun = true;
    set_reading(tcp);
}

void kn_tcp_pause(struct kn_tcp *tcp, bool paused)
{
    tcp->is_paused = paused;
    set_reading(tcp);
}

static void on_written(uv_write_t *request, int status);

/* libuv holds on to the bytes of a write, so what comes meanwhile collects in the other buffer. */
static int send_waiting(struct kn_tcp *tcp)
{
    struct kn_buffer spare = tcp->sending;
    uv_buf_t vector;
    int status;

    tcp->sending = tcp->waiting;
    tcp->waiting = spare;
    vector.base = (char *)tcp->sending.memory + tcp->sending.start;
    vector.len = tcp->sending.n;
    status = uv_write(&tcp->request, stream_of(tcp), &vector, 1, on_written);
    tcp->is_sending = status == 0;
    return status;
}

/* While there is more to send, the next write takes the same memory. */
static void shrink(struct kn_tcp *tcp)
{
    if (tcp->is_sending)
        return;
    if (tcp->sending.room > KEPT_ROOM)
        kn_buffer_done(&tcp->sending);
    if (tcp->waiting.room > KEPT_ROOM && tcp->waiting.n == 0)
        kn_buffer_done(&tcp->waiting);
}

static void on_written(uv_write_t *request, int status)
{
    struct kn_tcp *tcp = request->data;

    tcp->is_sending = false;
    kn_buffer_clear(&tcp->sending);
    if (tcp->is_freed)
        return;
    if (status == 0 && tcp->waiting.n > 0)
        status = send_waiting(tcp);
    if (status != 0)
        end(tcp, status);
    else if (!tcp->is_sending && !tcp->is_ended && tcp->events.sent != NULL)
        tcp->events.sent(tcp->events.arg);
    shrink(tcp);
}

/* What the system takes at once. An error is left for the queue: it comes back in on_written(). */
static size_t send_at_once(struct kn_tcp *tcp, struct kn_span bytes)
{
    uv_buf_t vector = { .len = bytes.n };
    int taken = 0;

    memcpy(&vector.base, &bytes.at, sizeof(vector.base)); /* libuv only reads, but has no const */
    if (!tcp->is_sending)
        taken = uv_try_write(stream_of(tcp), &vector, 1);
    return taken > 0 ? (size_t)taken : 0;
}

enum kn_code kn_tcp_write(struct kn_tcp *tcp, struct kn_span bytes)
{
    size_t taken;

    if (tcp->is_ended || tcp->is_broken)
        return KN_E_CLOSED;
    if (bytes.n == 0)
        return KN_OK;
    taken = send_at_once(tcp, bytes);
    if (taken == bytes.n)
        return KN_OK;
    kn_buffer_add(&tcp->waiting, bytes.at + taken, bytes.n - taken);
    if (tcp->waiting.failed) {
        tcp->is_broken = true;
        return KN_E_NO_MEMORY;
    }
    if (!tcp->is_sending && send_waiting(tcp) != 0) {
        tcp->is_broken = true;
        return KN_E_CLOSED;
    }
    return KN_OK;
}

/* Bytes of the write in progress that the system has not taken yet. */
static size_t unsent(const struct kn_tcp *tcp)
{
    if (!tcp->is_sending)
        return 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&tcp->handle);
}

size_t kn_tcp_pending(const struct kn_tcp *tcp)
{
    return unsent(tcp) + tcp->waiting.n;
}

/* libuv drops its queue when it closes: offer the system the rest one last time. */
static void send_last(struct kn_tcp *tcp)
{
    struct kn_span rest = kn_buffer_get(&tcp->sending);
    struct kn_span more = kn_buffer_get(&tcp->waiting);
    size_t n = unsent(tcp);
    uv_os_fd_t fd;

    if (n == 0 || n > rest.n || uv_fileno((uv_handle_t *)&tcp->handle, &fd) != 0)
        return;
    if (send(fd, rest.at + rest.n - n, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n && more.n > 0)
        (void)send(fd, more.at, more.n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_closed(uv_handle_t *handle)
{
    struct kn_tcp *tcp = handle->data;

    kn_buffer_done(&tcp->sending);
    kn_buffer_done(&tcp->waiting);
    kn_free(tcp);
}

void kn_tcp_free(struct kn_tcp *tcp)
{
    if (tcp == NULL)
        return;
    tcp->is_freed = true;
    if (!tcp->is_broken)
        send_last(tcp);
    uv_close((uv_handle_t *)&tcp->handle, on_closed);
}

bool kn_tcp_remote(const struct kn_tcp *tcp, struct kn_endpoint *out)
{
    struct sockaddr_storage address;
    int n = sizeof(address);

    return uv_tcp_getpeername(&tcp->handle, (struct sockaddr *)&address, &n) == 0 &&
           kn_endpoint_from_system((const struct sockaddr *)&address, out);
}

bool kn_tcp_local(const struct kn_tcp *tcp, struct kn_endpoint *out)
{
    struct sockaddr_storage address;
    int n = sizeof(address);

    return uv_tcp_getsockname(&tcp->handle, (struct sockaddr *)&address, &n) == 0 &&
           kn_endpoint_from_system((const struct sockaddr *)&address, out);
}
