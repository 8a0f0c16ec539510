#include "node/presence/look.h"

#include <assert.h>
#include <string.h>

#include "config/discovery/model_table.h"
#include "lib/base/memory.h"
#include "network/dht/dictionary.h"
#include "network/petals/model_info.h"
#include "network/petals/model_name.h"
#include "network/petals/prefix.h"

struct kn_look {
    struct kn_look_options options;
    struct kn_loop *loop;
    struct kn_join *join;
    struct kn_peer_id met[KN_DHT_PEERS_MAX];
    size_t met_count;
    struct kn_survey *survey;
    struct kn_nearest nearest;
    struct kn_timer *timer;
    struct kn_dht_op *get;
    struct kn_dht_id *keys; /* of the plan */
    bool *read;             /* of each key */
    int64_t started_us, ended_us;
    kn_time end_by;
    bool answered, reading, over;
    size_t unanswered;
    enum kn_code code;
};

static void end(struct kn_look *look, enum kn_code code)
{
    if (look->over)
        return;
    look->over = true;
    look->ended_us = kn_loop_clock_us();
    look->code = code;
    if (kn_survey_evaluate(look->survey) != KN_OK && code == KN_OK)
        look->code = KN_E_NO_MEMORY;
    kn_timer_set(look->timer, KN_NEVER);
    look->options.done(look->options.arg);
}

/* Feed what stands under one key. */
static void feed(struct kn_look *look, const struct kn_record *record,
                 void (*add)(struct kn_look *look, size_t slot, const struct kn_survey_entry *e),
                 size_t slot)
{
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;

    if (!record->is_dictionary || kn_dht_dictionary_open(record->value, &dictionary) != KN_OK)
        return;
    while (kn_dht_dictionary_step(&dictionary, &entry)) {
        const struct kn_survey_entry e = { entry.subkey, entry.value, entry.expiration };

        add(look, slot, &e);
    }
}

static void add_server(struct kn_look *look, size_t slot, const struct kn_survey_entry *e)
{
    kn_survey_add_server(look->survey, (uint32_t)slot, e);
}

static void add_preferred(struct kn_look *look, size_t slot, const struct kn_survey_entry *e)
{
    (void)slot;
    kn_survey_add_preferred(look->survey, e);
}

static void add_model(struct kn_look *look, size_t slot, const struct kn_survey_entry *e)
{
    (void)slot;
    kn_survey_add_model(look->survey, e);
}

static void note_unanswered(struct kn_look *look, size_t slot)
{
    look->unanswered++;
    kn_survey_unanswered(look->survey, (uint32_t)slot);
}

static void on_block(void *arg, const struct kn_dht_value *value)
{
    struct kn_look *look = arg;

    look->read[value->key] = true;
    if (value->found)
        feed(look, &value->record, add_server, value->key);
    else if (value->answers == 0 || value->is_late)
        note_unanswered(look, value->key);
}

static void on_blocks_done(void *arg, const struct kn_dht_get_totals *totals)
{
    struct kn_look *look = arg;

    look->get = NULL;
    for (uint32_t i = 0; i < kn_survey_keys(look->survey); i++) { /* its time was over before */
        if (!look->read[i])
            kn_survey_unanswered(look->survey, i);
    }
    end(look, totals->code == KN_OK && look->unanswered > 0 ? KN_E_TIMEOUT : totals->code);
}

static enum kn_code get(struct kn_look *look, enum kn_dht_get_mode mode, kn_time deadline,
                        const struct kn_dht_id *keys, size_t n, kn_dht_value_fn *value,
                        kn_dht_got_fn *done)
{
    struct kn_dht_get_options options = {
        .keys = keys,
        .n = n,
        .mode = mode,
        .also = look->met,
        .deadline = deadline,
    };

    if (look->join != NULL)
        look->met_count = kn_join_peers(look->join, look->met, KN_COUNT(look->met));
    options.also_n = look->met_count;
    return kn_dht_get(kn_network_dht(look->options.network), &options, value, done, look,
                      &look->get);
}

static enum kn_code read_blocks(struct kn_look *look)
{
    size_t n = kn_survey_keys(look->survey);

    look->keys = kn_try_alloc(n * sizeof(look->keys[0]));
    look->read = kn_try_alloc(n * sizeof(look->read[0]));
    if (look->keys == NULL || look->read == NULL)
        return KN_E_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        struct kn_survey_key key = kn_survey_key(look->survey, (uint32_t)i);
        char text[KN_BLOCK_KEY_SIZE];

        kn_block_key(key.prefix, key.index, text);
        kn_dht_id_of_text(kn_span_text(text), &look->keys[i]);
    }
    return get(look, KN_DHT_GET_COVERAGE, look->end_by, look->keys, n, on_block, on_blocks_done);
}

static void on_registry(void *arg, const struct kn_dht_value *value)
{
    if (!value->found)
        return;
    feed(arg, &value->record, add_preferred, 0);
    feed(arg, &value->record, add_model, 0);
}

static void on_registry_done(void *arg, const struct kn_dht_get_totals *totals)
{
    struct kn_look *look = arg;
    enum kn_code rc = kn_survey_plan(look->survey, look->options.model, &look->nearest);

    (void)totals;
    look->get = NULL;
    if (rc == KN_OK && kn_survey_keys(look->survey) > 0)
        rc = read_blocks(look);
    else if (rc == KN_OK || look->options.model == NULL)
        rc = KN_OK; /* an empty swarm is an answer */
    if (rc != KN_OK || look->get == NULL)
        end(look, rc);
}

static void read_registry(struct kn_look *look)
{
    kn_time now = kn_loop_now(look->loop);
    struct kn_dht_id key;
    enum kn_code rc;

    look->reading = true;
    kn_timer_set(look->timer, KN_NEVER); /* the operations have the deadline from here on */
    kn_dht_id_of_text(kn_span_text(KN_REGISTRY_KEY), &key);
    /*
     * One key on which all others depend: everybody near it is asked. Not for longer than half of
     * the time: many of them may have gone, and what the others told is of no use without blocks.
     */
    rc = get(look, KN_DHT_GET_LATEST, now + (look->end_by - now) / 2, &key, 1, on_registry,
             on_registry_done);
    if (rc != KN_OK)
        end(look, rc);
}

static void on_timer(void *arg)
{
    read_registry(arg);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_look *look = arg;
    kn_time now = kn_loop_now(look->loop);

    if (look->options.settled != NULL)
        look->options.settled(look->options.arg, told);
    /* The first answer: wait for others as long again. */
    if (told->code != KN_OK || look->answered || look->over)
        return;
    look->answered = true;
    kn_timer_set(look->timer, now + (kn_loop_clock_us() - look->started_us) / 1000);
}

static void on_joined(void *arg, size_t answered)
{
    struct kn_look *look = arg;

    if (answered == 0)
        end(look, KN_E_UNREACHABLE);
    else if (!look->reading && !look->over)
        kn_timer_set(look->timer, kn_loop_now(look->loop)); /* nobody is left to wait for */
}

/* What can be chosen: the model that was named, else those whose shape is known (decisions D2). */
static bool matters(void *arg, const char *prefix, const char *repository)
{
    const struct kn_look *look = arg;

    if (look->options.model != NULL)
        return kn_model_match(look->options.model, prefix, repository) != KN_MODEL_NO;
    return kn_model_find(repository != NULL ? repository : prefix) != NULL;
}

static enum kn_code begin(struct kn_look *look, struct kn_error *err)
{
    const struct kn_look_options *options = &look->options;
    const struct kn_join_events events = { look, NULL, on_settled, on_joined };

    if (options->met_count == 0 && !options->is_inside)
        return kn_join_start(options->network, options->bootstraps, options->bootstrap_count,
                             options->timeout_ms, &events, &look->join, err);
    assert(options->met_count <= KN_COUNT(look->met));
    look->met_count = options->met_count;
    memcpy(look->met, options->met, options->met_count * sizeof(look->met[0]));
    kn_timer_set(look->timer, kn_loop_now(look->loop));
    return KN_OK;
}

enum kn_code kn_look_start(const struct kn_look_options *options, struct kn_look **out,
                           struct kn_error *err)
{
    struct kn_look *look = kn_try_alloc(sizeof(*look));
    enum kn_code rc;

    if (look == NULL)
        return kn_fail_no_memory(err);
    look->options = *options;
    look->loop = kn_host_loop(kn_network_host(options->network));
    look->started_us = kn_loop_clock_us();
    look->end_by = kn_loop_now(look->loop) + options->timeout_ms;
    look->survey = kn_survey_new(kn_loop_unix_time());
    look->timer = kn_timer_new(look->loop, on_timer, look);
    if (options->model != NULL)
        look->nearest = kn_nearest_to(options->model);
    if (look->survey != NULL)
        kn_survey_prefer(look->survey, matters, look);
    rc = look->survey == NULL || look->timer == NULL ? kn_fail_no_memory(err) : KN_OK;
    if (rc == KN_OK)
        rc = begin(look, err);
    if (rc != KN_OK) {
        kn_look_free(look);
        return rc;
    }
    *out = look;
    return KN_OK;
}

void kn_look_free(struct kn_look *look)
{
    if (look == NULL)
        return;
    kn_dht_cancel(look->get);
    kn_join_free(look->join);
    kn_timer_free(look->timer);
    kn_survey_free(look->survey);
    kn_free(look->keys);
    kn_free(look->read);
    kn_free(look);
}

enum kn_code kn_look_code(const struct kn_look *look)
{
    return look->code;
}

const struct kn_survey *kn_look_survey(const struct kn_look *look)
{
    return look->survey;
}

const struct kn_join *kn_look_join(const struct kn_look *look)
{
    return look->join;
}

const struct kn_nearest *kn_look_nearest(const struct kn_look *look)
{
    return &look->nearest;
}

double kn_look_elapsed_ms(const struct kn_look *look)
{
    return (double)(look->ended_us - look->started_us) / 1000.0;
}

/* The keys of one model stand in a row. */
static void count_read(const struct kn_look *look, struct kn_look_progress *out)
{
    size_t n = kn_survey_keys(look->survey);
    const char *prefix = NULL;
    bool whole = false;

    for (size_t i = 0; i < n; i++) {
        const char *next = kn_survey_key(look->survey, (uint32_t)i).prefix;

        if (prefix == NULL || strcmp(prefix, next) != 0) {
            out->read += whole;
            out->models++;
            whole = true;
        }
        prefix = next;
        whole = whole && look->read[i];
        out->answered += look->read[i];
    }
    out->read += whole;
    out->keys += n;
}

struct kn_look_progress kn_look_progress(const struct kn_look *look)
{
    struct kn_look_progress out = { 0 };

    out.elapsed_ms =
        (double)((look->over ? look->ended_us : kn_loop_clock_us()) - look->started_us) / 1000.0;
    if (look->reading)
        out.keys = 1;
    if (look->read != NULL) {
        out.answered = 1;
        count_read(look, &out);
    }
    return out;
}

size_t kn_look_unanswered(const struct kn_look *look)
{
    return look->unanswered;
}
