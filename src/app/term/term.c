#include "app/term/term.h"

#include <string.h>

#include "lib/base/harmless.h"
#include "lib/os/terminal.h"

static const char *filled(kn_lookup_fn *lookup, void *arg, const char *name)
{
    const char *value = lookup(arg, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* "de_DE.UTF-8", "C.utf8" */
static bool names_utf8(const char *locale)
{
    static const char *const spellings[] = { "UTF-8", "utf-8", "UTF8", "utf8" };

    for (size_t i = 0; i < KN_COUNT(spellings); i++) {
        if (strstr(locale, spellings[i]) != NULL)
            return true;
    }
    return false;
}

/* The first of the three that is set decides. spec: POSIX.1-2017 §8.2 */
static bool locale_is_utf8(kn_lookup_fn *lookup, void *arg)
{
    static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

    for (size_t i = 0; i < KN_COUNT(variables); i++) {
        const char *locale = filled(lookup, arg, variables[i]);

        if (locale != NULL)
            return names_utf8(locale);
    }
    return false;
}

struct kn_term kn_term_from(bool is_terminal, unsigned columns, kn_lookup_fn *lookup, void *arg)
{
    const char *kind = filled(lookup, arg, "TERM");
    bool dumb = kind != NULL ? strcmp(kind, "dumb") == 0 : is_terminal;
    struct kn_term term = { .is_terminal = is_terminal, .columns = columns };

    if (!is_terminal || columns == 0)
        term.columns = KN_TERM_USUAL;
    else if (columns < KN_TERM_LEAST)
        term.columns = KN_TERM_LEAST;
    else if (columns > KN_TERM_MOST)
        term.columns = KN_TERM_MOST;
    term.utf8 = !dumb && locale_is_utf8(lookup, arg);
    term.rewrites = is_terminal && !dumb;
    term.color = term.rewrites && filled(lookup, arg, "NO_COLOR") == NULL;
    return term;
}

struct kn_term kn_term_of(int fd, kn_lookup_fn *lookup, void *arg)
{
    bool is_terminal = kn_terminal_is(fd);

    return kn_term_from(is_terminal, is_terminal ? kn_terminal_columns(fd) : 0, lookup, arg);
}

void kn_term_add(const struct kn_term *term, struct kn_text *out, enum kn_style style,
                 const char *text)
{
    static const char *const codes[] = { "0", "1", "2", "31", "33", "32" }; /* spec: ECMA-48 SGR */

    if (term->color && style != KN_PLAIN && text[0] != '\0')
        kn_text_addf(out, "\x1b[%sm%s\x1b[0m", codes[style], text);
    else
        kn_text_add(out, text);
}

const char *kn_term_pick(const struct kn_term *term, const char *fancy, const char *plain)
{
    return term->utf8 ? fancy : plain;
}

const char *kn_term_emoji(const struct kn_term *term, const char *fancy)
{
    return term->is_terminal && term->utf8 ? fancy : "";
}

void kn_term_add_safe(struct kn_text *out, const char *text)
{
    kn_text_add_harmless(out, text);
}
