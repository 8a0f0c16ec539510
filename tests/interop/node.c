/*
 * node — a whole network node for the tests with real peers, driven by its arguments.
 *
 * usage: node [--key HEX] [--client] [--port N] [--bootstrap ADDR]... [--put KEY SUBKEY HEX]...
 *             [--get KEY]... [--connect ADDR]... [--ping ADDR]... [--big BYTES]
 *
 * Listens on loopback, prints {"id", "addrs"}, then does what the other words say, in order, and
 * prints one JSON line for each; then serves until it is told to end. Values are MessagePack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/msgpack.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "network/network.h"
#include "network/swarm/ping.h"

struct step {
    const char *what;
    const char *word[3];
};

struct node {
    struct kn_loop *loop;
    struct kn_network *network;
    struct kn_join *join;
    struct step steps[64];
    size_t step_count, at;
    const char *bootstraps[KN_NETWORK_BOOTSTRAPS_MAX];
    size_t bootstrap_count;
    struct kn_peer_id peer; /* of the step under way */
    bool is_client, hold;
    uint16_t port;
    const char *key;
};

static void next_step(struct node *node);

static void print_hex(struct kn_span bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        printf("%02x", bytes.at[i]);
}

static void print_error(const struct kn_error *err, enum kn_code code)
{
    printf("\"ok\": false, \"code\": \"%s\", \"error\": \"%s\"}\n", kn_code_name(code),
           err != NULL ? err->text : "");
}

static void end_step(struct node *node)
{
    (void)fflush(stdout);
    next_step(node);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    (void)arg;
    printf("{\"did\": \"bootstrap\", \"address\": \"%s\", \"ms\": %.3f, ", told->address, told->ms);
    if (told->code == KN_OK)
        printf("\"ok\": true, \"ahead_s\": %.3f}\n", told->ahead_s);
    else
        print_error(&told->error, told->code);
    (void)fflush(stdout);
}

static void on_found_self(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes,
                          size_t n)
{
    (void)nodes;
    printf("{\"did\": \"join\", \"ok\": %s, \"neighbours\": %zu}\n",
           code == KN_OK ? "true" : "false", n);
    end_step(arg);
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

    kn_dht_id_of_bytes(kn_span("node", 4), &id);
    if (answered == 0 ||
        kn_dht_find_nearest(dht, &id, 20, in_ms(node, 10000), on_found_self, node, &op) != KN_OK)
        end_step(node);
}

static void do_join(struct node *node)
{
    const struct kn_join_events events = { node, on_settled, on_joined };
    struct kn_error err = { 0 };

    if (kn_join_start(node->network, node->bootstraps, node->bootstrap_count, 4000, &events,
                      &node->join, &err) != KN_OK) {
        printf("{\"did\": \"bootstrap\", ");
        print_error(&err, err.code);
        end_step(node);
    }
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct node *node = arg;

    printf(
        "{\"did\": \"put\", \"key\": \"%s\", \"ok\": %s, \"code\": \"%s\", \"acknowledged\": %u, "
        "\"refused\": %u, \"kept\": %s}\n",
        node->steps[node->at - 1].word[0], code == KN_OK ? "true" : "false", kn_code_name(code),
        n > 0 ? outcomes[0].acknowledged : 0, n > 0 ? outcomes[0].refused : 0,
        n > 0 && outcomes[0].kept ? "true" : "false");
    end_step(node);
}

static void add_hex(struct kn_buffer *out, const char *hex)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char two[3] = { hex[0], hex[1], '\0' };

        kn_buffer_add_byte(out, (uint8_t)strtoul(two, NULL, 16));
    }
}

/* A subkey "" makes a regular value; a value "#N" is N bytes. */
static void do_put(struct node *node, const struct step *step)
{
    struct kn_buffer subkey = { 0 }, value = { 0 };
    struct kn_dht_item item = { .expiration = kn_loop_unix_time() + 300 };
    const struct kn_dht_put_options options = { .items = &item,
                                                .n = 1,
                                                .deadline = in_ms(node, 20000) };
    struct kn_dht_op *op;

    kn_dht_id_of_text(kn_span_text(step->word[0]), &item.key);
    if (step->word[1][0] != '\0')
        kn_msgpack_write_text(&subkey, kn_span_text(step->word[1]));
    if (step->word[2][0] == '#') {
        struct kn_buffer big = { 0 };

        (void)kn_buffer_extend(&big, strtoul(step->word[2] + 1, NULL, 10));
        kn_msgpack_write_bin(&value, kn_buffer_get(&big));
        kn_buffer_done(&big);
    } else {
        add_hex(&value, step->word[2]);
    }
    item.subkey = kn_buffer_get(&subkey);
    item.value = kn_buffer_get(&value);
    if (kn_dht_put(kn_network_dht(node->network), &options, on_put, node, &op) != KN_OK)
        end_step(node);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    struct node *node = arg;

    printf(
        "{\"did\": \"get\", \"key\": \"%s\", \"found\": %s, \"answers\": %u, \"dictionary\": %s, "
        "\"size\": %zu, \"value\": \"",
        node->steps[node->at - 1].word[0], value->found ? "true" : "false", value->answers,
        value->record.is_dictionary ? "true" : "false", value->record.value.n);
    if (value->found && value->record.value.n <= 4096)
        print_hex(value->record.value);
    printf("\"}\n");
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    (void)totals;
    end_step(arg);
}

static void do_get(struct node *node, const struct step *step)
{
    struct kn_dht_id key;
    const struct kn_dht_get_options options = {
        .keys = &key, .n = 1, .mode = KN_DHT_GET_LATEST, .deadline = in_ms(node, 20000)
    };
    struct kn_dht_op *op;

    kn_dht_id_of_text(kn_span_text(step->word[0]), &key);
    if (kn_dht_get(kn_network_dht(node->network), &options, on_value, on_got, node, &op) != KN_OK)
        end_step(node);
}

static bool take_address(struct node *node, const char *text)
{
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    bool good = kn_multiaddr_to_bytes(kn_span_text(text), &bytes, NULL) == KN_OK &&
                kn_multiaddr_route(kn_buffer_get(&bytes), &route) == KN_OK && route.has_peer;

    if (good) {
        node->peer = route.peer;
        kn_host_learn(kn_network_host(node->network), &route.peer, kn_buffer_get(&bytes));
    }
    kn_buffer_done(&bytes);
    return good;
}

static void on_ping(void *arg, enum kn_code code, double ms)
{
    printf("{\"did\": \"ping\", \"ok\": %s, \"code\": \"%s\", \"ms\": %.3f}\n",
           code == KN_OK ? "true" : "false", kn_code_name(code), ms);
    end_step(arg);
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct node *node = arg;

    if (code != KN_OK) {
        printf("{\"did\": \"connect\", ");
        print_error(err, code);
        end_step(node);
    } else if (kn_ping_start(connection, 5000, on_ping, node) == NULL) {
        on_ping(node, KN_E_CLOSED, 0);
    }
}

/* WORD is an address, or a peer id alone: then kad must find it. */
static void do_ping(struct node *node, const struct step *step)
{
    struct kn_connect *connect;
    bool known = step->word[0][0] == '/' ? take_address(node, step->word[0])
                                         : kn_peer_id_parse(step->word[0], strlen(step->word[0]),
                                                            &node->peer, NULL) == KN_OK;

    if (!known || kn_connect_start(kn_network_host(node->network), &node->peer, KN_REACH_SEARCH,
                                   10000, on_connected, node, &connect) != KN_OK)
        on_ping(node, KN_E_SYNTAX, 0);
}

static void next_step(struct node *node)
{
    const struct step *step;

    if (node->at == node->step_count) {
        printf("{\"did\": \"all\"}\n");
        (void)fflush(stdout);
        if (!node->hold)
            kn_loop_stop(node->loop);
        return;
    }
    step = &node->steps[node->at++];
    if (strcmp(step->what, "--bootstrap") == 0)
        do_join(node);
    else if (strcmp(step->what, "--put") == 0)
        do_put(node, step);
    else if (strcmp(step->what, "--get") == 0)
        do_get(node, step);
    else
        do_ping(node, step);
}

static void on_signal(void *arg, int number)
{
    struct node *node = arg;

    (void)number;
    kn_loop_stop(node->loop);
}

static void on_first(void *arg)
{
    next_step(arg);
}

static bool read_words(struct node *node, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        int left = argc - i - 1, takes = strcmp(word, "--put") == 0 ? 3 : 1;
        struct step *step = &node->steps[node->step_count];

        if (strcmp(word, "--client") == 0) {
            node->is_client = true;
            continue;
        }
        if (strcmp(word, "--hold") == 0) {
            node->hold = true;
            continue;
        }
        if (left < takes || node->step_count >= KN_COUNT(node->steps))
            return false;
        if (strcmp(word, "--port") == 0) {
            node->port = (uint16_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(word, "--key") == 0) {
            node->key = argv[++i];
        } else if (strcmp(word, "--bootstrap") == 0) {
            node->bootstraps[node->bootstrap_count++] = argv[++i];
            if (node->bootstrap_count == 1)
                *step = (struct step){ .what = word }, node->step_count++;
        } else {
            step->what = word;
            for (int k = 0; k < takes; k++)
                step->word[k] = argv[++i];
            node->step_count++;
        }
    }
    return true;
}

static bool make_key(const struct node *node, const struct kn_random *random, struct kn_key **out)
{
    struct kn_buffer bytes = { 0 };
    enum kn_code rc;

    if (node->key == NULL)
        return kn_key_new(random, out) == KN_OK;
    add_hex(&bytes, node->key);
    rc = kn_key_decode(kn_buffer_get(&bytes), out, NULL);
    kn_buffer_done(&bytes);
    return rc == KN_OK;
}

static void print_ready(const struct node *node)
{
    struct kn_endpoint at = { 0 };
    char id[KN_PEER_ID_TEXT_SIZE];

    kn_peer_id_print(kn_host_self(kn_network_host(node->network)), id);
    printf("{\"id\": \"%s\", \"addrs\": [", id);
    if (!node->is_client) {
        kn_host_listener(kn_network_host(node->network), 0, &at);
        printf("\"/ip4/127.0.0.1/tcp/%u/p2p/%s\"", at.port, id);
    }
    printf("]}\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct kn_random random = kn_random_system();
    struct node node = { 0 };
    struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };
    struct kn_error err = { 0 };
    struct kn_key *key = NULL;
    struct kn_timer *first;
    struct kn_network_options options = { .random = &random,
                                          .agent = "kwaainet/1.0.0",
                                          .connections_max = 2000 };

    if (!read_words(&node, argc, argv) || !make_key(&node, &random, &key) ||
        kn_loop_new(&node.loop, &err) != KN_OK)
        return 2;
    options.loop = node.loop;
    options.identity = key;
    options.is_client = node.is_client;
    at.port = node.port;
    if (kn_network_new(&options, &node.network, &err) != KN_OK ||
        (!node.is_client && kn_host_listen(kn_network_host(node.network), &at, &err) != KN_OK)) {
        (void)fprintf(stderr, "node: %s\n", err.text);
        return 1;
    }
    print_ready(&node);
    first = kn_timer_new(node.loop, on_first, &node);
    kn_timer_set(first, kn_loop_now(node.loop));
    kn_loop_on_signal(node.loop, on_signal, &node);
    kn_loop_run(node.loop);
    kn_timer_free(first);
    kn_join_free(node.join);
    kn_network_free(node.network);
    kn_key_free(key);
    kn_loop_free(node.loop);
    return 0;
}
