#include "app/term/fold.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/utf8.h"

enum { ITEM_INDENT = 2 };

static size_t begin_line(struct kn_text *out, size_t hang)
{
    kn_text_add_char(out, '\n');
    return hang;
}

/* Blanks are written when a word follows them, so that no line ends in any. */
size_t kn_fold_add(struct kn_text *out, const char *text, const struct kn_fold *fold)
{
    size_t at = fold->at, blanks = 0;
    bool fresh = false; /* at the start of a further line, its indent not yet written */

    while (*text != '\0') {
        size_t n = strcspn(text, " \n"), width = kn_utf8_width(text, n);

        if (n > 0) {
            if (!fresh && blanks > 0 && at + blanks + width > fold->columns) {
                at = begin_line(out, fold->hang);
                fresh = true;
            }
            kn_text_fill(out, ' ', fresh ? fold->hang : blanks);
            kn_text_add_n(out, text, n);
            at += fresh ? width : blanks + width;
            blanks = 0;
            fresh = false;
            text += n;
        } else if (*text == '\n') {
            at = begin_line(out, fold->hang);
            fresh = true;
            blanks = 0;
            text++;
        } else {
            blanks++;
            text++;
        }
    }
    return at;
}

void kn_fold_paragraph(struct kn_text *out, const char *text, size_t columns, size_t indent)
{
    struct kn_fold fold = { .columns = columns, .at = indent, .hang = indent };

    kn_text_fill(out, ' ', indent);
    (void)kn_fold_add(out, text, &fold);
    kn_text_add_char(out, '\n');
}

void kn_fold_item(struct kn_text *out, const char *name, const char *text, size_t columns,
                  size_t from)
{
    size_t width = ITEM_INDENT + kn_utf8_width(name, strlen(name));
    struct kn_fold fold = { .columns = columns, .at = from, .hang = from };

    kn_text_fill(out, ' ', ITEM_INDENT);
    kn_text_add(out, name);
    if (width + 2 > from && text[0] != '\0') {
        kn_text_add_char(out, '\n');
        width = 0;
    }
    if (text[0] != '\0')
        kn_text_fill(out, ' ', from - width);
    (void)kn_fold_add(out, text, &fold);
    kn_text_add_char(out, '\n');
}
