/*
 * help — what --help, help and --version print, from the tables.
 */
#ifndef KN_CLI_HELP_H
#define KN_CLI_HELP_H

#include "app/docs/command.h"

struct kn_cli;

/* All commands. */
enum kn_exit kn_help_overview(struct kn_cli *cli);

/* The commands whose name begins with `group`. */
enum kn_exit kn_help_group(struct kn_cli *cli, const char *group);

/* One command with its flags. */
enum kn_exit kn_help_command(struct kn_cli *cli, const struct kn_command *command);

/* Program, schema, compiler, libraries. */
enum kn_exit kn_help_version(struct kn_cli *cli);

#endif
