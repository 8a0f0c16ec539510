/*
 * fold — text broken at blanks so that it fits, with a hanging indent.
 *
 * Widths are columns of a terminal. A word that is wider than the room stays whole: keys, paths
 * and addresses are there to be copied.
 */
#ifndef KN_TERM_FOLD_H
#define KN_TERM_FOLD_H

#include <stdbool.h>
#include <stddef.h>

struct kn_text;

struct kn_fold {
    size_t columns; /* of the terminal */
    size_t at;      /* the column where the cursor stands, from 0 */
    size_t hang;    /* where further lines begin */
};

/*
 * Append `text`; a line feed in it begins a new line, and the text must hold nothing else that
 * moves the cursor. Adds no line feed at its end. Returns the column where the cursor stands then.
 */
size_t kn_fold_add(struct kn_text *out, const char *text, const struct kn_fold *fold);

/* A whole paragraph: indent, text, line feed. */
void kn_fold_paragraph(struct kn_text *out, const char *text, size_t columns, size_t indent);

/*
 * A line of a list: `name` indented by two, `text` from column `from` on; below it when the name
 * is too long. Ends with a line feed.
 */
void kn_fold_item(struct kn_text *out, const char *name, const char *text, size_t columns,
                  size_t from);

#endif
