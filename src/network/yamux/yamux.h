/*
 * yamux — many ordered streams over one secure channel.
 *
 * Does no I/O: feed it the bytes that came, take from its output what to send. Not thread-safe.
 * What one session may hold is bounded: KN_YAMUX_STREAMS_MAX streams, each with at most
 * KN_YAMUX_WINDOW bytes that nobody consumed, and KN_YAMUX_GROWTH_MAX more over all of them, and
 * KN_YAMUX_PENDING_MAX that wait for credit, KN_YAMUX_PENDING_ALL_MAX over all of them.
 * spec: hashicorp/yamux spec.md; libp2p yamux.
 */
#ifndef KN_YAMUX_H
#define KN_YAMUX_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/role.h"
#include "lib/base/time.h"

enum {
    KN_YAMUX_WINDOW = 256 * 1024,        /* credit of a new stream, in each direction */
    KN_YAMUX_WINDOW_MAX = 1 << 20,       /* to which it grows while the peer empties it fast */
    KN_YAMUX_GROWTH_MAX = 16 << 20,      /* by which all windows of a session grow together */
    KN_YAMUX_BODY_MAX = 16 * 1024,       /* bytes of one data frame that we send */
    KN_YAMUX_STREAMS_MAX = 512,          /* open at once, both sides' together; more are reset */
    KN_YAMUX_UNACKED_MAX = 200,          /* our own that the peer has not acknowledged yet */
    KN_YAMUX_PENDING_MAX = 8 << 20,      /* bytes of one stream that wait for the peer's credit */
    KN_YAMUX_PENDING_ALL_MAX = 32 << 20, /* of all streams of a session */
    KN_YAMUX_CONTROL_MAX = 64 * 1024,    /* bytes of answers that wait to be sent */
    KN_YAMUX_PING_MS = 30000,            /* between two of our pings */
    KN_YAMUX_PONG_MS = 10000,            /* within which the answer must come */
    KN_YAMUX_LATE_MS = 100,              /* an end that nobody waits for goes alone after */
};

struct kn_outbox_book;
struct kn_outbox_spare;
struct kn_yamux;
struct kn_yamux_stream;

/* How a stream ended for good. */
enum kn_yamux_end {
    KN_YAMUX_ENDED, /* both sides said that they are done */
    KN_YAMUX_RESET, /* the peer gave it up */
    KN_YAMUX_LOST,  /* the session ended */
};

/*
 * What happens on a stream. Every event may write, finish or reset any stream, or open one, but not
 * free the session. Those left NULL are of no interest; streams of the peer are then reset. `user`
 * is what kn_yamux_stream_set_user() was given.
 */
struct kn_yamux_events {
    /* The peer opened one. Set its user, or reset it. */
    void (*opened)(void *arg, struct kn_yamux_stream *stream);
    /* Bytes came; lent for the call. They cost credit until kn_yamux_consumed(). */
    void (*data)(void *user, struct kn_yamux_stream *stream, struct kn_span bytes);
    /* The peer will send no more. */
    void (*finished)(void *user, struct kn_yamux_stream *stream);
    /* All that was written has left with credit; more may be written. Not after our finish. */
    void (*drained)(void *user, struct kn_yamux_stream *stream);
    /* The last event: the stream is gone and its handle dead. Not after our own reset. */
    void (*ended)(void *user, enum kn_yamux_end how);
};

struct kn_yamux_counters {
    uint64_t frames_in, bytes_in, streams_refused, resets_in, pings_in;
};

/* NULL when memory is short. `events` is copied; `arg` goes to opened(). */
KN_MUST_USE struct kn_yamux *kn_yamux_new(enum kn_role role, const struct kn_yamux_events *events,
                                          void *arg, kn_time now);

/* Keep what was sent in here for what comes; it must outlive the session. Before any stream. */
void kn_yamux_lend(struct kn_yamux *y, struct kn_outbox_spare *spare);

/* Every stream that is left gets ended(KN_YAMUX_LOST) first. Not from inside an event. */
void kn_yamux_free(struct kn_yamux *y);

/*
 * Take what the peer sent. KN_E_PROTOCOL: the session is finished; send what kn_yamux_output()
 * still holds (a go-away), then close. KN_E_CLOSED: the peer ended the session by a go-away, close.
 * (With the code 0 it only wants no new streams: KN_OK, and kn_yamux_open() says KN_E_CLOSED.)
 * KN_E_NO_MEMORY: finished too. Not from inside an event.
 */
KN_MUST_USE enum kn_code kn_yamux_input(struct kn_yamux *y, struct kn_span bytes, kn_time now,
                                        struct kn_error *err);

/*
 * Append to `wire` what is to be sent, until at least `most` bytes are or nothing is left: whole
 * frames, so the last may reach beyond. Answers go first; streams take turns.
 */
void kn_yamux_output(struct kn_yamux *y, size_t most, struct kn_buffer *wire);
bool kn_yamux_has_output(const struct kn_yamux *y);

/* When to call kn_yamux_tick(): pings and their answers. KN_E_TIMEOUT: no pong, close. Any other
 * code: as kn_yamux_input(), for what went wrong since. */
kn_time kn_yamux_deadline(const struct kn_yamux *y);
KN_MUST_USE enum kn_code kn_yamux_tick(struct kn_yamux *y, kn_time now);

/* Open a stream. KN_E_LIMIT: too many open or not acknowledged; KN_E_CLOSED: going away;
 * KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_yamux_open(struct kn_yamux *y, void *user,
                                       struct kn_yamux_stream **out);

size_t kn_yamux_stream_count(const struct kn_yamux *y);
const struct kn_yamux_counters *kn_yamux_counters(const struct kn_yamux *y);

/* Milliseconds of the last ping's round trip, -1 before the first. */
int64_t kn_yamux_rtt_ms(const struct kn_yamux *y);

void kn_yamux_stream_set_user(struct kn_yamux_stream *stream, void *user);
bool kn_yamux_stream_is_ours(const struct kn_yamux_stream *stream); /* we opened it */
uint32_t kn_yamux_stream_id(const struct kn_yamux_stream *stream);

/* Queue bytes. KN_E_LIMIT: too many wait on the stream or the session; KN_E_CLOSED: we finished it,
 * or the session is finished; KN_E_NO_MEMORY. After each of them nothing was queued. */
KN_MUST_USE enum kn_code kn_yamux_write(struct kn_yamux_stream *stream, struct kn_span bytes);

/* Bytes that were written and have not left. */
size_t kn_yamux_pending(const struct kn_yamux_stream *stream);

/* Count the memory of what waits on it in `book` too, which is kept until the stream is gone. Once.
 */
void kn_yamux_count_in(struct kn_yamux_stream *stream, struct kn_outbox_book *book);

/* Give back credit for `n` bytes that were handled. */
void kn_yamux_consumed(struct kn_yamux_stream *stream, size_t n);

/* We will write no more; what was written still goes. ended() comes when the peer finishes too. */
void kn_yamux_finish(struct kn_yamux_stream *stream);

/* The same where nobody waits for our end: without bytes before it, it goes behind the next frame
 * of any stream, or alone after KN_YAMUX_LATE_MS. A write and a packet less for most calls. */
void kn_yamux_finish_late(struct kn_yamux_stream *stream);

/* Give it up: what was written is dropped, the handle is dead, no event comes for it, the peer is
 * told. */
void kn_yamux_reset(struct kn_yamux_stream *stream);

#endif
