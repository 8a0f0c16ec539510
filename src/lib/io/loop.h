/*
 * loop — the one thread that owns all state: libuv's loop, its clock and its timers.
 *
 * Nothing here may be called from another thread except kn_loop_wake() and kn_loop_clock_us(). A
 * callback may free anything, its own timer included.
 */
#ifndef KN_IO_LOOP_H
#define KN_IO_LOOP_H

#include "lib/base/attributes.h"
#include "lib/base/error.h"
#include "lib/base/time.h"

struct kn_loop;

/* KN_E_NO_MEMORY, or KN_E_IO when the system has no descriptors left. From then on the process
 * ignores SIGPIPE, unless it had a handler of its own or this thread, which then must be the one
 * that runs the loop, blocks it. */
KN_MUST_USE enum kn_code kn_loop_new(struct kn_loop **out, struct kn_error *err);

/* Everything on it must be freed or cancelled before; runs what libuv still owes, and so waits for
 * lookups that a thread has begun. */
void kn_loop_free(struct kn_loop *loop);

/* Serve events until kn_loop_stop(), or until nothing is left that could bring one. */
void kn_loop_run(struct kn_loop *loop);
void kn_loop_stop(struct kn_loop *loop);

/* Milliseconds, cached once per turn of the loop. */
kn_time kn_loop_now(const struct kn_loop *loop);

/* Microseconds of the same clock, not cached: for measuring; from any thread. */
int64_t kn_loop_clock_us(void);

/* The time of day: seconds since 1970-01-01 00:00 UTC. It may be set and step. */
double kn_loop_unix_time(void);

/* From any thread or signal handler: end the wait and run `on_wake`, once for several calls.
 * While `on_wake` is set (not NULL), kn_loop_run() has something to wait for. */
void kn_loop_on_wake(struct kn_loop *loop, void (*on_wake)(void *arg), void *arg);
void kn_loop_wake(struct kn_loop *loop);

/* Let an interrupt or a request to end (SIGINT, SIGTERM) call `on_signal` on the loop thread.
 * NULL: the system's way again. Does not keep kn_loop_run() waiting. */
void kn_loop_on_signal(struct kn_loop *loop, void (*on_signal)(void *arg, int number), void *arg);

/* The same for SIGUSR1, which programs that move log files away send. NULL: what
 * comes late is passed over. */
void kn_loop_on_user_signal(struct kn_loop *loop, void (*on_signal)(void *arg), void *arg);
/* The same for SIGHUP, which stays as it is where whoever started the process has it ignored. What
 * was held back until now comes at once; once the loop is freed it is passed over. */
void kn_loop_on_hangup(struct kn_loop *loop, void (*on_hangup)(void *arg), void *arg);

/* A timer that can be set, moved and unset; `fire` comes on the loop thread, never from set. */
struct kn_timer;
KN_MUST_USE struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg);
void kn_timer_free(struct kn_timer *timer);

/* Fire once at `when`; KN_NEVER unsets. Cheap when it does not change. */
void kn_timer_set(struct kn_timer *timer, kn_time when);

#endif
