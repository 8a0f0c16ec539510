/* network ping: is this peer there, who is it, how far away? */
#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/swarm.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/number.h"
#include "lib/codec/multiaddr_bytes.h"
#include "node/presence/encounter.h"

enum { PINGS_USUAL = 3 };

struct run {
    struct kn_swarm swarm;
    struct kn_join *join;
    struct kn_encounter *encounter;
    struct kn_encounter_options options;
};

static void on_met(void *arg)
{
    struct run *run = arg;

    kn_loop_stop(kn_visitor_loop(run->swarm.visitor));
}

static void meet(struct run *run)
{
    struct kn_error err = { 0 };

    if (kn_encounter_start(&run->options, &run->encounter, &err) != KN_OK)
        kn_loop_stop(kn_visitor_loop(run->swarm.visitor));
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct run *run = arg;

    if (told->code == KN_OK && run->encounter == NULL)
        meet(run);
}

static void on_joined(void *arg, size_t answered)
{
    struct run *run = arg;

    if (answered == 0)
        kn_loop_stop(kn_visitor_loop(run->swarm.visitor));
}

/* An address, whose peer is met there; or a peer id, which the swarm must find. */
static enum kn_code read_target(struct run *run, const char *word, bool *needs_swarm,
                                struct kn_error *err)
{
    struct kn_host *host = kn_network_host(run->options.network);
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    enum kn_code rc;

    *needs_swarm = word[0] != '/';
    if (*needs_swarm)
        return kn_peer_id_parse(word, strlen(word), &run->options.peer, err);
    rc = kn_multiaddr_to_bytes(kn_span_text(word), &bytes, err);
    if (rc == KN_OK)
        rc = kn_multiaddr_route(kn_buffer_get(&bytes), &route);
    if (rc == KN_OK && !route.has_peer) {
        rc = kn_fail(err, KN_E_INVALID, "%s does not say which peer is expected there", word);
        kn_hint(err, "End the address with /p2p/ and the id of the peer.");
    }
    if (rc == KN_OK) {
        run->options.peer = route.peer;
        kn_host_learn(host, &route.peer, kn_buffer_get(&bytes));
    }
    kn_buffer_done(&bytes);
    return rc;
}

static bool read_count(const struct kn_cli *cli, unsigned *out)
{
    const char *text = kn_cli_option(cli, "--count");
    int64_t n;

    *out = PINGS_USUAL;
    if (text == NULL)
        return true;
    if (kn_parse_whole(text, &n) != KN_OK || n < 1 || n > KN_ENCOUNTER_PINGS_MAX)
        return false;
    *out = (unsigned)n;
    return true;
}

static enum kn_code begin(struct run *run, bool needs_swarm, struct kn_error *err)
{
    const struct kn_join_events events = { run, NULL, on_settled, on_joined };

    if (!needs_swarm)
        return kn_encounter_start(&run->options, &run->encounter, err);
    return kn_join_start(run->options.network, run->swarm.bootstraps, run->swarm.bootstrap_count,
                         run->swarm.timeout_ms, &events, &run->join, err);
}

static void add_pings(const struct kn_encounter_result *result, struct kn_text *out)
{
    kn_text_add(out, "ping ");
    for (unsigned i = 0; i < result->pings; i++) {
        if (i > 0)
            kn_text_add(out, ", ");
        kn_swarm_add_ms(out, result->ping_ms[i]);
    }
    if (result->ping_code == KN_E_UNSUPPORTED)
        kn_text_add(out, "is not answered by this peer");
    else if (result->ping_code != KN_OK)
        kn_text_add(out, result->pings > 0 ? ", then no answer" : "without an answer");
}

static void add_dht(const struct kn_dht_pong *dht, struct kn_text *out)
{
    if (dht->code == KN_E_UNSUPPORTED) {
        kn_text_add(out, "no DHT node");
    } else if (dht->code != KN_OK) {
        kn_text_add(out, "no answer as a DHT node");
    } else {
        kn_text_add(out, "DHT node");
        if (dht->tells_time && dht->ahead_s < 0.05 && dht->ahead_s > -0.05)
            kn_text_add(out, ", its clock agrees with ours");
        else if (dht->tells_time)
            kn_text_addf(out, ", its clock is %.1f s %s ours",
                         dht->ahead_s < 0 ? -dht->ahead_s : dht->ahead_s,
                         dht->ahead_s < 0 ? "behind" : "ahead of");
    }
}

static void show(struct kn_cli *cli, const struct kn_encounter_result *result,
                 const struct kn_peer_id *peer)
{
    char id[KN_PEER_ID_TEXT_SIZE], where[KN_ENDPOINT_TEXT_SIZE];
    struct kn_text text = { 0 };

    kn_peer_id_print(peer, id);
    kn_endpoint_print(&result->remote, where);
    kn_text_addf(&text, "%s at %s", id, where);
    if (result->facts.agent[0] != '\0') {
        kn_text_add(&text, ", ");
        kn_term_add_safe(&text, result->facts.agent);
    }
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 0);
    kn_text_cut(&text, 0);
    kn_text_add(&text, "connected in ");
    kn_swarm_add_ms(&text, result->connect_ms);
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 2);
    kn_text_cut(&text, 0);
    add_pings(result, &text);
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 2);
    kn_text_cut(&text, 0);
    add_dht(&result->dht, &text);
    kn_fold_paragraph(&cli->answer, kn_text_get(&text), cli->out_term.columns, 2);
    kn_text_done(&text);
}

static struct kn_json *to_json(const struct kn_encounter_result *result,
                               const struct kn_peer_id *peer)
{
    struct kn_json *json = kn_json_object(), *pings = kn_json_array(), *dht = kn_json_object();
    char id[KN_PEER_ID_TEXT_SIZE], where[KN_ENDPOINT_TEXT_SIZE];

    kn_peer_id_print(peer, id);
    kn_endpoint_print(&result->remote, where);
    for (unsigned i = 0; i < result->pings; i++)
        kn_tree_append(pings, kn_json_number(result->ping_ms[i]));
    kn_tree_set(dht, "ok", kn_json_bool(result->dht.code == KN_OK));
    kn_tree_set(dht, "ahead_s",
                result->dht.code == KN_OK && result->dht.tells_time
                    ? kn_json_number(result->dht.ahead_s)
                    : kn_json_null());
    kn_tree_text(json, "peer_id", id);
    kn_tree_text(json, "endpoint", where);
    kn_tree_text(json, "agent", result->facts.identified ? result->facts.agent : NULL);
    kn_tree_set(json, "connect_ms", kn_json_number(result->connect_ms));
    kn_tree_set(json, "pings_ms", pings);
    kn_tree_set(json, "serves_kad", kn_json_bool(result->facts.serves_kad));
    kn_tree_set(json, "serves_relay", kn_json_bool(result->facts.serves_relay));
    kn_tree_set(json, "dht", dht);
    return json;
}

static enum kn_exit report(struct kn_cli *cli, const struct run *run)
{
    const struct kn_encounter_result *result;

    if (run->encounter == NULL)
        return kn_swarm_unreachable(cli, run->join, cli->json ? kn_json_object() : NULL);
    result = kn_encounter_result(run->encounter);
    if (result->error.code != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_UNREACHABLE, &result->error);
    if (cli->json)
        kn_cli_answer(cli, to_json(result, &run->options.peer));
    else
        show(cli, result, &run->options.peer);
    return KN_EXIT_DONE;
}

static enum kn_exit run_with(struct kn_cli *cli, struct run *run)
{
    struct kn_error err = { 0 };
    bool needs_swarm;

    run->options.network = kn_visitor_network(run->swarm.visitor);
    run->options.timeout_ms = run->swarm.timeout_ms;
    run->options.arg = run;
    run->options.done = on_met;
    if (!read_count(cli, &run->options.pings)) {
        (void)kn_fail(&err, KN_E_RANGE, "--count %s: must be 1 to %d",
                      kn_cli_option(cli, "--count"), KN_ENCOUNTER_PINGS_MAX);
        return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    }
    if (read_target(run, cli->arguments[0], &needs_swarm, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    if (begin(run, needs_swarm, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    kn_loop_run(kn_visitor_loop(run->swarm.visitor));
    return report(cli, run);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct run run = { 0 };
    enum kn_exit code = kn_swarm_enter(cli, cli->arguments[0][0] != '/', &run.swarm);

    if (code != KN_EXIT_DONE)
        return code;
    code = run_with(cli, &run);
    kn_encounter_free(run.encounter);
    kn_join_free(run.join);
    kn_swarm_leave(&run.swarm);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--count", "N", "How many pings, one after another (3)." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_network_ping = {
    .name = "network ping",
    .brief = "Ask a peer whether it is there, who it is and how far away.",
    .arguments = "PEER",
    .least = 1,
    .most = 1,
    .flags = flags,
    .loads_configuration = true,
    .detail = "PEER is an address that ends in /p2p/ID, or an ID alone: then the bootstrap peers "
              "are asked where it is. The exit code is 69 when it cannot be reached.\n\n"
              "With --json: {\"peer_id\", \"endpoint\", \"agent\", \"connect_ms\", \"pings_ms\", "
              "\"serves_kad\", \"serves_relay\", \"dht\": {\"ok\", \"ahead_s\"}}.",
    .run = run,
};
