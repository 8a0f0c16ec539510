#include "lib/base/memory.h"
#include "network/dht/record_parts.h"

static uint64_t hash_of(const struct kn_index_seed *seed, const struct kn_peer_id *peer)
{
    return kn_index_hash(seed, kn_span(peer->bytes, peer->n));
}

struct kn_record_share *kn_record_share_find(const struct kn_index *shares,
                                             const struct kn_index_seed *seed,
                                             const struct kn_peer_id *peer)
{
    for (struct kn_index_node *node = kn_index_first(shares, hash_of(seed, peer)); node != NULL;
         node = kn_index_next(node)) {
        struct kn_record_share *share = (struct kn_record_share *)node; /* its first member */

        if (kn_peer_id_equal(&share->peer, peer))
            return share;
    }
    return NULL;
}

static struct kn_record_share *new_share(struct kn_index *shares, const struct kn_index_seed *seed,
                                         const struct kn_peer_id *peer)
{
    struct kn_record_share *share = kn_try_alloc(sizeof(*share));

    if (share == NULL)
        return NULL;
    share->peer = *peer;
    share->node.hash = hash_of(seed, peer);
    if (!kn_index_add(shares, &share->node)) {
        kn_free(share);
        return NULL;
    }
    return share;
}

bool kn_record_share_take(struct kn_index *shares, const struct kn_index_seed *seed,
                          const struct kn_peer_id *peer, size_t bytes, struct kn_record_share **out)
{
    *out = NULL;
    if (peer == NULL)
        return true;
    *out = kn_record_share_find(shares, seed, peer);
    if (*out == NULL)
        *out = new_share(shares, seed, peer);
    if (*out == NULL)
        return false;
    (*out)->records++;
    (*out)->bytes += bytes;
    return true;
}

void kn_record_share_release(struct kn_index *shares, struct kn_record_share *share, size_t bytes)
{
    if (share == NULL)
        return;
    share->bytes -= bytes;
    if (--share->records > 0)
        return;
    kn_index_remove(shares, &share->node);
    kn_free(share);
}
