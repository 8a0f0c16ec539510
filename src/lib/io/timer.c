#include "lib/base/memory.h"
#include "lib/io/inside.h"

struct kn_timer {
    struct kn_loop *loop;
    uv_timer_t handle;
    void (*fire)(void *arg);
    void *arg;
    kn_time when;  /* what the owner wants */
    kn_time armed; /* what libuv was told: never later than `when` */
};

static void arm(struct kn_timer *timer);

static void on_timer(uv_timer_t *handle)
{
    struct kn_timer *timer = handle->data;
    struct kn_loop *loop = timer->loop;

    timer->armed = KN_NEVER;
    loop->firing = true;
    if (timer->when > kn_loop_now(loop)) { /* moved later meanwhile */
        arm(timer);
    } else {
        timer->when = KN_NEVER;
        timer->fire(timer->arg);
    }
    loop->firing = false;
}

static void arm(struct kn_timer *timer)
{
    kn_time now = kn_loop_now(timer->loop);
    kn_time least = timer->loop->firing ? 1 : 0; /* libuv would stay among its timers for ever */
    kn_time wait = timer->when > now ? timer->when - now : 0;

    timer->armed = timer->when;
    (void)uv_timer_start(&timer->handle, on_timer, (uint64_t)(wait < least ? least : wait), 0);
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
    if (timer != NULL)
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
    } else if (when < timer->armed) {
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
