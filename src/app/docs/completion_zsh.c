/* Completion for zsh. */
#include <string.h>

#include "app/docs/completion_parts.h"
#include "config/sources/flags.h"
#include "lib/base/text.h"

static const char script[] = "_kwaainet()\n"
                             "{\n"
                             "    local word command='' of='' i\n"
                             "    local -a offer\n"
                             "\n"
                             "    for (( i = 2; i < CURRENT; i++ )); do\n"
                             "        word=$words[i]\n"
                             "        if [[ -n $of ]]; then\n"
                             "            of=''\n"
                             "        elif [[ $word == -*=* ]]; then\n"
                             "            continue\n"
                             "        elif [[ $word == -* ]]; then\n"
                             "            if (( $_kwaainet_takes[(Ie)$word] )); then of=$word; fi\n"
                             "        else\n"
                             "            command=\"$command${command:+ }$word\"\n"
                             "        fi\n"
                             "    done\n"
                             "    if [[ -z $of && $PREFIX == --*=* ]]; then\n"
                             "        of=${PREFIX%%=*}\n"
                             "        compset -P 1 '*='\n"
                             "    fi\n"
                             "    if [[ -n $of ]]; then\n"
                             "        _kwaainet_value $of\n"
                             "    elif [[ $PREFIX == -* ]]; then\n"
                             "        _kwaainet_flags \"$command\"\n"
                             "        _describe -o flag offer\n"
                             "    else\n"
                             "        _kwaainet_next \"$command\"\n"
                             "    fi\n"
                             "}\n\n"
                             "if [[ $funcstack[1] == _kwaainet ]]; then\n"
                             "    _kwaainet \"$@\"\n"
                             "else\n"
                             "    compdef _kwaainet kwaainet\n"
                             "fi\n";

/* "name:what it is" as _describe reads it. */
static void add_pair(struct kn_text *out, const char *name, size_t n, const char *brief)
{
    struct kn_text pair = { 0 };

    kn_text_add_n(&pair, name, n);
    kn_text_addf(&pair, ":%s", brief);
    kn_text_add(out, "        ");
    kn_completion_quote(kn_text_get(&pair), "'\\''", out);
    kn_text_add_char(out, '\n');
    out->failed = out->failed || pair.failed;
    kn_text_done(&pair);
}

static void add_pairs(struct kn_text *out, const struct kn_command_flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++)
        add_pair(out, flags->name, strlen(flags->name), flags->brief);
}

static void add_value(struct kn_text *out, const char *name, const char *key,
                      enum kn_completion_kind kind, const struct kn_setting *setting)
{
    kn_text_addf(out, "    (%s%s%s) ", name != NULL ? name : "",
                 name != NULL && key != NULL ? "|" : "", key != NULL ? key : "");
    if (kind == KN_COMPLETE_FILES) {
        kn_text_add(out, "_files");
    } else if (kind == KN_COMPLETE_WORDS) {
        kn_text_add(out, "compadd --");
        kn_completion_words(setting, " ", "", out);
    } else {
        kn_text_add(out, "_message 'a value'");
    }
    kn_text_add(out, " ;;\n");
}

static void add_values(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "# Complete the value of a flag or a key; fails where nothing is known.\n"
                     "_kwaainet_value()\n{\n    local key\n\n    case $1 in\n"
                     "    (--set)\n"
                     "        if [[ $PREFIX == *=* ]]; then\n"
                     "            key=${PREFIX%%=*}\n"
                     "            compset -P 1 '*='\n"
                     "            _kwaainet_value $key\n"
                     "        else\n"
                     "            compadd -S = -a _kwaainet_keys\n"
                     "        fi\n"
                     "        ;;\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++) {
        if (strcmp(info->name, "--set") != 0)
            add_value(out, info->name, NULL, kn_completion_of_value_name(info->value_name), NULL);
    }
    for (size_t i = 0; i < kn_setting_count; i++)
        add_value(out, kn_settings[i].flag, kn_settings[i].key,
                  kn_completion_of_setting(&kn_settings[i]), &kn_settings[i]);
    for (; *commands != NULL; commands++) {
        const struct kn_command_flag *flag = (*commands)->flags;

        for (; flag != NULL && flag->name != NULL; flag++) {
            if (flag->value_name != NULL)
                add_value(out, flag->name, NULL, kn_completion_of_value_name(flag->value_name),
                          NULL);
        }
    }
    kn_text_add(out, "    (*) return 1 ;;\n    esac\n}\n\n");
}

static void add_flags(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "_kwaainet_flags()\n{\n    offer=( $_kwaainet_common )\n    case $1 in\n");
    for (; *commands != NULL; commands++) {
        kn_text_addf(out, "    ('%s'|'%s '*)\n        offer+=(\n", (*commands)->name,
                     (*commands)->name);
        add_pairs(out, (*commands)->flags);
        kn_text_addf(out, "        %s)\n        ;;\n",
                     (*commands)->loads_configuration ? "$_kwaainet_loading " : "");
    }
    kn_text_add(out, "    (*) offer+=( '--version:Show the version.' ) ;;\n    esac\n}\n\n");
}

static void add_group(const struct kn_command *const *commands, size_t at, size_t group,
                      struct kn_text *out)
{
    const char *prefix = commands[at]->name;

    kn_text_add(out, "    (");
    kn_text_add_n(out, prefix, group);
    kn_text_add(out, ")\n        offer=(\n");
    for (size_t i = at; commands[i] != NULL; i++) {
        if (kn_completion_group(commands[i]) == group &&
            strncmp(commands[i]->name, prefix, group) == 0)
            add_pair(out, commands[i]->name + group + 1, strlen(commands[i]->name) - group - 1,
                     commands[i]->brief);
    }
    kn_text_add(out, "        )\n        _describe command offer\n        ;;\n");
}

static void add_arguments(const struct kn_command *command, struct kn_text *out)
{
    struct kn_text words = { 0 };

    kn_text_addf(out, "    ('%s'|'%s '*) ", command->name, command->name);
    if (kn_completion_alternatives(command, &words))
        kn_text_addf(out, "compadd -- %s ;;\n", kn_text_get(&words));
    else if (kn_completion_wants_keys(command))
        kn_text_add(out, "_kwaainet_value ${1##* } || compadd -a _kwaainet_keys ;;\n");
    else if (kn_completion_wants_files(command))
        kn_text_add(out, "_files ;;\n");
    else
        kn_text_add(out, "_message 'a value' ;;\n");
    out->failed = out->failed || words.failed;
    kn_text_done(&words);
}

static void add_next(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "_kwaainet_next()\n{\n    case $1 in\n    ('')\n        offer=(\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        size_t n = strcspn(commands[i]->name, " ");

        if (!kn_completion_is_repeated(commands, i, n))
            add_pair(out, commands[i]->name, n,
                     kn_completion_group(commands[i]) == 0 ? commands[i]->brief
                                                           : "Several commands.");
    }
    kn_text_add(out, "        )\n        _describe command offer\n        ;;\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        size_t group = kn_completion_group(commands[i]);

        if (group > 0 && !kn_completion_is_repeated(commands, i, group))
            add_group(commands, i, group, out);
        if (commands[i]->arguments != NULL)
            add_arguments(commands[i], out);
    }
    kn_text_add(out, "    esac\n}\n\n");
}

/* Flags that take the next word. */
static void add_takes(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "typeset -ga _kwaainet_takes=(\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        kn_text_addf(out, "    %s\n", info->name);
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].flag != NULL)
            kn_text_addf(out, "    %s\n", kn_settings[i].flag);
    }
    for (; *commands != NULL; commands++) {
        const struct kn_command_flag *flag = (*commands)->flags;

        for (; flag != NULL && flag->name != NULL; flag++) {
            if (flag->value_name != NULL)
                kn_text_addf(out, "    %s\n", flag->name);
        }
    }
    kn_text_add(out, ")\n\n");
}

void kn_completion_zsh(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "#compdef kwaainet\n# zsh completion of kwaainet: kwaainet completion zsh > "
                     "a file _kwaainet in a folder of $fpath\n\n"
                     "typeset -ga _kwaainet_keys=(\n");
    for (size_t i = 0; i < kn_setting_count; i++)
        kn_text_addf(out, "    %s\n", kn_settings[i].key);
    kn_text_add(out, ")\ntypeset -ga _kwaainet_common=(\n");
    add_pairs(out, kn_common_flags);
    kn_text_add(out, ")\ntypeset -ga _kwaainet_loading=(\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        add_pair(out, info->name, strlen(info->name), info->brief);
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].flag != NULL)
            add_pair(out, kn_settings[i].flag, strlen(kn_settings[i].flag), kn_settings[i].brief);
    }
    kn_text_add(out, ")\n");
    add_takes(commands, out);
    add_values(commands, out);
    add_flags(commands, out);
    add_next(commands, out);
    kn_text_add(out, script);
}
