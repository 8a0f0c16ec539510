/*
 * detach — start --detach: look whether the node could start, start it as a process of its own, and
 * wait until it tells how it fares. Internal to app/cli.
 */
#ifndef KN_CLI_DETACH_H
#define KN_CLI_DETACH_H

#include "app/docs/exit_codes.h"

struct kn_cli;

enum kn_exit kn_detach(struct kn_cli *cli);

#endif
