/* kad_serve: others ask us where somebody is. */
#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "lib/crypto/hash.h"
#include "network/proto/kad.h"
#include "network/swarm/addresses.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/kad_parts.h"

struct kn_kad_serving {
    struct kn_kad *kad;
    struct kn_kad_serving *next, **place;
    struct kn_stream *stream;
    struct kn_timer *timer;
    struct kn_buffer bytes;
    size_t held; /* of them, in the connection's books */
    struct kn_connection *connection;
};

struct nearest {
    const uint8_t *target;
    struct {
        struct kn_peer_id id;
        uint8_t distance[32];
    } at[KN_KAD_K];
    size_t n;
};

static void consider(void *arg, const struct kn_peer_facts *facts, bool has_address)
{
    struct nearest *near = arg;
    uint8_t distance[32];
    size_t i;

    if (!facts->serves_kad || !has_address)
        return;
    for (i = 0; i < sizeof(distance); i++)
        distance[i] = facts->kad_id[i] ^ near->target[i];
    if (near->n == KN_KAD_K &&
        memcmp(distance, near->at[KN_KAD_K - 1].distance, sizeof(distance)) >= 0)
        return;
    i = near->n < KN_KAD_K ? near->n++ : KN_KAD_K - 1;
    for (; i > 0 && memcmp(distance, near->at[i - 1].distance, sizeof(distance)) < 0; i--)
        near->at[i] = near->at[i - 1];
    near->at[i].id = facts->id;
    memcpy(near->at[i].distance, distance, sizeof(distance));
}

size_t kn_kad_nearest(struct kn_host *host, const uint8_t target[32],
                      struct kn_peer_id out[KN_KAD_K])
{
    struct nearest near = { .target = target };

    kn_host_each(host, consider, &near);
    for (size_t i = 0; i < near.n; i++)
        out[i] = near.at[i].id;
    return near.n;
}

static void free_serving(struct kn_kad_serving *s)
{
    *s->place = s->next;
    if (s->next != NULL)
        s->next->place = s->place;
    (void)kn_host_hold(s->connection, &s->held, 0);
    kn_timer_free(s->timer);
    kn_buffer_done(&s->bytes);
    kn_free(s);
}

static void give_up(struct kn_kad_serving *s)
{
    if (s->stream != NULL)
        kn_stream_reset(s->stream);
    free_serving(s);
}

void kn_kad_servings_free(struct kn_kad *kad)
{
    while (kad->servings != NULL)
        give_up(kad->servings);
}

/* One answer that is put together: at most KN_KAD_K peers and the one that was asked for. */
struct answer {
    struct kn_peer_id ids[KN_KAD_K + 1];
    struct kn_kad_entry entries[KN_KAD_K + 1];
    struct kn_span addrs[KN_KAD_K + 1][KN_KAD_ADDRS_MAX];
    struct kn_buffer own[KN_KAD_ADDRS_MAX]; /* when we are asked for ourselves */
    size_t own_n, n;
    enum kn_scope scope; /* of who asks: others' houses are not shown outside */
};

static size_t pick_addresses(const struct kn_span *all, size_t n, enum kn_scope scope,
                             struct kn_span out[KN_KAD_ADDRS_MAX])
{
    size_t kept = 0;

    for (size_t i = 0; i < n && kept < KN_KAD_ADDRS_MAX; i++) {
        if (kn_multiaddr_scope(all[i]) >= scope)
            out[kept++] = all[i];
    }
    return kept;
}

static void add_peer(struct kn_kad *kad, struct answer *a, const struct kn_peer_id *id)
{
    struct kn_span all[KN_HOST_ADDRESSES_MAX];
    size_t n = kn_host_addresses(kad->host, id, all);

    for (size_t i = 0; i < a->n; i++) {
        if (kn_peer_id_equal(&a->ids[i], id))
            return;
    }
    n = pick_addresses(all, n, a->scope, a->addrs[a->n]);
    if (n == 0)
        return;
    a->ids[a->n] = *id;
    a->entries[a->n] = (struct kn_kad_entry){ &a->ids[a->n], a->addrs[a->n], n };
    a->n++;
}

static void add_own(void *arg, struct kn_span address)
{
    struct answer *a = arg;

    if (a->own_n >= KN_COUNT(a->own) || kn_multiaddr_scope(address) < a->scope)
        return;
    kn_buffer_add_span(&a->own[a->own_n], address);
    if (a->own[a->own_n].failed)
        return;
    a->addrs[0][a->own_n] = kn_buffer_get(&a->own[a->own_n]);
    a->own_n++;
}

/* spec: go-libp2p-kad-dht, handleFindPeer; a peer that asks for our own id wants to see that we
 * answer at all, before it takes us into its table. */
static void add_self(struct kn_kad *kad, struct answer *a)
{
    kn_host_announced(kad->host, add_own, a);
    a->ids[0] = *kn_host_self(kad->host);
    a->entries[0] = (struct kn_kad_entry){ &a->ids[0], a->addrs[0], a->own_n };
    a->n = 1;
}

static void find_peers(struct kn_kad *kad, struct kn_span key, const struct kn_peer_id *asker,
                       struct answer *a)
{
    const struct kn_peer_id *self = kn_host_self(kad->host);
    struct kn_peer_id target, near[KN_KAD_K];
    uint8_t hash[KN_SHA256_SIZE];
    size_t n;

    if (kn_span_equal(key, kn_span(self->bytes, self->n))) {
        add_self(kad, a);
        return;
    }
    if (kn_peer_id_from_bytes(key.at, key.n, &target, NULL) == KN_OK &&
        !kn_peer_id_equal(&target, asker))
        add_peer(kad, a, &target);
    kn_sha256(key, hash);
    n = kn_kad_nearest(kad->host, hash, near);
    for (size_t i = 0; i < n && a->n < KN_KAD_PEERS_MAX; i++) {
        if (!kn_peer_id_equal(&near[i], asker))
            add_peer(kad, a, &near[i]);
    }
}

static void write_answer(struct kn_kad_serving *s, const struct kn_kad_message *asked,
                         struct answer *a, struct kn_buffer *out)
{
    const struct kn_connection *connection = kn_stream_connection(s->stream);
    bool says_key = asked->type != KN_KAD_FIND_NODE;
    struct kn_endpoint remote;

    a->scope = kn_host_remote(connection, &remote) ? kn_endpoint_scope(&remote) : KN_SCOPE_PUBLIC;
    find_peers(s->kad, asked->key, kn_connection_peer(connection), a);
    kn_kad_answer_encode(asked->type, says_key ? asked->key : kn_span(NULL, 0), a->entries, a->n,
                         out);
}

static bool send(struct kn_stream *stream, struct kn_span message)
{
    struct kn_buffer wire = { 0 };
    bool sent;

    kn_write_prefixed(&wire, message);
    sent = !wire.failed && kn_stream_write(stream, kn_buffer_get(&wire)) == KN_OK;
    kn_buffer_done(&wire);
    return sent;
}

static bool answer(struct kn_kad_serving *s, const struct kn_kad_message *asked)
{
    struct answer *a = kn_try_alloc(sizeof(*a));
    struct kn_buffer message = { 0 };
    bool sent;

    if (a == NULL)
        return false;
    if (asked->type == KN_KAD_PING)
        kn_kad_ping_encode(&message);
    else
        write_answer(s, asked, a, &message);
    sent = !message.failed && send(s->stream, kn_buffer_get(&message));
    for (size_t i = 0; i < KN_COUNT(a->own); i++)
        kn_buffer_done(&a->own[i]);
    kn_buffer_done(&message);
    kn_free(a);
    return sent;
}

static bool is_served(const struct kn_kad_message *asked)
{
    if (asked->type == KN_KAD_PING)
        return true;
    return asked->key.n > 0 &&
           (asked->type == KN_KAD_FIND_NODE || asked->type == KN_KAD_GET_VALUE ||
            asked->type == KN_KAD_GET_PROVIDERS);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_kad_serving *s = arg;
    struct kn_loop *loop = kn_host_loop(s->kad->host);

    kn_buffer_add_span(&s->bytes, bytes);
    for (;;) {
        struct kn_kad_message asked;
        struct kn_span message;
        size_t used;
        enum kn_code rc = s->bytes.failed ? KN_E_NO_MEMORY
                                          : kn_frame_next(kn_buffer_get(&s->bytes),
                                                          KN_KAD_MESSAGE_MAX, &message, &used);

        if (rc == KN_E_TRUNCATED && kn_host_hold(s->connection, &s->held, s->bytes.room))
            return;
        if (rc == KN_OK)
            rc = kn_kad_decode(message, &asked);
        if (rc != KN_OK || !is_served(&asked)) {
            s->kad->counters.malformed++;
            give_up(s);
            return;
        }
        if (!kn_host_may_ask(kn_stream_connection(stream)) || !answer(s, &asked)) {
            give_up(s);
            return;
        }
        s->kad->counters.served++;
        kn_timer_set(s->timer, kn_loop_now(loop) + KN_KAD_IDLE_MS);
        kn_buffer_take(&s->bytes, used);
    }
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    struct kn_kad_serving *s = arg;

    kn_stream_forget(stream);
    free_serving(s);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_kad_serving *s = arg;

    (void)code;
    s->stream = NULL;
    free_serving(s);
}

static void on_timer(void *arg)
{
    give_up(arg);
}

static const struct kn_stream_events events = {
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

static void on_opened(void *arg, struct kn_stream *stream)
{
    struct kn_kad *kad = arg;
    struct kn_loop *loop = kn_host_loop(kad->host);
    struct kn_kad_serving *s;

    if (kn_host_relayed(kn_stream_connection(stream)) != NULL)
        return; /* what a relay lets through is too little for it: reset, as go-libp2p does */
    s = kn_try_alloc(sizeof(*s));
    if (s != NULL)
        s->timer = kn_timer_new(loop, on_timer, s);
    if (s == NULL || s->timer == NULL) {
        kn_free(s);
        kn_stream_reset(stream);
        return;
    }
    s->kad = kad;
    s->stream = stream;
    s->connection = kn_stream_connection(stream);
    s->next = kad->servings;
    s->place = &kad->servings;
    if (s->next != NULL)
        s->next->place = &s->next;
    kad->servings = s;
    kn_timer_set(s->timer, kn_loop_now(loop) + KN_KAD_IDLE_MS);
    kn_stream_serve(stream, &events, s);
}

enum kn_code kn_kad_set_serving(struct kn_kad *kad, bool serves)
{
    const struct kn_protocol protocol = { "/ipfs/kad/1.0.0", on_opened, kad };
    enum kn_code rc = KN_OK;

    if (serves && !kad->serves)
        rc = kn_host_serve(kad->host, &protocol);
    if (!serves && kad->serves) {
        kn_kad_servings_free(kad);
        kn_host_forget(kad->host, kad);
    }
    if (rc == KN_OK)
        kad->serves = serves;
    return rc;
}

bool kn_kad_is_serving(const struct kn_kad *kad)
{
    return kad->serves;
}
