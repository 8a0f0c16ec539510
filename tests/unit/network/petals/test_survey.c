#include "network/petals/survey.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "lib/codec/msgpack.h"
#include "lib/codec/peer_id.h"
#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"
#include "network/petals/survey_view.h"
#include "support/check.h"
#include "support/fuse.h"

static const double now = 1700000000.0, later = 1700000100.0;

/* An entry whose bytes live in two buffers. */
struct entry {
    struct kn_buffer subkey, value;
    struct kn_survey_entry at;
};

static void finish(struct entry *entry, const char *subkey, double expiration)
{
    kn_msgpack_write_text(&entry->subkey, kn_span_text(subkey));
    entry->at = (struct kn_survey_entry){ kn_buffer_get(&entry->subkey),
                                          kn_buffer_get(&entry->value), expiration };
}

static void done(struct entry *entry)
{
    kn_buffer_done(&entry->subkey);
    kn_buffer_done(&entry->value);
}

static void add_model_until(struct kn_survey *survey, const char *prefix, uint32_t blocks,
                            const char *repository, double expiration)
{
    struct kn_model_info info = { .num_blocks = blocks };
    struct entry entry = { 0 };

    if (repository != NULL)
        info.repository = kn_span_text(repository);
    kn_model_info_encode(&info, &entry.value);
    finish(&entry, prefix, expiration);
    kn_survey_add_model(survey, &entry.at);
    done(&entry);
}

static void add_model(struct kn_survey *survey, const char *prefix, uint32_t blocks,
                      const char *repository)
{
    add_model_until(survey, prefix, blocks, repository, later);
}

/* The id of the peer with that number. */
static void peer_name(uint32_t number, char out[KN_PEER_ID_TEXT_SIZE])
{
    uint8_t bytes[34] = { 0x12, 0x20 };
    struct kn_peer_id id;

    memcpy(bytes + 2, &number, sizeof(number));
    CHECK_EQ("peer", kn_peer_id_from_bytes(bytes, sizeof(bytes), &id, NULL), KN_OK);
    kn_peer_id_print(&id, out);
}

/* A server with a range under all its blocks, as far as they are in the plan. */
struct server {
    const char *prefix;
    uint32_t peer, start, end;
    enum kn_server_state state;
    double throughput;
};

static void add_record(struct kn_survey *survey, uint32_t slot, const struct server *server,
                       double expiration)
{
    char peer[KN_PEER_ID_TEXT_SIZE];
    struct kn_server_info info;
    struct entry entry = { 0 };

    kn_server_info_init(&info);
    info.state = server->state;
    info.throughput = server->throughput;
    info.start_block = server->start;
    info.end_block = server->end;
    kn_server_info_encode(&info, &entry.value);
    peer_name(server->peer, peer);
    finish(&entry, peer, expiration);
    kn_survey_add_server(survey, slot, &entry.at);
    done(&entry);
}

static void add_server(struct kn_survey *survey, const struct server *server)
{
    for (uint32_t slot = 0; slot < kn_survey_keys(survey); slot++) {
        struct kn_survey_key key = kn_survey_key(survey, slot);

        if (strcmp(key.prefix, server->prefix) == 0 && key.index >= server->start &&
            key.index < server->end)
            add_record(survey, slot, server, later);
    }
}

static struct kn_survey *new_survey(void)
{
    struct kn_survey *survey = kn_survey_new(now);

    CHECK("memory", survey != NULL);
    return survey;
}

static void plan(struct kn_survey *survey)
{
    CHECK_EQ("plan", kn_survey_plan(survey, NULL, NULL), KN_OK);
}

static void evaluate(struct kn_survey *survey)
{
    CHECK_EQ("evaluate", kn_survey_evaluate(survey), KN_OK);
}

static const struct kn_survey_model *find(struct kn_survey *survey, const char *word)
{
    const struct kn_survey_model *model = kn_survey_find(survey, word, NULL);

    CHECK(word, model != NULL);
    return model;
}

static void an_empty_registry_is_an_empty_survey(void **state)
{
    struct kn_survey *survey = new_survey();

    (void)state;
    plan(survey);
    evaluate(survey);
    CHECK_EQ("keys", kn_survey_keys(survey), 0);
    CHECK_EQ("models", kn_survey_models(survey), 0);
    CHECK("find", kn_survey_find(survey, "x", NULL) == NULL);
    kn_survey_free(survey);
    kn_survey_free(NULL);
}

static void both_spellings_of_every_block_are_asked_for(void **state)
{
    struct kn_survey *survey = new_survey();
    struct kn_survey_key key;

    (void)state;
    add_model(survey, "Llama-3-8B-hf", 3, KN_HUB_ADDRESS "meta-llama/Llama-3-8B");
    add_model(survey, "falcon-40b", 2, KN_HUB_ADDRESS "tiiuae/falcon-40b");
    plan(survey);
    CHECK("nothing yet", kn_survey_models(survey) == 0 && kn_survey_listed(survey) == 0);
    CHECK("nothing yet", kn_survey_find(survey, "falcon-40b", NULL) == NULL);
    CHECK_EQ("keys", kn_survey_keys(survey), 8);
    key = kn_survey_key(survey, 2);
    CHECK_STR("third", key.prefix, "Llama-3-8B-hf");
    CHECK_EQ("third", key.index, 2);
    key = kn_survey_key(survey, 4);
    CHECK_STR("fifth", key.prefix, "falcon-40b");
    key = kn_survey_key(survey, 7);
    CHECK_STR("last", key.prefix, "Llama-3-8B");
    CHECK_EQ("last", key.index, 2);
    CHECK_EQ("last", key.slot, 7);
    kn_survey_free(survey);
}

static void models_stand_by_popularity_and_then_by_the_ties(void **state)
{
    static const struct server servers[] = {
        { "many", 1, 0, 1, KN_SERVER_ONLINE, 1 },    { "many", 2, 0, 1, KN_SERVER_ONLINE, 1 },
        { "whole", 3, 0, 2, KN_SERVER_ONLINE, 1 },   { "fast", 4, 0, 1, KN_SERVER_ONLINE, 9 },
        { "slow-b", 5, 1, 2, KN_SERVER_ONLINE, 2 },  { "slow-a", 6, 1, 2, KN_SERVER_ONLINE, 2 },
        { "joins", 7, 0, 2, KN_SERVER_JOINING, 50 }, { "joins", 8, 0, 2, KN_SERVER_JOINING, 50 },
        { "left", 9, 0, 2, KN_SERVER_OFFLINE, 50 },
    };
    static const char *const want[] = {
        "many", "whole", "fast", "slow-a", "slow-b", "joins", "left"
    };

    (void)state;
    for (size_t turn = 0; turn < KN_COUNT(want); turn++) { /* the order of feeding is no matter */
        struct kn_survey *survey = new_survey();

        for (size_t i = 0; i < KN_COUNT(want); i++)
            add_model(survey, want[(i + turn) % KN_COUNT(want)], 2, NULL);
        plan(survey);
        for (size_t i = 0; i < KN_COUNT(servers); i++)
            add_server(survey, &servers[(i + turn) % KN_COUNT(servers)]);
        evaluate(survey);
        CHECK_EQ("listed", kn_survey_listed(survey), KN_COUNT(want));
        for (uint32_t i = 0; i < KN_COUNT(want); i++)
            CHECK_STR("order", kn_survey_model(survey, i)->prefix, want[i]);
        CHECK_EQ("joins", find(survey, "joins")->joining, 2);
        CHECK_EQ("joins", find(survey, "joins")->online, 0);
        CHECK("joins", find(survey, "joins")->throughput == 0);
        CHECK("whole", find(survey, "whole")->complete && !find(survey, "many")->complete);
        CHECK_EQ("offline", kn_survey_totals(survey).offline, 2);
        CHECK_EQ("online", kn_survey_totals(survey).online, 6);
        CHECK_EQ("joining", kn_survey_totals(survey).joining, 2);
        kn_survey_free(survey);
    }
}

static void a_provider_counts_once_however_many_blocks_it_holds(void **state)
{
    static const struct server servers[] = {
        { "m", 1, 0, 3, KN_SERVER_ONLINE, 5 },
        { "m", 2, 1, 4, KN_SERVER_ONLINE, 7 },
        { "m", 3, 2, 3, KN_SERVER_JOINING, 100 },
    };
    static const struct kn_survey_block want[] = {
        { 1, 0, 5, true }, { 2, 0, 12, true }, { 2, 1, 12, true }, { 1, 0, 7, true }
    };
    struct kn_survey *survey = new_survey();
    const struct kn_survey_model *model;

    (void)state;
    add_model(survey, "m", 4, NULL);
    plan(survey);
    for (size_t i = 0; i < KN_COUNT(servers); i++)
        add_server(survey, &servers[i]);
    evaluate(survey);
    model = find(survey, "m");
    CHECK_EQ("online", model->online, 2);
    CHECK_EQ("joining", model->joining, 1);
    CHECK_EQ("covered", model->covered, 4);
    CHECK("complete", model->complete);
    CHECK("throughput", model->throughput == 12);
    for (uint32_t i = 0; i < KN_COUNT(want); i++) {
        struct kn_survey_block got = kn_survey_block(survey, model, i);

        CHECK_EQ("block online", got.online, want[i].online);
        CHECK_EQ("block joining", got.joining, want[i].joining);
        CHECK("block throughput", got.throughput == want[i].throughput);
        CHECK("block asked", got.asked);
    }
    CHECK("beyond", !kn_survey_block(survey, model, 4).asked);
    kn_survey_free(survey);
}

static void of_a_key_that_nobody_answered_nothing_is_known(void **state)
{
    static const struct server server = { "m", 1, 0, 3, KN_SERVER_ONLINE, 5 };
    struct kn_survey *survey = new_survey();
    const struct kn_survey_model *model;

    (void)state;
    add_model(survey, "m", 4, NULL);
    plan(survey);
    for (uint32_t slot = 0; slot < 3; slot++)
        kn_survey_unanswered(survey, slot);
    kn_survey_unanswered(survey, kn_survey_keys(survey));
    evaluate(survey);
    model = find(survey, "m");
    for (uint32_t i = 0; i < 4; i++)
        CHECK_EQ("asked", kn_survey_block(survey, model, i).asked, i == 3);
    add_server(survey, &server);
    evaluate(survey);
    for (uint32_t i = 0; i < 4; i++)
        CHECK("answered later, or before", kn_survey_block(survey, model, i).asked);
    kn_survey_free(survey);
}

static void online_somewhere_is_not_joining(void **state)
{
    static const struct server servers[] = {
        { "m", 1, 0, 1, KN_SERVER_JOINING, 5 },
        { "m", 1, 1, 2, KN_SERVER_ONLINE, 5 },
    };
    struct kn_survey *survey = new_survey();

    (void)state;
    add_model(survey, "m", 2, NULL);
    plan(survey);
    for (size_t i = 0; i < KN_COUNT(servers); i++)
        add_server(survey, &servers[i]);
    evaluate(survey);
    CHECK_EQ("online", find(survey, "m")->online, 1);
    CHECK_EQ("joining", find(survey, "m")->joining, 0);
    kn_survey_free(survey);
}

static void spellings_share_their_popularity_and_stay_two(void **state)
{
    static const char repository[] = KN_HUB_ADDRESS "meta-llama/Llama-3.1-8B";
    static const struct server servers[] = {
        { "Llama-3-1-8B-hf", 1, 0, 2, KN_SERVER_ONLINE, 1 },
        { "Llama-3-1-8B", 2, 0, 1, KN_SERVER_ONLINE, 4 },
        { "Llama-3-1-8B", 1, 0, 1, KN_SERVER_ONLINE, 1 },
        { "other", 3, 0, 1, KN_SERVER_ONLINE, 9 },
        { "thief", 4, 0, 1, KN_SERVER_JOINING, 9 },
    };
    struct kn_survey *survey = new_survey();
    const struct kn_survey_model *petals, *plain;

    (void)state;
    add_model(survey, "Llama-3-1-8B-hf", 2, repository);
    add_model(survey, "thief", 2, repository);
    add_model(survey, "other", 1, NULL);
    plan(survey);
    for (size_t i = 0; i < KN_COUNT(servers); i++)
        add_server(survey, &servers[i]);
    evaluate(survey);
    petals = kn_survey_model(survey, 0);
    plain = kn_survey_model(survey, 1);
    CHECK_STR("complete first", petals->prefix, "Llama-3-1-8B-hf");
    CHECK_STR("then the other", plain->prefix, "Llama-3-1-8B");
    CHECK("registered", petals->registered && !plain->registered);
    CHECK_EQ("shared", petals->online, 2);
    CHECK_EQ("shared", plain->online, 2);
    CHECK_EQ("own", petals->own_online, 1);
    CHECK_EQ("own", plain->own_online, 2);
    CHECK_STR("repository", plain->repository, repository);
    CHECK_EQ("not its own", find(survey, "thief")->online, 0);
    CHECK_EQ("listed", kn_survey_listed(survey), 4);
    CHECK_EQ("all providers", kn_survey_totals(survey).online, 3);
    CHECK_STR("found by its repository", find(survey, "meta-llama/llama-3.1-8b")->prefix,
              "Llama-3-1-8B-hf");
    kn_survey_free(survey);
}

static void a_spelling_that_nobody_serves_is_not_listed(void **state)
{
    struct kn_survey *survey = new_survey();

    (void)state;
    add_model(survey, "zebra-hf", 2, NULL);
    plan(survey);
    evaluate(survey);
    CHECK_EQ("listed", kn_survey_listed(survey), 1);
    CHECK_EQ("known", kn_survey_models(survey), 2);
    CHECK_STR("registered", kn_survey_model(survey, 0)->prefix, "zebra-hf");
    CHECK_STR("unlisted", kn_survey_model(survey, 1)->prefix, "zebra");
    CHECK_STR("the name is that of the listed one", find(survey, "zebra")->prefix, "zebra-hf");
    kn_survey_free(survey);
}

static void the_latest_word_of_a_provider_counts(void **state)
{
    static const struct server online = { "m", 1, 0, 1, KN_SERVER_ONLINE, 5 };
    static const struct server gone = { "m", 1, 0, 1, KN_SERVER_OFFLINE, 5 };
    static const struct server faster = { "m", 1, 0, 1, KN_SERVER_ONLINE, 6 };
    static const struct {
        const char *name;
        const struct server *one, *two;
        double one_until, two_until;
        uint32_t online;
        double throughput;
    } cases[] = {
        { "left later", &online, &gone, 1700000100, 1700000101, 0, 0 },
        { "came back", &gone, &online, 1700000100, 1700000101, 1, 5 },
        { "twice the same", &online, &online, 1700000100, 1700000100, 1, 5 },
        { "at one time", &online, &faster, 1700000100, 1700000100, 1, 6 },
        { "already expired", &online, &gone, 1700000100, 1700000000, 1, 5 },
    };

    (void)state;
    for (size_t i = 0; i < 2 * KN_COUNT(cases); i++) {
        const char *name = cases[i / 2].name;
        struct kn_survey *survey = new_survey();

        add_model(survey, "m", 1, NULL);
        plan(survey);
        if (i % 2 == 0)
            add_record(survey, 0, cases[i / 2].one, cases[i / 2].one_until);
        add_record(survey, 0, cases[i / 2].two, cases[i / 2].two_until);
        evaluate(survey); /* more may come after */
        if (i % 2 == 1)
            add_record(survey, 0, cases[i / 2].one, cases[i / 2].one_until);
        evaluate(survey);
        CHECK_EQ(name, find(survey, "m")->online, cases[i / 2].online);
        CHECK(name, find(survey, "m")->throughput == cases[i / 2].throughput);
        kn_survey_free(survey);
    }
}

static void the_latest_record_of_a_model_counts(void **state)
{
    static const struct {
        const char *name;
        uint32_t first, second;
        double first_until, second_until;
        uint32_t want;
    } cases[] = {
        { "later", 32, 80, 1700000100, 1700000101, 80 },
        { "earlier", 32, 80, 1700000101, 1700000100, 32 },
        { "at one time", 32, 80, 1700000100, 1700000100, 80 },
        { "expired", 32, 80, 1700000001, 1700000000, 32 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        for (int swapped = 0; swapped <= 1; swapped++) {
            struct kn_survey *survey = new_survey();

            if (swapped == 0)
                add_model_until(survey, "m", cases[i].first, NULL, cases[i].first_until);
            add_model_until(survey, "m", cases[i].second, NULL, cases[i].second_until);
            if (swapped == 1)
                add_model_until(survey, "m", cases[i].first, NULL, cases[i].first_until);
            plan(survey);
            CHECK_EQ(cases[i].name, kn_survey_keys(survey), cases[i].want);
            kn_survey_free(survey);
        }
    }
}

static void add_raw_model(struct kn_survey *survey, const void *subkey, size_t n, const char *value,
                          size_t value_n, double expiration)
{
    struct kn_survey_entry entry = { kn_span(subkey, n), kn_span(value, value_n), expiration };

    kn_survey_add_model(survey, &entry);
}

static void malformed_records_of_models_are_counted_by_kind(void **state)
{
    static const char sound[] = "\x81\xaanum_blocks\x02";
    static const struct {
        const char *subkey;
        size_t n;
        const char *value;
        size_t value_n;
        enum kn_malformed kind;
    } cases[] = {
        { "\xa1m", 2, sound, 13, KN_MALFORMED_NOT },
        { "\xc4\x01m", 3, sound, 13, KN_MALFORMED_PREFIX },
        { "\xa3m.x", 4, sound, 13, KN_MALFORMED_PREFIX },
        { "\xa0", 1, sound, 13, KN_MALFORMED_PREFIX },
        { "", 0, sound, 13, KN_MALFORMED_PREFIX },
        { "\xa1m\xc0", 3, sound, 13, KN_MALFORMED_PREFIX },
        { "\xa1m", 2, "\x90", 1, KN_MALFORMED_SHAPE },
        { "\xa1m", 2, "\x81\xaanum_blocks\x00", 13, KN_MALFORMED_NUM_BLOCKS },
        { "\xa1m", 2, "\x81\xaarepository\x01", 13, KN_MALFORMED_REPOSITORY },
    };
    struct kn_survey *survey;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_survey_totals totals;

        survey = new_survey();
        add_raw_model(survey, cases[i].subkey, cases[i].n, cases[i].value, cases[i].value_n, later);
        totals = kn_survey_totals(survey);
        CHECK_EQ("all", totals.malformed, cases[i].kind == KN_MALFORMED_NOT ? 0 : 1);
        if (cases[i].kind != KN_MALFORMED_NOT)
            CHECK_EQ("kind", totals.kinds[cases[i].kind], 1);
        plan(survey);
        CHECK_EQ("taken", kn_survey_keys(survey), cases[i].kind == KN_MALFORMED_NOT ? 2 : 0);
        kn_survey_free(survey);
    }
    survey = new_survey();
    add_raw_model(survey, "\xa1m", 2, sound, 13, (double)INFINITY);
    add_raw_model(survey, "\xa1m", 2, sound, 13, (double)NAN);
    add_raw_model(survey, "\xa1m", 2, sound, 13, now);
    CHECK_EQ("expiration", kn_survey_totals(survey).kinds[KN_MALFORMED_EXPIRATION], 2);
    CHECK_EQ("expired", kn_survey_totals(survey).expired, 1);
    kn_survey_free(survey);
}

static void malformed_records_of_servers_are_counted_by_kind(void **state)
{
    static const char sound[] = "\x92\x02\xca\x3f\x80\x00\x00";
    static const char id[] = "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc";
    static const struct {
        const char *name, *peer, *value;
        size_t n;
        enum kn_malformed kind;
    } cases[] = {
        { "sound", id, sound, 7, KN_MALFORMED_NOT },
        { "no base58", "notbase58!", sound, 7, KN_MALFORMED_PEER },
        { "no id", "1", sound, 7, KN_MALFORMED_PEER },
        { "empty", "", sound, 7, KN_MALFORMED_PEER },
        { "another spelling", "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6",
          sound, 7, KN_MALFORMED_PEER },
        { "shape", id, "\xc0", 1, KN_MALFORMED_SHAPE },
        { "state", id, "\x92\x03\xca\x3f\x80\x00\x00", 7, KN_MALFORMED_STATE },
        { "throughput", id, "\x92\x02\x01", 3, KN_MALFORMED_THROUGHPUT },
        { "range", id, "\x93\x02\xca\x3f\x80\x00\x00\x81\xabstart_block\x01", 21,
          KN_MALFORMED_RANGE },
        { "field", id, "\x93\x02\xca\x3f\x80\x00\x00\x81\xabstart_block\xff", 21,
          KN_MALFORMED_FIELD },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_survey *survey = new_survey();
        struct entry entry = { 0 };

        add_model(survey, "m", 1, NULL);
        plan(survey);
        kn_buffer_add(&entry.value, cases[i].value, cases[i].n);
        finish(&entry, cases[i].peer, later);
        kn_survey_add_server(survey, 0, &entry.at);
        kn_survey_add_server(survey, 1, &entry.at); /* not in the plan */
        evaluate(survey);
        CHECK_EQ(cases[i].name, find(survey, "m")->online, cases[i].kind == KN_MALFORMED_NOT);
        CHECK_EQ(cases[i].name, kn_survey_totals(survey).malformed,
                 cases[i].kind != KN_MALFORMED_NOT);
        if (cases[i].kind != KN_MALFORMED_NOT)
            CHECK_EQ(cases[i].name, kn_survey_totals(survey).kinds[cases[i].kind], 1);
        done(&entry);
        kn_survey_free(survey);
    }
}

static void a_plan_can_be_about_one_model(void **state)
{
    static const struct {
        const char *word;
        enum kn_code want;
        uint32_t keys;
    } cases[] = {
        { "Llama-3-8B-hf", KN_OK, 6 },      { "meta-llama/llama-3-8b", KN_OK, 6 },
        { "Llama-3-8B", KN_OK, 6 },         { "falcon-40b", KN_OK, 2 },
        { "Lama-3-8B", KN_E_NOT_FOUND, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_nearest nearest = kn_nearest_to(cases[i].word);
        struct kn_survey *survey = new_survey();

        add_model(survey, "Llama-3-8B-hf", 3, KN_HUB_ADDRESS "meta-llama/Llama-3-8B");
        add_model(survey, "falcon-40b", 2, NULL);
        CHECK_EQ(cases[i].word, kn_survey_plan(survey, cases[i].word, &nearest), cases[i].want);
        CHECK_EQ(cases[i].word, kn_survey_keys(survey), cases[i].keys);
        if (cases[i].want == KN_E_NOT_FOUND) {
            CHECK_STR("nearest", nearest.best, "Llama-3-8B");
            CHECK_EQ("no plan", kn_survey_evaluate(survey), KN_E_INVALID);
            plan(survey);
        }
        CHECK_EQ("once", kn_survey_plan(survey, NULL, NULL), KN_E_INVALID);
        evaluate(survey);
        kn_survey_free(survey);
    }
}

static void a_model_that_is_not_registered_can_be_asked_for(void **state)
{
    static const struct server server = { "_mine", 1, 0, 2, KN_SERVER_ONLINE, 5 };
    struct kn_survey *survey = new_survey();

    (void)state;
    CHECK_EQ("illegal", kn_survey_add_known(survey, "a.b", 2, NULL), KN_E_INVALID);
    CHECK_EQ("no blocks", kn_survey_add_known(survey, "a", 0, NULL), KN_E_INVALID);
    CHECK_EQ("too many", kn_survey_add_known(survey, "a", KN_BLOCKS_MAX + 1, NULL), KN_E_INVALID);
    CHECK_EQ("private", kn_survey_add_known(survey, "_mine", 2, NULL), KN_OK);
    CHECK_EQ("also registered", kn_survey_add_known(survey, "m", 7, "x/m"), KN_OK);
    add_model(survey, "m", 1, NULL);
    plan(survey);
    CHECK_EQ("keys", kn_survey_keys(survey), 3);
    add_server(survey, &server);
    evaluate(survey);
    CHECK_EQ("online", find(survey, "_mine")->online, 1);
    CHECK("unregistered", !find(survey, "_mine")->registered);
    CHECK_EQ("the registry wins", find(survey, "m")->num_blocks, 1);
    CHECK_EQ("listed", kn_survey_listed(survey), 2);
    kn_survey_free(survey);
}

static void limits_are_kept_and_what_is_left_out_is_counted(void **state)
{
    struct kn_survey *survey = new_survey();
    const struct kn_survey_model *model;
    char prefix[16];

    (void)state;
    add_model(survey, "small", 3, NULL);
    for (uint32_t i = 1; i < KN_SURVEY_MODELS_MAX + 2; i++) {
        (void)snprintf(prefix, sizeof(prefix), "m%u", i);
        add_model(survey, prefix, KN_BLOCKS_MAX, NULL);
    }
    CHECK_EQ("dropped", kn_survey_totals(survey).dropped, 2);
    plan(survey);
    CHECK("keys", kn_survey_keys(survey) <= KN_SURVEY_KEYS_MAX);
    CHECK_EQ("eight of each, three of the small one", kn_survey_keys(survey), 1023 * 8 + 3);
    CHECK_EQ("left out", kn_survey_totals(survey).keys_left_out,
             (uint64_t)1023 * (KN_BLOCKS_MAX - 8));
    evaluate(survey);
    model = find(survey, "m1");
    CHECK("asked", kn_survey_block(survey, model, 7).asked);
    CHECK("not asked", !kn_survey_block(survey, model, 8).asked);
    CHECK("small", kn_survey_block(survey, find(survey, "small"), 2).asked);
    kn_survey_free(survey);

    survey = new_survey();
    add_model(survey, "m", KN_BLOCKS_MAX, NULL);
    plan(survey);
    CHECK_EQ("one model takes all", kn_survey_keys(survey), KN_SURVEY_KEYS_MAX);
    kn_survey_free(survey);
}

static bool is_famous(void *arg, const char *prefix, const char *repository)
{
    unsigned *asked = arg;

    (*asked)++;
    return strcmp(prefix, "famous") == 0 ||
           (repository != NULL && strcmp(repository, "lab/famous") == 0);
}

static void add_preferred(struct kn_survey *survey, const char *prefix, uint32_t blocks,
                          const char *repository, double expiration)
{
    struct kn_model_info info = { .num_blocks = blocks };
    struct entry entry = { 0 };

    if (repository != NULL)
        info.repository = kn_span_text(repository);
    kn_model_info_encode(&info, &entry.value);
    finish(&entry, prefix, expiration);
    kn_survey_add_preferred(survey, &entry.at);
    done(&entry);
}

/* Ten thousand models that nobody can serve do not hide the one that matters. */
static void what_matters_is_looked_at_whatever_else_is_registered(void **state)
{
    enum { JUNK = 10000, BLOCKS = 80 };
    struct kn_survey *survey = new_survey();
    unsigned asked = 0;
    char prefix[16];

    (void)state;
    kn_survey_prefer(survey, is_famous, &asked);
    for (uint32_t i = 0; i < JUNK; i++) {
        (void)snprintf(prefix, sizeof(prefix), "junk%u", i);
        add_preferred(survey, prefix, KN_BLOCKS_MAX, NULL, later);
    }
    add_preferred(survey, "famous", BLOCKS, NULL, later);
    add_preferred(survey, "other", BLOCKS, "lab/famous", later);
    add_preferred(survey, "famous", 7, NULL, now); /* expired: as if it were not there */
    CHECK_EQ("asked about each", asked, JUNK + 2);
    CHECK_EQ("nothing is counted", kn_survey_totals(survey).expired, 0);
    for (uint32_t i = 0; i < JUNK; i++) {
        (void)snprintf(prefix, sizeof(prefix), "junk%u", i);
        add_model(survey, prefix, KN_BLOCKS_MAX, NULL);
    }
    add_model(survey, "famous", BLOCKS, NULL);
    add_model(survey, "other", BLOCKS, "lab/famous");
    CHECK_EQ("dropped", kn_survey_totals(survey).dropped, JUNK + 2 - KN_SURVEY_MODELS_MAX);
    plan(survey);
    evaluate(survey);
    CHECK("keys", kn_survey_keys(survey) <= KN_SURVEY_KEYS_MAX);
    CHECK("whole", kn_survey_block(survey, find(survey, "famous"), BLOCKS - 1).asked);
    CHECK("whole", kn_survey_block(survey, find(survey, "other"), BLOCKS - 1).asked);
    CHECK("the rest share", kn_survey_block(survey, find(survey, "junk0"), 6).asked);
    CHECK("the rest share", !kn_survey_block(survey, find(survey, "junk0"), 8).asked);
    kn_survey_free(survey);
}

static void too_many_providers_are_left_out_and_counted(void **state)
{
    struct kn_survey *survey = new_survey();
    struct server server = { "m", 0, 0, 2, KN_SERVER_ONLINE, DBL_MAX };

    (void)state;
    add_model(survey, "m", 1, NULL);
    plan(survey);
    for (server.peer = 0; server.peer < KN_SURVEY_PROVIDERS_MAX + 1; server.peer++)
        add_record(survey, 0, &server, later);
    server.peer = 5; /* known already, so it is taken */
    add_record(survey, 0, &server, later);
    CHECK_EQ("dropped", kn_survey_totals(survey).dropped, 1);
    evaluate(survey);
    CHECK_EQ("online", find(survey, "m")->online, KN_SURVEY_PROVIDERS_MAX);
    CHECK("finite", find(survey, "m")->throughput == DBL_MAX);
    kn_survey_free(survey);
}

/* Sums of numbers that do not add exactly are the same in every order. */
static void the_order_of_feeding_never_shows(void **state)
{
    double first = 0;

    (void)state;
    for (uint32_t turn = 0; turn < 7; turn++) {
        struct kn_survey *survey = new_survey();

        add_model(survey, "m", 3, NULL);
        plan(survey);
        for (uint32_t i = 0; i < 50; i++) {
            struct server server = { "m", (i * 7 + turn * 13) % 50, 0, 3, KN_SERVER_ONLINE, 0 };

            server.throughput = 0.1 * server.peer + 1e10 * (server.peer % 3);
            add_server(survey, &server);
        }
        evaluate(survey);
        if (turn == 0)
            first = find(survey, "m")->throughput;
        CHECK("same", find(survey, "m")->throughput == first);
        CHECK("block", kn_survey_block(survey, find(survey, "m"), 1).throughput == first);
        kn_survey_free(survey);
    }
}

/* True when all of it worked. */
static bool whole_survey(void)
{
    static const struct server server = { "Llama-3-hf", 1, 0, 2, KN_SERVER_ONLINE, 5 };
    struct kn_survey *survey = kn_survey_new(now);
    char peer[KN_PEER_ID_TEXT_SIZE];
    bool worked = false;
    struct entry model = { 0 }, entry = { 0 };
    struct kn_model_info info = { 2, kn_span_text("x/Llama-3") };

    kn_model_info_encode(&info, &model.value);
    finish(&model, server.prefix, later);
    kn_buffer_add(&entry.value, "\x92\x02\xca\x3f\x80\x00\x00", 7);
    peer_name(server.peer, peer);
    finish(&entry, peer, later);
    if (survey != NULL && !model.value.failed && !model.subkey.failed && !entry.value.failed &&
        !entry.subkey.failed) {
        kn_survey_add_model(survey, &model.at);
        if (kn_survey_plan(survey, NULL, NULL) == KN_OK && kn_survey_keys(survey) > 0) {
            kn_survey_add_server(survey, 0, &entry.at);
            worked = kn_survey_evaluate(survey) == KN_OK && kn_survey_model(survey, 0)->online == 1;
        }
    }
    kn_survey_free(survey);
    done(&model);
    done(&entry);
    return worked;
}

static void short_memory_is_told_and_nothing_is_lost_silently(void **state)
{
    long n = 0;

    (void)state;
    for (bool worked = false; !worked; n++) {
        kn_fuse = n;
        worked = whole_survey();
        CHECK("burnt or done", worked == (kn_fuse >= 0));
        kn_fuse = -1;
    }
    CHECK("several allocations", n > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_registry_is_an_empty_survey),
        cmocka_unit_test(both_spellings_of_every_block_are_asked_for),
        cmocka_unit_test(models_stand_by_popularity_and_then_by_the_ties),
        cmocka_unit_test(a_provider_counts_once_however_many_blocks_it_holds),
        cmocka_unit_test(of_a_key_that_nobody_answered_nothing_is_known),
        cmocka_unit_test(online_somewhere_is_not_joining),
        cmocka_unit_test(spellings_share_their_popularity_and_stay_two),
        cmocka_unit_test(a_spelling_that_nobody_serves_is_not_listed),
        cmocka_unit_test(the_latest_word_of_a_provider_counts),
        cmocka_unit_test(the_latest_record_of_a_model_counts),
        cmocka_unit_test(malformed_records_of_models_are_counted_by_kind),
        cmocka_unit_test(malformed_records_of_servers_are_counted_by_kind),
        cmocka_unit_test(a_plan_can_be_about_one_model),
        cmocka_unit_test(a_model_that_is_not_registered_can_be_asked_for),
        cmocka_unit_test(limits_are_kept_and_what_is_left_out_is_counted),
        cmocka_unit_test(what_matters_is_looked_at_whatever_else_is_registered),
        cmocka_unit_test(too_many_providers_are_left_out_and_counted),
        cmocka_unit_test(the_order_of_feeding_never_shows),
        cmocka_unit_test(short_memory_is_told_and_nothing_is_lost_silently),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
