/*
 * process_info — what the system tells about a process.
 */
#ifndef KN_OS_PROCESS_INFO_H
#define KN_OS_PROCESS_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

enum { KN_PROCESS_NAME_SIZE = 32 };

struct kn_process_info {
    char name[KN_PROCESS_NAME_SIZE]; /* printable ASCII; others are '?' */
    int64_t started;                 /* seconds since 1970, as the clock counts now */
};

/* The number of this process. */
int64_t kn_process_self(void);

/* Append the path of the program that this process runs. KN_E_UNKNOWN: the system does not tell, or
 * the program was replaced or removed meanwhile; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_process_program(struct kn_text *out, struct kn_error *err);

/* KN_E_NOT_FOUND: no such process, or one that has ended and was not waited for. KN_E_UNKNOWN. */
KN_MUST_USE enum kn_code kn_process_look(int64_t pid, struct kn_process_info *out);

#endif
