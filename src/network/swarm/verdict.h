/*
 * verdict — can others dial us? What peers that tried it said, weighed.
 *
 * Pure: the moment is handed in. Each peer has one vote, its last; a vote that nobody repeats ends.
 * A verdict needs as many votes that agree as `agree`, and more of them than against it.
 * spec: libp2p autonat, version 1, "AutoNAT protocol": several peers, so that none decides alone.
 */
#ifndef KN_SWARM_VERDICT_H
#define KN_SWARM_VERDICT_H

#include "lib/base/span.h"
#include "lib/base/time.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/peer_id.h"

enum {
    KN_VERDICT_VOTES_MAX = 16,
    KN_VERDICT_AGREE = 3,                   /* what `agree` is when nobody says */
    KN_VERDICT_FIRST_MS = 15 * 1000,        /* until the first questions */
    KN_VERDICT_RETRY_MS = 90 * 1000,        /* between questions while nothing is known */
    KN_VERDICT_REFRESH_MS = 15 * 60 * 1000, /* and when something is */
    KN_VERDICT_VOTE_MS = 35 * 60 * 1000,    /* that a vote counts: two refreshes and a little */
};

enum kn_reachability { KN_REACHABILITY_UNKNOWN, KN_REACHABILITY_PUBLIC, KN_REACHABILITY_PRIVATE };

/* "public"; static. */
const char *kn_reachability_name(enum kn_reachability reachability);

struct kn_vote {
    struct kn_peer_id peer;
    bool reached;
    size_t address_n; /* where, when it was reached; 0: it did not say */
    uint8_t address[KN_MULTIADDR_BYTES_MAX];
    kn_time at;
};

/* Start with kn_verdict_init(). */
struct kn_verdict {
    unsigned agree;
    enum kn_reachability now;
    struct kn_vote votes[KN_VERDICT_VOTES_MAX]; /* the oldest first */
    size_t n;
    kn_time ask_at;
};

/* `agree` 0: the usual. */
void kn_verdict_init(struct kn_verdict *verdict, unsigned agree, kn_time now);

/* What a peer said: it reached us at `address` (may be empty), or it could not. True: the verdict
 * changed. */
bool kn_verdict_vote(struct kn_verdict *verdict, const struct kn_peer_id *peer, bool reached,
                     struct kn_span address, kn_time now);

/* Is it time to ask? Then it is not again for a while. Also drops the votes that have ended;
 * `*changed` as above. */
bool kn_verdict_ask(struct kn_verdict *verdict, kn_time now, bool *changed);

/* When to look whether it is time. */
kn_time kn_verdict_deadline(const struct kn_verdict *verdict);

/* Did as many peers as must agree reach us there? */
bool kn_verdict_confirms(const struct kn_verdict *verdict, struct kn_span address);

/* Whether this peer voted within the last refresh: ask others before it. */
bool kn_verdict_has_asked(const struct kn_verdict *verdict, const struct kn_peer_id *peer,
                          kn_time now);

#endif
