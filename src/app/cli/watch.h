/*
 * watch — status --watch: the status of the node again and again, until an interrupt. Internal to
 * app/cli.
 */
#ifndef KN_CLI_WATCH_H
#define KN_CLI_WATCH_H

#include "app/docs/exit_codes.h"

struct kn_cli;

/* One must run when it begins; later it may be away for a while. Ends when nobody reads. */
enum kn_exit kn_watch(struct kn_cli *cli);

#endif
