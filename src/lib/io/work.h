/*
 * work — something slow done on another thread, its end told on the loop's.
 */
#ifndef KN_IO_WORK_H
#define KN_IO_WORK_H

#include "lib/io/loop.h"

/*
 * Run `work(arg)` on a thread of its own, then `done(arg, KN_OK)` once on the loop's, later. `arg`
 * belongs to the work until then. KN_E_NO_MEMORY, KN_E_IO (no more threads): neither is called.
 */
KN_MUST_USE enum kn_code kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                                       void (*done)(void *arg, enum kn_code code), void *arg);

#endif
