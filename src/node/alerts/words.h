/*
 * words — a command as a person writes it, cut into words. No shell: nothing is expanded, and
 * quotes ('…', "…") and a backslash do nothing but keep characters together. Who wants a shell
 * names it: sh -c '…'.
 */
#ifndef KN_NODE_ALERTS_WORDS_H
#define KN_NODE_ALERTS_WORDS_H

#include <stddef.h>

#include "lib/base/error.h"

enum { KN_WORDS_MAX = 64, KN_COMMAND_MAX = 4096 };

/*
 * Cut `command`: the words go to `room`, which has at least strlen(command) + 1 bytes, and
 * `words`, which ends in NULL. KN_E_INVALID: no word, or a quote that is not closed; KN_E_LIMIT.
 */
KN_MUST_USE enum kn_code kn_words_cut(const char *command, char *room,
                                      const char *words[KN_WORDS_MAX + 1], struct kn_error *err);

#endif
