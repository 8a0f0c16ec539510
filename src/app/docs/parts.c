#include "app/docs/parts.h"

#include <string.h>

#include "config/schema/form.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

#define DATA_FOLDER "~/.kwaainet/"

void kn_docs_wrap(struct kn_text *out, const char *first, const char *rest, const char *text)
{
    size_t column = strlen(first);
    bool begun = false;

    kn_text_add(out, first);
    while (*text != '\0') {
        size_t n = strcspn(text, " ");

        if (begun && column + 1 + n > KN_DOCS_COLUMNS) {
            kn_text_addf(out, "\n%s", rest);
            column = strlen(rest);
        } else if (begun) {
            kn_text_add_char(out, ' ');
            column++;
        }
        kn_text_add_n(out, text, n);
        column += n;
        begun = true;
        text += n;
        text += strspn(text, " ");
    }
    kn_text_add_char(out, '\n');
}

static void add_words(const struct kn_setting *setting, const char *tick, struct kn_text *out)
{
    for (const struct kn_word *word = setting->words; word->name != NULL; word++)
        kn_text_addf(out, "%s%s%s%s", word == setting->words ? "" : ", ", tick, word->name, tick);
}

static void add_range(const struct kn_setting *setting, struct kn_text *out)
{
    struct kn_text range = { 0 };

    kn_setting_print_range(setting, &range);
    if (range.n > 0)
        kn_text_addf(out, ", %s", kn_text_get(&range));
    out->failed = out->failed || range.failed;
    kn_text_done(&range);
}

void kn_docs_what(const struct kn_setting *setting, const char *tick, struct kn_text *out)
{
    bool quantity = setting->type == &kn_type_size || setting->type == &kn_type_duration;

    if (setting->type == &kn_type_bool)
        kn_text_addf(out, "%strue%s or %sfalse%s", tick, tick, tick, tick);
    else if (setting->words != NULL)
        add_words(setting, tick, out);
    else
        kn_text_add(out, setting->type->name);
    if (setting->unit != NULL && !quantity)
        kn_text_addf(out, " (%s)", setting->unit);
    add_range(setting, out);
    if (quantity)
        kn_text_addf(out, ", a plain number is in %s", setting->unit);
    if (setting->form != NULL)
        kn_text_addf(out, ": %s", setting->form->rule);
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_text_addf(out, ", or %sauto%s (%s)", tick, tick, setting->computed_by);
    if (setting->accepts & KN_ACCEPTS_NULL)
        kn_text_addf(out, ", or %snull%s", tick, tick);
}

void kn_docs_how(const struct kn_setting *setting, struct kn_text *out)
{
    static const char *const sentences[] = {
        [KN_APPLY_LIVE] = "A running node takes a change with a reload.",
        [KN_APPLY_RECONNECT] =
            "A running node takes a change with a reload, and settles it anew with its peers.",
        [KN_APPLY_RESTART] = "A change needs a restart.",
    };

    kn_text_add(out, setting->obeyed_by != NULL ? sentences[setting->apply]
                                                : "Accepted, has no effect yet.");
}

void kn_docs_fallback(const struct kn_setting *setting, struct kn_text *out)
{
    const char *text = setting->fallback != NULL ? setting->fallback : "null";

    if (setting->type == &kn_type_path && setting->fallback != NULL &&
        strchr("/~$", text[0]) == NULL && strcmp(text, "auto") != 0)
        kn_text_add(out, DATA_FOLDER);
    kn_text_add(out, text);
}

size_t kn_docs_item(const char **at, const char **item)
{
    size_t n;

    *at += strspn(*at, ", ");
    *item = *at;
    n = strcspn(*at, ", ");
    *at += n;
    return n;
}

const struct kn_section *kn_docs_section(const char *name)
{
    for (size_t i = 0; i < kn_section_count; i++) {
        if (strcmp(kn_sections[i].name, name) == 0)
            return &kn_sections[i];
    }
    return NULL;
}

/* How many whole parts two keys begin with in common; the last part is no section. */
static int common_parts(const char *a, const char *b)
{
    int parts = 0;

    for (; *a != '\0' && *a == *b; a++, b++)
        parts += *a == '.';
    return parts;
}

static int parts_of(const char *key)
{
    int parts = 0;

    for (; *key != '\0'; key++)
        parts += *key == '.';
    return parts;
}

/* Open the section that the first `n` bytes of a key name. */
static void open_section(const struct kn_docs_walk *walk, const char *key, size_t n, int depth)
{
    char path[KN_SETTING_KEY_MAX];
    const char *dot;

    memcpy(path, key, n);
    path[n] = '\0';
    dot = strrchr(path, '.');
    walk->open(walk->arg, path, dot != NULL ? dot + 1 : path, depth);
}

void kn_docs_outline(const struct kn_docs_walk *walk)
{
    const char *last = "";
    int depth = 0;

    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *key = kn_settings[i].key;
        int common = common_parts(last, key), part = 0;

        while (depth > common)
            walk->close(walk->arg, --depth);
        for (const char *dot = strchr(key, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
            if (part++ >= common)
                open_section(walk, key, (size_t)(dot - key), depth++);
        }
        walk->row(walk->arg, &kn_settings[i], parts_of(key));
        last = key;
    }
    while (depth > 0)
        walk->close(walk->arg, --depth);
}
