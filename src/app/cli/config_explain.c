/* config explain: everything about one setting. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "app/term/fold.h"
#include "config/report/report.h"
#include "config/schema/form.h"

enum { TEXTS_AT = 16 };

static const struct kn_assignment *built_in_of(const struct kn_resolved *resolved)
{
    const struct kn_assignment *at = resolved->assignments;

    while (at->weaker != NULL)
        at = at->weaker;
    return at;
}

/*
 * Did the winner beat this one? Not the built-in value, which has a line of its own; not an "auto"
 * above the winner, which let it win; not what was added to a list.
 */
static bool is_beaten(const struct kn_resolved *resolved, const struct kn_assignment *at)
{
    bool above = true;

    if (at == resolved->winner || at->append)
        return false;
    for (const struct kn_assignment *other = resolved->winner; other != NULL; other = other->weaker)
        above = above && other != at;
    return !(above && at->valid && at->value.is == KN_AUTO);
}

static void add_item(struct kn_cli *cli, const char *name, const char *text)
{
    kn_fold_item(&cli->answer, name, text, cli->out_term.columns, TEXTS_AT);
}

static void add_assignment(struct kn_cli *cli, const char *name,
                           const struct kn_assignment *assignment)
{
    struct kn_text text = { 0 };

    if (assignment->valid)
        kn_value_show(assignment->setting, &assignment->value, &text);
    else
        kn_text_add(&text, "a wrong value");
    kn_text_add(&text, " (");
    kn_origin_words(&assignment->origin, &text);
    kn_text_add(&text, ")");
    add_item(cli, name, kn_text_get(&text));
    kn_text_done(&text);
}

static void add_winner(struct kn_cli *cli, const struct kn_resolved *resolved)
{
    const struct kn_setting *setting = resolved->setting;
    struct kn_text text = { 0 };
    struct kn_fold fold = { .columns = cli->out_term.columns,
                            .at = setting->key_length,
                            .hang = 2 };
    bool first = true;

    kn_term_add(&cli->out_term, &cli->answer, KN_BOLD, setting->key);
    kn_text_add(&text, " = ");
    kn_value_show(setting, &resolved->value, &text);
    (void)kn_fold_add(&cli->answer, kn_text_get(&text), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_cut(&text, 0);
    kn_origin_words(&resolved->origin, &text);
    if (!resolved->valid)
        kn_text_add(&text, " is wrong; the built-in value stands instead");
    add_item(cli, "from", kn_text_get(&text));
    if (resolved->origin.layer == KN_LAYER_CACHE) {
        kn_text_cut(&text, 0);
        kn_origin_place(&resolved->origin, &text);
        add_item(cli, "kept in", kn_text_get(&text));
    }
    kn_text_done(&text);
    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker) {
        if (!is_beaten(resolved, at) || at->origin.layer == KN_LAYER_FALLBACK)
            continue;
        add_assignment(cli, first ? "instead of" : "", at);
        first = false;
    }
}

static void add_choices(const struct kn_setting *setting, struct kn_text *out)
{
    bool first = true;

    if ((setting->accepts & KN_ACCEPTS_AUTO) != 0) {
        kn_text_add(out, "auto");
        first = false;
    }
    if ((setting->accepts & KN_ACCEPTS_NULL) != 0) {
        kn_text_addf(out, "%snull", first ? "" : ", ");
        first = false;
    }
    for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL; word++) {
        kn_text_addf(out, "%s%s", first ? "" : ", ", word->name);
        first = false;
    }
}

static void add_type(struct kn_cli *cli, const struct kn_setting *setting)
{
    struct kn_text words = { 0 };

    add_item(cli, "type", setting->type->name);
    if (setting->unit != NULL)
        add_item(cli, "unit", setting->unit);
    kn_setting_print_range(setting, &words);
    if (words.n > 0)
        add_item(cli, "bounds", kn_text_get(&words));
    kn_text_cut(&words, 0);
    add_choices(setting, &words);
    if (words.n > 0)
        add_item(cli, setting->words != NULL ? "one of" : "or", kn_text_get(&words));
    kn_text_done(&words);
    if (setting->form != NULL)
        add_item(cli, "form", setting->form->rule);
    if (setting->computed_by != NULL)
        add_item(cli, "auto means", setting->computed_by);
}

static const char *apply_sentence(enum kn_apply apply)
{
    switch (apply) {
    case KN_APPLY_LIVE:
        return "takes effect with a reload";
    case KN_APPLY_RECONNECT:
        return "takes effect with a reload, and is settled anew with the peers";
    case KN_APPLY_RESTART:
        return "takes effect with the next start";
    }
    return "";
}

static void add_ways(struct kn_cli *cli, const struct kn_setting *setting)
{
    char variable[KN_SETTING_VARIABLE_SIZE];
    struct kn_text text = { 0 };

    add_item(cli, "a change", apply_sentence(setting->apply));
    add_item(cli, "effect", setting->obeyed_by != NULL ? "now" : "accepted, has no effect yet");
    if (setting->flag != NULL)
        kn_text_addf(&text, "%s %s", setting->flag, setting->value_name);
    else
        kn_text_addf(&text, "--set %s=VALUE", setting->key);
    add_item(cli, "flag", kn_text_get(&text));
    kn_text_cut(&text, 0);
    kn_setting_variable(setting, variable);
    kn_text_add(&text, variable);
    if (setting->alias != NULL && strcmp(setting->alias, variable) != 0)
        kn_text_addf(&text, ", alias %s", setting->alias);
    add_item(cli, "variable", kn_text_get(&text));
    kn_text_done(&text);
}

static void show(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                 const struct kn_resolved *resolved)
{
    const struct kn_setting *setting = resolved->setting;
    const struct kn_problems_view view = {
        .snapshot = snapshot, .keys = &setting->key, .key_count = 1, .without_no_effect = true
    };
    unsigned columns = cli->out_term.columns;
    struct kn_text built_in = { 0 };

    add_winner(cli, resolved);
    kn_value_show(setting, &built_in_of(resolved)->value, &built_in);
    add_item(cli, "built in", kn_text_get(&built_in));
    kn_text_done(&built_in);
    add_type(cli, setting);
    add_ways(cli, setting);
    kn_text_add_char(&cli->answer, '\n');
    kn_fold_paragraph(&cli->answer, setting->brief, columns, 0);
    if (setting->detail != NULL)
        kn_fold_paragraph(&cli->answer, setting->detail, columns, 0);
    if (kn_problems_seen(kn_snapshot_problems(snapshot), &view) == 0)
        return;
    kn_text_add_char(&cli->answer, '\n');
    kn_problems_show(&cli->out_term, kn_snapshot_problems(snapshot), &view, &cli->answer);
}

static struct kn_json *assignment_json(const struct kn_assignment *at)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "value", at->valid ? kn_value_json(at->setting, &at->value) : kn_json_null());
    kn_tree_set(json, "origin", kn_origin_json(&at->origin));
    return json;
}

static struct kn_json *overridden_json(const struct kn_resolved *resolved)
{
    struct kn_json *array = kn_json_array();

    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker) {
        if (is_beaten(resolved, at))
            kn_tree_append(array, assignment_json(at));
    }
    return array;
}

static struct kn_json *choices_json(const struct kn_setting *setting)
{
    struct kn_json *array = kn_json_array();

    for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL; word++)
        kn_tree_append(array, kn_json_string(word->name));
    return array;
}

static void add_type_json(struct kn_json *json, const struct kn_setting *setting)
{
    bool bounded = setting->range.min != 0 || setting->range.max != 0;

    kn_tree_text(json, "type", setting->type->name);
    kn_tree_text(json, "unit", setting->unit);
    kn_tree_set(json, "min", bounded ? kn_json_number(setting->range.min) : kn_json_null());
    kn_tree_set(json, "max", bounded ? kn_json_number(setting->range.max) : kn_json_null());
    kn_tree_set(json, "choices", setting->words != NULL ? choices_json(setting) : kn_json_null());
    kn_tree_set(json, "accepts_auto", kn_json_bool((setting->accepts & KN_ACCEPTS_AUTO) != 0));
    kn_tree_set(json, "accepts_null", kn_json_bool((setting->accepts & KN_ACCEPTS_NULL) != 0));
    kn_tree_text(json, "apply", kn_apply_word(setting->apply));
    kn_tree_text(json, "effect", setting->obeyed_by != NULL ? "now" : "not yet");
}

static void answer(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                   const struct kn_resolved *resolved)
{
    const struct kn_setting *setting = resolved->setting;
    const struct kn_problems_view view = { .keys = &setting->key, .key_count = 1 };
    char variable[KN_SETTING_VARIABLE_SIZE];
    struct kn_json *json = kn_json_object();

    kn_setting_variable(setting, variable);
    kn_tree_text(json, "key", setting->key);
    kn_tree_set(json, "value", kn_value_json(setting, &resolved->value));
    kn_tree_set(json, "origin", kn_origin_json(&resolved->origin));
    kn_tree_set(json, "overridden", overridden_json(resolved));
    kn_tree_set(json, "fallback", kn_value_json(setting, &built_in_of(resolved)->value));
    add_type_json(json, setting);
    kn_tree_text(json, "brief", setting->brief);
    kn_tree_text(json, "detail", setting->detail);
    kn_tree_text(json, "cli", setting->flag);
    kn_tree_text(json, "env", variable);
    kn_tree_text(json, "alias", setting->alias);
    kn_tree_set(json, "problems", kn_problems_json(kn_snapshot_problems(snapshot), &view));
    kn_cli_answer(cli, json);
}

static enum kn_exit run(struct kn_cli *cli)
{
    const struct kn_setting *setting = kn_need_setting(cli, cli->arguments[0]);
    struct kn_problems_view doubts = { .key_count = 1, .errors_only = true };
    struct kn_snapshot *snapshot;
    enum kn_exit code;

    if (setting == NULL)
        return KN_EXIT_USAGE;
    code = kn_load_any(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json)
        answer(cli, snapshot, kn_snapshot_get(snapshot, setting));
    else
        show(cli, snapshot, kn_snapshot_get(snapshot, setting));
    doubts.keys = &setting->key;
    if (kn_problems_seen(kn_snapshot_problems(snapshot), &doubts) > 0)
        code = kn_problems_exit(kn_snapshot_problems(snapshot));
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_config_explain = {
    .name = "config explain",
    .brief = "Explain one setting: its value, its source, what it beat, what it may be.",
    .arguments = "KEY",
    .least = 1,
    .most = 1,
    .loads_configuration = true,
    .detail = "Also when other settings are wrong. When this one is, or the file cannot be read, "
              "the mistake is shown below and the exit code is 78.\n\n"
              "With --json: {\"key\", \"value\", \"origin\", \"overridden\", \"fallback\", "
              "\"type\", \"unit\", \"min\", \"max\", \"choices\", \"apply\", \"effect\", "
              "\"brief\", \"detail\", \"cli\", \"env\", \"problems\"}; \"overridden\" has the "
              "strongest first.",
    .run = run,
};
