/*
 * known_peers_file — what stands in that file: one line that says whose peers they are, and the
 * peers as network/swarm/peer_store.h has them.
 */
#ifndef KN_NODE_PRESENCE_KNOWN_PEERS_FILE_H
#define KN_NODE_PRESENCE_KNOWN_PEERS_FILE_H

#include "lib/base/error.h"
#include "lib/base/span.h"
#include "lib/base/text.h"

/* The first line, "kwaainet-peers 1 ID ID…": the peer ids of these bootstraps, each once. */
void kn_known_header_print(const char *const *bootstraps, size_t n, struct kn_text *out);

/*
 * Is this a file of ours, of the swarm that these bootstraps lead to, in whatever order? KN_OK, and
 * `*peers` is what follows the first line; KN_E_NOT_FOUND: of another swarm; KN_E_SYNTAX: no file
 * of ours; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_known_header_read(struct kn_span text, const char *const *bootstraps,
                                              size_t n, struct kn_span *peers);

#endif
