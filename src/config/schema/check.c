#include "config/schema/check.h"

#include <string.h>

#include "config/schema/node_config.h"
#include "config/schema/setting.h"
#include "config/schema/words.h"
#include "lib/codec/multiaddr.h"

static bool given_int(struct kn_int v)
{
    return v.is == KN_GIVEN;
}

static bool end_after_start(const struct kn_node_config *c, struct kn_error *err)
{
    struct kn_int start = c->model.start_block, end = c->model.end_block;

    if (!given_int(start) || !given_int(end) || end.value > start.value)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "%lld is not after start_block %lld", (long long)end.value,
                  (long long)start.value);
    kn_hint(err, "end_block is the block after the last one: at least %lld here.",
            (long long)start.value + 1);
    return false;
}

static bool end_needs_start(const struct kn_node_config *c, struct kn_error *err)
{
    if (!given_int(c->model.end_block) || given_int(c->model.start_block))
        return true;
    (void)kn_fail(err, KN_E_INVALID, "end_block is given without start_block");
    kn_hint(err, "Give start_block too, or write model.blocks for a number of blocks.");
    return false;
}

static bool count_agrees(const struct kn_node_config *c, struct kn_error *err)
{
    struct kn_int start = c->model.start_block, end = c->model.end_block, n = c->model.blocks;

    if (!given_int(start) || !given_int(end) || !given_int(n) || end.value <= start.value ||
        end.value - start.value == n.value)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "%lld blocks, but start_block and end_block make %lld",
                  (long long)n.value, (long long)(end.value - start.value));
    kn_hint(err, "Leave blocks out; both ends already say it.");
    return false;
}

static bool range_in_model(const struct kn_node_config *c, struct kn_error *err)
{
    struct kn_int total = c->model.total_blocks;
    int64_t last = given_int(c->model.end_block)     ? c->model.end_block.value - 1
                   : given_int(c->model.start_block) ? c->model.start_block.value
                                                     : -1;

    if (!given_int(total) || last < total.value)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "block %lld of a model with %lld blocks", (long long)last,
                  (long long)total.value);
    kn_hint(err, "Blocks are counted from 0: the last one is %lld.", (long long)total.value - 1);
    return false;
}

static bool count_in_model(const struct kn_node_config *c, struct kn_error *err)
{
    if (!given_int(c->model.blocks) || !given_int(c->model.total_blocks) ||
        c->model.blocks.value <= c->model.total_blocks.value)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "%lld blocks of a model that has %lld",
                  (long long)c->model.blocks.value, (long long)c->model.total_blocks.value);
    return false;
}

static bool device_is(const struct kn_node_config *c, const char *name)
{
    return c->performance.device.is == KN_GIVEN && strcmp(c->performance.device.text, name) == 0;
}

static bool dtype_is(const struct kn_node_config *c, enum kn_dtype dtype)
{
    return c->model.dtype.is == KN_GIVEN && c->model.dtype.value == (int)dtype;
}

static bool no_half_on_cpu(const struct kn_node_config *c, struct kn_error *err)
{
    if (!device_is(c, "cpu") || !dtype_is(c, KN_DTYPE_FLOAT16))
        return true;
    (void)kn_fail(err, KN_E_INVALID, "float16 does not work on the device cpu");
    kn_hint(err, "Write float32 or bfloat16, or leave dtype auto.");
    return false;
}

static bool no_bfloat_on_mps(const struct kn_node_config *c, struct kn_error *err)
{
    if (!device_is(c, "mps") || !dtype_is(c, KN_DTYPE_BFLOAT16))
        return true;
    (void)kn_fail(err, KN_E_INVALID, "bfloat16 on the device mps is computed as float16");
    return false;
}

/* Expiration as a multiple of the interval; above every bound when either is not known. */
static double lives(const struct kn_node_config *c)
{
    if (c->dht.expiration.is != KN_GIVEN || c->dht.announce_interval.is != KN_GIVEN)
        return 1e9;
    return (double)c->dht.expiration.ms / (double)c->dht.announce_interval.ms;
}

static bool records_outlive_interval(const struct kn_node_config *c, struct kn_error *err)
{
    if (lives(c) >= 1.5)
        return true;
    (void)kn_fail(err, KN_E_RANGE,
                  "records would expire before they are renewed: %g s for an "
                  "interval of %g s",
                  (double)c->dht.expiration.ms / 1e3, (double)c->dht.announce_interval.ms / 1e3);
    kn_hint(err, "Write at least 1.5 times the interval (%g s), or auto for 3 times.",
            (double)c->dht.announce_interval.ms * 1.5 / 1e3);
    return false;
}

static bool records_outlive_a_miss(const struct kn_node_config *c, struct kn_error *err)
{
    if (lives(c) >= 2 || lives(c) < 1.5)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "one missed renewal makes the node invisible");
    kn_hint(err, "Write at least 2 times the interval (%g s), or auto for 3 times.",
            (double)c->dht.announce_interval.ms * 2 / 1e3);
    return false;
}

static bool somebody_to_ask(const struct kn_node_config *c, struct kn_error *err)
{
    const struct kn_multiaddr_list *peers = &c->network.bootstrap_peers;

    if ((peers->is == KN_GIVEN && peers->texts.n > 0) || c->network.new_swarm.value)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "the list of peers is empty");
    kn_hint(err, "Leave it out for the built-in peers, or set network.new_swarm: true for a "
                 "network of its own.");
    return false;
}

/* The built-in ones stand wherever nobody names any. */
static bool is_built_in(const struct kn_texts *peers)
{
    const char *list = kn_setting_find("network.bootstrap_peers")->fallback;

    for (size_t i = 0; i < peers->n; i++) {
        if (strstr(list, peers->at[i]) == NULL)
            return false;
    }
    return true;
}

static bool first_asks_nobody(const struct kn_node_config *c, struct kn_error *err)
{
    const struct kn_multiaddr_list *peers = &c->network.bootstrap_peers;

    if (!c->network.new_swarm.value || peers->is != KN_GIVEN || is_built_in(&peers->texts))
        return true;
    (void)kn_fail(err, KN_E_INVALID,
                  "a network that begins here asks none of the peers that are "
                  "named");
    kn_hint(err, "Set network.new_swarm: false to join theirs, or name no peer.");
    return false;
}

static bool first_can_be_joined(const struct kn_node_config *c, struct kn_error *err)
{
    if (!c->network.new_swarm.value || c->network.enable_dht.value)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "nobody can join a network that begins here");
    kn_hint(err, "Set network.enable_dht: true, or name network.bootstrap_peers.");
    return false;
}

static bool batches_in_order(const struct kn_node_config *c, struct kn_error *err)
{
    struct kn_int least = c->performance.min_batch_tokens, most = c->performance.max_batch_tokens;

    if (!given_int(least) || !given_int(most) || least.value <= most.value)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "%lld is more than max_batch_tokens %lld",
                  (long long)least.value, (long long)most.value);
    return false;
}

static bool steps_fit_sessions(const struct kn_node_config *c, struct kn_error *err)
{
    if (c->performance.step_timeout.ms <= c->performance.session_timeout.ms)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "a step may take longer than the whole session");
    return false;
}

static bool checks_end_in_time(const struct kn_node_config *c, struct kn_error *err)
{
    if (c->health.timeout.ms <= c->health.check_interval.ms)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "a check may take longer than the time until the next one");
    return false;
}

static bool delays_in_order(const struct kn_node_config *c, struct kn_error *err)
{
    if (c->health.reconnect.initial_delay.ms <= c->health.reconnect.max_delay.ms)
        return true;
    (void)kn_fail(err, KN_E_RANGE, "the first delay is longer than max_delay");
    return false;
}

static bool one_port(const struct kn_node_config *c, struct kn_error *err)
{
    const struct kn_multiaddr_list *addrs = &c->network.listen_addrs;
    struct kn_multiaddr_facts facts;

    if (addrs->is != KN_GIVEN || !given_int(c->node.port))
        return true;
    for (size_t i = 0; i < addrs->texts.n; i++) {
        if (kn_multiaddr_check(addrs->texts.at[i], &facts, NULL) != KN_OK || !facts.has_port ||
            facts.port == c->node.port.value)
            continue;
        (void)kn_fail(err, KN_E_INVALID, "\"%.120s\" is not on node.port %lld", addrs->texts.at[i],
                      (long long)c->node.port.value);
        kn_hint(err, "listen_addrs is bound exactly as written; leave node.port out.");
        return false;
    }
    return true;
}

static bool one_address(const struct kn_node_config *c, struct kn_error *err)
{
    if (c->network.public_ip.is != KN_GIVEN || c->network.announce_addrs.is != KN_GIVEN)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "announce_addrs is given, so public_ip is not used");
    return false;
}

static bool port_is_open_to_users(const struct kn_node_config *c, struct kn_error *err)
{
    if (!given_int(c->node.port) || c->node.port.value >= 1024)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "ports below 1024 are for the system's own services");
    kn_hint(err, "Write a port from 1024 to 65535, or give the program the right to bind it.");
    return false;
}

static bool online_is_earned(const struct kn_node_config *c, struct kn_error *err)
{
    if (c->state.initial.value != KN_STATE_ONLINE)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "the node is JOINING until it really serves its blocks");
    return false;
}

static bool alerts_reach_somebody(const struct kn_node_config *c, struct kn_error *err)
{
    /* No mail is sent yet: an address alone is nobody. */
    if (!c->alerts.enabled.value || c->alerts.webhook_url.is == KN_GIVEN ||
        c->alerts.command.is == KN_GIVEN)
        return true;
    (void)kn_fail(err, KN_E_INVALID, "alerts are on, but nobody would receive them");
    kn_hint(err, "Set alerts.command or alerts.webhook_url.");
    return false;
}

static bool pinned_stays(const struct kn_node_config *c, struct kn_error *err)
{
    if (!c->model.rebalance.enabled.value || !given_int(c->model.start_block))
        return true;
    (void)kn_fail(err, KN_E_INVALID, "start_block is given, so the node never moves");
    return false;
}

static bool schedules_have_names(const struct kn_node_config *c, struct kn_error *err)
{
    const struct kn_schedules *s = &c->resources.schedules.schedules;

    for (size_t i = 0; c->resources.schedules.is == KN_GIVEN && i < s->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(s->at[i].name, s->at[j].name) != 0)
                continue;
            (void)kn_fail(err, KN_E_INVALID, "two schedules are called \"%.64s\"", s->at[i].name);
            return false;
        }
    }
    return true;
}

const struct kn_check kn_checks[] = {
    { "end-after-start",
      "end_block is greater than start_block.",
      { "model.end_block", "model.start_block" },
      KN_ERROR,
      false,
      end_after_start },
    { "end-needs-start",
      "end_block stands only beside start_block.",
      { "model.end_block", "model.start_block" },
      KN_ERROR,
      false,
      end_needs_start },
    { "count-agrees",
      "blocks, beside both ends, is their difference.",
      { "model.blocks", "model.start_block", "model.end_block" },
      KN_ERROR,
      false,
      count_agrees },
    { "range-in-model",
      "The range lies inside total_blocks.",
      { "model.end_block", "model.start_block", "model.total_blocks" },
      KN_ERROR,
      false,
      range_in_model },
    { "count-in-model",
      "blocks is at most total_blocks.",
      { "model.blocks", "model.total_blocks" },
      KN_ERROR,
      false,
      count_in_model },
    { "no-half-on-cpu",
      "float16 is not computed on the device cpu.",
      { "model.dtype", "performance.device" },
      KN_ERROR,
      false,
      no_half_on_cpu },
    { "no-bfloat-on-mps",
      "bfloat16 on the device mps becomes float16.",
      { "model.dtype", "performance.device" },
      KN_WARNING,
      false,
      no_bfloat_on_mps },
    { "records-outlive-interval",
      "expiration is at least 1.5 times announce_interval.",
      { "dht.expiration", "dht.announce_interval" },
      KN_ERROR,
      false,
      records_outlive_interval },
    { "records-outlive-a-miss",
      "expiration should be at least 2 times announce_interval.",
      { "dht.expiration", "dht.announce_interval" },
      KN_WARNING,
      false,
      records_outlive_a_miss },
    { "somebody-to-ask",
      "bootstrap_peers names a peer, or new_swarm is true.",
      { "network.bootstrap_peers", "network.new_swarm" },
      KN_ERROR,
      false,
      somebody_to_ask },
    { "first-asks-nobody",
      "bootstrap_peers names nobody where new_swarm is true.",
      { "network.new_swarm", "network.bootstrap_peers" },
      KN_WARNING,
      false,
      first_asks_nobody },
    { "first-can-be-joined",
      "enable_dht is true where new_swarm is.",
      { "network.enable_dht", "network.new_swarm" },
      KN_WARNING,
      false,
      first_can_be_joined },
    { "batches-in-order",
      "min_batch_tokens is at most max_batch_tokens.",
      { "performance.min_batch_tokens", "performance.max_batch_tokens" },
      KN_ERROR,
      false,
      batches_in_order },
    { "steps-fit-sessions",
      "step_timeout should be at most session_timeout.",
      { "performance.step_timeout", "performance.session_timeout" },
      KN_WARNING,
      false,
      steps_fit_sessions },
    { "checks-end-in-time",
      "health.timeout should be at most check_interval.",
      { "health.timeout", "health.check_interval" },
      KN_WARNING,
      false,
      checks_end_in_time },
    { "delays-in-order",
      "initial_delay is at most max_delay.",
      { "health.reconnect.initial_delay", "health.reconnect.max_delay" },
      KN_ERROR,
      false,
      delays_in_order },
    { "one-port",
      "listen_addrs and node.port, when both are given, name the same port.",
      { "network.listen_addrs", "node.port" },
      KN_ERROR,
      false,
      one_port },
    { "one-address",
      "announce_addrs makes public_ip useless.",
      { "network.public_ip", "network.announce_addrs" },
      KN_WARNING,
      false,
      one_address },
    { "port-is-open-to-users",
      "node.port should be 1024 or more.",
      { "node.port" },
      KN_WARNING,
      false,
      port_is_open_to_users },
    { "online-is-earned",
      "ONLINE means JOINING until blocks are served.",
      { "state.initial" },
      KN_WARNING,
      false,
      online_is_earned },
    { "alerts-reach-somebody",
      "Alerts that are on should have a receiver.",
      { "alerts.enabled", "alerts.command", "alerts.webhook_url" },
      KN_WARNING,
      false,
      alerts_reach_somebody },
    { "pinned-stays",
      "A given start_block makes rebalancing useless.",
      { "model.rebalance.enabled", "model.start_block" },
      KN_WARNING,
      true,
      pinned_stays },
    { "schedules-have-names",
      "Schedules have different names.",
      { "resources.schedules" },
      KN_ERROR,
      false,
      schedules_have_names },
};
const size_t kn_check_count = KN_COUNT(kn_checks);
