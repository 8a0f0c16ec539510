#include "app/term/screen.h"

#include <string.h>

#include "app/term/term.h"
#include "lib/base/utf8.h"

enum {
    MARK_COLUMNS = 24, /* a window for "… 12345 more lines" on one row */
    MARK_ROWS = 2,     /* and for a line of the frame above it */
};

/* Columns of a line, colours not counted. */
static size_t width_of(const char *line, size_t n)
{
    size_t width = 0, from = 0;

    for (size_t i = 0; i < n; i++) {
        if (line[i] != '\x1b')
            continue;
        width += kn_utf8_width(line + from, i - from);
        while (i < n && line[i] != 'm')
            i++;
        from = i < n ? i + 1 : n;
    }
    return width + kn_utf8_width(line + from, n - from);
}

/* Rows of the window that a line needs. */
static size_t rows_of(const char *line, size_t n, size_t columns)
{
    size_t width = width_of(line, n);

    return columns == 0 || width <= columns ? 1 : (width + columns - 1) / columns;
}

/* The bytes of the lines at the beginning that stand on `most` rows; `*used` of them are needed. */
static size_t fitting(const char *text, size_t columns, size_t most, size_t *used)
{
    size_t at = 0;

    *used = 0;
    while (text[at] != '\0') {
        size_t n = strcspn(text + at, "\n"), rows = rows_of(text + at, n, columns);

        if (*used + rows > most)
            break;
        *used += rows;
        at += n + (text[at + n] == '\n');
    }
    return at;
}

static void add_mark(const struct kn_term *term, const char *left_out, struct kn_text *out)
{
    size_t lines = 0;

    for (; *left_out != '\0'; lines++)
        left_out += strcspn(left_out, "\n") + (left_out[strcspn(left_out, "\n")] == '\n');
    kn_text_addf(out, "%s %zu more line%s\n", kn_term_pick(term, "…", "..."), lines,
                 lines == 1 ? "" : "s");
}

/* Append as much of the frame as stands on `most` rows, and what says that there is more. */
static void add_fitting(const struct kn_term *term, const char *frame, size_t columns, size_t most,
                        struct kn_text *out)
{
    size_t used, n = fitting(frame, columns, most, &used);
    bool marks = frame[n] != '\0' && most >= MARK_ROWS && (columns == 0 || columns >= MARK_COLUMNS);

    if (marks)
        n = fitting(frame, columns, most - 1, &used);
    kn_text_add_n(out, frame, n);
    if (marks)
        add_mark(term, frame + n, out);
}

void kn_screen_draw(struct kn_screen *screen, const struct kn_term *term, const char *frame,
                    size_t columns, size_t rows, struct kn_text *out)
{
    size_t most = rows > 1 ? rows - 1 : SIZE_MAX; /* the cursor needs one */
    size_t used;

    if (screen->shown.n > 0) {
        (void)fitting(kn_text_get(&screen->shown), columns, most, &used);
        kn_text_add_char(out, '\r');
        if (used > 0)
            kn_text_addf(out, "\x1b[%zuA", used);
        kn_text_add(out, "\x1b[J"); /* spec: ECMA-48 ED: from here to the end of the screen */
    }
    kn_text_cut(&screen->shown, 0);
    add_fitting(term, frame, columns, most, &screen->shown);
    kn_text_add_n(out, kn_text_get(&screen->shown), screen->shown.n);
}

void kn_screen_done(struct kn_screen *screen)
{
    kn_text_done(&screen->shown);
}
