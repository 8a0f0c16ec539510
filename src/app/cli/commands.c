#include "app/cli/commands.h"

#include <stddef.h>

const struct kn_command *const kn_commands[] = {
    &kn_cmd_config_show, &kn_cmd_config_explain, &kn_cmd_config_check, &kn_cmd_config_get,
    &kn_cmd_config_diff, &kn_cmd_config_path,    &kn_cmd_help,         NULL,
};
