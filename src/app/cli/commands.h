/*
 * commands — every command, one row a file; the list is in commands.c.
 */
#ifndef KN_CLI_COMMANDS_H
#define KN_CLI_COMMANDS_H

#include "app/docs/command.h"

extern const struct kn_command kn_cmd_calibrate, kn_cmd_bench;
extern const struct kn_command kn_cmd_start;
extern const struct kn_command kn_cmd_pause, kn_cmd_resume, kn_cmd_schedule;
extern const struct kn_command kn_cmd_status, kn_cmd_stop, kn_cmd_restart, kn_cmd_reload,
    kn_cmd_logs, kn_cmd_demo, kn_cmd_doctor;
extern const struct kn_command kn_cmd_service_install, kn_cmd_service_uninstall;
extern const struct kn_command kn_cmd_service_status, kn_cmd_service_ended;
extern const struct kn_command kn_cmd_config_show, kn_cmd_config_explain, kn_cmd_config_check;
extern const struct kn_command kn_cmd_config_get, kn_cmd_config_diff, kn_cmd_config_path;
extern const struct kn_command kn_cmd_config_set, kn_cmd_config_unset, kn_cmd_config_edit;
extern const struct kn_command kn_cmd_config_migrate;
extern const struct kn_command kn_cmd_config_example, kn_cmd_config_schema;
extern const struct kn_command kn_cmd_network_models, kn_cmd_network_coverage;
extern const struct kn_command kn_cmd_network_peers, kn_cmd_network_ping;
extern const struct kn_command kn_cmd_identity_show, kn_cmd_identity_new, kn_cmd_identity_import;
extern const struct kn_command kn_cmd_docs_settings, kn_cmd_docs_commands, kn_cmd_docs_errors;
extern const struct kn_command kn_cmd_docs_states, kn_cmd_docs_metrics;
extern const struct kn_command kn_cmd_completion, kn_cmd_man, kn_cmd_help;

#endif
