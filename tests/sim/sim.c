/*
 * sim — a swarm of our own DHT nodes under a virtual clock, with everything that goes wrong.
 *
 * Nodes join through three others, announce one record every 120 s for 240 s as servers do, come
 * and go; some are malicious, and take part otherwise, so that others know them. Lookups are spread
 * over the time; one succeeds when it brings a record whose honest owner lives and has announced
 * it. Prints what happened, and ends with 1 when fewer lookups than asked for succeeded. All of DHT
 * is network/dht; here are only messages and dice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "net.h"

enum {
    BOOTSTRAPS = 3,
    SETTLED_MS = 30000, /* from joining to being asked to look things up */
    ANNOUNCE_MS = 120000,
    LIFETIME_S = 240,
    JOIN_MS = 120000, /* the first nodes come within that */
    LOOKUP_MS = 20000,
    SHARING = 4, /* owners of one key, each with a subkey */
};

struct settings {
    double nodes, minutes, lookups, churn, malicious, loss, delay_min, delay_max, skew, seed, want;
    const char *mode;
};

struct sim {
    struct settings settings;
    struct net *net;
    struct citizen **citizens;
    size_t n, room, alive, joined_late, gone;
    size_t lookups, right, skipped, announced, unheard;
    uint64_t questions, total_ms, worst_ms, late;
    struct lookup *open;
};

/* A node, and the record that it owns. */
struct citizen {
    struct sim *sim;
    struct net_node *node;
    struct kn_dht_id key;
    struct kn_buffer subkey;
    bool joined, is_live;
    kn_time joined_at;
    struct kn_dht_op *op;
};

struct lookup {
    struct sim *sim;
    struct lookup *next, *before; /* among those that are open */
    const struct citizen *wanted, *asker;
    kn_time began;
    bool right, first;
    struct kn_dht_op *op;
};

static uint64_t below(struct sim *sim, double bound)
{
    return bound < 1 ? 0 : kn_random_below(net_random(sim->net), (uint64_t)bound);
}

/* ---- announcing ---- */

static void announce(void *arg);

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct citizen *citizen = arg;

    (void)code;
    (void)n;
    citizen->op = NULL;
    citizen->sim->announced++;
    if (outcomes[0].acknowledged > 0)
        citizen->is_live = true;
    else
        citizen->sim->unheard++;
}

static void announce(void *arg)
{
    struct citizen *citizen = arg;
    struct net *net = citizen->sim->net;
    struct kn_buffer value = { 0 };
    struct kn_dht_item item = { .key = citizen->key, .subkey = kn_buffer_get(&citizen->subkey) };
    struct kn_dht_put_options options = { .items = &item, .n = 1 };

    if (citizen->node->dht == NULL)
        return;
    net_at_time(net, net_now(net) + ANNOUNCE_MS, announce, citizen);
    if (citizen->op != NULL)
        return;
    kn_msgpack_write_int(&value, net_now(net));
    item.value = kn_buffer_get(&value);
    item.expiration = net_true_time(net) + citizen->node->skew_s + LIFETIME_S;
    options.deadline = net_now(net) + LOOKUP_MS;
    if (kn_dht_put(citizen->node->dht, &options, on_put, citizen, &citizen->op) != KN_OK)
        kn_out_of_memory();
    kn_buffer_done(&value);
}

/* ---- joining ---- */

static void join(void *arg);

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    (void)arg;
    (void)pong;
}

static void on_joined(void *arg, enum kn_code code)
{
    struct citizen *citizen = arg;
    struct net *net = citizen->sim->net;

    citizen->op = NULL;
    if (code == KN_E_UNREACHABLE) {
        net_at_time(net, net_now(net) + 1000, join, citizen);
        return;
    }
    citizen->joined = true;
    citizen->joined_at = net_now(net);
    announce(citizen);
}

static void join(void *arg)
{
    struct citizen *citizen = arg;
    struct sim *sim = citizen->sim;
    struct kn_peer_id peers[BOOTSTRAPS];
    size_t n = 0;

    if (citizen->node->dht == NULL)
        return;
    for (size_t i = 0; i < 64 && n < BOOTSTRAPS; i++) {
        const struct citizen *other = sim->citizens[below(sim, (double)sim->n)];

        if (other != citizen && other->joined && other->node->dht != NULL)
            peers[n++] = other->node->who.peer;
    }
    if (n == 0 && sim->n > 1) {
        if (citizen->node->number == 0)
            citizen->joined = true; /* the first has nobody to begin with */
        else
            net_at_time(sim->net, net_now(sim->net) + 500, join, citizen);
    }
    if (n == 0) {
        if (citizen->joined)
            announce(citizen);
        return;
    }
    if (kn_dht_bootstrap(citizen->node->dht, peers, n, net_now(sim->net) + LOOKUP_MS, on_pong,
                         on_joined, citizen, &citizen->op) != KN_OK)
        kn_out_of_memory();
}

static void add_citizen(struct sim *sim, kn_time when)
{
    static const enum net_manner evil[] = { NET_DEAF, NET_GARBAGE, NET_LIAR, NET_LIAR };
    struct citizen *citizen = kn_alloc(sizeof(*citizen));
    bool bad = sim->n > 0 && (double)below(sim, 1e6) < sim->settings.malicious * 1e4;
    char name[32];

    if (sim->n == sim->room) {
        sim->room = sim->room == 0 ? 64 : 2 * sim->room;
        sim->citizens = kn_try_realloc(sim->citizens, sim->room * sizeof(struct citizen *));
        if (sim->citizens == NULL)
            kn_out_of_memory();
    }
    *citizen = (struct citizen){ .sim = sim };
    citizen->node = net_add(sim->net, bad ? evil[below(sim, 4)] : NET_HONEST, NULL);
    (void)snprintf(name, sizeof(name), "model.%zu", sim->n / SHARING);
    kn_dht_id_of_text(kn_span_text(name), &citizen->key);
    (void)snprintf(name, sizeof(name), "peer %zu", sim->n);
    kn_msgpack_write_text(&citizen->subkey, kn_span_text(name));
    sim->citizens[sim->n++] = citizen;
    sim->alive++;
    net_at_time(sim->net, when, join, citizen);
}

/* One leaves without a word, another comes. */
static void churn(void *arg)
{
    struct sim *sim = arg;
    struct citizen *citizen = sim->citizens[below(sim, (double)sim->n)];

    while (citizen->node->dht == NULL)
        citizen = sim->citizens[below(sim, (double)sim->n)];
    net_remove(citizen->node);
    citizen->op = NULL;
    citizen->is_live = false;
    sim->gone++;
    sim->alive--;
    add_citizen(sim, net_now(sim->net));
}

/* ---- looking up ---- */

static bool has_subkey(struct kn_span dictionary, struct kn_span subkey)
{
    struct kn_dht_dictionary entries;
    struct kn_dht_entry entry;

    if (kn_dht_dictionary_open(dictionary, &entries) != KN_OK)
        return false;
    while (kn_dht_dictionary_next(&entries, &entry, NULL))
        if (kn_span_equal(entry.subkey, subkey))
            return true;
    return false;
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    struct lookup *lookup = arg;

    lookup->right =
        value->found &&
        (lookup->first || has_subkey(value->record.value, kn_buffer_get(&lookup->wanted->subkey)));
}

static void close_lookup(struct lookup *lookup)
{
    if (lookup->before != NULL)
        lookup->before->next = lookup->next;
    else
        lookup->sim->open = lookup->next;
    if (lookup->next != NULL)
        lookup->next->before = lookup->before;
    kn_free(lookup);
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    struct lookup *lookup = arg;
    struct sim *sim = lookup->sim;
    uint64_t ms = (uint64_t)(net_now(sim->net) - lookup->began);

    sim->lookups++;
    sim->right += lookup->right;
    sim->late += totals->code != KN_OK;
    sim->questions += totals->questions;
    sim->total_ms += ms;
    if (ms > sim->worst_ms)
        sim->worst_ms = ms;
    close_lookup(lookup);
}

static struct citizen *pick(struct sim *sim, bool owner)
{
    for (int i = 0; i < 1000; i++) {
        struct citizen *citizen = sim->citizens[below(sim, (double)sim->n)];

        if (citizen->node->dht == NULL || !citizen->joined || citizen->node->manner != NET_HONEST)
            continue;
        if (owner ? citizen->is_live : net_now(sim->net) - citizen->joined_at > SETTLED_MS)
            return citizen;
    }
    return NULL;
}

static void look_up(void *arg)
{
    struct sim *sim = arg;
    struct lookup *lookup = kn_alloc(sizeof(*lookup));
    struct kn_dht_get_options options = { .n = 1, .mode = KN_DHT_GET_LATEST };

    *lookup = (struct lookup){ .sim = sim, .began = net_now(sim->net) };
    lookup->wanted = pick(sim, true);
    lookup->asker = pick(sim, false);
    if (lookup->wanted == NULL || lookup->asker == NULL) {
        sim->skipped++;
        kn_free(lookup);
        return;
    }
    lookup->next = sim->open;
    if (sim->open != NULL)
        sim->open->before = lookup;
    sim->open = lookup;
    lookup->first = strcmp(sim->settings.mode, "first") == 0 ||
                    (strcmp(sim->settings.mode, "mixed") == 0 && below(sim, 2) == 0);
    if (lookup->first)
        options.mode = KN_DHT_GET_FIRST;
    else if (strcmp(sim->settings.mode, "coverage") == 0)
        options.mode = KN_DHT_GET_COVERAGE;
    options.keys = &lookup->wanted->key;
    options.deadline = lookup->began + LOOKUP_MS;
    if (kn_dht_get(lookup->asker->node->dht, &options, on_value, on_got, lookup, &lookup->op) !=
        KN_OK)
        kn_out_of_memory();
}

/* ---- all of it ---- */

static void plan(struct sim *sim)
{
    struct settings *settings = &sim->settings;
    double end = settings->minutes * 60000, start = JOIN_MS + SETTLED_MS + 10000;

    for (size_t i = 0; i < (size_t)settings->nodes; i++)
        add_citizen(sim, i == 0 ? 0 : 1 + (kn_time)below(sim, JOIN_MS));
    for (size_t i = 0; i < (size_t)(settings->nodes * settings->churn / 100); i++)
        net_at_time(sim->net, (kn_time)(start + (double)below(sim, end - start)), churn, sim);
    for (size_t i = 0; i < (size_t)settings->lookups; i++)
        net_at_time(sim->net, (kn_time)(start + (double)below(sim, end - start)), look_up, sim);
}

static void sum_up(struct sim *sim, double cpu)
{
    struct kn_dht_counters sum = { 0 }, one;
    double share = 100 * (double)sim->right / (double)(sim->lookups > 0 ? sim->lookups : 1);
    double lookups = sim->lookups > 0 ? (double)sim->lookups : 1;

    for (size_t i = 0; i < sim->n; i++) {
        if (sim->citizens[i]->node->dht == NULL)
            continue;
        kn_dht_counters(sim->citizens[i]->node->dht, &one);
        for (size_t j = 0; j < KN_DHT_METHOD_COUNT; j++)
            sum.calls[j] += one.calls[j];
        sum.timeouts += one.timeouts;
        sum.malformed += one.malformed;
        sum.malformed_records += one.malformed_records;
        sum.pushed += one.pushed;
        sum.peers += one.peers;
    }
    printf("nodes alive %zu, gone %zu; records announced %zu times, unheard %zu\n", sim->alive,
           sim->gone, sim->announced, sim->unheard);
    printf("calls: ping %llu, store %llu, find %llu; timeouts %llu, malformed answers %llu and "
           "records %llu; records pushed %llu; known peers %.0f a node\n",
           (unsigned long long)sum.calls[KN_DHT_PING], (unsigned long long)sum.calls[KN_DHT_STORE],
           (unsigned long long)sum.calls[KN_DHT_FIND], (unsigned long long)sum.timeouts,
           (unsigned long long)sum.malformed, (unsigned long long)sum.malformed_records,
           (unsigned long long)sum.pushed, (double)sum.peers / (double)sim->alive);
    printf("lookups %zu, %.1f questions and %.0f ms each, the longest %llu ms, late %llu; "
           "skipped %zu\n",
           sim->lookups, (double)sim->questions / lookups, (double)sim->total_ms / lookups,
           (unsigned long long)sim->worst_ms, (unsigned long long)sim->late, sim->skipped);
    printf("succeeded %zu of %zu: %.3f %% (wanted %.1f %%); %.1f s of CPU\n", sim->right,
           sim->lookups, share, sim->settings.want, cpu);
}

static bool run(struct sim *sim)
{
    const struct settings *s = &sim->settings;
    struct net_options options = { .seed = (uint64_t)s->seed,
                                   .delay_min_ms = (int)s->delay_min,
                                   .delay_max_ms = (int)s->delay_max,
                                   .loss = s->loss / 100,
                                   .skew_s = s->skew };
    clock_t began = clock();

    printf("seed %.0f: %.0f nodes, %.0f minutes, churn %.0f %%, malicious %.0f %%, loss %.1f %%, "
           "delay %.0f to %.0f ms, clocks within %.0f s, %s\n",
           s->seed, s->nodes, s->minutes, s->churn, s->malicious, s->loss, s->delay_min,
           s->delay_max, s->skew, s->mode);
    (void)fflush(stdout);
    sim->net = net_new(&options);
    plan(sim);
    net_run_until(sim->net, (kn_time)(s->minutes * 60000) + LOOKUP_MS);
    sum_up(sim, (double)(clock() - began) / CLOCKS_PER_SEC);
    return sim->lookups > 0 && 100 * (double)sim->right >= s->want * (double)sim->lookups;
}

static void done(struct sim *sim)
{
    net_free(sim->net);
    while (sim->open != NULL) /* who asked left before the answer */
        close_lookup(sim->open);
    for (size_t i = 0; i < sim->n; i++) {
        kn_buffer_done(&sim->citizens[i]->subkey);
        kn_free(sim->citizens[i]);
    }
    kn_free(sim->citizens);
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim [--nodes N] [--minutes N] [--lookups N] [--churn PERCENT]\n"
                          "           [--malicious PERCENT] [--loss PERCENT] [--delay-min MS]\n"
                          "           [--delay-max MS] [--skew S] [--seed N] [--want PERCENT]\n"
                          "           [--mode latest|first|mixed|coverage]\n");
    return 2;
}

static bool read_settings(int argc, char **argv, struct settings *settings)
{
    struct {
        const char *name;
        double *value;
    } const known[] = {
        { "--nodes", &settings->nodes },         { "--minutes", &settings->minutes },
        { "--lookups", &settings->lookups },     { "--churn", &settings->churn },
        { "--malicious", &settings->malicious }, { "--loss", &settings->loss },
        { "--delay-min", &settings->delay_min }, { "--delay-max", &settings->delay_max },
        { "--skew", &settings->skew },           { "--seed", &settings->seed },
        { "--want", &settings->want },
    };

    for (int i = 1; i + 1 < argc; i += 2) {
        double *into = NULL;
        char *end;

        for (size_t j = 0; j < KN_COUNT(known); j++)
            if (strcmp(argv[i], known[j].name) == 0)
                into = known[j].value;
        if (strcmp(argv[i], "--mode") == 0) {
            settings->mode = argv[i + 1];
            continue;
        }
        if (into == NULL)
            return false;
        *into = strtod(argv[i + 1], &end);
        if (*end != '\0' || *into < 0)
            return false;
    }
    return argc % 2 == 1 && settings->nodes >= 1 && settings->nodes <= NET_NODES_MAX / 2 &&
           settings->delay_min <= settings->delay_max && settings->minutes >= 3;
}

int main(int argc, char **argv)
{
    struct sim sim = { .settings = { .nodes = 1000,
                                     .minutes = 60,
                                     .lookups = 10000,
                                     .churn = 20,
                                     .malicious = 5,
                                     .loss = 0.5,
                                     .delay_min = 20,
                                     .delay_max = 120,
                                     .skew = 2,
                                     .seed = 1,
                                     .want = 99.9,
                                     .mode = "mixed" } };
    bool good;

    if (!read_settings(argc, argv, &sim.settings))
        return usage();
    good = run(&sim);
    done(&sim);
    return good ? 0 : 1;
}
