/*
 * Gets and puts of our DHT.
 *
 *     bench_dht swarm [RECORDS]      serve twelve nodes until the input ends; prints {"addrs"}
 *     bench_dht own OPS              a client beside twelve such nodes, in one process
 *     bench_dht ops OPS ADDR...      a client of the nodes that these addresses lead to
 *     bench_dht coverage PREFIX BLOCKS ADDR...
 *
 * RECORDS: lines "KEY SUBKEY VALUE END", the first three hexadecimal, SUBKEY "-" for none. Prints
 * one JSON object. "ops" compares each operation with the calls that it made, sent again without
 * the engine: the same bytes to the same peers, each as soon as as many answers had come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "client.h"
#include "lib/codec/msgpack.h"

enum { NODES = 12, OPS_MAX = 100000, LINE_SIZE = 1 << 20, REST_MS = 5 };

struct swarm {
    struct bench_node nodes[NODES];
    struct kn_peer_id first;
    char address[BENCH_ADDRESS_SIZE];
};

static void swarm_start(struct swarm *swarm, struct kn_loop *loop)
{
    for (size_t i = 0; i < NODES; i++) {
        bench_node_start(&swarm->nodes[i], loop, false);
        if (i == 0)
            bench_node_address(&swarm->nodes[0], swarm->address);
        if (i == 0)
            continue;
        swarm->first = bench_learn(swarm->nodes[i].network, swarm->address);
        bench_join(loop, kn_network_dht(swarm->nodes[i].network), &swarm->first, 1);
    }
}

static void swarm_stop(struct swarm *swarm)
{
    for (size_t i = 0; i < NODES; i++)
        bench_node_free(&swarm->nodes[i]);
}

/* ---- records of others ---- */

static void read_hex(const char *text, struct kn_buffer *out)
{
    unsigned byte;

    kn_buffer_clear(out);
    for (; text[0] != ' ' && text[0] != '-' && sscanf(text, "%2x", &byte) == 1; text += 2)
        kn_buffer_add_byte(out, (uint8_t)byte);
}

/* Where store() would put it: the nodes nearest to the key. */
static void keep(struct swarm *swarm, const struct kn_dht_item *item)
{
    bool taken[NODES] = { false };

    for (size_t n = 0; n < KN_DHT_REPLICAS; n++) {
        struct kn_dht_id best_id = { { 0 } };
        size_t best = NODES;

        for (size_t i = 0; i < NODES; i++) {
            const struct kn_peer_id *peer = kn_host_self(kn_network_host(swarm->nodes[i].network));
            struct kn_dht_id id;

            kn_dht_id_of_bytes(kn_span(peer->bytes, peer->n), &id);
            if (taken[i] || (best < NODES && kn_dht_id_nearer(&item->key, &id, &best_id) >= 0))
                continue;
            best = i;
            best_id = id;
        }
        taken[best] = true;
        (void)kn_record_put(kn_dht_records(kn_network_dht(swarm->nodes[best].network)), &item->key,
                            item->subkey, item->value, item->expiration, NULL, kn_loop_unix_time());
    }
}

static void fill(struct swarm *swarm, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = malloc(LINE_SIZE), *end;
    struct kn_buffer key = { 0 }, subkey = { 0 }, value = { 0 };

    if (file == NULL || line == NULL)
        bench_fail(path);
    while (fgets(line, LINE_SIZE, file) != NULL) {
        struct kn_dht_item item = { .expiration = 0 };
        char *second = strchr(line, ' '), *third = second != NULL ? strchr(second + 1, ' ') : NULL;

        end = third != NULL ? strchr(third + 1, ' ') : NULL;
        if (end == NULL)
            bench_fail("a broken line of records");
        read_hex(line, &key);
        read_hex(second + 1, &subkey);
        read_hex(third + 1, &value);
        if (key.n != KN_DHT_ID_SIZE)
            bench_fail("a key of another length");
        memcpy(item.key.bytes, kn_buffer_get(&key).at, KN_DHT_ID_SIZE);
        item.subkey = kn_buffer_get(&subkey);
        item.value = kn_buffer_get(&value);
        item.expiration = strtod(end + 1, NULL);
        keep(swarm, &item);
    }
    kn_buffer_done(&key);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
    free(line);
    (void)fclose(file);
}

static void serve(const char *records)
{
    static struct swarm swarm;
    struct kn_loop *loop = bench_loop();

    swarm_start(&swarm, loop);
    if (records != NULL)
        fill(&swarm, records);
    (void)printf("{\"id\": null, \"addrs\": [\"%s\"]}\n", swarm.address);
    (void)fflush(stdout);
    bench_until_end_of_input(loop);
    swarm_stop(&swarm);
    kn_loop_free(loop);
}

/* ---- many operations ---- */

struct load {
    struct bench_client *client;
    bool is_put;
    const char *prefix;
    size_t started, done, count, width;
};

static void item_key(const struct load *load, size_t number, struct kn_dht_id *out)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%s.%zu", load->prefix, number);
    kn_dht_id_of_text(kn_span_text(text), out);
}

static void start_more(struct load *load);

static void one_done(struct load *load)
{
    load->done++;
    if (load->done == load->count)
        kn_loop_stop(load->client->loop);
    else
        start_more(load);
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    bench_must(code, "put");
    if (n != 1 || outcomes[0].acknowledged == 0)
        bench_fail("nobody kept it");
    one_done(arg);
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    (void)arg;
    if (!value->found)
        bench_fail("a value is not found");
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    bench_must(totals->code, "get");
    one_done(arg);
}

static void start_put(struct load *load)
{
    static const char text[] = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
                               "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
    struct kn_buffer value = { 0 };
    struct kn_dht_item item = { .expiration = kn_loop_unix_time() + 900 };
    const struct kn_dht_put_options options = {
        .items = &item, .n = 1, .deadline = kn_loop_now(load->client->loop) + BENCH_WAIT_MS
    };
    struct kn_dht_op *op;

    item_key(load, load->started, &item.key);
    kn_msgpack_write_text(&value, kn_span_text(text));
    item.value = kn_buffer_get(&value);
    bench_must(kn_dht_put(load->client->dht, &options, on_put, load, &op), "put");
    kn_buffer_done(&value);
}

static void start_get(struct load *load)
{
    struct kn_dht_id key;
    const struct kn_dht_get_options options = { .keys = &key,
                                                .n = 1,
                                                .mode = KN_DHT_GET_FIRST,
                                                .deadline = kn_loop_now(load->client->loop) +
                                                            BENCH_WAIT_MS };
    struct kn_dht_op *op;

    item_key(load, load->started, &key);
    bench_must(kn_dht_get(load->client->dht, &options, on_value, on_got, load, &op), "get");
}

static void start_more(struct load *load)
{
    while (load->started < load->count && load->started - load->done < load->width) {
        if (load->is_put)
            start_put(load);
        else
            start_get(load);
        load->started++;
    }
}

/* Operations per second. */
static double run_load(struct load *load)
{
    double began = bench_now_us();

    load->started = load->done = 0;
    start_more(load);
    kn_loop_run(load->client->loop);
    return (double)load->count * 1e6 / (bench_now_us() - began);
}

static void own(size_t count)
{
    static struct swarm swarm;
    struct kn_loop *loop = bench_loop();
    struct bench_client client;
    const char *address = swarm.address;
    double per_s[4];

    swarm_start(&swarm, loop);
    bench_client_start(&client, loop, &address, 1);
    for (size_t i = 0; i < 4; i++) {
        struct load load = { .client = &client,
                             .is_put = i % 2 == 0,
                             .prefix = i < 2 ? "one" : "many",
                             .count = count,
                             .width = i < 2 ? 1 : 64 };

        per_s[i] = run_load(&load);
    }
    (void)printf("{\"store_1\": %.1f, \"get_1\": %.1f, \"store_64\": %.1f, \"get_64\": %.1f}\n",
                 per_s[0], per_s[1], per_s[2], per_s[3]);
    bench_client_free(&client);
    swarm_stop(&swarm);
    kn_loop_free(loop);
}

/* ---- one at a time, each beside its bare calls ---- */

struct figures {
    double *wall, *bare, *single;
    double cpu_us, calls;
};

static double timed(double began)
{
    return bench_now_us() - began;
}

static void measure(struct load *load, struct figures *figures)
{
    struct bench_client *client = load->client;
    size_t total = load->count;

    for (size_t i = 0; i < total; i++) {
        double began, cpu;

        load->started = load->done = i;
        load->count = i + 1;
        bench_client_record(client);
        began = bench_now_us(), cpu = bench_cpu_us();
        start_more(load);
        kn_loop_run(client->loop);
        figures->wall[i] = timed(began);
        figures->cpu_us += bench_cpu_us() - cpu;
        figures->calls += (double)client->call_count;
        client->recording = false;
        bench_rest(client->loop, REST_MS);
        figures->bare[i] = bench_client_replay(client, client->call_count, client->answered);
        bench_rest(client->loop, REST_MS);
        figures->single[i] = bench_client_replay(client, 1, 1);
    }
}

static void print_figures(const char *name, struct figures *figures, size_t n, const char *end)
{
    (void)printf("\"%s\": {\"wall_us\": %.1f, \"bare_us\": %.1f, \"single_us\": %.1f, "
                 "\"cpu_us\": %.1f, \"calls\": %.2f}%s",
                 name, bench_median(figures->wall, n), bench_median(figures->bare, n),
                 bench_median(figures->single, n), figures->cpu_us / (double)n,
                 figures->calls / (double)n, end);
}

static void ops(size_t count, char **addresses, size_t n)
{
    struct kn_loop *loop = bench_loop();
    struct bench_client client;
    char prefix[32];
    struct figures figures[2];

    bench_client_start(&client, loop, (const char *const *)addresses, n);
    (void)snprintf(prefix, sizeof(prefix), "bench%" PRId64, kn_loop_clock_us());
    for (size_t i = 0; i < 2; i++) {
        struct load load = {
            .client = &client, .is_put = i == 0, .prefix = prefix, .count = count, .width = 1
        };

        figures[i] = (struct figures){ calloc(count, sizeof(double)), calloc(count, sizeof(double)),
                                       calloc(count, sizeof(double)), 0, 0 };
        if (figures[i].wall == NULL || figures[i].bare == NULL || figures[i].single == NULL)
            bench_fail("memory");
        measure(&load, &figures[i]);
    }
    (void)printf("{");
    print_figures("store", &figures[0], count, ", ");
    print_figures("get", &figures[1], count, "}\n");
    for (size_t i = 0; i < 2; i++) {
        free(figures[i].wall);
        free(figures[i].bare);
        free(figures[i].single);
    }
    bench_client_free(&client);
    kn_loop_free(loop);
}

/* ---- every block of a model ---- */

static void on_all_covered(void *arg, const struct kn_dht_get_totals *totals)
{
    struct bench_client *client = arg;

    bench_must(totals->code, "coverage");
    kn_loop_stop(client->loop);
}

static void on_block(void *arg, const struct kn_dht_value *value)
{
    struct bench_client *client = arg;

    client->found += value->found;
}

static void coverage(const char *prefix, size_t blocks, char **addresses, size_t n)
{
    struct kn_loop *loop = bench_loop();
    struct bench_client client;
    struct kn_dht_id *keys = calloc(blocks, sizeof(*keys));
    struct kn_dht_get_options options = { .keys = keys, .n = blocks, .mode = KN_DHT_GET_COVERAGE };
    struct kn_dht_op *op;
    double began, cpu, us;

    bench_client_start(&client, loop, (const char *const *)addresses, n);
    for (size_t i = 0; keys != NULL && i < blocks; i++) {
        char text[256];

        (void)snprintf(text, sizeof(text), "%s.%zu", prefix, i);
        kn_dht_id_of_text(kn_span_text(text), &keys[i]);
    }
    options.deadline = kn_loop_now(loop) + BENCH_WAIT_MS;
    bench_client_record(&client);
    began = bench_now_us(), cpu = bench_cpu_us();
    bench_must(kn_dht_get(client.dht, &options, on_block, on_all_covered, &client, &op), "get");
    kn_loop_run(loop);
    us = timed(began);
    (void)printf("{\"ms\": %.2f, \"cpu_ms\": %.2f, \"found\": %zu, \"calls\": %zu, ", us / 1000,
                 (bench_cpu_us() - cpu) / 1000, client.found, client.call_count);
    bench_client_print_asked(&client);
    bench_client_free(&client);
    free(keys);
    kn_loop_free(loop);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if (strcmp(what, "swarm") == 0)
        serve(argc > 2 ? argv[2] : NULL);
    else if (strcmp(what, "own") == 0 && count > 0 && count <= OPS_MAX)
        own(count);
    else if (strcmp(what, "ops") == 0 && argc > 3 && count > 0 && count <= OPS_MAX)
        ops(count, argv + 3, (size_t)argc - 3);
    else if (strcmp(what, "coverage") == 0 && argc > 4)
        coverage(argv[2], strtoul(argv[3], NULL, 10), argv + 4, (size_t)argc - 4);
    else
        bench_fail("usage: bench_dht swarm|own|ops|coverage …");
    return 0;
}
