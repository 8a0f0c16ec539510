/*
 * error — one failure with its text and what to do about it.
 *
 * Fixed size, lives on the caller's stack, needs no freeing, works when memory is short.
 * Texts are lower case without a full stop; hints are whole sentences. Never put a secret in one.
 */
#ifndef KN_BASE_ERROR_H
#define KN_BASE_ERROR_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum { KN_ERROR_TEXT_SIZE = 320, KN_ERROR_HINT_SIZE = 320 };

struct kn_error {
    enum kn_code code;
    char text[KN_ERROR_TEXT_SIZE];
    char hint[KN_ERROR_HINT_SIZE]; /* "" when there is nothing to advise */
};

/* Fill `err` and return `code`. Texts that are too long are cut at a character. `err` may be NULL.
 */
enum kn_code kn_fail(struct kn_error *err, enum kn_code code, const char *format, ...)
    KN_PRINTF(3, 4) KN_COLD;

/* Fill `err` for an allocation that failed and return KN_E_NO_MEMORY. */
enum kn_code kn_fail_no_memory(struct kn_error *err) KN_COLD;

/* Add what to do. Keeps the code and the text. */
void kn_hint(struct kn_error *err, const char *format, ...) KN_PRINTF(2, 3) KN_COLD;

/* Put context in front: "tag mismatch" becomes "CONTEXT: tag mismatch". */
void kn_wrap(struct kn_error *err, const char *format, ...) KN_PRINTF(2, 3) KN_COLD;

#endif
