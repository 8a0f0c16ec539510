/* Host 0 asks; the others answer as they are told. */
#include "network/swarm/autonat_client.h"

#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "network/proto/autonat.h"
#include "support/hosts.h"

enum { SERVERS = 6 };

struct server {
    enum kn_autonat_status status;
    bool garbage, silent, slow;
    unsigned asked;
    size_t addresses; /* of the latest question */
    struct kn_buffer bytes, first;
};

struct asked {
    struct net net;
    struct server servers[SERVERS];
    struct kn_autonat_client *client;
    unsigned changes;
    enum kn_reachability told;
};

static void answer(struct server *s, struct kn_stream *stream)
{
    struct kn_buffer message = { 0 }, wire = { 0 };

    kn_autonat_answer_encode(s->status, kn_buffer_get(&s->first), &message);
    kn_write_prefixed(&wire, s->garbage ? kn_span_text("\xff\xff") : kn_buffer_get(&message));
    CHECK_EQ("answer", kn_stream_write(stream, kn_buffer_get(&wire)), KN_OK);
    kn_stream_forget(stream);
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct server *s = arg;
    struct kn_autonat question;
    struct kn_span message, item;
    size_t used;

    kn_buffer_add_span(&s->bytes, bytes);
    if (kn_frame_next(kn_buffer_get(&s->bytes), KN_AUTONAT_MESSAGE_MAX, &message, &used) != KN_OK)
        return;
    CHECK_EQ("question", kn_autonat_decode(message, &question), KN_OK);
    CHECK("it is us", question.type == KN_AUTONAT_DIAL && question.has_peer);
    s->asked++;
    s->addresses = 0;
    kn_buffer_clear(&s->first);
    while (kn_field_list_next(&question.addrs, &item))
        if (s->addresses++ == 0)
            kn_buffer_add_span(&s->first, item);
    kn_buffer_clear(&s->bytes);
    if (s->silent)
        kn_stream_reset(stream);
    else if (!s->slow)
        answer(s, stream);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    (void)stream;
}

static void on_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static void on_opened(void *arg, struct kn_stream *stream)
{
    static const struct kn_stream_events events = {
        .data = on_data,
        .finished = on_finished,
        .ended = on_ended,
    };

    kn_stream_serve(stream, &events, arg);
}

static void on_changed(void *arg, enum kn_reachability reachability)
{
    struct asked *a = arg;

    a->changes++;
    a->told = reachability;
}

static void announce(void *arg, kn_add_address_fn *add, void *add_arg)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;

    kn_host_listener(arg, 0, &at);
    kn_address_of_endpoint(&at, &address);
    add(add_arg, kn_buffer_get(&address));
    kn_buffer_done(&address);
}

static void start(struct asked *a, size_t servers, enum kn_autonat_status status)
{
    struct kn_autonat_client_options options = { .changed = on_changed, .arg = a };

    *a = (struct asked){ .changes = 0 };
    net_start(&a->net, servers + 1, 0);
    options.host = a->net.at[0].host;
    kn_host_set_announcer(options.host, announce, options.host);
    a->client = kn_autonat_client_new(&options);
    CHECK("client", a->client != NULL);
    for (size_t i = 0; i < servers; i++) {
        const struct kn_protocol protocol = { "/libp2p/autonat/1.0.0", on_opened, &a->servers[i] };

        a->servers[i].status = status;
        CHECK_EQ("serve", kn_host_serve(a->net.at[i + 1].host, &protocol), KN_OK);
        (void)net_join(&a->net, 0, i + 1);
        kn_host_facts(options.host, net_id(&a->net, i + 1))->serves_autonat = true;
    }
}

static unsigned asked_in_all(const struct asked *a)
{
    unsigned n = 0;

    for (size_t i = 0; i < SERVERS; i++)
        n += a->servers[i].asked;
    return n;
}

/* Ask, and wait until as many have been asked; then until all have had time to answer. */
static void ask(struct asked *a, unsigned want)
{
    unsigned before = asked_in_all(a);

    kn_autonat_client_ask(a->client);
    RUN_UNTIL(&a->net, "asked", asked_in_all(a) >= before + want);
    for (int i = 0; i < 20; i++)
        net_turn(&a->net);
    CHECK_EQ("and no more", asked_in_all(a), before + want);
}

static void stop(struct asked *a)
{
    kn_autonat_client_free(a->client);
    net_stop(&a->net);
    for (size_t i = 0; i < SERVERS; i++) {
        kn_buffer_done(&a->servers[i].bytes);
        kn_buffer_done(&a->servers[i].first);
    }
}

static void what_several_peers_say_is_the_verdict(void **state)
{
    static const struct {
        const char *name;
        size_t servers;
        enum kn_autonat_status status;
        enum kn_reachability want;
    } cases[] = {
        { "reached", 3, KN_AUTONAT_OK, KN_REACHABILITY_PUBLIC },
        { "not reached", 3, KN_AUTONAT_DIAL_ERROR, KN_REACHABILITY_PRIVATE },
        { "two are too few", 2, KN_AUTONAT_OK, KN_REACHABILITY_UNKNOWN },
        { "they refuse", 3, KN_AUTONAT_DIAL_REFUSED, KN_REACHABILITY_UNKNOWN },
        { "they fail", 3, KN_AUTONAT_INTERNAL_ERROR, KN_REACHABILITY_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct asked a;

        start(&a, cases[i].servers, cases[i].status);
        ask(&a, (unsigned)cases[i].servers);
        CHECK_EQ(cases[i].name, kn_autonat_client_verdict(a.client)->now, cases[i].want);
        CHECK_EQ(cases[i].name, a.told, cases[i].want);
        CHECK_EQ(cases[i].name, a.servers[0].addresses, 1);
        stop(&a);
    }
}

static void the_address_that_was_reached_is_confirmed(void **state)
{
    struct asked a;

    (void)state;
    start(&a, 3, KN_AUTONAT_OK);
    ask(&a, 3);
    CHECK("confirmed", kn_verdict_confirms(kn_autonat_client_verdict(a.client),
                                           kn_buffer_get(&a.servers[0].first)));
    stop(&a);
}

static void a_few_are_asked_at_a_time_and_others_the_next_time(void **state)
{
    struct asked a;

    (void)state;
    start(&a, SERVERS, KN_AUTONAT_DIAL_ERROR);
    ask(&a, KN_AUTONAT_AT_ONCE);
    ask(&a, KN_AUTONAT_AT_ONCE);
    for (size_t i = 0; i < SERVERS; i++)
        CHECK("each", a.servers[i].asked > 0);
    stop(&a);
}

static void answers_that_make_no_sense_are_no_answers(void **state)
{
    struct asked a;

    (void)state;
    start(&a, 3, KN_AUTONAT_OK);
    a.servers[0].garbage = true;
    a.servers[1].silent = true;
    ask(&a, 3);
    CHECK_EQ("one vote", kn_autonat_client_verdict(a.client)->n, 1);
    stop(&a);
}

static void who_has_not_answered_is_not_asked_again(void **state)
{
    struct asked a;

    (void)state;
    start(&a, 2, KN_AUTONAT_OK);
    a.servers[0].slow = true;
    ask(&a, 2);
    ask(&a, 1);
    CHECK_EQ("the slow one", a.servers[0].asked, 1);
    CHECK_EQ("the other", a.servers[1].asked, 2);
    stop(&a);
}

static void an_end_while_it_is_asked_is_quiet(void **state)
{
    struct asked a;

    (void)state;
    start(&a, 3, KN_AUTONAT_OK);
    kn_autonat_client_ask(a.client);
    net_turn(&a.net);
    stop(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_several_peers_say_is_the_verdict),
        cmocka_unit_test(the_address_that_was_reached_is_confirmed),
        cmocka_unit_test(a_few_are_asked_at_a_time_and_others_the_next_time),
        cmocka_unit_test(answers_that_make_no_sense_are_no_answers),
        cmocka_unit_test(who_has_not_answered_is_not_asked_again),
        cmocka_unit_test(an_end_while_it_is_asked_is_quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
