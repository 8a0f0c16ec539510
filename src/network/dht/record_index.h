/*
 * record_index — things found by a hash that nobody outside can foresee. Private to this folder.
 *
 * A thing embeds a node and is compared by whoever looks for it.
 */
#ifndef KN_DHT_RECORD_INDEX_H
#define KN_DHT_RECORD_INDEX_H

#include "lib/base/attributes.h"
#include "lib/base/span.h"

struct kn_index_seed {
    uint64_t first, second;
};

/* SipHash-2-4: without the seed nobody can make many things fall into one place. */
uint64_t kn_index_hash(const struct kn_index_seed *seed, struct kn_span bytes);

struct kn_index_node {
    struct kn_index_node *next;
    uint64_t hash;
};

struct kn_index { /* starts zeroed */
    struct kn_index_node **buckets;
    size_t size, count;
};

/* Add a node whose hash is set. False, and not added, when there is no memory for the first
 * buckets; later ones are only slower without. */
KN_MUST_USE bool kn_index_add(struct kn_index *index, struct kn_index_node *node);

void kn_index_remove(struct kn_index *index, struct kn_index_node *node);

/* Walk the nodes with that hash; NULL at the end. */
struct kn_index_node *kn_index_first(const struct kn_index *index, uint64_t hash);
struct kn_index_node *kn_index_next(const struct kn_index_node *node);

/* Free the buckets; the nodes are the caller's. */
void kn_index_done(struct kn_index *index);

#endif
