/* The manual page, in the man macros of roff. */
#include <string.h>

#include "app/docs/docs.h"
#include "app/docs/exit_codes.h"
#include "config/schema/setting.h"
#include "config/sources/flags.h"
#include "lib/base/text.h"

/*
 * Text in the middle of a line: backslashes stay themselves and a hyphen is one that can be
 * copied. What begins a line never comes from a table without a macro or a letter before it.
 */
static void add(struct kn_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            kn_text_add(out, "\\e");
        else if (*text == '-')
            kn_text_add(out, "\\-");
        else
            kn_text_add_char(out, *text);
    }
}

/* Paragraphs: an empty line begins a new one; a line that begins like a macro is guarded. */
static void add_paragraphs(struct kn_text *out, const char *text, const char *paragraph)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        struct kn_text line = { 0 };

        kn_text_add_n(&line, text, n);
        if (n == 0) {
            kn_text_addf(out, ".%s\n", paragraph);
        } else {
            kn_text_add(out, strchr(".'", text[0]) != NULL ? "\\&" : "");
            add(out, kn_text_get(&line));
            kn_text_add_char(out, '\n');
        }
        out->failed = out->failed || line.failed;
        kn_text_done(&line);
        text += n;
        text += *text == '\n';
    }
}

/* ".TP" with a bold name, a slanted value, and what it is. */
static void add_item(struct kn_text *out, const char *name, const char *value, const char *brief)
{
    kn_text_add(out, ".TP\n\\fB");
    add(out, name);
    kn_text_add(out, "\\fR");
    if (value != NULL) {
        kn_text_add(out, " \\fI");
        add(out, value);
        kn_text_add(out, "\\fR");
    }
    kn_text_add_char(out, '\n');
    add_paragraphs(out, brief, "IP");
}

static void add_flags(struct kn_text *out, const struct kn_command_flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++)
        add_item(out, flags->name, flags->value_name, flags->brief);
}

static void add_commands(struct kn_text *out, const struct kn_command *const *commands)
{
    kn_text_add(out, ".SH COMMANDS\n");
    for (; *commands != NULL; commands++) {
        const struct kn_command *command = *commands;

        add_item(out, command->name, command->arguments, command->brief);
        if (command->detail != NULL) {
            kn_text_add(out, ".IP\n");
            add_paragraphs(out, command->detail, "IP");
        }
        if (command->flags != NULL) {
            kn_text_add(out, ".RS\n");
            add_flags(out, command->flags);
            kn_text_add(out, ".RE\n");
        }
    }
}

static void add_all_flags(struct kn_text *out)
{
    kn_text_add(out, ".SH FLAGS\nEvery command takes these:\n");
    add_flags(out, kn_common_flags);
    kn_text_add(out, ".PP\nCommands that load the configuration take these too:\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        add_item(out, info->name, info->value_name, info->brief);
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].flag != NULL)
            add_item(out, kn_settings[i].flag, kn_settings[i].value_name, kn_settings[i].brief);
    }
}

static void add_environment(struct kn_text *out)
{
    kn_text_add(out, ".SH ENVIRONMENT\nEvery setting has a variable, \\fBKWAAINET_\\fR and its key "
                     "in capitals, such as\n\\fBKWAAINET_NODE_PORT\\fR.\nShorter ones are:\n");
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].alias != NULL)
            add_item(out, kn_settings[i].alias, NULL, kn_settings[i].brief);
    }
    add_item(out, "KWAAINET_CONFIG", NULL, "The file to read, as --config.");
    add_item(out, "KWAAINET_HOME", NULL, "The data folder, as --home.");
}

static void add_exits(struct kn_text *out)
{
    kn_text_add(out, ".SH EXIT STATUS\n");
    for (const struct kn_exit_info *info = kn_exit_infos; info->word != NULL; info++) {
        kn_text_addf(out, ".TP\n\\fB%d\\fR\n", (int)info->code);
        add_paragraphs(out, info->brief, "IP");
    }
}

void kn_docs_man(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, ".TH KWAAINET 1\n.SH NAME\nkwaainet \\- a node of a swarm that serves large "
                     "language models together\n.SH SYNOPSIS\n.B kwaainet\n.I COMMAND\n"
                     ".RI [ FLAGS ]\n.RI [ ARGUMENTS ]\n");
    kn_text_add(out, ".SH DESCRIPTION\nEvery value comes from the first of these that has one: "
                     "the command line, the environment,\nthe configuration file, what an earlier "
                     "start found out, and what is built in.\n.B kwaainet config explain\nshows "
                     "for each setting which value holds and what it beat;\n.B kwaainet docs "
                     "settings\nlists all settings.\n");
    add_commands(out, commands);
    add_all_flags(out);
    add_environment(out);
    kn_text_add(out, ".SH FILES\n");
    add_item(out, "./node_config.yaml", NULL,
             "The configuration; kwaainet config example prints "
             "one with every setting.");
    add_item(out, "~/.kwaainet", NULL, "The data folder: key and caches.");
    add_exits(out);
}
