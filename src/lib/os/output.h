/*
 * output — writing to the standard output and the standard error of this process.
 */
#ifndef KN_OS_OUTPUT_H
#define KN_OS_OUTPUT_H

#include <stddef.h>

#include "lib/base/error.h"

enum kn_output { KN_OUTPUT_OUT = 1, KN_OUTPUT_ERR = 2 };

/*
 * Write all bytes. A reader that went away is a failure here and does not end the process. Not
 * thread-safe: it changes a signal action while it runs.
 * KN_E_NOT_FOUND: nobody reads any more. KN_E_NO_SPACE, KN_E_IO: as the system says.
 */
KN_MUST_USE enum kn_code kn_output_write(enum kn_output output, const char *bytes, size_t n,
                                         struct kn_error *err);

/*
 * Write as much as the reader takes at this moment, and never wait for it: `*written` of the bytes,
 * perhaps none. A file takes all. Codes as above; SIGPIPE must be ignored by the process.
 */
KN_MUST_USE enum kn_code kn_output_offer(enum kn_output output, const char *bytes, size_t n,
                                         size_t *written, struct kn_error *err);

/* Where the output is appended to a file of this process alone, empty it. */
void kn_output_empty(enum kn_output output);

/* Wait until the reader takes more, is gone, or that much time has passed. */
void kn_output_await(enum kn_output output, int timeout_ms);

#endif
