/* The reference of settings: one entry a row, then the rules over several and the renamed keys. */
#include "app/docs/docs.h"
#include "app/docs/parts.h"
#include "config/schema/check.h"
#include "config/schema/problem.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

static void open(void *arg, const char *path, const char *name, int depth)
{
    const struct kn_section *section = kn_docs_section(path);

    (void)name;
    (void)depth;
    if (section != NULL)
        kn_text_addf(arg, "## %s\n\n%s\n\n", path, section->brief);
}

static void close(void *arg, int depth)
{
    (void)arg;
    (void)depth;
}

static void bullet(struct kn_text *out, struct kn_text *text)
{
    kn_docs_wrap(out, "- ", "  ", kn_text_get(text));
    out->failed = out->failed || text->failed;
    kn_text_done(text);
    *text = (struct kn_text){ 0 };
}

static void add_words(struct kn_text *out, const struct kn_setting *setting)
{
    struct kn_text text = { 0 };

    for (const struct kn_word *word = setting->words; word->name != NULL; word++) {
        kn_text_addf(&text, "`%s`: %s", word->name, word->brief);
        kn_docs_wrap(out, "  - ", "    ", kn_text_get(&text));
        kn_text_cut(&text, 0);
    }
    out->failed = out->failed || text.failed;
    kn_text_done(&text);
}

/* A long list of built-in items stands below each other. */
static void add_fallback(struct kn_text *out, const struct kn_setting *setting)
{
    const char *at = setting->fallback, *item;
    struct kn_text text = { 0 };
    size_t n;

    if (setting->type != &kn_type_multiaddr_list || at == NULL || at[0] != '/') {
        kn_text_add(&text, "built in: `");
        kn_docs_fallback(setting, &text);
        kn_text_add(&text, "`");
        bullet(out, &text);
        return;
    }
    kn_text_add(out, "- built in:\n");
    while ((n = kn_docs_item(&at, &item)) > 0) {
        kn_text_add(out, "  - `");
        kn_text_add_n(out, item, n);
        kn_text_add(out, "`\n");
    }
}

static void row(void *arg, const struct kn_setting *setting, int depth)
{
    struct kn_text *out = arg, text = { 0 };
    char variable[KN_SETTING_VARIABLE_SIZE];

    (void)depth;
    kn_text_addf(out, "### %s\n\n", setting->key);
    kn_text_add(&text, setting->brief);
    if (setting->detail != NULL)
        kn_text_addf(&text, " %s", setting->detail);
    kn_docs_wrap(out, "", "", kn_text_get(&text));
    kn_text_cut(&text, 0);
    kn_text_add_char(out, '\n');

    kn_docs_what(setting, "`", &text);
    bullet(out, &text);
    if (setting->words != NULL)
        add_words(out, setting);
    add_fallback(out, setting);
    kn_setting_variable(setting, variable);
    if (setting->flag != NULL)
        kn_text_addf(&text, "`%s %s`, ", setting->flag, setting->value_name);
    kn_text_addf(&text, "`%s`", variable);
    if (setting->alias != NULL)
        kn_text_addf(&text, ", also `%s`", setting->alias);
    bullet(out, &text);
    kn_docs_how(setting, &text);
    bullet(out, &text);
    if (setting->secret)
        kn_text_add(out, "- The value is never shown.\n");
    kn_text_add_char(out, '\n');
}

static void add_checks(struct kn_text *out)
{
    kn_text_add(out, "## Rules over several settings\n\n");
    for (size_t i = 0; i < kn_check_count; i++) {
        const struct kn_check *check = &kn_checks[i];
        struct kn_text text = { 0 };

        kn_text_addf(&text, "`%s` (%s): %s It reads", check->name,
                     kn_severity_word(check->severity), check->rule);
        for (size_t k = 0; k < KN_CHECK_KEYS_MAX && check->keys[k] != NULL; k++)
            kn_text_addf(&text, "%s `%s`", k > 0 ? "," : "", check->keys[k]);
        kn_text_add(&text, ".");
        bullet(out, &text);
    }
}

void kn_docs_settings(struct kn_text *out)
{
    const struct kn_docs_walk walk = { open, row, close, out };

    kn_text_add(out, "## The file itself\n\n");
    kn_docs_outline(&walk);
    add_checks(out);
    if (kn_rename_count > 0)
        kn_text_add(out, "\n## Renamed keys\n\n");
    for (size_t i = 0; i < kn_rename_count; i++)
        kn_text_addf(out, "- `%s` is called `%s` since schema %s\n", kn_renames[i].old_key,
                     kn_renames[i].new_key, kn_renames[i].since);
}
