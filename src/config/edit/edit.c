#include "config/edit/edit.h"

#include <string.h>

#include "config/edit/editing.h"
#include "config/edit/verify.h"
#include "config/edit/wanted.h"
#include "config/schema/setting.h"
#include "lib/base/arena.h"

/* A file of braces whose keys stand in double quotes. "{}" is one too. */
static bool is_json(const struct kn_yaml_node *root)
{
    if (root == NULL || root->kind != KN_YAML_MAPPING || root->style != KN_YAML_FLOW)
        return false;
    for (const struct kn_yaml_node *key = root->first; key != NULL; key = key->next) {
        if (key->style != KN_YAML_DOUBLE_QUOTED)
            return false;
    }
    return true;
}

static enum kn_code refuse_syntax(struct kn_editing *editing, uint32_t at, const char *message,
                                  const char *hint)
{
    struct kn_yaml_position place = kn_yaml_locate(&editing->doc, at);

    (void)kn_fail(editing->err, KN_E_SYNTAX, "%u:%u: %s", (unsigned)place.line,
                  (unsigned)place.column, message);
    kn_hint(editing->err, "%s", hint);
    return KN_E_SYNTAX;
}

static enum kn_code read_file(struct kn_editing *editing, const char *bytes, size_t n)
{
    const struct kn_yaml_document *doc = &editing->doc;

    if (kn_yaml_parse(editing->arena, bytes, n, &editing->doc) != KN_OK)
        return kn_fail_no_memory(editing->err);
    if (doc->fault_count > 0)
        return refuse_syntax(editing, doc->faults[0].start, doc->faults[0].message,
                             doc->faults[0].hint);
    if (doc->root != NULL && doc->root->kind != KN_YAML_MAPPING)
        return refuse_syntax(editing, doc->root->start, "the file is no map of sections",
                             "kwaainet config example prints one.");
    editing->json = is_json(doc->root);
    return KN_OK;
}

/* Cut the key at its dots and follow it as far as it goes. */
static enum kn_code find_key(struct kn_editing *editing)
{
    const struct kn_yaml_node *map = editing->doc.root;
    const char *at = editing->edit->key;

    while (editing->count < KN_YAML_DEPTH_MAX) {
        size_t n = strcspn(at, ".");
        char *part = kn_arena_dup_n(editing->arena, at, n);

        if (part == NULL)
            return kn_fail_no_memory(editing->err);
        editing->parts[editing->count++] = part;
        at += n;
        if (*at == '\0')
            break;
        at++;
    }
    while (*at == '\0' && editing->found < editing->count) { /* no tree is deeper than that */
        struct kn_yaml_node *key = kn_yaml_find(map, editing->parts[editing->found]);

        if (key == NULL)
            break;
        editing->keys[editing->found++] = key;
        map = key->value;
    }
    return KN_OK;
}

static enum kn_code make_set(struct kn_editing *editing, enum kn_edit_outcome *outcome)
{
    const struct kn_edit *edit = editing->edit;
    const struct kn_setting *setting = kn_setting_find(edit->key);
    const struct kn_yaml_node *old;
    enum kn_code rc;

    if (setting == NULL) {
        (void)kn_fail(editing->err, KN_E_NOT_FOUND, "\"%.100s\" is no setting", edit->key);
        kn_hint(editing->err, "kwaainet docs settings lists all.");
        return KN_E_NOT_FOUND;
    }
    rc = kn_wanted_make(editing->arena, setting, edit->word, &editing->wanted, editing->err);
    if (rc != KN_OK)
        return rc;
    *outcome = KN_EDIT_INSERTED;
    if (editing->found < editing->count)
        return kn_splice_insert(editing);
    old = editing->keys[editing->found - 1]->value;
    *outcome = kn_wanted_is(editing->wanted, old) ? KN_EDIT_UNCHANGED : KN_EDIT_REPLACED;
    return *outcome == KN_EDIT_UNCHANGED ? KN_OK : kn_splice_value(editing);
}

/* The last part of the new key, whose other parts must be those of the old one. */
static enum kn_code make_rename(struct kn_editing *editing, enum kn_edit_outcome *outcome,
                                const char **name)
{
    const char *key = editing->edit->key, *word = editing->edit->word;
    const char *dot = strrchr(key, '.');
    size_t n = dot != NULL ? (size_t)(dot - key) + 1 : 0;
    const struct kn_yaml_node *map = kn_editing_map(editing, editing->found - 1);

    if (strncmp(key, word, n) != 0 || word[n] == '\0' || strchr(word + n, '.') != NULL) {
        (void)kn_fail(editing->err, KN_E_UNSUPPORTED,
                      "\"%.100s\" and \"%.100s\" stand in different sections", key, word);
        kn_hint(editing->err, "Set the new key, then unset the old one.");
        return KN_E_UNSUPPORTED;
    }
    *name = word + n;
    *outcome = strcmp(key, word) == 0 ? KN_EDIT_UNCHANGED : KN_EDIT_REPLACED;
    if (*outcome == KN_EDIT_UNCHANGED)
        return KN_OK;
    if (kn_yaml_find(map, *name) != NULL) {
        (void)kn_fail(editing->err, KN_E_UNSUPPORTED, "\"%.100s\" stands in the file already",
                      word);
        kn_hint(editing->err, "Unset one of the two.");
        return KN_E_UNSUPPORTED;
    }
    return kn_splice_rename(editing, *name);
}

static enum kn_code make_splice(struct kn_editing *editing, enum kn_edit_outcome *outcome,
                                const char **name)
{
    if (editing->edit->kind == KN_EDIT_SET)
        return make_set(editing, outcome);
    if (editing->found < editing->count)
        return kn_fail(editing->err, KN_E_NOT_FOUND, "\"%.100s\" is not in the file",
                       editing->edit->key);
    if (editing->edit->kind == KN_EDIT_RENAME)
        return make_rename(editing, outcome, name);
    *outcome = KN_EDIT_REMOVED;
    return kn_splice_remove(editing);
}

/* Read the new file as any reader would, and compare. */
static enum kn_code check_result(struct kn_editing *editing, const struct kn_text *result,
                                 const char *name)
{
    const struct kn_edit_promise promise = { editing->edit->kind, editing->parts, editing->count,
                                             editing->wanted, name };
    struct kn_yaml_document doc;

    if (kn_yaml_parse(editing->arena, kn_text_get(result), result->n, &doc) != KN_OK)
        return kn_fail_no_memory(editing->err);
    if (doc.fault_count == 0 && kn_edit_keeps(&promise, editing->doc.root, doc.root))
        return KN_OK;
    return kn_editing_refuse(editing, editing->splice.start,
                             "this cannot be changed without touching other values");
}

static enum kn_code apply(struct kn_editing *editing, const char *bytes, size_t n,
                          struct kn_text *result, enum kn_edit_outcome *outcome)
{
    struct kn_splice *splice = &editing->splice;
    const char *name = NULL;
    enum kn_code rc = read_file(editing, bytes, n);

    if (rc == KN_OK)
        rc = find_key(editing);
    if (rc == KN_OK)
        rc = make_splice(editing, outcome, &name);
    if (rc != KN_OK)
        return rc;
    kn_text_add_n(result, bytes, splice->start);
    kn_text_add_n(result, kn_text_get(&splice->text), splice->text.n);
    if (n > splice->end)
        kn_text_add_n(result, bytes + splice->end, n - splice->end);
    if (splice->text.failed || result->failed)
        return kn_fail_no_memory(editing->err);
    return *outcome == KN_EDIT_UNCHANGED ? KN_OK : check_result(editing, result, name);
}

enum kn_code kn_edit_apply(const char *bytes, size_t n, const struct kn_edit *edit,
                           struct kn_text *out, enum kn_edit_outcome *outcome, struct kn_error *err)
{
    struct kn_editing editing = { .edit = edit, .err = err };
    struct kn_text result = { 0 };
    enum kn_code rc;

    editing.arena = kn_arena_new();
    if (editing.arena == NULL)
        return kn_fail_no_memory(err);
    rc = apply(&editing, bytes, n, &result, outcome);
    if (rc == KN_OK) {
        kn_text_add_n(out, kn_text_get(&result), result.n);
        if (out->failed)
            rc = kn_fail_no_memory(err);
    }
    kn_text_done(&editing.splice.text);
    kn_text_done(&result);
    kn_arena_free(editing.arena);
    return rc;
}
