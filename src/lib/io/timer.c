#include "lib/base/memory.h"
#include "lib/io/inside.h"

/*
 * libuv counts in milliseconds, and a timer that is set inside another one's callback would wait
 * for the next of them. What is due at once is served by the loop itself, in its next turn.
 */
struct kn_timer {
    struct kn_loop *loop;
    uv_timer_t handle;
    void (*fire)(void *arg);
    void *arg;
    kn_time when;                   /* what the owner wants */
    kn_time armed;                  /* what libuv was told: never later than `when` */
    struct kn_timer *next, **place; /* among those that are due; NULL: it is not */
    unsigned turn;                  /* of the loop, when it was put there */
};

static void serve_due(uv_idle_t *handle);

static void add_due(struct kn_timer *timer)
{
    struct kn_loop *loop = timer->loop;

    if (timer->place != NULL)
        return;
    if (loop->due == NULL)
        (void)uv_idle_start(&loop->serve_due, serve_due);
    timer->turn = loop->turn;
    timer->next = NULL;
    timer->place = loop->due_end;
    *timer->place = timer;
    loop->due_end = &timer->next;
}

static void remove_due(struct kn_timer *timer)
{
    struct kn_loop *loop = timer->loop;

    if (timer->place == NULL)
        return;
    *timer->place = timer->next;
    if (timer->next != NULL)
        timer->next->place = timer->place;
    else
        loop->due_end = timer->place;
    timer->place = NULL;
    if (loop->due == NULL)
        (void)uv_idle_stop(&loop->serve_due);
}

static void fire_timer(struct kn_timer *timer)
{
    timer->when = KN_NEVER;
    timer->fire(timer->arg);
}

/* Those that are set meanwhile wait for the next turn: connections have theirs in between. */
static void serve_due(uv_idle_t *handle)
{
    struct kn_loop *loop = handle->data;

    loop->turn++;
    while (loop->due != NULL && loop->due->turn != loop->turn) {
        struct kn_timer *timer = loop->due;

        remove_due(timer);
        fire_timer(timer);
    }
}

int kn_timers_begin(struct kn_loop *loop)
{
    loop->due_end = &loop->due;
    loop->serve_due.data = loop;
    return uv_idle_init(loop->uv, &loop->serve_due);
}

static void arm(struct kn_timer *timer);

static void on_timer(uv_timer_t *handle)
{
    struct kn_timer *timer = handle->data;

    timer->armed = KN_NEVER;
    if (timer->when > kn_loop_now(timer->loop)) /* moved later meanwhile */
        arm(timer);
    else
        fire_timer(timer);
}

static void arm(struct kn_timer *timer)
{
    timer->armed = timer->when;
    (void)uv_timer_start(&timer->handle, on_timer,
                         (uint64_t)(timer->when - kn_loop_now(timer->loop)), 0);
}

struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg)
{
    struct kn_timer *timer = kn_try_alloc(sizeof(*timer));

    if (timer == NULL)
        return NULL;
    timer->loop = loop;
    timer->fire = fire;
    timer->arg = arg;
    timer->when = KN_NEVER;
    timer->armed = KN_NEVER;
    (void)uv_timer_init(loop->uv, &timer->handle);
    timer->handle.data = timer;
    return timer;
}

static void on_closed(uv_handle_t *handle)
{
    kn_free(handle->data);
}

void kn_timer_free(struct kn_timer *timer)
{
    if (timer == NULL)
        return;
    remove_due(timer);
    uv_close((uv_handle_t *)&timer->handle, on_closed);
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    if (when == timer->when)
        return;
    timer->when = when;
    if (when == KN_NEVER) {
        timer->armed = KN_NEVER;
        (void)uv_timer_stop(&timer->handle);
        remove_due(timer);
    } else if (when <= kn_loop_now(timer->loop)) {
        timer->armed = KN_NEVER;
        (void)uv_timer_stop(&timer->handle);
        add_due(timer);
    } else {
        remove_due(timer);
        if (when < timer->armed)
            arm(timer);
    }
}

void kn_deadline_start(struct kn_loop *loop, uv_timer_t *deadline, int timeout_ms, uv_timer_cb fire,
                       void *data)
{
    (void)kn_loop_now(loop);
    (void)uv_timer_init(loop->uv, deadline);
    deadline->data = data;
    (void)uv_timer_start(deadline, fire, timeout_ms > 0 ? (uint64_t)timeout_ms : 0, 0);
}
