/*
 * power — does this machine run on its battery?
 */
#ifndef KN_OS_POWER_H
#define KN_OS_POWER_H

enum kn_power {
    KN_POWER_UNKNOWN, /* nobody tells: no battery, most of the time */
    KN_POWER_MAINS,
    KN_POWER_BATTERY,
};

/*
 * As /sys/class/power_supply below `root` tells; "" is the machine's own. Batteries of mice and
 * telephones do not count. A battery that is discharged while a supply is plugged in counts as
 * mains. May take its time where the hardware is asked: for a worker.
 */
enum kn_power kn_power_read(const char *root);

#endif
