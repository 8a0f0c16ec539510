/* config get: one value and nothing else. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "config/report/report.h"

static void answer(struct kn_cli *cli, const struct kn_resolved *resolved)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "key", resolved->setting->key);
    kn_tree_set(json, "value", kn_value_json(resolved->setting, &resolved->value));
    kn_tree_set(json, "origin", kn_origin_json(&resolved->origin));
    kn_cli_answer(cli, json);
}

/* A script gets the value byte by byte; a terminal gets nothing that could move its cursor. */
static void print(struct kn_cli *cli, const struct kn_resolved *resolved)
{
    struct kn_text word = { 0 };

    kn_value_word(resolved->setting, &resolved->value, &word);
    if (cli->out_term.is_terminal)
        kn_term_add_safe(&cli->answer, kn_text_get(&word));
    else
        kn_text_add(&cli->answer, kn_text_get(&word));
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&word);
}

static enum kn_exit run(struct kn_cli *cli)
{
    const struct kn_setting *setting = kn_need_setting(cli, cli->arguments[0]);
    const struct kn_resolved *resolved;
    struct kn_snapshot *snapshot;
    enum kn_exit code;

    if (setting == NULL)
        return KN_EXIT_USAGE;
    code = kn_load_any(cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    resolved = kn_snapshot_get(snapshot, setting);
    code = kn_refuse_key(cli, snapshot, setting);
    if (code == KN_EXIT_DONE && cli->json)
        answer(cli, resolved);
    else if (code == KN_EXIT_DONE)
        print(cli, resolved);
    kn_snapshot_unref(snapshot);
    return code;
}

const struct kn_command kn_cmd_config_get = {
    .name = "config get",
    .brief = "Print the value of one setting.",
    .arguments = "KEY",
    .least = 1,
    .most = 1,
    .loads_configuration = true,
    .detail = "Prints \"auto\" for a value that nothing has computed yet, \"null\" for none, and "
              "\"(secret)\" instead of a secret one. A mistake elsewhere in the configuration "
              "does not matter; one in this setting, or a file that cannot be read, ends with "
              "78.\n\n"
              "With --json: {\"key\", \"value\", \"origin\"}.",
    .run = run,
};
