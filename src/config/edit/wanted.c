#include "config/edit/wanted.h"

#include <string.h>

#include "config/schema/type.h"
#include "lib/base/arena.h"
#include "lib/base/attributes.h"
#include "lib/base/number.h"
#include "lib/yaml/yaml.h"

#define SEPARATORS ", \t\r\n" /* of the items of a list in one word */

static bool equal_any_case(const char *a, const char *lower)
{
    for (; *a != '\0' && *lower != '\0'; a++, lower++) {
        char c = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;

        if (c != *lower)
            return false;
    }
    return *a == *lower;
}

/* "12", "1_000", "1:30", "1.5", "1e3", "0x1f", "2024-01-31". Three parts with dots are none. */
static bool is_numeric(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t digits = strspn(at, "0123456789"), dots = 0;

    if (digits == 4 && at[4] == '-')
        return true;
    if (digits == 1 && at[0] == '0' && at[1] != '\0' && strchr("xXoObB", at[1]) != NULL)
        return true;
    if (digits == 0 && at[0] != '.')
        return false;
    if (at[strspn(at, "0123456789_.:+-eE")] != '\0')
        return false;
    for (; *at != '\0'; at++)
        dots += *at == '.';
    return dots <= 1 || strchr(text, ':') != NULL;
}

bool kn_wanted_is_ambiguous(const char *text)
{
    static const char *const words[] = { "",      "~",     "null", "true", "false", "yes",
                                         "no",    "on",    "off",  "y",    "n",     ".inf",
                                         "+.inf", "-.inf", ".nan", "=",    "<<" };

    for (size_t i = 0; i < KN_COUNT(words); i++) {
        if (equal_any_case(text, words[i]))
            return true;
    }
    return is_numeric(text);
}

static struct kn_yaml_node *new_scalar(struct kn_arena *arena, const char *text, size_t n,
                                       enum kn_yaml_style style)
{
    struct kn_yaml_node *node = kn_arena_alloc(arena, sizeof(*node));

    if (node == NULL)
        return NULL;
    *node = (struct kn_yaml_node){ .kind = KN_YAML_SCALAR, .style = style, .length = (uint32_t)n };
    node->text = kn_arena_dup_n(arena, text, n);
    return node->text != NULL ? node : NULL;
}

/* "a,b" as a sequence of texts. */
static struct kn_yaml_node *split(struct kn_arena *arena, const char *word)
{
    struct kn_yaml_node *list = kn_arena_alloc(arena, sizeof(*list));
    struct kn_yaml_node **end;

    if (list == NULL)
        return NULL;
    *list = (struct kn_yaml_node){ .kind = KN_YAML_SEQUENCE, .style = KN_YAML_FLOW };
    end = &list->first;
    for (word += strspn(word, SEPARATORS); *word != '\0'; word += strspn(word, SEPARATORS)) {
        size_t n = strcspn(word, SEPARATORS);

        *end = new_scalar(arena, word, n, KN_YAML_WORD);
        if (*end == NULL)
            return NULL;
        end = &(*end)->next;
        list->count++;
        word += n;
    }
    return list;
}

static enum kn_code read_inline(struct kn_arena *arena, const struct kn_setting *setting,
                                const char *word, const struct kn_yaml_node **out,
                                struct kn_error *err)
{
    struct kn_yaml_document doc;

    if (kn_yaml_parse(arena, word, strlen(word), &doc) != KN_OK)
        return kn_fail_no_memory(err);
    *out = doc.root;
    if (doc.fault_count == 0 && doc.root != NULL && doc.root->kind == KN_YAML_SEQUENCE)
        return KN_OK;
    kn_fail(err, KN_E_UNSUPPORTED, "\"%.100s\" is no list", word);
    kn_hint(err, "Write the value of %s as [item, item].", setting->key);
    return KN_E_UNSUPPORTED;
}

/* Written without quotes: numbers and truth values, and the two words that are no text. */
static bool is_bare(const struct kn_setting *setting, const char *word)
{
    double number;

    if (strcmp(word, "null") == 0)
        return (setting->accepts & KN_ACCEPTS_NULL) != 0;
    if ((setting->accepts & KN_ACCEPTS_AUTO) && strcmp(word, "auto") == 0)
        return true;
    if (setting->type == &kn_type_size || setting->type == &kn_type_duration)
        return kn_parse_decimal(word, NULL, &number) == KN_OK;
    return setting->type->shape == KN_SHAPE_BOOL || setting->type->shape == KN_SHAPE_INT ||
           setting->type->shape == KN_SHAPE_NUMBER;
}

enum kn_code kn_wanted_make(struct kn_arena *arena, const struct kn_setting *setting,
                            const char *word, const struct kn_yaml_node **out, struct kn_error *err)
{
    bool bare = is_bare(setting, word);

    if (word[0] == '\0') {
        kn_fail(err, KN_E_UNSUPPORTED, "an empty value of %s cannot be written", setting->key);
        kn_hint(err, "Take the key away with kwaainet config unset %s.", setting->key);
        return KN_E_UNSUPPORTED;
    }
    if (!bare && setting->type->shape == KN_SHAPE_LIST) {
        if (word[0] == '[' || setting->type == &kn_type_schedule_list)
            return read_inline(arena, setting, word, out, err);
        *out = split(arena, word);
    } else {
        *out = new_scalar(arena, word, strlen(word), bare ? KN_YAML_PLAIN : KN_YAML_WORD);
    }
    return *out != NULL ? KN_OK : kn_fail_no_memory(err);
}

static bool scalar_is(const struct kn_yaml_node *wanted, const struct kn_yaml_node *node)
{
    bool plain = node->style == KN_YAML_PLAIN;

    if (kn_yaml_is_null(wanted))
        return kn_yaml_is_null(node) && !kn_yaml_is_absent(node);
    if (wanted->length != node->length || memcmp(wanted->text, node->text, node->length) != 0)
        return false;
    if (!kn_wanted_is_ambiguous(wanted->text))
        return true;
    return plain == (wanted->style == KN_YAML_PLAIN);
}

/* Recursion: at most KN_YAML_DEPTH_MAX deep, because the parser builds no deeper tree. */
bool kn_wanted_is(const struct kn_yaml_node *wanted, const struct kn_yaml_node *node)
{
    if (wanted->kind != node->kind || wanted->count != node->count)
        return false;
    if (wanted->kind == KN_YAML_SCALAR)
        return scalar_is(wanted, node);
    wanted = wanted->first;
    node = node->first;
    for (; wanted != NULL && node != NULL; wanted = wanted->next, node = node->next) {
        if (!kn_wanted_is(wanted, node) ||
            (wanted->value != NULL && !kn_wanted_is(wanted->value, node->value)))
            return false;
    }
    return wanted == node;
}
