/*
 * program — whose program a command would run: whoever may change that has it run as this user.
 */
#ifndef KN_NODE_ALERTS_PROGRAM_H
#define KN_NODE_ALERTS_PROGRAM_H

#include "lib/base/error.h"

struct kn_text;

/*
 * Find the file that `word` names: a path, from `folder` on where it is relative, or a name that is
 * searched for in PATH of `environment` ("NAME=value", ends in NULL) as execvp(3) does. `out` gets
 * what is to be run, so that nothing else is. KN_E_NOT_FOUND: no folder of PATH has such a program;
 * KN_E_DENIED: another user owns it, or others may write it; KN_E_NO_MEMORY. A path that leads
 * nowhere is none of these: to run it says so.
 */
KN_MUST_USE enum kn_code kn_alert_program_find(const char *word, const char *folder,
                                               const char *const *environment, struct kn_text *out,
                                               struct kn_error *err);

#endif
