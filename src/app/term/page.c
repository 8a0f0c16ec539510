#include "app/term/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/term/fold.h"
#include "lib/base/utf8.h"

enum { LINE_MAX_BYTES = 2048, INDENT = 3, PAIRS_AT = 15 };

static void add_rule(const struct kn_page *page)
{
    for (unsigned i = 0; i < page->term->columns; i++)
        kn_text_add(page->out, kn_term_pick(page->term, "━", "-"));
    kn_text_add_char(page->out, '\n');
}

void kn_page_rule(const struct kn_page *page, const char *title)
{
    kn_page_gap(page);
    add_rule(page);
    kn_text_add_char(page->out, ' ');
    kn_term_add(page->term, page->out, KN_BOLD, title);
    kn_text_add_char(page->out, '\n');
    add_rule(page);
    kn_page_gap(page);
}

void kn_page_gap(const struct kn_page *page)
{
    kn_text_add_char(page->out, '\n');
}

static void add_folded(const struct kn_page *page, const char *lead, const char *format,
                       va_list args) KN_PRINTF(3, 0);

/* What stands in `lead` is ours; the text hangs below its own beginning. */
static void add_folded(const struct kn_page *page, const char *lead, const char *format,
                       va_list args)
{
    char line[LINE_MAX_BYTES];
    size_t at = kn_utf8_width(lead, strlen(lead));
    const struct kn_fold fold = { page->term->columns, at, at };
    struct kn_text safe = { 0 };

    (void)vsnprintf(line, sizeof(line), format, args);
    kn_term_add_safe(&safe, line);
    kn_text_add(page->out, lead);
    (void)kn_fold_add(page->out, kn_text_get(&safe), &fold);
    kn_text_add_char(page->out, '\n');
    page->out->failed = page->out->failed || safe.failed;
    kn_text_done(&safe);
}

void kn_page_line(const struct kn_page *page, const char *picture, const char *format, ...)
{
    char lead[32] = "";
    va_list args;

    if (picture[0] != '\0' && kn_term_emoji(page->term, picture)[0] != '\0')
        (void)snprintf(lead, sizeof(lead), "%s ", picture);
    va_start(args, format);
    add_folded(page, lead, format, args);
    va_end(args);
}

void kn_page_item(const struct kn_page *page, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_folded(page, kn_term_pick(page->term, "   • ", "   * "), format, args);
    va_end(args);
}

void kn_page_more(const struct kn_page *page, const char *format, ...)
{
    char lead[INDENT + 1];
    va_list args;

    (void)snprintf(lead, sizeof(lead), "%*s", INDENT, "");
    va_start(args, format);
    add_folded(page, lead, format, args);
    va_end(args);
}

void kn_page_pair(const struct kn_page *page, const char *label, const char *format, ...)
{
    char lead[PAIRS_AT + 32];
    va_list args;

    (void)snprintf(lead, sizeof(lead), "%s:%*s", label,
                   strlen(label) + 2 < PAIRS_AT ? PAIRS_AT - 1 - (int)strlen(label) : 1, "");
    va_start(args, format);
    add_folded(page, lead, format, args);
    va_end(args);
}
