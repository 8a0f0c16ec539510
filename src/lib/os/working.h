/*
 * working — the folder in which the program was started.
 */
#ifndef KN_OS_WORKING_H
#define KN_OS_WORKING_H

#include "lib/base/error.h"
#include "lib/base/text.h"

/* Append the working folder, absolute, to `out`. KN_E_UNKNOWN when it is gone. */
KN_MUST_USE enum kn_code kn_working_folder(struct kn_text *out, struct kn_error *err);

#endif
