/*
 * host_parts — what the files of the host share: peers, pipes, dialling.
 *
 * Private to the folder. A pipe is one wire with the libp2p connection on it; a dialling is the one
 * attempt to reach a peer, however many wait for it.
 */
#ifndef KN_SWARM_HOST_PARTS_H
#define KN_SWARM_HOST_PARTS_H

#include "network/swarm/host.h"
#include "network/swarm/wire.h"

enum { KN_HOST_BUCKETS = 512, KN_HOST_PLACES = 1024, KN_HOST_OBSERVERS_MAX = 8 };

struct kn_relay_limit;

struct kn_address {
    struct kn_buffer bytes; /* binary multiaddr without a peer id at its end */
    bool is_relayed;
    enum kn_scope least; /* how far inside a name may lead; of all who told, the innermost */
    bool proven;         /* the peer did answer there */
    unsigned failures;   /* in a row */
    kn_time retry_at;
    kn_time seen;
};

struct kn_peer {
    struct kn_peer_facts facts;
    struct kn_peer *next;          /* of its bucket */
    struct kn_peer *older, *newer; /* in one line of host->lines */
    struct kn_address addresses[KN_HOST_ADDRESSES_MAX];
    size_t address_count;
    struct kn_pipe *pipes; /* that are ready; the first is used, the others are spare */
    struct kn_connect *waiting, **waiting_end; /* first come first */
    struct kn_dialling *dialling;
    bool is_protected;
    bool met; /* it was connected once: others can make up the rest */
};

/* Peers, the one longest not heard of first. */
struct kn_peer_line {
    struct kn_peer *oldest, *newest;
};

/* Pipes, first come first. */
struct kn_pipe_line {
    struct kn_pipe *first, *last;
};

struct kn_pipe {
    struct kn_host *host;
    struct kn_peer *peer; /* once ready */
    struct kn_pipe *next_of_peer;
    struct kn_pipe *next, **place;             /* of all pipes */
    struct kn_pipe *next_dirty, **dirty_place; /* of those that have something to send */
    struct kn_pipe *next_from, **from_place;   /* of those accepted from about the same place */
    struct kn_pipe_line *line;                 /* in which it stands: half_open, used, none */
    struct kn_pipe *before, *after;
    size_t index; /* in host->ready */
    struct kn_wire wire;
    struct kn_connection *connection;
    struct kn_timer *timer;
    struct kn_attempt *attempt; /* that made it, until it is ready */
    struct kn_endpoint remote;  /* of a direct one */
    bool is_relayed;
    struct kn_relayed relayed; /* of one through a relay */
    bool accepted;             /* by a listener, or from a relay */
    bool ready, closing, ended, heard;
    const struct kn_error *why;      /* of its end, while that is told */
    kn_time born, ready_at, used_at; /* used: had a stream */
    kn_time asking_since;
    unsigned asked;
    size_t held;
    struct kn_outbox_book answers;         /* to calls, that it has not taken */
    struct kn_connection_counters counted; /* of the connection, that the host's counters have */
};

struct kn_host {
    struct kn_host_options options;
    struct kn_random random;
    uint64_t seed; /* of the hash tables below: nobody outside can aim at one bucket */
    bool ending;
    struct kn_protocol served[KN_HOST_PROTOCOLS_MAX];
    struct kn_protocols protocols;
    struct kn_listener *listeners[KN_HOST_LISTENERS_MAX];
    size_t listener_count;
    struct kn_peer *buckets[KN_HOST_BUCKETS];
    struct kn_peer_line lines[2]; /* [met] */
    size_t peer_count;
    struct kn_pipe *pipes, *dirty;
    struct kn_pipe *places[KN_HOST_PLACES];
    struct kn_pipe_line half_open, used; /* accepted; ready, the longest idle first */
    struct kn_pipe **ready;
    size_t pipe_count, accepted_count, half_open_count, ready_count, ready_room;
    size_t held;
    struct kn_outbox_book answers; /* of all pipes */
    struct kn_timer *flush;
    struct kn_host_observer observers[KN_HOST_OBSERVERS_MAX];
    size_t observer_count;
    struct kn_host_finder finder;
    struct kn_announcer {
        kn_announcer_fn *tell;
        void *arg;
    } announcer, more[KN_HOST_ANNOUNCERS_MAX]; /* asked first; and then */
    size_t more_count;
    struct kn_dialling *queue; /* that wait for their turn, and those under way */
    size_t dialling_count;
    uint8_t marks[32 * KN_HOST_MARK_MAX]; /* random bytes, the last ones not given away yet */
    size_t marks_left;
    struct kn_connection_memory memory;
    struct kn_buffer scratch; /* what a pipe sends is put together here */
    struct kn_host_counters counters;
};

/* host.c: is anything registered with this `arg` still, that kn_host_forget() would drop? */
bool kn_host_knows(const struct kn_host *host, const void *arg);

/* host.c: what of the time for a connection goes to a step that usually takes at most that. */
int kn_host_part(const struct kn_host *host, int usual_ms);

/* host.c: bytes of anybody to a number that nobody can foresee. */
uint64_t kn_host_hash(const struct kn_host *host, struct kn_span bytes);

/* admit.c: who may come in, and who goes for it. */
void kn_host_accept(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from);
/* May a relay bring one more? */
bool kn_host_has_relayed_room(struct kn_host *host, const struct kn_peer_id *relay);
/* Close what is idle above the limit, which may have become lower. */
void kn_host_trim(struct kn_host *host);
/* False: as many connections as there may be, and those looked at are in use. */
bool kn_host_make_room(struct kn_host *host);
void kn_pipe_arrived(struct kn_pipe *pipe); /* by a listener */
void kn_pipe_left(struct kn_pipe *pipe);
/* Last in that line now, and in no other; NULL: in none. */
void kn_pipe_stand(struct kn_pipe *pipe, struct kn_pipe_line *line);

/* admit.c: a message that is not complete holds `n` bytes now, `*held` before. False: too many. */
bool kn_host_hold(struct kn_connection *connection, size_t *held, size_t n);
/* admit.c: may an answer of `n` bytes wait until the peer has taken it? False: too much does. */
bool kn_host_may_answer(struct kn_connection *connection, size_t n);
/* admit.c: the answer that is written to this stream counts. */
void kn_host_count_answer(struct kn_stream *stream);
/* admit.c: one more question that costs us a walk. False: too many in this second. */
bool kn_host_may_ask(struct kn_connection *connection);
struct kn_host_counters *kn_counters_of(const struct kn_connection *connection);

/* peers.c */
struct kn_peer *kn_peer_find(struct kn_host *host, const struct kn_peer_id *id);
struct kn_peer *kn_peer_make(struct kn_host *host, const struct kn_peer_id *id); /* or NULL */
struct kn_address *kn_peer_address(struct kn_peer *peer, struct kn_span bytes);
struct kn_pipe *kn_peer_pipe(const struct kn_peer *peer); /* the one to use, or NULL */
void kn_peer_meet(struct kn_host *host, struct kn_peer *peer);
void kn_peers_free(struct kn_host *host);
/* Has it an address that did not fail when it was tried last? */
bool kn_peer_has_fresh_address(struct kn_host *host, const struct kn_peer_id *id);

/* pipe.c; `attempt` may be NULL. Takes the TCP connection. NULL when memory is short. */
struct kn_pipe *kn_pipe_new(struct kn_host *host, KN_TAKES struct kn_tcp *tcp, enum kn_role role,
                            const struct kn_peer_id *expected, const struct kn_endpoint *remote,
                            struct kn_attempt *attempt);
/* The same on a stream that a relay has joined to one of the peer. */
struct kn_pipe *kn_pipe_new_relayed(struct kn_host *host, KN_TAKES struct kn_stream *stream,
                                    enum kn_role role, const struct kn_peer_id *expected,
                                    const struct kn_relayed *relayed, struct kn_attempt *attempt);
/* Bytes that came before there was a pipe. It may be gone afterwards. */
void kn_pipe_input(struct kn_pipe *pipe, struct kn_span bytes);
/* End it now. Not from inside an event of its connection. */
void kn_pipe_free(struct kn_pipe *pipe);
void kn_pipes_flush(void *arg);

/* relay_dial.c: have a relay join us to a peer. `done` comes once, later: with KN_OK the stream
 * (its to keep) and what came on it already; else a text that says why not. */
struct kn_relay_dial;
typedef void kn_relay_dial_fn(void *arg, enum kn_code code, struct kn_stream *stream,
                              struct kn_span early, const struct kn_relayed *relayed,
                              const struct kn_error *err);
KN_MUST_USE enum kn_code kn_relay_dial_start(struct kn_host *host, const struct kn_peer_id *relay,
                                             const struct kn_peer_id *peer, kn_relay_dial_fn *done,
                                             void *arg, struct kn_relay_dial **out);
void kn_relay_dial_cancel(struct kn_relay_dial *dial);
void kn_relayed_of(const struct kn_peer_id *relay, const struct kn_relay_limit *limit,
                   struct kn_relayed *out);

/* dial.c */
KN_MUST_USE bool kn_dialling_begin(struct kn_host *host, struct kn_peer *peer);
/* The peer came to us: only handshakes under way may go on. */
void kn_dialling_met(struct kn_dialling *d);
/* What is known so far of why it takes so long; err->code is KN_OK when nothing is. */
void kn_dialling_why(const struct kn_dialling *d, struct kn_error *err);
void kn_dialling_cancel(struct kn_dialling *d);

/* Nobody waits for it any more: it ends with the next turn of the loop, unless somebody does
 * then. */
void kn_dialling_leave(struct kn_dialling *d);
/* Milliseconds that an attempt still has; at least 1. */
int kn_attempt_left(const struct kn_attempt *a);
/* The pipe of an attempt is ready (KN_OK), or failed and is about to be freed. */
void kn_attempt_settled(struct kn_attempt *a, enum kn_code code, const struct kn_error *err);

/* connect.c: does anybody who waits for this peer allow a search, or a relay? */
bool kn_connects_may_search(const struct kn_peer *peer);
bool kn_connects_may_relay(const struct kn_peer *peer);

/* connect.c: everybody who waits for this peer hears it. */
void kn_connects_settle(struct kn_peer *peer, enum kn_code code, const struct kn_error *err);

#endif
