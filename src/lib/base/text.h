/*
 * text — a string that grows.
 *
 * Once an allocation failed the text stays failed and empty, and every later call does nothing,
 * so a writer asks once at its end. Start from { 0 }; release with kn_text_done().
 */
#ifndef KN_BASE_TEXT_H
#define KN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attributes.h"

struct kn_text {
    char *at; /* ends in NUL once anything was added; NULL before */
    size_t n; /* bytes without that NUL */
    size_t room;
    bool failed;
};

void kn_text_add(struct kn_text *text, const char *more);
void kn_text_add_n(struct kn_text *text, const char *bytes, size_t n);
void kn_text_add_char(struct kn_text *text, char c);
void kn_text_addf(struct kn_text *text, const char *format, ...) KN_PRINTF(2, 3);

/* `n` times `c`. */
void kn_text_fill(struct kn_text *text, char c, size_t n);

/* Cut back to the first `n` bytes. */
void kn_text_cut(struct kn_text *text, size_t n);

/* The bytes so far, "" when there are none. Valid until the next change. */
const char *kn_text_get(const struct kn_text *text);

void kn_text_done(struct kn_text *text);

#endif
