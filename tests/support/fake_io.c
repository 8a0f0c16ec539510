#include "support/fake_io.h"

#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/io/resolve.h"

struct kn_timer {
    struct kn_loop *loop;
    struct kn_timer *next;
    void (*fire)(void *arg);
    void *arg;
    kn_time when;
};

struct kn_dial {
    struct kn_loop *loop;
    struct kn_dial *next;
    kn_dial_fn *done;
    void *arg;
};

struct kn_listener {
    kn_accept_fn *accepted;
    void *arg;
    struct kn_loop *loop;
};

kn_time kn_loop_now(const struct kn_loop *loop)
{
    return loop->now;
}

int64_t kn_loop_clock_us(void)
{
    return 0;
}

double kn_loop_unix_time(void)
{
    return 1.7e9;
}

struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg)
{
    struct kn_timer *timer = kn_try_alloc(sizeof(*timer));

    if (timer == NULL)
        return NULL;
    *timer = (struct kn_timer){ loop, loop->timers, fire, arg, KN_NEVER };
    loop->timers = timer;
    loop->timer_count++;
    return timer;
}

void kn_timer_free(struct kn_timer *timer)
{
    struct kn_timer **at;

    if (timer == NULL)
        return;
    for (at = &timer->loop->timers; *at != timer; at = &(*at)->next) {
    }
    *at = timer->next;
    timer->loop->timer_count--;
    kn_free(timer);
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    timer->when = when;
}

/* At most so many in one advance: whoever sets itself again for now would stay for ever. */
enum { FIRES_MAX = 20000 };

void fake_advance(struct kn_loop *loop, kn_time to)
{
    for (int fires = 0; fires < FIRES_MAX; fires++) {
        struct kn_timer *first = NULL;

        for (struct kn_timer *t = loop->timers; t != NULL; t = t->next) {
            if (t->when <= to && (first == NULL || t->when < first->when))
                first = t;
        }
        if (first == NULL) {
            loop->now = to;
            return;
        }
        if (first->when > loop->now)
            loop->now = first->when;
        first->when = KN_NEVER;
        first->fire(first->arg);
    }
    abort(); /* a timer that never rests */
}

static struct kn_tcp *new_tcp(struct kn_loop *loop)
{
    struct kn_tcp *tcp = kn_try_alloc(sizeof(*tcp));

    if (tcp == NULL)
        return NULL;
    tcp->loop = loop;
    tcp->next = loop->tcps;
    loop->tcps = tcp;
    loop->tcp_count++;
    return tcp;
}

void kn_tcp_begin(struct kn_tcp *tcp, const struct kn_tcp_events *events)
{
    tcp->events = *events;
    tcp->begun = true;
}

enum kn_code kn_tcp_write(struct kn_tcp *tcp, struct kn_span bytes)
{
    if (tcp->ended)
        return KN_E_CLOSED;
    kn_buffer_add_span(&tcp->out, bytes);
    return tcp->out.failed ? KN_E_NO_MEMORY : KN_OK;
}

size_t kn_tcp_pending(const struct kn_tcp *tcp)
{
    return tcp->full ? tcp->out.n : 0;
}

void kn_tcp_free(struct kn_tcp *tcp)
{
    struct kn_tcp **at;

    if (tcp == NULL)
        return;
    for (at = &tcp->loop->tcps; *at != tcp; at = &(*at)->next) {
    }
    *at = tcp->next;
    tcp->loop->tcp_count--;
    kn_buffer_done(&tcp->out);
    kn_free(tcp);
}

bool fake_is_open(const struct kn_loop *loop, const struct kn_tcp *tcp)
{
    const struct kn_tcp *at = loop->tcps;

    while (at != NULL && at != tcp)
        at = at->next;
    return at != NULL && !at->ended;
}

void fake_feed(struct kn_tcp *tcp, struct kn_span bytes)
{
    if (bytes.n > 0)
        tcp->events.data(tcp->events.arg, bytes);
}

void fake_end(struct kn_tcp *tcp)
{
    tcp->ended = true;
    tcp->events.ended(tcp->events.arg, KN_E_CLOSED);
}

enum kn_code kn_listen(struct kn_loop *loop, const struct kn_endpoint *at, kn_accept_fn *accepted,
                       void *arg, struct kn_listener **out, struct kn_error *err)
{
    (void)at;
    (void)err;
    loop->listener = kn_try_alloc(sizeof(*loop->listener));
    if (loop->listener == NULL)
        return KN_E_NO_MEMORY;
    *loop->listener = (struct kn_listener){ accepted, arg, loop };
    *out = loop->listener;
    return KN_OK;
}

void kn_listener_free(struct kn_listener *listener)
{
    if (listener == NULL)
        return;
    listener->loop->listener = NULL;
    kn_free(listener);
}

void kn_listener_endpoint(const struct kn_listener *listener, struct kn_endpoint *out)
{
    (void)listener;
    *out = (struct kn_endpoint){ .ip = { 127, 0, 0, 1 }, .port = 4001 };
}

struct kn_tcp *fake_accept(struct kn_loop *loop, const struct kn_endpoint *from)
{
    struct kn_tcp *tcp = new_tcp(loop);

    if (tcp == NULL)
        return NULL;
    loop->listener->accepted(loop->listener->arg, tcp, from);
    return fake_is_open(loop, tcp) && tcp->begun ? tcp : NULL;
}

enum kn_code kn_dial_start(struct kn_loop *loop, const struct kn_endpoint *to, int timeout_ms,
                           kn_dial_fn *done, void *arg, struct kn_dial **out)
{
    struct kn_dial *dial = kn_try_alloc(sizeof(*dial));
    struct kn_dial **end = &loop->dials;

    (void)to;
    (void)timeout_ms;
    if (dial == NULL)
        return KN_E_NO_MEMORY;
    *dial = (struct kn_dial){ loop, NULL, done, arg };
    while (*end != NULL)
        end = &(*end)->next;
    *end = dial;
    loop->dial_count++;
    *out = dial;
    return KN_OK;
}

void kn_dial_cancel(struct kn_dial *dial)
{
    struct kn_dial **at;

    if (dial == NULL)
        return;
    for (at = &dial->loop->dials; *at != dial; at = &(*at)->next) {
    }
    *at = dial->next;
    dial->loop->dial_count--;
    kn_free(dial);
}

struct kn_tcp *fake_dialled(struct kn_loop *loop, enum kn_code code)
{
    struct kn_dial *dial = loop->dials;
    kn_dial_fn *done;
    struct kn_tcp *tcp;
    void *arg;

    if (dial == NULL)
        return NULL;
    done = dial->done;
    arg = dial->arg;
    kn_dial_cancel(dial);
    tcp = code == KN_OK ? new_tcp(loop) : NULL;
    done(arg, tcp != NULL ? KN_OK : code == KN_OK ? KN_E_NO_MEMORY : code, tcp);
    return tcp != NULL && fake_is_open(loop, tcp) && tcp->begun ? tcp : NULL;
}

enum kn_code kn_resolve_start(struct kn_loop *loop, const char *name, enum kn_resolve_family family,
                              int timeout_ms, kn_resolve_fn *done, void *arg,
                              struct kn_resolve **out)
{
    (void)loop;
    (void)name;
    (void)family;
    (void)timeout_ms;
    (void)done;
    (void)arg;
    (void)out;
    return KN_E_INVALID;
}

enum kn_code kn_resolve_txt_start(struct kn_loop *loop, const char *name, int timeout_ms,
                                  kn_resolve_txt_fn *done, void *arg, struct kn_resolve **out)
{
    (void)loop;
    (void)name;
    (void)timeout_ms;
    (void)done;
    (void)arg;
    (void)out;
    return KN_E_INVALID;
}

void kn_resolve_cancel(struct kn_resolve *resolve)
{
    (void)resolve;
}
