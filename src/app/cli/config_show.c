/* config show: the summary, then every setting by section with where it came from. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "config/report/report.h"
#include "lib/base/nearest.h"
#include "lib/base/utf8.h"

enum { INDENT = 2, VALUES_AT = 28, ORIGINS_AT = VALUES_AT + 16 };

struct view {
    struct kn_cli *cli;
    const struct kn_snapshot *snapshot;
    const char *section; /* NULL: all */
    bool changed;
};

static bool begins(const char *key, const char *section)
{
    size_t n = strlen(section);

    return strncmp(key, section, n) == 0 && key[n] == '.';
}

static bool is_seen(const struct view *view, const struct kn_setting *setting)
{
    if (view->section != NULL && !begins(setting->key, view->section))
        return false;
    return !view->changed || kn_resolved_is_explicit(kn_snapshot_get(view->snapshot, setting));
}

/* Where a value came from, in the words of the summary. */
static void add_summary_origin(const struct kn_resolved *resolved, struct kn_text *out)
{
    static const char calibrated[] = "calibrated";
    const struct kn_origin *origin = &resolved->origin;
    bool computed = origin->layer == KN_LAYER_CACHE || origin->layer == KN_LAYER_DISCOVERY;

    if (resolved->value.is == KN_AUTO) {
        kn_text_add(out, "left to the machine");
        return;
    }
    if (computed && (origin->text == NULL || strncmp(origin->text, calibrated, 10) != 0))
        kn_text_add(out, origin->text != NULL ? "auto-discovered, " : "auto-");
    kn_origin_words(origin, out);
}

static void add_summary_line(const struct view *view, const char *label, const char *value,
                             const struct kn_resolved *resolved)
{
    struct kn_cli *cli = view->cli;
    const char *mark = kn_term_emoji(&cli->out_term, "• ");

    kn_text_addf(&cli->answer, "  %s%s: %s (", mark, label, value);
    add_summary_origin(resolved, &cli->answer);
    kn_text_add(&cli->answer, ")\n");
}

static const struct kn_resolved *get(const struct view *view, const char *key)
{
    return kn_snapshot_get(view->snapshot, kn_setting_find(key));
}

static void add_summary_setting(const struct view *view, const char *label, const char *key)
{
    const struct kn_resolved *resolved = get(view, key);
    struct kn_text value = { 0 };

    kn_value_show(resolved->setting, &resolved->value, &value);
    add_summary_line(view, label, kn_text_get(&value), resolved);
    kn_text_done(&value);
}

/* A range is shown with its last block and the count: "68-79, 12 blocks". */
static void add_summary_blocks(const struct view *view)
{
    const struct kn_resolved *start = get(view, "model.start_block");
    const struct kn_resolved *end = get(view, "model.end_block");
    const struct kn_resolved *count = get(view, "model.blocks"), *from = start;
    struct kn_text value = { 0 };

    if (start->value.is == KN_GIVEN && end->value.is == KN_GIVEN) {
        kn_text_addf(&value, "%lld-%lld, %lld block%s", (long long)start->value.integer,
                     (long long)end->value.integer - 1,
                     (long long)(end->value.integer - start->value.integer),
                     end->value.integer - start->value.integer == 1 ? "" : "s");
    } else if (start->value.is == KN_GIVEN) {
        kn_text_addf(&value, "from %lld on", (long long)start->value.integer);
    } else if (count->value.is == KN_GIVEN) {
        kn_text_addf(&value, "%lld", (long long)count->value.integer);
        from = count;
    } else if (end->value.is == KN_GIVEN) {
        kn_text_addf(&value, "up to %lld", (long long)end->value.integer - 1);
        from = end;
    } else {
        kn_text_add(&value, "auto");
    }
    add_summary_line(view, "Blocks", kn_text_get(&value), from);
    kn_text_done(&value);
}

static void add_summary(const struct view *view)
{
    struct kn_cli *cli = view->cli;

    kn_text_add(&cli->answer, kn_term_emoji(&cli->out_term, "📋 "));
    kn_term_add(&cli->out_term, &cli->answer, KN_BOLD, "Configuration loaded:");
    kn_text_add_char(&cli->answer, '\n');
    add_summary_setting(view, "Model", "model.name");
    add_summary_blocks(view);
    add_summary_setting(view, "Port", "node.port");
    add_summary_setting(view, "Name", "node.name");
    add_summary_setting(view, "Data type", "model.dtype");
}

/* Lists of several items stand one below the other. Returns the column after the last one. */
static size_t add_value(struct kn_cli *cli, const struct kn_resolved *resolved)
{
    struct kn_text text = { 0 };
    size_t width;

    if (resolved->value.is == KN_GIVEN && resolved->setting->type->shape == KN_SHAPE_LIST &&
        resolved->setting->type != &kn_type_schedule_list && resolved->value.texts.n > 1) {
        for (size_t i = 0; i < resolved->value.texts.n; i++) {
            kn_term_add_safe(&cli->answer, resolved->value.texts.at[i]);
            kn_text_add_char(&cli->answer, '\n');
            kn_text_fill(&cli->answer, ' ', VALUES_AT);
        }
        return VALUES_AT;
    }
    kn_value_show(resolved->setting, &resolved->value, &text);
    width = kn_utf8_width(kn_text_get(&text), text.n);
    kn_text_add(&cli->answer, kn_text_get(&text));
    kn_text_done(&text);
    return VALUES_AT + width;
}

static void add_row(const struct view *view, const struct kn_setting *setting, const char *name)
{
    const struct kn_resolved *resolved = kn_snapshot_get(view->snapshot, setting);
    struct kn_cli *cli = view->cli;
    struct kn_text origin = { 0 };
    size_t at, wanted, width;

    kn_text_fill(&cli->answer, ' ', INDENT);
    kn_text_add(&cli->answer, name);
    kn_text_fill(&cli->answer, ' ', VALUES_AT - INDENT - strlen(name));
    at = add_value(cli, resolved);
    kn_text_add_char(&origin, '(');
    kn_origin_words(&resolved->origin, &origin);
    kn_text_add_char(&origin, ')');
    width = kn_utf8_width(kn_text_get(&origin), origin.n);
    wanted = at == VALUES_AT ? at : at + 2 <= ORIGINS_AT ? ORIGINS_AT : at + 2;
    if (wanted + width > cli->out_term.columns && at > VALUES_AT)
        wanted = at + 2;
    if (wanted + width > cli->out_term.columns && at > VALUES_AT) {
        kn_text_add_char(&cli->answer, '\n');
        at = 0;
        wanted = VALUES_AT;
    }
    kn_text_fill(&cli->answer, ' ', wanted - at);
    kn_term_add(&cli->out_term, &cli->answer, KN_DIM, kn_text_get(&origin));
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&origin);
}

static void add_section(const struct view *view, const struct kn_section *section)
{
    struct kn_cli *cli = view->cli;
    bool titled = false;

    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];

        if (!begins(setting->key, section->name) || !is_seen(view, setting))
            continue;
        if (!titled) {
            if (cli->answer.n > 0)
                kn_text_add_char(&cli->answer, '\n');
            kn_term_add(&cli->out_term, &cli->answer, KN_BOLD, section->name);
            kn_text_add_char(&cli->answer, '\n');
        }
        titled = true;
        add_row(view, setting, setting->key + strlen(section->name) + 1);
    }
}

static void show_text(const struct view *view)
{
    const struct kn_setting *version = kn_setting_find("schema_version");
    struct kn_cli *cli = view->cli;

    if (view->section == NULL && !view->changed)
        add_summary(view);
    if (is_seen(view, version)) {
        kn_text_add(&cli->answer, cli->answer.n > 0 ? "\n" : "");
        add_row(view, version, version->key);
    }
    for (size_t i = 0; i < kn_section_count; i++)
        add_section(view, &kn_sections[i]);
    if (cli->answer.n == 0 && !cli->quiet)
        kn_text_add(&cli->talk, "Nobody wrote a value; everything is built in or computed.\n");
}

static void show_json(const struct view *view)
{
    struct kn_json *json = kn_json_object(), *settings = kn_json_object();
    const struct kn_resolved *version = get(view, "schema_version");

    kn_tree_set(json, "schema_version", kn_value_json(version->setting, &version->value));
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];
        const struct kn_resolved *resolved = kn_snapshot_get(view->snapshot, setting);
        struct kn_json *one;

        if (!is_seen(view, setting))
            continue;
        one = kn_json_object();
        kn_tree_set(one, "value", kn_value_json(setting, &resolved->value));
        kn_tree_set(one, "origin", kn_origin_json(&resolved->origin));
        kn_tree_set(settings, setting->key, one);
    }
    kn_tree_set(json, "settings", settings);
    kn_cli_answer(view->cli, json);
}

static enum kn_exit unknown_section(struct kn_cli *cli, const char *section)
{
    struct kn_nearest nearest = kn_nearest_to(section);
    struct kn_error err = { 0 };

    for (size_t i = 0; i < kn_section_count; i++)
        kn_nearest_offer(&nearest, kn_sections[i].name);
    (void)kn_fail(&err, KN_E_NOT_FOUND, "unknown section \"%.100s\"", section);
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest.best);
    else
        kn_hint(&err, "kwaainet config show lists all sections.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct view view = { .cli = cli,
                         .section = kn_cli_option(cli, "--section"),
                         .changed = kn_cli_option(cli, "--changed") != NULL };
    struct kn_snapshot *snapshot;
    enum kn_exit code;

    if (view.section != NULL && !kn_setting_is_section(view.section))
        return unknown_section(cli, view.section);
    code = kn_load_valid(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    view.snapshot = snapshot;
    if (cli->json)
        show_json(&view);
    else
        show_text(&view);
    kn_snapshot_unref(snapshot);
    return KN_EXIT_DONE;
}

static const struct kn_command_flag flags[] = {
    { "--section", "NAME", "Show the settings of one section." },
    { "--changed", NULL, "Show what somebody wrote, and nothing built in or computed." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_config_show = {
    .name = "config show",
    .brief = "Show every setting and where its value comes from.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "With --json: {\"schema_version\", \"settings\": {KEY: {\"value\", \"origin\"}}}. "
              "Values are typed, in the unit of their key; \"auto\" is one that nothing has "
              "computed yet.",
    .run = run,
};
