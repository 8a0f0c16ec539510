#include "config/resolve/crosscheck.h"

#include "config/schema/check.h"

/* Should `b` be blamed rather than `a`? */
static bool is_later(const struct kn_resolved *a, const struct kn_resolved *b)
{
    if (!kn_resolved_is_explicit(b))
        return false;
    if (!kn_resolved_is_explicit(a))
        return true;
    if (a->origin.layer == KN_LAYER_FILE && b->origin.layer == KN_LAYER_FILE)
        return b->origin.line > a->origin.line ||
               (b->origin.line == a->origin.line && b->origin.column > a->origin.column);
    return b->origin.layer < a->origin.layer;
}

static const struct kn_resolved *find(const struct kn_resolved *settings, const char *key)
{
    return &settings[kn_setting_index(kn_setting_find(key))];
}

static void blame(const struct kn_check *check, const struct kn_resolved *settings,
                  const struct kn_error *err, const struct kn_yaml_document *file,
                  struct kn_problems *problems)
{
    const struct kn_resolved *guilty = find(settings, check->keys[0]);
    struct kn_problem problem = { .check = check, .message = err->text, .hint = err->hint };
    bool mixed = false;

    for (size_t i = 1; i < KN_CHECK_KEYS_MAX && check->keys[i] != NULL; i++) {
        const struct kn_resolved *one = find(settings, check->keys[i]);

        if (kn_resolved_is_explicit(one) && kn_resolved_is_explicit(guilty) &&
            one->origin.layer != guilty->origin.layer)
            mixed = true;
        if (is_later(guilty, one))
            guilty = one;
    }
    problem.kind = check->severity == KN_WARNING      ? KN_P_SUSPICIOUS
                   : !kn_resolved_is_explicit(guilty) ? KN_P_CACHE /* nobody wrote it */
                   : mixed                            ? KN_P_MERGE
                                                      : KN_P_CROSS;
    problem.key = guilty->setting->key;
    problem.origin = guilty->origin;
    if (file != NULL && guilty->origin.layer == KN_LAYER_FILE && !kn_problems_full(problems))
        kn_problem_locate(&problem, problems->arena, file, guilty->winner->start,
                          guilty->winner->end);
    kn_problems_add(problems, &problem);
}

static bool is_to_be_told(const struct kn_check *check, const struct kn_resolved *settings)
{
    for (size_t i = 0; i < KN_CHECK_KEYS_MAX && check->keys[i] != NULL; i++) {
        const struct kn_resolved *one = find(settings, check->keys[i]);

        if (!one->valid || (check->of_written && !kn_resolved_is_explicit(one)))
            return false;
    }
    return true;
}

void kn_crosscheck(const struct kn_node_config *config, const struct kn_resolved *settings,
                   const struct kn_yaml_document *file, struct kn_problems *problems)
{
    for (size_t i = 0; i < kn_check_count; i++) {
        struct kn_error err = { 0 };

        if (!kn_checks[i].holds(config, &err) && is_to_be_told(&kn_checks[i], settings))
            blame(&kn_checks[i], settings, &err, file, problems);
    }
}
