#include "node/presence/pulse.h"

enum kn_pulse_finding kn_pulse_beat(struct kn_pulse *pulse, const struct kn_pulse_clocks *clocks)
{
    const struct kn_pulse_clocks last = pulse->last;
    double passed_ms = (double)(clocks->since_boot_ms - last.since_boot_ms);
    double jumped_ms = (clocks->unix_time - last.unix_time) * 1000.0 - passed_ms;
    double awake_ms = (double)(clocks->now - last.now);
    bool is_first = !pulse->begun;

    pulse->begun = true;
    pulse->last = *clocks;
    if (is_first)
        return KN_PULSE_STEADY;
    if (passed_ms - awake_ms >= KN_PULSE_SLEPT_MS)
        return KN_PULSE_SLEPT;
    if (awake_ms >= KN_PULSE_MS + KN_PULSE_STOPPED_MS)
        return KN_PULSE_STOPPED;
    if (jumped_ms >= KN_PULSE_CLOCK_SET_MS || jumped_ms <= -KN_PULSE_CLOCK_SET_MS)
        return KN_PULSE_CLOCK_SET;
    return KN_PULSE_STEADY;
}
