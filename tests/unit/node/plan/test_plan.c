/* What a node chooses, from facts that are handed in. */
#include "node/plan/plan.h"

#include "lib/base/arena.h"
#include "lib/codec/msgpack.h"
#include "lib/codec/peer_id.h"
#include "network/petals/model_info.h"
#include "network/petals/server_info.h"
#include "network/petals/survey.h"
#include "support/check.h"
#include "support/config_fixture.h"

#define GIB (INT64_C(1) << 30)
#define HUB "https://huggingface.co/"
#define OWN "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"

static const double now = 1700000000.0, later = 1700000300.0;

/* ---- machines ---- */

#define MACHINE(available, host)                                                     \
    {                                                                                \
        .memory_total = (available), .memory_available = (available),                \
        .memory_limit = KN_FACT_UNKNOWN, .memory_left = KN_FACT_UNKNOWN, .cores = 4, \
        .cpu_quota = -1, .open_files = 1024, .user_name = "ada", .host_name = host,  \
    }

static const struct kn_hardware desktop = MACHINE(24 * GIB, "box");
static const struct kn_hardware laptop = MACHINE(3 * GIB, "box");
static const struct kn_hardware tiny = MACHINE(GIB / 16, "box");
static const struct kn_hardware nameless = MACHINE(24 * GIB, "localhost");

/* ---- swarms ---- */

struct model {
    const char *prefix, *repository;
    uint32_t blocks;
};

struct server {
    const char *prefix, *name;
    uint32_t start, end;
    enum kn_server_state state;
    double throughput;
};

#define LLAMA8 "Llama-3-1-8B-Instruct"
#define LLAMA70 "Llama-3-3-70B-Instruct"
#define TINY "TinyLlama-1-1B-Chat-v1-0"
static const struct model small_models[] = {
    { LLAMA8 "-hf", HUB "meta-llama/Llama-3.1-8B-Instruct", 32 },
    { LLAMA8, HUB "meta-llama/Llama-3.1-8B-Instruct", 32 },
    { LLAMA70 "-hf", HUB "meta-llama/Llama-3.3-70B-Instruct", 80 },
};
/* Everybody of the 8B model is under KwaaiNet's spelling, but one. */
static const struct server kwaai_servers[] = {
    { LLAMA8, "ada-C-box", 0, 20, KN_SERVER_ONLINE, 5 },
    { LLAMA8, "b", 0, 32, KN_SERVER_ONLINE, 5 },
    { LLAMA8 "-hf", "c", 0, 32, KN_SERVER_ONLINE, 5 },
    { LLAMA70 "-hf", "d", 0, 80, KN_SERVER_ONLINE, 5 },
};
static const struct server hf_servers[] = {
    { LLAMA8 "-hf", "a", 0, 32, KN_SERVER_ONLINE, 5 },
    { LLAMA8, "b", 0, 32, KN_SERVER_ONLINE, 5 },
    { LLAMA8 "-hf", "ada-C-box", 0, 28, KN_SERVER_JOINING, 0 },
    { LLAMA70 "-hf", "d", 0, 80, KN_SERVER_OFFLINE, 0 },
};

struct swarm {
    const struct model *models;
    size_t model_count;
    const struct server *servers;
    size_t server_count;
};

static const struct swarm empty = { 0 };
static const struct swarm kwaai = { small_models, 3, kwaai_servers, KN_COUNT(kwaai_servers) };
static const struct swarm petals = { small_models, 3, hf_servers, KN_COUNT(hf_servers) };

static void add_model(struct kn_survey *survey, const struct model *model)
{
    const struct kn_model_info info = { .num_blocks = model->blocks,
                                        .repository = kn_span_text(model->repository) };
    struct kn_buffer subkey = { 0 }, value = { 0 };

    kn_msgpack_write_text(&subkey, kn_span_text(model->prefix));
    kn_model_info_encode(&info, &value);
    const struct kn_survey_entry entry = { kn_buffer_get(&subkey), kn_buffer_get(&value), later };

    kn_survey_add_model(survey, &entry);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

static void add_server(struct kn_survey *survey, const struct server *server, uint8_t number)
{
    uint8_t bytes[34] = { 0x12, 0x20, number };
    struct kn_buffer subkey = { 0 }, value = { 0 };
    char text[KN_PEER_ID_TEXT_SIZE];
    struct kn_server_info info;
    struct kn_peer_id id;

    CHECK_EQ("peer", kn_peer_id_from_bytes(bytes, sizeof(bytes), &id, NULL), KN_OK);
    kn_peer_id_print(&id, text);
    kn_msgpack_write_text(&subkey, kn_span_text(text));
    kn_server_info_init(&info);
    info.state = server->state;
    info.throughput = server->throughput;
    info.start_block = server->start;
    info.end_block = server->end;
    kn_server_text_set(&info.public_name, server->name);
    kn_server_info_encode(&info, &value);
    const struct kn_survey_entry entry = { kn_buffer_get(&subkey), kn_buffer_get(&value), later };

    for (uint32_t slot = 0; slot < kn_survey_keys(survey); slot++) {
        struct kn_survey_key key = kn_survey_key(survey, slot);

        if (strcmp(key.prefix, server->prefix) == 0 && key.index >= server->start &&
            key.index < server->end)
            kn_survey_add_server(survey, slot, &entry);
    }
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

static struct kn_survey *survey_of(const struct swarm *swarm)
{
    struct kn_survey *survey;

    if (swarm == NULL)
        return NULL;
    survey = kn_survey_new(now);
    CHECK("memory", survey != NULL);
    for (size_t i = 0; i < swarm->model_count; i++)
        add_model(survey, &swarm->models[i]);
    CHECK_EQ("plan", kn_survey_plan(survey, NULL, NULL), KN_OK);
    for (size_t i = 0; i < swarm->server_count; i++)
        add_server(survey, &swarm->servers[i], (uint8_t)(i + 1));
    CHECK_EQ("evaluate", kn_survey_evaluate(survey), KN_OK);
    return survey;
}

/* ---- the driver ---- */

struct made {
    struct kn_snapshot *snapshot;
    struct kn_survey *survey;
    struct kn_plan plan;
    enum kn_code code;
    struct kn_error err;
};

static void make(struct made *made, const char *const *words, const struct swarm *swarm,
                 const struct kn_hardware *hardware)
{
    static const uint8_t own[] = "the bytes of our id";

    *made = (struct made){ .snapshot = load_text(NULL, words, NULL), .survey = survey_of(swarm) };
    const struct kn_plan_input input = {
        .snapshot = made->snapshot,
        .config = kn_snapshot_config(made->snapshot),
        .hardware = hardware,
        .survey = made->survey,
        .own = OWN,
        .own_bytes = kn_span(own, sizeof(own)),
        .port = 8083,
    };

    CHECK("valid", kn_snapshot_is_valid(made->snapshot));
    made->code = kn_plan_make(&input, &made->plan, &made->err);
}

static void discard(struct made *made)
{
    kn_plan_done(&made->plan);
    kn_survey_free(made->survey);
    kn_snapshot_unref(made->snapshot);
}

/* NULL: the plan says nothing of it. */
static const char *value_of(const struct kn_plan *plan, const char *key)
{
    const char *found = NULL;

    for (size_t i = 0; i < plan->value_count; i++) {
        if (strcmp(plan->values[i].key, key) != 0)
            continue;
        CHECK(key, found == NULL && plan->values[i].reason[0] != '\0');
        found = plan->values[i].value;
    }
    return found;
}

/* ---- stories ---- */

struct plan_case {
    const char *name;
    const char *const *words;
    const struct swarm *swarm;
    const struct kn_hardware *hardware;
    const char *model, *prefix, *blocks, *start, *end;
};

static void check_case(const struct plan_case *c)
{
    struct made made;

    make(&made, c->words, c->swarm, c->hardware);
    CHECK_STR(c->name, made.err.text, "");
    CHECK_EQ(c->name, made.code, KN_OK);
    CHECK_STR(c->name, value_of(&made.plan, "model.name"), c->model);
    CHECK_STR(c->name, value_of(&made.plan, "model.dht_prefix"), c->prefix);
    CHECK_STR(c->name, value_of(&made.plan, "model.total_blocks"), c->blocks);
    CHECK_STR(c->name, value_of(&made.plan, "model.start_block"), c->start);
    CHECK_STR(c->name, value_of(&made.plan, "model.end_block"), c->end);
    CHECK_STR(c->name, value_of(&made.plan, "node.port"), "8083");
    CHECK_EQ(c->name, made.plan.swarm.is_known, c->swarm != NULL);
    CHECK_EQ(c->name, value_of(&made.plan, "performance.cache_tokens") != NULL, c->start != NULL);
    discard(&made);
}

#define NAME8 "Llama-3.1-8B-Instruct"
#define NAME70 "Llama-3.3-70B-Instruct"

/* proves: FR-0/0.1.6, FR-0/0.5.4, FR-0/0.5.5, FR-5/5.1.1, FR-5/5.1.5 */
static void the_plan_follows_from_the_facts(void **state)
{
    const struct plan_case cases[] = {
        { "nobody answered", NO_WORDS, NULL, &desktop, NAME70, LLAMA70 "-hf", "80", "0", "3" },
        { "nobody answered a small machine", NO_WORDS, NULL, &laptop, NAME70, LLAMA70 "-hf", "80",
          NULL, NULL },
        { "an empty registry", NO_WORDS, &empty, &desktop, NAME70, LLAMA70 "-hf", "80", NULL,
          NULL },
        { "a laptop takes what fits", NO_WORDS, &kwaai, &laptop, NAME8, LLAMA8, "32", "20", "21" },
        { "nothing fits", NO_WORDS, &kwaai, &tiny, NAME70, LLAMA70 "-hf", "80", NULL, NULL },
        { "more of them spell it so", NO_WORDS, &kwaai, &desktop, NAME8, LLAMA8, "32", "17", "32" },
        { "as many spell it either way", NO_WORDS, &petals, &desktop, NAME8, LLAMA8 "-hf", "32",
          "17", "32" },
        { "a model of one's own", WORDS("--model", "TinyLlama-1.1B-Chat-v1.0"), &petals, &laptop,
          "TinyLlama-1.1B-Chat-v1.0", TINY "-hf", "22", "0", "9" },
        { "a spelling of one's own",
          WORDS("--model", NAME8, "--set", "model.dht_prefix=Mine", "--start-block", "2",
                "--end-block", "4"),
          &petals, &desktop, NAME8, "Mine", "32", "2", "4" },
        { "both ends pinned", WORDS("--model", NAME8, "--start-block", "30", "--end-block", "32"),
          &petals, &desktop, NAME8, LLAMA8 "-hf", "32", "30", "32" },
        { "the start pinned near the end", WORDS("--model", NAME8, "--start-block", "31"), &petals,
          &desktop, NAME8, LLAMA8 "-hf", "32", "31", "32" },
        { "a number of blocks", WORDS("--model", NAME8, "--blocks", "4"), NULL, &desktop, NAME8,
          LLAMA8 "-hf", "32", "0", "4" },
        { "the smallest preset", WORDS("--model", NAME8, "--preset", "min"), NULL, &desktop, NAME8,
          LLAMA8 "-hf", "32", "0", "1" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_case(&cases[i]);
}

/* proves: FR-0/0.5.6 */
static void what_cannot_be_is_refused(void **state)
{
    const struct {
        const char *name;
        const char *const *words;
        const struct swarm *swarm;
        const struct kn_hardware *hardware;
        enum kn_code code;
        const char *text, *hint;
    } cases[] = {
        { "an unknown model", WORDS("--model", "nobody/has-it"), &petals, &desktop, KN_E_NOT_FOUND,
          "nobody knows a model \"nobody/has-it\"", "network models" },
        { "nearly a model", WORDS("--model", "Llama-3.1-8B-Instrukt"), &petals, &desktop,
          KN_E_NOT_FOUND, "Instrukt", "Did you mean Llama-3.1-8B-Instruct?" },
        { "outside the model", WORDS("--model", NAME8, "--start-block", "500"), &petals, &desktop,
          KN_E_RANGE, "start_block 500 is outside the model, which has blocks 0-31", "0 to 31" },
        { "one past the end", WORDS("--model", NAME8, "--start-block", "0", "--end-block", "33"),
          &petals, &desktop, KN_E_RANGE, "33", "" },
        { "more than fits", WORDS("--model", NAME70, "--start-block", "0", "--end-block", "40"),
          NULL, &desktop, KN_E_LIMIT, "40 blocks, and at most 5", "end_block" },
        { "one block more than fits", WORDS("--model", NAME70, "--blocks", "6"), NULL, &desktop,
          KN_E_LIMIT, "6 are asked for, and at most 5 fit this machine", "at most 5" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct made made;

        make(&made, cases[i].words, cases[i].swarm, cases[i].hardware);
        CHECK_HAS(cases[i].name, made.err.text, cases[i].text);
        CHECK_HAS(cases[i].name, made.err.hint, cases[i].hint);
        CHECK_EQ(cases[i].name, made.code, cases[i].code);
        CHECK(cases[i].name, made.plan.arena == NULL);
        discard(&made);
    }
}

/* proves: FR-0/0.4.1, FR-0/0.4.3.2, FR-0/0.4.5, FR-0/0.4.6 */
static void the_name_is_nobody_elses(void **state)
{
    static const struct {
        const char *name;
        const struct swarm *swarm;
        const struct kn_hardware *hardware;
        const char *chosen;
    } cases[] = {
        { "free", NULL, &desktop, "ada-C-box" },
        { "taken", &petals, &desktop, "ada-C-box-2" },
        { "a host that is nobody", &petals, &nameless, "ada-C-8083" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct made made;

        make(&made, NO_WORDS, cases[i].swarm, cases[i].hardware);
        CHECK_EQ(cases[i].name, made.code, KN_OK);
        CHECK_STR(cases[i].name, value_of(&made.plan, "node.name"), cases[i].chosen);
        discard(&made);
    }
}

static void the_same_facts_give_the_same_plan(void **state)
{
    struct made one, two;

    (void)state;
    make(&one, NO_WORDS, &kwaai, &desktop);
    make(&two, NO_WORDS, &kwaai, &desktop);
    CHECK_EQ("values", one.plan.value_count, two.plan.value_count);
    for (size_t i = 0; i < one.plan.value_count; i++) {
        CHECK_STR("key", one.plan.values[i].key, two.plan.values[i].key);
        CHECK_STR(one.plan.values[i].key, one.plan.values[i].value, two.plan.values[i].value);
        CHECK_STR(one.plan.values[i].key, one.plan.values[i].reason, two.plan.values[i].reason);
    }
    discard(&one);
    discard(&two);
}

static void every_value_is_one_that_a_configuration_takes(void **state)
{
    struct kn_config_request request = { .home = "/nonexistent/home",
                                         .working = "/nonexistent/work",
                                         .now_s = FIXTURE_NOW };
    struct kn_snapshot *again;
    struct made made;

    (void)state;
    make(&made, NO_WORDS, &kwaai, &desktop);
    request.discovered = made.plan.values;
    request.discovered_count = made.plan.value_count;
    again = load_request(&request, NULL, NO_WORDS);
    CHECK("valid", kn_snapshot_is_valid(again));
    for (size_t i = 0; i < made.plan.value_count; i++) {
        CHECK_STR(made.plan.values[i].key, got(again, made.plan.values[i].key),
                  made.plan.values[i].value);
        CHECK_STR(made.plan.values[i].key, origin(again, made.plan.values[i].key), "discovery");
    }
    kn_snapshot_unref(again);
    discard(&made);
}

static void a_plan_that_moves_has_the_new_place_and_why(void **state)
{
    const struct kn_placement place = {
        .by = KN_PLACED_LEAST_SERVED, .start = 3, .end = 7, .reason = "nobody serves block 3"
    };
    struct kn_plan_input input = { .hardware = &desktop };
    struct made made;
    unsigned found = 0;

    (void)state;
    make(&made, NO_WORDS, &kwaai, &desktop);
    input.snapshot = made.snapshot;
    input.config = kn_snapshot_config(made.snapshot);
    CHECK("placed", kn_plan_place(&input, &place, &made.plan));
    CHECK_EQ("start", made.plan.place.start, 3);
    for (size_t i = 0; i < made.plan.value_count; i++) {
        const struct kn_discovered *value = &made.plan.values[i];
        bool is_start = strcmp(value->key, "model.start_block") == 0;

        if (!is_start && strcmp(value->key, "model.end_block") != 0)
            continue;
        CHECK_STR(value->key, value->value, is_start ? "3" : "7");
        CHECK_STR(value->key, value->reason, place.reason);
        found++;
    }
    CHECK_EQ("both ends", found, 2);
    discard(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_follows_from_the_facts),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(the_name_is_nobody_elses),
        cmocka_unit_test(the_same_facts_give_the_same_plan),
        cmocka_unit_test(every_value_is_one_that_a_configuration_takes),
        cmocka_unit_test(a_plan_that_moves_has_the_new_place_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
