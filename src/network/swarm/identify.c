#include "network/swarm/identify.h"

#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/writer.h"
#include "lib/crypto/key.h"
#include "network/proto/identify.h"
#include "network/swarm/addresses.h"
#include "network/swarm/host_parts.h"

static const char *const id_names[] = { "/ipfs/id/1.0.0", NULL };
static const char *const push_names[] = { "/ipfs/id/push/1.0.0", NULL };

/* A message of a peer that is being read: an answer to our question, or a push. */
struct reading {
    struct kn_identify_service *service;
    struct reading *next, **place;
    struct kn_stream *stream;
    struct kn_timer *timer;
    struct kn_buffer bytes;
    unsigned messages;
};

struct kn_identify_service {
    struct kn_host *host;
    const char *agent;
    struct reading *readings;
};

static void free_reading(struct reading *r)
{
    *r->place = r->next;
    if (r->next != NULL)
        r->next->place = r->place;
    kn_timer_free(r->timer);
    kn_buffer_done(&r->bytes);
    kn_free(r);
}

static void end_reading(struct reading *r)
{
    if (r->stream != NULL)
        kn_stream_forget(r->stream);
    free_reading(r);
}

static enum kn_scope scope_of(const struct kn_connection *connection)
{
    struct kn_endpoint remote;

    return kn_host_remote(connection, &remote) ? kn_endpoint_scope(&remote) : KN_SCOPE_PUBLIC;
}

/* What it serves now: a list that is there replaces the one before. */
static void forget_protocols(struct kn_peer_facts *facts)
{
    facts->serves_kad = facts->serves_dht = facts->serves_relay = false;
}

static void note_protocol(struct kn_peer_facts *facts, struct kn_span name)
{
    static const struct {
        const char *name;
        size_t at;
    } known[] = {
        { "/ipfs/kad/1.0.0", offsetof(struct kn_peer_facts, serves_kad) },
        { "DHTProtocol.rpc_find", offsetof(struct kn_peer_facts, serves_dht) },
        { "/libp2p/circuit/relay/0.2.0/hop", offsetof(struct kn_peer_facts, serves_relay) },
        { "/libp2p/autonat/1.0.0", offsetof(struct kn_peer_facts, serves_autonat) },
    };

    for (size_t i = 0; i < KN_COUNT(known); i++) {
        if (kn_span_equal(name, kn_span_text(known[i].name)))
            *(bool *)((char *)facts + known[i].at) = true;
    }
}

static void note_agent(struct kn_peer_facts *facts, struct kn_span agent)
{
    size_t n = agent.n < sizeof(facts->agent) ? agent.n : sizeof(facts->agent) - 1;

    if (n == 0)
        return;
    memcpy(facts->agent, agent.at, n);
    facts->agent[n] = '\0';
}

static void note(struct reading *r, const struct kn_identify *told)
{
    struct kn_connection *connection = kn_stream_connection(r->stream);
    const struct kn_peer_id *peer = kn_connection_peer(connection);
    struct kn_host *host = r->service->host;
    struct kn_peer_facts *facts = kn_host_facts(host, peer);
    struct kn_field_list addrs = told->addrs, protocols = told->protocols;
    enum kn_scope scope = scope_of(connection);
    struct kn_span item;

    if (facts == NULL)
        return;
    facts->identified = true;
    note_agent(facts, told->agent);
    for (bool first = r->messages == 1; kn_field_list_next(&protocols, &item); first = false) {
        if (first)
            forget_protocols(facts);
        note_protocol(facts, item);
    }
    while (kn_field_list_next(&addrs, &item))
        kn_host_learn_from(host, peer, item, scope);
    kn_host_identified(connection, told->observed);
}

/* False: the rest of this stream is of no use. */
static bool take_messages(struct reading *r)
{
    struct kn_identify told;
    struct kn_span message;
    size_t used;
    enum kn_code rc;

    for (;;) {
        rc = kn_frame_next(kn_buffer_get(&r->bytes), KN_IDENTIFY_MAX, &message, &used);
        if (rc == KN_E_TRUNCATED)
            return true;
        if (rc != KN_OK || ++r->messages > KN_IDENTIFY_MESSAGES_MAX ||
            kn_identify_decode(message, &told) != KN_OK)
            return false;
        note(r, &told);
        kn_buffer_take(&r->bytes, used);
    }
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct reading *r = arg;

    (void)stream;
    kn_buffer_add_span(&r->bytes, bytes);
    if (!r->bytes.failed && take_messages(r))
        return;
    r->service->host->counters.requests_malformed++;
    end_reading(r);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    end_reading(arg);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct reading *r = arg;

    (void)code;
    r->stream = NULL;
    free_reading(r);
}

static void on_timer(void *arg)
{
    end_reading(arg);
}

static const struct kn_stream_events reading_events = {
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

static struct reading *new_reading(struct kn_identify_service *service)
{
    struct reading *r = kn_try_alloc(sizeof(*r));
    struct kn_loop *loop = kn_host_loop(service->host);

    if (r == NULL)
        return NULL;
    r->timer = kn_timer_new(loop, on_timer, r);
    if (r->timer == NULL) {
        kn_free(r);
        return NULL;
    }
    r->service = service;
    r->next = service->readings;
    r->place = &service->readings;
    if (r->next != NULL)
        r->next->place = &r->next;
    service->readings = r;
    kn_timer_set(r->timer, kn_loop_now(loop) + KN_IDENTIFY_MS);
    return r;
}

static void on_connected(void *arg, struct kn_connection *connection)
{
    struct reading *r = new_reading(arg);

    if (r != NULL && kn_stream_open(connection, id_names, &reading_events, r, &r->stream) != KN_OK)
        free_reading(r);
}

static void on_push(void *arg, struct kn_stream *stream)
{
    struct reading *r = kn_host_may_ask(kn_stream_connection(stream)) ? new_reading(arg) : NULL;

    if (r == NULL)
        return; /* nobody serves it: it is reset */
    r->stream = stream;
    kn_stream_serve(stream, &reading_events, r);
}

/* What we tell one peer: only addresses that it may be able to reach. */
struct telling {
    struct kn_buffer bytes; /* of all addresses, one behind another */
    size_t ends[KN_IDENTIFY_ADDRS_MAX];
    size_t n;
    enum kn_scope scope;
};

/* What we listen on may also be what others confirmed. */
static bool is_told(const struct telling *t, struct kn_span address)
{
    struct kn_span all = kn_buffer_get(&t->bytes);

    for (size_t i = 0, at = 0; i < t->n; at = t->ends[i++]) {
        if (!t->bytes.failed && kn_span_equal(kn_span(all.at + at, t->ends[i] - at), address))
            return true;
    }
    return false;
}

static void add_address(void *arg, struct kn_span address)
{
    struct telling *t = arg;

    if (t->n >= KN_COUNT(t->ends) || kn_multiaddr_scope(address) < t->scope || is_told(t, address))
        return;
    kn_buffer_add_span(&t->bytes, address);
    t->ends[t->n++] = t->bytes.n;
}

static enum kn_code write_message(const struct kn_identify_service *service,
                                  struct kn_stream *stream, const struct telling *t,
                                  struct kn_span observed)
{
    const struct kn_protocols *served = kn_host_protocols(service->host);
    struct kn_span addrs[KN_IDENTIFY_ADDRS_MAX], names[KN_HOST_PROTOCOLS_MAX];
    struct kn_buffer message = { 0 }, wire = { 0 };
    struct kn_identify_content content = {
        .public_key = kn_key_public(kn_host_identity(service->host)),
        .observed = observed,
        .protocol_version = kn_span_text("ipfs/0.1.0"),
        .agent = kn_span_text(service->agent),
        .addrs = addrs,
        .addr_count = t->n,
        .protocols = names,
        .protocol_count = served->n,
    };
    struct kn_span all = kn_buffer_get(&t->bytes);
    enum kn_code rc;

    for (size_t i = 0, at = 0; i < t->n; at = t->ends[i++])
        addrs[i] = kn_span(all.at + at, t->ends[i] - at);
    for (size_t i = 0; i < served->n; i++)
        names[i] = kn_span_text(served->at[i].name);
    rc = kn_identify_encode(&content, &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    if (rc == KN_OK)
        rc = message.failed || wire.failed ? KN_E_NO_MEMORY
                                           : kn_stream_write(stream, kn_buffer_get(&wire));
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    return rc;
}

static void tell(struct kn_identify_service *service, struct kn_stream *stream)
{
    const struct kn_connection *connection = kn_stream_connection(stream);
    struct telling t = { .scope = scope_of(connection) };
    struct kn_buffer observed = { 0 };
    struct kn_endpoint remote;
    enum kn_code rc;

    if (kn_host_remote(connection, &remote))
        kn_address_of_endpoint(&remote, &observed);
    kn_host_announced(service->host, add_address, &t);
    rc = t.bytes.failed ? KN_E_NO_MEMORY
                        : write_message(service, stream, &t, kn_buffer_get(&observed));
    kn_buffer_done(&t.bytes);
    kn_buffer_done(&observed);
    if (rc == KN_OK)
        kn_stream_forget(stream);
    else
        kn_stream_reset(stream);
}

static void on_asked(void *arg, struct kn_stream *stream)
{
    if (kn_host_may_ask(kn_stream_connection(stream)))
        tell(arg, stream);
    else
        kn_stream_reset(stream);
}

/* A push of ours: told as soon as the peer says that it takes pushes. */
static void on_push_ready(void *arg, struct kn_stream *stream, const char *name)
{
    (void)name;
    if (kn_host_knows(kn_host_of(kn_stream_connection(stream)), arg))
        tell(arg, stream);
    else
        kn_stream_reset(stream); /* the service has gone meanwhile */
}

static void push_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    (void)stream;
    (void)bytes;
}

static void push_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    (void)stream;
}

static void push_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events push_events = {
    .ready = on_push_ready,
    .data = push_data,
    .finished = push_finished,
    .ended = push_ended,
};

void kn_identify_push(struct kn_identify_service *service)
{
    struct kn_connection *connection;
    struct kn_stream *stream;
    size_t at = 0;

    while ((connection = kn_host_next(service->host, &at)) != NULL)
        if (kn_stream_open(connection, push_names, &push_events, service, &stream) != KN_OK)
            continue; /* it learns when it asks */
}

struct kn_identify_service *kn_identify_service_new(struct kn_host *host, const char *agent)
{
    struct kn_identify_service *service = kn_try_alloc(sizeof(*service));
    const struct kn_protocol asked = { id_names[0], on_asked, service };
    const struct kn_protocol push = { push_names[0], on_push, service };
    const struct kn_host_observer observer = { .connected = on_connected, .arg = service };

    if (service == NULL)
        return NULL;
    service->host = host;
    service->agent = agent;
    if (kn_host_serve(host, &asked) != KN_OK || kn_host_serve(host, &push) != KN_OK ||
        kn_host_observe(host, &observer) != KN_OK) {
        kn_host_forget(host, service);
        kn_free(service);
        return NULL;
    }
    return service;
}

void kn_identify_service_free(struct kn_identify_service *service)
{
    if (service == NULL)
        return;
    while (service->readings != NULL) {
        if (service->readings->stream != NULL)
            kn_stream_reset(service->readings->stream);
        free_reading(service->readings);
    }
    kn_host_forget(service->host, service);
    kn_free(service);
}
