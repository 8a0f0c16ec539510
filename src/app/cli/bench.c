/* bench: how fast this machine computes blocks, beside the speed of its memory. */
#include "node/trial/bench.h"

#include <stdio.h>
#include <string.h>

#include "app/cli/bench_network.h"
#include "app/cli/calibrate_full.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/long_work.h"
#include "app/cli/swarm.h"
#include "app/cli/tree.h"
#include "lib/base/number.h"
#include "node/machine/hardware.h"
#include "node/plan/offer.h"

enum { SECONDS_USUAL = 20, SESSIONS = 8, DECIMALS = 10 };

struct bench {
    struct kn_cli *cli;
    struct kn_calibrated_machine machine;
    struct kn_hardware hardware;
    struct kn_decoder decoder;
    struct kn_bench_options options;
    struct kn_bench_live live;
    struct kn_bench_row rows[KN_BENCH_ROWS];
    struct kn_bench_peer peers[KN_BENCH_PEERS_MAX];
    size_t peer_count;
    enum kn_code code;
    struct kn_error err;
};

static enum kn_exit read_seconds(struct kn_cli *cli, int *out_ms)
{
    const char *text = kn_cli_option(cli, "--for");
    int64_t n = SECONDS_USUAL;
    struct kn_error err = { 0 };

    if (text != NULL && (kn_parse_whole(text, &n) != KN_OK || n < KN_BENCH_MS_MIN / 1000 ||
                         n > KN_BENCH_MS_MAX / 1000)) {
        (void)kn_fail(&err, KN_E_RANGE, "--for %.40s: must be a whole number from %d to %d", text,
                      KN_BENCH_MS_MIN / 1000, KN_BENCH_MS_MAX / 1000);
        return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    }
    *out_ms = (int)n * 1000;
    return KN_EXIT_DONE;
}

/* -- what was measured */

static double rounded(double value)
{
    return (double)(int64_t)(value * DECIMALS + 0.5) / DECIMALS;
}

static void set_speed(struct kn_json *json, const char *name, double value)
{
    kn_tree_set(json, name, kn_json_number(rounded(value)));
}

static struct kn_json *row_json(const struct kn_bench_row *row)
{
    struct kn_json *json = kn_json_object();

    kn_tree_text(json, "type", kn_weight_type_word(row->type));
    kn_tree_set(json, "blocks", kn_json_int(row->blocks));
    if (row->blocks == 0)
        return json;
    kn_tree_set(json, "block_bytes", kn_json_int(row->block_bytes));
    set_speed(json, "read_bytes_per_s", row->speed.read);
    set_speed(json, "decode_bytes_per_s", row->speed.decode);
    set_speed(json, "decode_tokens_per_s", row->speed.one);
    kn_tree_set(json, "sessions", kn_json_int(row->speed.sessions));
    set_speed(json, "sessions_tokens_per_s", row->speed.all);
    set_speed(json, "prefill_128_tokens_per_s", row->prompt_short);
    set_speed(json, "prefill_512_tokens_per_s", row->prompt_long);
    return json;
}

static struct kn_json *peer_json(const struct kn_bench_peer *peer)
{
    struct kn_json *json = kn_json_object();
    bool ok = peer->error.code == KN_OK;

    kn_tree_text(json, "address", peer->address);
    kn_tree_set(json, "ok", kn_json_bool(ok));
    kn_tree_set(json, "connect_ms", ok ? kn_json_number(peer->connect_ms) : kn_json_null());
    kn_tree_set(json, "ping_ms",
                peer->ping_ms >= 0 ? kn_json_number(peer->ping_ms) : kn_json_null());
    kn_tree_text(json, "error", ok ? NULL : peer->error.text);
    return json;
}

static void answer_json(const struct bench *b)
{
    struct kn_json *json = kn_json_object(), *rows = kn_json_array(), *peers = kn_json_array();

    for (size_t i = 0; i < KN_BENCH_ROWS; i++)
        kn_tree_append(rows, row_json(&b->rows[i]));
    for (size_t i = 0; i < b->peer_count; i++)
        kn_tree_append(peers, peer_json(&b->peers[i]));
    kn_tree_text(json, "model", b->machine.model.name);
    kn_tree_set(json, "total_blocks", kn_json_int(b->decoder.blocks));
    kn_tree_text(json, "instructions", kn_kernels_name(kn_kernels_best()));
    kn_tree_set(json, "threads", kn_json_int(b->options.threads));
    kn_tree_set(json, "types", rows);
    kn_tree_set(json, "bootstraps", peers);
    kn_cli_answer(b->cli, json);
}

static void show_row(const struct kn_page *page, const struct kn_bench_row *row)
{
    const char *type = kn_weight_type_word(row->type);
    char bytes[KN_MEMORY_TEXT_SIZE], read[KN_BANDWIDTH_SIZE], decode[KN_BANDWIDTH_SIZE];

    if (row->blocks == 0) {
        kn_page_line(page, "", "%s: there is no room for one block", type);
        return;
    }
    kn_memory_text(row->block_bytes, bytes);
    kn_bandwidth_text(row->speed.read, read);
    kn_bandwidth_text(row->speed.decode, decode);
    kn_page_line(page, "", "%s, %s a block:", type, bytes);
    kn_page_item(page, "reading alone %s; one session %s, %.0f %% of it", read, decode,
                 100 * row->speed.decode / row->speed.read);
    kn_page_item(page, "one session %.0f tokens/s, %u together %.0f", row->speed.one,
                 row->speed.sessions, row->speed.all);
    kn_page_item(page, "prompts of 128 tokens %.0f tokens/s, of 512 %.0f", row->prompt_short,
                 row->prompt_long);
}

static void show_peer(const struct kn_page *page, const struct kn_bench_peer *peer)
{
    struct kn_text text = { 0 };

    if (peer->error.code != KN_OK) {
        kn_page_item(page, "%s: %s", peer->address, peer->error.text);
        return;
    }
    kn_swarm_add_ms(&text, peer->connect_ms);
    kn_text_add(&text, " to connect, ");
    if (peer->ping_ms >= 0) {
        kn_text_add(&text, "then ");
        kn_swarm_add_ms(&text, peer->ping_ms);
    } else {
        kn_text_add(&text, "and answers no ping");
    }
    kn_page_item(page, "%s: %s", peer->address, kn_text_get(&text));
    kn_text_done(&text);
}

static void answer_text(const struct bench *b)
{
    const struct kn_page page = { &b->cli->out_term, &b->cli->answer };

    kn_page_line(&page, "⚡", "Tokens a second through one block of %s (%s, %u thread%s)",
                 b->machine.model.name, kn_kernels_name(kn_kernels_best()), b->options.threads,
                 b->options.threads == 1 ? "" : "s");
    kn_page_item(&page, "Divide by the blocks that are served: the model has %u",
                 b->decoder.blocks);
    for (size_t i = 0; i < KN_BENCH_ROWS; i++)
        show_row(&page, &b->rows[i]);
    if (b->peer_count == 0)
        return;
    kn_page_gap(&page);
    kn_page_line(&page, "", "Round trips to the bootstraps:");
    for (size_t i = 0; i < b->peer_count; i++)
        show_peer(&page, &b->peers[i]);
}

/* -- the run */

static void work(void *arg)
{
    struct bench *b = arg;

    b->code = kn_bench_run(&b->options, b->rows, &b->err);
}

static void progress(void *arg, struct kn_text *note, struct kn_progress *out)
{
    struct bench *b = arg;

    if (atomic_load(&b->live.cancelled))
        kn_text_add(note, "ending");
    *out = (struct kn_progress){ "Measuring", (size_t)atomic_load(&b->live.done), 100,
                                 note->n > 0 ? kn_text_get(note) : NULL };
}

static void cancel(void *arg)
{
    struct bench *b = arg;

    atomic_store(&b->live.cancelled, true);
}

/* The planned model, its shape, and the threads that a node would take. */
static enum kn_exit prepare(struct bench *b, const struct kn_snapshot *snapshot)
{
    const struct kn_hardware_options options = { 0 };
    const struct kn_node_config *config = kn_snapshot_config(snapshot);
    const struct kn_int *percent = &config->resources.max_cpu_percent;
    const char *folder;
    struct kn_error err = { 0 };
    double share;

    if (kn_hardware_probe(&options, &b->hardware) != KN_OK)
        kn_out_of_memory();
    if (kn_calibrate(snapshot, &b->hardware, b->cli->request.environment, b->cli->arena,
                     b->cli->request.now_s, &b->machine, &err) != KN_OK ||
        kn_full_shape(&b->machine, &b->decoder, &folder, &err) != KN_OK)
        return kn_cli_fail(b->cli, KN_EXIT_CONFIGURATION, &err);
    kn_offer_threads(&b->hardware, percent->is == KN_GIVEN ? (int)percent->value : 0,
                     &b->options.threads, &share);
    b->options.most_memory = kn_fit_wish_of(snapshot).max_memory;
    return KN_EXIT_DONE;
}

static enum kn_exit measure(struct bench *b)
{
    const struct kn_long_work long_work = { b->cli, b, work, progress, cancel };
    struct kn_error err = { 0 };
    enum kn_exit code;

    if (kn_long_work_run(&long_work, &err) != KN_OK)
        return kn_cli_fail(b->cli, KN_EXIT_FAILED, &err);
    if (b->code != KN_OK)
        return kn_cli_fail(b->cli, KN_EXIT_FAILED, &b->err);
    code = kn_bench_network(b->cli, b->peers, &b->peer_count);
    if (code != KN_EXIT_DONE)
        return code;
    if (b->cli->json)
        answer_json(b);
    else if (!b->cli->quiet)
        answer_text(b);
    return KN_EXIT_DONE;
}

static enum kn_exit run_with(struct bench *b)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = read_seconds(b->cli, &b->options.budget_ms);

    if (code == KN_EXIT_DONE)
        code = kn_load_valid(b->cli, &snapshot);
    if (code != KN_EXIT_DONE)
        return code;
    code = prepare(b, snapshot);
    if (code == KN_EXIT_DONE)
        code = measure(b);
    kn_snapshot_unref(snapshot);
    return code;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct bench *b = kn_alloc(sizeof(*b));
    enum kn_exit code;

    b->cli = cli;
    b->options = (struct kn_bench_options){
        .root = "", .decoder = &b->decoder, .sessions = SESSIONS, .live = &b->live
    };
    code = run_with(b);
    kn_free(b);
    return code;
}

static const struct kn_command_flag flags[] = {
    { "--for", "SECONDS", "How long to measure, 5 to 300 (20)." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_bench = {
    .name = "bench",
    .brief = "Measure how fast this machine computes blocks.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "Makes up a few blocks of the shape of the model that is planned, or that --model "
              "names, in each type of weights, and measures how fast their memory is read, and "
              "tokens of one session, of 8 together, and of prompts of 128 and 512 tokens. It "
              "takes no memory that a limit forbids, writes nothing and ends by itself. Where "
              "bootstrap peers are written, in the configuration or with --bootstrap, it asks "
              "each how long a round trip takes.\n\n"
              "With --json: {\"model\", \"total_blocks\", \"instructions\", \"threads\", "
              "\"types\": [{\"type\", \"blocks\", \"block_bytes\", \"read_bytes_per_s\", "
              "\"decode_bytes_per_s\", \"decode_tokens_per_s\", \"sessions\", "
              "\"sessions_tokens_per_s\", \"prefill_128_tokens_per_s\", "
              "\"prefill_512_tokens_per_s\"}], \"bootstraps\": [{\"address\", \"ok\", "
              "\"connect_ms\", \"ping_ms\", \"error\"}]}; tokens are those through one block.",
    .run = run,
};
