/*
 * again — a node that was told to restart becomes the program anew, in the same process: its
 * number, folder, words and variables stay. Internal to the start*.c.
 */
#ifndef KN_CLI_AGAIN_H
#define KN_CLI_AGAIN_H

#include "lib/base/error.h"

struct kn_cli;

/* Remember where the program lies, while that can be found out. NULL: it cannot. */
const char *kn_again_program(struct kn_cli *cli);

/* Could it begin anew? */
KN_MUST_USE enum kn_code kn_again_may(const char *program, struct kn_error *err);

/* Become it. Returns only when that failed. */
KN_MUST_USE enum kn_code kn_again(const struct kn_cli *cli, const char *program,
                                  struct kn_error *err);

#endif
