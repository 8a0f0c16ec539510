#include "node/acquaint.h"

#include <stdio.h>

#include "compute/model/hub.h"
#include "config/discovery/model_table.h"
#include "lib/base/arena.h"
#include "node/course.h"

static void on_known(void *arg, const char *folder)
{
    struct kn_node *node = arg;

    (void)folder; /* found where every other one is */
    node->acquainting = NULL;
    kn_course_decide(node);
}

static void on_failed(void *arg)
{
    struct kn_node *node = arg;
    struct kn_fetching_state state;

    kn_fetching_state(node->acquainting, &state);
    node->not_acquainted = *state.failure;
    kn_fetching_abandon(node->acquainting);
    node->acquainting = NULL;
    kn_course_decide(node);
}

static bool is_here(const struct kn_node *node, const struct kn_fetch_choice *choice,
                    struct kn_arena *arena)
{
    const struct kn_path *own = &kn_node_settings(node)->resources.cache_dir;
    const char *const *environment = node->options.request->environment;
    struct kn_error err = { 0 };
    struct kn_hub_roots roots;
    const char *folder;

    return kn_hub_roots(own->is == KN_GIVEN ? own->text : NULL, kn_lookup_in, &environment, arena,
                        &roots, &err) == KN_OK &&
           kn_hub_find_any(&roots, choice->repository, choice->revision, arena, &folder, &err) ==
               KN_OK;
}

/* Is there something to learn, and may it be fetched? */
static bool is_unknown(const struct kn_node *node, struct kn_arena *arena,
                       struct kn_fetch_choice *choice)
{
    const struct kn_model_choice nothing = { 0 };
    const struct kn_fetch_question question = {
        .snapshot = node->what.sources,
        .config = kn_node_settings(node),
        .model = &nothing,
        .environment = node->options.request->environment,
        .is_stand_in = node->options.machine != NULL,
    };
    struct kn_error err = { 0 };

    return !node->options.dry_run && kn_fetch_choose(&question, arena, choice, &err) == KN_OK &&
           choice->is_allowed && kn_model_find(choice->repository) == NULL &&
           !is_here(node, choice, arena);
}

static bool copy(char *out, size_t size, const char *text)
{
    int n = snprintf(out, size, "%s", text != NULL ? text : "");

    return n >= 0 && (size_t)n < size;
}

void kn_acquaint_begin(struct kn_node *node)
{
    const struct kn_fetching_events events = { node, on_known, on_failed };
    struct kn_arena *arena = kn_arena_new();
    struct kn_blocks_wish wish = { .from = 0, .to = 0 };
    struct kn_fetch_choice choice;

    if (arena != NULL && is_unknown(node, arena, &choice) &&
        copy(wish.fetch.repository, sizeof(wish.fetch.repository), choice.repository) &&
        copy(wish.fetch.revision, sizeof(wish.fetch.revision), choice.revision) &&
        copy(wish.fetch.root, sizeof(wish.fetch.root), choice.root)) {
        wish.fetch.place = choice.place;
        wish.fetch.max_bytes = choice.max_bytes;
        node->acquainting = kn_fetching_start(node->loop, &wish, KN_VERSION, &events);
    }
    kn_arena_free(arena);
}

void kn_acquaint_explain(const struct kn_node *node, struct kn_error *err)
{
    const struct kn_error plan = *err, *hub = &node->not_acquainted;

    if (hub->code == KN_OK || plan.code != KN_E_NOT_FOUND)
        return;
    (void)kn_fail(err, plan.code, "%s; %s", plan.text, hub->text);
    kn_hint(err, "%s", plan.hint[0] != '\0' ? plan.hint : hub->hint);
}
