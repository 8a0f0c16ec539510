/*
 * term — what the other end of a stream can show.
 */
#ifndef KN_TERM_H
#define KN_TERM_H

#include <stdbool.h>

#include "lib/base/path.h"
#include "lib/base/text.h"

enum { KN_TERM_LEAST = 40, KN_TERM_USUAL = 80, KN_TERM_MOST = 120 };

struct kn_term {
    bool is_terminal;
    bool utf8;        /* the locale says UTF-8, and TERM is not "dumb" */
    bool color;       /* a terminal, not "dumb", and NO_COLOR is unset or empty */
    bool rewrites;    /* a terminal, not "dumb": a line can be written over */
    unsigned columns; /* for text: KN_TERM_LEAST..KN_TERM_MOST; KN_TERM_USUAL without a terminal */
};

/* Look at descriptor `fd`; `lookup` gives the environment. COLUMNS is not asked. */
struct kn_term kn_term_of(int fd, kn_lookup_fn *lookup, void *arg);

/* The same from facts: columns 0 means unknown. */
struct kn_term kn_term_from(bool is_terminal, unsigned columns, kn_lookup_fn *lookup, void *arg);

enum kn_style { KN_PLAIN, KN_BOLD, KN_DIM, KN_RED, KN_YELLOW, KN_GREEN };

/* Append `text` in a style, or as it is where there is no colour. */
void kn_term_add(const struct kn_term *term, struct kn_text *out, enum kn_style style,
                 const char *text);

/* `fancy` where UTF-8 can be shown, else `plain`. */
const char *kn_term_pick(const struct kn_term *term, const char *fancy, const char *plain);

/* "fancy " on a terminal with UTF-8, else "": for emoji in front of a line. */
const char *kn_term_emoji(const struct kn_term *term, const char *fancy);

/*
 * Append `text` with everything that could move the cursor or hide something as '?': control
 * characters, line breaks, bytes that are no UTF-8. For words that somebody else wrote.
 */
void kn_term_add_safe(struct kn_text *out, const char *text);

#endif
