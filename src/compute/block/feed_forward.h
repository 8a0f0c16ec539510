/*
 * feed_forward — the second half of a block, with one network or with experts. Inside only.
 */
#ifndef KN_BLOCK_FEED_FORWARD_H
#define KN_BLOCK_FEED_FORWARD_H

#include "compute/block/piece.h"

/* What the feed-forward part makes of room.input; it lies in the scratch. */
struct kn_numbers kn_piece_feed_forward(struct kn_piece *piece,
                                        const struct kn_block_weights *weights);

/* down(silu(gate(x)) * up(x)) for tokens that lie in `form`, somewhere in room.shared. */
struct kn_numbers kn_piece_gated(struct kn_piece *piece, const struct kn_form *form,
                                 const struct kn_feed_forward *weights, const float *x);

/* The sum of what each token's best experts make of it, in room.mixed. */
struct kn_numbers kn_piece_mixed(struct kn_piece *piece, const struct kn_block_weights *weights);

#endif
