/* Completion for fish. */
#include <string.h>

#include "app/docs/completion_parts.h"
#include "config/sources/flags.h"
#include "lib/base/text.h"

static const char script[] =
    "# The words typed so far that are neither flags nor their values.\n"
    "function __kwaainet_command\n"
    "    set -l words (commandline -opc)\n"
    "    set -l of ''\n"
    "    set -l found\n"
    "    for word in $words[2..-1]\n"
    "        if test -n \"$of\"\n"
    "            set of ''\n"
    "        else if string match -q -- '-*=*' $word\n"
    "            continue\n"
    "        else if string match -q -- '-*' $word\n"
    "            contains -- $word $__kwaainet_takes; and set of $word\n"
    "        else\n"
    "            set -a found $word\n"
    "        end\n"
    "    end\n"
    "    string join ' ' -- $found\n"
    "end\n\n"
    "# True when exactly these words were typed.\n"
    "function __kwaainet_at\n"
    "    set -l command (__kwaainet_command)\n"
    "    test \"$command\" = \"$argv[1]\"\n"
    "end\n\n"
    "# True when one of these commands was typed, with or without arguments.\n"
    "function __kwaainet_in\n"
    "    set -l command (__kwaainet_command)\n"
    "    for name in $argv\n"
    "        if test \"$command\" = $name; or string match -q -- \"$name *\" \"$command\"\n"
    "            return 0\n"
    "        end\n"
    "    end\n"
    "    return 1\n"
    "end\n\n"
    "# The values of the key that was typed last, else all keys.\n"
    "function __kwaainet_argument\n"
    "    set -l command (__kwaainet_command)\n"
    "    set -l key (string split ' ' -- $command)[-1]\n"
    "    set -l values (string match -- \"$key=?*\" $__kwaainet_values)\n"
    "    if test (count $values) -gt 0\n"
    "        string replace -- \"$key=\" '' $values\n"
    "    else if not contains -- \"$key\" $__kwaainet_keys\n"
    "        printf '%s\\n' $__kwaainet_keys\n"
    "    end\n"
    "end\n\n"
    "complete -c kwaainet -f\n";

static void add_brief(struct kn_text *out, const char *brief)
{
    kn_text_add(out, " -d ");
    kn_completion_quote(brief, "\\'", out);
    kn_text_add_char(out, '\n');
}

/* "complete …" of one flag; `condition` is fish code without quotes of its own kind. */
static void begin_flag(struct kn_text *out, const char *condition, const char *name)
{
    kn_text_add(out, "complete -c kwaainet");
    if (condition != NULL)
        kn_text_addf(out, " -n '%s'", condition);
    kn_text_addf(out, " -l %s", name + strspn(name, "-"));
}

static void add_flag(struct kn_text *out, const char *condition, const struct kn_command_flag *flag)
{
    begin_flag(out, condition, flag->name);
    if (flag->value_name != NULL)
        kn_text_add(out, kn_completion_of_value_name(flag->value_name) == KN_COMPLETE_FILES
                             ? " -r -F"
                             : " -x");
    add_brief(out, flag->brief);
}

static void add_setting_flags(struct kn_text *out)
{
    static const char loads[] = "__kwaainet_in $__kwaainet_loading";

    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++) {
        begin_flag(out, loads, info->name);
        kn_text_add(out, strcmp(info->name, "--set") == 0
                             ? " -x -a '$__kwaainet_keys\"=\" $__kwaainet_values'"
                             : " -r -F");
        add_brief(out, info->brief);
    }
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];
        enum kn_completion_kind kind = kn_completion_of_setting(setting);

        if (setting->flag == NULL)
            continue;
        begin_flag(out, loads, setting->flag);
        kn_text_add(out, kind == KN_COMPLETE_FILES ? " -r -F" : " -x");
        if (kind == KN_COMPLETE_WORDS) {
            kn_text_add(out, " -a '");
            kn_completion_words(setting, "", " ", out);
            kn_text_add(out, "'");
        }
        add_brief(out, setting->brief);
    }
}

static void add_command(const struct kn_command *const *commands, size_t i, struct kn_text *out)
{
    const struct kn_command *command = commands[i];
    size_t group = kn_completion_group(command), n = strcspn(command->name, " ");
    struct kn_text words = { 0 }, condition = { 0 };

    if (!kn_completion_is_repeated(commands, i, n)) {
        kn_text_add(out, "complete -c kwaainet -n '__kwaainet_at \"\"' -a ");
        kn_text_add_n(out, command->name, n);
        add_brief(out, group == 0 ? command->brief : "Several commands.");
    }
    if (group > 0) {
        kn_text_add(out, "complete -c kwaainet -n '__kwaainet_at ");
        kn_text_add_n(out, command->name, group);
        kn_text_addf(out, "' -a %s", command->name + group + 1);
        add_brief(out, command->brief);
    }
    kn_text_addf(&condition, "__kwaainet_in \"%s\"", command->name);
    if (kn_completion_alternatives(command, &words))
        kn_text_addf(out, "complete -c kwaainet -n '%s' -a '%s'\n", kn_text_get(&condition),
                     kn_text_get(&words));
    else if (kn_completion_wants_keys(command))
        kn_text_addf(out, "complete -c kwaainet -n '%s' -a '(__kwaainet_argument)'\n",
                     kn_text_get(&condition));
    else if (kn_completion_wants_files(command))
        kn_text_addf(out, "complete -c kwaainet -n '%s' -F\n", kn_text_get(&condition));
    for (const struct kn_command_flag *flag = command->flags; flag != NULL && flag->name != NULL;
         flag++)
        add_flag(out, kn_text_get(&condition), flag);
    out->failed = out->failed || words.failed || condition.failed;
    kn_text_done(&words);
    kn_text_done(&condition);
}

/* The lists that the functions read. */
static void add_lists(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "set -g __kwaainet_takes");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        kn_text_addf(out, " %s", info->name);
    for (size_t i = 0; i < kn_setting_count; i++)
        kn_text_addf(out, "%s%s", kn_settings[i].flag != NULL ? " " : "",
                     kn_settings[i].flag != NULL ? kn_settings[i].flag : "");
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct kn_command_flag *flag = commands[i]->flags;

        for (; flag != NULL && flag->name != NULL; flag++)
            kn_text_addf(out, "%s%s", flag->value_name != NULL ? " " : "",
                         flag->value_name != NULL ? flag->name : "");
    }
    kn_text_add(out, "\nset -g __kwaainet_loading");
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->loads_configuration)
            kn_text_addf(out, " '%s'", commands[i]->name);
    }
    kn_text_add(out, "\nset -g __kwaainet_keys");
    for (size_t i = 0; i < kn_setting_count; i++)
        kn_text_addf(out, " \\\n    %s", kn_settings[i].key);
    kn_text_add(out, "\nset -g __kwaainet_values");
    for (size_t i = 0; i < kn_setting_count; i++) {
        char before[KN_SETTING_KEY_MAX + 8];

        before[0] = ' ';
        memcpy(before + 1, kn_settings[i].key, strlen(kn_settings[i].key));
        memcpy(before + 1 + strlen(kn_settings[i].key), "=", 2);
        if (kn_completion_of_setting(&kn_settings[i]) == KN_COMPLETE_WORDS) {
            kn_text_add(out, " \\\n   ");
            kn_completion_words(&kn_settings[i], before, "", out);
        }
    }
    kn_text_add(out, "\n\n");
}

void kn_completion_fish(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "# fish completion of kwaainet: kwaainet completion fish | source\n\n");
    add_lists(commands, out);
    kn_text_add(out, script);
    for (const struct kn_command_flag *flag = kn_common_flags; flag->name != NULL; flag++)
        add_flag(out, NULL, flag);
    kn_text_add(out, "complete -c kwaainet -n '__kwaainet_at \"\"' -l version -d 'Show the "
                     "version.'\n");
    add_setting_flags(out);
    for (size_t i = 0; commands[i] != NULL; i++)
        add_command(commands, i, out);
}
