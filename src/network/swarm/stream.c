#include "network/swarm/stream.h"

#include "lib/base/memory.h"
#include "network/proto/multistream.h"
#include "network/yamux/yamux.h"

struct kn_stream {
    struct kn_stream_set *set;
    struct kn_yamux_stream *yamux;
    const struct kn_stream_events *events;
    void *arg;
    struct kn_multistream *select; /* until there is an agreement */
    bool ours;
    bool spoken; /* a peer's: its first byte has come */
    bool paused;
    size_t owed;   /* credit that the peer gets once it is not paused */
    bool dead;     /* given up while one of its events runs: freed when that ends */
    unsigned busy; /* events that run */
    int wait_ms;   /* from the next tick, where the time is known, to end_by; 0: it is set */
    kn_time end_by;
    struct kn_stream *next, **place; /* in set->timed */
};

static void link_stream(struct kn_stream *s)
{
    s->next = s->set->timed;
    s->place = &s->set->timed;
    if (s->next != NULL)
        s->next->place = &s->next;
    s->set->timed = s;
}

static void unlink_stream(struct kn_stream *s)
{
    if (s->place == NULL)
        return;
    *s->place = s->next;
    if (s->next != NULL)
        s->next->place = s->place;
    s->place = NULL;
}

static void end_negotiation(struct kn_stream *s)
{
    unlink_stream(s);
    if (s->select == NULL)
        return;
    if (!s->ours)
        s->set->counters.protocols_refused += s->select->refusals;
    kn_multistream_done(s->select);
    kn_free(s->select);
    s->select = NULL;
}

/* Nobody touches it any more, or: as soon as its running events have ended. */
static void drop(struct kn_stream *s)
{
    end_negotiation(s);
    s->dead = true;
    s->yamux = NULL;
    if (s->busy == 0)
        kn_free(s);
}

static void enter(struct kn_stream *s)
{
    s->busy++;
}

/* True when the stream is still there. */
static bool leave(struct kn_stream *s)
{
    bool alive = !s->dead;

    s->busy--;
    if (!alive && s->busy == 0)
        kn_free(s);
    return alive;
}

static struct kn_stream *new_stream(struct kn_stream_set *set, bool ours)
{
    struct kn_stream *s = kn_try_alloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    s->select = kn_try_alloc(sizeof(*s->select));
    if (s->select == NULL) {
        kn_free(s);
        return NULL;
    }
    s->set = set;
    s->ours = ours;
    s->wait_ms = ours ? KN_STREAM_ANSWER_MS : KN_STREAM_SILENT_MS;
    link_stream(s);
    return s;
}

static const struct kn_protocol *find_protocol(const struct kn_protocols *all, struct kn_span name)
{
    for (size_t i = 0; i < all->n; i++) {
        if (kn_span_equal(kn_span_text(all->at[i].name), name))
            return &all->at[i];
    }
    return NULL;
}

static const char *find_name(void *arg, struct kn_span name)
{
    const struct kn_stream_set *set = arg;
    const struct kn_protocol *protocol = find_protocol(set->protocols, name);

    return protocol != NULL ? protocol->name : NULL;
}

static void on_opened(void *arg, struct kn_yamux_stream *yamux)
{
    struct kn_stream *s = new_stream(arg, false);

    if (s == NULL) {
        kn_yamux_reset(yamux);
        return;
    }
    s->yamux = yamux;
    kn_yamux_stream_set_user(yamux, s);
    kn_multistream_listen(s->select, find_name, s->set);
}

/* Give a stream up because of what happened on it, and tell who uses it. */
static void fail_stream(struct kn_stream *s, enum kn_code code)
{
    const struct kn_stream_events *events = s->events;
    void *arg = s->arg;

    kn_stream_reset(s);
    if (events != NULL)
        events->ended(arg, code);
}

/* There is an agreement: the stream belongs to its protocol from here on. */
static void hand_over(struct kn_stream *s, const char *name)
{
    const struct kn_protocol *protocol;

    end_negotiation(s);
    if (s->ours) {
        if (s->events->ready != NULL)
            s->events->ready(s->arg, s, name);
        return;
    }
    protocol = find_protocol(s->set->protocols, kn_span_text(name));
    if (protocol != NULL)
        protocol->opened(protocol->arg, s);
    if (!s->dead && s->events == NULL)
        kn_stream_reset(s);
}

/*
 * A negotiation failed. A peer that we have refused a name may have sent its request along, which
 * is no name: it must still read the refusal, so the stream ends and is not reset.
 */
static void fail_negotiation(struct kn_stream *s, enum kn_code code, struct kn_span answer)
{
    bool refused = !s->ours && code == KN_E_PROTOCOL && s->select->refusals > 0;

    if (refused && (answer.n == 0 || kn_yamux_write(s->yamux, answer) == KN_OK)) {
        end_negotiation(s);
        kn_stream_forget(s);
    } else {
        fail_stream(s, code == KN_E_REFUSED ? KN_E_UNSUPPORTED : code);
    }
}

/* Returns what is left for the protocol. The stream may be dead afterwards. */
static struct kn_span negotiate(struct kn_stream *s, struct kn_span bytes)
{
    struct kn_buffer answer = { 0 };
    size_t used = 0;
    enum kn_code rc = kn_multistream_input(s->select, bytes, &used, &answer, NULL);

    if (rc == KN_OK && answer.n > 0)
        rc = kn_yamux_write(s->yamux, kn_buffer_get(&answer));
    else if (rc == KN_OK && answer.failed)
        rc = KN_E_NO_MEMORY;
    if (rc != KN_OK)
        fail_negotiation(s, rc, kn_buffer_get(&answer));
    kn_buffer_done(&answer);
    if (rc != KN_OK)
        return kn_span(NULL, 0);
    if (!s->ours && !s->spoken) {
        s->spoken = true;
        s->wait_ms = KN_STREAM_NEGOTIATE_MS;
    }
    kn_yamux_consumed(s->yamux, used);
    if (s->select->agreed != NULL)
        hand_over(s, s->select->agreed);
    return kn_span(bytes.at + used, bytes.n - used);
}

static void on_data(void *user, struct kn_yamux_stream *yamux, struct kn_span bytes)
{
    struct kn_stream *s = user;

    (void)yamux;
    enter(s);
    if (s->select != NULL)
        bytes = negotiate(s, bytes);
    if (!s->dead && bytes.n > 0) {
        s->events->data(s->arg, s, bytes);
        if (!s->dead && s->paused)
            s->owed += bytes.n;
        else if (!s->dead)
            kn_yamux_consumed(s->yamux, bytes.n);
    }
    (void)leave(s);
}

static void on_finished(void *user, struct kn_yamux_stream *yamux)
{
    struct kn_stream *s = user;

    (void)yamux;
    if (s->select != NULL) {
        /* spec: multistream-select; an end in the middle of it is a failure on both sides. */
        fail_stream(s, KN_E_CLOSED);
        return;
    }
    enter(s);
    s->events->finished(s->arg, s);
    (void)leave(s);
}

static void on_drained(void *user, struct kn_yamux_stream *yamux)
{
    struct kn_stream *s = user;

    (void)yamux;
    if (s->select != NULL || s->events->drained == NULL)
        return;
    enter(s);
    s->events->drained(s->arg, s);
    (void)leave(s);
}

static void on_ended(void *user, enum kn_yamux_end how)
{
    struct kn_stream *s = user;
    const struct kn_stream_events *events = s->events;
    void *arg = s->arg;

    drop(s);
    if (events != NULL)
        events->ended(arg, how == KN_YAMUX_ENDED ? KN_OK : KN_E_CLOSED);
}

const struct kn_yamux_events kn_stream_yamux_events = {
    .opened = on_opened,
    .data = on_data,
    .finished = on_finished,
    .drained = on_drained,
    .ended = on_ended,
};

static enum kn_code propose(struct kn_stream *s, const char *const *names)
{
    struct kn_buffer wire = { 0 };
    enum kn_code rc;

    kn_multistream_dial(s->select, names, &wire);
    rc = wire.failed ? KN_E_NO_MEMORY : kn_yamux_write(s->yamux, kn_buffer_get(&wire));
    kn_buffer_done(&wire);
    return rc;
}

enum kn_code kn_stream_open(struct kn_connection *connection, const char *const *names,
                            const struct kn_stream_events *events, void *arg,
                            struct kn_stream **out)
{
    struct kn_stream_set *set = kn_connection_stream_set(connection);
    struct kn_stream *s;
    enum kn_code rc;

    if (set->yamux == NULL)
        return KN_E_CLOSED;
    s = new_stream(set, true);
    if (s == NULL)
        return KN_E_NO_MEMORY;
    rc = kn_yamux_open(set->yamux, s, &s->yamux);
    if (rc == KN_OK)
        rc = propose(s, names);
    if (rc != KN_OK) {
        kn_stream_reset(s);
        return rc;
    }
    s->events = events;
    s->arg = arg;
    *out = s;
    kn_connection_wake(connection);
    return KN_OK;
}

void kn_stream_serve(struct kn_stream *s, const struct kn_stream_events *events, void *arg)
{
    s->events = events;
    s->arg = arg;
}

struct kn_connection *kn_stream_connection(const struct kn_stream *s)
{
    return s->set->connection;
}

enum kn_code kn_stream_write(struct kn_stream *s, struct kn_span bytes)
{
    enum kn_code rc = s->dead ? KN_E_CLOSED : kn_yamux_write(s->yamux, bytes);

    if (rc == KN_OK)
        kn_connection_wake(s->set->connection);
    return rc;
}

void kn_stream_finish(struct kn_stream *s)
{
    if (s->dead)
        return;
    kn_yamux_finish(s->yamux);
    kn_connection_wake(s->set->connection);
}

static void drop_data(void *arg, struct kn_stream *s, struct kn_span bytes)
{
    (void)arg;
    (void)s;
    (void)bytes;
}

static void drop_finished(void *arg, struct kn_stream *s)
{
    (void)arg;
    (void)s;
}

static void drop_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events drop_events = {
    .data = drop_data,
    .finished = drop_finished,
    .ended = drop_ended,
};

void kn_stream_forget(struct kn_stream *s)
{
    if (s->dead)
        return;
    kn_stream_pause(s, false);
    s->events = &drop_events;
    kn_stream_expire_in(s, KN_STREAM_LINGER_MS);
    kn_yamux_finish_late(s->yamux);
    kn_connection_wake(s->set->connection);
}

void kn_stream_reset(struct kn_stream *s)
{
    if (s == NULL || s->dead)
        return;
    if (s->yamux != NULL) {
        kn_yamux_reset(s->yamux);
        kn_connection_wake(s->set->connection);
    }
    drop(s);
}

size_t kn_stream_pending(const struct kn_stream *s)
{
    return s->dead ? 0 : kn_yamux_pending(s->yamux);
}

void kn_stream_count_in(struct kn_stream *s, struct kn_outbox_book *book)
{
    if (!s->dead)
        kn_yamux_count_in(s->yamux, book);
}

void kn_stream_pause(struct kn_stream *s, bool paused)
{
    if (s->dead)
        return;
    s->paused = paused;
    if (paused || s->owed == 0)
        return;
    kn_yamux_consumed(s->yamux, s->owed);
    s->owed = 0;
    kn_connection_wake(s->set->connection);
}

void kn_stream_expire_in(struct kn_stream *s, int ms)
{
    if (s->dead)
        return;
    s->wait_ms = ms;
    if (s->place == NULL)
        link_stream(s);
    kn_connection_wake(s->set->connection); /* the deadline is another now */
}

kn_time kn_stream_set_deadline(const struct kn_stream_set *set)
{
    kn_time first = KN_NEVER;

    for (const struct kn_stream *s = set->timed; s != NULL; s = s->next) {
        if (s->wait_ms > 0)
            return set->now;
        first = kn_time_min(first, s->end_by);
    }
    return first;
}

void kn_stream_set_date(struct kn_stream_set *set, kn_time now)
{
    set->now = now;
    for (struct kn_stream *s = set->timed; s != NULL; s = s->next) {
        if (s->wait_ms > 0)
            s->end_by = now + s->wait_ms;
        s->wait_ms = 0;
    }
}

static struct kn_stream *find_late(const struct kn_stream_set *set, kn_time now)
{
    struct kn_stream *s = set->timed;

    while (s != NULL && (s->wait_ms > 0 || s->end_by > now))
        s = s->next;
    return s;
}

void kn_stream_set_tick(struct kn_stream_set *set, kn_time now)
{
    struct kn_stream *late;

    kn_stream_set_date(set, now);
    /* Who is told may give up any other stream: begin again after each. */
    while ((late = find_late(set, now)) != NULL) {
        set->counters.streams_expired++;
        fail_stream(late, KN_E_TIMEOUT);
    }
}
