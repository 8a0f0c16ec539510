#include "network/dht/lookup.h"

#include "lib/base/memory.h"
#include "support/check.h"

/* A world of peers: node i knows its neighbours, and one at each power of two. */
enum { WORLD_MAX = 400 };

struct world {
    size_t n;
    bool silent[WORLD_MAX];
    size_t reach;                           /* each knows all that are nearer than that */
    unsigned asked[WORLD_MAX], asked_twice; /* questions to each; pairs asked again */
    unsigned pair[WORLD_MAX][128];
    size_t largest;
};

static struct kn_dht_id id_at(uint64_t number)
{
    struct kn_dht_id id = { { 0 } };

    for (size_t i = 0; i < 8; i++)
        id.bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    return id;
}

static struct kn_dht_neighbour node_at(uint32_t i)
{
    struct kn_dht_neighbour node = { .id = id_at((uint64_t)i << 32) };

    node.peer = (struct kn_peer_id){ .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };
    memcpy(node.peer.bytes + 30, &i, sizeof(i));
    return node;
}

static uint32_t number_of(const struct kn_dht_neighbour *node)
{
    uint32_t i;

    memcpy(&i, node->peer.bytes + 30, sizeof(i));
    return i;
}

static struct kn_dht_lookup *lookup_as(struct kn_dht_lookup_options options,
                                       const struct kn_dht_id *ids, size_t n)
{
    struct kn_dht_neighbour own = node_at(WORLD_MAX + 1);
    struct kn_dht_lookup *lookup;

    options.batch = KN_DHT_BATCH_MAX;
    options.own = &own;
    lookup = kn_dht_lookup_new(&options, ids, n);
    CHECK("memory", lookup != NULL);
    return lookup;
}

static struct kn_dht_lookup *lookup_of(size_t beam, size_t peer_calls, bool leave_slow,
                                       const struct kn_dht_id *ids, size_t n)
{
    return lookup_as((struct kn_dht_lookup_options){ .beam = beam,
                                                     .peer_calls = peer_calls,
                                                     .leave_slow = leave_slow },
                     ids, n);
}

static void answer(struct world *world, struct kn_dht_lookup *lookup,
                   const struct kn_dht_question *question)
{
    uint32_t i = number_of(&question->node);
    struct kn_dht_neighbour self = node_at(i);

    world->asked[i]++;
    for (size_t k = 0; k < question->n; k++)
        if (world->pair[i][question->keys[k]]++ > 0)
            world->asked_twice++;
    if (world->silent[i]) {
        kn_dht_lookup_failed(lookup, question);
        return;
    }
    for (size_t k = 0; k < question->n; k++)
        for (uint32_t j = 0; j < world->n; j++) {
            struct kn_dht_neighbour other = node_at(j);
            uint32_t apart = i ^ j;

            if (j != i && (apart < world->reach || (apart & (apart - 1)) == 0))
                kn_dht_lookup_told(lookup, question, question->keys[k], &other);
        }
    kn_dht_lookup_answered(lookup, question, &self.id);
}

/* Ask until nothing is left. Returns the number of questions. */
static size_t run(struct world *world, struct kn_dht_lookup *lookup)
{
    struct kn_dht_question question;
    size_t key, n = 0;

    while (kn_dht_lookup_left(lookup) > 0) {
        while (kn_dht_lookup_take_settled(lookup, 0, &key))
            ;
        if (!kn_dht_lookup_next(lookup, 0, &question))
            break;
        n++;
        CHECK("ends", n < 10000);
        if (question.n > world->largest)
            world->largest = question.n;
        answer(world, lookup, &question);
    }
    CHECK_EQ("all settled", kn_dht_lookup_left(lookup), 0);
    return n;
}

static struct world *world_of(size_t n, size_t reach)
{
    struct world *world = kn_alloc(sizeof(*world));

    world->n = n;
    world->reach = reach;
    return world;
}

static void the_nearest_are_found_from_far_away(void **state)
{
    struct world *world = world_of(300, 32);
    struct kn_dht_neighbour seed = node_at(0), out[20];
    struct kn_dht_id target = node_at(256).id;
    struct kn_dht_lookup *lookup = lookup_of(20, 0, false, &target, 1);

    (void)state;
    kn_dht_lookup_seed(lookup, &seed, false);
    (void)run(world, lookup);
    CHECK_EQ("beam", kn_dht_lookup_nearest(lookup, 0, out, 20), 20);
    for (uint32_t i = 0; i < 20; i++) /* 256..275: XOR with 256 is 0..19 */
        CHECK_EQ("nearest first", number_of(&out[i]), 256 + i);
    CHECK_EQ("twice", world->asked_twice, 0);
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

static void the_silent_are_passed_over(void **state)
{
    struct world *world = world_of(300, 32);
    struct kn_dht_neighbour seed = node_at(0), out[5];
    struct kn_dht_id target = node_at(256).id;
    struct kn_dht_lookup *lookup = lookup_of(20, 0, false, &target, 1);

    (void)state;
    for (uint32_t i = 256; i < 264; i++)
        world->silent[i] = true;
    kn_dht_lookup_seed(lookup, &seed, false);
    (void)run(world, lookup);
    CHECK_EQ("some", kn_dht_lookup_nearest(lookup, 0, out, 5), 5);
    CHECK_EQ("the nearest that lives", number_of(&out[0]), 264);
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

/* The beam is five, of which two need not be asked. */
static void who_is_vouched_for_need_not_be_asked(void **state)
{
    struct world *world = world_of(300, 32);
    struct kn_dht_neighbour seed = node_at(0), out[8];
    struct kn_dht_id target = node_at(256).id;
    struct kn_dht_lookup *lookup =
        lookup_as((struct kn_dht_lookup_options){ .beam = 5, .unasked = 2 }, &target, 1);

    (void)state;
    world->silent[257] = true;
    kn_dht_lookup_seed(lookup, &seed, false);
    (void)run(world, lookup);
    CHECK_EQ("who answered", kn_dht_lookup_nearest(lookup, 0, out, 3), 3);
    CHECK_EQ("the nearest three", number_of(&out[2]), 259);
    CHECK_EQ("asked", world->asked[260] + world->asked[261], 0);
    CHECK_EQ("takers", kn_dht_lookup_takers(lookup, 0, out, 5), 5);
    CHECK_EQ("the nearest", number_of(&out[0]), 256);
    CHECK_EQ("not the silent", number_of(&out[1]), 258);
    CHECK_EQ("not asked", number_of(&out[4]), 261);
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

static void whom_one_alone_names_is_asked_and_else_comes_last(void **state)
{
    struct kn_dht_id target = id_at(0);
    struct kn_dht_lookup *lookup =
        lookup_as((struct kn_dht_lookup_options){ .beam = 4, .unasked = 2 }, &target, 1);
    struct kn_dht_neighbour first = node_at(4), second = node_at(5), both = node_at(20),
                            one = node_at(10), far = node_at(30), out[8];
    struct kn_dht_question question;
    size_t key;

    (void)state;
    kn_dht_lookup_seed(lookup, &first, false);
    kn_dht_lookup_seed(lookup, &second, false);
    for (int i = 0; i < 2; i++) {
        CHECK("asked", kn_dht_lookup_next(lookup, 0, &question));
        kn_dht_lookup_told(lookup, &question, 0, &both);
        if (i == 0) {
            kn_dht_lookup_told(lookup, &question, 0, &one);
            kn_dht_lookup_told(lookup, &question, 0, &far);
        }
        kn_dht_lookup_answered(lookup, &question, &question.node.id);
    }
    CHECK("not settled", !kn_dht_lookup_take_settled(lookup, 0, &key));
    CHECK("one more", kn_dht_lookup_next(lookup, 0, &question));
    CHECK_EQ("whom one named", number_of(&question.node), 10);
    kn_dht_lookup_failed(lookup, &question);
    CHECK("settled", !kn_dht_lookup_next(lookup, 0, &question) || number_of(&question.node) == 30);
    CHECK_EQ("takers", kn_dht_lookup_takers(lookup, 0, out, 2), 2);
    CHECK_EQ("who answered", number_of(&out[1]), 5);
    CHECK("then both", kn_dht_lookup_takers(lookup, 0, out, 3) == 3 && number_of(&out[2]) == 20);
    kn_dht_lookup_free(lookup);
}

static void nobody_known_settles_at_once(void **state)
{
    struct kn_dht_id target = id_at(1);
    struct kn_dht_lookup *lookup = lookup_of(20, 0, false, &target, 1);
    struct kn_dht_question question;
    struct kn_dht_neighbour own = node_at(WORLD_MAX + 1);
    size_t key;

    (void)state;
    kn_dht_lookup_seed(lookup, &own, false);
    CHECK("nothing to ask", !kn_dht_lookup_next(lookup, 0, &question));
    CHECK("settled", kn_dht_lookup_take_settled(lookup, 0, &key));
    CHECK_EQ("key", key, 0);
    CHECK("once", !kn_dht_lookup_take_settled(lookup, 0, &key));
    kn_dht_lookup_free(lookup);
}

/* Twelve that all know each other, eighty keys, two answers a key: as few questions as there are
 * full batches, and never above the bound. */
static void many_keys_share_their_questions(void **state)
{
    enum { PEERS = 12, KEYS = 80 };
    struct world *world = world_of(PEERS, PEERS);
    struct kn_dht_id ids[KEYS];
    struct kn_dht_lookup *lookup;
    size_t n;

    (void)state;
    for (uint32_t i = 0; i < KEYS; i++)
        ids[i] = id_at(((uint64_t)(i % PEERS) << 32) + i);
    lookup = lookup_of(2, (KEYS + KN_DHT_BATCH_MAX - 1) / KN_DHT_BATCH_MAX, true, ids, KEYS);
    for (uint32_t i = 0; i < PEERS; i++) {
        struct kn_dht_neighbour node = node_at(i);

        kn_dht_lookup_seed(lookup, &node, false);
    }
    n = run(world, lookup);
    CHECK("batches", n <= 2 * PEERS);
    CHECK_EQ("twice", world->asked_twice, 0);
    for (size_t i = 0; i < PEERS; i++)
        CHECK("questions to one peer", world->asked[i] <= 5);
    CHECK("batch", world->largest <= KN_DHT_BATCH_MAX);
    for (size_t i = 0; i < KEYS; i++) {
        struct kn_dht_neighbour out[2];

        CHECK_EQ("two answers", kn_dht_lookup_nearest(lookup, i, out, 2), 2);
    }
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

/* One names twenty made-up peers next to the target, again and again. */
static void a_liar_can_delay_but_not_end_a_lookup(void **state)
{
    struct world *world = world_of(300, 32);
    struct kn_dht_neighbour seed = node_at(200), liar = node_at(399), out[20];
    struct kn_dht_id target = node_at(256).id;
    struct kn_dht_lookup *lookup = lookup_of(20, 0, false, &target, 1);
    struct kn_dht_question question;
    size_t key, made_up = 0, n = 0;

    (void)state;
    liar.id.bytes[7] = 1;
    kn_dht_lookup_seed(lookup, &seed, false);
    kn_dht_lookup_seed(lookup, &liar, false);
    while (!kn_dht_lookup_take_settled(lookup, 0, &key) &&
           kn_dht_lookup_next(lookup, 0, &question)) {
        CHECK("ends", ++n < 1000);
        if (number_of(&question.node) >= 1000) {
            made_up++;
            kn_dht_lookup_failed(lookup, &question);
        } else if (number_of(&question.node) == 399) {
            for (uint32_t i = 0; i < KN_DHT_TOLD_MAX; i++) {
                struct kn_dht_neighbour lie = node_at(1000 + i);

                lie.id = target;
                lie.id.bytes[19] = (uint8_t)(i + 1);
                kn_dht_lookup_told(lookup, &question, 0, &lie);
            }
            kn_dht_lookup_answered(lookup, &question, &liar.id);
        } else {
            answer(world, lookup, &question);
        }
    }
    CHECK_EQ("settled", kn_dht_lookup_left(lookup), 0);
    CHECK("lies are given up", made_up < KN_DHT_LIES_MAX);
    CHECK_EQ("beam", kn_dht_lookup_nearest(lookup, 0, out, 20), 20);
    CHECK_EQ("the nearest", number_of(&out[0]), 256);
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

static void a_peer_stands_where_it_says_itself(void **state)
{
    struct kn_dht_id target = id_at(0);
    struct kn_dht_lookup *lookup = lookup_of(2, 0, false, &target, 1);
    struct kn_dht_neighbour near = node_at(1), far = node_at(2), out[2];
    struct kn_dht_id away = id_at(UINT64_MAX);
    struct kn_dht_question question;
    size_t key;

    (void)state;
    kn_dht_lookup_seed(lookup, &near, false);
    kn_dht_lookup_seed(lookup, &far, false);
    CHECK("first", kn_dht_lookup_next(lookup, 0, &question));
    CHECK_EQ("the nearer", number_of(&question.node), 1);
    CHECK("known to ourselves", kn_dht_lookup_believes(lookup, &question, &away));
    kn_dht_lookup_answered(lookup, &question, &away);
    CHECK("second", kn_dht_lookup_next(lookup, 0, &question));
    kn_dht_lookup_answered(lookup, &question, &far.id);
    CHECK("settled", kn_dht_lookup_take_settled(lookup, 0, &key));
    CHECK_EQ("both", kn_dht_lookup_nearest(lookup, 0, out, 2), 2);
    CHECK_EQ("order", number_of(&out[0]), 2);
    kn_dht_lookup_free(lookup);
}

/* The beam is full of others: as long as nobody whom it named has answered, a few are tried. */
static void the_word_of_one_is_tried_with_few(void **state)
{
    struct kn_dht_id target = id_at(0);
    struct kn_dht_lookup *lookup = lookup_of(2, 0, false, &target, 1);
    struct kn_dht_neighbour liar = node_at(100), other = node_at(101);
    struct kn_dht_question first, question;
    size_t n = 0;

    (void)state;
    kn_dht_lookup_seed(lookup, &liar, false);
    kn_dht_lookup_seed(lookup, &other, false);
    CHECK("first", kn_dht_lookup_next(lookup, 0, &first));
    CHECK_EQ("the nearer", number_of(&first.node), 100);
    for (uint32_t i = 1; i <= KN_DHT_TOLD_MAX; i++) {
        struct kn_dht_neighbour lie = node_at(i);

        kn_dht_lookup_told(lookup, &first, 0, &lie);
    }
    kn_dht_lookup_answered(lookup, &first, &liar.id);
    /* All are slow at once, so that each leaves its place to the next. */
    while (kn_dht_lookup_next(lookup, (kn_time)n * KN_DHT_SLOW_MS, &question))
        n += number_of(&question.node) <= KN_DHT_TOLD_MAX;
    CHECK_EQ("tried", n, KN_DHT_LIES);
    kn_dht_lookup_free(lookup);
}

static void who_was_found_under_a_false_id_is_not_believed(void **state)
{
    struct kn_dht_id target = id_at(0), away = id_at(UINT64_MAX);
    struct kn_dht_lookup *lookup = lookup_of(2, 0, false, &target, 1);
    struct kn_dht_neighbour seed = node_at(1), named = node_at(2);
    struct kn_dht_question question;

    (void)state;
    kn_dht_lookup_seed(lookup, &seed, false);
    CHECK("first", kn_dht_lookup_next(lookup, 0, &question));
    kn_dht_lookup_told(lookup, &question, 0, &named);
    kn_dht_lookup_answered(lookup, &question, &seed.id);
    CHECK("second", kn_dht_lookup_next(lookup, 0, &question));
    CHECK("as named", kn_dht_lookup_believes(lookup, &question, &named.id));
    CHECK("otherwise", !kn_dht_lookup_believes(lookup, &question, &away));
    CHECK("a client", !kn_dht_lookup_believes(lookup, &question, NULL));
    kn_dht_lookup_free(lookup);
}

static void the_slow_are_passed_and_in_haste_left_behind(void **state)
{
    (void)state;
    for (int haste = 0; haste < 2; haste++) {
        struct kn_dht_id target = id_at(0);
        struct kn_dht_lookup *lookup = lookup_of(1, 0, haste == 1, &target, 1);
        struct kn_dht_neighbour near = node_at(1), far = node_at(2);
        struct kn_dht_question first, second;
        size_t key;

        kn_dht_lookup_seed(lookup, &near, false);
        kn_dht_lookup_seed(lookup, &far, false);
        CHECK("first", kn_dht_lookup_next(lookup, 0, &first));
        CHECK("beam of one", !kn_dht_lookup_next(lookup, KN_DHT_SLOW_MS - 1, &second));
        CHECK_EQ("slow at", kn_dht_lookup_slow_at(lookup, 0), KN_DHT_SLOW_MS);
        CHECK("second", kn_dht_lookup_next(lookup, KN_DHT_SLOW_MS, &second));
        CHECK_EQ("no later", kn_dht_lookup_slow_at(lookup, KN_DHT_SLOW_MS), 2 * KN_DHT_SLOW_MS);
        kn_dht_lookup_answered(lookup, &second, &far.id);
        CHECK_EQ("settled", kn_dht_lookup_take_settled(lookup, KN_DHT_SLOW_MS, &key), haste == 1);
        if (haste == 0) {
            kn_dht_lookup_failed(lookup, &first);
            CHECK("settled", kn_dht_lookup_take_settled(lookup, KN_DHT_SLOW_MS, &key));
        }
        kn_dht_lookup_free(lookup);
    }
}

static void who_must_be_asked_is_asked_from_far_away(void **state)
{
    struct kn_dht_id target = id_at(0);
    struct kn_dht_lookup *lookup = lookup_of(2, 0, false, &target, 1);
    struct world *world = world_of(0, 0);
    struct kn_dht_neighbour far = node_at(300);

    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        struct kn_dht_neighbour node = node_at(i);

        kn_dht_lookup_seed(lookup, &node, false);
    }
    kn_dht_lookup_seed(lookup, &far, true);
    CHECK_EQ("questions", run(world, lookup), 3);
    CHECK_EQ("asked", world->asked[300], 1);
    kn_dht_lookup_free(lookup);
    kn_free(world);
}

static void a_lookup_is_bounded(void **state)
{
    struct kn_dht_id target = id_at(0);
    struct kn_dht_lookup *lookup = lookup_of(2, 0, false, &target, 1);
    struct kn_dht_neighbour own = node_at(0);
    struct kn_dht_lookup_options options = { .beam = 2, .batch = 16, .own = &own };

    (void)state;
    for (uint32_t i = 0; i < 2 * KN_DHT_LOOKUP_PEERS_MAX; i++) {
        struct kn_dht_neighbour node = node_at(2 * KN_DHT_LOOKUP_PEERS_MAX - i);

        kn_dht_lookup_seed(lookup, &node, false);
    }
    kn_dht_lookup_free(lookup);
    CHECK("too many keys",
          kn_dht_lookup_new(&options, &target, KN_DHT_LOOKUP_KEYS_MAX + 1) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_are_found_from_far_away),
        cmocka_unit_test(the_silent_are_passed_over),
        cmocka_unit_test(who_is_vouched_for_need_not_be_asked),
        cmocka_unit_test(whom_one_alone_names_is_asked_and_else_comes_last),
        cmocka_unit_test(nobody_known_settles_at_once),
        cmocka_unit_test(many_keys_share_their_questions),
        cmocka_unit_test(a_liar_can_delay_but_not_end_a_lookup),
        cmocka_unit_test(a_peer_stands_where_it_says_itself),
        cmocka_unit_test(the_word_of_one_is_tried_with_few),
        cmocka_unit_test(who_was_found_under_a_false_id_is_not_believed),
        cmocka_unit_test(the_slow_are_passed_and_in_haste_left_behind),
        cmocka_unit_test(who_must_be_asked_is_asked_from_far_away),
        cmocka_unit_test(a_lookup_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
