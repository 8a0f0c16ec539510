/*
 * harmless — words that somebody else wrote, made fit for one line that people read.
 */
#ifndef KN_BASE_HARMLESS_H
#define KN_BASE_HARMLESS_H

#include "lib/base/text.h"

/*
 * Append `text` with everything that could move the cursor or hide something as '?': control
 * characters, line breaks, marks of direction, bytes that are no UTF-8.
 */
void kn_text_add_harmless(struct kn_text *out, const char *text);

#endif
