/*
 * calibrate — what the command of that name shares with start.
 */
#ifndef KN_CLI_CALIBRATE_H
#define KN_CLI_CALIBRATE_H

#include "app/docs/exit_codes.h"

struct kn_cli;

/* The full calibration before a start: measured and kept, without an answer on standard output. */
enum kn_exit kn_calibrate_before_start(struct kn_cli *cli);

#endif
