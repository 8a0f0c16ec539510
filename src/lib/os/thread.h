/*
 * thread — a thread of our own, and a place where threads meet.
 *
 * For what must live beside a program that is not ours, and for work that takes every processor.
 * Everything else runs on one loop thread and does not need this.
 */
#ifndef KN_OS_THREAD_H
#define KN_OS_THREAD_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/time.h"

struct kn_thread;

/*
 * Run `run(arg)` on a thread of its own. All signals are blocked there, so that those of the
 * process stay with its other threads and a broken pipe is an error of the call that wrote; numbers
 * are written as in the C locale, whatever the process has set. KN_E_NO_MEMORY, or KN_E_IO when the
 * system permits no more threads.
 */
KN_MUST_USE enum kn_code kn_thread_start(void (*run)(void *arg), void *arg, struct kn_thread **out,
                                         struct kn_error *err);

/* Wait for its end and release it. NULL is fine; from another thread. */
void kn_thread_join(struct kn_thread *thread);

/* Between two looks at something that another thread is about to change. */
void kn_thread_relax(void);

/* A lock and what its holders wait for. */
struct kn_monitor;

/* NULL: the system has no memory for it. */
KN_MUST_USE struct kn_monitor *kn_monitor_new(void);
void kn_monitor_free(struct kn_monitor *monitor); /* nobody holds it or waits */

void kn_monitor_enter(struct kn_monitor *monitor); /* not twice */
void kn_monitor_leave(struct kn_monitor *monitor);

/* Wake all who wait; from inside. */
void kn_monitor_tell(struct kn_monitor *monitor);

/* From inside: let others in until one of them tells, or for no reason; then inside again. False:
 * it was `until` first. */
bool kn_monitor_wait(struct kn_monitor *monitor, kn_time until);

/* The clock of `until`. */
kn_time kn_monitor_now(void);

#endif
