/*
 * offer — the part of a plan that this node can really do: which blocks to load, from where, and
 * within which limits; and what to say of them once they are served.
 */
#ifndef KN_NODE_PLAN_OFFER_H
#define KN_NODE_PLAN_OFFER_H

#include "config/discovery/facts.h"
#include "network/petals/server_info.h"
#include "node/blocks/blocks.h"
#include "node/plan/decision.h"

/* False: no block is planned, or the files of the model are not on this machine and may not be
 * fetched. */
bool kn_offer_make(const struct kn_decision *d, const struct kn_hardware *hardware,
                   struct kn_blocks_wish *out);

/* Threads and the share of their time that `percent` of a machine leaves; percent 0: no limit. */
void kn_offer_threads(const struct kn_hardware *hardware, int percent, unsigned *threads,
                      double *share);

/* The share that `percent` leaves to so many threads that there are already. */
double kn_offer_share(const struct kn_hardware *hardware, int percent, unsigned threads);

/* Into the record that others read: ONLINE and what served blocks are worth, as Petals reckons;
 * or JOINING without speed where `report` is NULL. */
void kn_offer_describe(const struct kn_snapshot *snapshot, const struct kn_blocks_report *report,
                       struct kn_server_info *info);

#endif
