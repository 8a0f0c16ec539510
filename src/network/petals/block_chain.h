/*
 * block_chain — the blocks that a request wants: their names with one blank between, in order.
 *
 * "M.0 M.1 M.2". One model, one block after the other, which is all that any client asks for.
 * spec: petals/data_structures.py, CHAIN_DELIMITER; petals/server/handler.py, _check_uids.
 */
#ifndef KN_PETALS_BLOCK_CHAIN_H
#define KN_PETALS_BLOCK_CHAIN_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "network/petals/prefix.h"

enum { KN_BLOCK_CHAIN_MAX = 1024 }; /* blocks */

struct kn_block_chain {
    struct kn_prefix prefix;
    uint32_t first, end; /* end exclusive */
};

/* KN_E_SYNTAX: none, or no name of a block; KN_E_INVALID: they do not follow each other;
 * KN_E_LIMIT. The text is for the peer, in Petals' words where it has some. */
KN_MUST_USE enum kn_code kn_block_chain_parse(struct kn_span uids, struct kn_block_chain *out,
                                              struct kn_error *err);

/* Is all of it served by who has blocks `first` to `end` of `prefix`? KN_E_NOT_FOUND names the
 * first block that is not. */
KN_MUST_USE enum kn_code kn_block_chain_within(const struct kn_block_chain *chain,
                                               const char *prefix, uint32_t first, uint32_t end,
                                               struct kn_error *err);

void kn_block_chain_print(const struct kn_block_chain *chain, struct kn_buffer *out);

#endif
