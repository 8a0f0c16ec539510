#include "lib/io/work.h"

#include <signal.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

/*
 * A thread for each: libuv starts all of its own with the first task and waits until every one has
 * run, which on a busy machine takes longer than most of what is done here. Names are still looked
 * up on those.
 */
struct kn_work {
    uv_thread_t thread;
    uv_async_t ended;
    void (*work)(void *arg);
    void (*done)(void *arg, enum kn_code code);
    void *arg;
};

static void run(void *arg)
{
    struct kn_work *work = arg;

    work->work(work->arg);
    (void)uv_async_send(&work->ended);
}

static void on_closed(uv_handle_t *handle)
{
    kn_free(handle->data);
}

static void on_ended(uv_async_t *handle)
{
    struct kn_work *work = handle->data;

    (void)uv_thread_join(&work->thread);
    uv_close((uv_handle_t *)handle, on_closed);
    work->done(work->arg, KN_OK);
}

/* Signals are the loop's, but for that of a mapped file that cannot be read (lib/os/map_guard.h).
 */
static int start_thread(struct kn_work *work)
{
    sigset_t all, before;
    int status;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGBUS);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return UV_EINVAL;
    status = uv_thread_create(&work->thread, run, work);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

enum kn_code kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                           void (*done)(void *arg, enum kn_code code), void *arg)
{
    struct kn_work *w = kn_try_alloc(sizeof(*w));
    int status;

    if (w == NULL)
        return KN_E_NO_MEMORY;
    *w = (struct kn_work){ .work = work, .done = done, .arg = arg };
    status = uv_async_init(loop->uv, &w->ended, on_ended);
    if (status != 0) {
        kn_free(w);
        return kn_code_from_uv(status);
    }
    w->ended.data = w;
    status = start_thread(w);
    if (status != 0)
        uv_close((uv_handle_t *)&w->ended, on_closed);
    return status == 0 ? KN_OK : kn_code_from_uv(status);
}
