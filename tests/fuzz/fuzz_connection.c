/*
 * The input is a script: what a peer that shook hands as it should says afterwards, and what we do
 * meanwhile, under a clock that the script moves and with allocations that fail. A whole host
 * serves identify, kad, ping and a unary handler. After every step nothing is beyond its limit and
 * the books agree; at the end nothing is left.
 */
#include <stdlib.h>

#include "lib/codec/writer.h"
#include "network/proto/identify.h"
#include "network/proto/kad.h"
#include "network/proto/rpc_envelope.h"
#include "network/swarm/addresses.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/identify.h"
#include "network/swarm/kad.h"
#include "network/swarm/ping.h"
#include "network/swarm/unary.h"
#include "network/yamux/header.h"
#include "support/fake_io.h"
#include "support/fuse.h"
#include "support/raw_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 400, PEERS = 2, CONNECTIONS_MAX = 6, OPERATIONS = 8 };

struct peer {
    struct kn_key *key;
    struct raw_peer raw;
    struct kn_tcp *tcp; /* NULL: not connected */
    uint32_t next_id;
};

enum kind { NONE, WAIT, CALL, PING };

struct operation {
    enum kind kind;
    void *handle;
    struct run *run;
};

struct run {
    const uint8_t *at, *end;
    uint64_t seed;
    struct kn_random random;
    struct kn_loop loop;
    struct kn_key *key;
    struct kn_host *host;
    struct kn_identify_service *identify;
    struct kn_kad *kad;
    struct kn_unary_handler handler;
    struct kn_unary_serving *serving; /* not answered yet */
    struct peer peers[PEERS];
    struct operation operations[OPERATIONS];
    bool dialled; /* a peer of this machine, as it seems */
    long fuse;    /* which allocation of the host fails next; below zero: none */
};

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static uint8_t byte(struct run *run)
{
    return run->at < run->end ? *run->at++ : 0;
}

static struct kn_span some(struct run *run)
{
    size_t n = byte(run), left = (size_t)(run->end - run->at);
    struct kn_span bytes = kn_span(run->at, n < left ? n : left);

    run->at += bytes.n;
    return bytes;
}

/* Around what the host does: the peers' memory never fails. */
static void light(struct run *run)
{
    kn_fuse = run->fuse;
}

static void put_out(struct run *run)
{
    run->fuse = kn_fuse;
    kn_fuse = -1;
}

/* ---- what we serve and ask ---- */

static void on_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                     struct kn_unary_serving *serving)
{
    struct run *run = arg;

    (void)peer;
    if (request.n % 3 == 0)
        kn_unary_answer(serving, KN_OK, request);
    else if (request.n % 3 == 1 || run->serving != NULL)
        kn_unary_answer(serving, KN_E_INVALID, kn_span_text("no"));
    else
        run->serving = serving;
}

static void on_given_up(void *arg, struct kn_unary_serving *serving)
{
    struct run *run = arg;

    expect(run->serving == serving);
    run->serving = NULL;
}

static void over(void *arg, enum kind kind)
{
    struct operation *operation = arg;

    expect(operation->kind == kind);
    operation->kind = NONE;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    over(arg, WAIT);
    expect((code == KN_OK) == (connection != NULL));
    expect(code == KN_OK || (err != NULL && err->text[0] != '\0'));
}

static void on_answer(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    (void)bytes;
    over(arg, CALL);
    expect((err == NULL) == (code == KN_OK || code == KN_E_REFUSED) || err != NULL);
}

static void on_pinged(void *arg, enum kn_code code, double ms)
{
    (void)code;
    (void)ms;
    over(arg, PING);
}

static void cancel(struct operation *operation)
{
    switch (operation->kind) {
    case NONE:
        break;
    case WAIT:
        kn_connect_cancel(operation->handle);
        break;
    case CALL:
        kn_unary_cancel(operation->handle);
        break;
    case PING:
        kn_ping_cancel(operation->handle);
        break;
    }
    operation->kind = NONE;
}

static void begin(struct run *run, struct operation *operation, enum kind kind)
{
    const struct kn_peer_id *to = kn_key_peer_id(run->peers[byte(run) % PEERS].key);
    struct kn_connection *connection = kn_host_connection(run->host, to);
    struct kn_connect *wait = NULL;
    int timeout_ms = 100 * byte(run);

    cancel(operation);
    operation->kind = kind;
    if (kind == WAIT && kn_connect_start(run->host, to, KN_REACH_SEARCH, timeout_ms, on_connected,
                                         operation, &wait) == KN_OK)
        operation->handle = wait;
    else if (kind == CALL)
        operation->handle =
            kn_unary_start(run->host, to, "Test.call", some(run), timeout_ms, on_answer, operation);
    else if (kind == PING && connection != NULL)
        operation->handle = kn_ping_start(connection, timeout_ms, on_pinged, operation);
    else
        operation->handle = NULL;
    if (operation->handle == NULL)
        operation->kind = NONE;
}

static void operate(struct run *run)
{
    struct operation *operation = &run->operations[byte(run) % OPERATIONS];
    uint8_t what = byte(run) % 9;

    if (what < 3)
        begin(run, operation, (enum kind)(WAIT + what));
    else if (what == 3)
        cancel(operation);
    else if (what == 4)
        kn_identify_push(run->identify);
    else if (what == 5)
        kn_kad_refresh(run->kad);
    else if (what == 6 && run->serving != NULL) {
        struct kn_unary_serving *serving = run->serving;

        run->serving = NULL;
        kn_unary_answer(serving, KN_OK, kn_span_text("late"));
    } else if (what == 7 && run->host->ready_count > 0) {
        kn_host_close(run->host->ready[0]->connection);
    } else if (what == 8) {
        (void)fake_dialled(&run->loop, KN_E_REFUSED);
    }
}

/* ---- the peers ---- */

static void gone(struct peer *peer)
{
    if (peer->tcp == NULL)
        return;
    peer->tcp = NULL;
    raw_stop(&peer->raw);
}

/* Until neither side has anything to say. */
static void exchange(struct run *run, struct peer *peer)
{
    while (peer->tcp != NULL) {
        struct kn_buffer said = peer->raw.wire, heard;

        light(run);
        fake_advance(&run->loop, run->loop.now);
        put_out(run);
        if (!fake_is_open(&run->loop, peer->tcp)) {
            gone(peer);
            return;
        }
        heard = peer->tcp->out;
        if (peer->tcp->full || (said.n == 0 && heard.n == 0))
            return;
        peer->raw.wire = (struct kn_buffer){ 0 };
        peer->tcp->out = (struct kn_buffer){ 0 };
        expect(raw_hear(&peer->raw, kn_buffer_get(&heard)) == KN_OK);
        kn_buffer_done(&peer->raw.plain);
        light(run);
        if (heard.n > 0)
            peer->tcp->events.sent(peer->tcp->events.arg);
        if (fake_is_open(&run->loop, peer->tcp))
            fake_feed(peer->tcp, kn_buffer_get(&said));
        put_out(run);
        kn_buffer_done(&said);
        kn_buffer_done(&heard);
    }
}

static void connect_peer(struct run *run, struct peer *peer, bool dials, bool early)
{
    const struct kn_endpoint from = { .ip = { 8, 8, 8, byte(run) }, .port = 1000 };

    if (peer->tcp != NULL)
        return;
    peer->tcp = dials ? fake_accept(&run->loop, &from) : fake_dialled(&run->loop, KN_OK);
    if (peer->tcp == NULL)
        return;
    run->dialled |= !dials;
    peer->next_id = dials ? 1 : 2;
    raw_start(&peer->raw, dials ? KN_ROLE_DIALER : KN_ROLE_LISTENER, peer->key, run->random, early);
    exchange(run, peer);
    if (peer->tcp != NULL && !early && raw_is_ready(&peer->raw)) {
        expect(raw_say(&peer->raw, kn_span_text("\x13/multistream/1.0.0\n\x0d/yamux/1.0.0\n")) ==
               KN_OK);
        exchange(run, peer);
    }
}

static void say(struct run *run, struct peer *peer, struct kn_span plain)
{
    if (peer->tcp == NULL || !raw_is_ready(&peer->raw))
        return;
    expect(raw_say(&peer->raw, plain) == KN_OK);
    exchange(run, peer);
}

static void add_frame(struct kn_buffer *out, uint8_t type, uint8_t flags, uint32_t id,
                      struct kn_span body)
{
    const struct kn_yamux_header header = { (enum kn_yamux_type)(type % 4), flags, id,
                                            (uint32_t)body.n };
    uint8_t bytes[KN_YAMUX_HEADER_SIZE];

    kn_yamux_header_encode(&header, bytes);
    kn_buffer_add(out, bytes, sizeof(bytes));
    if (header.type == KN_YAMUX_DATA)
        kn_buffer_add_span(out, body);
}

static void say_frame(struct run *run, struct peer *peer)
{
    struct kn_buffer wire = { 0 };
    uint8_t type = byte(run), flags = byte(run), id = byte(run);

    add_frame(&wire, type, flags, id, some(run));
    say(run, peer, kn_buffer_get(&wire));
    kn_buffer_done(&wire);
}

static const char *const names[] = {
    "/ipfs/id/1.0.0",   "/ipfs/id/push/1.0.0", "/ipfs/kad/1.0.0",
    "/ipfs/ping/1.0.0", "Test.call",           "/nobody",
};

static void add_agreement(struct kn_buffer *out, const char *name)
{
    kn_buffer_add(out, "\x13/multistream/1.0.0\n", 20);
    kn_write_varint(out, strlen(name) + 1);
    kn_buffer_add_span(out, kn_span_text(name));
    kn_buffer_add_byte(out, '\n');
}

/* What an honest peer says in one of those protocols, asking or answering. */
static void add_message(struct run *run, size_t name, bool asks, struct kn_span more,
                        struct kn_buffer *out)
{
    struct kn_buffer address = { 0 };
    const struct kn_endpoint at = { .ip = { more.n & 4 ? 8 : 127, 0, 0, 1 },
                                    .port = (uint16_t)(1 + more.n) };
    const struct kn_peer_id *id =
        kn_key_peer_id(more.n % 3 < PEERS ? run->peers[more.n % 3].key : run->key);
    const struct kn_span addr = (kn_address_of_endpoint(&at, &address), kn_buffer_get(&address));
    const struct kn_kad_entry entry = { id, &addr, 1 };
    const struct kn_identify_content content = {
        .agent = more, .addrs = &addr, .addr_count = 1, .protocols = &more, .protocol_count = 1
    };
    const struct kn_rpc_call call = { .name = kn_span_text("Test.call"), .data = more };
    const struct kn_rpc_answer answer = { .is_error = more.n % 2 == 1, .data = more };

    if (name < 2)
        expect(kn_identify_encode(&content, out) != KN_E_NO_MEMORY);
    else if (name == 2 && asks)
        kn_kad_find_node_encode(more.n < 3 ? kn_span(id->bytes, id->n) : more, out);
    else if (name == 2)
        kn_kad_answer_encode(KN_KAD_FIND_NODE, kn_span(NULL, 0), &entry, 1, out);
    else if (name == 4 && asks)
        kn_rpc_call_encode(&call, out);
    else if (name == 4)
        kn_rpc_answer_encode(&answer, out);
    else
        kn_buffer_add_span(out, more);
    kn_buffer_done(&address);
}

/* A stream of its own, or an answer on one of ours, with what the protocol reads behind it. */
static void say_protocol(struct run *run, struct peer *peer, bool own)
{
    struct kn_buffer body = { 0 }, wire = { 0 }, message = { 0 };
    size_t name = byte(run) % KN_COUNT(names);
    uint8_t choice = byte(run);
    uint32_t id = own ? peer->next_id : (uint32_t)(choice % 16) * 2 + 1 + peer->next_id % 2;
    struct kn_span more;

    peer->next_id += own ? 2 : 0;
    add_agreement(&body, names[name]);
    more = some(run);
    if (choice & 0x20)
        add_message(run, name, own, more, &message);
    else
        kn_buffer_add_span(&message, more);
    if (choice & 0x80)
        kn_write_varint(&body, message.n);
    kn_buffer_add_span(&body, kn_buffer_get(&message));
    kn_buffer_done(&message);
    add_frame(&wire, KN_YAMUX_DATA, (own ? KN_YAMUX_SYN : 0) | (choice & 0x40 ? KN_YAMUX_FIN : 0),
              id, kn_buffer_get(&body));
    say(run, peer, kn_buffer_get(&wire));
    kn_buffer_done(&body);
    kn_buffer_done(&wire);
}

/* ---- the run ---- */

static void announce(void *arg, kn_add_address_fn *add, void *add_arg)
{
    (void)arg;
    add(add_arg, kn_span("\x04\x7f\0\0\x01\x06\x0f\xa1", 8));
    add(add_arg, kn_span("\x04\x08\x08\x08\x08\x06\x0f\xa1", 8));
}

static void check(const struct run *run)
{
    const struct kn_host *host = run->host;
    size_t pipes = 0, ready = 0, held = 0;

    for (const struct kn_pipe *pipe = host->pipes; pipe != NULL; pipe = pipe->next) {
        pipes++;
        ready += pipe->ready;
        held += pipe->held;
        expect(pipe->held <= KN_HOST_HELD_MAX);
        expect(kn_connection_streams(pipe->connection) <= 512);
        expect(!pipe->ready || host->ready[pipe->index] == pipe);
    }
    expect(pipes == host->pipe_count && ready == host->ready_count && held == host->held);
    expect(host->pipe_count <= CONNECTIONS_MAX);
    expect(host->peer_count <= KN_HOST_PEERS_MAX);
    expect(run->loop.tcp_count == pipes);
}

static void step(struct run *run)
{
    uint8_t what = byte(run);
    struct peer *peer = &run->peers[what / 16 % PEERS];

    switch (what % 16) {
    case 0:
    case 1:
        connect_peer(run, peer, what % 16 == 0, (what & 0x80) != 0);
        break;
    case 2:
        say(run, peer, some(run));
        break;
    case 3:
    case 4:
        say_frame(run, peer);
        break;
    case 5:
    case 6:
    case 7:
        say_protocol(run, peer, true);
        break;
    case 8:
    case 9:
        say_protocol(run, peer, false);
        break;
    case 10:
        light(run);
        fake_advance(&run->loop, run->loop.now + 300 * byte(run));
        put_out(run);
        break;
    case 11:
        if (peer->tcp != NULL)
            fake_end(peer->tcp);
        gone(peer);
        break;
    case 12:
        if (peer->tcp != NULL)
            peer->tcp->full = !peer->tcp->full;
        break;
    case 13:
        run->fuse = byte(run);
        break;
    default:
        light(run);
        operate(run);
        put_out(run);
        break;
    }
    for (size_t i = 0; i < PEERS; i++)
        exchange(run, &run->peers[i]);
    check(run);
}

static void start(struct run *run)
{
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 }, .port = 4001 };
    struct kn_buffer address = { 0 };

    run->random = kn_random_seeded(&run->seed);
    run->loop.now = 1000;
    expect(kn_key_new(&run->random, &run->key) == KN_OK);
    const struct kn_host_options options = { .loop = &run->loop,
                                             .identity = run->key,
                                             .random = &run->random,
                                             .connections_max = CONNECTIONS_MAX };
    run->host = kn_host_new(&options);
    run->kad = kn_kad_new(run->host, true);
    run->identify = kn_identify_service_new(run->host, "fuzz");
    run->handler = (struct kn_unary_handler){ "Test.call", run, on_asked, on_given_up };
    expect(run->kad != NULL && run->identify != NULL && kn_ping_serve(run->host) == KN_OK &&
           kn_unary_serve(run->host, &run->handler) == KN_OK &&
           kn_host_listen(run->host, &at, NULL) == KN_OK);
    kn_host_set_announcer(run->host, announce, NULL);
    kn_address_of_endpoint(&at, &address);
    for (size_t i = 0; i < PEERS; i++) {
        expect(kn_key_new(&run->random, &run->peers[i].key) == KN_OK);
        kn_host_learn(run->host, kn_key_peer_id(run->peers[i].key), kn_buffer_get(&address));
    }
    kn_buffer_done(&address);
}

/* Peers outside, and no others were there, have not sent us to this machine. */
static void check_addresses(const struct run *run)
{
    for (size_t i = 0; i < KN_HOST_BUCKETS; i++) {
        for (const struct kn_peer *peer = run->host->buckets[i]; peer != NULL; peer = peer->next) {
            for (size_t k = 0; k < peer->address_count; k++) {
                struct kn_span address = kn_buffer_get(&peer->addresses[k].bytes);
                struct kn_endpoint at;

                expect(kn_address_endpoint(address, &at));
                expect(kn_multiaddr_scope(address) == KN_SCOPE_PUBLIC || at.port == 4001);
            }
        }
    }
}

static void stop(struct run *run)
{
    if (!run->dialled)
        check_addresses(run);
    for (size_t i = 0; i < OPERATIONS; i++)
        cancel(&run->operations[i]);
    if (run->serving != NULL)
        kn_unary_answer(run->serving, KN_E_CLOSED, kn_span_text("over"));
    kn_identify_service_free(run->identify);
    kn_kad_free(run->kad);
    kn_host_free(run->host);
    expect(run->loop.timer_count == 0 && run->loop.tcp_count == 0 && run->loop.dial_count == 0);
    for (size_t i = 0; i < PEERS; i++) {
        gone(&run->peers[i]);
        kn_key_free(run->peers[i].key);
    }
    kn_key_free(run->key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = { .at = data, .end = data + size, .seed = 5, .fuse = -1 };

    start(&run);
    for (int steps = 0; run.at < run.end && steps < STEPS_MAX; steps++)
        step(&run);
    stop(&run);
    return 0;
}
