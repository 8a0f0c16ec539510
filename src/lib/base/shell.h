/*
 * shell — words for a shell, in commands that a person copies and pastes.
 */
#ifndef KN_BASE_SHELL_H
#define KN_BASE_SHELL_H

#include "lib/base/text.h"

/* Append `word` so that a POSIX shell reads it as that one word: quoted only when it has to be. */
void kn_shell_add(struct kn_text *out, const char *word);

#endif
