/*
 * drive — what the test that owns a virtual clock does with it; called from Python.
 *
 * All times are nanoseconds.
 */
#ifndef KN_TEST_DRIVE_H
#define KN_TEST_DRIVE_H

#include <stdint.h>

struct kn_vc;

#define KN_VC_PUBLIC __attribute__((visibility("default")))

/* The file is made where there is none, and mapped until the process ends. NULL: it cannot be. */
KN_VC_PUBLIC struct kn_vc *kn_vc_open(const char *path);

/* The clock that all machines share: it never steps back, and goes on while one of them sleeps. */
KN_VC_PUBLIC int64_t kn_vc_now(struct kn_vc *clock);

/* The time of day on a machine, since 1970. */
KN_VC_PUBLIC int64_t kn_vc_unix(struct kn_vc *clock, unsigned machine);

/* Let so much pass at once, whatever others wait for; before the first of them starts. */
KN_VC_PUBLIC void kn_vc_leap(struct kn_vc *clock, int64_t ns);

/* So much of what has passed the machine has slept through: its programs were stopped. */
KN_VC_PUBLIC void kn_vc_slept(struct kn_vc *clock, unsigned machine, int64_t ns);

/* Somebody sets the time of day of a machine forward, or back. */
KN_VC_PUBLIC void kn_vc_set(struct kn_vc *clock, unsigned machine, int64_t ns);

/* Until then (kn_vc_now()), leap where nobody has anything to do. How often it did; -1: after that
 * many real milliseconds it is not that late yet. */
KN_VC_PUBLIC int64_t kn_vc_go(struct kn_vc *clock, int64_t until, int64_t bound_ms);

#endif
