#include "node/node.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/discovery/port_plan.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/crypto/random.h"
#include "lib/io/work.h"
#include "lib/os/clock.h"
#include "lib/os/port_holder.h"
#include "lib/os/process_info.h"
#include "node/agent.h"
#include "node/caches.h"
#include "node/control.h"
#include "node/hardware.h"
#include "node/identity.h"
#include "node/run_folder.h"
#include "node/status.h"

enum { REJOIN_FIRST_MS = 1000, REJOIN_EAGER_MS = 30000, REJOIN_MAX_MS = 60000, LEAVE_MS = 3000 };
enum { EARLIER_MAX = 2 }; /* with the caches, and without */

struct kn_node {
    struct kn_node_options options;
    struct kn_config_request request;
    struct kn_arena *arena;
    struct kn_config_paths paths;
    struct kn_snapshot *snapshot;
    struct kn_snapshot *earlier[EARLIER_MAX]; /* the plan and the look point into their texts */
    size_t earlier_count;
    struct kn_random random;
    struct kn_run_folder *folder;
    struct kn_identity identity;
    char peer_id[KN_PEER_ID_TEXT_SIZE];
    struct kn_loop *loop;
    struct kn_network *network;
    uint16_t port;
    char port_text[KN_PORT_TEXT_SIZE];

    struct kn_look *look;
    bool seen;
    struct kn_hardware *hardware; /* the worker's until measured */
    bool measured, working;
    struct kn_plan plan;
    bool planned, agreed, caches_due;

    struct kn_look *second_look; /* coverage read again, soon after the first announcement */
    struct kn_timer *second_timer;
    uint32_t looks;

    struct kn_join *rejoin;
    struct kn_timer *timer; /* the next try to join; while leaving, the end of patience */
    kn_time alone_since;
    int rejoin_ms;
    const struct kn_bootstrap *bootstrap; /* of the event under way */

    struct kn_announcer *announcer;
    struct kn_control *control;
    int64_t started_s, since_s; /* seconds since 1970: the process, the state */
    enum kn_node_state state;
    bool is_first_run, leaving, over;
    struct kn_error failure, cache_failure;
};

static void tell(struct kn_node *node, enum kn_node_event event)
{
    if (node->options.event != NULL)
        node->options.event(node->options.arg, event);
}

static const struct kn_node_config *config_of(const struct kn_node *node)
{
    return kn_snapshot_config(node->snapshot);
}

static void step_state(struct kn_node *node, enum kn_node_cause cause)
{
    if (!kn_node_step(&node->state, cause))
        return;
    node->since_s = (int64_t)kn_loop_unix_time();
    tell(node, KN_NODE_STATE);
}

/* After the first announcement: a disk that is slow to flush must not delay it. */
static void write_caches(struct kn_node *node)
{
    const struct kn_texts *bootstraps = &config_of(node)->network.bootstrap_peers.texts;
    struct kn_caches caches = {
        .paths = &node->paths,
        .plan = &node->plan,
        .config = config_of(node),
        .hardware = node->hardware,
        .bootstraps = bootstraps->at,
        .bootstrap_count = bootstraps->n,
        .swarm_is_known = node->plan.swarm.is_known,
    };
    struct kn_error err = { 0 };

    if (!node->caches_due)
        return;
    node->caches_due = false;
    if (kn_clock_now(&caches.now_s) != KN_OK || kn_caches_write(&caches, &err) != KN_OK) {
        node->cache_failure = err;
        tell(node, KN_NODE_CACHE_FAILED);
    }
}

static void end(struct kn_node *node, const struct kn_error *err)
{
    if (node->over)
        return;
    node->over = true;
    write_caches(node);
    if (err != NULL)
        node->failure = *err;
    tell(node, KN_NODE_ENDED);
    kn_loop_stop(node->loop);
}

/* -- announcing */

static void plan_second_look(struct kn_node *node);

static void on_announced(void *arg, const struct kn_announced *round, bool read_back)
{
    struct kn_node *node = arg;

    (void)round;
    tell(node, read_back ? KN_NODE_READ_BACK : KN_NODE_ANNOUNCED);
    write_caches(node);
    if (read_back)
        plan_second_look(node);
}

/* Texts and numbers of the final configuration: what others will read. */
static void fill_info(const struct kn_node *node, struct kn_server_info *info)
{
    const struct kn_node_config *config = config_of(node);

    kn_server_info_init(info);
    info->state = KN_SERVER_JOINING; /* until the blocks are served */
    info->throughput = 0.0;
    kn_server_text_set(&info->public_name, config->node.name.text);
    kn_server_text_set(&info->version, config->node.version.text);
    if (config->model.dtype.is == KN_GIVEN)
        kn_server_text_set(&info->torch_dtype, kn_words_dtype[config->model.dtype.value].name);
    info->using_relay = 0;
}

/* spec: A5 of the records; a number of blocks that was guessed is never entered. */
static const char *registered_repository(const struct kn_plan *plan, struct kn_arena *arena)
{
    const char *repository = plan->model.repository;

    if (repository == NULL || plan->model.size.source == KN_SIZE_GUESS)
        return NULL;
    if (strncmp(repository, KN_HUB_ADDRESS, strlen(KN_HUB_ADDRESS)) == 0)
        return repository;
    return kn_arena_printf(arena, "%s%s", KN_HUB_ADDRESS, repository);
}

static void announce(struct kn_node *node)
{
    const struct kn_node_config *config = config_of(node);
    struct kn_announcement what = { .num_blocks = node->plan.model.size.blocks };

    if (config->state.initial.is == KN_GIVEN && config->state.initial.value == KN_STATE_OFFLINE)
        return;
    if (config->dht.announce.is == KN_GIVEN && !config->dht.announce.value)
        return;
    if (node->plan.place.by == KN_PLACED_NOWHERE || config->model.start_block.is != KN_GIVEN)
        return;
    what.prefix = config->model.dht_prefix.text;
    what.start = (uint32_t)config->model.start_block.value;
    what.end = (uint32_t)config->model.end_block.value;
    what.repository = registered_repository(&node->plan, node->arena);
    fill_info(node, &what.info);
    kn_announcer_set(node->announcer, &what);
}

static void set_bootstraps(struct kn_node *node, const struct kn_join *join)
{
    struct kn_peer_id peers[KN_DHT_PEERS_MAX];
    size_t n = join != NULL ? kn_join_peers(join, peers, KN_COUNT(peers)) : 0;

    kn_announcer_set_bootstraps(node->announcer, peers, n);
}

static void go_on(struct kn_node *node)
{
    if (!node->planned || !node->agreed || node->state == KN_NODE_OFFLINE || node->leaving)
        return;
    announce(node);
}

static void joined(struct kn_node *node, const struct kn_join *join)
{
    set_bootstraps(node, join);
    if (node->state == KN_NODE_OFFLINE) {
        step_state(node, KN_CAUSE_JOINED);
        tell(node, KN_NODE_JOINED);
        kn_kad_refresh(kn_network_kad(node->network));
        go_on(node);
    }
}

/* -- joining later: nobody answered at first */

static void try_again(struct kn_node *node)
{
    kn_time now = kn_loop_now(node->loop);
    int delay = REJOIN_FIRST_MS;

    if (node->alone_since == 0)
        node->alone_since = now;
    if (now - node->alone_since >= REJOIN_EAGER_MS) {
        node->rejoin_ms =
            node->rejoin_ms >= REJOIN_MAX_MS / 2 ? REJOIN_MAX_MS : 2 * node->rejoin_ms;
        delay = 1 + (int)kn_random_below(&node->random, (uint64_t)node->rejoin_ms);
    } else {
        node->rejoin_ms = REJOIN_FIRST_MS;
    }
    kn_timer_set(node->timer, now + delay);
}

static void on_bootstrap(void *arg, const struct kn_bootstrap *told)
{
    struct kn_node *node = arg;

    node->bootstrap = told;
    tell(node, KN_NODE_BOOTSTRAP);
    node->bootstrap = NULL;
}

static void on_rejoin_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_node *node = arg;

    on_bootstrap(node, told);
    if (told->code == KN_OK)
        joined(node, node->rejoin);
}

static void on_rejoin_done(void *arg, size_t answered)
{
    struct kn_node *node = arg;

    if (answered == 0)
        try_again(node);
    else
        set_bootstraps(node, node->rejoin);
}

static void rejoin(struct kn_node *node)
{
    const struct kn_node_config *config = config_of(node);
    const struct kn_join_events events = { node, on_rejoin_settled, on_rejoin_done };

    kn_join_free(node->rejoin);
    node->rejoin = NULL;
    if (kn_join_start(node->network, config->network.bootstrap_peers.texts.at,
                      config->network.bootstrap_peers.texts.n,
                      (int)config->dht.discovery_timeout.ms, &events, &node->rejoin, NULL) != KN_OK)
        try_again(node);
}

static void on_timer(void *arg)
{
    struct kn_node *node = arg;

    if (node->leaving)
        end(node, NULL);
    else
        rejoin(node);
}

/* -- deciding */

static void use_snapshot(struct kn_node *node, struct kn_snapshot *snapshot)
{
    assert(node->earlier_count < EARLIER_MAX);
    node->earlier[node->earlier_count++] = node->snapshot;
    node->snapshot = snapshot;
}

/* The same sources again, with what was found out; the caches are older than that. */
static enum kn_code resolve_again(struct kn_node *node, struct kn_error *err)
{
    struct kn_config_request request = node->request;
    struct kn_snapshot *snapshot;
    enum kn_code rc;

    request.discovered = node->plan.values;
    request.discovered_count = node->plan.value_count;
    request.without_caches = true;
    rc = kn_config_load(&request, &snapshot, err);
    if (rc != KN_OK)
        return rc;
    if (!kn_snapshot_is_valid(snapshot)) {
        kn_snapshot_unref(snapshot);
        return kn_fail(err, KN_E_INVALID, "what was found out does not fit the configuration");
    }
    use_snapshot(node, snapshot);
    return KN_OK;
}

static struct kn_plan_input input_of(const struct kn_node *node, const struct kn_look *look)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));
    bool known = look != NULL && kn_look_code(look) != KN_E_UNREACHABLE &&
                 kn_look_code(look) != KN_E_NO_MEMORY;

    return (struct kn_plan_input){
        .snapshot = node->snapshot,
        .config = config_of(node),
        .hardware = node->hardware,
        .survey = known ? kn_look_survey(look) : NULL,
        .own = node->peer_id,
        .own_bytes = kn_span(self->bytes, self->n),
        .port = node->port,
    };
}

static enum kn_code make_plan(struct kn_node *node, struct kn_error *err)
{
    const struct kn_plan_input input = input_of(node, node->look);
    enum kn_code rc = kn_plan_make(&input, &node->plan, err);

    if (rc != KN_OK)
        return rc;
    rc = resolve_again(node, err);
    if (rc != KN_OK)
        kn_plan_done(&node->plan);
    return rc;
}

/* An assignment of an earlier start that does not fit any more is no reason not to start. */
static enum kn_code make_plan_anew(struct kn_node *node, struct kn_error *err)
{
    struct kn_snapshot *snapshot;
    enum kn_code rc;

    node->request.without_caches = true;
    rc = kn_config_load(&node->request, &snapshot, err);
    if (rc != KN_OK)
        return rc;
    use_snapshot(node, snapshot);
    return make_plan(node, err);
}

static void decide(struct kn_node *node)
{
    struct kn_error err = { 0 };

    if (!node->seen || !node->measured || node->planned || node->over)
        return;
    if (make_plan(node, &err) != KN_OK &&
        (node->request.without_caches || make_plan_anew(node, &err) != KN_OK)) {
        end(node, &err);
        return;
    }
    node->planned = true;
    node->caches_due = true;
    tell(node, KN_NODE_PLANNED);
    if (node->options.dry_run)
        end(node, NULL);
    else
        go_on(node);
}

/* -- looking again: many may have started at the same moment (decisions D34) */

static void on_looked_again(void *arg)
{
    struct kn_node *node = arg;
    struct kn_plan_input input = input_of(node, node->second_look);
    struct kn_error err = { 0 };

    /* The first choice stands in the configuration by now: it is no pin. */
    if (input.survey == NULL || node->leaving ||
        !kn_plan_reconsider(&input, node->looks - 1, &node->plan))
        return;
    if (resolve_again(node, &err) != KN_OK)
        return;
    node->caches_due = true;
    tell(node, KN_NODE_MOVED);
    announce(node);
}

static void look_again(void *arg)
{
    struct kn_node *node = arg;
    const struct kn_node_config *config = config_of(node);
    const struct kn_look_options options = {
        .network = node->network,
        .bootstraps = config->network.bootstrap_peers.texts.at,
        .bootstrap_count = config->network.bootstrap_peers.texts.n,
        .timeout_ms = (int)config->dht.discovery_timeout.ms,
        .model = node->plan.prefix.text,
        .arg = node,
        .done = on_looked_again,
    };

    kn_look_free(node->second_look);
    node->second_look = NULL;
    node->looks++;
    if (node->leaving || kn_look_start(&options, &node->second_look, NULL) != KN_OK)
        return;
}

static void plan_second_look(struct kn_node *node)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));

    if (node->plan.place.by != KN_PLACED_LEAST_SERVED || node->looks >= KN_PLACEMENT_ROUNDS)
        return;
    kn_timer_set(
        node->second_timer,
        kn_loop_now(node->loop) +
            kn_placement_delay_ms(kn_placement_seed(kn_span(self->bytes, self->n)), node->looks));
}

void kn_node_agree(struct kn_node *node)
{
    node->agreed = true;
    go_on(node);
}

/* -- gathering facts */

static void measure(void *arg)
{
    struct kn_node *node = arg;
    const struct kn_hardware_options options = { 0 };

    if (node->options.machine != NULL)
        *node->hardware = *node->options.machine;
    else
        (void)!kn_hardware_probe(&options, node->hardware);
}

static void on_measured(void *arg, enum kn_code code)
{
    struct kn_node *node = arg;

    (void)code;
    node->working = false;
    node->measured = true;
    if (node->over) {
        kn_loop_stop(node->loop);
        return;
    }
    tell(node, KN_NODE_MEASURED);
    decide(node);
}

static void on_look_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_node *node = arg;

    on_bootstrap(node, told);
    if (told->code == KN_OK)
        joined(node, node->look != NULL ? kn_look_join(node->look) : NULL);
}

static void on_looked(void *arg)
{
    struct kn_node *node = arg;

    node->seen = true;
    if (kn_look_code(node->look) == KN_E_UNREACHABLE)
        try_again(node);
    else
        set_bootstraps(node, kn_look_join(node->look));
    tell(node, KN_NODE_SEEN);
    decide(node);
}

static enum kn_code begin_look(struct kn_node *node, struct kn_error *err)
{
    const struct kn_node_config *config = config_of(node);
    const struct kn_look_options options = {
        .network = node->network,
        .bootstraps = config->network.bootstrap_peers.texts.at,
        .bootstrap_count = config->network.bootstrap_peers.texts.n,
        .timeout_ms = (int)config->dht.discovery_timeout.ms,
        .arg = node,
        .settled = on_look_settled,
        .done = on_looked,
    };

    return kn_look_start(&options, &node->look, err);
}

static bool is_bootstrap_itself(const struct kn_node_config *config)
{
    return config->network.new_swarm.value || config->network.bootstrap_peers.texts.n == 0;
}

static void begin(struct kn_node *node)
{
    struct kn_error err = { 0 };

    tell(node, KN_NODE_LISTENING);
    node->working = kn_work_start(node->loop, measure, on_measured, node) == KN_OK;
    if (!node->working) {
        (void)kn_fail_no_memory(&err);
        end(node, &err);
    } else if (is_bootstrap_itself(config_of(node))) {
        node->seen = true;
        joined(node, NULL);
    } else if (begin_look(node, &err) != KN_OK) {
        end(node, &err);
    }
}

/* -- taking what a node needs */

static enum kn_code listen_on(struct kn_node *node, uint16_t port, struct kn_error *err)
{
    struct kn_host *host = kn_network_host(node->network);
    struct kn_endpoint ip4 = { .port = port }, ip6 = { .is_ip6 = true, .port = port };
    enum kn_code rc = kn_host_listen(host, &ip4, err);

    if (rc != KN_OK)
        return rc;
    /* A machine without IPv6 is no reason not to start; a port taken there is. */
    rc = kn_host_listen(host, &ip6, err);
    if (rc == KN_E_BUSY)
        kn_host_unlisten(host);
    return rc == KN_E_BUSY ? rc : KN_OK;
}

/* Who has the port that was asked for, where the system tells. */
static enum kn_code no_port(const struct kn_port_plan *plan, struct kn_error *err)
{
    struct kn_port_holder holder;
    char text[KN_PROCESS_NAME_SIZE + 32];

    if (!plan->is_given || kn_port_holder(plan->ports[0], &holder) != KN_OK ||
        holder.name[0] == '\0')
        return kn_port_plan_exhausted(plan, NULL, err);
    (void)snprintf(text, sizeof(text), "%s (process %lld)", holder.name, (long long)holder.pid);
    return kn_port_plan_exhausted(plan, text, err);
}

static enum kn_code listen_somewhere(struct kn_node *node, struct kn_error *err)
{
    const struct kn_int *value = &config_of(node)->node.port;
    uint16_t number = value->is == KN_GIVEN ? (uint16_t)value->value : 0;
    bool cached = number != 0 && kn_snapshot_is_from(node->snapshot, "node.port", KN_LAYER_CACHE);
    struct kn_port_plan plan = kn_port_plan(cached ? 0 : number, cached ? number : 0);

    for (size_t i = 0; i < plan.count; i++) {
        enum kn_code rc = listen_on(node, plan.ports[i], err);

        if (rc == KN_OK) {
            node->port = plan.ports[i];
            kn_port_plan_using(&plan, i, node->port_text);
            return KN_OK;
        }
        if (rc != KN_E_BUSY)
            return rc;
    }
    return no_port(&plan, err);
}

static enum kn_code listen_as_told(struct kn_node *node, struct kn_error *err)
{
    const struct kn_texts *texts = &config_of(node)->network.listen_addrs.texts;

    for (size_t i = 0; i < texts->n; i++) {
        enum kn_code rc = kn_network_listen(node->network, texts->at[i], err);

        if (rc != KN_OK)
            return rc;
    }
    if (kn_host_listeners(kn_network_host(node->network)) > 0) {
        struct kn_endpoint first;

        kn_host_listener(kn_network_host(node->network), 0, &first);
        node->port = first.port;
        (void)snprintf(node->port_text, sizeof(node->port_text), "Using port %u", first.port);
    }
    return KN_OK;
}

static enum kn_code join_network(struct kn_node *node, struct kn_error *err)
{
    const struct kn_node_config *config = config_of(node);
    const struct kn_network_options options = {
        .loop = node->loop,
        .identity = node->identity.key,
        .random = &node->random,
        .agent = KN_AGENT,
        .connections_max = (size_t)config->network.max_connections.value,
        .announce = config->network.announce_addrs.texts.at,
        .announce_count = config->network.announce_addrs.texts.n,
    };
    enum kn_code rc = kn_network_new(&options, &node->network, err);

    if (rc != KN_OK)
        return rc;
    kn_peer_id_print(kn_key_peer_id(node->identity.key), node->peer_id);
    return config->network.listen_addrs.texts.n > 0 ? listen_as_told(node, err)
                                                    : listen_somewhere(node, err);
}

static enum kn_code make_announcer(struct kn_node *node)
{
    const struct kn_node_config *config = config_of(node);
    int interval = (int)config->dht.announce_interval.ms;
    const struct kn_announcer_options options = {
        .network = node->network,
        .random = &node->random,
        .interval_ms = interval,
        .lifetime_ms =
            config->dht.expiration.is == KN_GIVEN ? (int)config->dht.expiration.ms : 3 * interval,
        .arg = node,
        .announced = on_announced,
    };

    node->announcer = kn_announcer_new(&options);
    node->timer = kn_timer_new(node->loop, on_timer, node);
    node->second_timer = kn_timer_new(node->loop, look_again, node);
    node->hardware = kn_try_alloc(sizeof(*node->hardware));
    return node->announcer != NULL && node->timer != NULL && node->second_timer != NULL &&
                   node->hardware != NULL
               ? KN_OK
               : KN_E_NO_MEMORY;
}

/* -- being asked */

static enum kn_code answer_status(void *arg, const struct kn_json *request, struct kn_text *out,
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
    return kn_status_print(&status, out) ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code answer_stop(void *arg, const struct kn_json *request, struct kn_text *out,
                                struct kn_error *err)
{
    (void)request;
    (void)out;
    (void)err;
    kn_node_stop(arg);
    return KN_OK;
}

static const struct kn_control_handler handlers[] = {
    { "status", answer_status },
    { "stop", answer_stop },
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
        .port = node->port,
    };
    enum kn_code rc = kn_run_folder_tell(node->folder, &facts, err);

    return rc == KN_OK
               ? kn_control_new(node->loop, node->folder, handlers, node, &node->control, err)
               : rc;
}

static enum kn_code take(struct kn_node *node, struct kn_error *err)
{
    const struct kn_identity_place place = kn_identity_place_of(node->snapshot);
    enum kn_code rc = kn_run_folder_open(node->paths.home, &node->folder, err);

    if (rc == KN_OK)
        rc = kn_identity_need(&place, &node->random, &node->identity, err);
    if (rc == KN_OK)
        rc = kn_loop_new(&node->loop, err);
    if (rc == KN_OK)
        rc = join_network(node, err);
    if (rc == KN_OK && make_announcer(node) != KN_OK)
        rc = kn_fail_no_memory(err);
    return rc == KN_OK ? open_to_others(node, err) : rc;
}

static enum kn_code load(struct kn_node *node, struct kn_snapshot **wrong, struct kn_error *err)
{
    enum kn_code rc = kn_config_locate(&node->request, node->arena, &node->paths, err);

    if (rc == KN_OK)
        rc = kn_config_load(&node->request, &node->snapshot, err);
    if (rc == KN_OK)
        node->is_first_run = !node->paths.config_exists &&
                             !kn_snapshot_is_from(node->snapshot, "model.name", KN_LAYER_CACHE);
    if (rc == KN_OK && !kn_snapshot_is_valid(node->snapshot)) {
        *wrong = kn_snapshot_ref(node->snapshot);
        rc = kn_fail(err, KN_E_INVALID, "the configuration is wrong");
    }
    return rc;
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
    node->request = *options->request;
    node->request.without_caches = options->rediscover;
    node->random = kn_random_system();
    node->started_s = node->since_s = (int64_t)kn_loop_unix_time();
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

void kn_node_run(struct kn_node *node)
{
    kn_loop_on_signal(node->loop, on_signal, node);
    begin(node);
    if (!node->over)
        kn_loop_run(node->loop);
    if (node->working) /* the probe reads into our memory: wait for it */
        kn_loop_run(node->loop);
}

static void on_left(void *arg)
{
    end(arg, NULL);
}

void kn_node_stop(struct kn_node *node)
{
    if (node->leaving || node->over) { /* asked twice: no good-bye */
        end(node, NULL);
        return;
    }
    node->leaving = true;
    if (node->state == KN_NODE_OFFLINE || !kn_announcer_has_told(node->announcer)) {
        end(node, NULL);
        return;
    }
    step_state(node, KN_CAUSE_LEAVE);
    kn_timer_set(node->timer, kn_loop_now(node->loop) + LEAVE_MS);
    kn_announcer_leave(node->announcer, on_left, node);
}

void kn_node_free(struct kn_node *node)
{
    if (node == NULL)
        return;
    kn_control_free(node->control);
    kn_announcer_free(node->announcer);
    kn_look_free(node->look);
    kn_look_free(node->second_look);
    kn_join_free(node->rejoin);
    kn_timer_free(node->timer);
    kn_timer_free(node->second_timer);
    kn_network_free(node->network);
    if (node->loop != NULL)
        kn_loop_free(node->loop);
    kn_identity_done(&node->identity);
    kn_run_folder_close(node->folder);
    kn_plan_done(&node->plan);
    kn_free(node->hardware);
    kn_snapshot_unref(node->snapshot);
    for (size_t i = 0; i < node->earlier_count; i++)
        kn_snapshot_unref(node->earlier[i]);
    kn_arena_free(node->arena);
    kn_free(node);
}

const struct kn_snapshot *kn_node_snapshot(const struct kn_node *node)
{
    return node->snapshot;
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

const struct kn_plan *kn_node_plan(const struct kn_node *node)
{
    return node->planned ? &node->plan : NULL;
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
    return node->port_text;
}

uint16_t kn_node_port(const struct kn_node *node)
{
    return node->port;
}

size_t kn_node_peers(const struct kn_node *node)
{
    return kn_host_connection_count(kn_network_host(node->network));
}

const struct kn_error *kn_node_cache_failure(const struct kn_node *node)
{
    return &node->cache_failure;
}

void kn_node_addresses(const struct kn_node *node, kn_add_address_fn *add, void *add_arg)
{
    kn_host_announced(kn_network_host(node->network), add, add_arg);
}
