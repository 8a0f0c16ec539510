#include <string.h>

#include "lib/base/memory.h"
#include "network/dht/record_parts.h"

enum { FIRST_ROOM = 16 };

static uint64_t hash_of(const struct kn_index_seed *seed, const struct kn_peer_id *peer)
{
    return kn_index_hash(seed, kn_span(peer->bytes, peer->n));
}

/* Peers with equal shares are in some order too, so that what goes depends on what is held only. */
static bool is_larger(const struct kn_record_share *a, const struct kn_record_share *b)
{
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes;
    return memcmp(a->peer.bytes, b->peer.bytes, sizeof(a->peer.bytes)) < 0;
}

static void put(struct kn_record_shares *shares, size_t at, struct kn_record_share *share)
{
    shares->heap[at] = share;
    share->heap_at = at;
}

static void raise(struct kn_record_shares *shares, struct kn_record_share *share)
{
    size_t at = share->heap_at;

    while (at > 0 && is_larger(share, shares->heap[(at - 1) / 2])) {
        put(shares, at, shares->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(shares, at, share);
}

static void sink(struct kn_record_shares *shares, struct kn_record_share *share)
{
    size_t at = share->heap_at;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < shares->n && is_larger(shares->heap[child + 1], shares->heap[child]))
            child++;
        if (child >= shares->n || !is_larger(shares->heap[child], share))
            break;
        put(shares, at, shares->heap[child]);
        at = child;
    }
    put(shares, at, share);
}

static bool reserve(struct kn_record_shares *shares)
{
    size_t room = shares->room == 0 ? FIRST_ROOM : shares->room * 2;
    struct kn_record_share **heap;

    if (shares->n < shares->room)
        return true;
    heap = kn_try_realloc(shares->heap, room * sizeof(struct kn_record_share *));
    if (heap == NULL)
        return false;
    shares->heap = heap;
    shares->room = room;
    return true;
}

struct kn_record_share *kn_record_share_find(const struct kn_record_shares *shares,
                                             const struct kn_index_seed *seed,
                                             const struct kn_peer_id *peer)
{
    for (struct kn_index_node *node = kn_index_first(&shares->peers, hash_of(seed, peer));
         node != NULL; node = kn_index_next(node)) {
        struct kn_record_share *share = (struct kn_record_share *)node; /* its first member */

        if (kn_peer_id_equal(&share->peer, peer))
            return share;
    }
    return NULL;
}

struct kn_record_share *kn_record_share_largest(const struct kn_record_shares *shares)
{
    return shares->n > 0 ? shares->heap[0] : NULL;
}

static struct kn_record_share *new_share(struct kn_record_shares *shares,
                                         const struct kn_index_seed *seed,
                                         const struct kn_peer_id *peer)
{
    struct kn_record_share *share = reserve(shares) ? kn_try_alloc(sizeof(*share)) : NULL;

    if (share == NULL)
        return NULL;
    share->peer = *peer;
    share->node.hash = hash_of(seed, peer);
    if (!kn_index_add(&shares->peers, &share->node)) {
        kn_free(share);
        return NULL;
    }
    put(shares, shares->n++, share);
    return share;
}

bool kn_record_share_take(struct kn_record_shares *shares, const struct kn_index_seed *seed,
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
    raise(shares, *out);
    return true;
}

/* The last one of the heap takes its place. */
static void drop(struct kn_record_shares *shares, struct kn_record_share *share)
{
    struct kn_record_share *last = shares->heap[--shares->n];

    if (last != share) {
        put(shares, share->heap_at, last);
        raise(shares, last);
        sink(shares, last);
    }
    kn_index_remove(&shares->peers, &share->node);
    kn_free(share);
}

void kn_record_share_release(struct kn_record_shares *shares, struct kn_record_share *share,
                             size_t bytes)
{
    if (share == NULL)
        return;
    share->bytes -= bytes;
    if (--share->records > 0)
        sink(shares, share);
    else
        drop(shares, share);
}

void kn_record_share_link(struct kn_held *held)
{
    struct kn_record_share *share = held->share;

    if (share == NULL)
        return;
    held->later = NULL;
    held->earlier = share->last;
    if (share->last != NULL)
        share->last->later = held;
    else
        share->first = held;
    share->last = held;
}

void kn_record_share_unlink(struct kn_held *held)
{
    struct kn_record_share *share = held->share;

    if (share == NULL)
        return;
    if (held->earlier != NULL)
        held->earlier->later = held->later;
    else
        share->first = held->later;
    if (held->later != NULL)
        held->later->earlier = held->earlier;
    else
        share->last = held->earlier;
}

void kn_record_shares_done(struct kn_record_shares *shares)
{
    kn_index_done(&shares->peers);
    kn_free(shares->heap);
    *shares = (struct kn_record_shares){ 0 };
}
