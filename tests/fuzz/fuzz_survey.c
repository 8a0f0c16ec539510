/*
 * Property: whatever is fed, the same fed backwards gives the same survey; nothing is counted that
 * was not fed; the order is one in which each model stands before the next for a reason; no limit
 * is passed.
 *
 * The input is a script of steps of eight bytes: a registry's entry, a model told, or a server's
 * entry, with small numbers so that they meet, or with raw bytes from there on.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/codec/msgpack.h"
#include "lib/codec/peer_id.h"
#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"
#include "network/petals/survey.h"
#include "network/petals/survey_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 8, STEPS_MAX = 200, RAW_MAX = 96, PEERS = 16 };

static const char *const prefixes[] = {
    "Llama-3-8B-hf",           "Llama-3-8B", "m",   "m-hf", "falcon-7b",
    "bigscience/bloom-petals", "bloom",      "a.b",
};

static const char *const repositories[] = {
    NULL,
    KN_HUB_ADDRESS "meta-llama/Llama-3-8B",
    KN_HUB_ADDRESS "bigscience/bloom",
    "x/m",
};

static const double now = 1000;

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct kn_span raw_at(struct kn_span script, size_t at)
{
    size_t n = script.n - at;

    return kn_span(script.at + at, n < RAW_MAX ? n : RAW_MAX);
}

static void feed_model(struct kn_survey *survey, struct kn_span script, size_t at)
{
    const uint8_t *step = script.at + at;
    struct kn_model_info info = { .num_blocks = 1 + step[2] % 5 };
    const char *prefix = prefixes[step[1] % KN_COUNT(prefixes)];
    const char *repository = repositories[step[3] % KN_COUNT(repositories)];
    struct kn_buffer subkey = { 0 }, value = { 0 };
    struct kn_survey_entry entry;

    if (repository != NULL)
        info.repository = kn_span_text(repository);
    kn_msgpack_write_text(&subkey, kn_span_text(prefix));
    kn_model_info_encode(&info, &value);
    entry = (struct kn_survey_entry){ kn_buffer_get(&subkey), kn_buffer_get(&value),
                                      now - 1 + step[4] % 4 };
    if (step[5] % 8 == 1)
        entry.value = raw_at(script, at + STEP);
    if (step[5] % 8 == 2)
        entry.subkey = raw_at(script, at + STEP);
    if (step[5] % 8 == 3)
        require(kn_survey_add_known(survey, prefix, info.num_blocks, repository) != KN_E_LIMIT);
    else
        kn_survey_add_model(survey, &entry);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

/* A slot that a step means: by prefix and index, which do not depend on the order of feeding. */
static uint32_t slot_of(const struct kn_survey *survey, const uint8_t *step)
{
    const char *prefix = prefixes[step[1] % KN_COUNT(prefixes)];

    for (uint32_t slot = 0; slot < kn_survey_keys(survey); slot++) {
        struct kn_survey_key key = kn_survey_key(survey, slot);

        require(key.slot == slot);
        if (strcmp(key.prefix, prefix) == 0 && key.index == step[2] % 5)
            return slot;
    }
    return UINT32_MAX;
}

static void write_peer(struct kn_buffer *out, uint8_t number)
{
    uint8_t bytes[34] = { 0x12, 0x20, (uint8_t)(number % PEERS) };
    char text[KN_PEER_ID_TEXT_SIZE];
    struct kn_peer_id id;

    require(kn_peer_id_from_bytes(bytes, sizeof(bytes), &id, NULL) == KN_OK);
    kn_peer_id_print(&id, text);
    kn_msgpack_write_text(out, kn_span_text(text));
}

static void feed_server(struct kn_survey *survey, struct kn_span script, size_t at)
{
    const uint8_t *step = script.at + at;
    struct kn_buffer subkey = { 0 }, value = { 0 };
    struct kn_survey_entry entry;
    struct kn_server_info info;

    kn_server_info_init(&info);
    info.state = (enum kn_server_state)(step[4] % 3);
    info.throughput = 0.1 * step[5];
    if (step[6] < 128)
        info.start_block = step[6] % 4;
    if (step[6] < 64)
        info.end_block = 1 + step[6] % 8;
    write_peer(&subkey, step[3]);
    kn_server_info_encode(&info, &value);
    entry = (struct kn_survey_entry){ kn_buffer_get(&subkey), kn_buffer_get(&value),
                                      now - 1 + step[7] % 4 };
    if (step[7] / 4 == 1)
        entry.value = raw_at(script, at + STEP);
    if (step[7] / 4 == 2)
        entry.subkey = raw_at(script, at + STEP);
    if (step[7] == 255)
        entry.expiration = (double)INFINITY;
    kn_survey_add_server(survey, slot_of(survey, step), &entry);
    kn_buffer_done(&subkey);
    kn_buffer_done(&value);
}

/* Steps of one kind: even ones are models, odd ones servers. */
static void feed(struct kn_survey *survey, struct kn_span script, unsigned kind, bool backwards)
{
    size_t steps = script.n / STEP;

    for (size_t i = 0; i < steps; i++) {
        size_t at = (backwards ? steps - 1 - i : i) * STEP;

        if (script.at[at] % 2 != kind)
            continue;
        if (kind == 0)
            feed_model(survey, script, at);
        else
            feed_server(survey, script, at);
    }
}

static struct kn_survey *run(struct kn_span script, bool backwards)
{
    struct kn_survey *survey = kn_survey_new(now);

    require(survey != NULL);
    feed(survey, script, 0, backwards);
    require(kn_survey_plan(survey, NULL, NULL) == KN_OK);
    require(kn_survey_keys(survey) <= KN_SURVEY_KEYS_MAX);
    feed(survey, script, 1, backwards);
    require(kn_survey_evaluate(survey) == KN_OK);
    return survey;
}

static void check_model(const struct kn_survey *survey, const struct kn_survey_model *model)
{
    uint32_t covered = 0, most = 0;

    require(model->num_blocks >= 1 && model->num_blocks <= KN_BLOCKS_MAX);
    for (uint32_t i = 0; i < model->num_blocks && i < KN_SURVEY_KEYS_MAX; i++) {
        struct kn_survey_block block = kn_survey_block(survey, model, i);

        covered += block.online > 0 ? 1 : 0;
        most = block.online > most ? block.online : most;
        require(isfinite(block.throughput) && (block.online > 0 || block.throughput == 0));
    }
    require(covered == model->covered && model->complete == (covered == model->num_blocks));
    require(model->own_online >= most && model->online >= model->own_online);
    require(kn_survey_find(survey, model->prefix, NULL) != NULL);
}

static bool stands_before(const struct kn_survey_model *a, const struct kn_survey_model *b)
{
    if (a->online != b->online)
        return a->online > b->online;
    if (a->complete != b->complete)
        return a->complete;
    if (a->throughput != b->throughput)
        return a->throughput > b->throughput;
    return strcmp(a->prefix, b->prefix) < 0;
}

static void check_survey(const struct kn_survey *survey, uint64_t steps)
{
    struct kn_survey_totals totals = kn_survey_totals(survey);
    uint32_t listed = kn_survey_listed(survey);
    uint64_t kinds = 0;

    require(listed <= kn_survey_models(survey) && kn_survey_models(survey) <= 2 * steps);
    for (uint32_t i = 0; i < kn_survey_models(survey); i++) {
        const struct kn_survey_model *model = kn_survey_model(survey, i);

        check_model(survey, model);
        require(model->online + model->joining <= totals.online + totals.joining);
        if (i > 0 && i != listed)
            require(stands_before(kn_survey_model(survey, i - 1), model));
        if (i >= listed)
            require(!model->registered && model->own_online == 0);
    }
    for (int kind = 0; kind < KN_MALFORMED_COUNT; kind++)
        kinds += totals.kinds[kind];
    require(kinds == totals.malformed && totals.dropped == 0);
    require(totals.online + totals.joining + totals.malformed + totals.expired + totals.offline <=
            steps + totals.offline);
}

static void check_same(const struct kn_survey *one, const struct kn_survey *two)
{
    struct kn_survey_totals a = kn_survey_totals(one), b = kn_survey_totals(two);

    require(memcmp(&a, &b, sizeof(a)) == 0);
    require(kn_survey_models(one) == kn_survey_models(two));
    require(kn_survey_keys(one) == kn_survey_keys(two));
    for (uint32_t i = 0; i < kn_survey_models(one); i++) {
        const struct kn_survey_model *x = kn_survey_model(one, i), *y = kn_survey_model(two, i);

        require(strcmp(x->prefix, y->prefix) == 0 && x->num_blocks == y->num_blocks);
        require((x->repository == NULL) == (y->repository == NULL));
        require(x->repository == NULL || strcmp(x->repository, y->repository) == 0);
        require(x->registered == y->registered && x->online == y->online);
        require(x->joining == y->joining && x->own_online == y->own_online);
        require(x->covered == y->covered && x->throughput == y->throughput);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_span script = kn_span(data, size);
    struct kn_survey *one, *two;

    if (size > STEPS_MAX * STEP)
        return 0;
    one = run(script, false);
    two = run(script, true);
    check_survey(one, size / STEP);
    check_same(one, two);
    kn_survey_free(one);
    kn_survey_free(two);
    return 0;
}
