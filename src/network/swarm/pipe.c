/* pipe: one wire and what runs on it. */
#include "lib/base/memory.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/stream.h"

/* When a second connection to the same peer has been idle for long enough. */
static kn_time spare_until(const struct kn_pipe *pipe)
{
    if (!pipe->ready || kn_peer_pipe(pipe->peer) == pipe ||
        kn_connection_streams(pipe->connection) > 0)
        return KN_NEVER;
    return pipe->used_at + KN_HOST_SPARE_MS;
}

static void set_timer(struct kn_pipe *pipe)
{
    kn_timer_set(pipe->timer,
                 kn_time_min(kn_connection_deadline(pipe->connection), spare_until(pipe)));
}

static void count(struct kn_pipe *pipe)
{
    struct kn_host_counters *all = &pipe->host->counters;
    struct kn_connection_counters now;

    kn_connection_counters(pipe->connection, &now);
    all->streams_refused += now.streams_refused - pipe->counted.streams_refused;
    all->protocols_refused += now.protocols_refused - pipe->counted.protocols_refused;
    all->streams_expired += now.streams_expired - pipe->counted.streams_expired;
    pipe->counted = now;
}

/* In use while it has a stream: yamux alone asks for a sign of life twice a minute. */
static void note_use(struct kn_pipe *pipe)
{
    if (!pipe->ready || kn_connection_streams(pipe->connection) == 0)
        return;
    pipe->used_at = kn_loop_now(pipe->host->options.loop);
    kn_pipe_stand(pipe, &pipe->host->used);
}

static void unlink_dirty(struct kn_pipe *pipe)
{
    if (pipe->dirty_place == NULL)
        return;
    *pipe->dirty_place = pipe->next_dirty;
    if (pipe->next_dirty != NULL)
        pipe->next_dirty->dirty_place = pipe->dirty_place;
    pipe->dirty_place = NULL;
}

static void mark_dirty(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;

    if (pipe->dirty_place != NULL)
        return;
    pipe->next_dirty = host->dirty;
    pipe->dirty_place = &host->dirty;
    if (pipe->next_dirty != NULL)
        pipe->next_dirty->dirty_place = &pipe->next_dirty;
    host->dirty = pipe;
    kn_timer_set(host->flush, kn_loop_now(host->options.loop));
}

static void on_wake(void *owner)
{
    mark_dirty(owner);
}

/* Hand to the system what the connection has, as far as the system keeps up. */
static enum kn_code pump(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;
    struct kn_buffer wire = host->scratch; /* what it says may make another pipe speak meanwhile */
    enum kn_code rc = KN_OK;

    host->scratch = (struct kn_buffer){ 0 };
    while (rc == KN_OK && kn_wire_pending(&pipe->wire) < KN_HOST_WRITE_AHEAD) {
        kn_buffer_clear(&wire);
        rc = kn_connection_output(pipe->connection, KN_HOST_WRITE_AHEAD / 4, &wire);
        if (rc != KN_OK || wire.n == 0)
            break;
        host->counters.bytes_out += wire.n;
        rc = kn_wire_write(&pipe->wire, kn_buffer_get(&wire));
    }
    kn_buffer_done(&host->scratch);
    host->scratch = wire;
    return rc;
}

static void unlink_from_peer(struct kn_pipe *pipe)
{
    struct kn_pipe **at;

    if (pipe->peer == NULL)
        return;
    for (at = &pipe->peer->pipes; *at != pipe; at = &(*at)->next_of_peer) {
    }
    *at = pipe->next_of_peer;
}

static void unlink_ready(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;
    struct kn_pipe *last = host->ready[--host->ready_count];

    host->ready[pipe->index] = last;
    last->index = pipe->index;
}

static void unlink_pipe(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;

    unlink_dirty(pipe);
    unlink_from_peer(pipe);
    host->half_open_count -= pipe->line == &host->half_open;
    kn_pipe_left(pipe);
    if (pipe->ready)
        unlink_ready(pipe);
    *pipe->place = pipe->next;
    if (pipe->next != NULL)
        pipe->next->place = pipe->place;
    host->pipe_count--;
}

void kn_pipe_free(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;

    unlink_pipe(pipe);
    pipe->closing = true;
    for (size_t i = 0; pipe->ready && i < host->observer_count; i++)
        if (host->observers[i].lost != NULL)
            host->observers[i].lost(host->observers[i].arg, pipe->connection);
    if (pipe->connection != NULL)
        count(pipe);
    kn_connection_free(pipe->connection);
    unlink_dirty(pipe); /* streams that ended may have said something more */
    kn_timer_free(pipe->timer);
    kn_wire_close(&pipe->wire);
    kn_free(pipe);
}

static void count_failure(struct kn_pipe *pipe, enum kn_code code)
{
    struct kn_host_counters *counters = &pipe->host->counters;

    if (!pipe->ready)
        counters->handshake_failures++;
    if (code == KN_E_IDENTITY)
        counters->wrong_identities++;
    else if (code == KN_E_TIMEOUT && !pipe->ready)
        counters->handshake_timeouts++;
    else if (code == KN_E_TIMEOUT)
        counters->ping_timeouts++;
    else if (code == KN_E_PROTOCOL && pipe->ready)
        counters->protocol_errors++;
}

/* Count what went wrong, tell who dialled, and end it. */
static void fail(struct kn_pipe *pipe, enum kn_code code, const struct kn_error *err)
{
    if (!pipe->closing)
        count_failure(pipe, code);
    if (!pipe->ended)
        (void)pump(pipe); /* the peer may still learn why */
    if (pipe->attempt != NULL) {
        struct kn_attempt *attempt = pipe->attempt;

        pipe->attempt = NULL;
        kn_attempt_settled(attempt, code, err);
    }
    pipe->why = pipe->closing ? NULL : err;
    kn_pipe_free(pipe);
}

const struct kn_error *kn_host_lost_why(const struct kn_connection *connection)
{
    const struct kn_pipe *pipe = kn_connection_owner(connection);

    return pipe->why;
}

/*
 * A direct one before a relayed one. Of two that both sides dialled at the same time, each must
 * keep the same: what the peer with the smaller id dialled. Else the older one.
 */
static bool is_preferred(const struct kn_pipe *pipe, const struct kn_pipe *other)
{
    enum kn_role role = kn_connection_role(pipe->connection);
    const struct kn_peer_id *own = kn_host_self(pipe->host), *its = &pipe->peer->facts.id;
    bool we_dial = own->n != its->n ? own->n < its->n : memcmp(own->bytes, its->bytes, own->n) < 0;

    if (pipe->is_relayed != other->is_relayed)
        return other->is_relayed;
    if (role == kn_connection_role(other->connection) ||
        pipe->ready_at - other->ready_at > KN_HOST_TWINS_MS)
        return false;
    return role == (we_dial ? KN_ROLE_DIALER : KN_ROLE_LISTENER);
}

static void add_to_peer(struct kn_pipe *pipe, struct kn_peer *peer)
{
    struct kn_pipe **at = &peer->pipes;

    pipe->peer = peer;
    while (*at != NULL && !is_preferred(pipe, *at))
        at = &(*at)->next_of_peer;
    pipe->next_of_peer = *at;
    *at = pipe;
    for (struct kn_pipe *other = peer->pipes; other != NULL; other = other->next_of_peer)
        set_timer(other); /* one of them may be spare now */
}

static bool add_to_ready(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;

    if (host->ready_count == host->ready_room) {
        size_t room = host->ready_room > 0 ? host->ready_room * 2 : 16;
        struct kn_pipe **ready = kn_try_realloc(host->ready, room * sizeof(struct kn_pipe *));

        if (ready == NULL)
            return false;
        host->ready = ready;
        host->ready_room = room;
    }
    pipe->index = host->ready_count;
    host->ready[host->ready_count++] = pipe;
    return true;
}

/* It counts among the connections from here on. */
static enum kn_code enter(struct kn_pipe *pipe, struct kn_error *err)
{
    struct kn_host *host = pipe->host;
    struct kn_peer *peer = kn_peer_make(host, kn_connection_peer(pipe->connection));

    if (peer == NULL || !add_to_ready(pipe))
        return kn_fail_no_memory(err);
    host->half_open_count -= pipe->line == &host->half_open;
    pipe->ready = true;
    pipe->ready_at = kn_loop_now(host->options.loop);
    pipe->used_at = pipe->ready_at;
    kn_pipe_stand(pipe, &host->used);
    kn_peer_meet(host, peer);
    add_to_peer(pipe, peer);
    return KN_OK;
}

/* The handshake is over. KN_E_IDENTITY: we talk to ourselves. */
static enum kn_code become_ready(struct kn_pipe *pipe, struct kn_error *err)
{
    struct kn_host *host = pipe->host;
    enum kn_code rc;

    if (kn_peer_id_equal(kn_connection_peer(pipe->connection), kn_host_self(host))) {
        host->counters.self_dials++;
        return kn_fail(err, KN_E_IDENTITY, "this is our own address");
    }
    rc = enter(pipe, err);
    if (rc != KN_OK)
        return rc;
    if (pipe->attempt != NULL) {
        struct kn_attempt *attempt = pipe->attempt;

        pipe->attempt = NULL;
        kn_attempt_settled(attempt, KN_OK, NULL);
    } else if (pipe->peer->dialling != NULL && !pipe->is_relayed) {
        kn_dialling_met(pipe->peer->dialling);
    }
    for (size_t i = 0; i < host->observer_count; i++)
        if (host->observers[i].connected != NULL)
            host->observers[i].connected(host->observers[i].arg, pipe->connection);
    kn_connects_settle(pipe->peer, KN_OK, NULL);
    return KN_OK;
}

/* In the words of somebody who wonders what is wrong with an address. */
static void describe(const struct kn_pipe *pipe, enum kn_code code, struct kn_error *err)
{
    const struct kn_peer_id *other = kn_connection_peer(pipe->connection);
    char id[KN_PEER_ID_TEXT_SIZE];

    if (code == KN_E_PROTOCOL && !kn_connection_has_spoken(pipe->connection)) {
        (void)kn_fail(err, code, "what answers there does not speak libp2p");
    } else if (code == KN_E_IDENTITY && other != NULL &&
               kn_peer_id_equal(other, kn_host_self(pipe->host))) {
        pipe->host->counters.self_dials++;
        (void)kn_fail(err, code, "this is our own address");
    } else if (code == KN_E_IDENTITY && other != NULL) {
        kn_peer_id_print(other, id);
        (void)kn_fail(err, code, "another peer answers there: %s", id);
    }
}

static enum kn_code take(struct kn_pipe *pipe, struct kn_span bytes, struct kn_error *err)
{
    kn_time now = kn_loop_now(pipe->host->options.loop);
    enum kn_code rc;

    note_use(pipe);
    rc = kn_connection_input(pipe->connection, bytes, now, err);
    if (rc != KN_OK && !pipe->ready)
        describe(pipe, rc, err);
    if (rc != KN_OK || pipe->ready || !kn_connection_is_ready(pipe->connection))
        return rc;
    rc = become_ready(pipe, err);
    if (rc == KN_OK) /* what came behind the handshake has waited for this */
        rc = kn_connection_input(pipe->connection, kn_span(NULL, 0), now, err);
    return rc;
}

static void on_data(void *arg, struct kn_span bytes)
{
    struct kn_pipe *pipe = arg;
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (pipe->closing)
        return;
    pipe->host->counters.bytes_in += bytes.n;
    pipe->heard = true;
    rc = take(pipe, bytes, &err);
    if (rc == KN_OK)
        rc = pump(pipe);
    if (rc != KN_OK) {
        fail(pipe, rc, &err);
        return;
    }
    note_use(pipe);
    count(pipe);
    set_timer(pipe);
}

static void on_sent(void *arg)
{
    struct kn_pipe *pipe = arg;

    if (pump(pipe) != KN_OK)
        fail(pipe, KN_E_CLOSED, NULL);
}

static enum kn_code why_ended(const struct kn_pipe *pipe, struct kn_error *err)
{
    if (kn_connection_has_spoken(pipe->connection))
        return kn_fail(err, KN_E_CLOSED, "the peer broke off the handshake");
    if (pipe->heard)
        return kn_fail(err, KN_E_PROTOCOL, "what answers there does not speak libp2p");
    return kn_fail(err, KN_E_CLOSED,
                   "the connection was closed without a word: it takes no more, or is not libp2p");
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_pipe *pipe = arg;
    struct kn_error err = { 0 };

    pipe->ended = true;
    fail(pipe, pipe->ready ? code : why_ended(pipe, &err), &err);
}

static void on_timer(void *arg)
{
    struct kn_pipe *pipe = arg;
    kn_time now = kn_loop_now(pipe->host->options.loop);
    struct kn_error err = { 0 };
    enum kn_code rc = KN_OK;

    if (spare_until(pipe) <= now) {
        pipe->host->counters.spares++;
        kn_pipe_free(pipe);
        return;
    }
    if (kn_connection_deadline(pipe->connection) <= now)
        rc = kn_connection_tick(pipe->connection, now, &err);
    if (rc == KN_OK)
        rc = pump(pipe);
    if (rc != KN_OK) {
        fail(pipe, rc, &err);
        return;
    }
    count(pipe);
    set_timer(pipe);
}

static void link_pipe(struct kn_host *host, struct kn_pipe *pipe)
{
    pipe->next = host->pipes;
    pipe->place = &host->pipes;
    if (pipe->next != NULL)
        pipe->next->place = &pipe->next;
    host->pipes = pipe;
    host->pipe_count++;
}

/* What came before the handshake has had its share of the same time. */
static int upgrade_ms(const struct kn_host *host, const struct kn_attempt *attempt)
{
    int part = kn_host_part(host, KN_UPGRADE_MS);
    int left = attempt != NULL ? kn_attempt_left(attempt) : part;

    return left < part ? left : part;
}

static struct kn_pipe *make(struct kn_host *host, struct kn_wire *wire, enum kn_role role,
                            const struct kn_peer_id *expected, struct kn_attempt *attempt)
{
    struct kn_pipe *pipe = kn_try_alloc(sizeof(*pipe));
    const struct kn_connection_options options = {
        .role = role,
        .identity = host->options.identity,
        .expected = expected,
        .protocols = &host->protocols,
        .random = &host->random,
        .memory = &host->memory,
        .upgrade_ms = upgrade_ms(host, attempt),
        .owner = pipe,
        .wake = on_wake,
    };
    const struct kn_tcp_events events = {
        .arg = pipe,
        .data = on_data,
        .sent = on_sent,
        .ended = on_ended,
    };

    if (pipe == NULL) {
        kn_wire_close(wire);
        return NULL;
    }
    pipe->host = host;
    pipe->answers.above = &host->answers;
    pipe->wire = *wire;
    pipe->born = kn_loop_now(host->options.loop);
    pipe->connection = kn_connection_new(&options, pipe->born);
    pipe->timer = kn_timer_new(host->options.loop, on_timer, pipe);
    link_pipe(host, pipe);
    if (pipe->connection == NULL || pipe->timer == NULL) {
        kn_pipe_free(pipe);
        return NULL;
    }
    pipe->attempt = attempt;
    kn_wire_begin(&pipe->wire, &events);
    set_timer(pipe);
    mark_dirty(pipe); /* a dialer speaks first, on the next turn: nothing can fail in here */
    return pipe;
}

struct kn_pipe *kn_pipe_new(struct kn_host *host, struct kn_tcp *tcp, enum kn_role role,
                            const struct kn_peer_id *expected, const struct kn_endpoint *remote,
                            struct kn_attempt *attempt)
{
    struct kn_wire wire = kn_wire_of_tcp(tcp);
    struct kn_pipe *pipe = make(host, &wire, role, expected, attempt);

    if (pipe != NULL)
        pipe->remote = *remote;
    return pipe;
}

struct kn_pipe *kn_pipe_new_relayed(struct kn_host *host, struct kn_stream *stream,
                                    enum kn_role role, const struct kn_peer_id *expected,
                                    const struct kn_relayed *relayed, struct kn_attempt *attempt)
{
    struct kn_wire wire = kn_wire_of_stream(stream);
    struct kn_pipe *pipe = make(host, &wire, role, expected, attempt);

    if (pipe == NULL)
        return NULL;
    pipe->is_relayed = true;
    pipe->relayed = *relayed;
    return pipe;
}

void kn_pipe_input(struct kn_pipe *pipe, struct kn_span bytes)
{
    if (bytes.n > 0)
        on_data(pipe, bytes);
}

void kn_pipes_flush(void *arg)
{
    struct kn_host *host = arg;

    while (host->dirty != NULL) {
        struct kn_pipe *pipe = host->dirty;

        unlink_dirty(pipe);
        if (pipe->closing || pump(pipe) != KN_OK)
            fail(pipe, KN_E_CLOSED, NULL);
        else {
            /* Waits begin now: undated ones would ask for one turn of the loop more. */
            kn_stream_set_date(kn_connection_stream_set(pipe->connection),
                               kn_loop_now(host->options.loop));
            note_use(pipe);
            set_timer(pipe);
        }
    }
    kn_host_trim(host);
}

void kn_host_close(struct kn_connection *connection)
{
    struct kn_pipe *pipe = kn_connection_owner(connection);

    pipe->closing = true;
    mark_dirty(pipe);
}

struct kn_host *kn_host_of(const struct kn_connection *connection)
{
    const struct kn_pipe *pipe = kn_connection_owner(connection);

    return pipe->host;
}

bool kn_host_remote(const struct kn_connection *connection, struct kn_endpoint *out)
{
    const struct kn_pipe *pipe = kn_connection_owner(connection);

    *out = pipe->remote;
    return !pipe->is_relayed;
}

const struct kn_relayed *kn_host_relayed(const struct kn_connection *connection)
{
    const struct kn_pipe *pipe = kn_connection_owner(connection);

    return pipe->is_relayed ? &pipe->relayed : NULL;
}
