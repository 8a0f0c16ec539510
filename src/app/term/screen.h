/*
 * screen — the last lines of a terminal, written anew in place. Nothing of the terminal is changed,
 * so that it needs no mending whenever that ends.
 */
#ifndef KN_TERM_SCREEN_H
#define KN_TERM_SCREEN_H

#include <stddef.h>

#include "lib/base/text.h"

struct kn_term;

/* What stands there, the cursor below it. Zeroed: nothing. */
struct kn_screen {
    struct kn_text shown;
};

/*
 * Append what shows `frame`, whole lines, in the place of what is shown. The window has these
 * columns and rows by now; 0: not known. Lines for which it has no room are left out, and counted
 * on its last one.
 */
void kn_screen_draw(struct kn_screen *screen, const struct kn_term *term, const char *frame,
                    size_t columns, size_t rows, struct kn_text *out);

void kn_screen_done(struct kn_screen *screen);

#endif
