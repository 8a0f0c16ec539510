/*
 * Three nodes join, put and get while one allocation after another fails. Nothing may be lost, used
 * after its end or waited for beyond its deadline.
 */
#include "network/dht/operations.h"

#include "support/check.h"
#include "support/fuse.h"

enum { NODES = 3, SLOTS = 64, ROOM = 8192, DELAY_MS = 10 };

#define EPOCH 1700000000.0

struct kn_dht_call {
    struct world *world;
    struct kn_peer_id from, to;
    enum kn_dht_method method;
    kn_time when;
    bool used, is_answer;
    enum kn_code code;
    size_t n;
    kn_dht_reply_fn *done;
    void *arg;
    uint8_t bytes[ROOM];
};

struct member {
    struct world *world;
    struct kn_dht *dht;
    struct kn_peer_id peer;
    kn_time wake;
};

/* A world that allocates nothing, so that what fails is ours. */
struct world {
    struct member members[NODES];
    struct kn_dht_call calls[SLOTS];
    kn_time now;
    unsigned ended, started;
};

static struct world world;

static struct kn_dht_call *start_call(void *arg, const struct kn_peer_id *peer,
                                      enum kn_dht_method method, struct kn_span request,
                                      int timeout_ms, kn_dht_reply_fn *done, void *done_arg)
{
    const struct member *member = arg;

    (void)timeout_ms;
    for (size_t i = 0; i < SLOTS; i++) {
        struct kn_dht_call *call = &world.calls[i];

        if (call->used || request.n > ROOM)
            continue;
        call->used = true;
        call->is_answer = false;
        call->from = member->peer;
        call->to = *peer;
        call->method = method;
        call->when = world.now + DELAY_MS;
        call->done = done;
        call->arg = done_arg;
        call->n = request.n;
        memcpy(call->bytes, request.at, request.n);
        return call;
    }
    return NULL;
}

static void cancel_call(void *arg, struct kn_dht_call *call)
{
    (void)arg;
    CHECK("open", call->used);
    call->done = NULL;
}

static kn_time now_of(void *arg)
{
    (void)arg;
    return world.now;
}

static double time_of(void *arg)
{
    (void)arg;
    return EPOCH + (double)world.now / 1000;
}

static void wake_at(void *arg, kn_time when)
{
    ((struct member *)arg)->wake = when;
}

static void on_answer(void *arg, const char *error, struct kn_span bytes)
{
    struct kn_dht_call *call = arg;

    call->is_answer = true;
    call->when = world.now + DELAY_MS;
    call->code = error != NULL ? KN_E_REFUSED : KN_OK;
    call->n = error != NULL || bytes.n > ROOM ? 0 : bytes.n;
    if (call->n > 0)
        memcpy(call->bytes, bytes.at, call->n);
}

static void deliver(struct kn_dht_call *call)
{
    struct kn_dht_serving *serving;

    call->when = KN_NEVER;
    if (call->is_answer) {
        call->used = false;
        if (call->done != NULL)
            call->done(call->arg, call->code, kn_span(call->bytes, call->n));
        return;
    }
    for (size_t i = 0; i < NODES; i++)
        if (kn_peer_id_equal(&world.members[i].peer, &call->to))
            kn_dht_serve(world.members[i].dht, &call->from, call->method,
                         kn_span(call->bytes, call->n), on_answer, call, &serving);
}

static bool step(void)
{
    struct member *member = &world.members[0];
    struct kn_dht_call *call = NULL;

    for (size_t i = 1; i < NODES; i++)
        if (world.members[i].wake < member->wake)
            member = &world.members[i];
    for (size_t i = 0; i < SLOTS; i++)
        if (world.calls[i].used && world.calls[i].when != KN_NEVER &&
            (call == NULL || world.calls[i].when < call->when))
            call = &world.calls[i];
    if (call != NULL && call->when <= member->wake) {
        world.now = call->when;
        deliver(call);
        return true;
    }
    if (member->wake == KN_NEVER)
        return false;
    world.now = member->wake > world.now ? member->wake : world.now;
    member->wake = KN_NEVER;
    kn_dht_fire(member->dht);
    return true;
}

static void fill(void *arg, uint8_t *out, size_t n)
{
    (void)arg;
    memset(out, 7, n);
}

/* All or none of them. */
static bool begin(void)
{
    memset(&world, 0, sizeof(world));
    for (uint8_t i = 0; i < NODES; i++) {
        struct member *member = &world.members[i];
        struct kn_dht_options options;

        *member = (struct member){ .world = &world, .wake = KN_NEVER };
        member->peer =
            (struct kn_peer_id){ .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20, i } };
        kn_dht_options_init(&options);
        options.peer = member->peer;
        options.id = (struct kn_dht_id){ { i } };
        options.random = (struct kn_random){ fill, NULL };
        options.link =
            (struct kn_dht_link){ member, start_call, cancel_call, now_of, time_of, wake_at };
        member->dht = kn_dht_new(&options);
        if (member->dht == NULL)
            return false;
    }
    return true;
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    (void)arg;
    (void)pong;
}

static void on_done(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
    world.ended++;
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    (void)arg;
    (void)value;
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    on_done(arg, totals->code);
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    (void)outcomes;
    (void)n;
    on_done(arg, code);
}

static void count(enum kn_code rc)
{
    CHECK("a start fails only for memory", rc == KN_OK || rc == KN_E_NO_MEMORY);
    world.started += rc == KN_OK;
}

static void live(void)
{
    static const uint8_t one[] = { 1 };
    struct kn_dht_item items[2] = {
        { { { 1 } }, { one, 1 }, { one, 1 }, EPOCH + 100 },
        { { { 2 } }, { NULL, 0 }, { one, 1 }, EPOCH + 100 },
    };
    struct kn_dht_id keys[2] = { { { 1 } }, { { 2 } } };
    struct kn_dht_put_options put = { items, 2, &world.members[2].peer, 1, 30000 };
    struct kn_dht_get_options get = { keys, 2, KN_DHT_GET_LATEST, NULL, 0, 30000 };
    struct kn_dht_op *op;

    for (size_t i = 1; i < NODES; i++)
        count(kn_dht_bootstrap(world.members[i].dht, &world.members[0].peer, 1, 10000, on_pong,
                               on_done, NULL, &op));
    while (world.now < 1000 && step())
        ;
    count(kn_dht_put(world.members[1].dht, &put, on_put, NULL, &op));
    while (world.ended < world.started && step())
        ;
    count(kn_dht_get(world.members[2].dht, &get, on_value, on_got, NULL, &op));
    while (world.ended < world.started && step())
        ;
    CHECK_EQ("all have ended", world.ended, world.started);
}

static void each_allocation_may_fail(void **state)
{
    long n = 0;

    (void)state;
    do {
        kn_fuse = n++;
        if (begin())
            live();
        for (size_t i = 0; i < NODES; i++)
            kn_dht_free(world.members[i].dht);
        CHECK("ends", n < 5000);
    } while (kn_fuse < 0);
    kn_fuse = -1;
    CHECK("some were tried", n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_may_fail) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
