#include "app/docs/completion_parts.h"

#include <string.h>

#include "config/schema/type.h"
#include "lib/base/text.h"

enum kn_completion_kind kn_completion_of_setting(const struct kn_setting *setting)
{
    if (setting->type == &kn_type_path)
        return KN_COMPLETE_FILES;
    return setting->words != NULL || setting->accepts != 0 || setting->type == &kn_type_bool
               ? KN_COMPLETE_WORDS
               : KN_COMPLETE_NOTHING;
}

enum kn_completion_kind kn_completion_of_value_name(const char *value_name)
{
    return strcmp(value_name, "PATH") == 0 || strcmp(value_name, "FILE") == 0 ? KN_COMPLETE_FILES
                                                                              : KN_COMPLETE_NOTHING;
}

void kn_completion_words(const struct kn_setting *setting, const char *before, const char *after,
                         struct kn_text *out)
{
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_text_addf(out, "%sauto%s", before, after);
    if (setting->accepts & KN_ACCEPTS_NULL)
        kn_text_addf(out, "%snull%s", before, after);
    if (setting->type == &kn_type_bool)
        kn_text_addf(out, "%strue%s%sfalse%s", before, after, before, after);
    for (const struct kn_word *word = setting->words; word != NULL && word->name != NULL; word++)
        kn_text_addf(out, "%s%s%s", before, word->name, after);
}

bool kn_completion_alternatives(const struct kn_command *command, struct kn_text *out)
{
    const char *arguments = command->arguments;

    if (arguments == NULL || strchr(arguments, '|') == NULL ||
        arguments[strspn(arguments, "abcdefghijklmnopqrstuvwxyz|-")] != '\0')
        return false;
    for (; *arguments != '\0'; arguments++)
        kn_text_add_char(out, *arguments == '|' ? ' ' : *arguments);
    return true;
}

bool kn_completion_wants_keys(const struct kn_command *command)
{
    return command->arguments != NULL && strstr(command->arguments, "KEY") != NULL;
}

bool kn_completion_wants_files(const struct kn_command *command)
{
    return command->arguments != NULL && !kn_completion_wants_keys(command) &&
           (strstr(command->arguments, "FILE") != NULL ||
            strstr(command->arguments, "PATH") != NULL);
}

bool kn_completion_wants_command(const struct kn_command *command)
{
    return command->arguments != NULL && strstr(command->arguments, "COMMAND") != NULL;
}

size_t kn_completion_group(const struct kn_command *command)
{
    const char *space = strchr(command->name, ' ');

    return space != NULL ? (size_t)(space - command->name) : 0;
}

bool kn_completion_is_repeated(const struct kn_command *const *commands, size_t i, size_t length)
{
    for (size_t before = 0; before < i; before++) {
        const char *name = commands[before]->name;

        if (strncmp(name, commands[i]->name, length) == 0 && strchr(" ", name[length]) != NULL)
            return true;
    }
    return false;
}

void kn_completion_quote(const char *text, const char *quote, struct kn_text *out)
{
    kn_text_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            kn_text_add(out, quote);
        else
            kn_text_add_char(out, *text);
    }
    kn_text_add_char(out, '\'');
}
