/*
 * start_json — what a script reads while a node starts and runs: one object a line.
 */
#ifndef KN_CLI_START_JSON_H
#define KN_CLI_START_JSON_H

#include "app/cli/start_text.h"

void kn_start_json(struct kn_start *start, enum kn_node_event event);

#endif
