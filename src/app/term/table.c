#include "app/term/table.h"

#include <string.h>

#include "app/term/term.h"
#include "lib/base/utf8.h"

enum { GAP = 2, NARROWEST = 8 };

static size_t width_of(const char *text)
{
    return kn_utf8_width(text, strlen(text));
}

static size_t widest(const char *title, const char *const *cells, size_t step, size_t n_rows)
{
    size_t most = width_of(title);

    for (size_t i = 0; i < n_rows; i++) {
        size_t width = width_of(cells[i * step]);

        if (width > most)
            most = width;
    }
    return most;
}

/* Make the columns that give way narrower, until the line fits or they cannot. */
static void fit(const struct kn_table_column *columns, size_t n, size_t room, size_t *widths)
{
    size_t total = (n - 1) * GAP;

    for (size_t i = 0; i < n; i++)
        total += widths[i];
    for (size_t i = 0; i < n && total > room; i++) {
        size_t spare = widths[i] > NARROWEST ? widths[i] - NARROWEST : 0;
        size_t less = total - room < spare ? total - room : spare;

        if (!columns[i].gives_way)
            continue;
        widths[i] -= less;
        total -= less;
    }
}

/* The most of `text` that takes at most `width` columns with a mark behind it that it was cut. */
static void add_cut(const struct kn_term *term, const char *text, size_t width, struct kn_text *out)
{
    const char *mark = kn_term_pick(term, "…", "..");
    size_t n = strlen(text), keep = width - width_of(mark);

    while (n > 0 && kn_utf8_width(text, n) > keep)
        n = kn_utf8_cut(text, n - 1);
    kn_text_add_n(out, text, n);
    kn_text_add(out, mark);
}

static void add_cell(const struct kn_term *term, const char *text, size_t width, bool to_the_right,
                     bool is_last, struct kn_text *out)
{
    size_t own = width_of(text), pad = own < width ? width - own : 0;

    if (to_the_right)
        kn_text_fill(out, ' ', pad);
    if (own > width)
        add_cut(term, text, width, out);
    else
        kn_text_add(out, text);
    if (!is_last)
        kn_text_fill(out, ' ', (to_the_right ? 0 : pad) + GAP);
}

static void add_line(const struct kn_term *term, const struct kn_table_column *columns, size_t n,
                     const size_t *widths, const char *const *cells, struct kn_text *out)
{
    for (size_t i = 0; i < n; i++)
        add_cell(term, cells[i], widths[i], columns[i].to_the_right, i + 1 == n, out);
    kn_text_add_char(out, '\n');
}

void kn_table_add(const struct kn_term *term, const struct kn_table_column *columns,
                  size_t n_columns, const char *const *cells, size_t n_rows, struct kn_text *out)
{
    size_t widths[KN_TABLE_COLUMNS_MAX];
    const char *titles[KN_TABLE_COLUMNS_MAX];
    struct kn_text head = { 0 };

    for (size_t i = 0; i < n_columns; i++) {
        titles[i] = columns[i].title;
        widths[i] = widest(columns[i].title, cells + i, n_columns, n_rows);
    }
    if (term->is_terminal)
        fit(columns, n_columns, term->columns, widths);
    add_line(term, columns, n_columns, widths, titles, &head);
    kn_term_add(term, out, KN_DIM, kn_text_get(&head));
    kn_text_done(&head);
    for (size_t i = 0; i < n_rows; i++)
        add_line(term, columns, n_columns, widths, cells + i * n_columns, out);
}
