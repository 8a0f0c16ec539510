/*
 * virtual_clock — one clock for whole, unmodified programs: days of theirs pass in minutes.
 *
 * virtual_clock.c is loaded into each program before its libraries (LD_PRELOAD) and answers for the
 * system's clocks and waits. Time flows as it really does, and leaps when every thread of every
 * program sleeps: then to the moment at which the first of them would wake (drive.c). What they
 * share is one file, named by KN_CLOCK. A program is on one of several machines
 * (KN_CLOCK_MACHINE, 0 when it is not given), each of which may sleep or have its clock set.
 */
#ifndef KN_TEST_VIRTUAL_CLOCK_H
#define KN_TEST_VIRTUAL_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    KN_VC_PROCESSES = 32,
    KN_VC_WAITS = 128,
    KN_VC_MACHINES = 4,
    KN_VC_NS_PER_S = 1000000000,
    KN_VC_NS_PER_MS = 1000000
};

/* A thread that would wake by itself: `until` on the clock of kn_vc_now(). thread 0: a free place.
 */
struct kn_vc_wait {
    _Atomic int32_t thread, process;
    _Atomic int64_t until;
};

struct kn_vc_machine {
    _Atomic int64_t slept; /* nanoseconds that CLOCK_MONOTONIC does not count */
    _Atomic int64_t set;   /* nanoseconds by which somebody has set its time of day */
};

/* The file begins as zeros. */
struct kn_vc {
    _Atomic int64_t ahead; /* nanoseconds, of the real clocks */
    _Atomic uint32_t turns;
    _Atomic int32_t processes[KN_VC_PROCESSES];
    struct kn_vc_machine machines[KN_VC_MACHINES];
    struct kn_vc_wait waits[KN_VC_WAITS];
};

/* What tells a thread that time has leapt; it is open only while the thread waits. */
#define KN_VC_SIGNAL (SIGRTMIN + 7)

#endif
