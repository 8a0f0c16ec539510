#include "node/shrink.h"

#include <stdio.h>

#include "node/course.h"

static bool may_shrink(const struct kn_node *node)
{
    const struct kn_placement *place = &node->what.plan.place;

    return node->what.is_planned && !node->leaving && !node->over &&
           place->by != KN_PLACED_NOWHERE && place->end - place->start > 1 &&
           !kn_decision_is_pinned(&node->what) && !kn_move_is_under_way(node->move);
}

void kn_shrink_starved(void *arg)
{
    struct kn_node *node = arg;

    if (may_shrink(node))
        kn_timer_set(node->shrink_timer, kn_loop_now(node->loop));
}

void kn_shrink_blocks_changed(struct kn_node *node)
{
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    if (report.stage == KN_BLOCKS_FAILED && report.failure->code == KN_E_NO_MEMORY)
        kn_shrink_starved(node);
}

void kn_shrink(void *arg)
{
    struct kn_node *node = arg;
    const struct kn_plan_input facts = kn_course_facts(node, NULL);
    struct kn_placement place = node->what.plan.place;
    uint32_t n = place.end - place.start, keep = n * 3 / 4;

    if (!may_shrink(node))
        return;
    place.end = place.start + keep;
    (void)snprintf(place.reason, sizeof(place.reason),
                   "memory was refused for %u blocks: see resources.max_memory_gb and the limits "
                   "of this machine",
                   n);
    if (!kn_decision_move(&node->what, &facts, &place))
        return; /* no memory for that either: the failure stays told */
    node->caches_due = true;
    kn_course_tell(node, KN_NODE_MOVED);
    kn_course_announce(node);
}
