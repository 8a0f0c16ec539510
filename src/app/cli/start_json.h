/*
 * start_json — what a script reads while a node starts and runs: one object a line.
 */
#ifndef KN_CLI_START_JSON_H
#define KN_CLI_START_JSON_H

#include "app/cli/start.h"

void kn_start_json(struct kn_start *start, enum kn_node_event event);

/* What became of the file. */
void kn_start_json_saved(struct kn_start *start);

/* How far it is with what takes long. */
void kn_start_json_progress(struct kn_start *start, const struct kn_progress *progress);

/* The same of files that are fetched, with which one and how fast. */
void kn_start_json_fetching(struct kn_start *start, const struct kn_progress *progress,
                            const struct kn_fetching_state *state);

#endif
