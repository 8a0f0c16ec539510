/*
 * run_file — node.json: what the node that runs says of itself. Internal to node.
 */
#ifndef KN_NODE_CONTROL_RUN_FILE_H
#define KN_NODE_CONTROL_RUN_FILE_H

#include "lib/base/text.h"
#include "node/control/run_folder.h"

/* False when memory is short. */
KN_MUST_USE bool kn_run_file_print(const struct kn_run_facts *facts, int64_t pid,
                                   struct kn_text *out);

/* Fill `out->facts` and `out->document` if process `pid` wrote these bytes; else leave them. */
void kn_run_file_read(const char *bytes, size_t n, int64_t pid, struct kn_run_look *out);

/* The same from HOME/run/node.json and for the process `out->pid`. */
void kn_run_file_find(const char *home, struct kn_run_look *out);

/* What is left at `path` of a run that has ended. */
void kn_run_file_left(const char *path, struct kn_run_left *out);

#endif
