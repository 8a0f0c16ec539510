/*
 * load — the configuration for a command, and what to do when it is wrong.
 */
#ifndef KN_CLI_LOAD_H
#define KN_CLI_LOAD_H

#include "app/docs/exit_codes.h"
#include "config/config.h"

struct kn_cli;

/*
 * Load what the command line asks for, right or wrong; release with kn_snapshot_unref(). When it
 * is not KN_EXIT_DONE the failure is reported and `*out` is not written.
 */
enum kn_exit kn_load_any(struct kn_cli *cli, struct kn_snapshot **out);

/* The same, but a wrong configuration is reported and refused, and warnings are shown. */
enum kn_exit kn_load_valid(struct kn_cli *cli, struct kn_snapshot **out);

/* Show the warnings. */
void kn_warn(struct kn_cli *cli, const struct kn_snapshot *snapshot);

/* The same for one file alone: without flags, without variables of settings. */
enum kn_exit kn_load_file(struct kn_cli *cli, const char *path, struct kn_snapshot **out);

/*
 * The request of this run for one file alone: no flags, no variables that set something; those
 * that paths may name stay. False when memory is short.
 */
bool kn_request_file_alone(const struct kn_cli *cli, struct kn_config_request *out);

/* Where things are. The paths live as long as the run. */
enum kn_exit kn_locate(struct kn_cli *cli, struct kn_config_paths *out);

/* `path` as messages call it: from the working folder when it lies there. Lent by `path`. */
const char *kn_short_path(const struct kn_cli *cli, const char *path);

/* Report the errors of a snapshot; `what` ends the headline: "nothing was written" or NULL. */
enum kn_exit kn_refuse(struct kn_cli *cli, const struct kn_snapshot *snapshot, const char *what);

/* Report the errors that make the value of one setting doubtful: its own and those of the file. */
enum kn_exit kn_refuse_key(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                           const struct kn_setting *setting);

/* The row of `key`; NULL after a report that offers the nearest one. */
const struct kn_setting *kn_need_setting(struct kn_cli *cli, const char *key);

#endif
