/* node: what it tells of itself. */
#include "node/course.h"
#include "node/node.h"

struct kn_snapshot *kn_node_snapshot(const struct kn_node *node)
{
    return node->what.snapshot;
}

struct kn_snapshot *kn_node_snapshot_ref(const struct kn_node *node)
{
    return kn_snapshot_ref(node->what.snapshot);
}

const struct kn_node_config *kn_node_settings(const struct kn_node *node)
{
    return kn_snapshot_config(node->what.snapshot);
}

bool kn_node_is_first_run(const struct kn_node *node)
{
    return node->is_first_run;
}

const struct kn_config_paths *kn_node_paths(const struct kn_node *node)
{
    return &node->paths;
}

const struct kn_hardware *kn_node_hardware(const struct kn_node *node)
{
    return node->measured ? node->hardware : NULL;
}

const struct kn_look *kn_node_look(const struct kn_node *node)
{
    return node->seen ? node->look : NULL;
}

bool kn_node_look_progress(const struct kn_node *node, struct kn_look_progress *out)
{
    if (node->look == NULL || node->seen)
        return false;
    *out = kn_look_progress(node->look);
    return true;
}

struct kn_loop *kn_node_loop(const struct kn_node *node)
{
    return node->loop;
}

const struct kn_plan *kn_node_plan(const struct kn_node *node)
{
    return node->what.is_planned ? &node->what.plan : NULL;
}

const struct kn_bootstrap *kn_node_bootstrap(const struct kn_node *node)
{
    return node->bootstrap;
}

const struct kn_announced *kn_node_announced(const struct kn_node *node)
{
    return kn_announcer_last(node->announcer);
}

enum kn_node_state kn_node_state(const struct kn_node *node)
{
    return node->state;
}

bool kn_node_is_in_swarm(const struct kn_node *node)
{
    return node->in_swarm;
}

const struct kn_previous_end *kn_node_previous_end(const struct kn_node *node)
{
    return &node->previous;
}

bool kn_node_is_leaving(const struct kn_node *node)
{
    return node->leaving;
}

const struct kn_error *kn_node_failure(const struct kn_node *node)
{
    return &node->failure;
}

const char *kn_node_peer_id(const struct kn_node *node)
{
    return node->peer_id;
}

const char *kn_node_port_text(const struct kn_node *node)
{
    return node->listening.text;
}

uint16_t kn_node_port(const struct kn_node *node)
{
    return node->listening.port;
}

size_t kn_node_peers(const struct kn_node *node)
{
    return kn_host_connection_count(kn_network_host(node->network));
}

const struct kn_error *kn_node_cache_failure(const struct kn_node *node)
{
    return &node->cache_failure;
}

void kn_node_blocks(const struct kn_node *node, struct kn_blocks_report *out)
{
    kn_blocks_report(node->blocks, out);
}

const struct kn_own_limits *kn_node_own_limits(const struct kn_node *node)
{
    return &node->own_limits;
}

const struct kn_reload_report *kn_node_reloaded(const struct kn_node *node)
{
    return &node->reloaded;
}

void kn_node_move(const struct kn_node *node, struct kn_move_report *out)
{
    kn_move_report(node->move, out);
}

void kn_node_log(const struct kn_node *node, struct kn_log_report *out)
{
    kn_log_report(kn_journal_log(node->journal), out);
}

void kn_node_health(const struct kn_node *node, struct kn_health_report *out)
{
    kn_health_report(node->checkup.health, out);
}

bool kn_node_alerts(const struct kn_node *node, struct kn_alerts_report *out)
{
    if (node->alerts == NULL)
        return false;
    kn_alerts_report(node->alerts, out);
    return true;
}

const struct kn_alert_outcome *kn_node_alerted(const struct kn_node *node)
{
    return node->alerted;
}

void kn_node_schedule(const struct kn_node *node, struct kn_scheduler_report *out)
{
    kn_scheduler_report(node->scheduler, out);
}

void kn_node_addresses(const struct kn_node *node, kn_add_address_fn *add, void *add_arg)
{
    kn_host_announced(kn_network_host(node->network), add, add_arg);
}
