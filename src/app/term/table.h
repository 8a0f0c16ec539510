/*
 * table — rows under titles, as wide as the terminal allows. Where there is no terminal every cell
 * stays whole: ids and names in a pipe are there to be used.
 */
#ifndef KN_TERM_TABLE_H
#define KN_TERM_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct kn_term;
struct kn_text;

enum { KN_TABLE_COLUMNS_MAX = 8 };

struct kn_table_column {
    const char *title;
    bool to_the_right; /* numbers */
    bool gives_way;    /* is cut where the terminal is too narrow */
};

/*
 * Append a line of titles and a line for each row; `cells` holds n_rows times n_columns texts,
 * which must hold nothing that moves the cursor. Lines end with a line feed.
 */
void kn_table_add(const struct kn_term *term, const struct kn_table_column *columns,
                  size_t n_columns, const char *const *cells, size_t n_rows, struct kn_text *out);

#endif
