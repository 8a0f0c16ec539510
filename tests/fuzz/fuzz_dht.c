/*
 * The input is a script: start operations, let time pass, answer calls with sense or nonsense, ask
 * the node with sense or nonsense, cancel. Properties: every operation ends exactly once, by its
 * deadline at the latest, and never after it was cancelled; every key and item is told once; every
 * request is answered at most once; no more calls are open than the limits allow; what the node
 * sends can be decoded and is not too large; tables and stores keep their bounds.
 */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/codec/reader.h"
#include "network/dht/operations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 512, OPS = 12, SERVINGS = 16, STEPS_MAX = 600, DEADLINE_MS = 5000, KEYS = 20 };

#define EPOCH 1700000000.0

struct kn_dht_call {
    bool open;
    struct kn_peer_id peer;
    enum kn_dht_method method;
    kn_time ends;
    size_t keys;
    kn_dht_reply_fn *done;
    void *arg;
};

enum op_state { FREE, RUNNING, ENDED };

struct operation {
    struct world *world;
    struct kn_dht_op *op;
    enum op_state state;
    size_t told, to_tell;
};

struct serving {
    struct kn_dht_serving *handle;
    bool waits;
};

struct world {
    struct kn_dht *dht;
    kn_time now, wake;
    struct kn_dht_call calls[CALLS];
    struct operation ops[OPS];
    struct serving servings[SERVINGS];
    size_t open;
    struct kn_reader script;
    uint64_t dice;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- the world around a node ---- */

static struct kn_peer_id peer_of(uint8_t number)
{
    struct kn_peer_id peer = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    peer.bytes[33] = number;
    return peer;
}

static struct kn_dht_id id_of(uint8_t number)
{
    struct kn_dht_id id = { .bytes = { number } };

    return id;
}

static size_t keys_asked(enum kn_dht_method method, struct kn_span request)
{
    struct kn_dht_find_request find;
    struct kn_dht_store_request store;
    struct kn_dht_ping_request ping;

    require(request.n <= KN_DHT_MESSAGE_MAX);
    if (method == KN_DHT_PING) {
        require(kn_dht_ping_request_decode(request, &ping) == KN_OK);
        return 0;
    }
    if (method == KN_DHT_STORE) {
        require(kn_dht_store_request_decode(request, &store) == KN_OK);
        require(store.count > 0 && store.count == store.offered);
        return store.count;
    }
    require(kn_dht_find_request_decode(request, &find) == KN_OK);
    require(find.key_count > 0 && find.key_count <= KN_DHT_BATCH_MAX);
    return find.key_count;
}

static struct kn_dht_call *start_call(void *arg, const struct kn_peer_id *peer,
                                      enum kn_dht_method method, struct kn_span request,
                                      int timeout_ms, kn_dht_reply_fn *done, void *done_arg)
{
    struct world *world = arg;
    size_t keys = keys_asked(method, request);

    for (size_t i = 0; i < CALLS; i++) {
        struct kn_dht_call *call = &world->calls[i];

        if (call->open)
            continue;
        *call = (struct kn_dht_call){ true, *peer, method,  world->now + timeout_ms,
                                      keys, done,  done_arg };
        world->open++;
        return call;
    }
    return NULL;
}

static void cancel_call(void *arg, struct kn_dht_call *call)
{
    struct world *world = arg;

    require(call->open);
    call->open = false;
    world->open--;
}

static kn_time now_of(void *arg)
{
    return ((const struct world *)arg)->now;
}

static double time_of(void *arg)
{
    return EPOCH + (double)((const struct world *)arg)->now / 1000;
}

static void wake_at(void *arg, kn_time when)
{
    ((struct world *)arg)->wake = when;
}

static void end_call(struct world *world, struct kn_dht_call *call, enum kn_code code,
                     struct kn_span bytes)
{
    call->open = false;
    world->open--;
    call->done(call->arg, code, bytes);
}

/* Time goes on; timers and timeouts come when they are due. */
static void advance(struct world *world, kn_time until)
{
    size_t fires = 0;

    while (true) {
        kn_time next = world->wake;
        struct kn_dht_call *late = NULL;

        for (size_t i = 0; i < CALLS; i++)
            if (world->calls[i].open && world->calls[i].ends < next) {
                late = &world->calls[i];
                next = late->ends;
            }
        if (next > until)
            break;
        require(++fires < 100000);
        world->now = next > world->now ? next : world->now;
        if (late != NULL) {
            end_call(world, late, KN_E_TIMEOUT, kn_span(NULL, 0));
        } else {
            world->wake = KN_NEVER;
            kn_dht_fire(world->dht);
        }
    }
    world->now = until;
}

/* ---- operations ---- */

static void end(struct operation *operation)
{
    require(operation->state == RUNNING);
    require(operation->told == operation->to_tell);
    operation->state = ENDED;
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    struct operation *operation = arg;

    require(operation->state == RUNNING && operation->told < operation->to_tell);
    require(strlen(pong->text) < KN_DHT_ERROR_MAX);
    operation->told++;
}

static void on_single_pong(void *arg, const struct kn_dht_pong *pong)
{
    on_pong(arg, pong);
    end(arg);
}

static void on_done(void *arg, enum kn_code code)
{
    (void)code;
    end(arg);
}

static void on_nearest(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes, size_t n)
{
    (void)code;
    (void)nodes;
    require(n <= KN_DHT_BEAM_MAX);
    end(arg);
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    struct operation *operation = arg;

    require(operation->state == RUNNING && operation->told < operation->to_tell);
    require(value->key < operation->to_tell);
    require(!value->found || value->record.expiration >= time_of(operation->world));
    operation->told++;
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    (void)totals;
    end(arg);
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct operation *operation = arg;

    (void)code;
    (void)outcomes;
    operation->told = n;
    end(arg);
}

static enum kn_code start_get(struct world *world, struct operation *operation, size_t n)
{
    struct kn_dht_id keys[KEYS];
    struct kn_peer_id also = peer_of(kn_read_u8(&world->script));
    struct kn_dht_get_options options = { .keys = keys,
                                          .n = n,
                                          .mode = (enum kn_dht_get_mode)(n % 3),
                                          .also = &also,
                                          .also_n = n & 1,
                                          .deadline = world->now + DEADLINE_MS };

    for (size_t i = 0; i < n; i++)
        keys[i] = id_of(kn_read_u8(&world->script));
    operation->to_tell = n;
    return kn_dht_get(world->dht, &options, on_value, on_got, operation, &operation->op);
}

static enum kn_code start_put(struct world *world, struct operation *operation, size_t n)
{
    static const uint8_t bytes[] = { 1, 2, 3 };
    struct kn_dht_item items[KEYS];
    struct kn_peer_id also = peer_of(kn_read_u8(&world->script));
    struct kn_dht_put_options options = { items, n, &also, n & 1, world->now + DEADLINE_MS };

    for (size_t i = 0; i < n; i++) {
        uint8_t what = kn_read_u8(&world->script);

        items[i] = (struct kn_dht_item){ id_of(what), kn_span(bytes, what & 1),
                                         kn_span(bytes + 1, 1), time_of(world) + 10 };
    }
    operation->to_tell = n;
    return kn_dht_put(world->dht, &options, on_put, operation, &operation->op);
}

static void start_operation(struct world *world)
{
    struct operation *operation = &world->ops[kn_read_u8(&world->script) % OPS];
    uint8_t what = kn_read_u8(&world->script);
    size_t n = 1 + what / 5 % KEYS;
    struct kn_peer_id peers[2] = { peer_of(what), peer_of((uint8_t)(what + 1)) };
    struct kn_dht_id id = id_of(what);
    kn_time deadline = world->now + DEADLINE_MS;
    enum kn_code rc = KN_OK;

    if (operation->state == RUNNING)
        return;
    *operation = (struct operation){ .world = world, .state = RUNNING };
    switch (what % 5) {
    case 0:
        operation->to_tell = 1;
        rc =
            kn_dht_ping(world->dht, &peers[0], deadline, on_single_pong, operation, &operation->op);
        break;
    case 1:
        operation->to_tell = n % 3;
        rc = kn_dht_bootstrap(world->dht, peers, n % 3, deadline, on_pong, on_done, operation,
                              &operation->op);
        break;
    case 2:
        rc = kn_dht_find_nearest(world->dht, &id, n, deadline, on_nearest, operation,
                                 &operation->op);
        break;
    case 3:
        rc = start_get(world, operation, n);
        break;
    default:
        rc = start_put(world, operation, n);
        break;
    }
    require(rc == KN_OK && operation->state == RUNNING);
}

static void cancel_operation(struct world *world)
{
    struct operation *operation = &world->ops[kn_read_u8(&world->script) % OPS];

    if (operation->state != RUNNING)
        return;
    operation->state = ENDED;
    kn_dht_cancel(operation->op);
}

/* ---- answers ---- */

static struct kn_span rest_of(struct kn_reader *script)
{
    size_t want = kn_read_u8(script), left = kn_reader_left(script);

    return kn_read_span(script, want < left ? want : left);
}

static void build_result(struct world *world, struct kn_buffer *out)
{
    struct kn_reader *script = &world->script;
    struct kn_dht_neighbour near[32];
    uint8_t what = kn_read_u8(script);
    struct kn_dht_find_result result = { .found = (enum kn_dht_found)(what % 3) };
    static const uint8_t value[] = { 7 };
    struct kn_dht_entry entries[2] = {
        { kn_span(value, 1), kn_span(value, 1), time_of(world) + what },
        { rest_of(script), kn_span(value, 1), time_of(world) + 1 },
    };
    struct kn_buffer dictionary = { 0 };
    size_t n = what / 8;

    result.expiration = time_of(world) + what - 20;
    result.value = kn_span(value, 1);
    if (result.found == KN_DHT_FOUND_DICTIONARY) {
        kn_dht_dictionary_encode(result.expiration, entries, 1 + (what >> 2 & 1), &dictionary);
        result.value = (what & 128) != 0 ? rest_of(script) : kn_buffer_get(&dictionary);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t number = (uint8_t)(kn_read_u8(script) + i);

        near[i] =
            (struct kn_dht_neighbour){ id_of((uint8_t)(number ^ (what & 1))), peer_of(number) };
    }
    kn_dht_find_result_encode(&result, near, n, out);
    kn_buffer_done(&dictionary);
}

static void build_answer(struct world *world, const struct kn_dht_call *call, struct kn_buffer *out)
{
    uint8_t what = kn_read_u8(&world->script);
    struct kn_dht_node node = { what % 16 != 0, id_of(call->peer.bytes[33]) };
    struct kn_dht_ping_answer pong = { node, time_of(world), true };
    bool ok[KN_DHT_KEYS_MAX];

    node.id.bytes[1] = (what & 32) != 0;
    if (call->method == KN_DHT_PING) {
        kn_dht_ping_answer_encode(&pong, out);
    } else if (call->method == KN_DHT_STORE) {
        for (size_t i = 0; i < call->keys; i++)
            ok[i] = (what >> i % 8 & 1) != 0;
        kn_dht_store_answer_encode(&node, ok, call->keys - (what % 7 == 0), out);
    } else {
        for (size_t i = what % 11 == 0; i < call->keys; i++)
            build_result(world, out);
        kn_dht_find_answer_end(&node, out);
    }
}

static void answer_call(struct world *world)
{
    size_t which = kn_read_u8(&world->script);
    uint8_t how = kn_read_u8(&world->script);
    struct kn_dht_call *call = NULL;
    struct kn_buffer out = { 0 };

    for (size_t i = 0; i < CALLS && call == NULL; i++)
        if (world->calls[i].open && which-- == 0)
            call = &world->calls[i];
    if (call == NULL)
        return;
    if (how % 4 == 0) {
        end_call(world, call, KN_E_REFUSED, rest_of(&world->script));
    } else if (how % 4 == 1) {
        end_call(world, call, KN_OK, rest_of(&world->script));
    } else {
        build_answer(world, call, &out);
        end_call(world, call, KN_OK, kn_buffer_get(&out));
    }
    kn_buffer_done(&out);
}

/* ---- requests ---- */

static void on_served(void *arg, const char *error, struct kn_span bytes)
{
    struct serving *serving = arg;

    require(serving->waits);
    require(error != NULL || bytes.n <= KN_DHT_MESSAGE_MAX);
    serving->waits = false;
    serving->handle = NULL;
}

static void build_request(struct world *world, enum kn_dht_method method, struct kn_buffer *out)
{
    uint8_t what = kn_read_u8(&world->script);
    struct kn_dht_node node = { what % 8 != 0, id_of(what) };
    struct kn_dht_ping_request ping = { node, (what & 16) != 0 };
    struct kn_dht_store_item items[4];
    struct kn_dht_id keys[4];

    for (size_t i = 0; i < 4; i++) {
        keys[i] = id_of(kn_read_u8(&world->script));
        items[i] = (struct kn_dht_store_item){ .key = keys[i],
                                               .kind = (enum kn_dht_store_kind)(what % 3) };
        items[i].subkey = rest_of(&world->script);
        items[i].value = rest_of(&world->script);
        items[i].expiration = time_of(world) + what - 9;
    }
    if (method == KN_DHT_PING)
        kn_dht_ping_request_encode(&ping, out);
    else if (method == KN_DHT_STORE)
        kn_dht_store_request_encode(&node, items, 1 + what % 4, out);
    else
        kn_dht_find_request_encode(&node, keys, what % 4, out);
}

static void request(struct world *world)
{
    struct serving *serving = &world->servings[kn_read_u8(&world->script) % SERVINGS];
    uint8_t what = kn_read_u8(&world->script);
    struct kn_peer_id caller = peer_of(kn_read_u8(&world->script));
    enum kn_dht_method method = (enum kn_dht_method)(what % KN_DHT_METHOD_COUNT);
    struct kn_dht_serving *handle;
    struct kn_buffer out = { 0 };

    if (serving->waits) {
        kn_dht_serving_cancel(serving->handle);
        serving->waits = false;
        return;
    }
    if (what / 3 % 4 == 0)
        kn_buffer_add_span(&out, rest_of(&world->script));
    else
        build_request(world, method, &out);
    serving->waits = true;
    kn_dht_serve(world->dht, &caller, method, kn_buffer_get(&out), on_served, serving, &handle);
    require(serving->waits == (handle != NULL));
    serving->handle = handle;
    kn_buffer_done(&out);
}

/* ---- the run ---- */

static void fill(void *arg, uint8_t *out, size_t n)
{
    struct world *world = arg;
    struct kn_random random = kn_random_seeded(&world->dice);

    kn_random_fill(&random, out, n);
}

static void check_limits(struct world *world)
{
    struct kn_dht_counters counters;
    struct kn_record_counters records;

    kn_dht_counters(world->dht, &counters);
    kn_record_counters(kn_dht_records(world->dht), &records);
    require(counters.operations <= OPS && counters.peers <= KN_DHT_TABLE_MAX);
    require(records.records <= 64 && records.bytes <= 1 << 16);
    require(world->open <=
            OPS * 2 * KN_DHT_PARALLEL_MAX + SERVINGS + KN_DHT_DOUBTS_MAX + KN_DHT_PUSHES_MAX);
}

static void play(struct world *world)
{
    for (size_t i = 0; i < STEPS_MAX && kn_reader_left(&world->script) > 0; i++) {
        uint8_t what = kn_read_u8(&world->script);

        if (what < 40)
            start_operation(world);
        else if (what < 140)
            answer_call(world);
        else if (what < 190)
            request(world);
        else if (what < 200)
            cancel_operation(world);
        else
            advance(world, world->now + (what - 200) * (what - 200));
        check_limits(world);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = kn_alloc(sizeof(*world));
    struct kn_dht_options options;

    world->script = kn_reader_of(kn_span(data, size));
    world->wake = KN_NEVER;
    kn_dht_options_init(&options);
    options.peer = peer_of(0);
    options.id = id_of(0);
    options.random = (struct kn_random){ fill, world };
    options.link = (struct kn_dht_link){ world, start_call, cancel_call, now_of, time_of, wake_at };
    options.records.records = 64;
    options.records.bytes = 1 << 16;
    options.client_mode = (kn_read_u8(&world->script) & 7) == 7;
    world->dht = kn_dht_new(&options);
    require(world->dht != NULL);
    play(world);
    advance(world, world->now + DEADLINE_MS);
    for (size_t i = 0; i < OPS; i++)
        require(world->ops[i].state != RUNNING);
    kn_dht_free(world->dht);
    require(world->open == 0 && world->wake == KN_NEVER);
    kn_free(world);
    return 0;
}
