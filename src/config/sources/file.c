#include "config/sources/file.h"

#include <string.h>

#include "config/schema/form.h"
#include "config/schema/secret_place.h"
#include "config/sources/foreign.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

enum { PATH_SIZE = 256 }; /* longer paths are unknown keys anyway */

/* The file being read. */
struct taking {
    const struct kn_source *source;
    const struct kn_yaml_document *doc;
    const char *name;
    bool older, newer_minor; /* than this program's schema */
    bool hides_line;         /* a secret may stand behind the key */
    unsigned version[3];
};

static struct kn_origin origin_of(const struct taking *taking, const struct kn_yaml_node *node)
{
    struct kn_yaml_position position = kn_yaml_locate(taking->doc, node->start);

    return (struct kn_origin){ .layer = KN_LAYER_FILE,
                               .name = taking->name,
                               .line = position.line,
                               .column = position.column,
                               .age_s = -1 };
}

/* Add a problem at `node`; `key` as in the file. */
static void note(const struct taking *taking, enum kn_problem_kind kind, const char *key,
                 const struct kn_yaml_node *node, const struct kn_error *err)
{
    struct kn_problems *problems = taking->source->layers->problems;
    struct kn_problem problem = {
        .kind = kind,
        .origin = { .layer = KN_LAYER_FILE, .name = taking->name, .age_s = -1 },
        .key = key,
        .message = err->text,
        .hint = err->hint
    };

    if (!kn_problems_full(problems))
        kn_problem_locate(&problem, problems->arena, taking->doc, node->start, node->end);
    if (taking->hides_line)
        problem.excerpt = NULL;
    kn_problems_add(problems, &problem);
}

/* The row for a key of an older schema that now has another name; NULL when there is none. */
static const struct kn_setting *renamed(const struct taking *taking, const char *path)
{
    for (size_t i = 0; taking->older && i < kn_rename_count; i++) {
        unsigned since[3];

        if (strcmp(kn_renames[i].old_key, path) == 0 &&
            kn_semver_parse(kn_renames[i].since, since) && kn_semver_less(taking->version, since))
            return kn_setting_find(kn_renames[i].new_key);
    }
    return NULL;
}

/* The key that ends in `leaf`, NULL when none does. */
static const char *with_leaf(const char *leaf)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (strcmp(kn_setting_leaf(&kn_settings[i]), leaf) == 0)
            return kn_settings[i].key;
    }
    return NULL;
}

/* The near key, else the same last word in another section, else one with a near last word. */
static const char *meant(const char *path, const char *leaf)
{
    struct kn_nearest whole = kn_nearest_to(path), last = kn_nearest_to(leaf);

    for (size_t i = 0; i < kn_section_count; i++)
        kn_nearest_offer(&whole, kn_sections[i].name);
    for (size_t i = 0; i < kn_setting_count; i++) {
        kn_nearest_offer(&whole, kn_settings[i].key);
        kn_nearest_offer(&last, kn_setting_leaf(&kn_settings[i]));
    }
    if (whole.best != NULL && (whole.distance <= 2 || last.best == NULL))
        return whole.best;
    return last.best != NULL ? with_leaf(last.best) : NULL;
}

/* What the writer of an unknown key most likely wanted. */
static void hint_key(const char *path, const char *leaf, struct kn_error *err)
{
    const char *key = meant(path, leaf);

    for (size_t i = 0; i < kn_rename_count; i++) {
        if (strcmp(kn_renames[i].old_key, path) == 0) {
            kn_hint(err, "It is called %s since schema %s.", kn_renames[i].new_key,
                    kn_renames[i].since);
            return;
        }
    }
    if (key != NULL && strcmp(key, path) == 0) /* with a dot in the key */
        kn_hint(err, "Write each part of it below the one before, indented, not \"%.60s\".", leaf);
    else if (key != NULL)
        kn_hint(err, "Did you mean %s?", key);
    else
        kn_hint(err, "kwaainet docs settings lists all; keys that begin with x- are never read.");
}

static bool is_of_part(const struct kn_setting *setting, enum kn_file_part part)
{
    bool waits = setting->apply == KN_APPLY_RESTART;

    return part == KN_FILE_WHOLE || waits == (part == KN_FILE_WAITING);
}

static void take_value(void *arg, const struct kn_setting *setting, const struct kn_yaml_node *key)
{
    const struct taking *taking = arg;
    struct kn_origin origin;

    if (!is_of_part(setting, taking->source->part))
        return;
    origin = origin_of(taking, key->value);
    kn_layer_read(taking->source, setting, key->value, taking->doc, &origin, false);
}

static void take_renamed(struct taking *taking, const struct kn_setting *setting, const char *path,
                         const struct kn_yaml_node *key)
{
    struct kn_error err;

    (void)kn_fail(&err, KN_E_UNSUPPORTED, "is called %s since schema %s", setting->key,
                  KN_SCHEMA_VERSION);
    kn_hint(&err, "It was read as that; kwaainet config migrate changes the file.");
    note(taking, KN_P_MIGRATED, path, key, &err);
    take_value(taking, setting, key);
}

/* Does some secret lie in the section that `path` names or lies in? */
static bool beside_secret(const char *path)
{
    size_t n = strcspn(path, ".") + 1;

    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *key = kn_settings[i].key;

        if (kn_settings[i].secret && strcspn(key, ".") + 1 == n && strncmp(key, path, n - 1) == 0)
            return true;
    }
    return false;
}

/* Is this a secret's key, misspelled? */
static bool may_be_secret(const char *path, const char *leaf)
{
    const char *key = meant(path, leaf);
    const struct kn_setting *setting = key != NULL ? kn_setting_find(key) : NULL;

    return beside_secret(path) || (setting != NULL && setting->secret);
}

static void take_unknown(void *arg, const char *path, const struct kn_yaml_node *key)
{
    struct taking *taking = arg;
    const struct kn_setting *setting = renamed(taking, path);
    struct kn_problems *problems = taking->source->layers->problems;
    struct kn_error err = { .text = "unknown key" };

    if (setting != NULL) {
        take_renamed(taking, setting, path, key);
        return;
    }
    if (taking->newer_minor)
        kn_hint(&err, "Schema %u.%u may know it; this program knows %s.", taking->version[0],
                taking->version[1], KN_SCHEMA_VERSION);
    else if (!kn_problems_full(problems))
        hint_key(path, key->text, &err);
    taking->hides_line = !kn_problems_full(problems) && may_be_secret(path, key->text);
    note(taking, taking->newer_minor ? KN_P_NEWER_KEY : KN_P_UNKNOWN_KEY, path, key, &err);
    taking->hides_line = false;
}

static void take_misplaced(void *arg, const char *path, const struct kn_yaml_node *key)
{
    struct taking *taking = arg;
    struct kn_error err;

    (void)kn_fail(&err, KN_E_INVALID, "\"%.60s\" is a section, not a value", path);
    kn_hint(&err, "Write its settings below it, indented.");
    taking->hides_line = beside_secret(path);
    note(taking, KN_P_WRONG_TYPE, path, key->value, &err);
    taking->hides_line = false;
}

/* A walk under way. */
struct walker {
    const struct kn_walk *how;
    size_t next; /* row of the table that most likely comes next */
    char path[PATH_SIZE];
};

/* The keys of `map`; the first `n` bytes of the path are its own, with their dot. */
static void walk(struct walker *walker, const struct kn_yaml_node *map, size_t n)
{
    const struct kn_walk *how = walker->how;
    char *path = walker->path;

    for (const struct kn_yaml_node *key = map->first; key != NULL; key = key->next) {
        size_t length = key->length < PATH_SIZE - 2 - n ? key->length : PATH_SIZE - 2 - n;
        bool dotted = memchr(key->text, '.', key->length) != NULL;
        const struct kn_setting *setting;

        if (n == 0 && strncmp(key->text, "x-", 2) == 0)
            continue;
        memcpy(path + n, key->text, length);
        path[n + length] = '\0';
        setting = dotted ? NULL : kn_setting_find_next(path, &walker->next);
        if (setting != NULL) {
            how->take(how->arg, setting, key);
        } else if (dotted || !kn_setting_is_section(path)) {
            how->unknown(how->arg, path, key);
        } else if (key->value->kind == KN_YAML_MAPPING) {
            path[n + length] = '.';
            walk(walker, key->value, n + length + 1); /* as deep as the table's keys */
        } else if (!kn_yaml_is_null(key->value)) {
            how->misplaced(how->arg, path, key);
        }
    }
}

void kn_file_walk(const struct kn_walk *how, const struct kn_yaml_node *root)
{
    struct walker walker = { .how = how };

    walk(&walker, root, 0);
}

static enum kn_problem_kind kind_of(enum kn_yaml_fault_kind fault)
{
    static const enum kn_problem_kind kinds[] = {
        [KN_YAML_FAULT_SYNTAX] = KN_P_SYNTAX,   [KN_YAML_FAULT_ENCODING] = KN_P_ENCODING,
        [KN_YAML_FAULT_LIMIT] = KN_P_LIMIT,     [KN_YAML_FAULT_DUPLICATE] = KN_P_DUPLICATE,
        [KN_YAML_FAULT_FEATURE] = KN_P_FEATURE,
    };

    return kinds[fault];
}

/* The message of a fault, without bytes of the file where these may be a secret's. */
static const char *message_of(const struct kn_yaml_fault *fault, const struct kn_yaml_document *doc,
                              struct kn_arena *arena)
{
    struct kn_text text = { 0 };
    const char *at = fault->pattern, *message = NULL;

    if (at == NULL || !kn_secret_touches(doc, fault->start, fault->end))
        return fault->message;
    for (; *at != '\0'; at++)
        kn_text_add_n(&text, *at == '@' ? "…" : at, *at == '@' ? strlen("…") : 1);
    if (!text.failed)
        message = kn_arena_dup(arena, kn_text_get(&text));
    else
        kn_arena_fail(arena);
    kn_text_done(&text);
    return message;
}

/* The key at or below `map` that begins at `offset`; as deep as the parser lets a tree be. */
static const struct kn_yaml_node *key_at(const struct kn_yaml_node *map, uint32_t offset)
{
    for (const struct kn_yaml_node *at = map->first; at != NULL; at = at->next) {
        const struct kn_yaml_node *inner = at->value != NULL ? at->value : at;

        if (at->value != NULL && at->start == offset)
            return at;
        if (inner->first != NULL && inner->start <= offset && offset < inner->end)
            return key_at(inner, offset);
    }
    return NULL;
}

/* "node.port" of the key that stands twice; NULL when it is none of ours, which may hold anything.
 */
static const char *duplicated_key(const struct kn_yaml_document *doc, uint32_t first,
                                  struct kn_arena *arena)
{
    const struct kn_yaml_node *key = doc->root != NULL ? key_at(doc->root, first) : NULL;
    const char *path = key != NULL ? key->text : NULL;

    /* From a key to the mapping it stands in, and on to the key whose value that is. */
    for (const struct kn_yaml_node *map = key != NULL ? key->parent : NULL;
         path != NULL && map->parent != NULL; map = map->parent) {
        const struct kn_yaml_node *owner = map->parent->first;

        while (owner != NULL && owner->value != map)
            owner = owner->next;
        path = owner != NULL ? kn_arena_printf(arena, "%s.%s", owner->text, path) : NULL;
    }
    return path != NULL && (kn_setting_find(path) || kn_setting_is_section(path)) ? path : NULL;
}

void kn_file_take_faults(const struct kn_source *source, const struct kn_yaml_document *doc,
                         const struct kn_origin *origin)
{
    struct kn_problems *problems = source->layers->problems;

    for (size_t i = 0; i < doc->fault_total; i++) {
        const struct kn_yaml_fault *fault = &doc->faults[i < doc->fault_count ? i : 0];
        struct kn_problem problem = { .kind = kind_of(fault->kind),
                                      .origin = *origin,
                                      .hint = fault->hint };

        if (!kn_problems_full(problems)) {
            problem.message = message_of(fault, doc, problems->arena);
            if (fault->kind == KN_YAML_FAULT_DUPLICATE)
                problem.key = duplicated_key(doc, fault->other, problems->arena);
        }
        if (i < doc->fault_count && !kn_problems_full(problems) &&
            fault->kind != KN_YAML_FAULT_LIMIT)
            kn_problem_locate(&problem, problems->arena, doc, fault->start, fault->end);
        kn_problems_add(problems, &problem);
    }
}

/* Compare the file's schema version with ours; false when the file must not be read. */
static bool take_version(struct taking *taking, const struct kn_yaml_node *root)
{
    const struct kn_yaml_node *key = kn_yaml_find(root, "schema_version");
    unsigned ours[3] = { 0 };
    struct kn_error err;

    if (key == NULL || key->value->kind != KN_YAML_SCALAR || kn_yaml_is_null(key->value) ||
        !kn_semver_parse(key->value->text, taking->version) ||
        !kn_semver_parse(KN_SCHEMA_VERSION, ours))
        return true; /* a wrong one is reported where its value is read */
    taking->older = kn_semver_less(taking->version, ours);
    taking->newer_minor = taking->version[0] == ours[0] && taking->version[1] > ours[1];
    if (taking->older) {
        (void)kn_fail(&err, KN_E_UNSUPPORTED, "the file follows schema %s; this program's is %s",
                      key->value->text, KN_SCHEMA_VERSION);
        kn_hint(&err, "It was translated while reading; kwaainet config migrate changes the file.");
        note(taking, KN_P_MIGRATED, "schema_version", key->value, &err);
    }
    if (taking->version[0] <= ours[0])
        return true;
    (void)kn_fail(&err, KN_E_UNSUPPORTED, "schema %s is newer than this program's %s",
                  key->value->text, KN_SCHEMA_VERSION);
    kn_hint(&err, "Update kwaainet to read this file.");
    note(taking, KN_P_VERSION, "schema_version", key->value, &err);
    return false;
}

void kn_file_take(const struct kn_source *source, const struct kn_yaml_document *doc,
                  const char *name)
{
    struct taking taking = { .source = source, .doc = doc, .name = name };
    struct kn_walk how = { &taking, take_value, take_unknown, take_misplaced };
    struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = name, .age_s = -1 };
    const struct kn_yaml_node *sign;
    struct kn_error err;
    const char *owner;

    source->layers->file = doc;
    kn_file_take_faults(source, doc, &origin);
    if (doc->root == NULL || kn_yaml_is_null(doc->root))
        return;
    if (doc->root->kind != KN_YAML_MAPPING) {
        (void)kn_fail(&err, KN_E_SYNTAX, "the file is no map of sections");
        kn_hint(&err, "kwaainet config example prints one.");
        note(&taking, KN_P_WRONG_TYPE, NULL, doc->root, &err);
        return;
    }
    owner = kn_foreign_owner(doc->root, &sign);
    if (owner != NULL) {
        (void)kn_fail(&err, KN_E_UNSUPPORTED, "this is a file of %s", owner);
        kn_hint(&err, "Nothing of it was read. Start from kwaainet config example, or name another "
                      "file with --config.");
        note(&taking, KN_P_FOREIGN, NULL, sign, &err);
        return;
    }
    if (take_version(&taking, doc->root))
        kn_file_walk(&how, doc->root);
}
