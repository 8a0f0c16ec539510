/*
 * change — the configuration file changed by a command: read, edited, checked, written.
 *
 * Nothing is written unless the result is at least as right as the file was: a mistake that the
 * edit brings in refuses it, one that was there before is only told. The file alone is judged,
 * without flags and variables, because these come and go.
 */
#ifndef KN_CLI_CHANGE_H
#define KN_CLI_CHANGE_H

#include <stdbool.h>

#include "app/docs/exit_codes.h"
#include "config/config.h"
#include "lib/base/text.h"

struct kn_cli;

struct kn_change {
    struct kn_cli *cli;
    struct kn_config_request request; /* the file alone */
    struct kn_config_paths paths;
    const char *name;        /* of the file in messages */
    struct kn_bytes before;  /* as read; at is NULL when there was no file */
    struct kn_snapshot *was; /* what the file said */
    struct kn_text after;    /* the file as it will be; edits go from here to here */
    struct kn_snapshot *now; /* what it says then, after kn_change_check() */
};

/* Locate and read the file. Release with kn_change_done(), also after a failure. */
enum kn_exit kn_change_begin(struct kn_change *change, struct kn_cli *cli);
void kn_change_done(struct kn_change *change);

/*
 * Refuse a file whose settings were not read: it is another program's, or of a newer schema, and
 * what is written into it would mean something else there.
 */
enum kn_exit kn_change_need_ours(const struct kn_change *change);

/* Load `after` into `now`, right or wrong. */
enum kn_exit kn_change_load(struct kn_change *change);

/* The same, but refuse it when it brings in an error. */
enum kn_exit kn_change_check(struct kn_change *change);

/* The errors that `now` has and `was` had not. */
size_t kn_change_new_errors(const struct kn_change *change);

/* Write `after`, if the file is still as it was read. Does nothing when nothing differs. */
enum kn_exit kn_change_write(struct kn_change *change);

/* The assignment of the file in a snapshot, NULL when the file does not name the setting. */
const struct kn_assignment *kn_in_file(const struct kn_snapshot *snapshot,
                                       const struct kn_setting *setting);

#endif
