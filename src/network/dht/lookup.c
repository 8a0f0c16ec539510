#include "network/dht/lookup.h"

#include "lib/base/memory.h"

enum { NOBODY = UINT16_MAX, PEERS_FIRST = 32, LIST_FIRST = 24, SOURCES = 2 };

enum state { UNASKED, ASKED, ANSWERED };

/* Someone heard of. */
struct peer {
    struct kn_dht_neighbour who;
    kn_time asked_at;                      /* since when something is open */
    uint16_t sources[SOURCES];             /* who named it */
    uint16_t calls, open;                  /* questions in all, and without an answer yet */
    uint16_t charged[SOURCES];             /* sources whose word is being tried with it */
    uint16_t lies, truths, tried;          /* of those whom it named: silent, not, and asked now */
    bool failed, has_answered, must, ours; /* ours: we knew it ourselves */
};

struct candidate {
    uint16_t peer;
    uint8_t state;
};

struct key {
    struct kn_dht_id id;
    struct candidate *list; /* nearest first */
    uint8_t n, room;
    bool settled, taken, moves;
    struct candidate moved; /* while a peer is renamed */
};

struct kn_dht_lookup {
    struct kn_dht_lookup_options options;
    struct kn_dht_neighbour own;
    struct key *keys;
    struct peer *peers;
    uint16_t *index;  /* peers by their id, open addressing; twice as many places as room */
    uint16_t *wanted; /* scratch: how many keys want a peer */
    size_t n, left, scanned, peer_count, room;
    bool has_must;
};

/* ---- the peers ---- */

static size_t slot_of(const struct kn_dht_lookup *lookup, const struct kn_peer_id *peer)
{
    size_t mask = 2 * lookup->room - 1, slot = 0;

    for (size_t i = peer->n > 4 ? (size_t)peer->n - 4 : 0; i < peer->n; i++)
        slot = slot * 257 + peer->bytes[i];
    for (slot &= mask; lookup->index[slot] != NOBODY; slot = (slot + 1) & mask)
        if (kn_peer_id_equal(&lookup->peers[lookup->index[slot]].who.peer, peer))
            break;
    return slot;
}

static bool grow_peers(struct kn_dht_lookup *lookup)
{
    size_t room = lookup->room == 0 ? PEERS_FIRST : 2 * lookup->room;
    struct peer *peers = kn_try_realloc(lookup->peers, room * sizeof(*peers));
    uint16_t *index, *wanted;

    if (peers == NULL)
        return false;
    lookup->peers = peers;
    wanted = kn_try_realloc(lookup->wanted, room * sizeof(*wanted));
    if (wanted == NULL)
        return false;
    lookup->wanted = wanted;
    index = kn_try_realloc(lookup->index, 2 * room * sizeof(*index));
    if (index == NULL)
        return false;
    lookup->index = index;
    lookup->room = room;
    memset(index, 0xff, 2 * room * sizeof(*index));
    for (size_t i = 0; i < lookup->peer_count; i++)
        index[slot_of(lookup, &peers[i].who.peer)] = (uint16_t)i;
    return true;
}

/* The number of a peer, a new one if it is not known yet; NOBODY: ourselves, or no room. */
static uint16_t number_of(struct kn_dht_lookup *lookup, const struct kn_dht_neighbour *node,
                          bool *is_new)
{
    size_t slot = slot_of(lookup, &node->peer);

    *is_new = false;
    if (lookup->index[slot] != NOBODY)
        return lookup->index[slot];
    if (kn_peer_id_equal(&node->peer, &lookup->own.peer) ||
        lookup->peer_count >= KN_DHT_LOOKUP_PEERS_MAX)
        return NOBODY;
    if (lookup->peer_count == lookup->room) {
        if (!grow_peers(lookup))
            return NOBODY;
        slot = slot_of(lookup, &node->peer);
    }
    lookup->peers[lookup->peer_count] =
        (struct peer){ .who = *node, .sources = { NOBODY, NOBODY }, .charged = { NOBODY, NOBODY } };
    lookup->index[slot] = (uint16_t)lookup->peer_count;
    *is_new = true;
    return (uint16_t)lookup->peer_count++;
}

static bool is_doubted(const struct kn_dht_lookup *lookup, uint16_t source)
{
    const struct peer *peer = &lookup->peers[source];

    return peer->lies >= KN_DHT_LIES + peer->truths;
}

/* Has it as much to prove as one may have? Then others go first. */
static bool is_tried(const struct kn_dht_lookup *lookup, uint16_t source)
{
    const struct peer *peer = &lookup->peers[source];

    return peer->lies + peer->tried >= KN_DHT_LIES + peer->truths;
}

static bool is_liar(const struct kn_dht_lookup *lookup, uint16_t source)
{
    return is_doubted(lookup, source) && lookup->peers[source].lies >= KN_DHT_LIES_MAX;
}

typedef bool source_is_fn(const struct kn_dht_lookup *lookup, uint16_t source);

/* Is that so of everyone who named this peer? Never of one that we know or that has answered. */
static bool all_sources(const struct kn_dht_lookup *lookup, const struct peer *peer,
                        source_is_fn *is)
{
    bool any = false;

    if (peer->ours || peer->has_answered)
        return false;
    for (size_t i = 0; i < SOURCES; i++) {
        if (peer->sources[i] == NOBODY)
            continue;
        if (!is(lookup, peer->sources[i]))
            return false;
        any = true;
    }
    return any;
}

static void name_source(const struct kn_dht_lookup *lookup, struct peer *peer, uint16_t source)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (peer->sources[i] == source)
            return;
        if (peer->sources[i] == NOBODY || is_doubted(lookup, peer->sources[i])) {
            peer->sources[i] = source;
            return;
        }
    }
}

/* ---- the candidates of one key ---- */

static size_t place_of(const struct kn_dht_lookup *lookup, const struct key *key,
                       const struct kn_dht_id *id)
{
    size_t low = 0, high = key->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct peer *there = &lookup->peers[key->list[middle].peer];

        if (kn_dht_id_nearer(&key->id, &there->who.id, id) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct candidate *find(const struct kn_dht_lookup *lookup, const struct key *key,
                              uint16_t peer)
{
    /* It is among those of the same distance: two peers may call themselves the same. */
    for (size_t i = place_of(lookup, key, &lookup->peers[peer].who.id); i > 0; i--) {
        if (key->list[i - 1].peer == peer)
            return &key->list[i - 1];
        if (!kn_dht_id_equal(&lookup->peers[key->list[i - 1].peer].who.id,
                             &lookup->peers[peer].who.id))
            break;
    }
    return NULL;
}

static void remove_at(struct key *key, size_t i)
{
    key->n--;
    memmove(&key->list[i], &key->list[i + 1], (key->n - i) * sizeof(*key->list));
}

/* Make a place in a full list: one that failed, else the farthest that was not asked. What was
 * asked stays, so that it is not asked again. */
static bool evict(const struct kn_dht_lookup *lookup, struct key *key, size_t not_before)
{
    for (size_t i = key->n; i > 0; i--)
        if (lookup->peers[key->list[i - 1].peer].failed) {
            remove_at(key, i - 1);
            return true;
        }
    for (size_t i = key->n; i > not_before; i--)
        if (key->list[i - 1].state == UNASKED && !lookup->peers[key->list[i - 1].peer].must) {
            remove_at(key, i - 1);
            return true;
        }
    return false;
}

static bool make_room(struct key *key)
{
    size_t room = key->room == 0 ? LIST_FIRST : (size_t)key->room * 2;
    struct candidate *list = kn_try_realloc(key->list, room * sizeof(*list));

    if (list == NULL)
        return false;
    key->list = list;
    key->room = (uint8_t)room;
    return true;
}

static void put(const struct kn_dht_lookup *lookup, struct key *key, struct candidate candidate)
{
    const struct kn_dht_id *id = &lookup->peers[candidate.peer].who.id;
    size_t at = place_of(lookup, key, id);

    if (key->n == KN_DHT_CANDIDATES_MAX) {
        if (!evict(lookup, key, lookup->peers[candidate.peer].must ? 0 : at))
            return;
        at = place_of(lookup, key, id);
    } else if (key->n == key->room && !make_room(key)) {
        return;
    }
    memmove(&key->list[at + 1], &key->list[at], (key->n - at) * sizeof(*key->list));
    key->list[at] = candidate;
    key->n++;
}

static void offer(const struct kn_dht_lookup *lookup, struct key *key, uint16_t peer)
{
    if (!key->settled && !lookup->peers[peer].failed && find(lookup, key, peer) == NULL)
        put(lookup, key, (struct candidate){ peer, UNASKED });
}

static void offer_to_all(struct kn_dht_lookup *lookup, uint16_t peer)
{
    for (size_t i = 0; i < lookup->n; i++)
        offer(lookup, &lookup->keys[i], peer);
}

/* ---- whom a key wants ---- */

static bool is_slow(const struct peer *peer, kn_time now)
{
    return peer->open > 0 && now - peer->asked_at >= KN_DHT_SLOW_MS;
}

/* Does this candidate stand in the way of farther ones? */
static bool counts(const struct kn_dht_lookup *lookup, const struct candidate *candidate)
{
    const struct peer *peer = &lookup->peers[candidate->peer];

    if (peer->failed)
        return false;
    if (candidate->state != UNASKED)
        return true;
    if (lookup->options.peer_calls != 0 && peer->calls >= lookup->options.peer_calls)
        return false;
    return !all_sources(lookup, peer, is_liar);
}

/* Does it come after all others? To be asked, also who waits for its source to prove itself. */
static bool is_last(const struct kn_dht_lookup *lookup, const struct candidate *candidate,
                    bool to_ask)
{
    return all_sources(lookup, &lookup->peers[candidate->peer],
                       to_ask && candidate->state == UNASKED ? is_tried : is_doubted);
}

typedef bool visit_fn(void *arg, struct candidate *candidate);

/*
 * Visit the beam of a key: its nearest that count, the believed before the doubted, and those
 * that must be asked anyway. Where it is looked for whom to ask, or the slow are left behind, they
 * are visited too but leave their place to others. Ends when `visit` says false.
 */
static void walk_beam(const struct kn_dht_lookup *lookup, const struct key *key, kn_time now,
                      bool to_ask, visit_fn *visit, void *arg)
{
    bool pass_slow = to_ask || lookup->options.leave_slow;
    size_t n = 0;

    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < key->n; i++) {
            struct candidate *candidate = &key->list[i];
            const struct peer *peer = &lookup->peers[candidate->peer];

            if (n >= lookup->options.beam && !lookup->has_must)
                return;
            if (n >= lookup->options.beam && !peer->must)
                continue;
            if (!counts(lookup, candidate) || is_last(lookup, candidate, to_ask) != (last == 1))
                continue;
            if (!visit(arg, candidate))
                return;
            n += !(pass_slow && candidate->state == ASKED && is_slow(peer, now));
        }
}

struct settling {
    const struct kn_dht_lookup *lookup;
    kn_time now;
    bool open;
};

static bool look_whether_open(void *arg, struct candidate *candidate)
{
    struct settling *settling = arg;
    const struct peer *peer = &settling->lookup->peers[candidate->peer];

    if (candidate->state == ANSWERED)
        return true;
    if (candidate->state == ASKED && settling->lookup->options.leave_slow &&
        is_slow(peer, settling->now))
        return true;
    settling->open = true;
    return false;
}

static bool is_settled(const struct kn_dht_lookup *lookup, const struct key *key, kn_time now)
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

static bool count_wanted(void *arg, struct candidate *candidate)
{
    struct wanting *wanting = arg;
    uint16_t *wanted = wanting->lookup->wanted;

    if (candidate->state == UNASKED) {
        uint16_t n = ++wanted[candidate->peer];
        uint16_t best = wanting->best == NOBODY ? 0 : wanted[wanting->best];

        if (n > best || (n == best && wanting->place < wanting->best_place)) {
            wanting->best = candidate->peer;
            wanting->best_place = wanting->place;
        }
    }
    wanting->place++;
    return true;
}

static bool mark_wanted(void *arg, struct candidate *candidate)
{
    struct wanting *wanting = arg;

    if (candidate->peer != wanting->best || candidate->state != UNASKED)
        return true;
    candidate->state = ASKED;
    wanting->place++;
    return false;
}

/* The word of those who named it is tried until it answers or fails. */
static void begin_trial(struct kn_dht_lookup *lookup, struct peer *peer, kn_time now)
{
    peer->asked_at = now;
    for (size_t i = 0; i < SOURCES && !peer->has_answered; i++) {
        peer->charged[i] = peer->sources[i];
        if (peer->charged[i] != NOBODY)
            lookup->peers[peer->charged[i]].tried++;
    }
}

bool kn_dht_lookup_next(struct kn_dht_lookup *lookup, kn_time now, struct kn_dht_question *out)
{
    struct wanting wanting = { lookup, 0, SIZE_MAX, NOBODY };
    struct peer *peer;

    memset(lookup->wanted, 0, lookup->peer_count * sizeof(*lookup->wanted));
    for (size_t i = 0; i < lookup->n; i++) {
        wanting.place = 0;
        if (!lookup->keys[i].settled)
            walk_beam(lookup, &lookup->keys[i], now, true, count_wanted, &wanting);
    }
    if (wanting.best == NOBODY)
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
    uint16_t peer = number_of(lookup, node, &is_new);

    if (peer == NOBODY)
        return;
    lookup->peers[peer].ours = true;
    lookup->peers[peer].must |= must;
    lookup->has_must |= must;
    if (is_new || must)
        offer_to_all(lookup, peer);
}

bool kn_dht_lookup_believes(const struct kn_dht_lookup *lookup,
                            const struct kn_dht_question *question, const struct kn_dht_id *id)
{
    const struct peer *peer = &lookup->peers[question->peer];

    return peer->ours || (id != NULL && kn_dht_id_equal(id, &peer->who.id));
}

void kn_dht_lookup_told(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                        size_t key, const struct kn_dht_neighbour *node)
{
    bool is_new;
    uint16_t peer;

    if (kn_dht_id_equal(&node->id, &lookup->own.id))
        return;
    peer = number_of(lookup, node, &is_new);
    if (peer == NOBODY)
        return;
    name_source(lookup, &lookup->peers[peer], (uint16_t)question->peer);
    if (is_new)
        offer_to_all(lookup, peer);
    else
        offer(lookup, &lookup->keys[key], peer);
}

/* It calls itself otherwise than we were told: stand it where it belongs. */
static void rename_peer(struct kn_dht_lookup *lookup, uint16_t peer, const struct kn_dht_id *id)
{
    for (size_t i = 0; i < lookup->n; i++) {
        struct key *key = &lookup->keys[i];
        struct candidate *at = find(lookup, key, peer);

        key->moves = at != NULL;
        if (at == NULL)
            continue;
        key->moved = *at;
        remove_at(key, (size_t)(at - key->list));
    }
    lookup->peers[peer].who.id = *id;
    for (size_t i = 0; i < lookup->n; i++)
        if (lookup->keys[i].moves)
            put(lookup, &lookup->keys[i], lookup->keys[i].moved);
}

static void end_trial(struct kn_dht_lookup *lookup, struct peer *peer)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (peer->charged[i] != NOBODY)
            lookup->peers[peer->charged[i]].tried--;
        peer->charged[i] = NOBODY;
    }
}

static void close_question(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                           enum state state)
{
    struct peer *peer = &lookup->peers[question->peer];

    if (peer->open > 0)
        peer->open--;
    end_trial(lookup, peer);
    for (size_t i = 0; i < question->n; i++) {
        struct candidate *at =
            find(lookup, &lookup->keys[question->keys[i]], (uint16_t)question->peer);

        if (at != NULL)
            at->state = (uint8_t)state;
    }
}

static void judge_sources(struct kn_dht_lookup *lookup, const struct peer *peer, bool truth)
{
    for (size_t i = 0; i < SOURCES; i++) {
        struct peer *source;

        if (peer->sources[i] == NOBODY)
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
    struct peer *peer = &lookup->peers[question->peer];

    if (id == NULL) {
        kn_dht_lookup_failed(lookup, question);
        return;
    }
    close_question(lookup, question, ANSWERED);
    if (!peer->has_answered)
        judge_sources(lookup, peer, kn_dht_id_equal(id, &peer->who.id));
    peer->has_answered = true;
    if (!kn_dht_id_equal(id, &peer->who.id))
        rename_peer(lookup, (uint16_t)question->peer, id);
}

void kn_dht_lookup_failed(struct kn_dht_lookup *lookup, const struct kn_dht_question *question)
{
    struct peer *peer = &lookup->peers[question->peer];

    close_question(lookup, question, ASKED);
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
        struct key *at = &lookup->keys[lookup->scanned];

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
    const struct key *from = &lookup->keys[key];
    size_t n = 0;

    for (size_t i = 0; i < from->n && n < k; i++) {
        const struct peer *peer = &lookup->peers[from->list[i].peer];

        if (from->list[i].state == ANSWERED && !peer->failed)
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
    if (lookup->keys == NULL || !grow_peers(lookup)) {
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
    for (size_t i = 0; i < lookup->n; i++)
        kn_free(lookup->keys[i].list);
    kn_free(lookup->keys);
    kn_free(lookup->peers);
    kn_free(lookup->index);
    kn_free(lookup->wanted);
    kn_free(lookup);
}
