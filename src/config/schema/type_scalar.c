/* bool, int, number, choice, string and path. */
#include <string.h>

#include "config/schema/type_parts.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

/* YAML 1.1 and habit know more words for the two; YAML 1.2 and this program do not. */
static const char *boolean_meant(const char *text)
{
    static const char *const words[][2] = {
        { "yes", "true" },  { "no", "false" },    { "on", "true" }, { "off", "false" },
        { "y", "true" },    { "n", "false" },     { "1", "true" },  { "0", "false" },
        { "true", "true" }, { "false", "false" },
    };

    for (size_t i = 0; i < KN_COUNT(words); i++) {
        struct kn_nearest same = kn_nearest_to(text);

        kn_nearest_offer(&same, words[i][0]);
        if (same.best != NULL && same.distance == 0)
            return words[i][1];
    }
    return NULL;
}

static bool read_bool(const struct kn_reading *reading, const struct kn_yaml_node *node,
                      struct kn_value *out)
{
    const char *text = kn_read_text(reading, node, "true or false", KN_UNQUOTED);
    const char *meant;
    struct kn_error err;

    if (text == NULL)
        return false;
    out->boolean = strcmp(text, "true") == 0;
    if (out->boolean || strcmp(text, "false") == 0)
        return true;
    meant = boolean_meant(text);
    (void)kn_fail(&err, KN_E_INVALID, "\"%.100s\" is neither true nor false", text);
    if (meant != NULL)
        kn_hint(&err, "Write %s.", meant);
    return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
}

static void print_bool(const struct kn_setting *setting, const struct kn_value *value,
                       struct kn_text *out)
{
    (void)setting;
    kn_text_add(out, value->boolean ? "true" : "false");
}

static bool equal_bool(const struct kn_value *a, const struct kn_value *b)
{
    return a->boolean == b->boolean;
}

static void store_bool(const struct kn_value *value, void *member)
{
    *(struct kn_bool *)member = (struct kn_bool){ value->is, value->boolean };
}

const struct kn_type kn_type_bool = { "bool",    KN_SHAPE_BOOL, sizeof(struct kn_bool),
                                      read_bool, print_bool,    equal_bool,
                                      store_bool };

/* Spellings of whole numbers that YAML 1.1 or C would understand, and what to write instead. */
static void hint_number(const char *text, bool whole, struct kn_error *err)
{
    size_t digits = strspn(text, "0123456789");

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o' || text[1] == 'b'))
        kn_hint(err, "Write the number in decimal.");
    else if (text[0] == '0' && digits > 1 && text[digits] == '\0')
        kn_hint(err, "A leading zero means octal in YAML 1.1; write %s.",
                text + strspn(text, "0") - (text[strspn(text, "0")] == '\0'));
    else if (digits > 0 && text[digits] == ':')
        kn_hint(err, "YAML 1.1 reads this in base 60; write the number in decimal.");
    else if (digits > 0 && (text[digits] == '_' || text[digits] == ','))
        kn_hint(err, "Write the digits without separators.");
    else if (whole && digits > 0 && text[digits] == '.')
        kn_hint(err, "Write a number without a point.");
}

static bool read_int(const struct kn_reading *reading, const struct kn_yaml_node *node,
                     struct kn_value *out)
{
    const char *text = kn_read_text(reading, node, "a whole number", KN_UNQUOTED);
    struct kn_error err;

    if (text == NULL)
        return false;
    switch ((int)kn_parse_whole(text, &out->integer)) {
    case KN_OK:
        return kn_read_range(reading, node, (double)out->integer, text);
    case KN_E_RANGE: /* larger than any bound */
        return kn_read_range(reading, node, text[0] == '-' ? -1e300 : 1e300, text);
    default:
        (void)kn_fail(&err, KN_E_SYNTAX, "\"%.100s\" is not a whole number", text);
        hint_number(text, true, &err);
        return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
    }
}

static void print_int(const struct kn_setting *setting, const struct kn_value *value,
                      struct kn_text *out)
{
    (void)setting;
    kn_text_addf(out, "%lld", (long long)value->integer);
}

static bool equal_int(const struct kn_value *a, const struct kn_value *b)
{
    return a->integer == b->integer;
}

static void store_int(const struct kn_value *value, void *member)
{
    *(struct kn_int *)member = (struct kn_int){ value->is, value->integer };
}

const struct kn_type kn_type_int = { "whole number", KN_SHAPE_INT, sizeof(struct kn_int),
                                     read_int,       print_int,    equal_int,
                                     store_int };

static bool read_number(const struct kn_reading *reading, const struct kn_yaml_node *node,
                        struct kn_value *out)
{
    const char *text = kn_read_text(reading, node, "a number", KN_UNQUOTED);
    struct kn_error err;

    if (text == NULL)
        return false;
    switch ((int)kn_parse_decimal(text, NULL, &out->number)) {
    case KN_OK:
        return kn_read_range(reading, node, out->number, text);
    case KN_E_RANGE: /* larger than any bound */
        return kn_read_range(reading, node, text[0] == '-' ? -1e300 : 1e300, text);
    default:
        break;
    }
    (void)kn_fail(&err, KN_E_SYNTAX, "\"%.100s\" is not a number", text);
    hint_number(text, false, &err);
    return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
}

static void print_number(const struct kn_setting *setting, const struct kn_value *value,
                         struct kn_text *out)
{
    char text[KN_DECIMAL_SIZE];

    (void)setting;
    kn_print_decimal(value->number, text);
    kn_text_add(out, text);
}

static bool equal_number(const struct kn_value *a, const struct kn_value *b)
{
    return a->number == b->number;
}

static void store_number(const struct kn_value *value, void *member)
{
    *(struct kn_number *)member = (struct kn_number){ value->is, value->number };
}

const struct kn_type kn_type_number = { "number",    KN_SHAPE_NUMBER, sizeof(struct kn_number),
                                        read_number, print_number,    equal_number,
                                        store_number };

static void list_words(const struct kn_setting *setting, struct kn_text *out)
{
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_text_add(out, "auto, ");
    for (const struct kn_word *word = setting->words; word->name != NULL; word++)
        kn_text_addf(out, "%s%s", word->name, word[1].name != NULL ? ", " : "");
}

static bool read_choice(const struct kn_reading *reading, const struct kn_yaml_node *node,
                        struct kn_value *out)
{
    const struct kn_setting *setting = reading->setting;
    const char *text = kn_read_text(reading, node, "a word", KN_ANY_QUOTES);
    struct kn_nearest nearest;
    struct kn_text words = { 0 };
    struct kn_error err;

    if (text == NULL)
        return false;
    for (int64_t i = 0; setting->words[i].name != NULL; i++) {
        out->integer = i;
        if (strcmp(text, setting->words[i].name) == 0)
            return true;
    }
    nearest = kn_nearest_to(text);
    for (const struct kn_word *word = setting->words; word->name != NULL; word++)
        kn_nearest_offer(&nearest, word->name);
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_nearest_offer(&nearest, "auto");
    list_words(setting, &words);
    if (words.failed)
        kn_arena_fail(reading->arena);
    (void)kn_fail(&err, KN_E_INVALID, "unknown value \"%.100s\"", text);
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s? It is one of %s.", nearest.best, kn_text_get(&words));
    else
        kn_hint(&err, "It is one of %s.", kn_text_get(&words));
    kn_text_done(&words);
    return kn_reject(reading, node, KN_P_INVALID, &err);
}

static void print_choice(const struct kn_setting *setting, const struct kn_value *value,
                         struct kn_text *out)
{
    kn_text_add(out, setting->words[value->integer].name);
}

static void store_choice(const struct kn_value *value, void *member)
{
    *(struct kn_choice *)member = (struct kn_choice){ value->is, (int)value->integer };
}

const struct kn_type kn_type_choice = { "choice",    KN_SHAPE_TEXT, sizeof(struct kn_choice),
                                        read_choice, print_choice,  equal_int,
                                        store_choice };

static bool too_long(const struct kn_reading *reading, const struct kn_yaml_node *node,
                     const char *text, size_t limit)
{
    struct kn_error err;

    if (strlen(text) <= limit)
        return false;
    (void)kn_fail(&err, KN_E_LIMIT, "the text is longer than %zu bytes", limit);
    (void)kn_reject(reading, node, KN_P_OUT_OF_RANGE, &err);
    return true;
}

static bool read_string(const struct kn_reading *reading, const struct kn_yaml_node *node,
                        struct kn_value *out)
{
    const char *text = kn_read_text(reading, node, "a text", KN_ANY_QUOTES);
    struct kn_error err;

    if (text == NULL || too_long(reading, node, text, KN_STRING_MAX))
        return false;
    if (strcmp(text, "null") == 0) { /* on the command line this word means nothing at all */
        (void)kn_fail(&err, KN_E_INVALID, "\"null\" cannot be a text here");
        kn_hint(&err, "Write null without quotes, or another text.");
        return kn_reject(reading, node, KN_P_INVALID, &err);
    }
    if (!kn_read_form(reading, node, text))
        return false;
    out->text = kn_arena_dup(reading->arena, text);
    return out->text != NULL;
}

static void print_string(const struct kn_setting *setting, const struct kn_value *value,
                         struct kn_text *out)
{
    (void)setting;
    kn_text_add(out, value->text);
}

static bool equal_string(const struct kn_value *a, const struct kn_value *b)
{
    return strcmp(a->text, b->text) == 0;
}

static void store_string(const struct kn_value *value, void *member)
{
    *(struct kn_string *)member = (struct kn_string){ value->is, value->text };
}

const struct kn_type kn_type_string = { "text",      KN_SHAPE_TEXT, sizeof(struct kn_string),
                                        read_string, print_string,  equal_string,
                                        store_string };

static bool read_path(const struct kn_reading *reading, const struct kn_yaml_node *node,
                      struct kn_value *out)
{
    const char *text = kn_read_text(reading, node, "a path", KN_ANY_QUOTES);
    struct kn_text expanded = { 0 };
    struct kn_error err;
    enum kn_code rc;

    if (text == NULL || too_long(reading, node, text, KN_PATH_MAX))
        return false;
    rc = kn_path_expand(text, reading->base, reading->lookup, reading->lookup_arg, &expanded, &err);
    if (rc == KN_OK)
        out->text = kn_arena_dup(reading->arena, kn_text_get(&expanded));
    kn_text_done(&expanded);
    if (rc == KN_E_NO_MEMORY)
        kn_arena_fail(reading->arena);
    if (rc != KN_OK)
        return kn_reject(reading, node, KN_P_INVALID, &err);
    return out->text != NULL;
}

static void print_path(const struct kn_setting *setting, const struct kn_value *value,
                       struct kn_text *out)
{
    (void)setting;
    for (const char *c = value->text; *c != '\0'; c++) {
        if (*c == '$')
            kn_text_add_char(out, '$');
        kn_text_add_char(out, *c);
    }
}

static void store_path(const struct kn_value *value, void *member)
{
    *(struct kn_path *)member = (struct kn_path){ value->is, value->text };
}

const struct kn_type kn_type_path = { "path",    KN_SHAPE_TEXT, sizeof(struct kn_path),
                                      read_path, print_path,    equal_string,
                                      store_path };
