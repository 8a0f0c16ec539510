#include "config/discovery/choose_model.h"

#include <string.h>

#include "config/discovery/model_table.h"
#include "lib/base/arena.h"

struct choosing {
    const struct kn_model_question *question;
    struct kn_arena *arena;
    struct kn_model_choice *out;
    struct kn_passed_over *passed_over; /* room for every model */
};

static const struct kn_swarm_facts nobody = { .is_known = false };

static const char *name_of(const struct kn_model_facts *model)
{
    return model->repository != NULL ? model->repository : model->prefix;
}

static const struct kn_local_model *find_local(const struct kn_model_question *question,
                                               const char *word)
{
    for (size_t i = 0; i < question->local_count; i++) {
        if (kn_model_same(question->local[i].repository, word))
            return &question->local[i];
    }
    return NULL;
}

/* What is known of a model without asking the network; KN_SIZE_UNKNOWN when nothing is. */
static struct kn_model_size known_size(const struct kn_model_question *question, const char *word)
{
    const struct kn_local_model *local = find_local(question, word);
    const struct kn_model_row *row;

    if (local != NULL)
        return kn_model_size_of(&local->shape, KN_SIZE_CONFIG);
    row = kn_model_find(word);
    if (row != NULL)
        return kn_model_size_of(&row->shape, KN_SIZE_TABLE);
    return (struct kn_model_size){ .source = KN_SIZE_UNKNOWN };
}

static bool is_served(const struct kn_model_question *question, enum kn_model_family family)
{
    return (question->families & KN_FAMILY_BIT(family)) != 0;
}

static void plan(struct choosing *c, const struct kn_model_size *size)
{
    struct kn_model_choice *out = c->out;

    out->size = *size;
    kn_format_choose(c->question->hardware, &out->room, c->question->wish, &out->format);
    kn_fit_plan(size, &out->room, &out->format, c->question->wish->cache_tokens, &out->fit);
}

/* Why a model of the swarm is not for this machine; NULL when it is, and then it is planned. */
/* What is wrong with it on every machine. */
static const char *objection(const struct kn_model_facts *model, const struct kn_model_size *size,
                             unsigned families, struct kn_arena *arena)
{
    if (size->source == KN_SIZE_UNKNOWN)
        return "its shape is not known: no config.json is here, and the table has no such model";
    if ((families & KN_FAMILY_BIT(size->family)) == 0)
        return kn_arena_printf(arena, "this version does not serve the family %s",
                               kn_family_word(size->family));
    if (model->num_blocks != size->blocks)
        return kn_arena_printf(arena, "the registry says %u blocks, the model has %u",
                               model->num_blocks, size->blocks);
    return NULL;
}

const char *kn_model_objection(const struct kn_model_facts *model, unsigned families,
                               struct kn_arena *arena)
{
    const struct kn_model_question nothing = { .families = families };
    struct kn_model_size size = known_size(&nothing, name_of(model));

    return objection(model, &size, families, arena);
}

/* Who writes how many blocks there are wants no model of another number. */
static const char *miscounted(const struct choosing *c, const struct kn_model_size *size)
{
    if (c->question->blocks == 0 || c->question->blocks == size->blocks)
        return NULL;
    return kn_arena_printf(c->arena, "it has %u blocks, and model.total_blocks is %u", size->blocks,
                           c->question->blocks);
}

static const char *refusal(struct choosing *c, const struct kn_model_facts *model)
{
    struct kn_model_size size = known_size(c->question, name_of(model));
    const char *why = objection(model, &size, c->question->families, c->arena);

    if (why == NULL)
        why = miscounted(c, &size);
    if (why != NULL)
        return why;
    plan(c, &size);
    if (c->out->fit.profiles[KN_PRESET_MAX].blocks == 0)
        return kn_arena_dup(c->arena, c->out->fit.reason);
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_spelled_by_petals(const char *prefix)
{
    return ends_with(prefix, "-hf") || ends_with(prefix, "-petals");
}

/* The spelling to announce under: the registered one, of two the one with more providers, then
 * Petals'. */
static const char *choose_prefix(const struct kn_swarm_facts *swarm, const char *word)
{
    const struct kn_model_facts *best = NULL;

    for (size_t i = 0; i < swarm->model_count; i++) {
        const struct kn_model_facts *model = &swarm->models[i];

        if (!model->registered || !kn_model_same(name_of(model), word))
            continue;
        if (best == NULL || model->own_online > best->own_online ||
            (model->own_online == best->own_online && is_spelled_by_petals(model->prefix)))
            best = model;
    }
    return best != NULL ? best->prefix : NULL;
}

static void pass_over(struct choosing *c, const struct kn_model_facts *model, const char *reason)
{
    c->passed_over[c->out->passed_over_count++] =
        (struct kn_passed_over){ .model = model, .reason = reason };
}

static void take(struct choosing *c, const struct kn_model_facts *model)
{
    struct kn_model_choice *out = c->out;
    const char *first = out->passed_over_count > 0 ? "most popular that fits here" : "most popular";

    out->kind = KN_CHOICE_POPULAR;
    out->facts = model;
    out->repository = model->repository;
    out->name = kn_model_short_name(name_of(model));
    out->prefix = choose_prefix(c->question->swarm, name_of(model));
    if (model->online > 0)
        out->reason = kn_arena_printf(c->arena, "%s, %u provider%s", first, model->online,
                                      model->online == 1 ? "" : "s");
    else
        out->reason = kn_arena_printf(c->arena, "%s, nobody serves it yet", first);
}

static bool choose_popular(struct choosing *c)
{
    const struct kn_swarm_facts *swarm = c->question->swarm;

    for (size_t i = 0; i < swarm->model_count; i++) {
        const char *reason = refusal(c, &swarm->models[i]);

        if (reason == NULL && !kn_arena_failed(c->arena)) {
            take(c, &swarm->models[i]);
            return true;
        }
        pass_over(c, &swarm->models[i], reason);
    }
    return false;
}

static void choose_nothing(struct choosing *c, const char *reason)
{
    struct kn_fit *fit = &c->out->fit;

    c->out->kind = KN_CHOICE_NOTHING;
    c->out->reason = reason;
    memset(fit->profiles, 0, sizeof(fit->profiles));
}

static void choose_fallback(struct choosing *c)
{
    const struct kn_swarm_facts *swarm = c->question->swarm;
    struct kn_model_size size = known_size(c->question, KN_FALLBACK_MODEL);
    struct kn_model_choice *out = c->out;

    plan(c, &size);
    out->kind = KN_CHOICE_FALLBACK;
    out->repository = KN_FALLBACK_MODEL;
    out->name = kn_model_short_name(KN_FALLBACK_MODEL);
    out->reason = "built-in, because nobody in the network answered";
    if (swarm->is_known && swarm->model_count == 0)
        choose_nothing(c, "the network has no model yet");
    else if (swarm->is_known)
        choose_nothing(c, kn_arena_printf(c->arena,
                                          "none of the network's %zu models is for this machine",
                                          swarm->model_count));
    else if (out->fit.profiles[KN_PRESET_MAX].blocks == 0)
        choose_nothing(c, out->fit.reason);
    else if (miscounted(c, &size) != NULL)
        choose_nothing(c, miscounted(c, &size));
}

/* The most popular row of the swarm that a word names; its exact prefix before all. */
static const struct kn_model_facts *find_seen(const struct kn_swarm_facts *swarm, const char *word)
{
    for (size_t i = 0; i < swarm->model_count; i++) {
        if (strcmp(swarm->models[i].prefix, word) == 0)
            return &swarm->models[i];
    }
    for (size_t i = 0; i < swarm->model_count; i++) {
        const struct kn_model_facts *model = &swarm->models[i];

        if (kn_model_same(name_of(model), word) || kn_model_same(model->prefix, word))
            return model;
    }
    return NULL;
}

static enum kn_code refuse_name(const struct kn_model_question *question, struct kn_arena *arena,
                                struct kn_error *err)
{
    const struct kn_swarm_facts *swarm = question->swarm;
    const char **others =
        kn_arena_alloc(arena, (swarm->model_count + question->local_count + 1) * sizeof(*others));
    char near[KN_MODEL_NEAREST_SIZE];
    size_t n = 0;

    if (others == NULL)
        return kn_fail_no_memory(err);
    for (size_t i = 0; i < swarm->model_count; i++)
        others[n++] = name_of(&swarm->models[i]);
    for (size_t i = 0; i < question->local_count; i++)
        others[n++] = question->local[i].repository;
    kn_model_nearest(question->named, others, n, arena, near);
    (void)kn_fail(err, KN_E_NOT_FOUND, "model.name: nobody knows a model \"%.100s\"",
                  question->named);
    if (near[0] != '\0')
        kn_hint(err, "%s", near);
    else
        kn_hint(err, "\"kwaainet network models\" lists those that the network serves.");
    return KN_E_NOT_FOUND;
}

/* Files and table are known to be right; the registry and a guess give way to what was written. */
static enum kn_code check_count(const struct kn_model_question *question, const char *word,
                                uint32_t registered, struct kn_error *err)
{
    struct kn_model_size size = known_size(question, word);

    if (question->blocks == 0 || size.source == KN_SIZE_UNKNOWN ||
        question->blocks == size.blocks ||
        (size.source == KN_SIZE_TABLE && question->blocks == registered))
        return KN_OK;
    (void)kn_fail(err, KN_E_INVALID, "model.total_blocks: %u, but %.100s has %u blocks",
                  question->blocks, word, size.blocks);
    kn_hint(err, "Leave it out: it is known.");
    return KN_E_INVALID;
}

/* Local files before what was written, that before the registry, the table, a guess. */
static struct kn_model_size size_of_named(const struct kn_model_question *question,
                                          const struct kn_model_facts *seen)
{
    const char *word =
        seen != NULL && seen->repository != NULL ? seen->repository : question->named;
    uint32_t registered = seen != NULL ? seen->num_blocks : 0;
    struct kn_model_size size = known_size(question, word);

    if (question->blocks > 0)
        registered = question->blocks;
    if (size.source == KN_SIZE_UNKNOWN && !kn_model_size_guess(word, registered, &size))
        size = (struct kn_model_size){ .source = KN_SIZE_UNKNOWN, .blocks = registered };
    if (registered > 0 && size.source != KN_SIZE_CONFIG)
        size.blocks = registered;
    return size;
}

static const char *repository_of_named(const struct kn_model_question *question,
                                       const struct kn_model_facts *seen)
{
    const struct kn_local_model *local = find_local(question, question->named);
    const struct kn_model_row *row = kn_model_find(question->named);

    if (strchr(question->named, '/') != NULL)
        return question->named;
    if (seen != NULL && seen->repository != NULL)
        return seen->repository;
    if (local != NULL && strchr(local->repository, '/') != NULL)
        return local->repository;
    return row != NULL && kn_model_same(row->repository, question->named) ? row->repository : NULL;
}

static enum kn_code choose_named(struct choosing *c, struct kn_error *err)
{
    const struct kn_model_question *question = c->question;
    const struct kn_model_facts *seen = find_seen(question->swarm, question->named);
    struct kn_model_choice *out = c->out;
    struct kn_model_size size;

    if (seen == NULL && known_size(question, question->named).source == KN_SIZE_UNKNOWN)
        return refuse_name(question, c->arena, err);
    if (check_count(question,
                    seen != NULL && seen->repository != NULL ? seen->repository : question->named,
                    seen != NULL ? seen->num_blocks : 0, err) != KN_OK)
        return KN_E_INVALID;
    size = size_of_named(question, seen);
    plan(c, &size);
    out->kind = KN_CHOICE_NAMED;
    out->facts = seen;
    out->repository = repository_of_named(question, seen);
    out->name = kn_model_short_name(out->repository != NULL ? out->repository : question->named);
    out->prefix = choose_prefix(question->swarm, seen != NULL ? name_of(seen) : question->named);
    out->reason = "as the settings say";
    if (size.family == KN_FAMILY_OTHER)
        out->warning = "nobody knows its family, so nobody knows whether this version serves it";
    else if (!is_served(question, size.family))
        out->warning = kn_arena_printf(c->arena, "this version does not serve the family %s",
                                       kn_family_word(size.family));
    return KN_OK;
}

enum kn_code kn_model_choose(const struct kn_model_question *question, struct kn_arena *arena,
                             struct kn_model_choice *out, struct kn_error *err)
{
    struct kn_model_question copy = *question;
    struct choosing c = { .question = &copy, .arena = arena, .out = out };
    enum kn_code rc = KN_OK;

    *out = (struct kn_model_choice){ .kind = KN_CHOICE_NOTHING };
    if (copy.swarm == NULL)
        copy.swarm = &nobody;
    kn_room_find(copy.hardware, copy.wish, &out->room);
    c.passed_over = kn_arena_alloc(arena, (copy.swarm->model_count + 1) * sizeof(*c.passed_over));
    if (c.passed_over == NULL)
        return kn_fail_no_memory(err);
    out->passed_over = c.passed_over;
    if (copy.named != NULL)
        rc = choose_named(&c, err);
    else if (!choose_popular(&c))
        choose_fallback(&c);
    if (rc == KN_OK && kn_arena_failed(arena))
        return kn_fail_no_memory(err);
    return rc;
}
