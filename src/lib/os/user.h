/*
 * user — whose process this is.
 */
#ifndef KN_OS_USER_H
#define KN_OS_USER_H

#include "lib/base/error.h"
#include "lib/base/text.h"

/* Append the home folder that the system has for this user. KN_E_UNKNOWN when it has none. */
KN_MUST_USE enum kn_code kn_user_home(struct kn_text *out, struct kn_error *err);

/* Append the name that the system has for this user. KN_E_UNKNOWN when it has none. */
KN_MUST_USE enum kn_code kn_user_name(struct kn_text *out, struct kn_error *err);

#endif
