/*
 * relay_plan — at which relays to hold a place, and when to ask whom.
 *
 * Pure: the moment is handed in. A peer is asked when a place is missing, the best kind first and
 * by chance among equals; asked again when three quarters of its grant are over; left alone for
 * longer and longer when it refuses. Bounded by KN_RELAY_PLACES_MAX.
 * spec: libp2p relay/circuit-v2, "Reservations".
 */
#ifndef KN_SWARM_RELAY_PLAN_H
#define KN_SWARM_RELAY_PLAN_H

#include "lib/base/random.h"
#include "lib/base/time.h"
#include "lib/codec/peer_id.h"

enum {
    KN_RELAY_PLACES_MAX = 64,
    KN_RELAY_WANTED_MAX = 8,
    KN_RELAY_BACKOFF_MS = 30 * 1000, /* after the first refusal; twice as long after each more */
    KN_RELAY_BACKOFF_MAX_MS = 15 * 60 * 1000,
    KN_RELAY_LIFE_MIN_MS = 2 * 60 * 1000, /* a grant that says less is taken for a wrong clock */
    KN_RELAY_LIFE_MAX_MS = 24 * 60 * 60 * 1000,
};

enum kn_relay_rank { KN_RELAY_TRUSTED, KN_RELAY_BOOTSTRAP, KN_RELAY_MET };

enum kn_relay_state {
    KN_RELAY_FREE,
    KN_RELAY_ASKING,
    KN_RELAY_HELD,
    KN_RELAY_RENEWING, /* held, and asked again */
};

struct kn_relay_place {
    struct kn_peer_id peer;
    enum kn_relay_rank rank;
    enum kn_relay_state state;
    unsigned refusals; /* since it last renewed a grant */
    kn_time retry_at;  /* while free */
    kn_time renew_at, ends_at;
};

/* Start from { .random = …, .wanted = … }. */
struct kn_relay_plan {
    const struct kn_random *random;
    size_t wanted; /* at most KN_RELAY_WANTED_MAX */
    struct kn_relay_place places[KN_RELAY_PLACES_MAX];
    size_t n;
};

/* This peer serves as a relay. The better rank counts; the worst free one makes room. */
void kn_relay_plan_add(struct kn_relay_plan *plan, const struct kn_peer_id *peer,
                       enum kn_relay_rank rank);

/* NULL: not in the plan. Valid until the next add. */
struct kn_relay_place *kn_relay_plan_find(struct kn_relay_plan *plan,
                                          const struct kn_peer_id *peer);

/* Whom to ask now, marked as asked; NULL: nobody. Call until then. */
struct kn_relay_place *kn_relay_plan_next(struct kn_relay_plan *plan, kn_time now);

/* What became of it. `life_ms` is what the relay said. */
void kn_relay_plan_granted(struct kn_relay_place *place, kn_time now, kn_time life_ms);
void kn_relay_plan_refused(struct kn_relay_place *place, kn_time now);

/* The connection is gone, and the place with it. */
void kn_relay_plan_lost(struct kn_relay_place *place, kn_time now);

bool kn_relay_plan_holds(const struct kn_relay_place *place);
size_t kn_relay_plan_held(const struct kn_relay_plan *plan);

/* When to look again. */
kn_time kn_relay_plan_deadline(const struct kn_relay_plan *plan);

#endif
