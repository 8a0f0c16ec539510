#include "lib/io/loop.h"

#include <signal.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

/* libuv writes without MSG_NOSIGNAL: a peer that is gone must be an error, not our end. */
static void ignore_broken_pipes(void)
{
    struct sigaction action = { 0 };
    sigset_t blocked;

    if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGPIPE) == 1)
        return;
    if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
        return;
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

static void on_async(uv_async_t *handle)
{
    struct kn_loop *loop = handle->data;

    if (loop->on_wake != NULL)
        loop->on_wake(loop->wake_arg);
}

static void on_uv_signal(uv_signal_t *handle, int number)
{
    struct kn_loop *loop = handle->data;

    if (loop->on_signal != NULL)
        loop->on_signal(loop->signal_arg, number);
}

static void on_uv_hangup(uv_signal_t *handle, int number)
{
    struct kn_loop *loop = handle->data;

    (void)number;
    if (loop->on_hangup != NULL)
        loop->on_hangup(loop->hangup_arg);
}

static void on_uv_user_signal(uv_signal_t *handle, int number)
{
    struct kn_loop *loop = handle->data;

    (void)number;
    if (loop->on_user_signal != NULL)
        loop->on_user_signal(loop->user_signal_arg);
}

/* They serve the loop, so they alone do not keep it running. */
static void keep_quiet(struct kn_loop *loop, uv_handle_t *handle)
{
    handle->data = loop;
    uv_unref(handle);
}

static int open_handles(struct kn_loop *loop)
{
    uv_signal_t *signals[] = { &loop->interrupt, &loop->terminate, &loop->hangup, &loop->user };
    int status = uv_async_init(loop->uv, &loop->wake, on_async);

    if (status != 0)
        return status;
    keep_quiet(loop, (uv_handle_t *)&loop->wake);
    status = kn_timers_begin(loop);
    if (status != 0)
        return status;
    for (size_t i = 0; i < KN_COUNT(signals) && status == 0; i++) {
        status = uv_signal_init(loop->uv, signals[i]);
        if (status == 0)
            keep_quiet(loop, (uv_handle_t *)signals[i]);
    }
    return status;
}

static enum kn_code fail_new(struct kn_error *err, int status)
{
    if (status == UV_ENOMEM)
        return kn_fail_no_memory(err);
    (void)kn_fail(err, KN_E_IO, "cannot make an event loop: %s", uv_strerror(status));
    kn_hint(err, "Let the process open more files (ulimit -n).");
    return KN_E_IO;
}

enum kn_code kn_loop_new(struct kn_loop **out, struct kn_error *err)
{
    struct kn_loop *loop = kn_try_alloc(sizeof(*loop));
    int status;

    if (loop == NULL)
        return kn_fail_no_memory(err);
    loop->uv = &loop->memory;
    status = uv_loop_init(loop->uv);
    if (status != 0) {
        kn_free(loop);
        return fail_new(err, status);
    }
    status = open_handles(loop);
    if (status != 0) {
        kn_loop_free(loop);
        return fail_new(err, status);
    }
    ignore_broken_pipes();
    *out = loop;
    return KN_OK;
}

/* Ours are closed; what a caller forgot must not make us wait for ever. The others of the kind of
 * `wake` are threads that work: those end, and are waited for. */
static void close_or_release(uv_handle_t *handle, void *arg)
{
    struct kn_loop *loop = arg;
    bool is_ours =
        handle == (uv_handle_t *)&loop->wake || handle == (uv_handle_t *)&loop->interrupt ||
        handle == (uv_handle_t *)&loop->terminate || handle == (uv_handle_t *)&loop->hangup ||
        handle == (uv_handle_t *)&loop->user || handle == (uv_handle_t *)&loop->serve_due;

    if (is_ours)
        uv_close(handle, NULL);
    else if (handle->type != UV_ASYNC)
        uv_unref(handle);
}

static void do_nothing(int number)
{
    (void)number;
}

/* No program that begins in the place of this one inherits that. */
static void pass_over(int number)
{
    struct sigaction late = { .sa_handler = do_nothing };

    (void)sigaction(number, &late, NULL);
}

/* libuv restores the system's way, which ends the process, before another can be set: until then
 * the signal waits. */
static void hold_back(int number, bool is_held)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, number);
    (void)pthread_sigmask(is_held ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void kn_loop_free(struct kn_loop *loop)
{
    bool heard_hangups;

    if (loop == NULL)
        return;
    heard_hangups = uv_is_active((uv_handle_t *)&loop->hangup) != 0;
    loop->on_wake = NULL;
    loop->on_signal = NULL;
    loop->on_hangup = NULL;
    loop->on_user_signal = NULL;
    if (heard_hangups)
        hold_back(SIGHUP, true);
    uv_walk(loop->uv, close_or_release, loop);
    if (heard_hangups) {
        pass_over(SIGHUP);
        hold_back(SIGHUP, false);
    }
    while (uv_run(loop->uv, UV_RUN_DEFAULT) != 0)
        continue;
    /* Refused while somebody's handle is open: then a leak is the smaller harm. */
    if (uv_loop_close(loop->uv) == 0)
        kn_free(loop);
}

void kn_loop_run(struct kn_loop *loop)
{
    loop->running = true;
    (void)uv_run(loop->uv, UV_RUN_DEFAULT);
    loop->running = false;
}

void kn_loop_stop(struct kn_loop *loop)
{
    uv_stop(loop->uv);
}

kn_time kn_loop_now(const struct kn_loop *loop)
{
    if (!loop->running)
        uv_update_time(loop->uv);
    return (kn_time)uv_now(loop->uv);
}

void kn_loop_on_wake(struct kn_loop *loop, void (*on_wake)(void *arg), void *arg)
{
    loop->on_wake = on_wake;
    loop->wake_arg = arg;
    if (on_wake != NULL)
        uv_ref((uv_handle_t *)&loop->wake);
    else
        uv_unref((uv_handle_t *)&loop->wake);
}

void kn_loop_wake(struct kn_loop *loop)
{
    (void)uv_async_send(&loop->wake);
}

void kn_loop_on_signal(struct kn_loop *loop, void (*on_signal)(void *arg, int number), void *arg)
{
    loop->on_signal = on_signal;
    loop->signal_arg = arg;
    if (on_signal == NULL) {
        (void)uv_signal_stop(&loop->interrupt);
        (void)uv_signal_stop(&loop->terminate);
        return;
    }
    (void)uv_signal_start(&loop->interrupt, on_uv_signal, SIGINT);
    (void)uv_signal_start(&loop->terminate, on_uv_signal, SIGTERM);
}

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void kn_loop_on_hangup(struct kn_loop *loop, void (*on_hangup)(void *arg), void *arg)
{
    loop->on_hangup = on_hangup;
    loop->hangup_arg = arg;
    if (on_hangup == NULL)
        (void)uv_signal_stop(&loop->hangup);
    else if (!is_ignored(SIGHUP))
        (void)uv_signal_start(&loop->hangup, on_uv_hangup, SIGHUP);
    if (on_hangup != NULL) /* held back by the program that became this one: kn_process_become() */
        hold_back(SIGHUP, false);
}

void kn_loop_on_user_signal(struct kn_loop *loop, void (*on_signal)(void *arg), void *arg)
{
    loop->on_user_signal = on_signal;
    loop->user_signal_arg = arg;
    if (on_signal != NULL) {
        (void)uv_signal_start(&loop->user, on_uv_user_signal, SIGUSR1);
        hold_back(SIGUSR1, false);
    } else if (uv_is_active((uv_handle_t *)&loop->user) != 0) {
        hold_back(SIGUSR1, true);
        (void)uv_signal_stop(&loop->user);
        pass_over(SIGUSR1);
        hold_back(SIGUSR1, false);
    }
}

int64_t kn_loop_clock_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

double kn_loop_unix_time(void)
{
    uv_timeval64_t now;

    if (uv_gettimeofday(&now) != 0)
        return 0;
    return (double)now.tv_sec + (double)now.tv_usec / 1e6;
}
