#include "config/sources/cache.h"

#include <stdio.h>
#include <string.h>

#include "config/schema/words.h"
#include "config/sources/file.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/codec/multiaddr.h"
#include "lib/yaml/yaml.h"

/* One cache being read. */
struct taking {
    const struct kn_source *source;
    const struct kn_yaml_document *doc;
    const char *name;
    int64_t age_s;
    const struct kn_yaml_node *reasons;
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

    return node != NULL && node->kind == KN_YAML_SCALAR ? node->text : NULL;
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
    struct kn_problems *problems = layers->problems;
    struct kn_yaml_position position = kn_yaml_locate(taking->doc, node->start);
    struct kn_origin origin = { .layer = KN_LAYER_CACHE,
                                .name = taking->name,
                                .line = position.line,
                                .column = position.column,
                                .text = reason,
                                .age_s = taking->age_s };

    layers->problems = &taking->scratch;
    kn_layer_read(taking->source, setting, node, taking->doc, &origin, false);
    layers->problems = problems;
}

static void take_setting(void *arg, const struct kn_setting *setting,
                         const struct kn_yaml_node *key)
{
    struct taking *taking = arg;
    const char *reason = get_text(taking->reasons, setting->key);

    take_value(taking, setting, key->value, kn_arena_dup(taking->source->layers->arena, reason));
}

static void count_wrong(void *arg, const char *path, const struct kn_yaml_node *key)
{
    struct taking *taking = arg;

    (void)path;
    (void)key;
    taking->scratch.errors++;
}

/* Does the cached list name exactly the peers of the bootstraps that hold now? */
static bool same_swarm(const struct kn_source *source, const struct kn_yaml_node *cached)
{
    const struct kn_setting *setting = kn_setting_find("network.bootstrap_peers");
    const struct kn_assignment *winner = kn_layers_find(source->layers, setting);
    size_t named = 0;

    if (cached == NULL || cached->kind != KN_YAML_SEQUENCE || winner == NULL ||
        winner->value.is != KN_GIVEN)
        return false;
    for (const struct kn_yaml_node *id = cached->first; id != NULL; id = id->next, named++) {
        bool found = false;

        for (size_t i = 0; i < winner->value.texts.n && !found; i++) {
            const char *address = winner->value.texts.at[i];
            struct kn_multiaddr_facts facts;

            found = kn_multiaddr_check(address, &facts, NULL) == KN_OK && facts.has_peer_id &&
                    id->kind == KN_YAML_SCALAR && id->length == facts.peer_id.n &&
                    memcmp(id->text, address + facts.peer_id.at, facts.peer_id.n) == 0;
        }
        if (!found)
            return false;
    }
    return named > 0;
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

/* A model that somebody names must be the one that was calibrated. */
static bool same_model(const struct kn_source *source, const char *calibrated)
{
    const struct kn_assignment *winner =
        kn_layers_find(source->layers, kn_setting_find("model.name"));

    return winner == NULL || !winner->valid || winner->value.is != KN_GIVEN ||
           strcmp(winner->value.text, calibrated) == 0;
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
    if (model == NULL || !same_model(source, model))
        return; /* of another model: nothing to say about this one */
    blocks = get(get(get(top, "profiles"), preset), "blocks");
    total = get(top, "total_blocks");
    if (blocks != NULL)
        take_value(&taking, kn_setting_find("model.blocks"), blocks,
                   kn_arena_printf(source->layers->arena, "calibrated, %s preset", preset));
    if (total != NULL)
        take_value(&taking, kn_setting_find("model.total_blocks"), total,
                   "of the calibrated model");
    if (taking.scratch.errors > 0)
        warn(&taking, "some values of the cache are wrong and were left out");
}
