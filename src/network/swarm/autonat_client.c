#include "network/swarm/autonat_client.h"

#include "lib/base/memory.h"
#include "network/proto/autonat.h"
#include "network/swarm/addresses.h"
#include "network/swarm/exchange.h"

static const char *const names[] = { "/libp2p/autonat/1.0.0", NULL };

/* A peer that is asked. */
struct asking {
    struct kn_autonat_client *client;
    struct asking *next, **place;
    struct kn_peer_id peer;
    struct kn_exchange *exchange;
};

struct kn_autonat_client {
    struct kn_autonat_client_options options;
    struct kn_verdict verdict;
    struct kn_observers observers;
    struct kn_timer *timer;
    struct asking *askings;
    size_t n;
};

static kn_time now_of(const struct kn_autonat_client *client)
{
    return kn_loop_now(kn_host_loop(client->options.host));
}

static void changed(struct kn_autonat_client *client)
{
    if (client->options.changed != NULL)
        client->options.changed(client->options.arg, client->verdict.now);
}

static void free_asking(struct asking *a)
{
    *a->place = a->next;
    if (a->next != NULL)
        a->next->place = a->place;
    a->client->n--;
    kn_exchange_cancel(a->exchange);
    kn_free(a);
}

/* spec: "OK" and "dial error" are outcomes; a refusal says nothing about us. */
static void take_answer(struct asking *a, const struct kn_autonat *answer)
{
    struct kn_autonat_client *client = a->client;
    bool reached = answer->status == KN_AUTONAT_OK;
    bool confirmed, is_news;

    if (answer->type != KN_AUTONAT_ANSWER || (!reached && answer->status != KN_AUTONAT_DIAL_ERROR))
        return;
    confirmed = kn_verdict_confirms(&client->verdict, answer->addr);
    is_news = kn_verdict_vote(&client->verdict, &a->peer, reached, answer->addr, now_of(client));
    if (is_news || confirmed != kn_verdict_confirms(&client->verdict, answer->addr))
        changed(client);
    kn_timer_set(client->timer, kn_verdict_deadline(&client->verdict));
}

static void on_answer(void *arg, enum kn_code code, struct kn_stream *stream, struct kn_span bytes,
                      struct kn_span rest)
{
    struct asking *a = arg;
    struct kn_autonat answer;

    (void)rest;
    a->exchange = NULL;
    if (code == KN_OK && kn_autonat_decode(bytes, &answer) == KN_OK)
        take_answer(a, &answer);
    if (stream != NULL)
        kn_stream_forget(stream);
    free_asking(a);
}

/* Where we may be reached: addresses one behind another. */
struct places {
    struct kn_buffer bytes;
    struct kn_span at[KN_AUTONAT_ADDRS_MAX];
    size_t ends[KN_AUTONAT_ADDRS_MAX];
    size_t n;
};

static void add_place(void *arg, struct kn_span address)
{
    struct places *p = arg;
    struct kn_endpoint endpoint;

    /* What nobody dials from outside need not be asked for: relayed ones, names. */
    if (p->n >= KN_COUNT(p->ends) || !kn_address_endpoint(address, &endpoint))
        return;
    kn_buffer_add_span(&p->bytes, address);
    p->ends[p->n++] = p->bytes.n;
}

/* Every address that others agree on, with every port that we listen on. */
static void add_candidates(struct kn_autonat_client *client, kn_add_address_fn *add, void *add_arg)
{
    struct kn_host *host = client->options.host;
    struct kn_endpoint found[KN_OBSERVERS_FOUND_MAX], at;
    size_t n = kn_observers_found(&client->observers, now_of(client), found);

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < kn_host_listeners(host); k++) {
            struct kn_buffer address = { 0 };

            kn_host_listener(host, k, &at);
            found[i].port = at.port;
            kn_address_of_endpoint(&found[i], &address);
            if (at.is_ip6 == found[i].is_ip6 && !address.failed)
                add(add_arg, kn_buffer_get(&address));
            kn_buffer_done(&address);
        }
    }
}

static void write_question(struct kn_autonat_client *client, struct kn_buffer *out)
{
    struct kn_host *host = client->options.host;
    struct places places = { .n = 0 };
    struct kn_span all;

    kn_host_announced(host, add_place, &places);
    add_candidates(client, add_place, &places);
    all = kn_buffer_get(&places.bytes);
    for (size_t i = 0, at = 0; i < places.n; at = places.ends[i++])
        places.at[i] = kn_span(all.at + at, places.ends[i] - at);
    if (places.bytes.failed || places.n == 0)
        kn_buffer_fail(out);
    else
        kn_autonat_dial_encode(kn_host_self(host), places.at, places.n, out);
    kn_buffer_done(&places.bytes);
}

static void ask(struct kn_autonat_client *client, struct kn_connection *connection,
                struct kn_span question)
{
    const struct kn_exchange_options options = {
        .names = names,
        .question = question,
        .answer_max = KN_AUTONAT_MESSAGE_MAX,
        .timeout_ms = KN_AUTONAT_ASK_MS,
    };
    struct asking *a = kn_try_alloc(sizeof(*a));

    if (a == NULL)
        return;
    a->client = client;
    a->peer = *kn_connection_peer(connection);
    a->next = client->askings;
    a->place = &client->askings;
    if (a->next != NULL)
        a->next->place = &a->next;
    client->askings = a;
    client->n++;
    if (kn_exchange_start(connection, &options, on_answer, a, &a->exchange) != KN_OK)
        free_asking(a);
}

static bool is_asked(const struct kn_autonat_client *client, const struct kn_peer_id *peer)
{
    const struct asking *a = client->askings;

    while (a != NULL && !kn_peer_id_equal(&a->peer, peer))
        a = a->next;
    return a != NULL;
}

/* Those who have not voted lately come first: several must agree. */
static void ask_round(struct kn_autonat_client *client, bool again)
{
    struct kn_host *host = client->options.host;
    struct kn_connection *connection;
    struct kn_buffer question = { 0 };
    size_t at = 0;

    write_question(client, &question);
    while (!question.failed && client->n < KN_AUTONAT_AT_ONCE &&
           (connection = kn_host_next(host, &at)) != NULL) {
        const struct kn_peer_id *peer = kn_connection_peer(connection);
        const struct kn_peer_facts *facts = kn_host_facts(host, peer);

        if (facts != NULL && facts->serves_autonat && kn_host_relayed(connection) == NULL &&
            kn_verdict_has_asked(&client->verdict, peer, now_of(client)) == again &&
            !is_asked(client, peer))
            ask(client, connection, kn_buffer_get(&question));
    }
    kn_buffer_done(&question);
}

static void on_timer(void *arg)
{
    struct kn_autonat_client *client = arg;
    bool is_news, is_due = kn_verdict_ask(&client->verdict, now_of(client), &is_news);

    if (is_due) {
        ask_round(client, false);
        ask_round(client, true);
    }
    kn_timer_set(client->timer, kn_verdict_deadline(&client->verdict));
    if (is_news)
        changed(client);
}

static void on_identified(void *arg, struct kn_connection *connection, struct kn_span observed)
{
    struct kn_autonat_client *client = arg;
    struct kn_endpoint from, seen;

    if (kn_host_remote(connection, &from) && kn_address_endpoint(observed, &seen))
        kn_observers_vote(&client->observers, kn_connection_peer(connection), &from, &seen,
                          now_of(client));
}

struct confirmed {
    struct kn_autonat_client *client;
    kn_add_address_fn *add;
    void *add_arg;
};

static void add_confirmed(void *arg, struct kn_span address)
{
    const struct confirmed *c = arg;

    if (kn_verdict_confirms(&c->client->verdict, address))
        c->add(c->add_arg, address);
}

static void announce(void *arg, kn_add_address_fn *add, void *add_arg)
{
    struct confirmed confirmed = { arg, add, add_arg };

    add_candidates(arg, add_confirmed, &confirmed);
}

struct kn_autonat_client *kn_autonat_client_new(const struct kn_autonat_client_options *options)
{
    struct kn_autonat_client *client = kn_try_alloc(sizeof(*client));
    const struct kn_host_observer observer = { .arg = client, .identified = on_identified };

    if (client == NULL)
        return NULL;
    client->options = *options;
    client->observers.agree = options->observers;
    kn_verdict_init(&client->verdict, options->agree, now_of(client));
    client->timer = kn_timer_new(kn_host_loop(options->host), on_timer, client);
    if (client->timer == NULL || kn_host_observe(options->host, &observer) != KN_OK ||
        kn_host_add_announcer(options->host, announce, client) != KN_OK) {
        kn_autonat_client_free(client);
        return NULL;
    }
    kn_timer_set(client->timer, kn_verdict_deadline(&client->verdict));
    return client;
}

void kn_autonat_client_free(struct kn_autonat_client *client)
{
    if (client == NULL)
        return;
    kn_host_forget(client->options.host, client);
    while (client->askings != NULL)
        free_asking(client->askings);
    kn_timer_free(client->timer);
    kn_free(client);
}

const struct kn_verdict *kn_autonat_client_verdict(const struct kn_autonat_client *client)
{
    return &client->verdict;
}

void kn_autonat_client_ask(struct kn_autonat_client *client)
{
    client->verdict.ask_at = now_of(client);
    kn_timer_set(client->timer, client->verdict.ask_at);
}
