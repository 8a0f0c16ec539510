/*
 * calibrate_full — the full calibration as a person sees it.
 */
#ifndef KN_CLI_CALIBRATE_FULL_H
#define KN_CLI_CALIBRATE_FULL_H

#include "app/docs/exit_codes.h"
#include "app/term/page.h"
#include "node/plan/full.h"

struct kn_cli;

/* Measure, with a line that tells how far it is. A failure, or an interrupt, is reported. */
enum kn_exit kn_calibrate_measure(struct kn_cli *cli, struct kn_full *full);

/* What was tried and what was chosen. */
void kn_calibrate_show_full(const struct kn_page *page, const struct kn_full *full);

/* "20.1 GB/s" */
enum { KN_BANDWIDTH_SIZE = 32 };
void kn_bandwidth_text(double bytes_per_s, char out[KN_BANDWIDTH_SIZE]);

#endif
