/*
 * channel — one stream of hivemind's, seen from the server: frames come in, frames go out.
 *
 * What comes while its owner is busy waits, and the peer is paused when that is much. What does not
 * leave waits here, so that a reply may be larger than a stream lets wait. Private to this folder.
 */
#ifndef KN_SERVING_CHANNEL_H
#define KN_SERVING_CHANNEL_H

#include "network/petals/rpc_frame.h"
#include "network/swarm/connection.h"

struct kn_serving;
struct kn_timer;

/* None of them while the channel is closed. The owner's memory must outlive each call. */
struct kn_channel_events {
    /* Something came: ask kn_channel_peek() until it has nothing. */
    void (*readable)(void *arg);
    /* What was written has left, or is little now. */
    void (*writable)(void *arg);
    /* The peer is gone, or has broken a rule that is told in `err`; the channel is closed. */
    void (*gone)(void *arg);
};

struct kn_channel {
    struct kn_serving *serving;
    struct kn_stream *stream; /* NULL: closed */
    struct kn_connection *connection;
    const struct kn_channel_events *events;
    void *arg;
    struct kn_rpc_frames in;
    struct kn_buffer out;   /* frames, added by the owner; kn_channel_flush() sends them */
    struct kn_timer *again; /* tries to write where nothing will tell that it can */
    size_t extra;           /* bytes that the owner keeps of what came */
    size_t held;            /* of all that, in the books of the server */
    bool busy;
    struct kn_channel *next, **place;
};

/* Take a stream. False: no room or no memory; the peer was told where that could be. */
KN_MUST_USE bool kn_channel_open(struct kn_channel *channel, struct kn_serving *serving,
                                 struct kn_stream *stream, const struct kn_channel_events *events,
                                 void *arg);
/* Release what it holds. */
void kn_channel_done(struct kn_channel *ch);

/* As kn_rpc_frames_peek(), and then to be taken. Any code but KN_OK and KN_E_TRUNCATED: `err` says
 * to the peer what is wrong. */
KN_MUST_USE enum kn_code kn_channel_peek(struct kn_channel *channel, struct kn_rpc_frame *out,
                                         struct kn_error *err);
void kn_channel_take(struct kn_channel *ch, const struct kn_rpc_frame *frame);

/* The owner looks at nothing for a while; or again. */
void kn_channel_set_busy(struct kn_channel *ch, bool busy);
/* Count in what the owner keeps. False: too much, and `err` says so. */
KN_MUST_USE bool kn_channel_account(struct kn_channel *channel, size_t extra, struct kn_error *err);

/* Send what can be sent of `out`. */
void kn_channel_flush(struct kn_channel *ch);
/* Is so little unread that more may be written? And nothing at all? */
bool kn_channel_is_clear(const struct kn_channel *channel);
bool kn_channel_is_empty(const struct kn_channel *channel);

/* Close it: with an error and its text; when all is said; without a word. */
void kn_channel_fail(struct kn_channel *ch, const char *text);
void kn_channel_finish(struct kn_channel *ch);
void kn_channel_reset(struct kn_channel *ch);

/* Say no to a stream that nobody has taken. */
void kn_channel_refuse(struct kn_stream *stream, const char *text);

#endif
