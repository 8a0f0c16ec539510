/*
 * How long until a node that is started is seen?
 *
 *     bench_start ROUNDS ADDRESS PREFIX FIRST COUNT PEER COMMAND…
 *
 * Each round starts COMMAND, which announces COUNT blocks from FIRST under PREFIX as PEER, and asks
 * the bootstrap at ADDRESS for the first of them, over a connection that is open, until a record
 * comes that is younger than what was there; then interrupts it. Beside it, in turn, what that
 * needs at least, a dial and one rpc_store of as many records: by a node that runs already, and by
 * a program that does nothing else, from its exec on. Nothing is asked before that one would have
 * been done: to ask keeps the bootstrap from what is measured. Prints the medians as JSON.
 *
 *     bench_start --bare ADDRESS PREFIX FIRST COUNT
 *
 * is that program; it ends when its store is answered.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"
#include "lib/codec/msgpack.h"
#include "network/dht/dictionary.h"
#include "network/dht/message.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"
#include "network/swarm/unary.h"

enum { ROUNDS_MAX = 1000, BLOCKS_MAX = 256, PAUSE_MS = 1, LIFETIME_S = 360 };

extern char **environ;

struct bench {
    struct kn_loop *loop;
    const char *address, *prefix, *peer;
    unsigned first, count;
    char **command;

    struct bench_node asker;
    struct kn_peer_id bootstrap;
    struct kn_timer *timer;
    struct kn_buffer question;
    double youngest, seen; /* expirations */
};

static void on_stored(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    (void)err;
    (void)bytes;
    bench_must(code, "a bare store");
    kn_loop_stop(arg);
}

static void make_store(const struct bench *b, const struct kn_peer_id *self, struct kn_buffer *out)
{
    static struct kn_dht_store_item items[BLOCKS_MAX];
    const struct kn_dht_node nobody = { .has_id = false };
    struct kn_buffer subkey = { 0 }, value = { 0 };
    struct kn_server_info info;
    char peer[KN_PEER_ID_TEXT_SIZE], key[KN_BLOCK_KEY_SIZE];

    kn_server_info_init(&info);
    info.state = KN_SERVER_JOINING;
    info.start_block = b->first;
    info.end_block = b->first + b->count;
    kn_server_text_set(&info.public_name, "bench-C-bench");
    kn_server_text_set(&info.version, "1.0.0");
    kn_server_text_set(&info.torch_dtype, "float32");
    kn_server_info_encode(&info, &value);
    kn_peer_id_print(self, peer);
    kn_msgpack_write_text(&subkey, kn_span_text(peer));
    for (unsigned i = 0; i < b->count; i++) {
        kn_block_key(b->prefix, b->first + i, key);
        kn_dht_id_of_text(kn_span_text(key), &items[i].key);
        items[i].kind = KN_DHT_STORE_SUBKEY;
        items[i].subkey = kn_buffer_get(&subkey);
        items[i].value = kn_buffer_get(&value);
        items[i].expiration = kn_loop_unix_time() + LIFETIME_S;
    }
    kn_dht_store_request_encode(&nobody, items, b->count, out);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

static double measure_bare(const struct bench *b)
{
    struct bench_node node;
    struct kn_buffer request = { 0 };
    struct kn_peer_id peer;
    double began;

    bench_node_start(&node, b->loop, true);
    make_store(b, kn_host_self(kn_network_host(node.network)), &request);
    began = bench_now_us();
    peer = bench_learn(node.network, b->address);
    if (kn_unary_start(kn_network_host(node.network), &peer, kn_dht_method_name(KN_DHT_STORE),
                       kn_buffer_get(&request), BENCH_WAIT_MS, on_stored, b->loop) == NULL)
        bench_fail("a call cannot be made");
    kn_loop_run(b->loop);
    began = bench_now_us() - began;
    kn_buffer_done(&request);
    bench_node_free(&node);
    return began;
}

/* ---- asking ---- */

/* When the record of our peer ends; 0: there is none. */
static double expiration_of(const struct bench *b, struct kn_span bytes)
{
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;
    size_t at = 0;
    bool failed = false;

    if (kn_dht_find_answer_decode(bytes, &answer) != KN_OK ||
        !kn_dht_find_result_next(&answer, &at, &result, &failed) ||
        result.found != KN_DHT_FOUND_DICTIONARY ||
        kn_dht_dictionary_open(result.value, &dictionary) != KN_OK)
        return 0;
    while (kn_dht_dictionary_next(&dictionary, &entry, NULL)) {
        if (memmem(entry.subkey.at, entry.subkey.n, b->peer, strlen(b->peer)) != NULL)
            return entry.expiration;
    }
    return 0;
}

static void on_answer(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    struct bench *b = arg;

    (void)err;
    bench_must(code, "the bootstrap does not answer");
    b->seen = expiration_of(b, bytes);
    if (b->seen > b->youngest)
        kn_loop_stop(b->loop);
    else
        kn_timer_set(b->timer, kn_loop_now(b->loop) + PAUSE_MS);
}

static void ask(void *arg)
{
    struct bench *b = arg;

    if (kn_unary_start(kn_network_host(b->asker.network), &b->bootstrap,
                       kn_dht_method_name(KN_DHT_FIND), kn_buffer_get(&b->question), BENCH_WAIT_MS,
                       on_answer, b) == NULL)
        bench_fail("a call cannot be made");
}

static void start_asking(struct bench *b)
{
    const struct kn_dht_node nobody = { .has_id = false };
    struct kn_dht_id key;
    char text[KN_BLOCK_KEY_SIZE];

    bench_node_start(&b->asker, b->loop, true);
    b->bootstrap = bench_learn(b->asker.network, b->address);
    b->timer = kn_timer_new(b->loop, ask, b);
    kn_block_key(b->prefix, b->first, text);
    kn_dht_id_of_text(kn_span_text(text), &key);
    kn_dht_find_request_encode(&nobody, &key, 1, &b->question);
}

static pid_t start(char **command)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, command[0], &actions, NULL, command, environ) != 0)
        bench_fail(command[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void must_end(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "status %d\n", status);
        bench_fail("the program did not end as it should");
    }
}

static double measure_bare_process(char **command)
{
    double began = bench_now_us();

    must_end(start(command));
    return bench_now_us() - began;
}

static double measure_start(struct bench *b, double least_us)
{
    double began;
    pid_t pid;

    b->youngest = -1; /* what is there already, with any end */
    ask(b);
    kn_loop_run(b->loop);
    b->youngest = b->seen;
    began = bench_now_us();
    pid = start(b->command);
    kn_timer_set(b->timer, kn_loop_now(b->loop) + (kn_time)(least_us / 1000));
    kn_loop_run(b->loop);
    began = bench_now_us() - began;
    (void)kill(pid, SIGINT);
    must_end(pid);
    return began;
}

static int be_bare(char **argv)
{
    struct bench b = { .loop = bench_loop(),
                       .address = argv[0],
                       .prefix = argv[1],
                       .first = (unsigned)strtoul(argv[2], NULL, 10),
                       .count = (unsigned)strtoul(argv[3], NULL, 10) };

    if (b.count > BLOCKS_MAX)
        bench_fail("too many blocks");
    (void)measure_bare(&b);
    kn_loop_free(b.loop);
    return 0;
}

int main(int argc, char **argv)
{
    static double bare[ROUNDS_MAX], bare_process[ROUNDS_MAX], whole[ROUNDS_MAX];
    struct bench b = { 0 };
    size_t rounds;

    if (argc == 6 && strcmp(argv[1], "--bare") == 0)
        return be_bare(&argv[2]);
    if (argc < 8)
        bench_fail("usage: bench_start ROUNDS ADDRESS PREFIX FIRST COUNT PEER COMMAND...");
    rounds = (size_t)strtoul(argv[1], NULL, 10);
    b = (struct bench){ .loop = bench_loop(),
                        .address = argv[2],
                        .prefix = argv[3],
                        .first = (unsigned)strtoul(argv[4], NULL, 10),
                        .count = (unsigned)strtoul(argv[5], NULL, 10),
                        .peer = argv[6],
                        .command = &argv[7] };
    if (rounds < 1 || rounds > ROUNDS_MAX || b.count > BLOCKS_MAX)
        bench_fail("too many rounds or blocks");
    start_asking(&b);
    for (size_t i = 0; i < rounds; i++) {
        char option[] = "--bare";
        char *least[] = { argv[0], option, argv[2], argv[3], argv[4], argv[5], NULL };

        bare[i] = measure_bare(&b);
        bare_process[i] = measure_bare_process(least);
        whole[i] = measure_start(&b, bare_process[i]);
    }
    (void)printf("{\"bare_us\": %.1f, \"bare_process_us\": %.1f, \"visible_us\": %.1f}\n",
                 bench_median(bare, rounds), bench_median(bare_process, rounds),
                 bench_median(whole, rounds));
    kn_buffer_done(&b.question);
    kn_timer_free(b.timer);
    bench_node_free(&b.asker);
    kn_loop_free(b.loop);
    return 0;
}
