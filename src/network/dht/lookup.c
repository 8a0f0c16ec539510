#include "network/dht/lookup.h"

#include "lib/base/memory.h"
#include "network/dht/lookup_parts.h"

/* ---- whom a key wants ---- */

static bool is_slow(const struct kn_heard *peer, kn_time now)
{
    return peer->open > 0 && now - peer->asked_at >= KN_DHT_SLOW_MS;
}

/* Does this candidate stand in the way of farther ones? */
static bool counts(const struct kn_dht_lookup *lookup, const struct kn_candidate *candidate)
{
    const struct kn_heard *peer = &lookup->peers[candidate->peer];

    if (peer->failed)
        return false;
    if (candidate->state != KN_UNASKED)
        return true;
    if (lookup->options.peer_calls != 0 && peer->calls >= lookup->options.peer_calls)
        return false;
    return !kn_lookup_all_sources(lookup, peer, kn_lookup_denies);
}

/* Does it come after all others? To be asked, also who waits for its source to prove itself. */
static bool is_last(const struct kn_dht_lookup *lookup, const struct kn_candidate *candidate,
                    bool to_ask)
{
    return kn_lookup_all_sources(lookup, &lookup->peers[candidate->peer],
                                 to_ask && candidate->state == KN_UNASKED ? kn_lookup_tries
                                                                          : kn_lookup_doubts);
}

/* One alone may have made it up. */
static bool is_vouched_for(const struct kn_dht_lookup *lookup, const struct kn_heard *peer)
{
    if (peer->ours || peer->has_answered)
        return true;
    for (size_t i = 0; i < KN_SOURCES; i++)
        if (peer->sources[i] == KN_NOBODY || kn_lookup_doubts(lookup, peer->sources[i]))
            return false;
    return true;
}

typedef bool visit_fn(void *arg, struct kn_candidate *candidate);

/*
 * Visit the beam of a key: its nearest that count, the believed before the doubted, and those
 * that must be asked anyway, but not those that need not be. Where it is looked for whom to ask, or
 * the slow are left behind, they are visited too but leave their place to others. Ends when `visit`
 * says false.
 */
static void walk_beam(const struct kn_dht_lookup *lookup, const struct kn_lookup_key *key,
                      kn_time now, bool to_ask, visit_fn *visit, void *arg)
{
    bool pass_slow = to_ask || lookup->options.leave_slow;
    size_t n = 0;
    bool any_last = true; /* somebody is left for the second pass */

    for (int last = 0; last < 2 && any_last; last++) {
        size_t musts = 0;

        any_last = false;
        for (size_t i = 0; i < key->n; i++) {
            struct kn_candidate *candidate = &key->list[i];
            const struct kn_heard *peer = &lookup->peers[candidate->peer];

            if (n >= lookup->options.beam && musts == lookup->musts)
                break;
            if (n >= lookup->options.beam && !peer->must)
                continue;
            musts += peer->must;
            if (!counts(lookup, candidate))
                continue;
            if (is_last(lookup, candidate, to_ask) != (last == 1)) {
                any_last = true;
                continue;
            }
            if (n + lookup->options.unasked >= lookup->options.beam &&
                candidate->state == KN_UNASKED && !peer->must && is_vouched_for(lookup, peer)) {
                n++;
                continue;
            }
            if (!visit(arg, candidate))
                return;
            n += !(pass_slow && candidate->state == KN_ASKED && is_slow(peer, now));
        }
    }
}

struct settling {
    const struct kn_dht_lookup *lookup;
    kn_time now;
    bool open;
};

static bool look_whether_open(void *arg, struct kn_candidate *candidate)
{
    struct settling *settling = arg;
    const struct kn_heard *peer = &settling->lookup->peers[candidate->peer];

    if (candidate->state == KN_ANSWERED)
        return true;
    if (candidate->state == KN_ASKED && settling->lookup->options.leave_slow &&
        is_slow(peer, settling->now))
        return true;
    settling->open = true;
    return false;
}

static bool is_settled(const struct kn_dht_lookup *lookup, const struct kn_lookup_key *key,
                       kn_time now)
{
    struct settling settling = { lookup, now, false };

    walk_beam(lookup, key, now, false, look_whether_open, &settling);
    return !settling.open;
}

/* Which peer do most keys want? Among equals the one that stands nearest to its key. */
struct wanting {
    struct kn_dht_lookup *lookup;
    size_t place, best_place;
    uint16_t best;
};

static bool count_wanted(void *arg, struct kn_candidate *candidate)
{
    struct wanting *wanting = arg;
    uint16_t *wanted = wanting->lookup->wanted;

    if (candidate->state == KN_UNASKED) {
        uint16_t n = ++wanted[candidate->peer];
        uint16_t best = wanting->best == KN_NOBODY ? 0 : wanted[wanting->best];

        if (n > best || (n == best && wanting->place < wanting->best_place)) {
            wanting->best = candidate->peer;
            wanting->best_place = wanting->place;
        }
    }
    wanting->place++;
    return true;
}

static bool mark_wanted(void *arg, struct kn_candidate *candidate)
{
    struct wanting *wanting = arg;

    if (candidate->peer != wanting->best || candidate->state != KN_UNASKED)
        return true;
    candidate->state = KN_ASKED;
    wanting->place++;
    return false;
}

/* The word of those who named it is tried until it answers or fails. */
static void begin_trial(struct kn_dht_lookup *lookup, struct kn_heard *peer, kn_time now)
{
    peer->asked_at = now;
    for (size_t i = 0; i < KN_SOURCES && !peer->has_answered; i++) {
        peer->charged[i] = peer->sources[i];
        if (peer->charged[i] != KN_NOBODY)
            lookup->peers[peer->charged[i]].tried++;
    }
}

bool kn_dht_lookup_next(struct kn_dht_lookup *lookup, kn_time now, struct kn_dht_question *out)
{
    struct wanting wanting = { lookup, 0, SIZE_MAX, KN_NOBODY };
    struct kn_heard *peer;

    memset(lookup->wanted, 0, lookup->peer_count * sizeof(*lookup->wanted));
    for (size_t i = 0; i < lookup->n; i++) {
        wanting.place = 0;
        if (!lookup->keys[i].settled)
            walk_beam(lookup, &lookup->keys[i], now, true, count_wanted, &wanting);
    }
    if (wanting.best == KN_NOBODY)
        return false;
    peer = &lookup->peers[wanting.best];
    *out = (struct kn_dht_question){ .node = peer->who, .peer = wanting.best };
    for (size_t i = 0; i < lookup->n && out->n < lookup->options.batch; i++) {
        wanting.place = 0;
        if (!lookup->keys[i].settled)
            walk_beam(lookup, &lookup->keys[i], now, true, mark_wanted, &wanting);
        if (wanting.place == 1)
            out->keys[out->n++] = (uint16_t)i;
    }
    if (peer->open++ == 0)
        begin_trial(lookup, peer, now);
    peer->calls++;
    return out->n > 0;
}

/* ---- what answers say ---- */

void kn_dht_lookup_seed(struct kn_dht_lookup *lookup, const struct kn_dht_neighbour *node,
                        bool must)
{
    bool is_new;
    uint16_t peer = kn_lookup_number(lookup, node, &is_new);

    if (peer == KN_NOBODY)
        return;
    lookup->peers[peer].ours = true;
    lookup->musts += must && !lookup->peers[peer].must;
    lookup->peers[peer].must |= must;
    if (is_new || must)
        kn_lookup_offer_to_all(lookup, peer);
}

bool kn_dht_lookup_believes(const struct kn_dht_lookup *lookup,
                            const struct kn_dht_question *question, const struct kn_dht_id *id)
{
    const struct kn_heard *peer = &lookup->peers[question->peer];

    return peer->ours || (id != NULL && kn_dht_id_equal(id, &peer->who.id));
}

void kn_dht_lookup_told(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                        size_t key, const struct kn_dht_neighbour *node)
{
    bool is_new;
    uint16_t peer;

    if (kn_dht_id_equal(&node->id, &lookup->own.id))
        return;
    peer = kn_lookup_number(lookup, node, &is_new);
    if (peer == KN_NOBODY)
        return;
    kn_lookup_name_source(lookup, &lookup->peers[peer], (uint16_t)question->peer);
    if (is_new)
        kn_lookup_offer_to_all(lookup, peer);
    else
        kn_lookup_offer(lookup, &lookup->keys[key], peer);
}

/* It calls itself otherwise than we were told: stand it where it belongs. */
static void rename_peer(struct kn_dht_lookup *lookup, uint16_t peer, const struct kn_dht_id *id)
{
    for (size_t i = 0; i < lookup->n; i++) {
        struct kn_lookup_key *key = &lookup->keys[i];
        struct kn_candidate *at = kn_lookup_find(lookup, key, peer);

        key->moves = at != NULL;
        if (at == NULL)
            continue;
        key->moved = *at;
        kn_lookup_remove_at(key, (size_t)(at - key->list));
    }
    lookup->peers[peer].who.id = *id;
    for (size_t i = 0; i < lookup->n; i++)
        if (lookup->keys[i].moves)
            kn_lookup_put(lookup, &lookup->keys[i], lookup->keys[i].moved);
}

static void end_trial(struct kn_dht_lookup *lookup, struct kn_heard *peer)
{
    for (size_t i = 0; i < KN_SOURCES; i++) {
        if (peer->charged[i] != KN_NOBODY)
            lookup->peers[peer->charged[i]].tried--;
        peer->charged[i] = KN_NOBODY;
    }
}

static void close_question(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                           enum kn_asked state)
{
    struct kn_heard *peer = &lookup->peers[question->peer];

    if (peer->open > 0)
        peer->open--;
    end_trial(lookup, peer);
    for (size_t i = 0; i < question->n; i++) {
        struct kn_candidate *at =
            kn_lookup_find(lookup, &lookup->keys[question->keys[i]], (uint16_t)question->peer);

        if (at != NULL)
            at->state = (uint8_t)state;
    }
}

static void judge_sources(struct kn_dht_lookup *lookup, const struct kn_heard *peer, bool truth)
{
    for (size_t i = 0; i < KN_SOURCES; i++) {
        struct kn_heard *source;

        if (peer->sources[i] == KN_NOBODY)
            continue;
        source = &lookup->peers[peer->sources[i]];
        if (truth)
            source->truths++;
        else
            source->lies++;
    }
}

void kn_dht_lookup_answered(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                            const struct kn_dht_id *id)
{
    struct kn_heard *peer = &lookup->peers[question->peer];

    if (id == NULL) {
        kn_dht_lookup_failed(lookup, question);
        return;
    }
    close_question(lookup, question, KN_ANSWERED);
    if (!peer->has_answered)
        judge_sources(lookup, peer, kn_dht_id_equal(id, &peer->who.id));
    peer->has_answered = true;
    if (!kn_dht_id_equal(id, &peer->who.id))
        rename_peer(lookup, (uint16_t)question->peer, id);
}

void kn_dht_lookup_failed(struct kn_dht_lookup *lookup, const struct kn_dht_question *question)
{
    struct kn_heard *peer = &lookup->peers[question->peer];

    close_question(lookup, question, KN_ASKED);
    if (!peer->failed && !peer->has_answered)
        judge_sources(lookup, peer, false);
    peer->failed = true;
}

/* ---- what comes out ---- */

void kn_dht_lookup_settle(struct kn_dht_lookup *lookup, size_t key)
{
    lookup->keys[key].settled = true;
}

bool kn_dht_lookup_take_settled(struct kn_dht_lookup *lookup, kn_time now, size_t *key)
{
    for (; lookup->scanned < lookup->n; lookup->scanned++) {
        struct kn_lookup_key *at = &lookup->keys[lookup->scanned];

        if (at->taken || (!at->settled && !is_settled(lookup, at, now)))
            continue;
        at->settled = at->taken = true;
        lookup->left--;
        *key = lookup->scanned++;
        return true;
    }
    lookup->scanned = 0;
    return false;
}

bool kn_dht_lookup_is_settled(const struct kn_dht_lookup *lookup, size_t key)
{
    return lookup->keys[key].taken;
}

size_t kn_dht_lookup_left(const struct kn_dht_lookup *lookup)
{
    return lookup->left;
}

kn_time kn_dht_lookup_slow_at(const struct kn_dht_lookup *lookup, kn_time now)
{
    kn_time when = KN_NEVER;

    for (size_t i = 0; i < lookup->peer_count; i++)
        if (lookup->peers[i].open > 0 && lookup->peers[i].asked_at + KN_DHT_SLOW_MS > now)
            when = kn_time_min(when, lookup->peers[i].asked_at + KN_DHT_SLOW_MS);
    return when;
}

size_t kn_dht_lookup_nearest(const struct kn_dht_lookup *lookup, size_t key,
                             struct kn_dht_neighbour *out, size_t k)
{
    const struct kn_lookup_key *from = &lookup->keys[key];
    size_t n = 0;

    for (size_t i = 0; i < from->n && n < k; i++) {
        const struct kn_heard *peer = &lookup->peers[from->list[i].peer];

        if (from->list[i].state == KN_ANSWERED && !peer->failed)
            out[n++] = peer->who;
    }
    return n;
}

size_t kn_dht_lookup_takers(const struct kn_dht_lookup *lookup, size_t key,
                            struct kn_dht_neighbour *out, size_t k)
{
    const struct kn_lookup_key *from = &lookup->keys[key];
    size_t n = 0;

    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < from->n && n < k; i++) {
            const struct kn_heard *peer = &lookup->peers[from->list[i].peer];

            if (from->list[i].state != KN_ASKED && counts(lookup, &from->list[i]) &&
                is_vouched_for(lookup, peer) == (last == 0))
                out[n++] = peer->who;
        }
    return n;
}

/* ---- beginning and end ---- */

struct kn_dht_lookup *kn_dht_lookup_new(const struct kn_dht_lookup_options *options,
                                        const struct kn_dht_id *ids, size_t n)
{
    struct kn_dht_lookup *lookup;

    if (n > KN_DHT_LOOKUP_KEYS_MAX)
        return NULL;
    lookup = kn_try_alloc(sizeof(*lookup));
    if (lookup == NULL)
        return NULL;
    lookup->options = *options;
    lookup->own = *options->own;
    lookup->keys = kn_try_alloc((n > 0 ? n : 1) * sizeof(*lookup->keys));
    if (lookup->keys == NULL || !kn_lookup_grow(lookup)) {
        kn_dht_lookup_free(lookup);
        return NULL;
    }
    lookup->n = lookup->left = n;
    for (size_t i = 0; i < n; i++)
        lookup->keys[i].id = ids[i];
    return lookup;
}

void kn_dht_lookup_free(struct kn_dht_lookup *lookup)
{
    if (lookup == NULL)
        return;
    for (size_t i = 0; lookup->keys != NULL && i < lookup->n; i++)
        kn_free(lookup->keys[i].list);
    kn_free(lookup->keys);
    kn_free(lookup->peers);
    kn_free(lookup->index);
    kn_free(lookup->wanted);
    kn_free(lookup);
}
