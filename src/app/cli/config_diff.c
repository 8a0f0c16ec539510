/* config diff: which values differ, between the configuration, the built-in values and files. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "app/term/fold.h"
#include "config/report/report.h"

/* One side of one difference. */
struct side {
    const struct kn_value *value;
    const struct kn_origin *origin;
};

struct difference {
    const struct kn_setting *setting;
    struct side from, to;
};

struct showing {
    struct kn_cli *cli;
    struct kn_json *list; /* with --json */
    size_t n;
};

static struct kn_json *side_json(const struct kn_setting *setting, const struct side *side)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "value", kn_value_json(setting, side->value));
    kn_tree_set(json, "origin", kn_origin_json(side->origin));
    return json;
}

static void add_side(struct kn_cli *cli, const struct kn_setting *setting, const struct side *side,
                     enum kn_style style, const char *mark)
{
    struct kn_fold fold = { .columns = cli->out_term.columns, .at = 4, .hang = 4 };
    struct kn_text text = { 0 };

    kn_value_show(setting, side->value, &text);
    kn_text_add(&text, " (");
    kn_origin_words(side->origin, &text);
    kn_text_add(&text, ")");
    kn_text_add(&cli->answer, "  ");
    kn_term_add(&cli->out_term, &cli->answer, style, mark);
    kn_text_add_char(&cli->answer, ' ');
    (void)kn_fold_add(&cli->answer, kn_text_get(&text), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&text);
}

static void take(struct showing *showing, const struct difference *difference)
{
    struct kn_cli *cli = showing->cli;
    struct kn_json *json;

    showing->n++;
    if (!cli->json) {
        kn_text_addf(&cli->answer, "%s\n", difference->setting->key);
        add_side(cli, difference->setting, &difference->from, KN_RED, "-");
        add_side(cli, difference->setting, &difference->to, KN_GREEN, "+");
        return;
    }
    json = kn_json_object();
    kn_tree_text(json, "key", difference->setting->key);
    kn_tree_set(json, "from", side_json(difference->setting, &difference->from));
    kn_tree_set(json, "to", side_json(difference->setting, &difference->to));
    kn_tree_append(showing->list, json);
}

static void compare(struct showing *showing, const struct kn_snapshot *a,
                    const struct kn_snapshot *b)
{
    const struct kn_setting *setting;
    size_t at = 0;

    while ((setting = kn_snapshot_diff(a, b, &at)) != NULL) {
        const struct kn_resolved *from = kn_snapshot_get(a, setting);
        const struct kn_resolved *to = kn_snapshot_get(b, setting);

        take(showing, &(struct difference){
                          setting, { &from->value, &from->origin }, { &to->value, &to->origin } });
    }
}

static void compare_built_in(struct showing *showing, const struct kn_snapshot *snapshot)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_resolved *to = kn_snapshot_get(snapshot, &kn_settings[i]);
        const struct kn_assignment *built_in = to->assignments;

        while (built_in->weaker != NULL)
            built_in = built_in->weaker;
        if (!kn_value_equal(&kn_settings[i], &built_in->value, &to->value))
            take(showing, &(struct difference){ &kn_settings[i],
                                                { &built_in->value, &built_in->origin },
                                                { &to->value, &to->origin } });
    }
}

/* Load both sides and compare them; NULL for `b`: the present configuration. */
static enum kn_exit compare_files(struct showing *showing, const char *a, const char *b)
{
    struct kn_snapshot *from = NULL, *to = NULL;
    enum kn_exit code = kn_load_file(showing->cli, a, &from);

    if (code == KN_EXIT_DONE)
        code = b != NULL ? kn_load_file(showing->cli, b, &to) : kn_load_valid(showing->cli, &to);
    if (code == KN_EXIT_DONE)
        compare(showing, from, to);
    kn_snapshot_unref(from);
    kn_snapshot_unref(to);
    return code;
}

static enum kn_exit compare_all(struct showing *showing)
{
    struct kn_cli *cli = showing->cli;
    struct kn_snapshot *snapshot;
    enum kn_exit code;

    if (cli->argument_count > 0)
        return compare_files(showing, cli->arguments[0],
                             cli->argument_count > 1 ? cli->arguments[1] : NULL);
    code = kn_load_valid(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    compare_built_in(showing, snapshot);
    kn_snapshot_unref(snapshot);
    return KN_EXIT_DONE;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct showing showing = { .cli = cli, .list = cli->json ? kn_json_array() : NULL };
    enum kn_exit code = compare_all(&showing);

    if (code == KN_EXIT_DONE && cli->json) {
        struct kn_json *json = kn_json_object();

        kn_tree_set(json, "differences", showing.list);
        showing.list = NULL;
        kn_cli_answer(cli, json);
    } else if (code == KN_EXIT_DONE && showing.n == 0 && !cli->quiet) {
        kn_text_add(&cli->talk, "No value differs.\n");
    }
    kn_json_free(showing.list);
    return code;
}

const struct kn_command kn_cmd_config_diff = {
    .name = "config diff",
    .brief = "Show which values differ from the built-in ones, or between files.",
    .arguments = "[FILE [FILE]]",
    .most = 2,
    .loads_configuration = true,
    .detail = "Without a file: the built-in values against the configuration. With one: that file "
              "against the configuration. With two: the first against the second. A file that is "
              "named counts alone, without flags and variables. The exit code does not say "
              "whether there are differences.\n\n"
              "With --json: {\"differences\": [{\"key\", \"from\": {\"value\", \"origin\"}, "
              "\"to\": {\"value\", \"origin\"}}]}.",
    .run = run,
};
