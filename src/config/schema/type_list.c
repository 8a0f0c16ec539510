/* Lists of texts and of multiaddresses. */
#include <string.h>

#include "config/schema/type_parts.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

#define SEPARATORS ", \t\r\n"
#define EMPTY "[]"

/* What is being collected. */
struct items {
    const struct kn_reading *reading;
    const char **at;
    size_t n, room;
    bool ok;
};

static bool has(const struct items *items, const char *text)
{
    for (size_t i = 0; i < items->n; i++) {
        if (strcmp(items->at[i], text) == 0)
            return true;
    }
    return false;
}

static void take(struct items *items, const struct kn_yaml_node *node, const char *text)
{
    if (!kn_read_form(items->reading, node, text)) {
        items->ok = false;
        return;
    }
    /* Named twice is said once; long lists are not worth the comparison. */
    if (items->n < items->room && (items->n > 64 || !has(items, text)))
        items->at[items->n++] = text;
}

/* The text of an item, NULL after a rejection. */
static const char *read_item(const struct kn_reading *reading, const struct kn_yaml_node *item)
{
    struct kn_error err;

    if (!kn_yaml_is_null(item))
        return kn_read_text(reading, item, "one item of the list", KN_ANY_QUOTES);
    (void)kn_fail(&err, KN_E_INVALID, "null is no item of a list");
    kn_hint(&err, "Take the item out, or write its text.");
    (void)kn_reject(reading, item, KN_P_WRONG_TYPE, &err);
    return NULL;
}

static void take_sequence(struct items *items, const struct kn_yaml_node *list)
{
    for (const struct kn_yaml_node *item = list->first; item != NULL; item = item->next) {
        const char *text;

        if (kn_yaml_is_absent(item))
            continue;
        text = read_item(items->reading, item);
        if (text == NULL)
            items->ok = false;
        else
            take(items, item, text);
    }
}

/* A word of the command line or a variable: split at commas and white space. */
static void take_word(struct items *items, const struct kn_yaml_node *node)
{
    const char *at = node->text + strspn(node->text, SEPARATORS);

    while (*at != '\0') {
        size_t n = strcspn(at, SEPARATORS);
        char *text = kn_arena_dup_n(items->reading->arena, at, n);

        if (text == NULL) {
            items->ok = false;
            return;
        }
        take(items, node, text);
        at += n;
        at += strspn(at, SEPARATORS);
    }
}

static size_t count_words(const char *text)
{
    size_t n = 0;

    for (text += strspn(text, SEPARATORS); *text != '\0'; n++) {
        text += strcspn(text, SEPARATORS);
        text += strspn(text, SEPARATORS);
    }
    return n;
}

static bool reject_list(const struct kn_reading *reading, const struct kn_yaml_node *node)
{
    struct kn_error err;

    (void)kn_fail(&err, KN_E_INVALID, "a %s stands where a list belongs",
                  node->kind == KN_YAML_MAPPING ? "map" : "single value");
    kn_hint(&err, "Write each item on a line of its own behind \"- \", or all in [ ].");
    return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
}

static bool read_list(const struct kn_reading *reading, const struct kn_yaml_node *node,
                      struct kn_value *out)
{
    struct items items = { .reading = reading, .ok = true };
    bool word = node->style == KN_YAML_WORD;
    struct kn_error err;

    if (word && node->text[0] == '[' && strcmp(node->text, EMPTY) != 0) {
        node = kn_read_inline(reading, node);
        if (node == NULL)
            return false;
        word = false;
    }
    if (!word && node->kind != KN_YAML_SEQUENCE)
        return reject_list(reading, node);
    items.room = word ? count_words(node->text) : node->count;
    if (items.room > KN_LIST_MAX) {
        (void)kn_fail(&err, KN_E_LIMIT, "the list has more than %d items", KN_LIST_MAX);
        return kn_reject(reading, node, KN_P_OUT_OF_RANGE, &err);
    }
    items.at = kn_arena_alloc(reading->arena, items.room * sizeof(*items.at));
    if (items.at == NULL)
        return false;
    if (word && strcmp(node->text, EMPTY) != 0)
        take_word(&items, node);
    else if (!word)
        take_sequence(&items, node);
    out->texts = (struct kn_texts){ items.n, items.at };
    return items.ok;
}

static void print_list(const struct kn_setting *setting, const struct kn_value *value,
                       struct kn_text *out)
{
    (void)setting;
    if (value->texts.n == 0)
        kn_text_add(out, EMPTY);
    if (value->texts.n == 1 && strcmp(value->texts.at[0], "null") == 0) {
        kn_text_add(out, "[\"null\"]"); /* the bare word would be no list at all */
        return;
    }
    for (size_t i = 0; i < value->texts.n; i++)
        kn_text_addf(out, "%s%s", i > 0 ? "," : "", value->texts.at[i]);
}

static bool equal_list(const struct kn_value *a, const struct kn_value *b)
{
    if (a->texts.n != b->texts.n)
        return false;
    for (size_t i = 0; i < a->texts.n; i++) {
        if (strcmp(a->texts.at[i], b->texts.at[i]) != 0)
            return false;
    }
    return true;
}

static void store_string_list(const struct kn_value *value, void *member)
{
    *(struct kn_string_list *)member = (struct kn_string_list){ value->is, value->texts };
}

const struct kn_type kn_type_string_list = {
    "list of text", KN_SHAPE_LIST,    sizeof(struct kn_string_list), read_list, print_list,
    equal_list,     store_string_list
};

static void store_multiaddr_list(const struct kn_value *value, void *member)
{
    *(struct kn_multiaddr_list *)member = (struct kn_multiaddr_list){ value->is, value->texts };
}

const struct kn_type kn_type_multiaddr_list = {
    "list of multiaddr", KN_SHAPE_LIST, sizeof(struct kn_multiaddr_list),
    read_list,           print_list,    equal_list,
    store_multiaddr_list
};
