/*
 * progress — how far something is, on one line, and a line that is rewritten in place.
 */
#ifndef KN_TERM_PROGRESS_H
#define KN_TERM_PROGRESS_H

#include <stddef.h>

struct kn_term;
struct kn_text;

struct kn_progress {
    const char *label; /* "Discovering network models" */
    size_t done, of;   /* of 0: nobody knows how much there is */
    const char *note;  /* "4/5 models"; NULL: none */
};

/*
 * Append "Discovering network models... [████████░░] 80% (4/5 models)", without a line feed. The
 * bar stands on terminals alone, the note only where all of it fits into `columns`.
 */
void kn_progress_add(const struct kn_term *term, const struct kn_progress *progress, size_t columns,
                     struct kn_text *out);

enum {
    /* Columns that stay empty: the last may break the line, and so may the ^C that is echoed. */
    KN_STATUS_LINE_MARGIN = 3,
};

/* What stands on the line of the cursor and will be rewritten. Zeroed: nothing. */
struct kn_status_line {
    size_t width; /* columns; 0: nothing stands there */
};

/*
 * Append what takes it away, the cursor then at its beginning. `columns`: of the window as it is
 * now; where it became narrower the line may have been broken.
 */
void kn_status_line_clear(struct kn_status_line *line, size_t columns, struct kn_text *out);

/* Append `text` in its place, cut so that it fits; text must hold nothing that moves the cursor. */
void kn_status_line_draw(struct kn_status_line *line, const char *text, size_t columns,
                         struct kn_text *out);

#endif
