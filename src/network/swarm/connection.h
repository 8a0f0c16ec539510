/*
 * connection — one peer on one pipe: agree on Noise, shake hands, agree on yamux, then streams.
 *
 * Does no I/O: give it the bytes that came, take from it what to send. A stream agrees on its
 * protocol by itself; a stream of ours that knows just one name may be written to at once, and the
 * words travel with the proposal. Not thread-safe.
 * spec: libp2p connections, "Upgrading connections"; multistream-select 1.0.0.
 */
#ifndef KN_SWARM_CONNECTION_H
#define KN_SWARM_CONNECTION_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/role.h"
#include "lib/base/time.h"
#include "lib/codec/peer_id.h"
#include "network/yamux/outbox.h"

struct kn_key;

enum {
    KN_UPGRADE_MS = 15000,          /* until streams can be opened, when nobody says */
    KN_STREAM_SILENT_MS = 60000,    /* a peer may open a stream long before it speaks on it */
    KN_STREAM_NEGOTIATE_MS = 10000, /* from its first byte until a protocol is agreed on */
    KN_STREAM_ANSWER_MS = 60000, /* until the peer has agreed on a protocol of a stream of ours */
    KN_STREAM_LINGER_MS = 30000, /* until a stream that we are done with is reset */
};

struct kn_connection;
struct kn_stream;

/* What happens on a stream. Every event may use or reset any stream of the connection. */
struct kn_stream_events {
    /* One of ours: the peer speaks the protocol `name`. May be NULL. */
    void (*ready)(void *arg, struct kn_stream *stream, const char *name);
    /* Lent for the call; the peer may send as much again afterwards, unless it is paused. */
    void (*data)(void *arg, struct kn_stream *stream, struct kn_span bytes);
    /* The peer will send no more. */
    void (*finished)(void *arg, struct kn_stream *stream);
    /* All that was written has left. May be NULL. */
    void (*drained)(void *arg, struct kn_stream *stream);
    /* The last event, and the handle is dead: KN_OK both sides finished; KN_E_UNSUPPORTED the peer
     * speaks none of the names; KN_E_CLOSED it was given up; KN_E_PROTOCOL, KN_E_TIMEOUT,
     * KN_E_NO_MEMORY. Not after our own reset. */
    void (*ended)(void *arg, enum kn_code code);
};

/* A protocol that we speak. */
struct kn_protocol {
    const char *name;
    /* A peer opened a stream for it: call kn_stream_serve() or reset it. */
    void (*opened)(void *arg, struct kn_stream *stream);
    void *arg;
};

/* All protocols that we speak; may grow while connections are open. */
struct kn_protocols {
    const struct kn_protocol *at;
    size_t n;
};

/* Memory that all connections of one thread use in turn. Start from { 0 }. */
struct kn_connection_memory {
    struct kn_buffer plain; /* what was deciphered is read here */
    struct kn_outbox_spare spare;
};
void kn_connection_memory_done(struct kn_connection_memory *memory);

struct kn_connection_options {
    enum kn_role role;
    const struct kn_key *identity;        /* kept */
    const struct kn_peer_id *expected;    /* copied; NULL: whoever it is */
    const struct kn_protocols *protocols; /* kept */
    const struct kn_random *random;       /* copied */
    struct kn_connection_memory *memory;  /* kept; NULL: each its own */
    int upgrade_ms;                       /* until streams can be opened; 0: the usual */
    void *owner;                          /* what kn_connection_owner() gives */
    void (*wake)(void *owner);            /* there is output, outside of input and tick; or NULL */
};

/* NULL when memory is short. */
KN_MUST_USE struct kn_connection *kn_connection_new(const struct kn_connection_options *options,
                                                    kn_time now);

/* Streams that are left get ended(KN_E_CLOSED) first. Not from inside an event. */
void kn_connection_free(struct kn_connection *c);

/*
 * Take what came. After a failure send what kn_connection_output() still gives and close. As soon
 * as it becomes ready it stops; what came behind is handled by the next call, perhaps with no
 * bytes, so that its owner can make room for the peer before the first stream.
 * KN_E_PROTOCOL: it does not speak libp2p, or broke a protocol; KN_E_UNSUPPORTED: speaks neither
 * Noise nor yamux; KN_E_IDENTITY: another peer than expected; KN_E_CLOSED: said good-bye.
 */
KN_MUST_USE enum kn_code kn_connection_input(struct kn_connection *connection, struct kn_span bytes,
                                             kn_time now, struct kn_error *err);

/* Append to `wire` about `most` bytes of what is to be sent. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_connection_output(struct kn_connection *connection, size_t most,
                                              struct kn_buffer *wire);

/* When to call tick. KN_E_TIMEOUT: the peer is silent, close. */
kn_time kn_connection_deadline(const struct kn_connection *c);
KN_MUST_USE enum kn_code kn_connection_tick(struct kn_connection *connection, kn_time now,
                                            struct kn_error *err);

/* Streams work and the peer is known. */
bool kn_connection_is_ready(const struct kn_connection *connection);

/* Has anything come that looks like libp2p? Tells a wrong peer from something else entirely. */
bool kn_connection_has_spoken(const struct kn_connection *connection);

/* Who it is; NULL before that is proven. After KN_E_IDENTITY: who answered instead. */
const struct kn_peer_id *kn_connection_peer(const struct kn_connection *c);
struct kn_span kn_connection_peer_key(const struct kn_connection *c);
void *kn_connection_owner(const struct kn_connection *c);
enum kn_role kn_connection_role(const struct kn_connection *c);
size_t kn_connection_streams(const struct kn_connection *c);

/* What was refused to the peer so far. */
struct kn_connection_counters {
    uint64_t streams_refused;   /* more than may be open */
    uint64_t protocols_refused; /* names that are not spoken here */
    uint64_t streams_expired;   /* silent, slow or lingering until their time was over */
};
void kn_connection_counters(const struct kn_connection *c, struct kn_connection_counters *out);

int64_t kn_connection_rtt_ms(const struct kn_connection *c); /* -1: not measured */

/*
 * Open a stream for the first of `names` (NULL at the end; kept until the stream is gone, and so
 * beyond kn_stream_forget()) that the peer speaks. KN_E_LIMIT: too many streams; KN_E_CLOSED;
 * KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_stream_open(struct kn_connection *connection, const char *const *names,
                                        const struct kn_stream_events *events, void *arg,
                                        struct kn_stream **out);

/* Take a stream that a peer opened. `events` is kept. */
void kn_stream_serve(struct kn_stream *s, const struct kn_stream_events *events, void *arg);

struct kn_connection *kn_stream_connection(const struct kn_stream *s);

/* Queue bytes. KN_E_LIMIT, KN_E_CLOSED, KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_stream_write(struct kn_stream *stream, struct kn_span bytes);

/* Bytes written that wait for the peer's credit. */
size_t kn_stream_pending(const struct kn_stream *s);

/* Count the memory of those in `book` too, which is kept as long as the connection. Once. */
void kn_stream_count_in(struct kn_stream *s, struct kn_outbox_book *book);

/* While it is paused, its peer gets no credit for what came: at most a window more comes. */
void kn_stream_pause(struct kn_stream *s, bool paused);

/* Let it end with KN_E_TIMEOUT `ms` from now, or from the next tick; each call moves it. */
void kn_stream_expire_in(struct kn_stream *s, int ms);

/* No more from us; the rest still goes. */
void kn_stream_finish(struct kn_stream *s);

/* Done with it in both directions: what was written still goes, what comes is dropped, and no
 * event comes any more. A peer that does not finish within KN_STREAM_LINGER_MS is reset. */
void kn_stream_forget(struct kn_stream *s);

/* Give it up: the handle is dead and no event comes for it. */
void kn_stream_reset(struct kn_stream *s);

#endif
