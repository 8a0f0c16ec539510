#include "app/term/progress.h"

#include <string.h>

#include "app/term/term.h"
#include "lib/base/utf8.h"

enum { CELLS = 10 };

static void add_bar(const struct kn_term *term, const struct kn_progress *progress,
                    struct kn_text *out)
{
    size_t full = progress->done * CELLS / progress->of;

    kn_text_add_char(out, '[');
    for (size_t i = 0; i < CELLS; i++)
        kn_text_add(out, i < full ? kn_term_pick(term, "█", "#") : kn_term_pick(term, "░", "."));
    kn_text_add(out, "] ");
}

void kn_progress_add(const struct kn_term *term, const struct kn_progress *progress, size_t columns,
                     struct kn_text *out)
{
    struct kn_progress p = *progress;
    size_t begin = out->n, kept;

    if (p.done > p.of)
        p.done = p.of;
    kn_text_addf(out, "%s...", p.label);
    if (p.of > 0) {
        kn_text_add_char(out, ' ');
        if (term->is_terminal)
            add_bar(term, &p, out);
        kn_text_addf(out, "%zu%%", p.done * 100 / p.of);
    }
    kept = out->n;
    if (p.note != NULL)
        kn_text_addf(out, " (%s)", p.note);
    if (!out->failed && kn_utf8_width(out->at + begin, out->n - begin) > columns)
        kn_text_cut(out, kept);
}

void kn_status_line_clear(struct kn_status_line *line, size_t columns, struct kn_text *out)
{
    if (line->width == 0)
        return;
    kn_text_add_char(out, '\r');
    for (size_t width = line->width; columns > 0 && width > columns; width -= columns)
        kn_text_add(out, "\x1b[A");
    kn_text_add(out, "\x1b[J"); /* spec: ECMA-48 ED: from here to the end of the screen */
    line->width = 0;
}

/* The bytes of `text` that stand on that many columns. */
static size_t fitting(const char *text, size_t columns)
{
    size_t n = strlen(text);

    while (n > 0 && kn_utf8_width(text, n) > columns)
        n = kn_utf8_cut(text, n - 1);
    return n;
}

void kn_status_line_draw(struct kn_status_line *line, const char *text, size_t columns,
                         struct kn_text *out)
{
    size_t room = columns > KN_STATUS_LINE_MARGIN ? columns - KN_STATUS_LINE_MARGIN : 0;
    size_t n = fitting(text, room);

    kn_status_line_clear(line, columns, out);
    kn_text_add_n(out, text, n);
    line->width = kn_utf8_width(text, n);
}
