/*
 * pulse — did the machine sleep, was this process stopped, was the clock set?
 *
 * Pure: three clocks are handed in every KN_PULSE_MS, and what they say together tells. After each
 * of these others may have lost this node: its connections are dead, its records have ended.
 */
#ifndef KN_NODE_PRESENCE_PULSE_H
#define KN_NODE_PRESENCE_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"

enum {
    KN_PULSE_MS = 2000,
    KN_PULSE_SLEPT_MS = 2000,     /* that the machine has to have slept */
    KN_PULSE_STOPPED_MS = 15000,  /* by which a beat is late, without sleep */
    KN_PULSE_CLOCK_SET_MS = 2000, /* by which the time of day has jumped */
};

struct kn_pulse_clocks {
    kn_time now;           /* stands still while the machine sleeps */
    int64_t since_boot_ms; /* does not */
    double unix_time;      /* seconds; may be set */
};

enum kn_pulse_finding { KN_PULSE_STEADY, KN_PULSE_SLEPT, KN_PULSE_STOPPED, KN_PULSE_CLOCK_SET };

/* Start from { 0 }. */
struct kn_pulse {
    bool begun;
    struct kn_pulse_clocks last;
};

/* The first beat is steady. */
enum kn_pulse_finding kn_pulse_beat(struct kn_pulse *pulse, const struct kn_pulse_clocks *clocks);

#endif
