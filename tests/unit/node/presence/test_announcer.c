/* What is announced, when, and what is said of it; time and the swarm are handed in. */
#include "node/presence/announcer.h"

#include <limits.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "node/presence/given_up.h"
#include "node/presence/read_back.h"
#include "support/check.h"

enum { ITEMS_MAX = 64, INTERVAL_MS = 120000, LIFETIME_MS = 360000 };

#define PREFIX "Grey-7B-hf"
#define REPOSITORY "https://huggingface.co/lab/Grey-7B"
#define OUR_ID "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"

/* ---- a swarm of nobody: one loop, one timer, one store at a time ---- */

struct kn_loop {
    kn_time now;
    double unix_time;
};

struct kn_timer {
    kn_time at;
    void (*fire)(void *arg);
    void *arg;
    bool used;
};

struct stored {
    struct kn_dht_id key;
    bool is_registry;
    struct kn_server_info info;
    double expiration;
};

struct kn_dht_op {
    kn_dht_put_fn *done;
    void *arg;
    struct stored items[ITEMS_MAX];
    size_t n, also;
    kn_time deadline;
    bool open;
};

struct kn_read_back {
    struct kn_read_back_options options;
    bool open;
};

static struct {
    struct kn_loop loop;
    struct kn_timer timer;
    struct kn_dht_op put;
    struct kn_read_back read_back;
    unsigned puts, cancelled;
    bool refuses; /* memory is short */
    struct kn_peer_id self;
} world;

static struct kn_network *const network = (struct kn_network *)&world;

struct kn_host *kn_network_host(const struct kn_network *unused)
{
    (void)unused;
    return (struct kn_host *)&world;
}

struct kn_dht *kn_network_dht(const struct kn_network *unused)
{
    (void)unused;
    return (struct kn_dht *)&world;
}

struct kn_loop *kn_host_loop(const struct kn_host *unused)
{
    (void)unused;
    return &world.loop;
}

const struct kn_peer_id *kn_host_self(const struct kn_host *unused)
{
    (void)unused;
    return &world.self;
}

kn_time kn_loop_now(const struct kn_loop *loop)
{
    return loop->now;
}

double kn_loop_unix_time(void)
{
    return world.loop.unix_time;
}

struct kn_timer *kn_timer_new(struct kn_loop *loop, void (*fire)(void *arg), void *arg)
{
    (void)loop;
    world.timer = (struct kn_timer){ KN_NEVER, fire, arg, true };
    return &world.timer;
}

void kn_timer_free(struct kn_timer *timer)
{
    timer->used = false;
}

void kn_timer_set(struct kn_timer *timer, kn_time when)
{
    timer->at = when;
}

static void keep_item(struct stored *out, const struct kn_dht_item *item)
{
    struct kn_dht_id registry;

    (void)kn_dht_id_of_text(kn_span_text(KN_REGISTRY_KEY), &registry);
    *out = (struct stored){ .key = item->key, .expiration = item->expiration };
    out->is_registry = kn_dht_id_equal(&item->key, &registry);
    if (!out->is_registry)
        CHECK_EQ("a record", kn_server_info_decode(item->value, &out->info), KN_MALFORMED_NOT);
}

enum kn_code kn_dht_put(struct kn_dht *unused, const struct kn_dht_put_options *options,
                        kn_dht_put_fn *done, void *arg, struct kn_dht_op **out)
{
    (void)unused;
    CHECK("one at a time", !world.put.open);
    if (world.refuses)
        return KN_E_NO_MEMORY;
    if (options->n == 0)
        return KN_E_INVALID;
    CHECK("room", options->n <= ITEMS_MAX);
    world.put = (struct kn_dht_op){ .done = done,
                                    .arg = arg,
                                    .n = options->n,
                                    .also = options->also_n,
                                    .deadline = options->deadline,
                                    .open = true };
    for (size_t i = 0; i < options->n; i++)
        keep_item(&world.put.items[i], &options->items[i]);
    world.puts++;
    *out = &world.put;
    return KN_OK;
}

void kn_dht_cancel(struct kn_dht_op *op)
{
    if (op == NULL)
        return;
    op->open = false;
    world.cancelled++;
}

struct kn_read_back *kn_read_back_start(const struct kn_read_back_options *options)
{
    world.read_back = (struct kn_read_back){ *options, true };
    return &world.read_back;
}

void kn_read_back_free(struct kn_read_back *read_back)
{
    if (read_back != NULL)
        read_back->open = false;
}

/* ---- the driver ---- */

struct told {
    unsigned rounds, read_backs, left;
    struct kn_announced last;
    struct kn_announcer *leaves; /* as soon as a round is told */
};

static void on_left(void *arg);

static void on_round(void *arg, const struct kn_announced *round, bool read_back)
{
    struct told *told = arg;

    told->rounds += !read_back;
    told->read_backs += read_back;
    told->last = *round;
    if (told->leaves != NULL)
        kn_announcer_leave(told->leaves, on_left, told);
}

static void on_left(void *arg)
{
    struct told *told = arg;

    told->left++;
}

static struct kn_announcer *start(struct told *told)
{
    static uint64_t seed;
    static struct kn_random random;
    struct kn_announcer_options options = { .network = network,
                                            .random = &random,
                                            .interval_ms = INTERVAL_MS,
                                            .lifetime_ms = LIFETIME_MS,
                                            .arg = told,
                                            .announced = on_round };
    struct kn_announcer *a;

    seed = 11;
    random = kn_random_seeded(&seed);
    memset(&world, 0, sizeof(world));
    world.loop = (struct kn_loop){ 1000, 1700000000.0 };
    CHECK_EQ("id", kn_peer_id_parse(OUR_ID, strlen(OUR_ID), &world.self, NULL), KN_OK);
    *told = (struct told){ 0 };
    a = kn_announcer_new(&options);
    CHECK("memory", a != NULL);
    return a;
}

static void set(struct kn_announcer *a, const char *prefix, uint32_t from, uint32_t to)
{
    struct kn_announcement what = {
        .prefix = prefix, .start = from, .end = to, .num_blocks = 32, .repository = REPOSITORY
    };

    kn_server_info_init(&what.info);
    what.info.state = KN_SERVER_JOINING;
    kn_server_text_set(&what.info.public_name, "ada");
    kn_announcer_set(a, &what);
}

static void one_bootstrap(struct kn_announcer *a)
{
    kn_announcer_set_bootstraps(a, &world.self, 1);
}

/* The store under way ends: that many of its first items were taken by somebody. */
static void answer(enum kn_code code, size_t taken)
{
    struct kn_dht_put_outcome outcomes[ITEMS_MAX] = { 0 };

    CHECK("under way", world.put.open);
    world.put.open = false;
    for (size_t i = 0; i < taken; i++)
        outcomes[i].acknowledged = 2;
    world.put.done(world.put.arg, code, outcomes, world.put.n);
}

static void move(kn_time ms)
{
    world.loop.now += ms;
    world.loop.unix_time += (double)ms / 1000.0;
}

/* To the next moment that the announcer has set, and how far that was. */
static kn_time fire(void)
{
    kn_time waited = world.timer.at - world.loop.now;

    CHECK("a timer", world.timer.at != KN_NEVER);
    move(waited);
    world.timer.at = KN_NEVER;
    world.timer.fire(world.timer.arg);
    return waited;
}

static const struct stored *item_of(const char *prefix, uint32_t block)
{
    const struct stored *found = NULL;
    char text[KN_BLOCK_KEY_SIZE];
    struct kn_dht_id key;

    kn_block_key(prefix, block, text);
    (void)kn_dht_id_of_text(kn_span_text(text), &key);
    for (size_t i = 0; i < world.put.n; i++) {
        if (!kn_dht_id_equal(&world.put.items[i].key, &key))
            continue;
        CHECK(text, found == NULL); /* one key is stored once in a round */
        found = &world.put.items[i];
    }
    return found;
}

static size_t registry_items(void)
{
    size_t n = 0;

    for (size_t i = 0; i < world.put.n; i++)
        n += world.put.items[i].is_registry;
    return n;
}

static void check_state(const char *row, const char *prefix, uint32_t from, uint32_t to,
                        enum kn_server_state state)
{
    for (uint32_t i = from; i < to; i++) {
        const struct stored *item = item_of(prefix, i);

        CHECK(row, item != NULL);
        CHECK_EQ(row, item->info.state, state);
        CHECK(row, kn_server_info_holds(&item->info, i));
    }
}

/* ---- stories ---- */

static void every_block_and_the_model_are_told_at_once(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    CHECK_EQ("nothing yet", world.puts, 0);
    set(a, PREFIX, 3, 7);
    CHECK_EQ("at once", world.puts, 1);
    CHECK_EQ("items", world.put.n, 5);
    CHECK_EQ("registry", registry_items(), 1);
    CHECK_EQ("also", world.put.also, 1);
    check_state("blocks", PREFIX, 3, 7, KN_SERVER_JOINING);
    CHECK_EQ("range", item_of(PREFIX, 4)->info.start_block, 3);
    CHECK_EQ("range", item_of(PREFIX, 4)->info.end_block, 7);
    CHECK("end", item_of(PREFIX, 4)->expiration == 1700000360.0);
    CHECK_EQ("deadline", world.put.deadline - world.loop.now, KN_ANNOUNCE_TIMEOUT_MS);
    kn_announcer_free(a);
    CHECK_EQ("cancelled", world.cancelled, 1);
    CHECK("timer", !world.timer.used);
}

static void only_what_was_acknowledged_is_counted(void **state)
{
    static const struct {
        const char *name;
        enum kn_code code;
        size_t taken;
        uint32_t acknowledged;
        bool bootstrap, alone, reads_back;
    } rows[] = {
        { "all", KN_OK, 5, 5, true, false, true },
        { "some", KN_OK, 2, 2, true, false, true },
        { "none", KN_E_UNREACHABLE, 0, 0, true, false, false },
        { "nobody else", KN_E_UNREACHABLE, 0, 0, false, true, false },
        { "others, but no bootstrap", KN_OK, 5, 5, false, false, false },
        { "refused by all", KN_OK, 0, 0, false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct told told;
        struct kn_announcer *a = start(&told);

        if (rows[i].bootstrap)
            one_bootstrap(a);
        set(a, PREFIX, 3, 7);
        answer(rows[i].code, rows[i].taken);
        CHECK_EQ(rows[i].name, told.rounds, 1);
        CHECK_EQ(rows[i].name, told.last.keys, 5);
        CHECK_EQ(rows[i].name, told.last.acknowledged, rows[i].acknowledged);
        CHECK_EQ(rows[i].name, told.last.alone, rows[i].alone);
        CHECK_EQ(rows[i].name, told.last.visible_on, 0);
        CHECK_EQ(rows[i].name, world.read_back.open, rows[i].reads_back);
        kn_announcer_free(a);
    }
}

static void what_was_read_back_is_told_after(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 3, 7);
    answer(KN_OK, 5);
    CHECK_EQ("start", world.read_back.options.start, 3);
    CHECK_EQ("end", world.read_back.options.end, 7);
    CHECK_EQ("whom", world.read_back.options.n, 1);
    CHECK("what", world.read_back.options.expiration == item_of(PREFIX, 3)->expiration);
    CHECK_EQ("not yet", told.read_backs, 0);
    world.read_back.options.done(world.read_back.options.arg, 1, 1);
    CHECK_EQ("told", told.read_backs, 1);
    CHECK_EQ("visible", told.last.visible_on, 1);
    CHECK_EQ("asked", told.last.asked, 1);
    CHECK_EQ("last", kn_announcer_last(a)->visible_on, 1);
    kn_announcer_free(a);
}

static void a_way_through_relays_is_told_at_once(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    kn_announcer_use_relay(a, true);
    CHECK_EQ("nothing to tell yet", world.puts, 0);
    kn_announcer_use_relay(a, false);
    one_bootstrap(a);
    set(a, PREFIX, 0, 2);
    CHECK_EQ("direct", item_of(PREFIX, 1)->info.using_relay, 0);
    kn_announcer_use_relay(a, true);
    CHECK_EQ("news", world.puts, 2);
    CHECK_EQ("relayed", item_of(PREFIX, 1)->info.using_relay, 1);
    kn_announcer_use_relay(a, true);
    CHECK_EQ("no news", world.puts, 2);
    set(a, PREFIX, 4, 6);
    CHECK_EQ("another range", item_of(PREFIX, 5)->info.using_relay, 1);
    kn_announcer_free(a);
}

static void rounds_follow_each_other_with_jitter(void **state)
{
    kn_time least = KN_NEVER, most = 0;
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 0, 2);
    for (int i = 0; i < 200; i++) {
        kn_time waited;

        answer(KN_OK, 3);
        waited = fire();
        least = waited < least ? waited : least;
        most = waited > most ? waited : most;
    }
    CHECK("not sooner", least >= INTERVAL_MS * 9 / 10);
    CHECK("not later", most <= INTERVAL_MS * 11 / 10);
    CHECK("spread", most - least > INTERVAL_MS / 10);
    CHECK_EQ("rounds", told.rounds, 200);
    kn_announcer_free(a);
}

static void it_lasts_longer_each_time_whatever_the_clock_does(void **state)
{
    static const double steps[] = { 0, -1, -5000, 3600, -3600, -1e6, 1e6 };
    double last = 0;
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 0, 2);
    for (size_t i = 0; i < KN_COUNT(steps); i++) {
        CHECK("later", item_of(PREFIX, 1)->expiration > last);
        CHECK("all alike", item_of(PREFIX, 0)->expiration == item_of(PREFIX, 1)->expiration);
        last = item_of(PREFIX, 1)->expiration;
        answer(KN_OK, 3);
        world.loop.unix_time += steps[i];
        (void)fire();
    }
    kn_announcer_free(a);
}

/* Every second for half a minute, then ever more seldom, at random and never over a minute. */
static void who_is_not_heard_tries_again(void **state)
{
    kn_time sum = 0, most = 0;
    unsigned eager = 0;
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 0, 2);
    for (; sum < KN_ANNOUNCE_RETRY_EAGER_MS; eager++) {
        kn_time waited;

        answer(KN_E_UNREACHABLE, 0);
        waited = fire();
        CHECK_EQ("eager", waited, KN_ANNOUNCE_RETRY_FIRST_MS);
        sum += waited;
    }
    CHECK_EQ("eager", eager, 30);
    for (int i = 0; i < 100; i++) {
        kn_time waited;

        answer(KN_E_UNREACHABLE, 0);
        waited = fire();
        most = waited > most ? waited : most;
        CHECK("below the bound", waited <= KN_ANNOUNCE_RETRY_MAX_MS);
    }
    CHECK("seldom", most > KN_ANNOUNCE_RETRY_MAX_MS / 2);
    answer(KN_OK, 3);
    CHECK("heard again", fire() >= INTERVAL_MS * 9 / 10);
    answer(KN_OK, 2); /* one of three keys was not taken */
    CHECK_EQ("eager again", fire(), KN_ANNOUNCE_RETRY_FIRST_MS);
    kn_announcer_free(a);
}

static void a_node_alone_is_in_no_hurry(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    set(a, PREFIX, 0, 2);
    answer(KN_E_UNREACHABLE, 0);
    CHECK("interval", fire() >= INTERVAL_MS * 9 / 10);
    kn_announcer_free(a);
}

static void the_longest_interval_is_one(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    kn_announcer_pace(a, INT_MAX, INT_MAX);
    set(a, PREFIX, 0, 2);
    answer(KN_E_UNREACHABLE, 0);
    CHECK("later", fire() >= INT64_C(9) * INT_MAX / 10);
    kn_announcer_free(a);
}

static void a_range_that_moved_is_told_off(void **state)
{
    static const struct {
        const char *name, *prefix;
        uint32_t start, end;
        uint32_t gone_from, gone_to, also_from, also_to;
    } rows[] = {
        { "elsewhere", PREFIX, 10, 14, 3, 7, 0, 0 },
        { "up", PREFIX, 5, 9, 3, 5, 0, 0 },
        { "down", PREFIX, 1, 5, 5, 7, 0, 0 },
        { "shorter at the end", PREFIX, 3, 5, 5, 7, 0, 0 },
        { "shorter at the beginning", PREFIX, 5, 7, 3, 5, 0, 0 },
        { "the middle of it", PREFIX, 4, 6, 3, 4, 6, 7 },
        { "more", PREFIX, 2, 8, 0, 0, 0, 0 },
        { "the same", PREFIX, 3, 7, 0, 0, 0, 0 },
        { "right behind", PREFIX, 7, 9, 3, 7, 0, 0 },
        { "another model", "Blue-1B", 3, 7, 3, 7, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct told told;
        struct kn_announcer *a = start(&told);
        size_t blocks = rows[i].end - rows[i].start;
        size_t gone = rows[i].gone_to - rows[i].gone_from + rows[i].also_to - rows[i].also_from;

        one_bootstrap(a);
        set(a, PREFIX, 3, 7);
        answer(KN_OK, 5);
        set(a, rows[i].prefix, rows[i].start, rows[i].end);
        CHECK_EQ(rows[i].name, world.puts, 2);
        CHECK_EQ(rows[i].name, world.put.n, blocks + 1 + gone);
        check_state(rows[i].name, rows[i].prefix, rows[i].start, rows[i].end, KN_SERVER_JOINING);
        check_state(rows[i].name, PREFIX, rows[i].gone_from, rows[i].gone_to, KN_SERVER_OFFLINE);
        check_state(rows[i].name, PREFIX, rows[i].also_from, rows[i].also_to, KN_SERVER_OFFLINE);
        /* Until somebody took it, it is told again; the count is of what is served now. */
        answer(KN_OK, blocks + 1);
        CHECK_EQ(rows[i].name, told.last.keys, blocks + 1);
        CHECK_EQ(rows[i].name, told.last.acknowledged, blocks + 1);
        (void)fire();
        CHECK_EQ(rows[i].name, world.put.n, blocks + 1 + gone);
        answer(KN_OK, world.put.n);
        (void)fire();
        CHECK_EQ(rows[i].name, world.put.n, blocks + 1);
        kn_announcer_free(a);
    }
}

static void every_range_that_was_given_up_is_told_off_until_it_was_heard(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 0, 4);
    answer(KN_OK, 5);
    set(a, PREFIX, 10, 14); /* nobody takes this round: it moves again before */
    set(a, PREFIX, 12, 16);
    CHECK_EQ("items", world.put.n, 5 + 2 + 4);
    check_state("now", PREFIX, 12, 16, KN_SERVER_JOINING);
    check_state("second", PREFIX, 10, 12, KN_SERVER_OFFLINE);
    check_state("first", PREFIX, 0, 4, KN_SERVER_OFFLINE);
    answer(KN_OK, 5 + 2); /* the second was heard, the first was not */
    (void)fire();
    CHECK_EQ("first alone", world.put.n, 5 + 4);
    check_state("first", PREFIX, 0, 4, KN_SERVER_OFFLINE);
    answer(KN_OK, world.put.n);
    (void)fire();
    CHECK_EQ("none", world.put.n, 5);
    kn_announcer_free(a);
}

static void a_range_that_came_back_is_not_told_off(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 0, 4);
    set(a, PREFIX, 2, 6);
    set(a, PREFIX, 0, 4);
    CHECK_EQ("items", world.put.n, 5 + 2);
    check_state("again", PREFIX, 0, 4, KN_SERVER_JOINING);
    check_state("gone", PREFIX, 4, 6, KN_SERVER_OFFLINE);
    CHECK_EQ("says the newest", item_of(PREFIX, 4)->info.start_block, 2);
    answer(KN_OK, world.put.n);
    (void)fire();
    CHECK_EQ("heard", world.put.n, 5);
    kn_announcer_free(a);
}

/* More moves than a node makes: what is left out expires by itself. */
static void the_oldest_of_many_ranges_gives_way(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    for (uint32_t i = 0; i < KN_GIVEN_UP_MAX + 2; i++)
        set(a, PREFIX, 4 * i, 4 * i + 2);
    CHECK_EQ("items", world.put.n, 2 + 1 + 2 * KN_GIVEN_UP_MAX);
    CHECK("oldest", item_of(PREFIX, 0) == NULL);
    check_state("next", PREFIX, 4, 6, KN_SERVER_OFFLINE);
    kn_announcer_leave(a, on_left, &told);
    (void)fire();
    CHECK_EQ("all of them", world.put.n, 2 + 2 * KN_GIVEN_UP_MAX);
    check_state("the last too", PREFIX, 20, 22, KN_SERVER_OFFLINE);
    check_state("and those before", PREFIX, 4, 6, KN_SERVER_OFFLINE);
    kn_announcer_free(a);
}

static void somebody_may_know_us_from_the_first_store_on(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    CHECK("nothing told", !kn_announcer_has_told(a));
    world.refuses = true;
    set(a, PREFIX, 3, 7);
    CHECK("nothing was sent", !kn_announcer_has_told(a));
    world.refuses = false;
    (void)fire();
    CHECK("under way", kn_announcer_has_told(a));
    CHECK_EQ("not acknowledged", kn_announcer_last(a)->acknowledged, 0);
    kn_announcer_free(a);
}

static void serving_nothing_tells_the_old_blocks_off(void **state)
{
    const struct kn_announcement nothing = { .prefix = NULL };
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    kn_announcer_set(a, &nothing);
    CHECK_EQ("nothing", world.puts, 0);
    set(a, PREFIX, 3, 7);
    answer(KN_OK, 5);
    kn_announcer_set(a, &nothing);
    CHECK_EQ("at once", world.puts, 2);
    CHECK_EQ("blocks alone", world.put.n, 4);
    check_state("off", PREFIX, 3, 7, KN_SERVER_OFFLINE);
    answer(KN_OK, 4);
    CHECK_EQ("told", told.last.keys, 0);
    (void)fire();
    CHECK_EQ("once", world.puts, 2);
    CHECK("no more", world.timer.at == KN_NEVER);
    kn_announcer_free(a);
}

static void what_is_private_or_a_guess_is_not_entered(void **state)
{
    struct kn_announcement what = { .prefix = PREFIX, .start = 0, .end = 2, .num_blocks = 32 };
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    kn_server_info_init(&what.info);
    kn_announcer_set(a, &what);
    CHECK_EQ("no repository", registry_items(), 0);
    CHECK_EQ("no repository", world.put.n, 2);
    kn_announcer_free(a);
    a = start(&told);
    set(a, "_secret", 0, 2);
    CHECK_EQ("private", registry_items(), 0);
    answer(KN_OK, 2);
    CHECK_EQ("private", told.last.keys, 2);
    kn_announcer_free(a);
}

static void leaving_tells_every_block_off_and_ends(void **state)
{
    double before;
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 3, 7);
    before = item_of(PREFIX, 3)->expiration;
    answer(KN_OK, 5);
    kn_announcer_leave(a, on_left, &told);
    CHECK_EQ("later", told.left, 0);
    CHECK_EQ("at once", fire(), 0);
    CHECK_EQ("no registry", registry_items(), 0);
    CHECK_EQ("items", world.put.n, 4);
    check_state("off", PREFIX, 3, 7, KN_SERVER_OFFLINE);
    CHECK("nobody is pinged", !item_of(PREFIX, 3)->info.next_pings.given);
    CHECK("later", item_of(PREFIX, 3)->expiration > before);
    kn_announcer_renew(a);
    CHECK_EQ("no more", world.puts, 2);
    answer(KN_OK, 4);
    CHECK_EQ("left", told.left, 1);
    CHECK_EQ("no round", told.rounds, 1);
    CHECK_EQ("the end", world.timer.at == KN_NEVER, 1);
    kn_announcer_free(a);
}

static void leaving_in_the_middle_of_a_round_works(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 3, 7);
    kn_announcer_leave(a, on_left, &told);
    (void)fire();
    CHECK_EQ("cancelled", world.cancelled, 1);
    check_state("off", PREFIX, 3, 7, KN_SERVER_OFFLINE);
    answer(KN_E_UNREACHABLE, 0);
    CHECK_EQ("left", told.left, 1);
    kn_announcer_free(a);
}

/* What is heard of it between the wish to leave and the good-bye. */
static void the_round_before_is_no_good_bye(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 3, 7);
    kn_announcer_leave(a, on_left, &told);
    CHECK("given up", !world.put.open);
    (void)fire();
    CHECK_EQ("not left", told.left, 0);
    check_state("off", PREFIX, 3, 7, KN_SERVER_OFFLINE);
    kn_announcer_free(a);
}

static void leaving_when_a_round_is_told_works(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    set(a, PREFIX, 3, 7);
    told.leaves = a;
    answer(KN_OK, 5);
    CHECK_EQ("at once", fire(), 0);
    check_state("off", PREFIX, 3, 7, KN_SERVER_OFFLINE);
    answer(KN_OK, 4);
    CHECK_EQ("left", told.left, 1);
    CHECK("nothing is read back", !world.read_back.open);
    kn_announcer_free(a);
}

static void leaving_with_nothing_to_tell_ends_too(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    kn_announcer_leave(a, on_left, &told);
    (void)fire();
    CHECK_EQ("left", told.left, 1);
    kn_announcer_free(a);
    a = start(&told);
    set(a, PREFIX, 3, 7);
    answer(KN_OK, 5);
    world.refuses = true;
    kn_announcer_leave(a, on_left, &told);
    (void)fire();
    CHECK_EQ("without memory", told.left, 1);
    kn_announcer_free(a);
}

static void a_round_without_memory_is_tried_again(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    world.refuses = true;
    set(a, PREFIX, 3, 7);
    CHECK_EQ("nothing", told.rounds, 0);
    world.refuses = false;
    CHECK_EQ("soon", fire(), KN_ANNOUNCE_RETRY_FIRST_MS);
    answer(KN_OK, 5);
    CHECK_EQ("told", told.last.acknowledged, 5);
    kn_announcer_free(a);
}

static void renewing_replaces_the_round_under_way(void **state)
{
    struct told told;
    struct kn_announcer *a = start(&told);

    (void)state;
    one_bootstrap(a);
    kn_announcer_renew(a);
    CHECK_EQ("nothing to renew", world.puts, 0);
    set(a, PREFIX, 3, 7);
    kn_announcer_renew(a);
    CHECK_EQ("again", world.puts, 2);
    CHECK_EQ("one of them", world.cancelled, 1);
    answer(KN_OK, 5);
    CHECK_EQ("rounds", told.rounds, 1);
    kn_announcer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_and_the_model_are_told_at_once),
        cmocka_unit_test(only_what_was_acknowledged_is_counted),
        cmocka_unit_test(what_was_read_back_is_told_after),
        cmocka_unit_test(a_way_through_relays_is_told_at_once),
        cmocka_unit_test(rounds_follow_each_other_with_jitter),
        cmocka_unit_test(it_lasts_longer_each_time_whatever_the_clock_does),
        cmocka_unit_test(who_is_not_heard_tries_again),
        cmocka_unit_test(a_node_alone_is_in_no_hurry),
        cmocka_unit_test(the_longest_interval_is_one),
        cmocka_unit_test(a_range_that_moved_is_told_off),
        cmocka_unit_test(every_range_that_was_given_up_is_told_off_until_it_was_heard),
        cmocka_unit_test(a_range_that_came_back_is_not_told_off),
        cmocka_unit_test(the_oldest_of_many_ranges_gives_way),
        cmocka_unit_test(somebody_may_know_us_from_the_first_store_on),
        cmocka_unit_test(serving_nothing_tells_the_old_blocks_off),
        cmocka_unit_test(what_is_private_or_a_guess_is_not_entered),
        cmocka_unit_test(leaving_tells_every_block_off_and_ends),
        cmocka_unit_test(leaving_in_the_middle_of_a_round_works),
        cmocka_unit_test(the_round_before_is_no_good_bye),
        cmocka_unit_test(leaving_when_a_round_is_told_works),
        cmocka_unit_test(leaving_with_nothing_to_tell_ends_too),
        cmocka_unit_test(a_round_without_memory_is_tried_again),
        cmocka_unit_test(renewing_replaces_the_round_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
