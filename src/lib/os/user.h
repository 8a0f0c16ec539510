/*
 * user — whose process this is.
 */
#ifndef KN_OS_USER_H
#define KN_OS_USER_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

/* Append the home folder that the system has for this user. KN_E_UNKNOWN when it has none. */
KN_MUST_USE enum kn_code kn_user_home(struct kn_text *out, struct kn_error *err);

/* Append the name that the system has for this user. KN_E_UNKNOWN when it has none. */
KN_MUST_USE enum kn_code kn_user_name(struct kn_text *out, struct kn_error *err);

/* The home folder of the user called `name`. KN_E_NOT_FOUND: there is no such user. */
KN_MUST_USE enum kn_code kn_user_home_of(const char *name, struct kn_text *out,
                                         struct kn_error *err);

/* May this process write everywhere? */
bool kn_user_is_root(void);

#endif
