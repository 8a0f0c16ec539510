/*
 * node — a whole network node of ours, by the contract of README.md, for tests with real peers.
 *
 * usage: node [--key HEX] [--client | --no-dht | --hidden] [--port N] [--relay ADDR,ADDR…]
 *             [--ahead SECONDS]
 *
 * Beyond the contract: echo on `count` streams at once; join (addrs); store (key, subkey, hex or
 * size, lifetime; with `count`, under so many subkeys, each with its number behind); get (key,
 * first); dht_ping (peer); counters; held (gives relays, announced). Values are MessagePack; a
 * subkey "" makes a regular value. A client listens nowhere; --no-dht listens and speaks neither
 * kad nor the DHT; --hidden listens nowhere and is no client; --relay holds a place at each of
 * these; --ahead has a wall clock that is so far ahead (or, below 0, behind).
 */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/frame.h"
#include "lib/codec/msgpack.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "network/network.h"
#include "network/proto/field_list.h"
#include "network/proto/identify.h"
#include "network/swarm/addresses.h"
#include "network/swarm/ping.h"

enum { LINE_MAX_BYTES = 1 << 16, WAIT_MS = 15000 };

/* The linker puts the second before the first (tests/CMakeLists.txt). */
double __real_kn_loop_unix_time(void);
double __wrap_kn_loop_unix_time(void);

static double ahead_s;

double __wrap_kn_loop_unix_time(void)
{
    return __real_kn_loop_unix_time() + ahead_s;
}

/* One of the streams of an echo; they end together with the command. */
struct echo {
    struct node *node;
    struct kn_stream *stream;
    size_t sent, got, wanted;
};

struct node {
    struct kn_loop *loop;
    struct kn_network *network;
    struct kn_join *join;
    struct kn_timer *deadline;
    /* One command at a time. */
    json_t *command, *answer;
    bool busy, ended;
    int64_t started_us;
    struct kn_peer_id peer;
    struct kn_stream *stream;
    struct kn_buffer bytes;
    struct echo *echoes;
    size_t echo_count, echoes_left;
    void (*on_connection)(struct node *node, struct kn_connection *connection);
    char *addresses[KN_NETWORK_BOOTSTRAPS_MAX];
    /* Lines that the reading thread has found. */
    pthread_mutex_t lock;
    char *lines[64];
    size_t line_count;
};

static void forget_streams(struct node *node)
{
    if (node->stream != NULL)
        kn_stream_forget(node->stream);
    node->stream = NULL;
    for (size_t i = 0; i < node->echo_count; i++) {
        if (node->echoes[i].stream != NULL)
            kn_stream_forget(node->echoes[i].stream);
    }
    free(node->echoes);
    node->echoes = NULL;
    node->echo_count = 0;
}

static void finish(struct node *node, const char *error)
{
    char *text;

    if (!node->busy)
        return;
    node->busy = false;
    kn_timer_set(node->deadline, KN_NEVER);
    forget_streams(node);
    kn_buffer_done(&node->bytes);
    json_object_set_new(node->answer, "ok", json_boolean(error == NULL));
    if (error != NULL)
        json_object_set_new(node->answer, "error", json_string(error));
    else
        json_object_set_new(node->answer, "ms",
                            json_real((double)(kn_loop_clock_us() - node->started_us) / 1000.0));
    text = json_dumps(node->answer, JSON_COMPACT);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
    free(text);
    json_decref(node->answer);
    json_decref(node->command);
    node->answer = node->command = NULL;
    kn_loop_wake(node->loop); /* the next one may wait */
}

static void on_deadline(void *arg)
{
    finish(arg, "no answer in time");
}

static const char *field(const struct node *node, const char *name)
{
    const char *text = json_string_value(json_object_get(node->command, name));

    return text != NULL ? text : "";
}

static bool learn(struct node *node, const char *text)
{
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    bool good;

    if (text[0] != '/')
        return kn_peer_id_parse(text, strlen(text), &node->peer, NULL) == KN_OK;
    good = kn_multiaddr_to_bytes(kn_span_text(text), &bytes, NULL) == KN_OK &&
           kn_multiaddr_route(kn_buffer_get(&bytes), &route) == KN_OK && route.has_peer;
    if (good) {
        node->peer = route.peer;
        kn_host_learn(kn_network_host(node->network), &route.peer, kn_buffer_get(&bytes));
    }
    kn_buffer_done(&bytes);
    return good;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct node *node = arg;

    if (code != KN_OK)
        finish(node, err != NULL ? err->text : kn_code_name(code));
    else
        node->on_connection(node, connection);
}

static void connect_then(struct node *node,
                         void (*then)(struct node *node, struct kn_connection *connection))
{
    struct kn_connect *connect;

    node->on_connection = then;
    if (!learn(node, field(node, "peer")))
        finish(node, "that is no peer");
    else if (kn_connect_start(kn_network_host(node->network), &node->peer, KN_REACH_SEARCH, 10000,
                              on_connected, node, &connect) != KN_OK)
        finish(node, "out of memory");
}

static void then_done(struct node *node, struct kn_connection *connection)
{
    (void)connection;
    finish(node, NULL);
}

static void on_ping(void *arg, enum kn_code code, double ms)
{
    (void)ms;
    finish(arg, code == KN_OK ? NULL : kn_code_name(code));
}

static void then_ping(struct node *node, struct kn_connection *connection)
{
    if (kn_ping_start(connection, 10000, on_ping, node) == NULL)
        finish(node, "no stream");
}

/* A stream of our own: identify and echo. */
static void stream_ended(void *arg, enum kn_code code)
{
    struct node *node = arg;

    node->stream = NULL;
    finish(node, kn_code_name(code));
}

static json_t *address_text(struct kn_span address)
{
    struct kn_text text = { 0 };
    json_t *json = kn_multiaddr_to_text(address, &text) == KN_OK ? json_string(kn_text_get(&text))
                                                                 : json_null();

    kn_text_done(&text);
    return json;
}

static void tell_identify(struct node *node, const struct kn_identify *told)
{
    json_t *protocols = json_array(), *addrs = json_array();
    struct kn_field_list list = told->protocols;
    struct kn_span item;

    while (kn_field_list_next(&list, &item))
        json_array_append_new(protocols, json_stringn((const char *)item.at, item.n));
    list = told->addrs;
    while (kn_field_list_next(&list, &item))
        json_array_append_new(addrs, address_text(item));
    json_object_set_new(node->answer, "protocols", protocols);
    json_object_set_new(node->answer, "addrs", addrs);
    json_object_set_new(node->answer, "agent",
                        json_stringn((const char *)told->agent.at, told->agent.n));
    json_object_set_new(
        node->answer, "version",
        json_stringn((const char *)told->protocol_version.at, told->protocol_version.n));
    json_object_set_new(node->answer, "observed", address_text(told->observed));
}

static void identify_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct node *node = arg;
    struct kn_identify told;
    struct kn_span message;
    size_t used;

    (void)stream;
    kn_buffer_add_span(&node->bytes, bytes);
    if (kn_frame_next(kn_buffer_get(&node->bytes), KN_IDENTIFY_MAX, &message, &used) != KN_OK)
        return;
    if (kn_identify_decode(message, &told) != KN_OK) {
        finish(node, "its identify cannot be read");
        return;
    }
    tell_identify(node, &told);
    finish(node, NULL);
}

static void stream_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    finish(arg, "the stream ended early");
}

static const struct kn_stream_events identify_events = {
    .data = identify_data,
    .finished = stream_finished,
    .ended = stream_ended,
};

static void then_identify(struct node *node, struct kn_connection *connection)
{
    static const char *const names[] = { "/ipfs/id/1.0.0", NULL };

    if (kn_stream_open(connection, names, &identify_events, node, &node->stream) != KN_OK)
        finish(node, "no stream");
}

static const char *const echo_names[] = { "/kwaainet/echo/1.0.0", NULL };

static uint8_t echo_byte(size_t at)
{
    return (uint8_t)(at * 7 >> 3);
}

static void send_more(struct echo *echo)
{
    uint8_t chunk[32768];

    while (echo->sent < echo->wanted) {
        size_t left = echo->wanted - echo->sent;
        size_t n = left < sizeof(chunk) ? left : sizeof(chunk);

        for (size_t i = 0; i < n; i++)
            chunk[i] = echo_byte(echo->sent + i);
        if (kn_stream_write(echo->stream, kn_span(chunk, n)) != KN_OK)
            return;
        echo->sent += n;
    }
}

static void echo_ready(void *arg, struct kn_stream *stream, const char *name)
{
    (void)stream;
    (void)name;
    send_more(arg);
}

/* An end of ours before everything is back would end the other direction too: p2pd joins both. */
static void echo_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct echo *echo = arg;
    struct node *node = echo->node;
    bool same = bytes.n <= echo->wanted - echo->got;

    (void)stream;
    for (size_t i = 0; same && i < bytes.n; i++)
        same = bytes.at[i] == echo_byte(echo->got + i);
    echo->got += bytes.n;
    if (!same)
        finish(node, "other bytes came back");
    else if (echo->got == echo->wanted && --node->echoes_left == 0)
        finish(node, NULL);
}

static void echo_finished(void *arg, struct kn_stream *stream)
{
    const struct echo *echo = arg;

    (void)stream;
    finish(echo->node, "the stream ended early");
}

static void echo_ended(void *arg, enum kn_code code)
{
    struct echo *echo = arg;

    echo->stream = NULL;
    finish(echo->node, kn_code_name(code));
}

static const struct kn_stream_events echo_events = {
    .ready = echo_ready,
    .data = echo_data,
    .finished = echo_finished,
    .ended = echo_ended,
};

static void then_echo(struct node *node, struct kn_connection *connection)
{
    size_t count = (size_t)json_integer_value(json_object_get(node->command, "count"));
    size_t bytes = (size_t)json_integer_value(json_object_get(node->command, "bytes"));

    count = count == 0 ? 1 : count;
    json_object_set_new(node->answer, "bytes", json_integer((json_int_t)count * (json_int_t)bytes));
    node->echoes = calloc(count, sizeof(*node->echoes));
    node->echo_count = node->echoes_left = count;
    for (size_t i = 0; i < count; i++)
        node->echoes[i] = (struct echo){ .node = node, .wanted = bytes };
    for (size_t i = 0; node->busy && i < count; i++) {
        enum kn_code rc = kn_stream_open(connection, echo_names, &echo_events, &node->echoes[i],
                                         &node->echoes[i].stream);

        if (rc != KN_OK)
            finish(node, kn_code_name(rc));
    }
}

/* The other side of echo. */
static void served_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    if (kn_stream_write(stream, bytes) != KN_OK)
        kn_stream_reset(stream);
}

static void served_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    kn_stream_finish(stream);
}

static void served_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events served_events = {
    .data = served_data,
    .finished = served_finished,
    .ended = served_ended,
};

static void echo_opened(void *arg, struct kn_stream *stream)
{
    kn_stream_serve(stream, &served_events, arg);
}

static void then_addresses(struct node *node, struct kn_connection *connection)
{
    struct kn_span known[KN_HOST_ADDRESSES_MAX];
    size_t n = kn_host_addresses(kn_network_host(node->network), &node->peer, known);
    json_t *addrs = json_array();

    (void)connection;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(addrs, address_text(known[i]));
    json_object_set_new(node->answer, "addrs", addrs);
    finish(node, NULL);
}

static json_t *relayed_json(const struct kn_relayed *relayed)
{
    char id[KN_PEER_ID_TEXT_SIZE];
    json_t *json;

    if (relayed == NULL)
        return json_null();
    kn_peer_id_print(&relayed->relay, id);
    json = json_object();
    json_object_set_new(json, "id", json_string(id));
    json_object_set_new(json, "seconds", json_integer(relayed->duration_s));
    json_object_set_new(json, "bytes", json_integer((json_int_t)relayed->bytes));
    return json;
}

static void add_announced(void *arg, struct kn_span address)
{
    json_array_append_new(arg, address_text(address));
}

/* The places that we hold at relays, and everything that we announce. */
static void do_held(struct node *node)
{
    struct kn_relay_held held[KN_RELAY_WANTED_MAX];
    size_t n = kn_relay_client_held(kn_network_relays(node->network), held);
    json_t *relays = json_array(), *announced = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(relays, relayed_json(&held[i].relayed));
    kn_host_announced(kn_network_host(node->network), add_announced, announced);
    json_object_set_new(node->answer, "relays", relays);
    json_object_set_new(node->answer, "announced", announced);
    finish(node, NULL);
}

static void do_peers(struct node *node)
{
    struct kn_host *host = kn_network_host(node->network);
    json_t *all = json_array();
    struct kn_connection *connection;
    size_t at = 0;

    while ((connection = kn_host_next(host, &at)) != NULL) {
        char id[KN_PEER_ID_TEXT_SIZE];
        json_t *peer = json_object();

        kn_peer_id_print(kn_connection_peer(connection), id);
        json_object_set_new(peer, "id", json_string(id));
        json_object_set_new(peer, "addrs", json_array());
        json_object_set_new(peer, "relay", relayed_json(kn_host_relayed(connection)));
        json_array_append_new(all, peer);
    }
    json_object_set_new(node->answer, "peers", all);
    finish(node, NULL);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct node *node = arg;
    json_t *one = json_object();

    json_object_set_new(one, "address", json_string(told->address));
    json_object_set_new(one, "code", json_string(kn_code_name(told->code)));
    json_object_set_new(one, "error", json_string(told->error.text));
    json_object_set_new(one, "ahead_s", json_real(told->ahead_s));
    json_array_append_new(json_object_get(node->answer, "bootstraps"), one);
}

static void on_near(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes, size_t n)
{
    struct node *node = arg;

    (void)nodes;
    json_object_set_new(node->answer, "near", json_integer((json_int_t)n));
    finish(node, code == KN_OK ? NULL : kn_code_name(code));
}

static kn_time in_ms(const struct node *node, int ms)
{
    return kn_loop_now(node->loop) + ms;
}

static void on_joined(void *arg, size_t answered)
{
    struct node *node = arg;
    struct kn_dht *dht = kn_network_dht(node->network);
    struct kn_dht_op *op;
    struct kn_dht_id id;

    kn_dht_id_of_bytes(kn_span_text("node"), &id);
    if (answered == 0)
        finish(node, "nobody answered");
    else if (kn_dht_find_nearest(dht, &id, 20, in_ms(node, 10000), on_near, node, &op) != KN_OK)
        finish(node, "out of memory");
}

static void do_join(struct node *node)
{
    const struct kn_join_events events = { node, NULL, on_settled, on_joined };
    json_t *addrs = json_object_get(node->command, "addrs");
    struct kn_error err = { 0 };
    size_t n = json_array_size(addrs);

    kn_join_free(node->join);
    node->join = NULL;
    for (size_t i = 0; i < n && i < KN_COUNT(node->addresses); i++) {
        free(node->addresses[i]);
        node->addresses[i] = strdup(json_string_value(json_array_get(addrs, i)));
    }
    json_object_set_new(node->answer, "bootstraps", json_array());
    if (kn_join_start(node->network, (const char *const *)node->addresses, n, 4000, &events,
                      &node->join, &err) != KN_OK)
        finish(node, err.text);
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct node *node = arg;

    if (n > 0) {
        json_object_set_new(node->answer, "acknowledged", json_integer(outcomes[0].acknowledged));
        json_object_set_new(node->answer, "refused", json_integer(outcomes[0].refused));
        json_object_set_new(node->answer, "kept", json_boolean(outcomes[0].kept));
    }
    finish(node, code == KN_OK ? NULL : kn_code_name(code));
}

static void add_hex(struct kn_buffer *out, const char *hex)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char two[3] = { hex[0], hex[1], '\0' };

        kn_buffer_add_byte(out, (uint8_t)strtoul(two, NULL, 16));
    }
}

static void add_value(struct node *node, struct kn_buffer *out)
{
    size_t size = (size_t)json_integer_value(json_object_get(node->command, "size"));
    struct kn_buffer zeros = { 0 };

    if (size == 0) {
        add_hex(out, field(node, "hex"));
        return;
    }
    (void)kn_buffer_extend(&zeros, size);
    kn_msgpack_write_bin(out, kn_buffer_get(&zeros));
    kn_buffer_done(&zeros);
}

static void add_subkey(const struct node *node, size_t number, struct kn_buffer *out)
{
    const char *word = field(node, "subkey");
    struct kn_text text = { 0 };

    if (word[0] == '\0')
        return;
    kn_text_add(&text, word);
    if (number > 0)
        kn_text_addf(&text, "%zu", number);
    kn_msgpack_write_text(out, kn_span_text(kn_text_get(&text)));
    kn_text_done(&text);
}

static void do_store(struct node *node)
{
    json_t *lifetime = json_object_get(node->command, "lifetime");
    size_t count = (size_t)json_integer_value(json_object_get(node->command, "count"));
    size_t n = count > 0 ? count : 1;
    struct kn_dht_item *items = calloc(n, sizeof(*items));
    struct kn_buffer *subkeys = calloc(n, sizeof(*subkeys)), value = { 0 };
    const struct kn_dht_put_options options = { .items = items,
                                                .n = n,
                                                .deadline = in_ms(node, 12000) };
    struct kn_dht_op *op;

    add_value(node, &value);
    for (size_t i = 0; i < n; i++) {
        kn_dht_id_of_text(kn_span_text(field(node, "key")), &items[i].key);
        add_subkey(node, count > 0 ? i + 1 : 0, &subkeys[i]);
        items[i].subkey = kn_buffer_get(&subkeys[i]);
        items[i].value = kn_buffer_get(&value);
        items[i].expiration =
            kn_loop_unix_time() + (lifetime != NULL ? json_number_value(lifetime) : 300);
    }
    if (kn_dht_put(kn_network_dht(node->network), &options, on_put, node, &op) != KN_OK)
        finish(node, "it cannot be stored");
    for (size_t i = 0; i < n; i++)
        kn_buffer_done(&subkeys[i]);
    kn_buffer_done(&value);
    free(subkeys);
    free(items);
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    static const char digits[] = "0123456789abcdef";
    struct node *node = arg;
    struct kn_text hex = { 0 };

    json_object_set_new(node->answer, "found", json_boolean(value->found));
    json_object_set_new(node->answer, "answers", json_integer(value->answers));
    json_object_set_new(node->answer, "dictionary", json_boolean(value->record.is_dictionary));
    json_object_set_new(node->answer, "size", json_integer((json_int_t)value->record.value.n));
    json_object_set_new(node->answer, "expiration", json_real(value->record.expiration));
    for (size_t i = 0; value->found && i < value->record.value.n; i++) {
        kn_text_add_char(&hex, digits[value->record.value.at[i] >> 4]);
        kn_text_add_char(&hex, digits[value->record.value.at[i] & 15]);
    }
    json_object_set_new(node->answer, "hex", json_string(kn_text_get(&hex)));
    kn_text_done(&hex);
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    struct node *node = arg;

    json_object_set_new(node->answer, "malformed", json_integer((json_int_t)totals->malformed));
    finish(node, totals->code == KN_OK ? NULL : kn_code_name(totals->code));
}

static void do_get(struct node *node)
{
    struct kn_dht_id key;
    const struct kn_dht_get_options options = {
        .keys = &key,
        .n = 1,
        .mode = json_is_true(json_object_get(node->command, "first")) ? KN_DHT_GET_FIRST
                                                                      : KN_DHT_GET_LATEST,
        .deadline = in_ms(node, 12000),
    };
    struct kn_dht_op *op;

    kn_dht_id_of_text(kn_span_text(field(node, "key")), &key);
    if (kn_dht_get(kn_network_dht(node->network), &options, on_value, on_got, node, &op) != KN_OK)
        finish(node, "out of memory");
}

static void do_counters(struct node *node)
{
    struct kn_host *host = kn_network_host(node->network);
    const struct kn_host_counters *counters = kn_host_counters(host);
    struct kn_record_counters records;
    struct kn_dht_counters dht;

    kn_record_counters(kn_dht_records(kn_network_dht(node->network)), &records);
    kn_dht_counters(kn_network_dht(node->network), &dht);
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {
        { "connections", kn_host_connection_count(host) },
        { "records", records.records },
        { "refused_records", dht.refused_records },
        { "handshake_failures", counters->handshake_failures },
        { "protocol_errors", counters->protocol_errors },
        { "wrong_identities", counters->wrong_identities },
        { "timeouts", dht.timeouts },
        { "failures", dht.failures },
        { "malformed", dht.malformed },
        { "malformed_records", dht.malformed_records },
        { "nonsense_neighbours", dht.nonsense_neighbours },
    };
    for (size_t i = 0; i < KN_COUNT(all); i++)
        json_object_set_new(node->answer, all[i].name, json_integer((json_int_t)all[i].value));
    finish(node, NULL);
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    struct node *node = arg;

    json_object_update_new(node->answer,
                           json_pack("{s:b, s:f}", "available", (int)pong->available, "ahead_s",
                                     pong->tells_time ? pong->ahead_s : 0.0));
    finish(node, pong->code == KN_OK ? NULL : kn_code_name(pong->code));
}

static void then_dht_ping(struct node *node, struct kn_connection *connection)
{
    struct kn_dht_op *op;

    if (kn_dht_ping(kn_network_dht(node->network), kn_connection_peer(connection),
                    in_ms(node, 10000), on_pong, node, &op) != KN_OK)
        finish(node, "out of memory");
}

static void do_dht_ping(struct node *node)
{
    connect_then(node, then_dht_ping);
}

static void do_connect(struct node *node)
{
    connect_then(node, then_done);
}

static void do_ping(struct node *node)
{
    connect_then(node, then_ping);
}

static void do_identify(struct node *node)
{
    connect_then(node, then_identify);
}

static void do_echo(struct node *node)
{
    connect_then(node, then_echo);
}

static void do_find(struct node *node)
{
    connect_then(node, then_addresses);
}

static void begin(struct node *node, const char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct node *node);
    } commands[] = {
        { "connect", do_connect },   { "ping", do_ping },         { "identify", do_identify },
        { "echo", do_echo },         { "find", do_find },         { "peers", do_peers },
        { "join", do_join },         { "store", do_store },       { "get", do_get },
        { "counters", do_counters }, { "dht_ping", do_dht_ping }, { "held", do_held },
    };

    node->command = json_loads(line, 0, NULL);
    node->answer = json_object();
    node->busy = true;
    node->started_us = kn_loop_clock_us();
    kn_timer_set(node->deadline, in_ms(node, WAIT_MS));
    for (size_t i = 0; i < KN_COUNT(commands); i++) {
        if (strcmp(field(node, "do"), commands[i].name) == 0) {
            commands[i].run(node);
            return;
        }
    }
    finish(node, "no such command");
}

static void on_wake(void *arg)
{
    struct node *node = arg;
    char *line = NULL;
    bool ended;

    if (node->busy)
        return;
    (void)pthread_mutex_lock(&node->lock);
    if (node->line_count > 0) {
        line = node->lines[0];
        memmove(node->lines, node->lines + 1, --node->line_count * sizeof(node->lines[0]));
    }
    ended = node->ended && line == NULL;
    (void)pthread_mutex_unlock(&node->lock);
    if (line != NULL)
        begin(node, line);
    free(line);
    if (ended)
        kn_loop_stop(node->loop);
}

static void *read_lines(void *arg)
{
    struct node *node = arg;
    char *line = malloc(LINE_MAX_BYTES);

    while (fgets(line, LINE_MAX_BYTES, stdin) != NULL) {
        (void)pthread_mutex_lock(&node->lock);
        if (node->line_count < KN_COUNT(node->lines))
            node->lines[node->line_count++] = strdup(line);
        (void)pthread_mutex_unlock(&node->lock);
        kn_loop_wake(node->loop);
    }
    free(line);
    (void)pthread_mutex_lock(&node->lock);
    node->ended = true;
    (void)pthread_mutex_unlock(&node->lock);
    kn_loop_wake(node->loop);
    return NULL;
}

static bool make_key(const char *hex, const struct kn_random *random, struct kn_key **out)
{
    struct kn_buffer bytes = { 0 };
    enum kn_code rc;

    if (hex == NULL)
        return kn_key_new(random, out) == KN_OK;
    add_hex(&bytes, hex);
    rc = kn_key_decode(kn_buffer_get(&bytes), out, NULL);
    kn_buffer_done(&bytes);
    return rc == KN_OK;
}

static void print_ready(const struct node *node, bool listens)
{
    struct kn_endpoint at = { 0 };
    char id[KN_PEER_ID_TEXT_SIZE];

    kn_peer_id_print(kn_host_self(kn_network_host(node->network)), id);
    (void)printf("{\"id\": \"%s\", \"addrs\": [", id);
    if (listens) {
        kn_host_listener(kn_network_host(node->network), 0, &at);
        (void)printf("\"/ip4/127.0.0.1/tcp/%u/p2p/%s\"", at.port, id);
    }
    (void)printf("]}\n");
    (void)fflush(stdout);
}

static bool has(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return false;
}

static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return NULL;
}

static size_t count_of(const char *list)
{
    size_t n = list != NULL;

    for (; list != NULL && *list != '\0'; list++)
        n += *list == ',';
    return n;
}

/* Addresses with commas between them. */
static bool add_relays(struct node *node, const char *list)
{
    char *copy = strdup(list != NULL ? list : ""), *rest = NULL;
    bool good = true;

    for (char *word = strtok_r(copy, ",", &rest); good && word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        good = learn(node, word);
        if (good)
            kn_relay_client_add(kn_network_relays(node->network), &node->peer, KN_RELAY_TRUSTED);
    }
    free(copy);
    return good;
}

static enum kn_code start(struct node *node, const struct kn_network_options *options, bool listens,
                          const char *port, struct kn_error *err)
{
    const struct kn_protocol echo = { echo_names[0], echo_opened, NULL };
    struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };
    enum kn_code rc = kn_network_new(options, &node->network, err);

    if (rc == KN_OK)
        rc = kn_host_serve(kn_network_host(node->network), &echo);
    at.port = port != NULL ? (uint16_t)strtoul(port, NULL, 10) : 0;
    if (rc == KN_OK && listens)
        rc = kn_host_listen(kn_network_host(node->network), &at, err);
    return rc;
}

int main(int argc, char **argv)
{
    struct kn_random random = kn_random_system();
    struct node node = { 0 };
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;
    struct kn_network_options options = { .random = &random,
                                          .agent = "kwaainet/1.0.0",
                                          .connections_max = 2000 };
    pthread_t reader;
    bool listens;

    options.is_client = has(argc, argv, "--client") || has(argc, argv, "--no-dht");
    options.is_hidden = has(argc, argv, "--hidden");
    listens = !has(argc, argv, "--client") && !options.is_hidden;
    if (!make_key(option(argc, argv, "--key"), &random, &key) ||
        kn_loop_new(&node.loop, &err) != KN_OK || pthread_mutex_init(&node.lock, NULL) != 0)
        return 2;
    if (option(argc, argv, "--ahead") != NULL)
        ahead_s = strtod(option(argc, argv, "--ahead"), NULL);
    options.relays = count_of(option(argc, argv, "--relay"));
    options.loop = node.loop;
    options.identity = key;
    if (start(&node, &options, listens, option(argc, argv, "--port"), &err) != KN_OK ||
        !add_relays(&node, option(argc, argv, "--relay"))) {
        (void)fprintf(stderr, "node: %s\n", err.text);
        return 1;
    }
    node.deadline = kn_timer_new(node.loop, on_deadline, &node);
    kn_loop_on_wake(node.loop, on_wake, &node);
    if (pthread_create(&reader, NULL, read_lines, &node) != 0)
        return 1;
    print_ready(&node, listens);
    kn_loop_run(node.loop);
    (void)pthread_join(reader, NULL);
    kn_timer_free(node.deadline);
    kn_join_free(node.join);
    kn_network_free(node.network);
    kn_key_free(key);
    kn_loop_free(node.loop);
    for (size_t i = 0; i < KN_COUNT(node.addresses); i++)
        free(node.addresses[i]);
    return 0;
}
