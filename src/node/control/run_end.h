/*
 * run_end — ended.json: what a service manager's program noted of a run's end. Internal to node.
 */
#ifndef KN_NODE_CONTROL_RUN_END_H
#define KN_NODE_CONTROL_RUN_END_H

#include "node/control/run_folder.h"

/* What is noted at `path` of process `pid`, which is removed then. Nothing: `out` is empty. */
void kn_run_end_take(const char *path, int64_t pid, struct kn_run_end *out);

#endif
