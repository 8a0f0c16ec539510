/*
 * journal — what happens to a node, as records of its log. Inside only.
 *
 * Events of the node are told as the library tells them (teller.h), with a module, a level and
 * fields; connections, clients and requests beside that at debug and trace. Nothing here decides
 * anything. Belongs to the loop thread.
 */
#ifndef KN_NODE_JOURNAL_H
#define KN_NODE_JOURNAL_H

#include "node/log/log.h"
#include "node/node.h"
#include "node/presence/changes.h"
#include "node/teller.h"

/* Of what happened since the start, with a log or without. */
struct kn_journal_counts {
    uint64_t bootstrap_answers, bootstrap_failures;
    uint64_t rounds, records, acknowledged; /* announced; records of all rounds */
    uint64_t reloads, reload_failures;
};

struct kn_journal {
    struct kn_node *node;
    struct kn_log *log;
    struct kn_teller teller;
    struct kn_journal_counts counts;
};

/* What the configuration asks of the log. Lent from both. */
void kn_log_options(const struct kn_node *node, const struct kn_snapshot *snapshot,
                    struct kn_log_options *out);

/* NULL when memory is short or, `err` tells, the log file cannot be opened. */
KN_MUST_USE enum kn_code kn_journal_new(struct kn_node *node, struct kn_journal **out,
                                        struct kn_error *err);

/* After the network and the blocks, which tell of their ends. NULL is fine. */
void kn_journal_free(struct kn_journal *journal);

/* The node's log, for its other parts. NULL before there is one. */
struct kn_log *kn_journal_log(const struct kn_journal *journal);

/* All these take NULL, and then do nothing. */
void kn_journal_take(struct kn_journal *journal, enum kn_node_event event);
void kn_journal_change(struct kn_journal *journal, const struct kn_change *change);

/* journal_watch.c: connections, clients, and what is asked over the control socket. */
void kn_journal_watch_network(struct kn_journal *journal, struct kn_network *network);
void kn_journal_served(void *arg, const struct kn_serving_news *news); /* of the node */
void kn_journal_asked(void *arg, const char *what, enum kn_code code); /* of the journal */

#endif
