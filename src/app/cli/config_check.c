/* config check: everything that is wrong, in one pass; the same code as start and reload. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"

/* Settings that one layer names. */
static size_t named_by(const struct kn_snapshot *snapshot, enum kn_layer_kind layer)
{
    size_t n = 0;

    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_assignment *at = kn_snapshot_get(snapshot, &kn_settings[i])->assignments;

        while (at != NULL && at->origin.layer != layer)
            at = at->weaker;
        n += at != NULL;
    }
    return n;
}

static void add_sources(const struct kn_snapshot *snapshot, struct kn_text *out)
{
    size_t flags = named_by(snapshot, KN_LAYER_CLI), variables = named_by(snapshot, KN_LAYER_ENV);

    kn_text_add(out, "no configuration file; built-in values hold");
    if (variables > 0)
        kn_text_addf(out, ", except %zu value%s from the environment", variables,
                     variables == 1 ? "" : "s");
    if (flags > 0)
        kn_text_addf(out, "%s %zu value%s from the command line",
                     variables > 0 ? " and" : ", except", flags, flags == 1 ? "" : "s");
}

static bool all_in_file(const struct kn_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        if (problems->at[i].origin.layer != KN_LAYER_FILE)
            return false;
    }
    return true;
}

/* The first line, without an end. */
static void add_headline(const struct kn_snapshot *snapshot, const struct kn_config_paths *paths,
                         const char *name, bool quiet, struct kn_text *out)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);

    if (problems->errors > 0) {
        kn_problems_count(problems->errors, quiet ? 0 : problems->warnings, out);
        kn_text_addf(out, " in %s", all_in_file(problems) ? name : "the configuration");
        return;
    }
    if (paths->config_exists)
        kn_text_addf(out, "%s is correct", name);
    else
        add_sources(snapshot, out);
    if (problems->warnings > 0) {
        kn_text_add(out, "; ");
        kn_problems_count(0, problems->warnings, out);
    }
}

static void show(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                 const struct kn_config_paths *paths)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    const struct kn_problems_view view = { .snapshot = snapshot, .errors_only = cli->quiet };
    struct kn_text headline = { 0 }, name = { 0 };

    if (cli->quiet && problems->errors == 0)
        return;
    kn_term_add_safe(&name, kn_short_path(cli, paths->config));
    add_headline(snapshot, paths, kn_text_get(&name), cli->quiet, &headline);
    kn_fold_paragraph(&cli->answer, kn_text_get(&headline), cli->out_term.columns, 0);
    kn_text_done(&headline);
    kn_text_done(&name);
    if (kn_problems_seen(problems, &view) == 0)
        return;
    kn_text_add_char(&cli->answer, '\n');
    kn_problems_show(&cli->out_term, problems, &view, &cli->answer);
}

static void answer(struct kn_cli *cli, const struct kn_snapshot *snapshot)
{
    const struct kn_problems_view view = { .snapshot = snapshot };
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "ok", kn_json_bool(kn_snapshot_is_valid(snapshot)));
    kn_tree_set(json, "problems", kn_problems_json(kn_snapshot_problems(snapshot), &view));
    kn_cli_answer(cli, json);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_config_paths paths;
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_locate(cli, &paths);

    if (code == KN_EXIT_DONE)
        code = kn_load_any(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json)
        answer(cli, snapshot);
    else
        show(cli, snapshot, &paths);
    code = kn_problems_exit(kn_snapshot_problems(snapshot));
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_config_check = {
    .name = "config check",
    .brief = "Show everything that is wrong with the configuration.",
    .loads_configuration = true,
    .detail = "Reads the file, the environment and the flags as a start does, and starts nothing. "
              "The exit code is 0 when there are at most warnings, 2 when only flags are wrong, "
              "78 otherwise.\n\n"
              "With --json: {\"ok\", \"problems\": [{\"severity\", \"kind\", \"layer\", \"file\", "
              "\"line\", \"column\", \"key\", \"value\", \"message\", \"hint\"}]}. Every command "
              "that fails with --json prints this shape, with \"ok\": false.",
    .run = run,
};
