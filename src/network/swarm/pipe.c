/* pipe: one wire and what runs on it. */
#include "lib/base/memory.h"
#include "network/swarm/host_parts.h"

static void set_timer(struct kn_pipe *pipe)
{
    kn_timer_set(pipe->timer, kn_connection_deadline(pipe->connection));
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
    struct kn_buffer wire = { 0 };
    enum kn_code rc = KN_OK;

    while (rc == KN_OK && kn_wire_pending(&pipe->wire) < KN_HOST_WRITE_AHEAD) {
        kn_buffer_clear(&wire);
        rc = kn_connection_output(pipe->connection, KN_HOST_WRITE_AHEAD / 4, &wire);
        if (rc != KN_OK || wire.n == 0)
            break;
        pipe->host->counters.bytes_out += wire.n;
        rc = kn_wire_write(&pipe->wire, kn_buffer_get(&wire));
    }
    kn_buffer_done(&wire);
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

void kn_pipe_free(struct kn_pipe *pipe)
{
    struct kn_host *host = pipe->host;

    unlink_dirty(pipe);
    unlink_from_peer(pipe);
    *pipe->place = pipe->next;
    if (pipe->next != NULL)
        pipe->next->place = pipe->place;
    host->pipe_count--;
    host->half_open -= !pipe->ready;
    pipe->closing = true;
    for (size_t i = 0; pipe->ready && i < host->observer_count; i++)
        if (host->observers[i].lost != NULL)
            host->observers[i].lost(host->observers[i].arg, pipe->connection);
    kn_connection_free(pipe->connection);
    unlink_dirty(pipe); /* streams that ended may have said something more */
    kn_timer_free(pipe->timer);
    kn_wire_close(&pipe->wire);
    kn_free(pipe);
}

/* Count what went wrong, tell who dialled, and end it. */
static void fail(struct kn_pipe *pipe, enum kn_code code, const struct kn_error *err)
{
    struct kn_host_counters *counters = &pipe->host->counters;

    if (code == KN_E_IDENTITY)
        counters->wrong_identities++;
    else if (code == KN_E_PROTOCOL)
        counters->protocol_errors++;
    if (!pipe->ready)
        counters->handshake_failures++;
    if (!pipe->ended)
        (void)pump(pipe); /* the peer may still learn why */
    if (pipe->attempt != NULL) {
        struct kn_attempt *attempt = pipe->attempt;

        pipe->attempt = NULL;
        kn_attempt_settled(attempt, code, err);
    }
    kn_pipe_free(pipe);
}

/* Behind those that are as good: the first is the one that is used. */
static void append_to_peer(struct kn_pipe *pipe, struct kn_peer *peer)
{
    struct kn_pipe **at = &peer->pipes;

    while (*at != NULL && (pipe->is_relayed || !(*at)->is_relayed))
        at = &(*at)->next_of_peer;
    pipe->next_of_peer = *at;
    *at = pipe;
    pipe->peer = peer;
}

/* The handshake is over. KN_E_PROTOCOL: we talk to ourselves. */
static enum kn_code become_ready(struct kn_pipe *pipe, struct kn_error *err)
{
    struct kn_host *host = pipe->host;
    const struct kn_peer_id *id = kn_connection_peer(pipe->connection);
    struct kn_peer *peer;

    if (kn_peer_id_equal(id, kn_host_self(host))) {
        host->counters.self_dials++;
        return kn_fail(err, KN_E_IDENTITY, "this is our own address");
    }
    peer = kn_peer_make(host, id);
    if (peer == NULL)
        return kn_fail_no_memory(err);
    pipe->ready = true;
    host->half_open--;
    append_to_peer(pipe, peer);
    if (pipe->attempt != NULL) {
        struct kn_attempt *attempt = pipe->attempt;

        pipe->attempt = NULL;
        kn_attempt_settled(attempt, KN_OK, NULL);
    }
    for (size_t i = 0; i < host->observer_count; i++)
        if (host->observers[i].connected != NULL)
            host->observers[i].connected(host->observers[i].arg, pipe->connection);
    kn_connects_settle(peer, KN_OK, NULL);
    return KN_OK;
}

/* In the words of somebody who wonders what is wrong with an address. */
static void describe(const struct kn_pipe *pipe, enum kn_code code, struct kn_error *err)
{
    char id[KN_PEER_ID_TEXT_SIZE];

    if (code == KN_E_PROTOCOL && !kn_connection_has_spoken(pipe->connection)) {
        (void)kn_fail(err, code, "what answers there does not speak libp2p");
    } else if (code == KN_E_IDENTITY && kn_connection_peer(pipe->connection) != NULL &&
               err->code == code) {
        kn_peer_id_print(kn_connection_peer(pipe->connection), id);
        (void)kn_fail(err, code, "another peer answers there: %s", id);
    }
}

static void on_data(void *arg, struct kn_span bytes)
{
    struct kn_pipe *pipe = arg;
    kn_time now = kn_loop_now(pipe->host->options.loop);
    struct kn_error err = { 0 };
    enum kn_code rc;

    pipe->host->counters.bytes_in += bytes.n;
    pipe->used_at = now;
    rc = kn_connection_input(pipe->connection, bytes, now, &err);
    if (rc != KN_OK && !pipe->ready)
        describe(pipe, rc, &err);
    if (rc == KN_OK && !pipe->ready && kn_connection_is_ready(pipe->connection))
        rc = become_ready(pipe, &err);
    if (rc == KN_OK) /* what came behind the handshake waits for this */
        rc = kn_connection_input(pipe->connection, kn_span(NULL, 0), now, &err);
    if (rc == KN_OK)
        rc = pump(pipe);
    if (rc != KN_OK)
        fail(pipe, rc, &err);
    else
        set_timer(pipe);
}

static void on_sent(void *arg)
{
    struct kn_pipe *pipe = arg;

    if (pump(pipe) != KN_OK)
        fail(pipe, KN_E_CLOSED, NULL);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_pipe *pipe = arg;
    struct kn_error err = { 0 };

    pipe->ended = true;
    if (pipe->ready)
        fail(pipe, code, NULL);
    else if (kn_connection_has_spoken(pipe->connection))
        fail(pipe, kn_fail(&err, KN_E_CLOSED, "the peer broke off the handshake"), &err);
    else
        fail(pipe, kn_fail(&err, KN_E_PROTOCOL, "what answers there does not speak libp2p"), &err);
}

static void on_timer(void *arg)
{
    struct kn_pipe *pipe = arg;
    struct kn_error err = { 0 };
    enum kn_code rc =
        kn_connection_tick(pipe->connection, kn_loop_now(pipe->host->options.loop), &err);

    if (rc == KN_OK)
        rc = pump(pipe);
    if (rc != KN_OK)
        fail(pipe, rc, &err);
    else
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
    host->half_open++;
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
    pipe->wire = *wire;
    pipe->used_at = kn_loop_now(host->options.loop);
    pipe->connection = kn_connection_new(&options, pipe->used_at);
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
        else
            set_timer(pipe);
    }
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
