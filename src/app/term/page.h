/*
 * page — a screen that a person reads from top to bottom: titles between rules, lines with a
 * picture in front, items below them. Folded to the width of the terminal; every line ends with a
 * line feed. Pictures are shown on terminals with UTF-8 alone.
 *
 * What is formatted may hold words that others wrote: nothing of it moves the cursor.
 */
#ifndef KN_TERM_PAGE_H
#define KN_TERM_PAGE_H

#include "app/term/term.h"

struct kn_page {
    const struct kn_term *term;
    struct kn_text *out;
};

/* A title between two rules as wide as the terminal, behind an empty line. */
void kn_page_rule(const struct kn_page *page, const char *title);

/* An empty line. */
void kn_page_gap(const struct kn_page *page);

/* A line; `picture` "🔍", or "" for none. Further lines of it begin below its text. */
void kn_page_line(const struct kn_page *page, const char *picture, const char *format, ...)
    KN_PRINTF(3, 4);

/* The same, of an item below a line. */
void kn_page_item(const struct kn_page *page, const char *format, ...) KN_PRINTF(2, 3);

/* The same, without a mark: more about what stands above. */
void kn_page_more(const struct kn_page *page, const char *format, ...) KN_PRINTF(2, 3);

/* "Label:   text", the texts of all labels of up to 12 bytes below each other. */
void kn_page_pair(const struct kn_page *page, const char *label, const char *format, ...)
    KN_PRINTF(3, 4);

#endif
