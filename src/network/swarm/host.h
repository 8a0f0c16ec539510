/*
 * host — this machine among its peers: who is known and where, who is connected, who is served.
 *
 * One connection a peer is used, the oldest; of two that were dialled at the same time that of the
 * smaller peer id, so that both sides keep the same. The other one is closed once it is idle for
 * KN_HOST_SPARE_MS. Belongs to the loop thread. Everything that a peer can drive has a limit below.
 */
#ifndef KN_SWARM_HOST_H
#define KN_SWARM_HOST_H

#include "lib/base/text.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/tcp.h"
#include "network/swarm/connection.h"

enum {
    KN_HOST_PEERS_MAX = 8192,    /* remembered; those without a connection go first */
    KN_HOST_ADDRESSES_MAX = 8,   /* of one peer */
    KN_HOST_HALF_OPEN_MAX = 256, /* accepted, not through the handshake yet; then the oldest goes */
    KN_HOST_PER_IP_MAX = 64,     /* accepted from one IPv4 address or IPv6 /64; not loopback */
    KN_HOST_PER_RELAY_MAX = 64,  /* that one relay has brought */
    KN_HOST_KEPT_PART = 4,       /* one slot in so many is kept for what we dial ourselves, */
    KN_HOST_KEPT_MIN = 4,        /* but so many, where that is no more than half */
    KN_HOST_CROWD_MIN = 5,       /* from one place, of which one may go for a newcomer */
    KN_HOST_TRIM_LOOKS = 64,     /* connections that are looked at to find one to close */
    KN_HOST_TRIM_MS = 1000,      /* until they are looked at again while there are too many */
    KN_HOST_DIALS_MAX = 64,      /* peers that are dialled at once; more wait */
    KN_HOST_PROTOCOLS_MAX = 64,
    KN_HOST_LISTENERS_MAX = 8,
    KN_HOST_ANNOUNCERS_MAX = 4,
    KN_HOST_REQUEST_MS = 60000,         /* for a call */
    KN_HOST_WHOLE_MS = 30000,           /* for a connection in all, of which at most */
    KN_HOST_CONNECT_MS = 5000,          /* for one TCP connection */
    KN_HOST_STAGGER_MS = 250,           /* between two addresses of one peer */
    KN_HOST_RELAY_LATER_MS = 500,       /* what direct addresses are ahead of relayed ones */
    KN_HOST_RELAY_MS = 10000,           /* for a relay to join us to a peer */
    KN_HOST_RESOLVE_MS = 5000,          /* for one name */
    KN_HOST_SEARCHES_MAX = 3,           /* for addresses of a peer, while those found are wrong */
    KN_HOST_HALF_OPEN_MS = 2000,        /* that a handshake has before a newcomer may push it out */
    KN_HOST_SPARE_MS = 5000,            /* that a second connection to a peer is kept idle */
    KN_HOST_TWINS_MS = 5000,            /* ready within that: they were dialled at the same time */
    KN_HOST_ASKED_PER_S = 100,          /* questions of one connection that cost us a walk */
    KN_HOST_HELD_MAX = 16 << 20,        /* bytes of incomplete requests of one connection */
    KN_HOST_HELD_ALL_MAX = 256 << 20,   /* and of all */
    KN_HOST_UNREAD_MAX = 16 << 20,      /* bytes of answers to calls that wait for one connection */
    KN_HOST_UNREAD_ALL_MAX = 256 << 20, /* and for all; above, calls are answered with an error */
    KN_HOST_MARK_MAX = 32,
    KN_HOST_WRITE_AHEAD = 256 * 1024 /* bytes handed to the system before streams must wait */
};

struct kn_host;

/* How long things may take; 0: the usual. */
struct kn_host_times {
    int connect_ms; /* for a connection to come about: KN_HOST_WHOLE_MS */
    int request_ms; /* for a call of ours to be answered, or one of others to come:
                       KN_HOST_REQUEST_MS */
};

struct kn_host_options {
    struct kn_loop *loop;
    const struct kn_key *identity;  /* kept */
    const struct kn_random *random; /* copied */
    size_t connections_max;         /* accepted and dialled together; 0: 1,024. A part is
                                       kept for those that we dial: KN_HOST_KEPT_PART */
    struct kn_host_times times;
};

struct kn_host_counters {
    uint64_t accepted, dialled, dial_failures;
    uint64_t bytes_in, bytes_out;
    /* Refused at the door: too many from one place or relay, too many in all, too many half open.
     */
    uint64_t refused_place, refused_full, refused_half_open;
    uint64_t pushed_out; /* half open, for a newcomer */
    uint64_t trimmed;    /* idle, for a newcomer */
    uint64_t crowded;    /* from the place with most, for a newcomer from another */
    uint64_t spares;     /* second connections that were closed */
    uint64_t handshake_failures, handshake_timeouts, wrong_identities, self_dials;
    uint64_t protocol_errors, ping_timeouts; /* of connections that were in use */
    uint64_t addresses_refused, peers_evicted;
    uint64_t streams_refused;   /* above the limit of open streams */
    uint64_t protocols_refused; /* proposed, and not spoken here */
    uint64_t streams_expired;   /* silent or slow until their time was over */
    uint64_t requests_malformed, requests_abandoned;
    uint64_t requests_too_fast, requests_too_large; /* KN_HOST_ASKED_PER_S, KN_HOST_HELD_MAX */
    uint64_t answers_unread;                        /* kept back: KN_HOST_UNREAD_MAX */
};

/* NULL when memory is short. */
KN_MUST_USE struct kn_host *kn_host_new(const struct kn_host_options *options);
/* Services, calls and waits of it must be freed or cancelled before. */
void kn_host_free(struct kn_host *host);

struct kn_loop *kn_host_loop(const struct kn_host *host);
const struct kn_peer_id *kn_host_self(const struct kn_host *host);
const struct kn_key *kn_host_identity(const struct kn_host *host);
const struct kn_random *kn_host_random(const struct kn_host *host);
/* At most KN_HOST_MARK_MAX bytes by which one call is told from another. Not for keys: they are
 * fetched for many calls at once. */
void kn_host_mark(struct kn_host *host, uint8_t *out, size_t n);
const struct kn_host_counters *kn_host_counters(const struct kn_host *host);
size_t kn_host_connection_count(const struct kn_host *host);

/* Another limit from now on: what is idle above it is closed, what is in use once it is not. */
void kn_host_allow(struct kn_host *host, size_t connections_max);

/* For connections and calls that begin from now on. The parts of a connection, above, keep their
 * share of more than the usual, and may take all of less. */
void kn_host_hurry(struct kn_host *host, const struct kn_host_times *times);

/* Speak a protocol from now on. `protocol->name` is kept. KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_host_serve(struct kn_host *host, const struct kn_protocol *protocol);
const struct kn_protocols *kn_host_protocols(const struct kn_host *host);

/* Codes as kn_listen(). */
KN_MUST_USE enum kn_code kn_host_listen(struct kn_host *host, const struct kn_endpoint *at,
                                        struct kn_error *err);
/* Take the last listener back. */
void kn_host_unlisten(struct kn_host *host);
size_t kn_host_listeners(const struct kn_host *host);
void kn_host_listener(const struct kn_host *host, size_t index, struct kn_endpoint *out);

/*
 * Where we can be reached: `announcer` calls `add` with each binary multiaddr, best first, without
 * our peer id. kn_host_announced() asks it; without one it says nothing.
 */
typedef void kn_add_address_fn(void *add_arg, struct kn_span address);
typedef void kn_announcer_fn(void *arg, kn_add_address_fn *add, void *add_arg);
void kn_host_set_announcer(struct kn_host *host, kn_announcer_fn *announcer, void *arg);
/* One more, asked after it and those added before; at most KN_HOST_ANNOUNCERS_MAX. KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_host_add_announcer(struct kn_host *host, kn_announcer_fn *announcer,
                                               void *arg);
void kn_host_announced(struct kn_host *host, kn_add_address_fn *add, void *add_arg);

/* Stop speaking, observing and announcing all that was registered with this `arg`, which is about
 * to go. */
void kn_host_forget(struct kn_host *host, const void *arg);

/* Told of every connection that becomes usable or is lost. At most eight observers;
 * events may be NULL. */
struct kn_host_observer {
    void (*connected)(void *arg, struct kn_connection *connection);
    void (*lost)(void *arg, struct kn_connection *connection); /* still valid during the call */
    void *arg;
    /* The peer said who it is, perhaps again; `observed` is our address as it sees it, or empty. */
    void (*identified)(void *arg, struct kn_connection *connection, struct kn_span observed);
};
void kn_host_identified(struct kn_connection *connection, struct kn_span observed);
KN_MUST_USE enum kn_code kn_host_observe(struct kn_host *host,
                                         const struct kn_host_observer *observer);

/*
 * Remember where a peer may be. `address` is a binary multiaddr, with or without its peer id;
 * one that we cannot dial, or that names another peer, is dropped. It may lead anywhere, as what
 * the user names.
 */
void kn_host_learn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address);

/* The same of an address that somebody told who is that far away: one that leads further inside is
 * dropped, and what a name turns out to stand for is not dialled there. */
void kn_host_learn_from(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address,
                        enum kn_scope teller);

/* Forget an address that turned out to belong to somebody else. */
void kn_host_unlearn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address);

/* Somebody insists on this peer: its addresses that have just failed are tried again at once. */
void kn_host_insist(struct kn_host *host, const struct kn_peer_id *id);

/* Known addresses, best first, without peer ids; lent until one is learned or unlearned. */
size_t kn_host_addresses(struct kn_host *host, const struct kn_peer_id *id,
                         struct kn_span out[KN_HOST_ADDRESSES_MAX]);

/* What a peer told about itself, and where it stands in libp2p's Kademlia. */
enum { KN_PEER_AGENT_SIZE = 64 };

struct kn_peer_facts {
    struct kn_peer_id id;
    uint8_t kad_id[32]; /* SHA-256 of the id */
    bool identified, serves_kad, serves_dht, serves_relay, serves_autonat;
    char agent[KN_PEER_AGENT_SIZE]; /* as it says, cut; not to be trusted */
};

/* Of a peer that is known; NULL else. Lent until the loop turns. */
struct kn_peer_facts *kn_host_facts(struct kn_host *host, const struct kn_peer_id *id);

/* Call `visit` for every known peer; it must not learn or connect. */
void kn_host_each(struct kn_host *host,
                  void (*visit)(void *arg, const struct kn_peer_facts *facts, bool has_address),
                  void *arg);

/* Keep the connection to this peer when others are trimmed. */
void kn_host_protect(struct kn_host *host, const struct kn_peer_id *id);

/* The connection to a peer, a direct one rather than a relayed one; NULL: there is none, or the
 * host is being freed. Lent until the loop turns. */
struct kn_connection *kn_host_connection(struct kn_host *host, const struct kn_peer_id *id);

/* Walk the connections; `*at` begins at 0. NULL at the end. One that is lost meanwhile may make the
 * walk miss another. */
struct kn_connection *kn_host_next(struct kn_host *host, size_t *at);

struct kn_host *kn_host_of(const struct kn_connection *connection);

/* Where the other end of a connection is. False: behind a relay. */
bool kn_host_remote(const struct kn_connection *connection, struct kn_endpoint *out);

/* The relay that a connection goes through, and what it lets through; NULL: it is direct. */
struct kn_relayed {
    struct kn_peer_id relay;
    uint32_t duration_s; /* 0: as long as it likes */
    uint64_t bytes;      /* each way; 0: as many as it likes */
};
const struct kn_relayed *kn_host_relayed(const struct kn_connection *connection);

/* Inside lost(): why, or NULL: we have closed it. Lent for the call. */
const struct kn_error *kn_host_lost_why(const struct kn_connection *connection);

/* Close a connection, soon. */
void kn_host_close(struct kn_connection *connection);

/* What has happened to this machine's addresses; ports do not count. */
struct kn_stale {
    bool all; /* it slept: every connection but those of loopback is doubtful */
    const struct kn_endpoint
        *fresh; /* just (re)appeared: what was there before is older than that */
    size_t fresh_count;
    const struct kn_endpoint *here; /* there are these, all in all */
    size_t here_count;
};

/* Close, soon, the direct connections that cannot be alive after that, so that their peers are
 * dialled anew. How many. */
size_t kn_host_drop_stale(struct kn_host *host, const struct kn_stale *stale);

/* Who finds addresses of a peer that we only know by name. A finder that is taken away, before the
 * host is freed, ends its searches itself and calls nobody. */
struct kn_host_finder {
    void *arg;
    /* Call kn_host_learn() with what is found, then done(KN_OK or a failure) once, later. NULL:
     * cannot. */
    void *(*start)(void *arg, const struct kn_peer_id *peer, int timeout_ms,
                   void (*done)(void *done_arg, enum kn_code code), void *done_arg);
    void (*cancel)(void *arg, void *search);
};
void kn_host_set_finder(struct kn_host *host, const struct kn_host_finder *finder);

/*
 * Connect to a peer, or use the connection that is there. Known addresses are tried first, a few
 * at a time; then the finder is asked. `done` gets the connection, or KN_E_REFUSED, KN_E_TIMEOUT,
 * KN_E_UNREACHABLE, KN_E_NOT_FOUND (no address), KN_E_IDENTITY, KN_E_PROTOCOL, KN_E_UNSUPPORTED
 * KN_E_LIMIT (as many connections as there may be, all in use), KN_E_CLOSED (closed at once), with
 * a text that says what answered instead. To ourselves: KN_E_IDENTITY.
 */
struct kn_connect;
typedef void kn_connect_fn(void *arg, enum kn_code code, struct kn_connection *connection,
                           const struct kn_error *err);
enum kn_reach {
    KN_REACH_DIRECT, /* at known addresses, and through no relay */
    KN_REACH_KNOWN,  /* at known addresses only */
    KN_REACH_SEARCH, /* ask the finder when that does not work */
};
/* KN_E_NO_MEMORY; KN_E_CLOSED: the host is being freed. */
KN_MUST_USE enum kn_code kn_connect_start(struct kn_host *host, const struct kn_peer_id *peer,
                                          enum kn_reach reach, int timeout_ms, kn_connect_fn *done,
                                          void *arg, struct kn_connect **out);
void kn_connect_cancel(struct kn_connect *c);

#endif
