#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "lib/os/heap.h"

_Noreturn void bench_fail(const char *what)
{
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void bench_must(enum kn_code code, const char *what)
{
    if (code == KN_OK)
        return;
    (void)fprintf(stderr, "bench: %s: %s\n", what, kn_code_name(code));
    exit(1);
}

static double clock_us(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double bench_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

double bench_cpu_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static bool read_proc(long pid, const char *name, char *out, size_t room)
{
    char path[64];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    n = fread(out, 1, room - 1, file);
    out[n] = '\0';
    (void)fclose(file);
    return true;
}

double bench_cpu_us_of(long pid)
{
    char text[1024];
    const char *at;
    unsigned long user = 0, system = 0;

    if (pid <= 0 || !read_proc(pid, "stat", text, sizeof(text)))
        return 0;
    at = strrchr(text, ')');
    if (at == NULL ||
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), ascending);
    return n > 0 ? values[n / 2] : 0;
}

struct kn_loop *bench_loop(void)
{
    struct kn_loop *loop;

    kn_heap_expect_short_life(); /* as the program does */
    bench_must(kn_loop_new(&loop, NULL), "loop");
    return loop;
}

void bench_node_start(struct bench_node *node, struct kn_loop *loop, bool is_client)
{
    static struct kn_random random;
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };
    struct kn_network_options options = { .loop = loop,
                                          .random = &random,
                                          .agent = "kwaainet/bench",
                                          .is_client = is_client,
                                          .connections_max = 4096 };

    random = kn_random_system();
    bench_must(kn_key_new(&random, &node->key), "key");
    options.identity = node->key;
    bench_must(kn_network_new(&options, &node->network, NULL), "node");
    if (!is_client)
        bench_must(kn_host_listen(kn_network_host(node->network), &at, NULL), "listen");
}

void bench_node_free(struct bench_node *node)
{
    kn_network_free(node->network);
    kn_key_free(node->key);
}

void bench_node_address(const struct bench_node *node, char out[BENCH_ADDRESS_SIZE])
{
    struct kn_host *host = kn_network_host(node->network);
    struct kn_endpoint at;
    char id[KN_PEER_ID_TEXT_SIZE];

    kn_host_listener(host, 0, &at);
    kn_peer_id_print(kn_host_self(host), id);
    (void)snprintf(out, BENCH_ADDRESS_SIZE, "/ip4/127.0.0.1/tcp/%u/p2p/%s", at.port, id);
}

struct kn_peer_id bench_learn(struct kn_network *network, const char *address)
{
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    struct kn_peer_id peer;

    bench_must(kn_multiaddr_to_bytes(kn_span_text(address), &bytes, NULL), address);
    bench_must(kn_multiaddr_route(kn_buffer_get(&bytes), &route), address);
    if (!route.has_peer)
        bench_fail("an address without a peer id");
    peer = route.peer;
    kn_host_learn(kn_network_host(network), &peer, kn_buffer_get(&bytes));
    kn_buffer_done(&bytes);
    return peer;
}

struct joining {
    struct kn_loop *loop;
    enum kn_code code;
};

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    (void)arg;
    (void)pong;
}

static void on_done(void *arg, enum kn_code code)
{
    struct joining *joining = arg;

    joining->code = code;
    kn_loop_stop(joining->loop);
}

void bench_join(struct kn_loop *loop, struct kn_dht *dht, const struct kn_peer_id *peers, size_t n)
{
    struct joining joining = { loop, KN_E_TIMEOUT };
    struct kn_dht_op *op;

    bench_must(kn_dht_bootstrap(dht, peers, n, kn_loop_now(loop) + BENCH_WAIT_MS, on_pong, on_done,
                                &joining, &op),
               "join");
    kn_loop_run(loop);
    bench_must(joining.code, "join");
}

static void stop_loop(void *arg)
{
    kn_loop_stop(arg);
}

void bench_rest(struct kn_loop *loop, int ms)
{
    struct kn_timer *timer = kn_timer_new(loop, stop_loop, loop);

    if (timer == NULL)
        bench_fail("memory");
    kn_timer_set(timer, kn_loop_now(loop) + ms);
    kn_loop_run(loop);
    kn_timer_free(timer);
}

static void *wait_for_end(void *arg)
{
    while (getchar() != EOF)
        ;
    kn_loop_wake(arg);
    return NULL;
}

void bench_until_end_of_input(struct kn_loop *loop)
{
    pthread_t reader;

    kn_loop_on_wake(loop, stop_loop, loop);
    if (pthread_create(&reader, NULL, wait_for_end, loop) != 0)
        bench_fail("no thread");
    kn_loop_run(loop);
    (void)pthread_join(reader, NULL);
}
