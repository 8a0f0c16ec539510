#include "config/edit/spell.h"

#include <string.h>

#include "config/edit/wanted.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"

/* Must be escaped. The breaks beyond ASCII are ones to some readers and none to others. */
static bool is_special(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static bool has_special(const char *text)
{
    size_t n = strlen(text), step;
    uint32_t code;

    for (; n > 0; text += step, n -= step) {
        step = kn_utf8_decode(text, n, &code);
        if (step == 0)
            return false; /* no escape helps; the parser will refuse it */
        if (is_special(code))
            return true;
    }
    return false;
}

/* Reads as a plain scalar, whatever it then means. */
static bool fits_plain(const char *text, bool flow)
{
    static const char first[] = "-?:,[]{}#&*!|>'\"%@` \t";
    size_t n = strlen(text);

    if (n == 0 || strchr(first, text[0]) != NULL || text[n - 1] == ' ' || text[n - 1] == ':' ||
        has_special(text) || strncmp(text, "...", 3) == 0)
        return false;
    if (strstr(text, ": ") != NULL || strstr(text, " #") != NULL)
        return false;
    return !flow || strpbrk(text, ",[]{}?") == NULL;
}

static void spell_single(const char *text, struct kn_text *out)
{
    kn_text_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            kn_text_add_char(out, '\'');
        kn_text_add_char(out, *text);
    }
    kn_text_add_char(out, '\'');
}

/* Escapes that JSON has too. */
static void spell_escape(uint32_t code, struct kn_text *out)
{
    static const char named[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *at = code < 0x80 && code != 0 ? strchr(named, (int)code) : NULL;

    if (at != NULL)
        kn_text_addf(out, "\\%c", letters[at - named]);
    else
        kn_text_addf(out, "\\u%04x", (unsigned)code);
}

static void spell_double(const char *text, struct kn_text *out)
{
    size_t n = strlen(text), step;
    uint32_t code;

    kn_text_add_char(out, '"');
    for (; n > 0; text += step, n -= step) {
        step = kn_utf8_decode(text, n, &code);
        if (step > 0 && (is_special(code) || code == '"' || code == '\\'))
            spell_escape(code, out);
        else
            kn_text_add_n(out, text, step > 0 ? step : 1);
        step += step == 0;
    }
    kn_text_add_char(out, '"');
}

void kn_spell_text(const char *text, enum kn_yaml_style like, enum kn_spell how,
                   struct kn_text *out)
{
    bool as_double = how == KN_SPELL_JSON || like == KN_YAML_DOUBLE_QUOTED;

    if (!as_double && like == KN_YAML_SINGLE_QUOTED && !has_special(text))
        spell_single(text, out);
    else if (!as_double && fits_plain(text, how == KN_SPELL_FLOW) && !kn_wanted_is_ambiguous(text))
        kn_text_add(out, text);
    else
        spell_double(text, out);
}

static bool is_json_word(const char *text)
{
    double number;

    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
           kn_parse_decimal(text, NULL, &number) == KN_OK;
}

/* Numbers below zero begin with what else would be an indicator. */
static void spell_plain(const char *text, enum kn_spell how, struct kn_text *out)
{
    const char *rest = text + (text[0] == '-');

    if (how == KN_SPELL_JSON ? is_json_word(text) : fits_plain(rest, how == KN_SPELL_FLOW))
        kn_text_add(out, text);
    else
        spell_double(text, out);
}

static void spell_scalar(const struct kn_yaml_node *value, enum kn_yaml_style like,
                         enum kn_spell how, struct kn_text *out)
{
    if (kn_yaml_is_null(value))
        kn_text_add(out, "null");
    else if (value->style == KN_YAML_PLAIN)
        spell_plain(value->text, how, out);
    else
        kn_spell_text(value->text, like, how, out);
}

/* Recursion: at most KN_YAML_DEPTH_MAX deep, because the parser builds no deeper tree. */
void kn_spell_value(const struct kn_yaml_node *value, enum kn_yaml_style like, enum kn_spell how,
                    struct kn_text *out)
{
    enum kn_spell inner = how == KN_SPELL_BLOCK ? KN_SPELL_FLOW : how;
    bool map = value->kind == KN_YAML_MAPPING;

    if (value->kind == KN_YAML_SCALAR) {
        spell_scalar(value, like, how, out);
        return;
    }
    kn_text_add_char(out, map ? '{' : '[');
    for (const struct kn_yaml_node *item = value->first; item != NULL; item = item->next) {
        if (item != value->first)
            kn_text_add(out, ", ");
        if (map) {
            kn_spell_text(item->text, KN_YAML_PLAIN, inner, out);
            kn_text_add(out, ": ");
        }
        kn_spell_value(map ? item->value : item, like, inner, out);
    }
    kn_text_add_char(out, map ? '}' : ']');
}
