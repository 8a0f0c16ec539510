/* network peers: the DHT nodes that can be reached from here. */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/swarm.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "app/term/table.h"
#include "lib/base/arena.h"
#include "lib/crypto/random.h"

struct run {
    struct kn_swarm swarm;
    struct kn_join *join;
    struct kn_dht_op *find;
    struct kn_timer *timer;
    enum kn_code code;
    struct kn_dht_neighbour nodes[KN_DHT_BEAM_MAX];
    size_t n;
    bool done;
    int64_t started_us, ended_us;
};

static void stop(struct run *run)
{
    run->done = true;
    run->ended_us = kn_loop_clock_us();
    kn_loop_stop(kn_visitor_loop(run->swarm.visitor));
}

static void on_found(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes, size_t n)
{
    struct run *run = arg;

    run->find = NULL;
    run->code = code;
    run->n = n;
    if (n > 0)
        memcpy(run->nodes, nodes, n * sizeof(nodes[0]));
    stop(run);
}

/* From everywhere at once: the neighbours of a place that nobody chose. */
static void begin(struct run *run)
{
    struct kn_network *network = kn_visitor_network(run->swarm.visitor);
    const struct kn_random random = kn_random_system();
    struct kn_dht_id somewhere;

    kn_dht_id_random(&random, &somewhere);
    run->code = kn_dht_find_nearest(kn_network_dht(network), &somewhere, KN_DHT_BEAM_MAX,
                                    kn_loop_now(kn_visitor_loop(run->swarm.visitor)) +
                                        run->swarm.timeout_ms,
                                    on_found, run, &run->find);
    if (run->code != KN_OK)
        stop(run);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct run *run = arg;

    if (told->code == KN_OK && run->find == NULL && !run->done)
        begin(run);
}

static void on_joined(void *arg, size_t answered)
{
    struct run *run = arg;

    if (answered == 0) {
        run->code = KN_E_UNREACHABLE;
        stop(run);
    }
}

static const char *keep(struct kn_cli *cli, const char *text)
{
    struct kn_text safe = { 0 };
    char *kept;

    kn_term_add_safe(&safe, text);
    kept = kn_arena_dup(cli->arena, kn_text_get(&safe));
    kn_text_done(&safe);
    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

/* What there is to tell of one node; the parts that are not known are "". */
struct row {
    char id[KN_PEER_ID_TEXT_SIZE], where[KN_ENDPOINT_TEXT_SIZE];
    const struct kn_peer_facts *facts;
    int64_t rtt_ms;
};

static void fill(struct kn_host *host, const struct kn_peer_id *peer, struct row *row)
{
    struct kn_connection *connection = kn_host_connection(host, peer);
    struct kn_endpoint remote;

    *row = (struct row){ .facts = kn_host_facts(host, peer), .rtt_ms = -1 };
    kn_peer_id_print(peer, row->id);
    if (connection == NULL || !kn_host_remote(connection, &remote))
        return;
    kn_endpoint_print(&remote, row->where);
    row->rtt_ms = kn_connection_rtt_ms(connection);
}

static void show(struct kn_cli *cli, const struct run *run)
{
    static const struct kn_table_column columns[] = {
        { "PEER", false, true },
        { "ADDRESS", false, false },
        { "AGENT", false, true },
    };
    struct kn_host *host = kn_network_host(kn_visitor_network(run->swarm.visitor));
    const char *cells[KN_DHT_BEAM_MAX * KN_COUNT(columns)];
    struct kn_text text = { 0 };

    for (size_t i = 0; i < run->n; i++) {
        const char **cell = cells + i * KN_COUNT(columns);
        struct row row;

        fill(host, &run->nodes[i].peer, &row);
        cell[0] = keep(cli, row.id);
        cell[1] = keep(cli, row.where);
        cell[2] = keep(cli, row.facts != NULL ? row.facts->agent : "");
    }
    kn_text_addf(&text, "%zu DHT node%s reached (", run->n, run->n == 1 ? "" : "s");
    kn_swarm_add_ms(&text, (double)(run->ended_us - run->started_us) / 1000.0);
    kn_text_add_char(&text, ')');
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    kn_text_done(&text);
    if (run->n > 0)
        kn_text_add_char(&cli->answer, '\n');
    if (run->n > 0)
        kn_table_add(&cli->out_term, columns, KN_COUNT(columns), cells, run->n, &cli->answer);
    kn_swarm_show_silent(cli, run->join);
    cli->answer_first = true;
}

static struct kn_json *peer_json(struct kn_host *host, const struct kn_dht_neighbour *node)
{
    struct kn_json *json = kn_json_object();
    char node_id[2 * KN_DHT_ID_SIZE + 1];
    struct row row;

    fill(host, &node->peer, &row);
    for (size_t i = 0; i < KN_DHT_ID_SIZE; i++) {
        node_id[2 * i] = "0123456789abcdef"[node->id.bytes[i] >> 4];
        node_id[2 * i + 1] = "0123456789abcdef"[node->id.bytes[i] & 15];
    }
    node_id[sizeof(node_id) - 1] = '\0';
    kn_tree_text(json, "peer_id", row.id);
    kn_tree_text(json, "node_id", node_id);
    kn_tree_text(json, "endpoint", row.where[0] != '\0' ? row.where : NULL);
    kn_tree_text(json, "agent",
                 row.facts != NULL && row.facts->identified ? row.facts->agent : NULL);
    kn_tree_set(json, "rtt_ms", row.rtt_ms >= 0 ? kn_json_int(row.rtt_ms) : kn_json_null());
    kn_tree_set(json, "serves_kad", kn_json_bool(row.facts != NULL && row.facts->serves_kad));
    kn_tree_set(json, "serves_relay", kn_json_bool(row.facts != NULL && row.facts->serves_relay));
    return json;
}

static struct kn_json *to_json(const struct run *run)
{
    struct kn_host *host = kn_network_host(kn_visitor_network(run->swarm.visitor));
    struct kn_json *json = kn_json_object(), *peers = kn_json_array();

    for (size_t i = 0; i < run->n; i++)
        kn_tree_append(peers, peer_json(host, &run->nodes[i]));
    kn_tree_set(json, "peers", peers);
    kn_tree_set(json, "bootstraps", kn_swarm_bootstraps_json(run->join));
    kn_tree_set(json, "counters", kn_swarm_counters_json(&run->swarm));
    kn_tree_set(json, "elapsed_ms",
                kn_json_number((double)(run->ended_us - run->started_us) / 1000.0));
    return json;
}

static enum kn_exit report(struct kn_cli *cli, const struct run *run)
{
    if (run->code == KN_E_UNREACHABLE)
        return kn_swarm_unreachable(cli, run->join, cli->json ? to_json(run) : NULL);
    if (cli->json)
        kn_cli_answer(cli, to_json(run));
    else
        show(cli, run);
    return KN_EXIT_DONE;
}

static enum kn_exit run_peers(struct kn_cli *cli)
{
    struct run run = { .started_us = kn_loop_clock_us() };
    const struct kn_join_events events = { &run, NULL, on_settled, on_joined };
    struct kn_error err = { 0 };
    enum kn_exit code = kn_swarm_enter(cli, true, &run.swarm);

    if (code != KN_EXIT_DONE)
        return code;
    if (kn_join_start(kn_visitor_network(run.swarm.visitor), run.swarm.bootstraps,
                      run.swarm.bootstrap_count, run.swarm.timeout_ms, &events, &run.join,
                      &err) != KN_OK) {
        code = kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    } else {
        kn_loop_run(kn_visitor_loop(run.swarm.visitor));
        code = report(cli, &run);
    }
    kn_dht_cancel(run.find);
    kn_join_free(run.join);
    kn_swarm_leave(&run.swarm);
    return code;
}

const struct kn_command kn_cmd_network_peers = {
    .name = "network peers",
    .brief = "Show the DHT nodes of the swarm that can be reached from here.",
    .loads_configuration = true,
    .detail = "At most 64 of them, those nearest to a place that is chosen anew each time. The "
              "exit code is 69 when no bootstrap peer answers.\n\n"
              "With --json: {\"peers\": [{\"peer_id\", \"node_id\", \"endpoint\", \"agent\", "
              "\"rtt_ms\", \"serves_kad\", \"serves_relay\"}], \"bootstraps\", \"elapsed_ms\"}.",
    .run = run_peers,
};
