#include "config/resolve/snapshot.h"

#include <stdatomic.h>
#include <string.h>

#include "config/resolve/crosscheck.h"
#include "lib/base/arena.h"

struct kn_snapshot {
    atomic_uint references;
    struct kn_arena *arena;
    struct kn_node_config config;
    struct kn_problems problems;
    struct kn_resolved *settings; /* kn_setting_count, in the order of the table */
    struct kn_calibrated calibrated;
};

/* Link the assignments of each setting, strongest first. */
static void link_assignments(struct kn_snapshot *snapshot, struct kn_layers *layers)
{
    /* From the weakest up, each new one goes in front. */
    for (size_t kind = KN_LAYER_COUNT; kind > 0; kind--) {
        struct kn_layer *layer = &layers->by_kind[kind - 1];

        for (size_t i = 0; i < layer->n; i++) {
            struct kn_assignment *assignment = &layer->at[i];
            struct kn_resolved *resolved =
                &snapshot->settings[kn_setting_index(assignment->setting)];

            assignment->weaker = resolved->assignments;
            resolved->assignments = assignment;
        }
    }
}

static const struct kn_assignment *skip_appended(const struct kn_assignment *at)
{
    while (at != NULL && at->append)
        at = at->weaker;
    return at;
}

/*
 * The strongest assignment. When it says `auto`, it hides the explicit ones below it and hands
 * over to the strongest computed value; when nothing computed one, `auto` itself stands.
 */
static const struct kn_assignment *choose(const struct kn_assignment *first)
{
    const struct kn_assignment *top = skip_appended(first);

    if (top == NULL || !top->valid || top->value.is != KN_AUTO)
        return top;
    for (const struct kn_assignment *at = top; at != NULL; at = skip_appended(at->weaker)) {
        if (!kn_layer_is_explicit(at->origin.layer) && at->valid && at->value.is != KN_AUTO)
            return at;
    }
    return top;
}

static bool contains(const char *const *texts, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(texts[i], text) == 0)
            return true;
    }
    return false;
}

static size_t add_texts(const char **texts, size_t n, const struct kn_value *value)
{
    for (size_t i = 0; value->is == KN_GIVEN && i < value->texts.n; i++) {
        if (!contains(texts, n, value->texts.at[i]))
            texts[n++] = value->texts.at[i];
    }
    return n;
}

/* What has to be put behind the list that won. */
struct appended {
    const struct kn_assignment *strongest; /* NULL: nothing */
    size_t count;
    size_t room; /* for all lists of the setting together */
    bool valid;
};

static struct appended find_appended(const struct kn_resolved *resolved)
{
    struct appended found = { .valid = true };

    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker) {
        if (at->valid && at->value.is == KN_GIVEN)
            found.room += at->value.texts.n;
        if (!at->append)
            continue;
        found.count++;
        if (found.strongest == NULL)
            found.strongest = at;
        if (!at->valid)
            found.valid = false;
    }
    return found;
}

/* Add the appended lists in the order of the command line: the weakest stood first. */
static size_t add_appended(const char **texts, size_t n, const struct kn_resolved *resolved,
                           const struct kn_assignment **order, size_t count)
{
    size_t i = count;

    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker) {
        if (at->append)
            order[--i] = at;
    }
    for (; i < count; i++) {
        if (order[i]->valid)
            n = add_texts(texts, n, &order[i]->value);
    }
    return n;
}

/* More items than any one list may have. */
static void refuse_length(struct kn_snapshot *snapshot, struct kn_resolved *resolved,
                          const struct kn_assignment *strongest)
{
    struct kn_problem problem = { .kind = KN_P_OUT_OF_RANGE,
                                  .origin = strongest->origin,
                                  .key = resolved->setting->key,
                                  .of_value = true };

    problem.message =
        kn_arena_printf(snapshot->arena, "the list has more than %d items", KN_LIST_MAX);
    resolved->valid = false;
    if (problem.message != NULL)
        kn_problems_add(&snapshot->problems, &problem);
}

/* Put what --bootstrap names behind the list that won; a built-in list gives way to it. */
static bool append(struct kn_snapshot *snapshot, struct kn_resolved *resolved)
{
    struct appended found = find_appended(resolved);
    const struct kn_assignment **order;
    size_t base = 0, n;
    const char **texts;

    if (found.strongest == NULL)
        return true;
    if (found.room > KN_LIST_MAX) {
        refuse_length(snapshot, resolved, found.strongest);
        return true;
    }
    texts = kn_arena_alloc(snapshot->arena, found.room * sizeof(*texts));
    order = kn_arena_alloc(snapshot->arena, found.count * sizeof(struct kn_assignment *));
    if (texts == NULL || order == NULL)
        return false;
    if (resolved->origin.layer != KN_LAYER_FALLBACK)
        base = add_texts(texts, 0, &resolved->value);
    n = add_appended(texts, base, resolved, order, found.count);
    if (base > 0) {
        resolved->origin.text =
            kn_arena_printf(snapshot->arena, "and %zu from --bootstrap", n - base);
    } else {
        resolved->origin = found.strongest->origin;
        resolved->winner = found.strongest;
    }
    resolved->valid = resolved->valid && found.valid;
    resolved->value = (struct kn_value){ .is = KN_GIVEN };
    resolved->value.texts = (struct kn_texts){ n, texts };
    return true;
}

static const struct kn_assignment *fallback_of(const struct kn_resolved *resolved)
{
    const struct kn_assignment *at = resolved->assignments;

    while (at->weaker != NULL)
        at = at->weaker;
    return at;
}

static bool resolve_one(struct kn_snapshot *snapshot, const struct kn_setting *setting)
{
    struct kn_resolved *resolved = &snapshot->settings[kn_setting_index(setting)];
    const struct kn_assignment *winner = choose(resolved->assignments);

    resolved->setting = setting;
    if (winner == NULL) /* memory ran out before the fallback was added */
        return false;
    resolved->winner = winner;
    resolved->valid = winner->valid;
    resolved->value = winner->valid ? winner->value : fallback_of(resolved)->value;
    resolved->origin = winner->origin;
    if (setting->type->shape == KN_SHAPE_LIST && !append(snapshot, resolved))
        return false;
    setting->type->store(&resolved->value, (char *)&snapshot->config + setting->offset);
    return true;
}

/* A mistake in a layer that lost must not stop anybody: it becomes a warning. */
static void hide_losers(struct kn_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->problems.n; i++) {
        struct kn_problem *problem = &snapshot->problems.at[i];
        const struct kn_setting *setting =
            problem->of_value && problem->key != NULL ? kn_setting_find(problem->key) : NULL;
        const struct kn_assignment *top;

        if (setting == NULL || kn_problem_info(problem->kind)->severity != KN_ERROR)
            continue;
        top = skip_appended(snapshot->settings[kn_setting_index(setting)].assignments);
        if (top != NULL && top->origin.layer < problem->origin.layer)
            kn_problem_hide(&snapshot->problems, problem);
    }
}

static void note_no_effect(struct kn_snapshot *snapshot)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_resolved *resolved = &snapshot->settings[i];
        struct kn_problem problem = { .kind = KN_P_NO_EFFECT,
                                      .origin = resolved->origin,
                                      .key = kn_settings[i].key,
                                      .message = "accepted, has no effect yet" };

        if (kn_settings[i].obeyed_by == NULL && kn_resolved_is_explicit(resolved) &&
            resolved->valid)
            kn_problems_add_static(&snapshot->problems, &problem);
    }
}

static bool resolve(struct kn_snapshot *snapshot, struct kn_layers *layers)
{
    snapshot->settings =
        kn_arena_alloc(snapshot->arena, kn_setting_count * sizeof(*snapshot->settings));
    if (snapshot->settings == NULL)
        return false;
    link_assignments(snapshot, layers);
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (!resolve_one(snapshot, &kn_settings[i]))
            return false;
    }
    hide_losers(snapshot);
    kn_crosscheck(&snapshot->config, snapshot->settings, layers->file, &snapshot->problems);
    note_no_effect(snapshot);
    kn_problems_sort(&snapshot->problems);
    return !kn_arena_failed(snapshot->arena);
}

enum kn_code kn_snapshot_new(struct kn_layers *layers, struct kn_snapshot **out)
{
    struct kn_arena *arena = layers->arena;
    struct kn_snapshot *snapshot = kn_arena_alloc(arena, sizeof(*snapshot));

    if (snapshot != NULL) {
        atomic_init(&snapshot->references, 1);
        snapshot->arena = arena;
        snapshot->problems = *layers->problems;
        snapshot->calibrated = layers->calibrated;
    }
    if (snapshot == NULL || !resolve(snapshot, layers)) {
        kn_arena_free(arena);
        return KN_E_NO_MEMORY;
    }
    *out = snapshot;
    return KN_OK;
}

struct kn_snapshot *kn_snapshot_ref(struct kn_snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
    return snapshot;
}

void kn_snapshot_unref(struct kn_snapshot *snapshot)
{
    if (snapshot != NULL && atomic_fetch_sub(&snapshot->references, 1) == 1)
        kn_arena_free(snapshot->arena); /* the snapshot lies in it too */
}

const struct kn_node_config *kn_snapshot_config(const struct kn_snapshot *snapshot)
{
    return &snapshot->config;
}

const struct kn_resolved *kn_snapshot_get(const struct kn_snapshot *snapshot,
                                          const struct kn_setting *setting)
{
    return &snapshot->settings[kn_setting_index(setting)];
}

bool kn_snapshot_is_from(const struct kn_snapshot *snapshot, const char *key,
                         enum kn_layer_kind layer)
{
    return kn_snapshot_get(snapshot, kn_setting_find(key))->origin.layer == layer;
}

const struct kn_calibrated *kn_snapshot_calibrated(const struct kn_snapshot *snapshot)
{
    return &snapshot->calibrated;
}

const struct kn_problems *kn_snapshot_problems(const struct kn_snapshot *snapshot)
{
    return &snapshot->problems;
}

bool kn_snapshot_is_valid(const struct kn_snapshot *snapshot)
{
    return snapshot->problems.errors == 0;
}

const struct kn_setting *kn_snapshot_diff(const struct kn_snapshot *a, const struct kn_snapshot *b,
                                          size_t *at)
{
    while (*at < kn_setting_count) {
        size_t i = (*at)++;

        if (!kn_value_equal(&kn_settings[i], &a->settings[i].value, &b->settings[i].value))
            return &kn_settings[i];
    }
    return NULL;
}
