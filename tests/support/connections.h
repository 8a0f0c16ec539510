/*
 * connections — both ends of a connection over a pipe in memory, with their events as text.
 *
 * Every stream writes down what happens on it: "ready:/a data:hello fin drained end:KN_OK".
 */
#ifndef KN_TESTS_CONNECTIONS_H
#define KN_TESTS_CONNECTIONS_H

#include "lib/crypto/key.h"
#include "network/swarm/connection.h"
#include "support/check.h"

enum { SIDE_LOG = 1024, SIDE_STREAMS = 8 };

struct side;

struct side_stream {
    struct side *side;
    struct kn_stream *stream; /* NULL: gone */
};

struct side {
    struct kn_key *key;
    struct kn_connection *c;
    struct kn_connection_memory memory;
    struct kn_protocol spoken[2];
    struct kn_protocols protocols;
    char log[SIDE_LOG];
    struct side_stream streams[SIDE_STREAMS]; /* a peer's; those of ours are the last ones */
    size_t served, opened;
    unsigned wakes;
    bool echoes; /* what comes goes back, and the end too */
    enum kn_code code;
    struct kn_error err;
};

struct pair {
    uint64_t seed;
    struct kn_random random;
    struct side a, b; /* a dials */
    kn_time now;
    size_t piece; /* bytes of one delivery */
};

static inline void side_say(struct side *side, const char *what, const char *more, size_t n)
{
    size_t at = strlen(side->log);

    (void)snprintf(side->log + at, SIDE_LOG - at, "%s%s%.*s", at == 0 ? "" : " ", what, (int)n,
                   more);
}

static inline void side_ready(void *arg, struct kn_stream *stream, const char *name)
{
    struct side_stream *s = arg;

    (void)stream;
    side_say(s->side, "ready:", name, strlen(name));
}

static inline void side_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct side_stream *s = arg;

    if (bytes.n < 40)
        side_say(s->side, "data:", (const char *)bytes.at, bytes.n);
    if (s->side->echoes && kn_stream_write(stream, bytes) != KN_OK)
        kn_stream_reset(stream);
}

static inline void side_finished(void *arg, struct kn_stream *stream)
{
    struct side_stream *s = arg;

    side_say(s->side, "fin", "", 0);
    if (s->side->echoes)
        kn_stream_finish(stream);
}

static inline void side_ended(void *arg, enum kn_code code)
{
    struct side_stream *s = arg;

    s->stream = NULL;
    side_say(s->side, "end:", kn_code_name(code), strlen(kn_code_name(code)));
}

static const struct kn_stream_events side_events = {
    .ready = side_ready,
    .data = side_data,
    .finished = side_finished,
    .ended = side_ended,
};

static inline void side_serve(void *arg, struct kn_stream *stream)
{
    struct side *side = arg;
    struct side_stream *s = &side->streams[side->served++ % (SIDE_STREAMS / 2)];

    s->side = side;
    s->stream = stream;
    side_say(side, "open", "", 0);
    kn_stream_serve(stream, &side_events, s);
}

static inline void side_nobody(void *arg, struct kn_stream *stream)
{
    (void)arg;
    (void)stream;
}

static inline void side_wake(void *owner)
{
    struct side *side = owner;

    side->wakes++;
}

/* The protocols of each side: /echo is served, /nobody is spoken and not served. */
static inline bool side_open(struct side *side, struct pair *pair, enum kn_role role,
                             const struct kn_peer_id *expected)
{
    const struct kn_connection_options options = {
        .role = role,
        .identity = side->key,
        .expected = expected,
        .protocols = &side->protocols,
        .random = &pair->random,
        .memory = role == KN_ROLE_DIALER ? &side->memory : NULL, /* with and without */
        .owner = side,
        .wake = side_wake,
    };

    side->spoken[0] = (struct kn_protocol){ "/echo", side_serve, side };
    side->spoken[1] = (struct kn_protocol){ "/nobody", side_nobody, side };
    side->protocols = (struct kn_protocols){ side->spoken, KN_COUNT(side->spoken) };
    side->c = kn_connection_new(&options, pair->now);
    return side->c != NULL;
}

static inline void side_close(struct side *side)
{
    kn_connection_free(side->c);
    side->c = NULL;
    kn_connection_memory_done(&side->memory);
}

/* A stream of ours for the first of `names`. */
static inline struct kn_stream *side_stream(struct side *side, const char *const *names)
{
    struct side_stream *s = &side->streams[SIDE_STREAMS / 2 + side->opened++ % (SIDE_STREAMS / 2)];

    s->side = side;
    CHECK_EQ("open", kn_stream_open(side->c, names, &side_events, s, &s->stream), KN_OK);
    return s->stream;
}

/* Deliver what `from` has to say. Bytes moved. */
static inline size_t pass_on(struct pair *pair, struct side *from, struct side *to)
{
    struct kn_buffer wire = { 0 };
    enum kn_code rc = kn_connection_output(from->c, SIZE_MAX, &wire);
    size_t n = wire.n;

    if (rc != KN_OK && from->code == KN_OK)
        from->code = rc;
    for (size_t at = 0; at < n && to->code == KN_OK; at += pair->piece) {
        size_t part = n - at < pair->piece ? n - at : pair->piece;

        to->code = kn_connection_input(to->c, kn_span(kn_buffer_get(&wire).at + at, part),
                                       pair->now, &to->err);
        if (to->code == KN_OK)
            to->code = kn_connection_input(to->c, kn_span(NULL, 0), pair->now, &to->err);
    }
    kn_buffer_done(&wire);
    return n;
}

/* Until neither has anything to say. */
static inline void pair_settle(struct pair *pair)
{
    while (pass_on(pair, &pair->a, &pair->b) + pass_on(pair, &pair->b, &pair->a) > 0)
        continue;
}

/* Time passes, second by second, and each ticks when it wants to. */
static inline void pair_wait(struct pair *pair, kn_time ms)
{
    kn_time end = pair->now + ms;

    while (pair->now < end) {
        struct side *const sides[] = { &pair->a, &pair->b };

        pair->now = pair->now + 1000 < end ? pair->now + 1000 : end;
        for (size_t i = 0; i < 2; i++) {
            if (sides[i]->code == KN_OK && kn_connection_deadline(sides[i]->c) <= pair->now)
                sides[i]->code = kn_connection_tick(sides[i]->c, pair->now, &sides[i]->err);
        }
        pair_settle(pair);
    }
}

static inline void pair_keys(struct pair *pair)
{
    *pair = (struct pair){ .seed = 1, .now = 1000, .piece = SIZE_MAX / 2 };
    pair->random = kn_random_seeded(&pair->seed);
    CHECK_EQ("key", kn_key_new(&pair->random, &pair->a.key), KN_OK);
    CHECK_EQ("key", kn_key_new(&pair->random, &pair->b.key), KN_OK);
}

static inline void pair_open(struct pair *pair)
{
    CHECK("memory", side_open(&pair->a, pair, KN_ROLE_DIALER, kn_key_peer_id(pair->b.key)));
    CHECK("memory", side_open(&pair->b, pair, KN_ROLE_LISTENER, NULL));
}

/* Connected, and nothing left to be said. */
static inline void pair_start(struct pair *pair)
{
    pair_keys(pair);
    pair_open(pair);
    pair_settle(pair);
    CHECK("ready", kn_connection_is_ready(pair->a.c) && kn_connection_is_ready(pair->b.c));
    pair_wait(pair, 1000); /* the first pings */
}

static inline void pair_stop(struct pair *pair)
{
    side_close(&pair->a);
    side_close(&pair->b);
    kn_key_free(pair->a.key);
    kn_key_free(pair->b.key);
}

#endif
