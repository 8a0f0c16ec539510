/*
 * checkup — inside of node.h: the node's health (health/), with what only the node knows.
 */
#ifndef KN_NODE_CHECKUP_H
#define KN_NODE_CHECKUP_H

#include "node/health/health.h"
#include "node/presence/announcer.h"

struct kn_node;

/* A member of struct kn_node. */
struct kn_checkup {
    struct kn_health *health;
    struct kn_text logs;  /* the folder of the log file; "": there is none */
    kn_time announced_at; /* when others took something for the last time, or it was first tried */
    bool was_acknowledged, reads_back;
    uint32_t visible_on, asked_back; /* of the last reading */
};

/* False when memory is short. */
KN_MUST_USE bool kn_checkup_make(struct kn_node *node);
void kn_checkup_end(struct kn_node *node);

/* The node begins: it looks after itself from now on. */
void kn_checkup_begin(struct kn_node *node);

/* The configuration is another. False when memory is short: all is as it was. */
KN_MUST_USE bool kn_checkup_apply(struct kn_node *node);

/* The bootstraps are others, and those before are about to go. */
void kn_checkup_change(struct kn_node *node);

/* A round of announcements is over, or was read back. */
void kn_checkup_announced(struct kn_node *node, const struct kn_announced *round, bool read_back);

/* It goes on after a pause: what others had before says nothing any more. */
void kn_checkup_resumed(struct kn_node *node);

/* Somebody has let the node in. */
void kn_checkup_joined(struct kn_node *node);

#endif
