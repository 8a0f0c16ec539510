/* The reference of commands, as Markdown. */
#include "app/docs/docs.h"
#include "app/docs/parts.h"
#include "config/schema/setting.h"
#include "config/sources/flags.h"
#include "lib/base/text.h"

static void add_flag(struct kn_text *out, const char *name, const char *value_name,
                     const char *brief)
{
    kn_text_addf(out, "- `%s%s%s`: %s\n", name, value_name != NULL ? " " : "",
                 value_name != NULL ? value_name : "", brief);
}

static void add_flags(struct kn_text *out, const struct kn_command_flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++)
        add_flag(out, flags->name, flags->value_name, flags->brief);
}

static void add_command(struct kn_text *out, const struct kn_command *command)
{
    kn_text_addf(out, "### kwaainet %s\n\n```\nkwaainet %s", command->name, command->name);
    if (command->flags != NULL || command->loads_configuration)
        kn_text_add(out, " [FLAGS]");
    if (command->arguments != NULL)
        kn_text_addf(out, " %s", command->arguments);
    kn_text_addf(out, "\n```\n\n%s\n\n", command->brief);
    if (command->detail != NULL)
        kn_text_addf(out, "%s\n\n", command->detail);
    add_flags(out, command->flags);
    if (command->loads_configuration)
        kn_text_add(out, "- and the flags of the configuration, below\n");
    if (command->flags != NULL || command->loads_configuration)
        kn_text_add_char(out, '\n');
}

void kn_docs_commands(const struct kn_command *const *commands, struct kn_text *out)
{
    kn_text_add(out, "## Commands\n\n");
    for (; *commands != NULL; commands++)
        add_command(out, *commands);
    kn_text_add(out, "## Flags of every command\n\n");
    add_flags(out, kn_common_flags);
    kn_text_add(out, "\n## Flags of the configuration\n\n");
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        add_flag(out, info->name, info->value_name, info->brief);
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *setting = &kn_settings[i];

        if (setting->flag != NULL)
            add_flag(out, setting->flag, setting->value_name, setting->brief);
    }
}
