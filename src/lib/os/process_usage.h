/*
 * process_usage — what this process takes of the machine, at this moment.
 */
#ifndef KN_OS_PROCESS_USAGE_H
#define KN_OS_PROCESS_USAGE_H

#include <stdint.h>

/* Below zero: the system does not tell. */
struct kn_process_usage {
    int64_t resident_bytes; /* memory that is in RAM */
    int64_t descriptors;    /* open ones */
    double processor_s;     /* of all threads, in the program and in the system for it */
};

/* Counts descriptors one by one: not for every turn of a loop. */
void kn_process_usage(struct kn_process_usage *out);

#endif
