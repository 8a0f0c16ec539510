/* Completion for bash, without the bash-completion package. */
#include <string.h>

#include "app/docs/completion_parts.h"
#include "config/sources/flags.h"
#include "lib/base/text.h"

/* The fixed part. bash breaks words at "=", so --flag=value arrives as three words. */
static const char script[] =
    "_kwaainet()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} command='' of='' word offer i\n"
    "\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == '=' ]]; then\n"
    "            of=${COMP_WORDS[i - 1]}\n"
    "        elif [[ -n $of ]]; then\n"
    "            of=''\n"
    "        elif [[ $word == -* ]]; then\n"
    "            if _kwaainet_values \"$word\" > /dev/null; then of=$word; fi\n"
    "        else\n"
    "            command=\"$command${command:+ }$word\"\n"
    "        fi\n"
    "    done\n"
    "    if [[ $current == '=' ]]; then\n"
    "        of=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "        current=''\n"
    "    fi\n"
    "    if [[ -n $of ]]; then\n"
    "        offer=$(_kwaainet_values \"$of\")\n"
    "    elif [[ $current == -* ]]; then\n"
    "        offer=$(_kwaainet_flags \"$command\")\n"
    "    else\n"
    "        offer=$(_kwaainet_next \"$command\")\n"
    "        if [[ $offer == '@keys' ]] && word=$(_kwaainet_values \"${command##* }\"); then\n"
    "            offer=$word\n"
    "        fi\n"
    "    fi\n"
    "    case $offer in\n"
    "    '@files')\n"
    "        compopt -o filenames 2> /dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "        ;;\n"
    "    '@keys')\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$_kwaainet_keys\" -- \"$current\")\n"
    "        ;;\n"
    "    '@sets')\n"
    "        compopt -o nospace 2> /dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -S = -W \"$_kwaainet_keys\" -- \"$current\")\n"
    "        ;;\n"
    "    *)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$offer\" -- \"$current\")\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _kwaainet kwaainet\n";

static void add_value(struct kn_text *out, const char *name, const char *key,
                      enum kn_completion_kind kind, const struct kn_setting *setting)
{
    kn_text_addf(out, "    %s%s%s) echo '", name != NULL ? name : "",
                 name != NULL && key != NULL ? " | " : "", key != NULL ? key : "");
    if (kind == KN_COMPLETE_FILES)
        kn_text_add(out, "@files");
    else if (kind == KN_COMPLETE_WORDS)
        kn_completion_words(setting, "", " ", out);
    kn_text_add(out, "' ;;\n");
}

static void add_command_values(const struct kn_command *const *commands, struct kn_text *out)
{
    for (; *commands != NULL; commands++) {
        const struct kn_command_flag *flag = (*commands)->flags;

        for (; flag != NULL && flag->name != NULL; flag++) {
            if (flag->value_name != NULL)
                add_value(out, flag->name, NULL, kn_completion_of_value_name(flag->value_name),
                          NULL);
        }
    }
}

/* Flags with a value and all keys: what to offer behind them. */
static void add_values(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "# What may stand behind a flag or a key; fails where nothing may.\n"
                     "_kwaainet_values()\n{\n    case $1 in\n    --set) echo '@sets' ;;\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++) {
        if (strcmp(info->name, "--set") != 0)
            add_value(out, info->name, NULL, kn_completion_of_value_name(info->value_name), NULL);
    }
    for (size_t i = 0; i < kn_setting_count; i++)
        add_value(out, kn_settings[i].flag, kn_settings[i].key,
                  kn_completion_of_setting(&kn_settings[i]), &kn_settings[i]);
    add_command_values(commands, out);
    kn_text_add(out, "    *) return 1 ;;\n    esac\n}\n\n");
}

static void add_flags(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "_kwaainet_flags()\n{\n    case $1 in\n");
    for (; *commands != NULL; commands++) {
        const struct kn_command_flag *flag = (*commands)->flags;

        kn_text_addf(out, "    '%s' | '%s '*) echo \"", (*commands)->name, (*commands)->name);
        for (; flag != NULL && flag->name != NULL; flag++)
            kn_text_addf(out, "%s ", flag->name);
        kn_text_addf(out, "%s$_kwaainet_common\" ;;\n",
                     (*commands)->loads_configuration ? "$_kwaainet_loading " : "");
    }
    kn_text_add(out, "    *) echo \"--version $_kwaainet_common\" ;;\n    esac\n}\n\n");
}

/* The first words, or those behind the first `group` bytes of commands[at]. */
static void add_words(const struct kn_command *const *commands, const char *prefix, size_t group,
                      struct kn_text *out)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const char *name = commands[i]->name + (group > 0 ? group + 1 : 0);
        size_t n;

        if (group > 0 && (kn_completion_group(commands[i]) != group ||
                          strncmp(commands[i]->name, prefix, group) != 0))
            continue;
        n = strcspn(name, " ");
        if (group > 0 || !kn_completion_is_repeated(commands, i, n)) {
            kn_text_add_n(out, name, n);
            kn_text_add_char(out, ' ');
        }
    }
}

static void add_next(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "_kwaainet_next()\n{\n    case $1 in\n    '') echo '");
    add_words(commands, "", 0, out);
    kn_text_add(out, "' ;;\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        size_t group = kn_completion_group(commands[i]);
        const char *name = commands[i]->name;

        if (group > 0 && !kn_completion_is_repeated(commands, i, group)) {
            kn_text_add(out, "    ");
            kn_text_add_n(out, name, group);
            kn_text_add(out, ") echo '");
            add_words(commands, name, group, out);
            kn_text_add(out, "' ;;\n");
        }
        if (commands[i]->arguments == NULL)
            continue;
        kn_text_addf(out, "    '%s' | '%s '*) echo '", name, name);
        if (!kn_completion_alternatives(commands[i], out))
            kn_text_add(out, kn_completion_wants_keys(commands[i])    ? "@keys"
                             : kn_completion_wants_files(commands[i]) ? "@files"
                                                                      : "");
        kn_text_add(out, "' ;;\n");
    }
    kn_text_add(out, "    esac\n}\n\n");
}

void kn_completion_bash(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "# bash completion of kwaainet: source <(kwaainet completion bash)\n\n"
                     "_kwaainet_common='");
    for (const struct kn_command_flag *flag = kn_common_flags; flag->name != NULL; flag++)
        kn_text_addf(out, "%s%s", flag == kn_common_flags ? "" : " ", flag->name);
    kn_text_add(out, "'\n_kwaainet_loading='");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        kn_text_addf(out, "%s ", info->name);
    for (size_t i = 0; i < kn_setting_count; i++)
        kn_text_addf(out, "%s%s", kn_settings[i].flag != NULL ? kn_settings[i].flag : "",
                     kn_settings[i].flag != NULL ? " " : "");
    kn_text_add(out, "'\n_kwaainet_keys='\n");
    for (size_t i = 0; i < kn_setting_count; i++)
        kn_text_addf(out, "%s\n", kn_settings[i].key);
    kn_text_add(out, "'\n\n");
    add_values(commands, out);
    add_flags(commands, out);
    add_next(commands, out);
    kn_text_add(out, script);
}
