/*
 * network — this machine in a swarm: the host and what it speaks, put together.
 *
 * Belongs to the loop thread. A client listens nowhere and serves nothing, so nobody adds it to a
 * table: that is for commands that look and go. A node serves identify, ping, kad and the DHT.
 */
#ifndef KN_NETWORK_H
#define KN_NETWORK_H

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "network/dht/operations.h"
#include "network/swarm/autonat_client.h"
#include "network/swarm/host.h"
#include "network/swarm/kad.h"
#include "network/swarm/relay_client.h"

enum {
    KN_NETWORK_ANNOUNCE_MAX = 16,
    KN_NETWORK_BOOTSTRAPS_MAX = 64,
    KN_NETWORK_DOUBT_MS = 45000, /* after which who was never reached looks for relays */
};

struct kn_network;

struct kn_network_options {
    struct kn_loop *loop;
    const struct kn_key *identity;  /* kept */
    const struct kn_random *random; /* copied */
    const char *agent;              /* kept; "kwaainet/1.0.0" */
    bool is_client;
    bool is_dht_client; /* listens, and asks hivemind's DHT and libp2p's kad, but serves neither */
    bool is_hidden;     /* nobody can dial us, but through a relay: nothing else is announced */
    size_t connections_max, replicas; /* 0: the usual */
    struct kn_host_times times;
    size_t relays; /* places to hold at relays, so that we can be reached */
    /* Have others dial us: relays only when they cannot, or when nobody says so and nobody has come
     * for `doubt_ms`; and kad is served while they can, or nobody knows. */
    bool asks_reachability;
    int doubt_ms;       /* 0: KN_NETWORK_DOUBT_MS */
    unsigned observers; /* that must see the same address before it is asked for; 0: the usual */
    const char *const *announce; /* multiaddrs to tell instead of what is listened on; copied */
    size_t announce_count;
    void (*moved)(void *arg); /* what is announced, or whether by relays, is another; or NULL */
    void *arg;
};

/* KN_E_NO_MEMORY; KN_E_INVALID: an address to announce that is none. */
KN_MUST_USE enum kn_code kn_network_new(const struct kn_network_options *options,
                                        struct kn_network **out, struct kn_error *err);
void kn_network_free(struct kn_network *network);

/*
 * Other addresses to announce, other limits of connections, another way to be reached, from now
 * on; the other members of `options` do not count. A failure changes nothing; codes as
 * kn_network_new().
 */
KN_MUST_USE enum kn_code kn_network_change(struct kn_network *network,
                                           const struct kn_network_options *options,
                                           struct kn_error *err);

struct kn_host *kn_network_host(const struct kn_network *network);
struct kn_dht *kn_network_dht(const struct kn_network *network);
struct kn_kad *kn_network_kad(const struct kn_network *network);
struct kn_relay_client *kn_network_relays(const struct kn_network *network); /* NULL: a client */

/* What others found out; unknown for a client, and when it is not asked. */
enum kn_reachability kn_network_reachability(const struct kn_network *network);

/* Do others come to us through relays, and in no other way that is known to work? */
bool kn_network_is_relayed(const struct kn_network *network);

/* Where we are has changed: drop connections that cannot be alive, judge anew whether others can
 * dial us, and tell those connected. `stale->here` is filled in. */
void kn_network_moved(struct kn_network *network, const struct kn_stale *stale);

/* Listen at a multiaddr of an IP address and a TCP port. KN_E_INVALID: it is none; else as
 * kn_host_listen(). */
KN_MUST_USE enum kn_code kn_network_listen(struct kn_network *network, const char *address,
                                           struct kn_error *err);

/* Tell everybody who is connected where we are now. */
void kn_network_announce(struct kn_network *network);

/* One address of a bootstrap, and how its peer answered. */
struct kn_bootstrap {
    const char *address; /* as it was handed in; lent by the join */
    struct kn_peer_id peer;
    bool settled;      /* it has answered or failed */
    enum kn_code code; /* KN_OK: it is a node of hivemind's DHT */
    double ms;         /* from the start to its answer or failure */
    bool tells_time;
    double ahead_s; /* its clock before ours */
    struct kn_error error;
};

/*
 * Enter a swarm: connect to every bootstrap and ask whether it is a DHT node. `settled` comes for
 * each address as it answers or fails, `done` once after the last, all later than the start.
 */
struct kn_join;
struct kn_join_events {
    void *arg;
    /* Somebody proved to be that bootstrap, and has not been asked anything yet. May be NULL. */
    void (*connected)(void *arg, const struct kn_peer_id *peer);
    void (*settled)(void *arg, const struct kn_bootstrap *bootstrap);
    void (*done)(void *arg, size_t answered);
};

/* KN_E_INVALID: no address, one without a peer id, or no multiaddr; KN_E_LIMIT; KN_E_NO_MEMORY.
 * `addresses` is copied. */
KN_MUST_USE enum kn_code kn_join_start(struct kn_network *network, const char *const *addresses,
                                       size_t n, int timeout_ms,
                                       const struct kn_join_events *events, struct kn_join **out,
                                       struct kn_error *err);
/* Stop it, or forget it when it is done, also from inside an event; nothing comes afterwards.
 * Before the network is freed. */
void kn_join_free(struct kn_join *join);

size_t kn_join_count(const struct kn_join *join);
const struct kn_bootstrap *kn_join_get(const struct kn_join *join, size_t index);

/* Peers among them that answered as DHT nodes, each once: what kn_dht_get() takes as `also`. */
size_t kn_join_peers(const struct kn_join *join, struct kn_peer_id *out, size_t max);

#endif
