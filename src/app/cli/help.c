#include "app/cli/help.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/tree.h"
#include "app/cli/version.h"
#include "app/term/fold.h"
#include "config/sources/flags.h"
#include "lib/base/arena.h"
#include "lib/base/utf8.h"

enum { GAP = 2, INDENT = 2, COLUMN_MOST = 28 };

static const char about[] =
    "kwaainet is a node of a swarm in which computers serve large language models together. "
    "Everything has a built-in or discovered value; node_config.yaml and flags change it. Without "
    "a command it starts the node.";

static bool is_in(const struct kn_command *command, const char *group)
{
    size_t n = group != NULL ? strlen(group) : 0;

    return n == 0 || (strncmp(command->name, group, n) == 0 && command->name[n] == ' ');
}

/* The column where texts begin beside names of these widths. */
static size_t column_for(size_t widest)
{
    size_t column = INDENT + widest + GAP;

    return column < COLUMN_MOST ? column : COLUMN_MOST;
}

static void add_title(struct kn_cli *cli, const char *title)
{
    kn_text_add_char(&cli->answer, '\n');
    kn_term_add(&cli->out_term, &cli->answer, KN_BOLD, title);
    kn_text_add_char(&cli->answer, '\n');
}

static void add_commands(struct kn_cli *cli, const char *group)
{
    size_t widest = 0, column;

    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        size_t n = strlen((*at)->name);

        if (is_in(*at, group) && n > widest)
            widest = n;
    }
    column = column_for(widest);
    add_title(cli, "Commands");
    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        if (is_in(*at, group))
            kn_fold_item(&cli->answer, (*at)->name, (*at)->brief, cli->out_term.columns, column);
    }
}

static void add_exit_codes(struct kn_cli *cli)
{
    add_title(cli, "Exit codes");
    for (const struct kn_exit_info *info = kn_exit_infos; info->word != NULL; info++) {
        struct kn_text number = { 0 };

        kn_text_addf(&number, "%d", (int)info->code);
        kn_fold_item(&cli->answer, kn_text_get(&number), info->brief, cli->out_term.columns, 6);
        kn_text_done(&number);
    }
}

static struct kn_json *commands_json(const char *group)
{
    struct kn_json *array = kn_json_array();

    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        struct kn_json *json;

        if (!is_in(*at, group))
            continue;
        json = kn_json_object();
        kn_tree_text(json, "name", (*at)->name);
        kn_tree_text(json, "brief", (*at)->brief);
        kn_tree_text(json, "arguments", (*at)->arguments);
        kn_tree_append(array, json);
    }
    return array;
}

static enum kn_exit answer_list(struct kn_cli *cli, const char *group)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "commands", commands_json(group));
    kn_cli_answer(cli, json);
    return KN_EXIT_DONE;
}

enum kn_exit kn_help_overview(struct kn_cli *cli)
{
    if (cli->json)
        return answer_list(cli, NULL);
    kn_text_add(&cli->answer, "Usage: kwaainet [COMMAND] [ARGUMENTS] [FLAGS]\n\n");
    kn_fold_paragraph(&cli->answer, about, cli->out_term.columns, 0);
    add_commands(cli, NULL);
    add_title(cli, "Flags");
    for (const struct kn_command_flag *flag = kn_common_flags; flag->name != NULL; flag++)
        kn_fold_item(&cli->answer, flag->name, flag->brief, cli->out_term.columns, 13);
    kn_fold_item(&cli->answer, "--version", "Show the versions of the program and its parts.",
                 cli->out_term.columns, 13);
    add_exit_codes(cli);
    kn_text_add(&cli->answer, "\nkwaainet help COMMAND says more about one command.\n");
    return KN_EXIT_DONE;
}

enum kn_exit kn_help_group(struct kn_cli *cli, const char *group)
{
    if (cli->json)
        return answer_list(cli, group);
    kn_text_addf(&cli->answer, "Usage: kwaainet %s COMMAND [ARGUMENTS] [FLAGS]\n", group);
    add_commands(cli, group);
    kn_text_addf(&cli->answer, "\nkwaainet help %s COMMAND says more about one command.\n", group);
    return KN_EXIT_DONE;
}

/* One line of the list of flags. */
struct row {
    const char *name, *value_name, *brief;
};

enum { ROWS_MOST = 64 };

struct rows {
    struct row at[ROWS_MOST];
    size_t n;
};

static void add_row(struct rows *rows, const char *name, const char *value_name, const char *brief)
{
    if (rows->n < ROWS_MOST)
        rows->at[rows->n++] = (struct row){ name, value_name, brief };
}

static void add_flag_rows(struct rows *rows, const struct kn_command_flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++)
        add_row(rows, flags->name, flags->value_name, flags->brief);
}

static void add_setting_rows(struct rows *rows)
{
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        add_row(rows, info->name, info->value_name, info->brief);
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].flag != NULL)
            add_row(rows, kn_settings[i].flag, kn_settings[i].value_name, kn_settings[i].brief);
    }
}

static void show_rows(struct kn_cli *cli, const char *title, const struct rows *rows)
{
    size_t widest = 0, column;

    if (rows->n == 0)
        return;
    for (size_t i = 0; i < rows->n; i++) {
        const char *value_name = rows->at[i].value_name;
        size_t n = strlen(rows->at[i].name) + (value_name != NULL ? 1 + strlen(value_name) : 0);

        widest = n > widest ? n : widest;
    }
    column = column_for(widest);
    add_title(cli, title);
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->at[i];
        struct kn_text name = { 0 };

        kn_text_addf(&name, "%s%s%s", row->name, row->value_name != NULL ? " " : "",
                     row->value_name != NULL ? row->value_name : "");
        kn_fold_item(&cli->answer, kn_text_get(&name), row->brief, cli->out_term.columns, column);
        kn_text_done(&name);
    }
}

static struct kn_json *rows_json(const struct rows *rows)
{
    struct kn_json *array = kn_json_array();

    for (size_t i = 0; i < rows->n; i++) {
        struct kn_json *json = kn_json_object();

        kn_tree_text(json, "name", rows->at[i].name);
        kn_tree_text(json, "value", rows->at[i].value_name);
        kn_tree_text(json, "brief", rows->at[i].brief);
        kn_tree_append(array, json);
    }
    return array;
}

static enum kn_exit answer_command(struct kn_cli *cli, const struct kn_command *command,
                                   const struct rows *own, const struct rows *settings)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "name", command->name);
    kn_tree_text(json, "brief", command->brief);
    kn_tree_text(json, "arguments", command->arguments);
    kn_tree_text(json, "detail", command->detail);
    kn_tree_set(json, "flags", rows_json(own));
    kn_tree_set(json, "configuration_flags", rows_json(settings));
    kn_cli_answer(cli, json);
    return KN_EXIT_DONE;
}

enum kn_exit kn_help_command(struct kn_cli *cli, const struct kn_command *command)
{
    struct rows own = { 0 }, settings = { 0 };
    unsigned columns = cli->out_term.columns;

    add_flag_rows(&own, command->flags);
    add_flag_rows(&own, kn_common_flags);
    if (command->loads_configuration)
        add_setting_rows(&settings);
    if (cli->json)
        return answer_command(cli, command, &own, &settings);
    kn_text_addf(&cli->answer, "Usage: kwaainet %s%s%s [FLAGS]\n\n", command->name,
                 command->arguments != NULL ? " " : "",
                 command->arguments != NULL ? command->arguments : "");
    kn_fold_paragraph(&cli->answer, command->brief, columns, 0);
    if (command->detail != NULL) {
        kn_text_add_char(&cli->answer, '\n');
        kn_fold_paragraph(&cli->answer, command->detail, columns, 0);
    }
    show_rows(cli, "Flags", &own);
    show_rows(cli, "Flags of the configuration", &settings);
    return KN_EXIT_DONE;
}

enum kn_exit kn_help_version(struct kn_cli *cli)
{
    struct kn_json *json;

    if (!cli->json) {
        kn_text_addf(&cli->answer,
                     "kwaainet %s\nconfiguration schema %s\ncompiler %s\nlibyaml %s\njansson %s\n",
                     KN_VERSION, KN_SCHEMA_VERSION, KN_COMPILER, KN_LIBYAML, KN_JANSSON);
        return KN_EXIT_DONE;
    }
    json = kn_json_object();
    kn_tree_text(json, "version", KN_VERSION);
    kn_tree_text(json, "schema_version", KN_SCHEMA_VERSION);
    kn_tree_text(json, "compiler", KN_COMPILER);
    kn_tree_text(json, "libyaml", KN_LIBYAML);
    kn_tree_text(json, "jansson", KN_JANSSON);
    kn_cli_answer(cli, json);
    return KN_EXIT_DONE;
}
