#include "config/schema/layer.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/yaml.h"

/* One value being read: where its findings go. */
struct taking {
    const struct kn_source *source;
    const struct kn_setting *setting;
    const struct kn_yaml_document *doc;
    const struct kn_origin *origin;
};

/* Does a stronger source name the setting? Only a full list of problems asks here: the others are
 * looked at when everything is read. */
static bool lost(const struct taking *taking)
{
    const struct kn_assignment *top = kn_layers_find(taking->source->layers, taking->setting);

    return top != NULL && top->origin.layer < taking->origin->layer;
}

static void report(void *arg, const struct kn_yaml_node *at, enum kn_problem_kind kind,
                   const struct kn_error *err)
{
    const struct taking *taking = arg;
    struct kn_problems *problems = taking->source->layers->problems;
    bool secret = taking->setting->secret;
    struct kn_problem problem = {
        .kind = kind,
        .origin = *taking->origin,
        .key = taking->setting->key,
        .of_value = true,
        .message = secret ? "the value is not one that the setting accepts" : err->text,
        .hint = secret && taking->setting->form == NULL ? NULL : err->hint,
    };

    if (!secret && at->kind == KN_YAML_SCALAR)
        problem.value = at->text;
    if (taking->doc != NULL && !kn_problems_full(problems)) {
        kn_problem_locate(&problem, problems->arena, taking->doc, at->start, at->end);
        if (secret)
            problem.excerpt = NULL;
    }
    if (kn_problems_full(problems) && kn_problem_info(kind)->severity == KN_ERROR && lost(taking))
        problem.kind = KN_P_HIDDEN;
    kn_problems_add(problems, &problem);
}

/* Built-in values name every setting, files often do; the others name few. */
static size_t first_room(enum kn_layer_kind kind)
{
    return kind == KN_LAYER_FALLBACK || kind == KN_LAYER_FILE ? kn_setting_count : 8;
}

static void add(struct kn_layers *layers, const struct kn_assignment *assignment)
{
    struct kn_layer *layer = &layers->by_kind[assignment->origin.layer];

    if (layer->n == layer->room) {
        size_t room = layer->room > 0 ? 2 * layer->room : first_room(assignment->origin.layer);
        struct kn_assignment *at = kn_arena_alloc(layers->arena, room * sizeof(*at));

        if (at == NULL)
            return;
        if (layer->n > 0)
            memcpy(at, layer->at, layer->n * sizeof(*at));
        layer->at = at;
        layer->room = room;
    }
    layer->at[layer->n++] = *assignment;
}

void kn_layer_read(const struct kn_source *source, const struct kn_setting *setting,
                   const struct kn_yaml_node *node, const struct kn_yaml_document *doc,
                   const struct kn_origin *origin, bool append)
{
    struct taking taking = { source, setting, doc, origin };
    struct kn_reading reading = {
        .setting = setting,
        .arena = source->layers->arena,
        .built_in = origin->layer == KN_LAYER_FALLBACK,
        .base = source->base,
        .lookup = source->lookup,
        .lookup_arg = source->lookup_arg,
        .report = report,
        .report_arg = &taking,
    };
    struct kn_assignment assignment = { .setting = setting,
                                        .origin = *origin,
                                        .append = append,
                                        .start = node->start,
                                        .end = node->end };

    assignment.valid = kn_value_read(&reading, node, &assignment.value);
    if (!assignment.valid || assignment.value.is != KN_ABSENT)
        add(source->layers, &assignment);
}

void kn_layer_read_word(const struct kn_source *source, const struct kn_setting *setting,
                        const char *word, const struct kn_origin *origin, bool append)
{
    struct kn_yaml_node node = kn_yaml_word(word);

    kn_layer_read(source, setting, &node, NULL, origin, append);
}

const struct kn_assignment *kn_layers_find(const struct kn_layers *layers,
                                           const struct kn_setting *setting)
{
    for (size_t kind = 0; kind < KN_LAYER_COUNT; kind++) {
        const struct kn_layer *layer = &layers->by_kind[kind];

        for (size_t i = layer->n; i > 0; i--) {
            if (layer->at[i - 1].setting == setting && !layer->at[i - 1].append)
                return &layer->at[i - 1];
        }
    }
    return NULL;
}
