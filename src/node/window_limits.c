#include "node/window_limits.h"

#include <stdio.h>
#include <string.h>

#include "config/hours/limits.h"
#include "lib/base/arena.h"
#include "node/course.h"

static const struct {
    const char *key;
    size_t offset;
} members[KN_WINDOW_LIMITS] = {
    { "resources.max_memory_gb", offsetof(struct kn_limits, max_memory_gb) },
    { "resources.max_gpu_memory_gb", offsetof(struct kn_limits, max_gpu_memory_gb) },
    { "resources.max_disk_space_gb", offsetof(struct kn_limits, max_disk_space_gb) },
};

static struct kn_size size_of(const struct kn_limits *limits, size_t i)
{
    struct kn_size size;

    memcpy(&size, (const char *)limits + members[i].offset, sizeof(size));
    return size;
}

static bool is_same(struct kn_size a, struct kn_size b)
{
    return a.is == b.is && (a.is != KN_GIVEN || a.bytes == b.bytes);
}

static bool are_same(const struct kn_limits *a, const struct kn_limits *b)
{
    for (size_t i = 0; i < KN_WINDOW_LIMITS; i++) {
        if (!is_same(size_of(a, i), size_of(b, i)))
            return false;
    }
    return true;
}

/* Only what the window says otherwise than the configuration. */
static void write_flags(struct kn_node *node, const struct kn_limits *limits)
{
    struct kn_window_limits *w = &node->window;
    size_t n = w->own;

    for (size_t i = 0; i < KN_WINDOW_LIMITS; i++) {
        struct kn_size size = size_of(limits, i);

        if (is_same(size, size_of(&w->base, i)))
            continue;
        if (size.is == KN_GIVEN)
            (void)snprintf(w->texts[i], sizeof(w->texts[i]), "%lldB", (long long)size.bytes);
        else
            (void)snprintf(w->texts[i], sizeof(w->texts[i]), "null");
        w->flags[n++] = (struct kn_flag){ .kind = KN_FLAG_SETTING,
                                          .setting = kn_setting_find(members[i].key),
                                          .name = "the open window of resources.schedules",
                                          .value = w->texts[i] };
    }
    node->what.request.flags = w->flags;
    node->what.request.flag_count = n;
}

static enum kn_code amend(struct kn_node *node, struct kn_error *err)
{
    const struct kn_plan_input plan = kn_course_facts(node, node->seen ? node->look : NULL);
    bool without_caches = node->what.request.without_caches && node->caches_due;

    if (kn_move_is_under_way(node->move))
        return kn_fail(err, KN_E_BUSY, "the node is on its way to other blocks");
    return kn_decision_amend(&node->what, node->what.copy.now, without_caches,
                             node->what.is_planned ? &plan : NULL, err);
}

static void take(struct kn_node *node)
{
    struct kn_window_limits *w = &node->window;
    const struct kn_placement before = node->what.plan.place;
    const struct kn_placement *place = &node->what.plan.place;

    w->failure = (struct kn_error){ 0 };
    write_flags(node, &w->wanted);
    if (amend(node, &w->failure) != KN_OK) {
        write_flags(node, &w->held);
        kn_timer_set(w->again, kn_loop_now(node->loop) + KN_WINDOW_AGAIN_MS);
        return;
    }
    w->held = w->wanted;
    if (!node->what.is_planned)
        return;
    if (place->start != before.start || place->end != before.end) {
        node->caches_due = true;
        kn_course_tell(node, KN_NODE_MOVED);
    }
    if (node->in_swarm && node->agreed)
        kn_course_announce(node);
    kn_course_serve(node);
    kn_own_limits_apply(node);
}

static void take_if_due(void *arg)
{
    struct kn_node *node = arg;

    kn_timer_set(node->window.again, KN_NEVER);
    if (!node->over && !node->leaving && !are_same(&node->window.held, &node->window.wanted))
        take(node);
}

void kn_window_limits_set(struct kn_node *node, const struct kn_limits *base,
                          const struct kn_limits *wanted)
{
    node->window.base = *base;
    node->window.wanted = *wanted;
    if (are_same(&node->window.held, wanted))
        write_flags(node, wanted); /* the base may be another */
    take_if_due(node);
}

struct kn_snapshot *kn_window_limits_without(const struct kn_node *node)
{
    struct kn_config_request request = node->what.request;
    struct kn_snapshot *snapshot;

    if (request.flag_count == node->window.own)
        return kn_node_snapshot_ref(node);
    request.flag_count = node->window.own;
    return kn_config_load(&request, &snapshot, NULL) == KN_OK ? snapshot : NULL;
}

enum kn_code kn_window_limits_init(struct kn_node *node, struct kn_error *err)
{
    struct kn_window_limits *w = &node->window;
    const struct kn_config_request *request = &node->what.request;

    w->own = request->flag_count;
    w->flags = kn_arena_alloc(node->arena, (w->own + KN_WINDOW_LIMITS) * sizeof(*w->flags));
    w->again = kn_timer_new(node->loop, take_if_due, node);
    if (w->flags == NULL || w->again == NULL)
        return kn_fail_no_memory(err);
    if (w->own > 0)
        memcpy(w->flags, request->flags, w->own * sizeof(*w->flags));
    w->base = w->wanted = w->held = kn_limits_of(kn_node_settings(node));
    return KN_OK;
}

void kn_window_limits_done(struct kn_node *node)
{
    kn_timer_free(node->window.again);
}
