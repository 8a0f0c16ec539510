#include "node/node.h"

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/process_info.h"
#include "lib/os/terminal.h"
#include "node/course.h"
#include "node/gauges.h"
#include "node/machine/machine_file.h"
#include "node/parts.h"
#include "node/presence/agent.h"
#include "node/presence/reach.h"
#include "node/renewal.h"
#include "node/restart.h"
#include "node/shrink.h"
#include "node/status.h"

enum { LEAVE_MS = 3000, MS_PER_S = 1000 };

/* -- taking what a node needs */

static void on_moved(void *arg)
{
    struct kn_node *node = arg;

    if (node->announcer != NULL)
        kn_announcer_use_relay(node->announcer, kn_network_is_relayed(node->network));
    kn_reached_changed(node);
}

static enum kn_code join_network(struct kn_node *node, struct kn_error *err)
{
    const struct kn_node_config *config = kn_node_settings(node);
    struct kn_network_options options = {
        .loop = node->loop,
        .identity = node->identity.key,
        .random = &node->random,
        .agent = KN_AGENT,
        .is_dht_client = !config->network.enable_dht.value,
        .replicas = (size_t)config->network.dht_replication.value,
        .moved = on_moved,
        .arg = node,
    };
    struct kn_public_address address;
    enum kn_code rc;

    kn_parts_network(config, 0, &address, &options);
    rc = kn_network_new(&options, &node->network, err);
    if (rc != KN_OK)
        return rc;
    kn_reach_begin(node->network, config);
    kn_peer_id_print(kn_key_peer_id(node->identity.key), node->peer_id);
    rc = kn_listen_as(node->network, node->what.sources, &node->listening, err);
    if (rc != KN_OK || config->network.public_ip.is != KN_GIVEN)
        return rc;
    kn_parts_network(config, node->listening.port, &address, &options);
    return kn_network_change(node->network, &options, err);
}

static struct kn_announcer *new_announcer(struct kn_node *node)
{
    const struct kn_pace_of_records pace = kn_parts_pace(kn_node_settings(node));
    const struct kn_announcer_options options = {
        .network = node->network,
        .random = &node->random,
        .interval_ms = pace.interval_ms,
        .lifetime_ms = pace.lifetime_ms,
        .arg = node,
        .describe = kn_course_describe,
        .announced = kn_course_announced,
    };

    return kn_announcer_new(&options);
}

static struct kn_blocks *new_blocks(struct kn_node *node)
{
    const struct kn_blocks_options options = {
        .host = kn_network_host(node->network),
        .version = KN_VERSION,
        .is_dht_client = !kn_node_settings(node)->network.enable_dht.value,
        .arg = node,
        .changed = kn_course_blocks_changed,
        .served = kn_journal_served,
        .news = kn_course_blocks_news,
        .starved = kn_shrink_starved,
    };

    return kn_blocks_new(&options);
}

static struct kn_membership *new_membership(struct kn_node *node)
{
    const struct kn_patience patience = kn_parts_patience(kn_node_settings(node));
    const struct kn_membership_options options = {
        .network = node->network,
        .random = &node->random,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .timeout_ms = patience.first_ms,
        .longest_ms = patience.longest_ms,
        .arg = node,
        .connected = kn_course_connected,
        .settled = kn_course_bootstrap,
        .joined = kn_course_joined,
        .failed = kn_course_all_failed,
    };

    return kn_membership_new(&options);
}

static struct kn_known_peers *new_known(struct kn_node *node)
{
    const struct kn_known_peers_options options = {
        .network = node->network,
        .path = kn_arena_printf(node->arena, "%s/known_peers.txt", node->paths.home),
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = node->bootstraps.n,
        .only_reads = node->options.dry_run,
        .arg = node,
        .joined = kn_course_joined,
        .failed = kn_course_cache_failed,
    };

    return options.path != NULL ? kn_known_peers_new(&options) : NULL;
}

/* -- leaving */

static void end_if_left(struct kn_node *node)
{
    if (node->has_left && node->has_drained)
        kn_course_end(node, NULL);
}

static void on_left(void *arg)
{
    struct kn_node *node = arg;

    node->has_left = true;
    end_if_left(node);
}

static void on_drained(void *arg)
{
    struct kn_node *node = arg;

    node->has_drained = true;
    end_if_left(node);
}

void kn_node_stop(struct kn_node *node)
{
    if (node->leaving && node->restarts) { /* it leaves already, and not to come back */
        node->restarts = false;
        return;
    }
    if (node->leaving || node->over) { /* asked twice: no good-bye */
        kn_course_end(node, NULL);
        return;
    }
    node->leaving = true;
    kn_course_step_state(node, KN_CAUSE_LEAVE);
    kn_membership_stop(node->membership);
    kn_blocks_leave(node->blocks, on_drained, node);
    node->has_left = !kn_announcer_has_told(node->announcer);
    if (node->has_left)
        return;
    kn_timer_set(node->leave_timer, kn_loop_now(node->loop) + LEAVE_MS);
    kn_announcer_leave(node->announcer, on_left, node);
}

static void on_reload_due(void *arg)
{
    kn_reload(arg);
}

static enum kn_code make_parts(struct kn_node *node, struct kn_error *err)
{
    node->announcer = new_announcer(node);
    node->blocks = new_blocks(node);
    node->move = kn_move_new(node);
    node->membership = new_membership(node);
    node->known = kn_course_is_first(node) ? NULL : new_known(node);
    node->changes = kn_changes_new(node->loop, kn_course_came_back, node);
    node->work_timer = kn_timer_new(node->loop, kn_course_work, node);
    node->reread_timer = kn_timer_new(node->loop, kn_renewal_reread, node);
    node->refresh_timer = kn_timer_new(node->loop, kn_renewal_refresh, node);
    node->leave_timer = kn_timer_new(node->loop, on_left, node);
    node->reload_timer = kn_timer_new(node->loop, on_reload_due, node);
    node->shrink_timer = kn_timer_new(node->loop, kn_shrink, node);
    node->hardware = kn_try_alloc(sizeof(*node->hardware));
    if (node->announcer == NULL || node->blocks == NULL || node->move == NULL ||
        node->membership == NULL || node->changes == NULL ||
        (node->known == NULL && !kn_course_is_first(node)) || node->work_timer == NULL ||
        node->reread_timer == NULL || node->refresh_timer == NULL || node->leave_timer == NULL ||
        node->reload_timer == NULL || node->shrink_timer == NULL || node->hardware == NULL ||
        !kn_reached_make(node) || !kn_retry_make(node) || !kn_checkup_make(node) ||
        !kn_alarm_make(node))
        return kn_fail_no_memory(err);
    return kn_pause_init(node, err);
}

/* -- being asked */

static enum kn_code answer_status(void *arg, const struct kn_json *request, struct kn_json **out,
                                  struct kn_error *err)
{
    const struct kn_node *node = arg;
    const struct kn_status status = {
        .node = node,
        .started_s = node->started_s,
        .since_s = node->since_s,
        .now_s = (int64_t)kn_loop_unix_time(),
    };

    (void)request;
    *out = kn_status_json(&status);
    return *out != NULL ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code answer_stop(void *arg, const struct kn_json *request, struct kn_json **out,
                                struct kn_error *err)
{
    (void)request;
    (void)out;
    (void)err;
    kn_node_stop(arg);
    return KN_OK;
}

static enum kn_code answer_reopen(void *arg, const struct kn_json *request, struct kn_json **out,
                                  struct kn_error *err)
{
    const struct kn_node *node = arg;

    (void)request;
    (void)out;
    return kn_log_reopen(kn_journal_log(node->journal), err);
}

static const struct kn_control_handler handlers[] = {
    { "reload", kn_reload_asked },
    { "status", answer_status },
    { "stop", answer_stop },
    { "pause", kn_pause_answer_pause },
    { "resume", kn_pause_answer_resume },
    { "restart", kn_restart_answer },
    { "reopen", answer_reopen },
    { "metrics", kn_gauges_asked },
    { NULL, NULL },
};

/* So that others find the node, and know with what it was started. */
static enum kn_code open_to_others(struct kn_node *node, struct kn_error *err)
{
    const struct kn_run_facts facts = {
        .version = KN_VERSION,
        .peer_id = node->peer_id,
        .config = node->paths.config_exists ? node->paths.config : NULL,
        .started = node->started_s,
        .started_ms = node->started_ms,
        .oom_kills = kn_previous_end_kills(),
        .port = node->listening.port,
        .flags = node->options.flags,
        .flag_count = node->options.flag_count,
    };
    enum kn_code rc = kn_run_folder_tell(node->folder, &facts, err);

    if (rc == KN_OK)
        rc = kn_control_new(node->loop, node->folder, handlers, node, &node->control, err);
    if (rc == KN_OK)
        kn_control_on_asked(node->control, kn_journal_asked, node->journal);
    return rc;
}

/* A dry run takes the key that is there, or one that nobody will see again. */
static enum kn_code take_identity(struct kn_node *node, struct kn_error *err)
{
    const struct kn_identity_place place = kn_identity_place_of(node->what.sources);
    enum kn_code rc;

    if (!node->options.dry_run)
        return kn_identity_need(&place, &node->random, &node->identity, err);
    rc = kn_identity_look(&place, &node->identity, err);
    if (rc != KN_E_NOT_FOUND || place.is_configured)
        return rc;
    return kn_key_new(&node->random, &node->identity.key) == KN_OK ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code take(struct kn_node *node, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    if (!node->options.dry_run)
        rc = kn_run_folder_open(node->paths.home, &node->folder, err);
    if (rc == KN_OK && node->folder != NULL)
        kn_previous_end_find(node->folder, &node->previous);
    if (rc == KN_OK)
        rc = take_identity(node, err);
    node->loop = node->options.loop;
    if (rc == KN_OK && node->loop == NULL)
        rc = kn_loop_new(&node->loop, err);
    if (rc == KN_OK)
        rc = kn_journal_new(node, &node->journal, err);
    kn_own_limits_begin(node);
    if (rc == KN_OK)
        rc = join_network(node, err);
    if (rc == KN_OK)
        kn_journal_watch_network(node->journal, node->network);
    if (rc == KN_OK)
        rc = make_parts(node, err);
    return rc == KN_OK && node->folder != NULL ? open_to_others(node, err) : rc;
}

static enum kn_code load(struct kn_node *node, struct kn_snapshot **wrong, struct kn_error *err)
{
    struct kn_config_request request = *node->options.request;
    enum kn_code rc = kn_config_locate(&request, node->arena, &node->paths, err);

    request.without_caches = node->options.rediscover || node->options.machine != NULL;
    if (rc == KN_OK)
        rc = kn_decision_load(&node->what, &request, err);
    if (rc != KN_OK)
        return rc;
    if (!kn_snapshot_is_valid(node->what.sources)) {
        *wrong = kn_snapshot_ref(node->what.sources);
        return kn_fail(err, KN_E_INVALID, "the configuration is wrong");
    }
    if (node->options.machine != NULL)
        rc = kn_machine_may_stand_in(kn_node_settings(node), node->options.dry_run, err);
    if (rc != KN_OK)
        return rc;
    node->is_first_run = !node->paths.config_exists && !kn_decision_is_later(&node->what);
    node->bootstraps_of = kn_snapshot_ref(node->what.sources);
    node->bootstraps = kn_node_settings(node)->network.bootstrap_peers.texts;
    return KN_OK;
}

enum kn_code kn_node_new(const struct kn_node_options *options, struct kn_node **out,
                         struct kn_snapshot **snapshot, struct kn_error *err)
{
    struct kn_node *node = kn_try_alloc(sizeof(*node));
    enum kn_code rc = KN_OK;

    *snapshot = NULL;
    if (node != NULL)
        node->arena = kn_arena_new();
    if (node == NULL || node->arena == NULL) {
        kn_free(node);
        return kn_fail_no_memory(err);
    }
    node->options = *options;
    node->random = kn_random_system();
    node->started_ms = (int64_t)(kn_loop_unix_time() * MS_PER_S);
    node->started_s = node->since_s = node->started_ms / MS_PER_S;
    rc = load(node, snapshot, err);
    if (rc == KN_OK)
        rc = take(node, err);
    if (rc != KN_OK) {
        kn_node_free(node);
        return rc;
    }
    *out = node;
    return KN_OK;
}

static void on_signal(void *arg, int number)
{
    (void)number;
    kn_node_stop(arg);
}

/* A terminal that is closed takes its node with it; else this is how services ask for a reload. */
static void on_hangup(void *arg)
{
    if (kn_terminal_has_hung_up())
        kn_node_stop(arg);
    else
        kn_reload_soon(arg);
}

void kn_node_run(struct kn_node *node)
{
    if (!node->options.leaves_signals) {
        kn_loop_on_signal(node->loop, on_signal, node);
        kn_loop_on_hangup(node->loop, on_hangup, node);
    }
    kn_course_begin(node);
    if (!node->over)
        kn_loop_run(node->loop);
    while (node->working) /* the probe reads into our memory: wait for it */
        kn_loop_run(node->loop);
}

void kn_node_free(struct kn_node *node)
{
    if (node == NULL)
        return;
    kn_own_limits_end(node);
    kn_control_free(node->control);
    kn_changes_free(node->changes);
    kn_known_peers_free(node->known);
    kn_alerts_free(node->alerts);
    kn_checkup_end(node);
    kn_announcer_free(node->announcer);
    kn_move_free(node->move);
    kn_pause_done(node);
    kn_fetching_abandon(node->acquainting);
    kn_blocks_free(node->blocks);
    kn_membership_free(node->membership);
    kn_look_free(node->next_look);
    kn_decision_done(&node->what); /* its texts are the look's */
    kn_look_free(node->look);
    kn_timer_free(node->work_timer);
    kn_timer_free(node->reread_timer);
    kn_timer_free(node->refresh_timer);
    kn_timer_free(node->leave_timer);
    kn_timer_free(node->reload_timer);
    kn_timer_free(node->shrink_timer);
    kn_reached_end(node);
    kn_retry_end(node);
    kn_network_free(node->network);
    kn_journal_free(node->journal);
    if (node->options.loop == NULL)
        kn_loop_free(node->loop);
    kn_identity_done(&node->identity);
    kn_run_folder_close(node->folder);
    kn_snapshot_unref(node->announced);
    kn_snapshot_unref(node->bootstraps_of);
    kn_reload_done(&node->reloaded);
    kn_free(node->hardware);
    kn_arena_free(node->arena);
    kn_free(node);
}
