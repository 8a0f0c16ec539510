#include "app/term/screen.h"

#include <string.h>

#include "lib/base/utf8.h"

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

void kn_screen_draw(struct kn_screen *screen, const char *frame, size_t columns, size_t rows,
                    struct kn_text *out)
{
    size_t most = rows > 1 ? rows - 1 : SIZE_MAX; /* the cursor needs one */
    size_t used, n;

    if (screen->shown.n > 0) {
        (void)fitting(kn_text_get(&screen->shown), columns, most, &used);
        kn_text_add_char(out, '\r');
        if (used > 0)
            kn_text_addf(out, "\x1b[%zuA", used);
        kn_text_add(out, "\x1b[J"); /* spec: ECMA-48 ED: from here to the end of the screen */
    }
    n = fitting(frame, columns, most, &used);
    kn_text_add_n(out, frame, n);
    kn_text_cut(&screen->shown, 0);
    kn_text_add_n(&screen->shown, frame, n);
}

void kn_screen_done(struct kn_screen *screen)
{
    kn_text_done(&screen->shown);
}
