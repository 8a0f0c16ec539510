/*
 * parse — the words of the command line: command, flags, arguments.
 *
 * Flags may stand anywhere behind the command; "--" ends them. A flag is looked up among the
 * common ones, the command's own, and, when the command loads the configuration, among those of
 * the settings.
 */
#ifndef KN_CLI_PARSE_H
#define KN_CLI_PARSE_H

#include <stddef.h>

#include "lib/base/error.h"

struct kn_cli;

/*
 * Fill command, arguments, options and request of `cli` from `n` words, the program's name not
 * among them. Keeps the words. KN_E_INVALID: wrong usage; what was understood so far is filled,
 * --json always. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_cli_parse(struct kn_cli *cli, const char *const *words, size_t n,
                                      struct kn_error *err);

#endif
