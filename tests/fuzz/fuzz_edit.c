/*
 * The first three bytes choose a setting, a value and what to do; the rest is the file. For
 * alerts.command, which may be any text, its first line is the value. A file that comes out reads
 * without a fault and says what was asked, and nothing else in it changed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/edit/edit.h"
#include "config/schema/type.h"
#include "lib/base/arena.h"
#include "lib/base/attributes.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS_MAX = 4 };

static const char *const words[] = {
    "auto",
    "null",
    "true",
    "false",
    "8080",
    "0.5",
    "16GiB",
    "5m",
    "nf4",
    "OFFLINE",
    "a,b",
    "[]",
    "[{name: a, cron: \"0 9 * * *\", duration: 8h, limits: {max_models: 1}}]",
    "cpu,cuda:0",
    "it's",
    "1.2.3",
    "~/x y",
    "network=debug",
    "/ip4/1.2.3.4/tcp/1,/dns/a/tcp/2",
    "https://a.b/c?d#e",
    "a@b.c",
};

static void ignore(void *arg, const struct kn_yaml_node *at, enum kn_problem_kind kind,
                   const struct kn_error *err)
{
    (void)arg;
    (void)at;
    (void)kind;
    (void)err;
}

static const char *no_variable(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return NULL;
}

/* The value of a setting in a file or on the command line; false when it has none. */
static bool read_value(struct kn_arena *arena, const struct kn_setting *setting,
                       const struct kn_yaml_node *node, struct kn_value *out)
{
    const struct kn_reading reading = {
        .setting = setting, .arena = arena, .base = "/", .lookup = no_variable, .report = ignore
    };

    return kn_value_read(&reading, node, out);
}

static bool is_empty(const struct kn_yaml_node *map)
{
    return map == NULL || kn_yaml_is_null(map) || (map->kind == KN_YAML_MAPPING && map->count == 0);
}

/* A section that holds nothing but the path may come and go. */
static bool only_path(const struct kn_yaml_node *map, const char *const *parts, size_t count)
{
    if (count == 0 || is_empty(map))
        return true;
    return map->kind == KN_YAML_MAPPING && map->count == 1 &&
           strcmp(map->first->text, parts[0]) == 0 &&
           only_path(map->first->value, parts + 1, count - 1);
}

/* Everything in `a` that is not on the path is in `b` too. */
static void check_holds(const struct kn_yaml_node *a, const struct kn_yaml_node *b,
                        const char *const *parts, size_t count)
{
    if (a == NULL || a->kind != KN_YAML_MAPPING)
        return;
    for (const struct kn_yaml_node *key = a->first; key != NULL; key = key->next) {
        const struct kn_yaml_node *other = b != NULL ? kn_yaml_find(b, key->text) : NULL;

        if (strcmp(key->text, parts[0]) != 0) {
            if (other == NULL || !kn_yaml_equal(key->value, other->value))
                abort();
        } else if (count > 1 && other == NULL) {
            if (!only_path(key->value, parts + 1, count - 1))
                abort();
        } else if (count > 1) {
            check_holds(key->value, other->value, parts + 1, count - 1);
        }
    }
}

static struct kn_yaml_document parse(struct kn_arena *arena, const struct kn_text *bytes)
{
    struct kn_yaml_document doc;

    if (kn_yaml_parse(arena, kn_text_get(bytes), bytes->n, &doc) != KN_OK)
        abort();
    return doc;
}

static const struct kn_yaml_node *find(const struct kn_yaml_node *root, const char *const *parts,
                                       size_t count)
{
    for (size_t i = 0; i < count && root != NULL; i++) {
        const struct kn_yaml_node *key = kn_yaml_find(root, parts[i]);

        root = key != NULL ? key->value : NULL;
    }
    return root;
}

static size_t split(struct kn_arena *arena, const char *key, const char *parts[PARTS_MAX])
{
    size_t count = 0;

    for (;;) {
        size_t n = strcspn(key, ".");

        parts[count] = kn_arena_dup_n(arena, key, n);
        if (parts[count++] == NULL || count > PARTS_MAX)
            abort();
        if (key[n] == '\0')
            return count;
        key += n + 1;
    }
}

/* What the file says is what the command line said. */
static void check_value(struct kn_arena *arena, const struct kn_setting *setting, const char *word,
                        const struct kn_yaml_node *node)
{
    const struct kn_yaml_node asked = kn_yaml_word(word);
    struct kn_value want, got;

    if (node == NULL)
        abort();
    if (!read_value(arena, setting, &asked, &want))
        return; /* the word is no value of this setting; nobody gives such a one */
    if (!read_value(arena, setting, node, &got) || !kn_value_equal(setting, &want, &got))
        abort();
}

/* Doing it again finds nothing to do. */
static void check_again(const struct kn_edit *edit, const struct kn_text *after)
{
    enum kn_edit_outcome outcome = KN_EDIT_REPLACED;
    struct kn_text again = { 0 };
    struct kn_error err;
    enum kn_code rc = kn_edit_apply(kn_text_get(after), after->n, edit, &again, &outcome, &err);

    if (edit->kind == KN_EDIT_UNSET
            ? rc != KN_E_NOT_FOUND
            : rc != KN_OK || outcome != KN_EDIT_UNCHANGED || again.n != after->n)
        abort();
    kn_text_done(&again);
}

static void check(const struct kn_edit *edit, const struct kn_setting *setting,
                  const struct kn_text *before, const struct kn_text *after)
{
    struct kn_arena *arena = kn_arena_new();
    const char *parts[PARTS_MAX];
    struct kn_yaml_document old, new;
    const struct kn_yaml_node *node;
    size_t count;

    if (arena == NULL)
        abort();
    count = split(arena, edit->key, parts);
    old = parse(arena, before);
    new = parse(arena, after);
    if (new.fault_count > 0)
        abort();
    check_holds(old.root, new.root, parts, count);
    check_holds(new.root, old.root, parts, count);
    node = find(new.root, parts, count);
    if (edit->kind == KN_EDIT_SET)
        check_value(arena, setting, edit->word, node);
    else if (node != NULL)
        abort();
    kn_arena_free(arena);
    check_again(edit, after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct kn_setting *setting;
    struct kn_edit edit;
    struct kn_text before = { 0 }, after = { 0 }, line = { 0 };
    struct kn_error err = { 0 };
    enum kn_edit_outcome outcome;
    const uint8_t *end;

    if (size < 3)
        return 0;
    setting = &kn_settings[data[0] % kn_setting_count];
    edit = (struct kn_edit){ data[2] % 4 == 0 ? KN_EDIT_UNSET : KN_EDIT_SET, setting->key,
                             words[data[1] % KN_COUNT(words)] };
    data += 3;
    size -= 3;
    if (strcmp(setting->key, "alerts.command") == 0 && edit.kind == KN_EDIT_SET) {
        end = memchr(data, '\n', size);
        kn_text_add_n(&line, (const char *)data, end != NULL ? (size_t)(end - data) : size);
        edit.word = kn_text_get(&line);
        size -= end != NULL ? (size_t)(end - data) + 1 : size;
        data = end != NULL ? end + 1 : data;
    }
    kn_text_add_n(&before, (const char *)data, size);
    if (kn_edit_apply(kn_text_get(&before), before.n, &edit, &after, &outcome, &err) == KN_OK)
        check(&edit, setting, &before, &after);
    else if (after.n > 0 || err.text[0] == '\0')
        abort();
    kn_text_done(&before);
    kn_text_done(&after);
    kn_text_done(&line);
    return 0;
}
