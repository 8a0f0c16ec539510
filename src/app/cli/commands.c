#include "app/cli/commands.h"

#include <stddef.h>

/* clang-format off */
const struct kn_command *const kn_commands[] = {
    &kn_cmd_start,
    &kn_cmd_status,
    &kn_cmd_stop,
    &kn_cmd_pause,
    &kn_cmd_resume,
    &kn_cmd_schedule,
    &kn_cmd_calibrate,
    &kn_cmd_bench,
    &kn_cmd_demo,
    &kn_cmd_config_show,
    &kn_cmd_config_explain,
    &kn_cmd_config_check,
    &kn_cmd_config_get,
    &kn_cmd_config_set,
    &kn_cmd_config_unset,
    &kn_cmd_config_edit,
    &kn_cmd_config_diff,
    &kn_cmd_config_path,
    &kn_cmd_config_migrate,
    &kn_cmd_config_example,
    &kn_cmd_config_schema,
    &kn_cmd_network_models,
    &kn_cmd_network_coverage,
    &kn_cmd_network_peers,
    &kn_cmd_network_ping,
    &kn_cmd_identity_show,
    &kn_cmd_identity_new,
    &kn_cmd_identity_import,
    &kn_cmd_docs_settings,
    &kn_cmd_docs_commands,
    &kn_cmd_docs_errors,
    &kn_cmd_docs_states,
    &kn_cmd_completion,
    &kn_cmd_man,
    &kn_cmd_help,
    NULL,
};
/* clang-format on */
