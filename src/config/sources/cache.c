#include "config/sources/cache.h"

#include <stdio.h>
#include <string.h>

#include "config/schema/words.h"
#include "config/sources/file.h"
#include "config/sources/measured.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/codec/multiaddr.h"
#include "lib/yaml/yaml.h"

/* One cache being read. */
struct taking {
    const struct kn_source *source;
    const struct kn_yaml_document *doc;
    const char *name;
    int64_t age_s;
    const struct kn_yaml_node *reasons;
    bool other_model, other_plan; /* what is cached belongs to something else than is asked for */
    struct kn_problems scratch; /* what is wrong inside a cache is said once, not value by value */
};

static void warn(const struct taking *taking, const char *message)
{
    struct kn_problem problem = {
        .kind = KN_P_CACHE,
        .origin = { .layer = KN_LAYER_CACHE, .name = taking->name, .age_s = taking->age_s },
        .message = message,
        .hint = "The next start builds it anew."
    };

    kn_problems_add(taking->source->layers->problems, &problem);
}

static bool two_digits(const char *at, int *out)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *out = (at[0] - '0') * 10 + (at[1] - '0');
    return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, by counting years from March. */
static int64_t days_to(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool kn_time_parse(const char *text, int64_t *out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    int century, years, month, day, hour, minute, second;

    if (strlen(text) != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        if (shape[i] != 'd' && text[i] != shape[i])
            return false;
    }
    if (!two_digits(text, &century) || !two_digits(text + 2, &years) ||
        !two_digits(text + 5, &month) || !two_digits(text + 8, &day) ||
        !two_digits(text + 11, &hour) || !two_digits(text + 14, &minute) ||
        !two_digits(text + 17, &second))
        return false;
    if (century < 19 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    *out = days_to((int64_t)century * 100 + years, month, day) * 86400 + (int64_t)hour * 3600 +
           (int64_t)minute * 60 + second;
    return true;
}

static const struct kn_yaml_node *get(const struct kn_yaml_node *map, const char *name)
{
    const struct kn_yaml_node *key = map != NULL ? kn_yaml_find(map, name) : NULL;

    return key != NULL ? key->value : NULL;
}

static const char *get_text(const struct kn_yaml_node *map, const char *name)
{
    const struct kn_yaml_node *node = get(map, name);

    return node != NULL && node->kind == KN_YAML_SCALAR && !kn_yaml_is_null(node) ? node->text
                                                                                  : NULL;
}

/* The top map of the right shape with a time in it, or NULL after a warning. */
static const struct kn_yaml_node *begin(struct taking *taking, const char *top, int64_t now_s)
{
    const struct kn_yaml_node *map = taking->doc->fault_total == 0 ? taking->doc->root : NULL;
    const char *timestamp;
    int64_t then_s;

    map = map != NULL ? get(map, top) : NULL;
    timestamp = get_text(map, "timestamp");
    if (timestamp == NULL || !kn_time_parse(timestamp, &then_s)) {
        warn(taking, "the cache is not readable and was left out");
        return NULL;
    }
    taking->age_s = now_s > then_s ? now_s - then_s : 0;
    return map;
}

/* Read one value into the cache layer; what is wrong with it stays in the scratch list. */
static void take_value(struct taking *taking, const struct kn_setting *setting,
                       const struct kn_yaml_node *node, const char *reason)
{
    struct kn_layers *layers = taking->source->layers;
    struct kn_layer *layer = &layers->by_kind[KN_LAYER_CACHE];
    struct kn_problems *problems = layers->problems;
    size_t before = layer->n;
    struct kn_yaml_position position = kn_yaml_locate(taking->doc, node->start);
    struct kn_origin origin = { .layer = KN_LAYER_CACHE,
                                .name = taking->name,
                                .line = position.line,
                                .column = position.column,
                                .text = reason,
                                .age_s = taking->age_s };

    if (!(setting->accepts & KN_ACCEPTS_AUTO)) { /* nothing that a machine decides */
        taking->scratch.errors++;
        return;
    }
    layers->problems = &taking->scratch;
    kn_layer_read(taking->source, setting, node, taking->doc, &origin, false);
    layers->problems = problems;
    if (layer->n > before &&
        (!layer->at[layer->n - 1].valid || layer->at[layer->n - 1].value.is != KN_GIVEN))
        layer->n = before; /* as if the cache did not name it */
}

static void count_wrong(void *arg, const char *path, const struct kn_yaml_node *key)
{
    struct taking *taking = arg;

    (void)path;
    (void)key;
    taking->scratch.errors++;
}

/* The ids of the peers through which the node enters the network, as the resolver will see them. */
struct swarm {
    const char **ids; /* room for KN_LIST_MAX */
    size_t n;
    bool clear; /* every address has its id */
};

static void add_peers(struct swarm *swarm, struct kn_arena *arena,
                      const struct kn_assignment *assignment)
{
    const struct kn_texts *texts = &assignment->value.texts;

    if (!assignment->valid || assignment->value.is != KN_GIVEN)
        return;
    for (size_t i = 0; i < texts->n && swarm->n < KN_LIST_MAX; i++) {
        struct kn_multiaddr_facts facts;
        const char *id = NULL;

        if (kn_multiaddr_check(texts->at[i], &facts, NULL) == KN_OK && facts.has_peer_id)
            id = kn_arena_dup_n(arena, texts->at[i] + facts.peer_id.at, facts.peer_id.n);
        if (id != NULL)
            swarm->ids[swarm->n++] = id;
        swarm->clear &= id != NULL;
    }
}

/* The list that wins, and what --bootstrap adds; the built-in list gives way to that. */
static struct swarm find_swarm(const struct kn_layers *layers)
{
    const struct kn_setting *setting = kn_setting_find("network.bootstrap_peers");
    const struct kn_layer *flags = &layers->by_kind[KN_LAYER_CLI];
    const struct kn_assignment *winner = kn_layers_find(layers, setting);
    struct swarm swarm = { .clear = true };

    swarm.ids = kn_arena_alloc(layers->arena, KN_LIST_MAX * sizeof(*swarm.ids));
    if (swarm.ids == NULL)
        return (struct swarm){ 0 };
    for (size_t i = 0; i < flags->n; i++) {
        if (flags->at[i].setting == setting && flags->at[i].append)
            add_peers(&swarm, layers->arena, &flags->at[i]);
    }
    if (winner != NULL && (winner->origin.layer != KN_LAYER_FALLBACK || swarm.n == 0))
        add_peers(&swarm, layers->arena, winner);
    return swarm;
}

static bool names_peer(const struct kn_yaml_node *list, const char *id)
{
    for (const struct kn_yaml_node *node = list->first; node != NULL; node = node->next) {
        if (node->kind == KN_YAML_SCALAR && strcmp(node->text, id) == 0)
            return true;
    }
    return false;
}

/* Does the cached list name exactly the peers of the bootstraps that hold now? */
static bool same_swarm(const struct kn_source *source, const struct kn_yaml_node *cached)
{
    struct swarm swarm;

    if (cached == NULL || cached->kind != KN_YAML_SEQUENCE || cached->count > KN_LIST_MAX)
        return false;
    swarm = find_swarm(source->layers);
    for (size_t i = 0; i < swarm.n; i++) {
        if (!names_peer(cached, swarm.ids[i]))
            return false;
    }
    for (const struct kn_yaml_node *id = cached->first; id != NULL; id = id->next) {
        bool found = false;

        for (size_t i = 0; i < swarm.n && !found; i++)
            found = id->kind == KN_YAML_SCALAR && strcmp(id->text, swarm.ids[i]) == 0;
        if (!found)
            return false;
    }
    return swarm.clear && swarm.n > 0;
}

/* A value that somebody wrote; NULL when nobody did, or it says auto. */
static const struct kn_value *written(const struct kn_source *source, const char *key)
{
    const struct kn_assignment *winner = kn_layers_find(source->layers, kn_setting_find(key));

    return winner != NULL && winner->origin.layer <= KN_LAYER_FILE && winner->valid &&
                   winner->value.is == KN_GIVEN
               ? &winner->value
               : NULL;
}

/* One of the two may be written with its owner. */
static bool is_named(const char *name, const char *model)
{
    const char *a = strrchr(name, '/'), *b = strrchr(model, '/');

    if (a != NULL && b != NULL)
        return strcmp(name, model) == 0;
    return strcmp(a != NULL ? a + 1 : name, b != NULL ? b + 1 : model) == 0;
}

/* A model that somebody names must be the one that was looked at. */
static bool same_model(const struct kn_source *source, const char *model)
{
    const struct kn_value *named = written(source, "model.name");

    return named == NULL || (model != NULL && is_named(named->text, model));
}

/* The same, where an earlier start's choice is a name too: a calibration is of one model. */
static bool calibrated_model(const struct kn_source *source, const char *model)
{
    const struct kn_assignment *winner =
        kn_layers_find(source->layers, kn_setting_find("model.name"));

    return winner == NULL || !winner->valid || winner->value.is != KN_GIVEN ||
           is_named(winner->value.text, model);
}

/* A whole number of the cached settings; -1: there is none. */
static int64_t cached_number(const struct kn_yaml_node *model, const char *name)
{
    const char *text = get_text(model, name);
    int64_t number = 0;

    if (text == NULL || text[0] == '\0' || strlen(text) > 9 ||
        strspn(text, "0123456789") != strlen(text))
        return -1;
    for (; *text != '\0'; text++)
        number = 10 * number + (*text - '0');
    return number;
}

static bool is_or_not_written(const struct kn_source *source, const char *key, int64_t cached)
{
    const struct kn_value *value = written(source, key);

    return value == NULL || value->integer == cached;
}

/* The cached assignment is one plan: whoever pins another part of it asks for another plan. */
static bool same_plan(const struct kn_source *source, const struct kn_yaml_node *model)
{
    int64_t start = cached_number(model, "start_block"), end = cached_number(model, "end_block");

    return is_or_not_written(source, "model.start_block", start) &&
           is_or_not_written(source, "model.end_block", end) &&
           is_or_not_written(source, "model.blocks", end - start) &&
           is_or_not_written(source, "model.total_blocks", cached_number(model, "total_blocks"));
}

static bool is_of_plan(const struct kn_setting *setting)
{
    return strcmp(setting->key, "model.start_block") == 0 ||
           strcmp(setting->key, "model.end_block") == 0 ||
           strcmp(setting->key, "model.blocks") == 0;
}

static void take_setting(void *arg, const struct kn_setting *setting,
                         const struct kn_yaml_node *key)
{
    struct taking *taking = arg;
    const char *reason = get_text(taking->reasons, setting->key);

    if ((taking->other_model && strncmp(setting->key, "model.", 6) == 0) ||
        (taking->other_plan && is_of_plan(setting)))
        return;
    take_value(taking, setting, key->value, kn_arena_dup(taking->source->layers->arena, reason));
}

void kn_cache_take_discovery(const struct kn_source *source, const struct kn_yaml_document *doc,
                             const char *name, int64_t now_s)
{
    struct taking taking = { .source = source, .doc = doc, .name = name, .age_s = -1 };
    struct kn_walk how = { &taking, take_setting, count_wrong, count_wrong };
    const struct kn_yaml_node *top, *settings;

    taking.scratch = kn_problems_new(source->layers->arena, KN_COUNT_ONLY);
    top = begin(&taking, "discovery", now_s);
    if (top == NULL)
        return;
    if (!same_swarm(source, get(top, "bootstraps"))) {
        warn(&taking, "the cache is of another swarm and was left out");
        return;
    }
    if (taking.age_s > KN_CACHE_FRESH_S)
        warn(&taking, "the cache is older than 24 hours; it is used until it is refreshed");
    taking.reasons = get(top, "reasons");
    settings = get(top, "settings");
    taking.other_model = !same_model(source, get_text(get(settings, "model"), "name"));
    taking.other_plan = !same_plan(source, get(settings, "model"));
    if (settings != NULL && settings->kind == KN_YAML_MAPPING)
        kn_file_walk(&how, settings);
    if (taking.scratch.errors > 0)
        warn(&taking, "some values of the cache are wrong and were left out");
}

/* The preset that holds now: its word and its place. */
static const char *preset_word(const struct kn_source *source)
{
    const struct kn_assignment *winner =
        kn_layers_find(source->layers, kn_setting_find("calibration.preset"));

    return winner != NULL && winner->valid && winner->value.is == KN_GIVEN
               ? kn_words_preset[winner->value.integer].name
               : kn_words_preset[KN_PRESET_RECOMMENDED].name;
}

/* Is the number of blocks said already, by both ends or by the size of the model? */
static bool is_counted(const struct kn_source *source)
{
    const struct kn_assignment *end =
        kn_layers_find(source->layers, kn_setting_find("model.end_block"));

    return (end != NULL && end->origin.layer == KN_LAYER_CACHE) ||
           written(source, "model.total_blocks") != NULL ||
           (written(source, "model.start_block") != NULL &&
            written(source, "model.end_block") != NULL);
}

/* Somebody asks for something else than the machine was calibrated for, or for it no longer. */
static bool other_settings(const struct kn_source *source, const struct kn_yaml_node *settings)
{
    bool other = false;

    if (settings == NULL || settings->kind != KN_YAML_MAPPING)
        return false; /* of a program that did not keep them */
    for (const struct kn_yaml_node *key = settings->first; key != NULL; key = key->next) {
        const char *name = key->kind == KN_YAML_SCALAR ? key->text : "";
        const struct kn_setting *setting = kn_setting_find(name);
        const struct kn_value *value = setting != NULL ? written(source, name) : NULL;
        const char *cached = get_text(settings, name);
        struct kn_text now = { 0 };

        if (value != NULL)
            kn_value_print(setting, value, &now);
        if (now.failed)
            kn_arena_fail(source->layers->arena);
        if (cached == NULL || strcmp(cached, value != NULL ? kn_text_get(&now) : "auto") != 0)
            other = true;
        kn_text_done(&now);
    }
    return other;
}

/* Was this found out on another machine, or for other settings? Says so. */
static bool is_of_another(struct taking *taking, const struct kn_yaml_node *top)
{
    const char *cached = get_text(top, "fingerprint"), *machine = taking->source->machine;

    if (machine != NULL && cached != NULL && strcmp(machine, cached) != 0)
        warn(taking, "the cache is of another machine and was left out");
    else if (taking->source->layers->calibrated.for_others)
        warn(taking, "the cache was made for other settings and was left out");
    else
        return false;
    return true;
}

/* Whoever plans by the hardware of now asks for this: config/resolve/snapshot.h. */
static void note_origin(const struct taking *taking, const struct kn_yaml_node *top,
                        const char *preset, int64_t now_s)
{
    struct kn_layers *layers = taking->source->layers;
    const char *machine = get_text(top, "fingerprint"), *chosen = get_text(top, "preset");

    layers->calibrated.machine = kn_arena_dup(layers->arena, machine != NULL ? machine : "");
    layers->calibrated.for_others = other_settings(taking->source, get(top, "settings"));
    kn_measured_read(top, &layers->calibrated.measured);
    layers->calibrated.measured_age_s = now_s - layers->calibrated.measured.at_s;
    layers->calibrated.for_another_preset = chosen != NULL && strcmp(chosen, preset) != 0;
}

static bool is_none(const struct kn_yaml_node *blocks)
{
    return blocks->kind == KN_YAML_SCALAR && strcmp(blocks->text, "0") == 0;
}

void kn_cache_take_calibration(const struct kn_source *source, const struct kn_yaml_document *doc,
                               const char *name, int64_t now_s)
{
    struct taking taking = { .source = source, .doc = doc, .name = name, .age_s = -1 };
    const struct kn_yaml_node *top, *blocks, *total;
    const char *preset = preset_word(source), *model;

    taking.scratch = kn_problems_new(source->layers->arena, KN_COUNT_ONLY);
    top = begin(&taking, "calibration", now_s);
    if (top == NULL)
        return;
    model = get_text(top, "model");
    if (model == NULL)
        warn(&taking, "the cache is not readable and was left out");
    if (model == NULL || !calibrated_model(source, model))
        return; /* of another model: nothing to say about this one */
    note_origin(&taking, top, preset, now_s);
    if (is_of_another(&taking, top))
        return;
    blocks = get(get(get(top, "profiles"), preset), "blocks");
    total = get(top, "total_blocks");
    if (blocks != NULL && !is_none(blocks) && !is_counted(source))
        take_value(
            &taking, kn_setting_find("model.blocks"), blocks,
            kn_arena_printf(source->layers->arena, "calibrated%s, %s preset",
                            source->layers->calibrated.measured.at_s > 0 ? " by running it" : "",
                            preset));
    if (total != NULL)
        take_value(&taking, kn_setting_find("model.total_blocks"), total,
                   "of the calibrated model");
    if (taking.scratch.errors > 0)
        warn(&taking, "some values of the cache are wrong and were left out");
}
