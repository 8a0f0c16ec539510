/*
 * visitor — a look at the swarm from the command line: a client with a key of its own that is
 * gone when the command ends. The identity of a running node stays untouched: two processes with
 * one key confuse every peer.
 */
#ifndef KN_NODE_PRESENCE_VISITOR_H
#define KN_NODE_PRESENCE_VISITOR_H

#include "network/network.h"

struct kn_visitor;

/* Codes as kn_loop_new() and kn_network_new(). */
KN_MUST_USE enum kn_code kn_visitor_new(struct kn_visitor **out, struct kn_error *err);
void kn_visitor_free(struct kn_visitor *visitor);

struct kn_loop *kn_visitor_loop(const struct kn_visitor *visitor);
struct kn_network *kn_visitor_network(const struct kn_visitor *visitor);

#endif
