/*
 * program — whose program a command would run: whoever may change that has it run as this user.
 */
#ifndef KN_NODE_ALERTS_PROGRAM_H
#define KN_NODE_ALERTS_PROGRAM_H

#include "lib/base/error.h"

/*
 * Look at the file that `word` names: a path, from `folder` on where it is relative, or a name that
 * is searched for in PATH of `environment` ("NAME=value", ends in NULL). KN_E_DENIED: another user
 * owns it, or others may write it. KN_OK also where there is none: to run it says so.
 */
KN_MUST_USE enum kn_code kn_alert_program_judge(const char *word, const char *folder,
                                                const char *const *environment,
                                                struct kn_error *err);

#endif
