/*
 * clock — the time of day, to be handed on to what needs it.
 */
#ifndef KN_OS_CLOCK_H
#define KN_OS_CLOCK_H

#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

/* Seconds since 1970-01-01 00:00 UTC. KN_E_UNKNOWN when the system does not tell. */
KN_MUST_USE enum kn_code kn_clock_now(int64_t *seconds);

/* Milliseconds since the machine started, those that it slept included. KN_E_UNKNOWN as above. */
KN_MUST_USE enum kn_code kn_clock_since_boot(int64_t *ms);

/* Wait that long, or until a signal was handled. */
void kn_clock_sleep_ms(int64_t ms);

#endif
