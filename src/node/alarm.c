#include "node/alarm.h"

#include <stdio.h>

#include "node/course.h"
#include "node/presence/agent.h"

/* The network has alerts of its own; the checks of it make nothing critical. */
static bool is_of_the_network(unsigned id)
{
    return id == KN_HEALTH_BOOTSTRAPS || id == KN_HEALTH_VISIBILITY || id == KN_HEALTH_ANNOUNCE ||
           id == KN_HEALTH_REACH;
}

/* The check that fails, or -1. */
static int failing(const struct kn_health_report *health)
{
    for (unsigned i = 0; health->states != NULL && i < KN_HEALTH_CHECKS; i++) {
        if (health->states[i].told.verdict == KN_HEALTH_FAILING && !is_of_the_network(i))
            return (int)i;
    }
    return -1;
}

static void facts(void *arg, struct kn_alert_facts *out)
{
    const struct kn_node *node = arg;
    struct kn_health_report health;

    kn_node_health(node, &health);
    out->connections = kn_node_peers(node);
    out->is_cut_off = health.is_lost;
    out->is_critical = health.gave_up || failing(&health) >= 0;
}

static void give_reason(const struct kn_node *node, struct kn_alert_message *message)
{
    struct kn_health_report health;
    size_t n = sizeof(message->reason), peers = kn_node_peers(node);
    int id;

    kn_node_health(node, &health);
    id = failing(&health);
    if (message->event == KN_ALERT_RECONNECT)
        (void)snprintf(message->reason, n, "the network is back, %zu peer%s connected", peers,
                       peers == 1 ? " is" : "s are");
    else if (message->event == KN_ALERT_CRITICAL && id >= 0)
        (void)snprintf(message->reason, n, "%s: %s", kn_health_checks[id].name,
                       health.states[id].told.reason);
    else if (message->event == KN_ALERT_CRITICAL)
        (void)snprintf(message->reason, n, "gave up reconnecting after %u attempts",
                       health.attempts);
    else if (health.is_lost)
        (void)snprintf(message->reason, n, "%s", health.reason);
    else
        (void)snprintf(message->reason, n,
                       "%zu peer%s connected, fewer than alerts.min_connections", peers,
                       peers == 1 ? " is" : "s are");
}

static void describe(void *arg, struct kn_alert_message *message)
{
    const struct kn_node *node = arg;
    const struct kn_string *name = &kn_node_settings(node)->node.name;

    (void)snprintf(message->node, sizeof(message->node), "%s",
                   name->is == KN_GIVEN ? name->text : "");
    (void)snprintf(message->peer_id, sizeof(message->peer_id), "%s", kn_node_peer_id(node));
    give_reason(node, message);
}

static void told(void *arg, const struct kn_alert_outcome *outcome)
{
    struct kn_node *node = arg;

    node->alerted = outcome;
    kn_course_tell(node, KN_NODE_ALERT);
    node->alerted = NULL;
}

bool kn_alarm_make(struct kn_node *node)
{
    const struct kn_alerts_options options = kn_alerts_options(kn_node_settings(node));
    const struct kn_alerts_place place = {
        .loop = node->loop,
        .agent = KN_AGENT,
        .folder = node->paths.home,
        .environment = node->options.request->environment,
        .arg = node,
        .facts = facts,
        .describe = describe,
        .told = told,
    };

    if (node->options.dry_run)
        return true;
    node->alerts = kn_alerts_new(&options, &place);
    return node->alerts != NULL;
}

bool kn_alarm_apply(struct kn_node *node)
{
    const struct kn_alerts_options options = kn_alerts_options(kn_node_settings(node));

    return node->alerts == NULL || kn_alerts_apply(node->alerts, &options);
}
