#include "network/swarm/relay_client.h"

#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/writer.h"
#include "network/proto/relay.h"
#include "network/swarm/addresses.h"
#include "network/swarm/exchange.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/relay_stop.h"

static const char *const names[] = { "/libp2p/circuit/relay/0.2.0/hop", NULL };

/* A relay that is asked, or whose place we hold, or both. */
struct booking {
    struct kn_relay_client *client;
    struct booking *next;
    struct kn_peer_id peer;
    struct kn_connect *connect;
    struct kn_exchange *exchange;
    struct kn_connection *connection; /* on which it was asked; the place ends with it */
    bool held;
    struct kn_relay_held told;
    struct kn_buffer addresses[KN_RELAY_ANNOUNCE_MAX];
};

struct kn_relay_client {
    struct kn_relay_client_options options;
    struct kn_relay_plan plan;
    struct kn_relay_stop *stop;
    struct kn_timer *timer;
    struct booking *bookings;
    bool freeing;
};

static kn_time now_of(const struct kn_relay_client *client)
{
    return kn_loop_now(kn_host_loop(client->options.host));
}

/* Look at the plan on the next turn of the loop. */
static void soon(struct kn_relay_client *client)
{
    kn_timer_set(client->timer, now_of(client));
}

static void changed(struct kn_relay_client *client)
{
    if (!client->freeing && client->options.changed != NULL)
        client->options.changed(client->options.arg);
}

static void clear_addresses(struct booking *b)
{
    for (size_t i = 0; i < KN_COUNT(b->addresses); i++)
        kn_buffer_done(&b->addresses[i]);
    b->told.addresses = 0;
}

static void end_booking(struct booking *b)
{
    struct kn_relay_client *client = b->client;
    struct booking **at;
    bool held = b->held;

    for (at = &client->bookings; *at != b; at = &(*at)->next) {
    }
    *at = b->next;
    kn_connect_cancel(b->connect);
    kn_exchange_cancel(b->exchange);
    clear_addresses(b);
    kn_free(b);
    if (held)
        changed(client);
}

static void refused(struct booking *b)
{
    struct kn_relay_client *client = b->client;
    struct kn_relay_place *place = kn_relay_plan_find(&client->plan, &b->peer);

    if (place != NULL)
        kn_relay_plan_refused(place, now_of(client));
    if (place == NULL || !kn_relay_plan_holds(place))
        end_booking(b);
    soon(client);
}

/* Append one announced address, unless it is none that others can dial. */
static void add_address(struct booking *b, struct kn_span address)
{
    struct kn_buffer *out = &b->addresses[b->told.addresses];
    struct kn_multiaddr_route route;

    if (b->told.addresses >= KN_COUNT(b->addresses) ||
        kn_multiaddr_route(address, &route) != KN_OK || !route.is_tcp || route.is_relayed ||
        (route.has_peer && !kn_peer_id_equal(&route.peer, &b->peer)))
        return;
    kn_buffer_add_span(out, route.transport);
    kn_address_add_peer(&b->peer, out);
    kn_write_varint(out, KN_PROTO_P2P_CIRCUIT);
    if (out->failed || out->n > KN_MULTIADDR_BYTES_MAX)
        kn_buffer_done(out);
    else
        b->told.addresses++;
}

/* Where we reached it, or where we know it to be when it came to us. */
static void take_known_address(struct booking *b)
{
    struct kn_span known[KN_HOST_ADDRESSES_MAX];
    struct kn_buffer remote = { 0 };
    struct kn_endpoint endpoint;
    size_t n;

    if (kn_connection_role(b->connection) == KN_ROLE_DIALER &&
        kn_host_remote(b->connection, &endpoint)) {
        kn_address_of_endpoint(&endpoint, &remote);
        add_address(b, kn_buffer_get(&remote));
        kn_buffer_done(&remote);
        return;
    }
    n = kn_host_addresses(b->client->options.host, &b->peer, known);
    for (size_t i = 0; i < n && b->told.addresses == 0; i++)
        add_address(b, known[i]);
}

/* spec: a relay may name no address (one on a private network, say). */
static void take_addresses(struct booking *b, struct kn_field_list addrs)
{
    struct kn_span item;

    clear_addresses(b);
    while (kn_field_list_next(&addrs, &item))
        add_address(b, item);
    if (b->told.addresses == 0)
        take_known_address(b);
}

/* Milliseconds from now until that time of day; more than can be is as long as it can be. */
static kn_time life_of(uint64_t expires)
{
    double left = (double)expires - kn_loop_unix_time();

    if (left <= 0)
        return 0;
    return left < KN_RELAY_LIFE_MAX_MS / 1000.0 ? (kn_time)(left * 1000) : KN_RELAY_LIFE_MAX_MS;
}

static void granted(struct booking *b, const struct kn_hop *hop)
{
    struct kn_relay_client *client = b->client;
    struct kn_relay_place *place = kn_relay_plan_find(&client->plan, &b->peer);

    if (place == NULL) {
        end_booking(b);
        return;
    }
    kn_relay_plan_granted(place, now_of(client), life_of(hop->reservation.expires));
    kn_host_protect(client->options.host, &b->peer);
    b->held = true;
    b->told.ends_at = place->ends_at;
    kn_relayed_of(&b->peer, &hop->limit, &b->told.relayed);
    take_addresses(b, hop->reservation.addrs);
    changed(client);
    soon(client);
}

static void on_answer(void *arg, enum kn_code code, struct kn_stream *stream, struct kn_span answer,
                      struct kn_span rest)
{
    struct booking *b = arg;
    struct kn_hop hop;

    (void)rest;
    b->exchange = NULL;
    if (code != KN_OK) {
        refused(b);
        return;
    }
    kn_stream_forget(stream);
    if (kn_hop_decode(answer, &hop) != KN_OK || hop.type != KN_HOP_STATUS ||
        hop.status != KN_RELAY_OK || !hop.reservation.is_there)
        refused(b);
    else
        granted(b, &hop);
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct booking *b = arg;
    struct kn_buffer question = { 0 };
    struct kn_exchange_options options = {
        .names = names,
        .answer_max = KN_RELAY_MESSAGE_MAX,
        .timeout_ms = KN_RELAY_RESERVE_MS,
    };

    (void)err;
    b->connect = NULL;
    if (code == KN_OK) {
        kn_hop_reserve_encode(&question);
        options.question = kn_buffer_get(&question);
        b->connection = connection;
        code = question.failed
                   ? KN_E_NO_MEMORY
                   : kn_exchange_start(connection, &options, on_answer, b, &b->exchange);
        kn_buffer_done(&question);
    }
    if (code != KN_OK)
        refused(b);
}

static struct booking *find_booking(const struct kn_relay_client *client,
                                    const struct kn_peer_id *peer)
{
    struct booking *b = client->bookings;

    while (b != NULL && !kn_peer_id_equal(&b->peer, peer))
        b = b->next;
    return b;
}

/* False: memory is short, and the place was given back. */
static bool ask(struct kn_relay_client *client, struct kn_relay_place *place)
{
    struct booking *b = find_booking(client, &place->peer);

    if (b == NULL) {
        b = kn_try_alloc(sizeof(*b));
        if (b == NULL) {
            kn_relay_plan_refused(place, now_of(client));
            return false;
        }
        b->client = client;
        b->peer = place->peer;
        b->next = client->bookings;
        client->bookings = b;
    }
    if (kn_connect_start(client->options.host, &b->peer, KN_REACH_DIRECT, KN_RELAY_CONNECT_MS,
                         on_connected, b, &b->connect) == KN_OK)
        return true;
    refused(b);
    return false;
}

/* A place that nobody renewed has ended. */
static void drop_ended(struct kn_relay_client *client)
{
    struct booking *b = client->bookings;

    while (b != NULL) {
        struct booking *next = b->next;
        const struct kn_relay_place *place = kn_relay_plan_find(&client->plan, &b->peer);

        if (b->held && (place == NULL || place->state == KN_RELAY_FREE))
            end_booking(b);
        b = next;
    }
}

static void on_timer(void *arg)
{
    struct kn_relay_client *client = arg;
    struct kn_relay_place *place;

    while ((place = kn_relay_plan_next(&client->plan, now_of(client))) != NULL &&
           ask(client, place)) {
    }
    drop_ended(client);
    kn_timer_set(client->timer, kn_relay_plan_deadline(&client->plan));
}

static void on_identified(void *arg, struct kn_connection *connection, struct kn_span observed)
{
    struct kn_relay_client *client = arg;
    const struct kn_peer_id *peer = kn_connection_peer(connection);
    const struct kn_peer_facts *facts = kn_host_facts(client->options.host, peer);

    (void)observed;
    /* Every p2pd calls itself a relay, hidden ones too; one that we could dial is one. */
    if (facts == NULL || !facts->serves_relay || kn_host_relayed(connection) != NULL ||
        kn_connection_role(connection) != KN_ROLE_DIALER)
        return;
    kn_relay_client_add(client, peer, KN_RELAY_MET);
}

static void on_lost(void *arg, struct kn_connection *connection)
{
    struct kn_relay_client *client = arg;
    struct booking *b = client->bookings;
    struct kn_relay_place *place;

    while (b != NULL && b->connection != connection)
        b = b->next;
    if (b == NULL)
        return;
    place = kn_relay_plan_find(&client->plan, &b->peer);
    if (place != NULL)
        kn_relay_plan_lost(place, now_of(client));
    end_booking(b);
    soon(client);
}

static void announce(void *arg, kn_add_address_fn *add, void *add_arg)
{
    const struct kn_relay_client *client = arg;

    for (const struct booking *b = client->bookings; b != NULL; b = b->next)
        for (size_t i = 0; b->held && i < b->told.addresses; i++)
            add(add_arg, kn_buffer_get(&b->addresses[i]));
}

static bool expects(void *arg, const struct kn_peer_id *relay)
{
    return find_booking(arg, relay) != NULL;
}

struct kn_relay_client *kn_relay_client_new(const struct kn_relay_client_options *options)
{
    struct kn_relay_client *client = kn_try_alloc(sizeof(*client));
    const struct kn_host_observer observer = {
        .lost = on_lost,
        .arg = client,
        .identified = on_identified,
    };

    if (client == NULL)
        return NULL;
    client->options = *options;
    client->plan.random = kn_host_random(options->host);
    client->timer = kn_timer_new(kn_host_loop(options->host), on_timer, client);
    client->stop = kn_relay_stop_new(options->host, expects, client);
    if (client->timer == NULL || client->stop == NULL ||
        kn_host_observe(options->host, &observer) != KN_OK ||
        kn_host_add_announcer(options->host, announce, client) != KN_OK) {
        kn_relay_client_free(client);
        return NULL;
    }
    kn_relay_client_want(client, options->wanted);
    return client;
}

void kn_relay_client_free(struct kn_relay_client *client)
{
    if (client == NULL)
        return;
    client->freeing = true;
    while (client->bookings != NULL)
        end_booking(client->bookings);
    kn_host_forget(client->options.host, client);
    kn_relay_stop_free(client->stop);
    kn_timer_free(client->timer);
    kn_free(client);
}

void kn_relay_client_add(struct kn_relay_client *client, const struct kn_peer_id *peer,
                         enum kn_relay_rank rank)
{
    kn_relay_plan_add(&client->plan, peer, rank);
    soon(client);
}

void kn_relay_client_distrust(struct kn_relay_client *client)
{
    for (size_t i = 0; i < client->plan.n; i++) {
        if (client->plan.places[i].rank == KN_RELAY_TRUSTED)
            client->plan.places[i].rank = KN_RELAY_MET;
    }
}

void kn_relay_client_want(struct kn_relay_client *client, size_t wanted)
{
    client->plan.wanted = wanted < KN_RELAY_WANTED_MAX ? wanted : KN_RELAY_WANTED_MAX;
    soon(client);
}

size_t kn_relay_client_held(const struct kn_relay_client *client,
                            struct kn_relay_held out[KN_RELAY_WANTED_MAX])
{
    size_t n = 0;

    for (const struct booking *b = client->bookings; b != NULL && n < KN_RELAY_WANTED_MAX;
         b = b->next) {
        if (b->held)
            out[n++] = b->told;
    }
    return n;
}
