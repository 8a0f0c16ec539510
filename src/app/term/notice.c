#include "app/term/notice.h"

#include <stdio.h>
#include <string.h>

#include "app/term/fold.h"
#include "app/term/term.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"

enum { INDENT = 2, INNER = 6, GAP = 2 };

static void add_head(const struct kn_term *term, const struct kn_notice *notice,
                     struct kn_text *out)
{
    struct kn_text place = { 0 }, message = { 0 };
    struct kn_fold fold = { .columns = term->columns, .hang = INNER };
    size_t width;

    kn_term_add_safe(&place, notice->place);
    kn_term_add_safe(&message, notice->message);
    width = kn_utf8_width(kn_text_get(&place), place.n);
    kn_text_fill(out, ' ', INDENT);
    kn_term_add(term, out, KN_BOLD, kn_text_get(&place));
    fold.at = INDENT + width;
    /* The message goes below when not even its first words would stand beside the place. */
    if (fold.at > term->columns / 2 && fold.at + GAP + message.n > term->columns) {
        kn_text_add_char(out, '\n');
        kn_text_fill(out, ' ', INNER);
        fold.at = INNER;
    } else {
        kn_text_fill(out, ' ', GAP);
        fold.at += GAP;
    }
    if (notice->is_warning) {
        kn_term_add(term, out, KN_YELLOW, "warning:");
        kn_text_add_char(out, ' ');
        fold.at += sizeof("warning:");
    }
    (void)kn_fold_add(out, kn_text_get(&message), &fold);
    kn_text_add_char(out, '\n');
    kn_text_done(&place);
    kn_text_done(&message);
}

/* The byte of `text` at which column `column` begins, or the end. */
static size_t byte_of_column(const char *text, size_t n, size_t column)
{
    size_t i = 0;

    while (i < n && kn_utf8_width(text, i) < column) {
        i++;
        while (i < n && ((unsigned char)text[i] & 0xc0) == 0x80)
            i++;
    }
    return i;
}

/* Columns [from, to) of the excerpt that are shown. */
struct window {
    size_t from, to;
};

/* All of it when it fits; else the part around the caret, which keeps a third in front. */
static struct window window_of(size_t width, size_t room, const struct kn_notice *notice)
{
    struct window window = { 0, width };

    if (width <= room)
        return window;
    if (notice->caret + notice->caret_width > room)
        window.from = notice->caret > room / 3 ? notice->caret - room / 3 : 0;
    if (window.from + room > width)
        window.from = width - room;
    window.to = window.from + room;
    return window;
}

static void add_cut(struct kn_text *out, const char *text, size_t n, struct window window)
{
    size_t from = byte_of_column(text, n, window.from), to = byte_of_column(text, n, window.to);

    /* A wide character that the edge splits is left out. */
    while (to > from && kn_utf8_width(text + from, to - from) > window.to - window.from)
        to = from + kn_utf8_cut(text + from, to - from - 1);
    kn_text_add_n(out, text + from, to - from);
}

static void add_excerpt(const struct kn_term *term, const struct kn_notice *notice,
                        struct kn_text *out)
{
    struct kn_text safe = { 0 };
    char number[16];
    size_t gutter, room, caret, underline;
    struct window window;

    kn_term_add_safe(&safe, notice->excerpt);
    gutter = (size_t)snprintf(number, sizeof(number), "%u", notice->line);
    room = term->columns - INNER - gutter - 3;
    window = window_of(kn_utf8_width(kn_text_get(&safe), safe.n), room, notice);
    kn_text_fill(out, ' ', INNER);
    kn_term_add(term, out, KN_DIM, number);
    kn_text_add(out, " | ");
    add_cut(out, kn_text_get(&safe), safe.n, window);
    kn_text_add_char(out, '\n');
    kn_text_fill(out, ' ', INNER + gutter);
    kn_text_add(out, " | ");
    caret = notice->caret > window.from ? notice->caret - window.from : 0;
    kn_text_fill(out, ' ', caret);
    underline = notice->caret_width > 0 ? notice->caret_width : 1;
    if (caret + underline > room)
        underline = caret < room ? room - caret : 1;
    kn_text_cut(&safe, 0);
    kn_text_fill(&safe, '^', underline);
    kn_term_add(term, out, notice->is_warning ? KN_YELLOW : KN_RED, kn_text_get(&safe));
    kn_text_add_char(out, '\n');
    kn_text_done(&safe);
}

void kn_notice_add(const struct kn_term *term, const struct kn_notice *notice, struct kn_text *out)
{
    add_head(term, notice, out);
    if (notice->excerpt != NULL && notice->line > 0)
        add_excerpt(term, notice, out);
    for (size_t i = 0; i < KN_NOTICE_HINTS; i++) {
        struct kn_text safe = { 0 };

        if (notice->hints[i] == NULL)
            continue;
        kn_term_add_safe(&safe, notice->hints[i]);
        kn_fold_paragraph(out, kn_text_get(&safe), term->columns, INNER);
        kn_text_done(&safe);
    }
}
