/*
 * start_text — what a person reads while a node starts and runs.
 */
#ifndef KN_CLI_START_TEXT_H
#define KN_CLI_START_TEXT_H

#include "app/cli/start.h"

/* Append what there is to say of an event to the answer. */
void kn_start_text(struct kn_start *start, enum kn_node_event event);

/* Somebody agreed, or nobody had to: the launch begins. */
void kn_start_text_launch(struct kn_start *start);

/* What became of the file: saved, or why not. */
void kn_start_text_saved(struct kn_start *start);

#endif
