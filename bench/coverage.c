/*
 * How much longer does it take to find the servers of every block of a model than of one block?
 *
 *     bench_coverage NODES BLOCKS
 *
 * In a simulated network in which each message takes 25 ms, so that a question and its answer take
 * 50; the times are of its clock. Each look begins with a node that has just joined. Prints one
 * JSON object with medians in milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "lib/codec/msgpack.h"
#include "net.h"

enum { DELAY_MS = 25, ROUNDS = 11, BLOCKS_MAX = 256, WAIT_MS = 60000 };

struct waiting {
    bool done;
    enum kn_code code;
    size_t found;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench_coverage: %s\n", what);
    exit(1);
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    (void)arg;
    (void)pong;
}

static void on_done(void *arg, enum kn_code code)
{
    struct waiting *waiting = arg;

    waiting->done = true;
    waiting->code = code;
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    (void)outcomes;
    (void)n;
    on_done(arg, code);
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    struct waiting *waiting = arg;

    waiting->found += value->found;
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    on_done(arg, totals->code);
}

static void wait_for(struct net *net, struct waiting *waiting, const char *what)
{
    while (!waiting->done && net_step(net))
        continue;
    must(waiting->done && waiting->code == KN_OK, what);
}

static struct net_node *join(struct net *net, net_adjust_fn *adjust)
{
    struct net_node *node = net_add(net, NET_HONEST, adjust);
    struct waiting waiting = { 0 };
    struct kn_dht_op *op;

    if (node->number == 0)
        return node;
    must(kn_dht_bootstrap(node->dht, &net_at(net, 0)->who.peer, 1, net_now(net) + WAIT_MS, on_pong,
                          on_done, &waiting, &op) == KN_OK,
         "join");
    wait_for(net, &waiting, "join");
    return node;
}

static void name_block(size_t number, struct kn_dht_id *out)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "Llama-3-3-70B-Instruct-hf.%zu", number);
    kn_dht_id_of_text(kn_span_text(text), out);
}

static void announce(struct net_node *node, const struct kn_dht_id *keys, size_t n)
{
    struct kn_dht_item items[BLOCKS_MAX];
    struct kn_dht_put_options options = { .items = items,
                                          .n = n,
                                          .deadline = net_now(node->net) + WAIT_MS };
    struct kn_buffer value = { 0 }, subkey = { 0 };
    struct waiting waiting = { 0 };
    struct kn_dht_op *op;

    kn_msgpack_write_int(&value, 1);
    kn_msgpack_write_text(&subkey, kn_span_text("server"));
    for (size_t i = 0; i < n; i++)
        items[i] = (struct kn_dht_item){ keys[i], kn_buffer_get(&subkey), kn_buffer_get(&value),
                                         net_true_time(node->net) + 86400 };
    must(kn_dht_put(node->dht, &options, on_put, &waiting, &op) == KN_OK, "put");
    wait_for(node->net, &waiting, "put");
    kn_buffer_done(&value);
    kn_buffer_done(&subkey);
}

static void as_client(struct kn_dht_options *options)
{
    options->client_mode = true;
}

/* Of one look by a client that has just joined. */
static double look(struct net *net, const struct kn_dht_id *keys, size_t n,
                   enum kn_dht_get_mode mode, size_t *missed)
{
    struct net_node *node = join(net, as_client);
    const struct kn_dht_get_options options = {
        .keys = keys, .n = n, .mode = mode, .deadline = net_now(net) + WAIT_MS
    };
    struct waiting waiting = { 0 };
    kn_time began = net_now(net);
    struct kn_dht_op *op;

    must(kn_dht_get(node->dht, &options, on_value, on_got, &waiting, &op) == KN_OK, "get");
    wait_for(net, &waiting, "get");
    *missed += n - waiting.found;
    net_remove(node);
    return (double)(net_now(net) - began);
}

int main(int argc, char **argv)
{
    const struct net_options options = { .seed = 7,
                                         .delay_min_ms = DELAY_MS,
                                         .delay_max_ms = DELAY_MS };
    size_t nodes = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    size_t missed = 0, blocks = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    struct kn_dht_id keys[BLOCKS_MAX];
    double all[ROUNDS], one[ROUNDS], first[ROUNDS];
    struct net *net = net_new(&options);

    must(nodes > 1 && blocks > 0 && blocks <= BLOCKS_MAX, "usage: bench_coverage NODES BLOCKS");
    for (size_t i = 0; i < blocks; i++)
        name_block(i, &keys[i]);
    for (size_t i = 0; i < nodes; i++)
        (void)join(net, NULL);
    announce(net_at(net, nodes / 2), keys, blocks);
    for (size_t i = 0; i < ROUNDS; i++) {
        all[i] = look(net, keys, blocks, KN_DHT_GET_COVERAGE, &missed);
        one[i] = look(net, &keys[i % blocks], 1, KN_DHT_GET_COVERAGE, &missed);
        first[i] = look(net, &keys[i % blocks], 1, KN_DHT_GET_FIRST, &missed);
    }
    (void)printf("{\"all_ms\": %.0f, \"one_ms\": %.0f, \"first_ms\": %.0f, \"missed\": %zu, "
                 "\"asked\": %zu}\n",
                 bench_median(all, ROUNDS), bench_median(one, ROUNDS), bench_median(first, ROUNDS),
                 missed, ROUNDS * (blocks + 2));
    net_free(net);
    return 0;
}
