#include "app/cli/first_config.h"

#include <string.h>

#include "app/cli/start_facts.h"
#include "config/edit/edit.h"

static const char header[] =
    "# The configuration of this node, saved by its first start. What says auto is chosen by the\n"
    "# node; the comment tells what it was then, and an earlier choice is kept from start to "
    "start.\n"
    "# Write a value to decide yourself: kwaainet config set KEY VALUE does it, kwaainet config\n"
    "# explain KEY tells more, and kwaainet config example shows every setting.\n"
    "schema_version: " KN_SCHEMA_VERSION "\n";

static const char *planned(const struct kn_plan *plan, const char *key)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (strcmp(plan->values[i].key, key) == 0)
            return plan->values[i].value;
    }
    return NULL;
}

/* On this command line, and as a value. */
static bool is_typed(const struct kn_resolved *resolved)
{
    if (resolved->value.is == KN_AUTO)
        return false;
    if (resolved->origin.layer == KN_LAYER_CLI)
        return true;
    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker) {
        if (at->append && at->origin.layer == KN_LAYER_CLI)
            return true;
    }
    return false;
}

static bool is_left_open(const struct kn_resolved *resolved)
{
    return (resolved->setting->accepts & KN_ACCEPTS_AUTO) != 0 &&
           (resolved->origin.layer == KN_LAYER_DISCOVERY ||
            resolved->origin.layer == KN_LAYER_CACHE);
}

static void add_open(const struct kn_resolved *resolved, const char *value, struct kn_text *out)
{
    kn_text_addf(out, "  %s: auto  # ", kn_setting_leaf(resolved->setting));
    kn_term_add_safe(out, value);
    kn_text_add(out, " now");
    if (resolved->origin.text != NULL) {
        kn_text_add(out, ": ");
        kn_term_add_safe(out, resolved->origin.text);
    }
    kn_text_add_char(out, '\n');
}

/* The table has the settings of a section in a row. */
static void add_all_open(const struct kn_start_facts *facts, struct kn_text *out)
{
    const char *section = "";

    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];
        const struct kn_resolved *resolved = kn_snapshot_get(facts->snapshot, setting);
        const char *value = planned(facts->plan, setting->key);
        size_t n = strcspn(setting->key, ".");

        if (value == NULL || strcmp(setting->key, "node.name") == 0 || !is_left_open(resolved))
            continue;
        if (strncmp(section, setting->key, n + 1) != 0)
            kn_text_addf(out, "\n%.*s:\n", (int)n, setting->key);
        section = setting->key;
        add_open(resolved, value, out);
    }
}

static enum kn_code set(struct kn_text *file, const struct kn_resolved *resolved,
                        struct kn_error *err)
{
    struct kn_text word = { 0 }, next = { 0 };
    struct kn_edit edit = { .kind = KN_EDIT_SET, .key = resolved->setting->key };
    enum kn_edit_outcome ignored;
    enum kn_code rc;

    kn_value_print(resolved->setting, &resolved->value, &word);
    edit.word = kn_text_get(&word);
    rc = word.failed || file->failed
             ? kn_fail_no_memory(err)
             : kn_edit_apply(file->at, file->n, &edit, &next, &ignored, err);
    kn_text_done(&word);
    if (rc != KN_OK) {
        kn_text_done(&next);
        kn_wrap(err, "%s", resolved->setting->key);
        return rc;
    }
    kn_text_done(file);
    *file = next;
    return KN_OK;
}

/* An empty line before every section; the edits put theirs without. */
static void add_with_gaps(const struct kn_text *file, struct kn_text *out)
{
    const char *at = kn_text_get(file);
    bool gap = true;

    while (*at != '\0') {
        size_t n = strcspn(at, "\n");

        if (!gap && at[0] >= 'a' && at[0] <= 'z' && at[n - 1] == ':')
            kn_text_add_char(out, '\n');
        gap = n == 0;
        n += at[n] == '\n';
        kn_text_add_n(out, at, n);
        at += n;
    }
}

enum kn_code kn_first_config_print(const struct kn_start_facts *facts, struct kn_text *out,
                                   bool *is_secret, struct kn_error *err)
{
    struct kn_text file = { 0 };
    enum kn_code rc = KN_OK;

    *is_secret = false;
    kn_text_add(&file, header);
    add_all_open(facts, &file);
    for (size_t i = 0; i < kn_setting_count && rc == KN_OK; i++) {
        const struct kn_resolved *resolved = kn_snapshot_get(facts->snapshot, &kn_settings[i]);
        bool typed = is_typed(resolved);

        if (!typed && strcmp(kn_settings[i].key, "node.name") != 0)
            continue;
        *is_secret = *is_secret || (typed && kn_settings[i].secret);
        rc = set(&file, resolved, err);
    }
    if (rc == KN_OK)
        add_with_gaps(&file, out);
    if (rc == KN_OK && out->failed)
        rc = kn_fail_no_memory(err);
    kn_text_done(&file);
    return rc;
}
