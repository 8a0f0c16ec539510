/*
 * machine — the made-up machine of the demo, as a file for `start --machine`: 32 GiB of memory of
 * which 24 are available.
 */
#ifndef KN_DEMO_MACHINE_H
#define KN_DEMO_MACHINE_H

extern const char kn_demo_machine[];

#endif
