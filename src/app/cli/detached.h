/*
 * detached — inside the node that start --detach has started: what it reports to the command that
 * waits. One JSON object a report, over a channel that was inherited; internal to app/cli.
 *
 *   {"is": "listening", "port", "peer_id", "first_run"}   {"is": "missed", "why"}
 *   {"is": "saved", "file", "error"}                      {"is": "joined", "why"}
 *   {"is": "announced", "records", "acknowledged", "bootstraps"}   {"is": "alone"}
 *   {"is": "failed", "exit", "error", "hint"}
 */
#ifndef KN_CLI_DETACHED_H
#define KN_CLI_DETACHED_H

#include "app/docs/exit_codes.h"
#include "node/node.h"

/* What the command adds to the words of the node that it starts; it names the channel. */
#define KN_DETACHED_FLAG "--detached"

struct kn_cli;
struct kn_start;

struct kn_detached {
    bool is_on;        /* nobody sits in front of this node */
    int channel;       /* -1: nobody waits, or not any more */
    size_t bootstraps; /* that answered */
};

/* Is this such a node? Then it speaks to a file. */
void kn_detached_begin(struct kn_detached *detached, struct kn_cli *cli);

/* It holds the data folder now, and so the file that it speaks to. */
void kn_detached_listening(struct kn_start *start);

/* Report what any other event means, and the last word once. */
void kn_detached_take(struct kn_start *start, enum kn_node_event event);
void kn_detached_saved(struct kn_start *start);
void kn_detached_failed(struct kn_detached *detached, enum kn_exit code,
                        const struct kn_error *err);

#endif
