#include "node/presence/announcer.h"

#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "node/presence/given_up.h"
#include "node/presence/read_back.h"

struct kn_announcer {
    struct kn_announcer_options options;
    struct kn_random random;
    struct kn_loop *loop;
    struct kn_peer_id bootstraps[KN_DHT_PEERS_MAX];
    size_t bootstrap_count;
    struct kn_announcement what;
    struct kn_prefix prefix;
    struct kn_given_up gone;
    char repository[KN_REPOSITORY_MAX + 1];
    struct kn_timer *timer;
    struct kn_dht_op *put;
    struct kn_read_back *read_back;
    struct kn_announced last;
    bool *took;            /* what `last` lends */
    double expiration;     /* of the last round: the next must be later */
    kn_time failing_since; /* 0: the last round was acknowledged */
    int retry_ms;
    bool is_relayed, leaving, told; /* told: a round was begun: somebody may hold its records */
    void (*left)(void *arg);
    void *left_arg;
};

/* The items of one round, with the memory that they point into. */
struct round {
    struct kn_dht_item *items;
    uint32_t n;
    struct kn_buffer subkey, value, offline[KN_GIVEN_UP_MAX], model_subkey, model_value;
};

static void free_round(struct round *r)
{
    kn_free(r->items);
    kn_buffer_done(&r->subkey);
    kn_buffer_done(&r->value);
    for (size_t i = 0; i < KN_GIVEN_UP_MAX; i++)
        kn_buffer_done(&r->offline[i]);
    kn_buffer_done(&r->model_subkey);
    kn_buffer_done(&r->model_value);
}

static void add_item(struct round *r, const char *key, const struct kn_buffer *subkey,
                     const struct kn_buffer *value, double expiration)
{
    struct kn_dht_item *item = &r->items[r->n++];

    (void)kn_dht_id_of_text(kn_span_text(key), &item->key);
    item->subkey = kn_buffer_get(subkey);
    item->value = kn_buffer_get(value);
    item->expiration = expiration;
}

static void add_block(struct round *r, const char *prefix, uint32_t block,
                      const struct kn_buffer *value, double expiration)
{
    char key[KN_BLOCK_KEY_SIZE];

    kn_block_key(prefix, block, key);
    add_item(r, key, &r->subkey, value, expiration);
}

/* Is that key of a range that was given up told something newer? */
static bool is_served_again(const struct kn_announcer *a, const struct kn_given_range *range,
                            uint32_t block)
{
    return a->what.prefix != NULL && block >= a->what.start && block < a->what.end &&
           strcmp(range->prefix.text, a->what.prefix) == 0;
}

static void encode_info(const struct kn_announcer *a, enum kn_server_state state, uint32_t start,
                        uint32_t end, struct kn_buffer *out)
{
    struct kn_server_info info = a->what.info;

    info.start_block = start;
    info.end_block = end;
    info.state = state;
    info.using_relay = a->is_relayed;
    if (state == KN_SERVER_OFFLINE)
        info.next_pings.given = false;
    kn_server_info_encode(&info, out);
}

static bool is_registered(const struct kn_announcer *a)
{
    return a->what.prefix != NULL && a->what.repository != NULL &&
           !kn_prefix_is_private(a->what.prefix);
}

static void add_model(const struct kn_announcer *a, struct round *r, double expiration)
{
    const struct kn_model_info info = {
        .num_blocks = a->what.num_blocks,
        .repository = kn_span_text(a->what.repository),
    };

    kn_msgpack_write_text(&r->model_subkey, kn_span_text(a->what.prefix));
    kn_model_info_encode(&info, &r->model_value);
    add_item(r, KN_REGISTRY_KEY, &r->model_subkey, &r->model_value, expiration);
}

/* OFFLINE under the keys of a range that was given up. */
static void add_gone(struct kn_announcer *a, struct round *r, size_t index, double expiration)
{
    struct kn_given_range *range = &a->gone.at[index];
    uint32_t before = r->n;

    encode_info(a, KN_SERVER_OFFLINE, range->start, range->end, &r->offline[index]);
    for (uint32_t i = range->start; i < range->end; i++) {
        if (kn_given_up_has(&a->gone, index, i) && !is_served_again(a, range, i))
            add_block(r, range->prefix.text, i, &r->offline[index], expiration);
    }
    range->told = r->n - before;
}

static void add_blocks(struct kn_announcer *a, struct round *r, double expiration)
{
    for (uint32_t i = a->what.start; i < a->what.end; i++)
        add_block(r, a->what.prefix, i, &r->value, expiration);
    if (is_registered(a) && !a->leaving)
        add_model(a, r, expiration);
    for (size_t i = 0; i < a->gone.n; i++)
        add_gone(a, r, i, expiration);
}

static bool is_whole(const struct round *r)
{
    bool failed =
        r->subkey.failed || r->value.failed || r->model_subkey.failed || r->model_value.failed;

    for (size_t i = 0; i < KN_GIVEN_UP_MAX; i++)
        failed = failed || r->offline[i].failed;
    return !failed;
}

/* Strictly later than before, also when the clock was set back: peers refuse an equal end. */
static double next_expiration(struct kn_announcer *a)
{
    double wanted = kn_loop_unix_time() + a->options.lifetime_ms / 1000.0;

    if (wanted <= a->expiration)
        wanted = a->expiration + 0.001;
    a->expiration = wanted;
    return wanted;
}

static bool make_round(struct kn_announcer *a, struct round *r)
{
    enum kn_server_state state = a->leaving ? KN_SERVER_OFFLINE : a->what.info.state;
    uint32_t blocks = a->what.end - a->what.start;
    double expiration = next_expiration(a);
    char id[KN_PEER_ID_TEXT_SIZE];

    kn_peer_id_print(kn_host_self(kn_network_host(a->options.network)), id);
    r->items = kn_try_alloc((blocks + kn_given_up_keys(&a->gone) + 1) * sizeof(r->items[0]));
    if (r->items == NULL)
        return false;
    kn_msgpack_write_text(&r->subkey, kn_span_text(id));
    encode_info(a, state, a->what.start, a->what.end, &r->value);
    add_blocks(a, r, expiration);
    return is_whole(r);
}

static void end_leaving(struct kn_announcer *a)
{
    void (*left)(void *arg) = a->left;

    a->left = NULL;
    if (left != NULL)
        left(a->left_arg);
}

/* With full jitter once it takes long: many nodes wait for the same bootstrap. */
static int retry_delay(struct kn_announcer *a)
{
    kn_time now = kn_loop_now(a->loop);

    if (a->failing_since == 0)
        a->failing_since = now;
    if (now - a->failing_since < KN_ANNOUNCE_RETRY_EAGER_MS) {
        a->retry_ms = KN_ANNOUNCE_RETRY_FIRST_MS;
        return a->retry_ms;
    }
    a->retry_ms =
        a->retry_ms >= KN_ANNOUNCE_RETRY_MAX_MS / 2 ? KN_ANNOUNCE_RETRY_MAX_MS : a->retry_ms * 2;
    return 1 + (int)kn_random_below(&a->random, (uint64_t)a->retry_ms);
}

static void schedule(struct kn_announcer *a, bool good)
{
    int64_t spread = (int64_t)a->options.interval_ms * KN_ANNOUNCE_JITTER_PERCENT / 100, delay;

    if (good) {
        a->failing_since = 0;
        delay = a->options.interval_ms - spread +
                (int64_t)kn_random_below(&a->random, 2 * (uint64_t)spread + 1);
    } else {
        delay = retry_delay(a);
    }
    kn_timer_set(a->timer, kn_loop_now(a->loop) + delay);
}

static void on_read_back(void *arg, uint32_t visible_on, uint32_t asked)
{
    struct kn_announcer *a = arg;

    a->read_back = NULL;
    a->last.visible_on = visible_on;
    a->last.asked = asked;
    a->options.announced(a->options.arg, &a->last, true);
}

static void read_back(struct kn_announcer *a)
{
    const struct kn_read_back_options options = {
        .network = a->options.network,
        .peers = a->bootstraps,
        .n = a->bootstrap_count,
        .prefix = a->what.prefix,
        .start = a->what.start,
        .end = a->what.end,
        .expiration = a->expiration,
        .arg = a,
        .done = on_read_back,
    };

    kn_read_back_free(a->read_back);
    a->read_back = kn_read_back_start(&options);
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct kn_announcer *a = arg;
    uint32_t keys = a->what.end - a->what.start + is_registered(a);

    a->put = NULL;
    if (a->leaving) {
        end_leaving(a);
        return;
    }
    kn_free(a->took);
    a->took = kn_try_alloc((keys + 1) * sizeof(*a->took));
    a->last = (struct kn_announced){ .blocks = a->what.end - a->what.start,
                                     .keys = keys,
                                     .registers = is_registered(a),
                                     .took = a->took,
                                     .at = kn_loop_unix_time(),
                                     .state = a->what.info.state,
                                     .alone = code == KN_E_UNREACHABLE && a->bootstrap_count == 0 };
    for (size_t i = 0; i < n && i < keys; i++) {
        /* The registry's record is everybody's: another node's may end later than ours. */
        bool is_registry = i + 1 == keys && is_registered(a);
        bool took = outcomes[i].acknowledged > 0 || (is_registry && outcomes[i].refused > 0);

        a->last.acknowledged += took;
        if (a->took != NULL)
            a->took[i] = took;
    }
    kn_given_up_settle(&a->gone, n > keys ? outcomes + keys : NULL, n > keys ? n - keys : 0);
    a->options.announced(a->options.arg, &a->last, false);
    if (a->leaving)
        return; /* the good-bye is due by now */
    schedule(a, a->last.alone || (a->last.acknowledged == keys && (keys > 0 || a->gone.n == 0)));
    if (a->last.acknowledged > 0 && a->bootstrap_count > 0)
        read_back(a);
}

static void announce(struct kn_announcer *a)
{
    struct round r = { 0 };
    struct kn_dht_put_options options = {
        .also = a->bootstraps,
        .also_n = a->bootstrap_count,
        .deadline = kn_loop_now(a->loop) + KN_ANNOUNCE_TIMEOUT_MS,
    };
    enum kn_code rc = KN_E_NO_MEMORY;

    kn_dht_cancel(a->put);
    a->put = NULL;
    kn_read_back_free(a->read_back); /* of the round before */
    a->read_back = NULL;
    if (a->options.describe != NULL)
        a->options.describe(a->options.arg, &a->what.info);
    if (make_round(a, &r)) {
        options.items = r.items;
        options.n = r.n;
        rc = kn_dht_put(kn_network_dht(a->options.network), &options, on_put, a, &a->put);
    }
    a->told = a->told || rc == KN_OK;
    free_round(&r);
    if (rc != KN_OK && a->leaving)
        end_leaving(a);
    else if (rc != KN_OK)
        schedule(a, false);
}

static bool has_something(const struct kn_announcer *a)
{
    return a->what.prefix != NULL || a->gone.n > 0;
}

static void on_timer(void *arg)
{
    struct kn_announcer *a = arg;

    if (a->leaving || has_something(a))
        announce(a);
}

struct kn_announcer *kn_announcer_new(const struct kn_announcer_options *options)
{
    struct kn_announcer *a = kn_try_alloc(sizeof(*a));

    if (a == NULL)
        return NULL;
    a->options = *options;
    a->random = *options->random;
    a->loop = kn_host_loop(kn_network_host(options->network));
    a->timer = kn_timer_new(a->loop, on_timer, a);
    if (a->timer == NULL) {
        kn_free(a);
        return NULL;
    }
    return a;
}

void kn_announcer_free(struct kn_announcer *a)
{
    if (a == NULL)
        return;
    kn_dht_cancel(a->put);
    kn_read_back_free(a->read_back);
    kn_timer_free(a->timer);
    kn_free(a->took);
    kn_free(a);
}

void kn_announcer_set_bootstraps(struct kn_announcer *a, const struct kn_peer_id *peers, size_t n)
{
    a->bootstrap_count = n < KN_COUNT(a->bootstraps) ? n : KN_COUNT(a->bootstraps);
    memcpy(a->bootstraps, peers, a->bootstrap_count * sizeof(peers[0]));
}

/* What was served before is told OFFLINE, but for what is served under the same keys now. */
static void give_up_range(struct kn_announcer *a, const struct kn_announcement *next)
{
    bool same = next->prefix != NULL && strcmp(next->prefix, a->prefix.text) == 0 &&
                next->start == a->what.start && next->end == a->what.end;

    if (a->what.prefix == NULL || same)
        return;
    kn_given_up_add(&a->gone, a->prefix.text, a->what.start, a->what.end);
}

void kn_announcer_set(struct kn_announcer *a, const struct kn_announcement *next)
{
    give_up_range(a, next);
    a->what = *next;
    if (next->prefix == NULL) {
        a->what.start = a->what.end = 0;
        a->what.prefix = NULL;
    } else {
        (void)snprintf(a->prefix.text, sizeof(a->prefix.text), "%s", next->prefix);
        a->what.prefix = a->prefix.text;
    }
    if (next->repository != NULL) {
        (void)snprintf(a->repository, sizeof(a->repository), "%s", next->repository);
        a->what.repository = a->repository;
    }
    kn_announcer_renew(a);
}

void kn_announcer_renew(struct kn_announcer *a)
{
    if (!a->leaving && has_something(a))
        announce(a);
}

void kn_announcer_use_relay(struct kn_announcer *a, bool is_relayed)
{
    bool is_news = a->is_relayed != is_relayed;

    a->is_relayed = is_relayed;
    if (is_news)
        kn_announcer_renew(a);
}

void kn_announcer_pace(struct kn_announcer *a, int interval_ms, int lifetime_ms)
{
    bool is_news = a->options.interval_ms != interval_ms || a->options.lifetime_ms != lifetime_ms;

    a->options.interval_ms = interval_ms;
    a->options.lifetime_ms = lifetime_ms;
    if (is_news)
        kn_announcer_renew(a);
}

void kn_announcer_leave(struct kn_announcer *a, void (*done)(void *arg), void *arg)
{
    a->leaving = true;
    a->left = done;
    a->left_arg = arg;
    kn_dht_cancel(a->put); /* its end would be taken for that of the good-bye */
    a->put = NULL;
    kn_timer_set(a->timer, kn_loop_now(a->loop)); /* later, as promised */
    if (a->what.prefix == NULL) {
        a->what.start = a->what.end = 0;
        a->what.prefix = "";
    }
}

bool kn_announcer_takes_back(const struct kn_announcer *a)
{
    return a->gone.n > 0;
}

bool kn_announcer_has_told(const struct kn_announcer *a)
{
    return a->told;
}

const struct kn_announced *kn_announcer_last(const struct kn_announcer *a)
{
    return &a->last;
}
