#include <string.h>

#include "app/docs/docs.h"
#include "app/docs/parts.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

struct writing {
    struct kn_text *out;
    bool live; /* every value, not only the schema version */
};

static const char header[] =
    "# node_config.yaml: a kwaainet node, with every setting.\n"
    "#\n"
    "# Every setting stands at its built-in value.{live}\n"
    "# Stronger than this file are variables (KWAAINET_SECTION_KEY), and flags are stronger "
    "still;\n"
    "# every setting can be given as --set section.key=VALUE.\n"
    "#\n"
    "# Durations: 500ms, 30s, 5m, 24h, 7d. Sizes: 512MiB, 16GiB, 1TiB, or MB, GB, TB by "
    "thousands.\n"
    "# A plain number has the unit that stands beside the setting. auto leaves the choice to the\n"
    "# program; null means deliberately nothing. Relative paths start at this file's folder; ~, "
    "$NAME\n"
    "# and ${NAME:-other} are expanded. Keys that begin with x- are never read.\n"
    "#\n"
    "# kwaainet config check       says what is wrong with this file\n"
    "# kwaainet config explain KEY says which value holds, and why\n"
    "# kwaainet config schema      prints a JSON Schema for editors that complete YAML\n";

/* What a schedule looks like; lines of YAML below "resources:". */
static const char *const schedule_example[] = {
    "schedules:",
    "  - name: office hours",
    "    cron: \"0 9 * * mon-fri\"    # minute hour day month weekday: when it begins",
    "    duration: 8h",
    "    timezone: local            # or UTC, or a name such as Europe/Berlin",
    "    limits: {max_cpu_percent: 20, max_memory_gb: 4}",
};

static void indent(struct writing *w, int depth)
{
    kn_text_fill(w->out, ' ', 2 * (size_t)depth);
}

/* A comment of as many lines as it needs. */
static void comment(struct writing *w, int depth, const char *bullet, const char *text)
{
    struct kn_text first = { 0 }, rest = { 0 };

    kn_text_fill(&first, ' ', 2 * (size_t)depth);
    kn_text_add(&first, "# ");
    kn_text_add(&rest, kn_text_get(&first));
    kn_text_fill(&rest, ' ', strlen(bullet));
    kn_text_add(&first, bullet);
    kn_docs_wrap(w->out, kn_text_get(&first), kn_text_get(&rest), text);
    w->out->failed = w->out->failed || first.failed || rest.failed;
    kn_text_done(&first);
    kn_text_done(&rest);
}

static void comment_text(struct writing *w, int depth, struct kn_text *text)
{
    w->out->failed = w->out->failed || text->failed;
    if (text->n > 0)
        comment(w, depth, "", kn_text_get(text));
    kn_text_done(text);
}

static void open(void *arg, const char *path, const char *name, int depth)
{
    struct writing *w = arg;
    const struct kn_section *section = kn_docs_section(path);

    kn_text_add_char(w->out, '\n');
    if (section != NULL)
        comment(w, depth, "", section->brief);
    indent(w, depth);
    kn_text_addf(w->out, "%s:\n", name);
}

static void close(void *arg, int depth)
{
    (void)arg;
    (void)depth;
}

static void explain_sources(struct writing *w, const struct kn_setting *setting, int depth)
{
    char variable[KN_SETTING_VARIABLE_SIZE];
    struct kn_text text = { 0 };

    kn_setting_variable(setting, variable);
    if (setting->flag != NULL)
        kn_text_addf(&text, "%s %s, ", setting->flag, setting->value_name);
    kn_text_add(&text, variable);
    if (setting->alias != NULL)
        kn_text_addf(&text, ", %s", setting->alias);
    kn_text_add(&text, ". ");
    kn_docs_how(setting, &text);
    comment_text(w, depth, &text);
}

static void explain(struct writing *w, const struct kn_setting *setting, int depth)
{
    struct kn_text text = { 0 };

    kn_text_add(&text, setting->brief);
    if (setting->detail != NULL)
        kn_text_addf(&text, " %s", setting->detail);
    comment_text(w, depth, &text);
    text = (struct kn_text){ 0 };
    kn_docs_what(setting, "", &text);
    comment_text(w, depth, &text);
    for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL; word++) {
        struct kn_text bullet = { 0 };

        kn_text_addf(&bullet, "  %-15s", word->name);
        comment(w, depth, kn_text_get(&bullet), word->brief);
        w->out->failed = w->out->failed || bullet.failed;
        kn_text_done(&bullet);
    }
    explain_sources(w, setting, depth);
}

/* Words that readers of YAML 1.1 take for a boolean. */
static bool needs_quotes(const struct kn_setting *setting)
{
    return setting->type->shape == KN_SHAPE_TEXT && setting->fallback != NULL &&
           (strcmp(setting->fallback, "off") == 0 || strcmp(setting->fallback, "on") == 0);
}

static void add_items(struct writing *w, const struct kn_setting *setting, int depth,
                      const char *mark)
{
    const char *at = setting->fallback, *item;
    size_t n;

    kn_text_add(w->out, "\n");
    while ((n = kn_docs_item(&at, &item)) > 0) {
        indent(w, depth);
        kn_text_addf(w->out, "%s  - ", mark);
        kn_text_add_n(w->out, item, n);
        kn_text_add_char(w->out, '\n');
    }
}

static void row(void *arg, const struct kn_setting *setting, int depth)
{
    struct writing *w = arg;
    const char *mark = w->live || depth == 0 ? "" : "#";
    const char *quote = needs_quotes(setting) ? "\"" : "";

    kn_text_add_char(w->out, '\n');
    explain(w, setting, depth);
    if (setting->type == &kn_type_schedule_list) {
        comment(w, depth, "", "For example, less of the machine during working hours:");
        for (size_t i = 0; i < KN_COUNT(schedule_example); i++) {
            indent(w, depth);
            kn_text_addf(w->out, "#   %s\n", schedule_example[i]);
        }
    }
    indent(w, depth);
    kn_text_addf(w->out, "%s%s:", mark, kn_setting_leaf(setting));
    if (setting->type->shape == KN_SHAPE_LIST && setting->fallback != NULL &&
        setting->fallback[0] != '[' && strcmp(setting->fallback, "auto") != 0) {
        add_items(w, setting, depth, mark);
        return;
    }
    kn_text_addf(w->out, " %s", quote);
    kn_docs_fallback(setting, w->out);
    kn_text_addf(w->out, "%s\n", quote);
}

static void write(struct writing *w)
{
    static const char mark[] = "{live}";
    const char *live = strstr(header, mark);
    const struct kn_docs_walk walk = { open, row, close, w };

    kn_text_add_n(w->out, header, (size_t)(live - header));
    kn_text_add(w->out, w->live ? "" : " To change one, take away the # before its key.");
    kn_text_add(w->out, live + strlen(mark));
    kn_docs_outline(&walk);
}

void kn_docs_example(struct kn_text *out)
{
    write(&(struct writing){ out, false });
}

void kn_docs_example_full(struct kn_text *out)
{
    write(&(struct writing){ out, true });
}
