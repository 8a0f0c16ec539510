/*
 * calibrate — what the command of that name shares with start.
 */
#ifndef KN_CLI_CALIBRATE_H
#define KN_CLI_CALIBRATE_H

#include "app/docs/exit_codes.h"

struct kn_cli;

/* Report that the full calibration does not exist; wrong usage. */
enum kn_exit kn_calibrate_refuse_full(struct kn_cli *cli);

#endif
