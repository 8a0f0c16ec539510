#include "app/cli/swarm.h"

#include "app/cli/cli.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/arena.h"

static enum kn_exit no_bootstraps(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_INVALID, "no bootstrap peers are configured");
    kn_hint(&err, "Name one: --bootstrap /ip4/ADDRESS/tcp/PORT/p2p/PEER.");
    return kn_cli_fail(cli, KN_EXIT_CONFIGURATION, &err);
}

/* A node that begins a swarm of its own asks nobody else, and its commands ask it. */
static enum kn_exit take_own_node(struct kn_cli *cli, struct kn_swarm *out)
{
    const char **own = kn_arena_alloc(cli->arena, sizeof(*own));
    const char *address, *id;
    struct kn_running running;
    struct kn_json *status;
    enum kn_exit code = kn_running_find(cli, &running);

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "status", &status);
    if (code != KN_EXIT_DONE)
        return code;
    address = kn_json_to_text(kn_json_item(kn_json_get(status, "addresses"), 0));
    id = kn_json_to_text(kn_json_get(status, "peer_id"));
    if (own != NULL && address != NULL && id != NULL)
        own[0] = kn_arena_printf(cli->arena, "%s/p2p/%s", address, id);
    kn_json_free(status);
    if (own == NULL || own[0] == NULL)
        return no_bootstraps(cli);
    out->bootstraps = own;
    out->bootstrap_count = 1;
    return KN_EXIT_DONE;
}

static bool is_alone(const struct kn_snapshot *snapshot)
{
    const struct kn_setting *peers = kn_setting_find("network.bootstrap_peers");

    return kn_snapshot_config(snapshot)->network.new_swarm.value &&
           !kn_resolved_is_explicit(kn_snapshot_get(snapshot, peers));
}

enum kn_exit kn_swarm_enter(struct kn_cli *cli, bool bootstraps_needed, struct kn_swarm *out)
{
    const struct kn_node_config *config;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_load_valid(cli, &out->snapshot);

    if (code != KN_EXIT_DONE)
        return code;
    config = kn_snapshot_config(out->snapshot);
    out->cli = cli;
    out->bootstraps = config->network.bootstrap_peers.texts.at;
    out->bootstrap_count = config->network.bootstrap_peers.texts.n;
    out->timeout_ms = kn_duration_ms(&config->dht.discovery_timeout);
    if (bootstraps_needed && is_alone(out->snapshot))
        code = take_own_node(cli, out);
    else if (bootstraps_needed && out->bootstrap_count == 0)
        code = no_bootstraps(cli);
    if (code == KN_EXIT_DONE && kn_visitor_new(&out->visitor, &err) != KN_OK)
        code = kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    if (code != KN_EXIT_DONE)
        kn_snapshot_unref(out->snapshot);
    return code;
}

void kn_swarm_leave(struct kn_swarm *swarm)
{
    kn_visitor_free(swarm->visitor);
    kn_snapshot_unref(swarm->snapshot);
}

void kn_swarm_add_ms(struct kn_text *out, double ms)
{
    if (ms < 1)
        kn_text_addf(out, "%.2f ms", ms);
    else if (ms < 10)
        kn_text_addf(out, "%.1f ms", ms);
    else if (ms < 1000)
        kn_text_addf(out, "%.0f ms", ms);
    else
        kn_text_addf(out, "%.1f s", ms / 1000);
}

/* What is wrong with one bootstrap; "" when it answered. */
static void add_verdict(const struct kn_bootstrap *told, struct kn_text *out)
{
    if (!told->settled)
        kn_text_add(out, "has not answered yet; not waited for");
    else if (told->code != KN_OK)
        kn_term_add_safe(out, told->error.text);
}

void kn_swarm_show_silent(struct kn_cli *cli, const struct kn_join *join)
{
    struct kn_text text = { 0 };

    for (size_t i = 0; i < kn_join_count(join) && !cli->quiet; i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);

        if (told->settled && told->code == KN_OK)
            continue;
        kn_text_cut(&text, 0);
        kn_term_add_safe(&text, told->address);
        kn_fold_paragraph(&cli->talk, kn_text_get(&text), cli->err_term.columns, 2);
        kn_text_cut(&text, 0);
        add_verdict(told, &text);
        kn_fold_paragraph(&cli->talk, kn_text_get(&text), cli->err_term.columns, 6);
    }
    kn_text_done(&text);
}

struct kn_json *kn_swarm_bootstraps_json(const struct kn_join *join)
{
    struct kn_json *array = kn_json_array();
    struct kn_text text = { 0 };

    for (size_t i = 0; i < kn_join_count(join); i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);
        struct kn_json *json = kn_json_object();
        bool ok = told->settled && told->code == KN_OK;

        kn_text_cut(&text, 0);
        add_verdict(told, &text);
        kn_tree_text(json, "address", told->address);
        kn_tree_set(json, "ok", kn_json_bool(ok));
        kn_tree_set(json, "ms", told->settled ? kn_json_number(told->ms) : kn_json_null());
        kn_tree_text(json, "error", ok ? NULL : kn_text_get(&text));
        kn_tree_text(json, "code", ok || !told->settled ? NULL : kn_code_name(told->code));
        kn_tree_append(array, json);
    }
    kn_text_done(&text);
    return array;
}

static void set_count(struct kn_json *json, const char *name, uint64_t count)
{
    kn_tree_set(json, name, kn_json_int((int64_t)count));
}

static struct kn_json *host_json(const struct kn_host_counters *host)
{
    struct kn_json *json = kn_json_object();

    set_count(json, "dialled", host->dialled);
    set_count(json, "dial_failures", host->dial_failures);
    set_count(json, "handshake_failures", host->handshake_failures);
    set_count(json, "wrong_identities", host->wrong_identities);
    set_count(json, "protocol_errors", host->protocol_errors);
    set_count(json, "self_dials", host->self_dials);
    set_count(json, "bytes_in", host->bytes_in);
    set_count(json, "bytes_out", host->bytes_out);
    return json;
}

static struct kn_json *dht_json(const struct kn_dht_counters *dht)
{
    struct kn_json *json = kn_json_object();

    set_count(json, "pings", dht->calls[KN_DHT_PING]);
    set_count(json, "finds", dht->calls[KN_DHT_FIND]);
    set_count(json, "timeouts", dht->timeouts);
    set_count(json, "failures", dht->failures);
    set_count(json, "malformed_answers", dht->malformed);
    set_count(json, "malformed_records", dht->malformed_records);
    set_count(json, "nonsense_neighbours", dht->nonsense_neighbours);
    return json;
}

struct kn_json *kn_swarm_counters_json(const struct kn_swarm *swarm)
{
    const struct kn_network *network = kn_visitor_network(swarm->visitor);
    const struct kn_kad_counters *kad = kn_kad_counters(kn_network_kad(network));
    struct kn_json *json = kn_json_object(), *lookups = kn_json_object();
    struct kn_dht_counters dht;

    kn_dht_counters(kn_network_dht(network), &dht);
    kn_tree_set(json, "connections", host_json(kn_host_counters(kn_network_host(network))));
    kn_tree_set(json, "dht", dht_json(&dht));
    set_count(lookups, "searches", kad->searches);
    set_count(lookups, "asked", kad->asked);
    set_count(lookups, "found", kad->found);
    set_count(lookups, "malformed", kad->malformed);
    kn_tree_set(json, "kad", lookups);
    return json;
}

enum kn_exit kn_swarm_unreachable(struct kn_cli *cli, const struct kn_join *join,
                                  struct kn_json *json)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, KN_E_UNREACHABLE, "no bootstrap peer answered");
    kn_hint(&err, "Look whether this machine is connected, or name another peer with --bootstrap.");
    if (cli->json) {
        kn_tree_set(json, "ok", kn_json_bool(false));
        kn_tree_set(json, "problems", kn_failure_json(KN_EXIT_UNREACHABLE, &err));
        kn_cli_answer(cli, json);
        return KN_EXIT_UNREACHABLE;
    }
    kn_json_free(json);
    (void)kn_cli_fail(cli, KN_EXIT_UNREACHABLE, &err);
    kn_swarm_show_silent(cli, join);
    return KN_EXIT_UNREACHABLE;
}
