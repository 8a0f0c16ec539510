#include "config/hours/hours_check.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/yaml/yaml.h"

enum { YEAR_S = 366 * 86400, CHANGES_MAX = 4000 };

struct check {
    struct kn_layers *layers;
    const struct kn_zones_place *place;
    int64_t now_s;
};

/* The entry of the file from which schedule `i` was read; NULL: it stands in no file. */
static const struct kn_yaml_node *entry_of(const struct kn_layers *layers,
                                           const struct kn_assignment *assignment, size_t i)
{
    const struct kn_yaml_node *node = NULL;
    struct kn_yaml_node *key;

    if (assignment->origin.layer != KN_LAYER_FILE || layers->file == NULL)
        return NULL;
    key = kn_yaml_find(layers->file->root, "resources");
    key = key != NULL ? kn_yaml_find(key->value, "schedules") : NULL;
    if (key == NULL || key->value->kind != KN_YAML_SEQUENCE)
        return NULL;
    for (node = key->value->first; node != NULL && i > 0; i--)
        node = node->next;
    return node;
}

static void report(const struct check *check, const struct kn_assignment *assignment,
                   const struct kn_yaml_node *at, enum kn_problem_kind kind,
                   const struct kn_error *err)
{
    struct kn_problem problem = {
        .kind = kind,
        .origin = assignment->origin,
        .key = assignment->setting->key,
        .of_value = true,
        .message = err->text,
        .hint = err->hint[0] != '\0' ? err->hint : NULL,
    };

    if (at != NULL && !kn_problems_full(check->layers->problems))
        kn_problem_locate(&problem, check->layers->arena, check->layers->file, at->start, at->end);
    kn_problems_add(check->layers->problems, &problem);
}

static bool zone_is_known(const struct check *check, const struct kn_assignment *assignment,
                          size_t i)
{
    const struct kn_yaml_node *entry = entry_of(check->layers, assignment, i), *at = entry;
    const struct kn_schedule *schedule = &assignment->value.schedules.at[i];
    const struct kn_yaml_node *key;
    struct kn_error err = { 0 };
    struct kn_zone zone;
    enum kn_code rc =
        kn_zones_find(check->place, schedule->timezone, check->layers->arena, &zone, &err);

    if (rc == KN_OK)
        return true;
    if (rc == KN_E_NO_MEMORY)
        kn_arena_fail(check->layers->arena);
    key = entry != NULL ? kn_yaml_find(entry, "timezone") : NULL;
    at = key != NULL ? key->value : at;
    report(check, assignment, at, KN_P_INVALID, &err);
    return false;
}

static void warn(const struct check *check, const struct kn_assignment *assignment, size_t earlier,
                 size_t later)
{
    const struct kn_schedule *all = assignment->value.schedules.at;
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "\"%.64s\" and \"%.64s\" are open at the same time",
                  all[earlier].name, all[later].name);
    kn_hint(&err, "Then the limits of \"%.64s\" hold, which stands later.", all[later].name);
    report(check, assignment, entry_of(check->layers, assignment, later), KN_P_SUSPICIOUS, &err);
}

/* Each schedule is named once, with the first that it hides. */
static void find_overlaps(const struct check *check, const struct kn_assignment *assignment,
                          const struct kn_hours *hours)
{
    struct kn_hours_now now = { 0 };
    uint64_t told = 0;
    int64_t end = check->now_s + YEAR_S;

    kn_hours_at(hours, check->now_s, &now);
    for (int i = 0; i < CHANGES_MAX && now.asked < end; i++) {
        int earlier = 0;

        while (now.winner > earlier && (now.open >> earlier & 1) == 0)
            earlier++;
        if (now.winner > earlier && (told >> now.winner & 1) == 0) {
            told |= UINT64_C(1) << now.winner;
            warn(check, assignment, (size_t)earlier, (size_t)now.winner);
        }
        if (now.until == KN_WINDOW_NEVER)
            return;
        kn_hours_at(hours, now.until, &now);
    }
}

/* False: nothing more can be said of them. */
static bool zones_are_known(const struct check *check, struct kn_assignment *assignment)
{
    for (size_t i = 0; i < assignment->value.schedules.n; i++) {
        if (!zone_is_known(check, assignment, i))
            assignment->valid = false;
    }
    return assignment->valid;
}

void kn_hours_check(struct kn_layers *layers, const struct kn_zones_place *place, int64_t now_s)
{
    const struct check check = { layers, place, now_s };
    const struct kn_setting *setting = kn_setting_find("resources.schedules");
    const struct kn_assignment *strongest = kn_layers_find(layers, setting);
    struct kn_hours hours;
    enum kn_code rc;

    for (size_t kind = 0; kind < KN_LAYER_COUNT; kind++) {
        struct kn_layer *layer = &layers->by_kind[kind];

        for (size_t i = 0; i < layer->n; i++) {
            struct kn_assignment *one = &layer->at[i];

            if (one->setting != setting || !one->valid || one->value.is != KN_GIVEN ||
                one->value.schedules.n == 0 || !zones_are_known(&check, one) || one != strongest)
                continue;
            rc = kn_hours_make(&one->value.schedules, place, layers->arena, &hours, NULL);
            if (rc == KN_OK)
                find_overlaps(&check, one, &hours);
            else if (rc == KN_E_NO_MEMORY)
                kn_arena_fail(layers->arena);
        }
    }
}
