/*
 * failure — what the system's error numbers mean. Internal to lib/os.
 */
#ifndef KN_OS_FAILURE_H
#define KN_OS_FAILURE_H

#include "lib/base/error.h"

struct stat;

/*
 * Fill `err` for the error number `number` and return the code that goes with it. The text is
 * "cannot DOING: REASON", or the reason alone when `doing` is NULL.
 */
enum kn_code kn_fail_system(struct kn_error *err, int number, const char *doing);

/* What a thing that is no regular file is: "a folder", "a device", "a pipe", "a socket". */
const char *kn_kind_of(const struct stat *info);

/* Advise on a refused permission: who owns `what`, its mode, and who asks. */
void kn_hint_owner(struct kn_error *err, const char *what, const struct stat *info);

#endif
