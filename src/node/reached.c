#include "node/reached.h"

#include "config/report/report.h"
#include "lib/json/json.h"
#include "node/course.h"

enum kn_reached_step kn_reached_decide(const struct kn_reached_facts *facts)
{
    if (!facts->checks || facts->is_relayed || facts->verdict == KN_REACHABILITY_PUBLIC)
        return KN_REACHED_OPEN;
    if (facts->verdict == KN_REACHABILITY_PRIVATE)
        return KN_REACHED_HIDDEN;
    return facts->now < facts->give_up_at ? KN_REACHED_ASKS : KN_REACHED_OPEN;
}

/* A wait that began with the first answer; the longest one is no end. */
static kn_time give_up_at(const struct kn_node *node)
{
    if (node->reached.joined_at == 0)
        return KN_NEVER;
    return node->reached.joined_at + kn_node_settings(node)->network.address_timeout.ms;
}

static enum kn_reached_step step_of(const struct kn_node *node)
{
    const struct kn_reached_facts facts = {
        .checks =
            kn_node_settings(node)->network.check_reachability.value && !kn_course_is_first(node),
        .verdict = kn_network_reachability(node->network),
        .is_relayed = kn_network_is_relayed(node->network),
        .now = kn_loop_now(node->loop),
        .give_up_at = give_up_at(node),
    };

    return node->reached.is_open ? KN_REACHED_OPEN : kn_reached_decide(&facts);
}

void kn_reached_changed(struct kn_node *node)
{
    struct kn_reached *reached = &node->reached;
    enum kn_reached_step step;

    if (reached->timer == NULL || reached->joined_at == 0 || reached->is_open)
        return; /* not yet, or not any more */
    step = step_of(node);
    reached->is_open = step == KN_REACHED_OPEN;
    kn_timer_set(reached->timer, step == KN_REACHED_ASKS ? give_up_at(node) : KN_NEVER);
    if (reached->is_open)
        kn_course_go_on(node);
}

static void on_timer(void *arg)
{
    kn_reached_changed(arg);
}

bool kn_reached_make(struct kn_node *node)
{
    node->reached.timer = kn_timer_new(node->loop, on_timer, node);
    return node->reached.timer != NULL;
}

void kn_reached_end(struct kn_node *node)
{
    kn_timer_free(node->reached.timer);
    node->reached.timer = NULL;
}

void kn_reached_joined(struct kn_node *node)
{
    enum kn_reached_step step;

    node->reached.joined_at = kn_loop_now(node->loop);
    step = step_of(node);
    node->reached.is_open = step == KN_REACHED_OPEN; /* who joined goes on by itself */
    if (step == KN_REACHED_ASKS)
        kn_timer_set(node->reached.timer, give_up_at(node));
}

const char *kn_reached_silence(const struct kn_node *node)
{
    switch (step_of(node)) {
    case KN_REACHED_ASKS:
        return "others are asked first whether they reach this node";
    case KN_REACHED_HIDDEN:
        return "others do not reach this node, and no relay has a place for it";
    case KN_REACHED_OPEN:
        break;
    }
    return NULL;
}

struct kn_json *kn_reached_json(const struct kn_node *node)
{
    struct kn_json *json = kn_json_object();

    if (json != NULL &&
        kn_json_set(json, "verdict",
                    kn_json_string(kn_reachability_name(kn_network_reachability(node->network)))) &&
        kn_json_set(json, "using_relay", kn_json_bool(kn_network_is_relayed(node->network))))
        return json;
    kn_json_free(json);
    return NULL;
}

struct kn_json *kn_reached_problem(const struct kn_node *node)
{
    const struct kn_bool *written = &kn_node_settings(node)->state.using_relay;
    bool is_relayed = kn_network_is_relayed(node->network);
    struct kn_problem problem = { .kind = KN_P_SUSPICIOUS, .key = "state.using_relay" };

    if (written->is != KN_GIVEN || written->value == is_relayed)
        return kn_json_null();
    problem.origin =
        kn_snapshot_get(node->what.snapshot, kn_setting_find("state.using_relay"))->origin;
    problem.value = written->value ? "true" : "false";
    problem.message = is_relayed ? "others reach this node through a relay, and are told so"
                                 : "others do not come through a relay, and are told so";
    problem.hint = "Leave it out: what is measured is announced. network.force_private and "
                   "network.enable_relay_client say what may be.";
    return kn_problem_json(&problem);
}
