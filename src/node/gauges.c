#include "node/gauges.h"

#include <math.h>

#include "lib/json/json.h"
#include "lib/os/process_usage.h"
#include "node/course.h"
#include "node/metrics/metrics.h"

/* -- gathering; what is not known stays as it is */

static void add_process(const struct kn_node *node, double *values)
{
    struct kn_process_usage usage;

    kn_process_usage(&usage);
    values[KN_METRIC_STARTED] = (double)node->started_s;
    values[KN_METRIC_STATE_SINCE] = (double)node->since_s;
    if (usage.resident_bytes >= 0)
        values[KN_METRIC_MEMORY] = (double)usage.resident_bytes;
    if (usage.descriptors >= 0)
        values[KN_METRIC_DESCRIPTORS] = (double)usage.descriptors;
    if (usage.processor_s >= 0)
        values[KN_METRIC_PROCESSOR] = usage.processor_s;
}

static size_t count_streams(struct kn_host *host)
{
    const struct kn_connection *connection;
    size_t at = 0, streams = 0;

    while ((connection = kn_host_next(host, &at)) != NULL)
        streams += kn_connection_streams(connection);
    return streams;
}

static void add_network(const struct kn_node *node, double *values)
{
    struct kn_host *host = kn_network_host(node->network);
    const struct kn_host_counters *all = kn_host_counters(host);

    values[KN_METRIC_CONNECTIONS] = (double)kn_host_connection_count(host);
    values[KN_METRIC_STREAMS] = (double)count_streams(host);
    values[KN_METRIC_ACCEPTED] = (double)all->accepted;
    values[KN_METRIC_DIALLED] = (double)all->dialled;
    values[KN_METRIC_DIAL_FAILURES] = (double)all->dial_failures;
    values[KN_METRIC_HANDSHAKE_FAILURES] = (double)all->handshake_failures;
    values[KN_METRIC_CONNECTIONS_REFUSED] =
        (double)(all->refused_place + all->refused_full + all->refused_half_open);
    values[KN_METRIC_CONNECTIONS_CLOSED] = (double)(all->trimmed + all->crowded);
    values[KN_METRIC_PING_TIMEOUTS] = (double)all->ping_timeouts;
    values[KN_METRIC_PROTOCOL_ERRORS] = (double)all->protocol_errors;
    values[KN_METRIC_RECEIVED] = (double)all->bytes_in;
    values[KN_METRIC_SENT] = (double)all->bytes_out;
    values[KN_METRIC_STREAMS_REFUSED] = (double)all->streams_refused;
    values[KN_METRIC_STREAMS_EXPIRED] = (double)all->streams_expired;
    values[KN_METRIC_REQUESTS_MALFORMED] = (double)all->requests_malformed;
    values[KN_METRIC_REQUESTS_REFUSED] =
        (double)(all->requests_too_fast + all->requests_too_large + all->answers_unread);
}

static double sum(const uint64_t *numbers, size_t n)
{
    double all = 0;

    for (size_t i = 0; i < n; i++)
        all += (double)numbers[i];
    return all;
}

static void add_dht(const struct kn_node *node, double *values)
{
    struct kn_dht *dht = kn_network_dht(node->network);
    struct kn_record_counters records;
    struct kn_dht_counters all;

    kn_dht_counters(dht, &all);
    kn_record_counters(kn_dht_records(dht), &records);
    values[KN_METRIC_DHT_PEERS] = (double)all.peers;
    values[KN_METRIC_DHT_RECORDS] = (double)records.records;
    values[KN_METRIC_DHT_BYTES] = (double)records.bytes;
    values[KN_METRIC_DHT_MADE] = sum(all.calls, KN_DHT_METHOD_COUNT);
    values[KN_METRIC_DHT_TIMEOUTS] = (double)all.timeouts;
    values[KN_METRIC_DHT_FAILURES] = (double)all.failures;
    values[KN_METRIC_DHT_ANSWERED] = sum(all.served, KN_DHT_METHOD_COUNT);
    values[KN_METRIC_DHT_REFUSED] = (double)all.refused_requests;
}

static void add_journal(const struct kn_node *node, double *values)
{
    const struct kn_journal_counts *counts = &node->journal->counts;
    const struct kn_announced *round = kn_node_announced(node);
    struct kn_log_report log;

    values[KN_METRIC_BOOTSTRAP_ANSWERS] = (double)counts->bootstrap_answers;
    values[KN_METRIC_BOOTSTRAP_FAILURES] = (double)counts->bootstrap_failures;
    values[KN_METRIC_ROUNDS] = (double)counts->rounds;
    values[KN_METRIC_RECORDS_STORED] = (double)counts->records;
    values[KN_METRIC_RECORDS_ACKNOWLEDGED] = (double)counts->acknowledged;
    values[KN_METRIC_RELOADS] = (double)counts->reloads;
    values[KN_METRIC_RELOAD_FAILURES] = (double)counts->reload_failures;
    if (round->at > 0) {
        values[KN_METRIC_ANNOUNCED_AT] = round->at;
        values[KN_METRIC_VISIBLE_ON] = round->visible_on;
    }
    kn_node_log(node, &log);
    values[KN_METRIC_LOG_RECORDS] = (double)log.written.records;
    values[KN_METRIC_LOG_HELD_BACK] = (double)log.held_back;
    values[KN_METRIC_LOG_DROPPED] = (double)log.written.dropped;
}

static void add_compute(const struct kn_blocks_report *report, double *values)
{
    values[KN_METRIC_SESSIONS] = report->now.sessions;
    values[KN_METRIC_SESSIONS_WAITING] = report->now.waiting;
    values[KN_METRIC_STEPS] = (double)report->now.steps;
    values[KN_METRIC_TOKENS] = (double)report->now.tokens;
    values[KN_METRIC_PASSES] = (double)report->now.passes;
    values[KN_METRIC_BUSY] = report->now.busy_s;
    values[KN_METRIC_WEIGHTS] = (double)report->weight_bytes;
    values[KN_METRIC_CACHE] = (double)report->cache_bytes;
    values[KN_METRIC_CACHE_USED] = (double)report->now.cache_bytes_used;
    values[KN_METRIC_CACHE_TOKENS_LEFT] = (double)report->now.cache_tokens_left;
}

static void add_clients(const struct kn_serving_counters *all, double *values)
{
    values[KN_METRIC_SESSIONS_OPENED] = (double)all->sessions;
    values[KN_METRIC_FORWARDS] = (double)all->forwards;
    values[KN_METRIC_SERVING_REFUSED] = (double)all->refused;
    values[KN_METRIC_SERVING_FAILED] = (double)all->failed;
    values[KN_METRIC_PUSHES_TAKEN] = (double)all->pushed;
    values[KN_METRIC_PUSHES_SENT] = (double)all->pushes;
    values[KN_METRIC_PUSH_FAILURES] = (double)all->push_failures;
}

static void add_blocks(const struct kn_node *node, double *values)
{
    struct kn_blocks_report report;
    struct kn_move_report move;

    kn_node_blocks(node, &report);
    kn_node_move(node, &move);
    values[KN_METRIC_MOVES] = move.moves;
    values[KN_METRIC_BLOCKS] =
        report.stage == KN_BLOCKS_SERVING ? report.wish->to - report.wish->from : 0;
    if (report.speed != NULL)
        add_compute(&report, values);
    if (report.counters != NULL)
        add_clients(report.counters, values);
}

/* -- telling */

static void print(const struct kn_node *node, struct kn_text *out)
{
    const char *states[KN_NODE_STATE_COUNT + 1] = { NULL };
    struct kn_metrics metrics = { .version = KN_VERSION,
                                  .states = states,
                                  .state = kn_node_state_word(node->state) };

    for (int i = 0; i < KN_NODE_STATE_COUNT; i++)
        states[i] = kn_node_state_word((enum kn_node_state)i);
    for (size_t i = 0; i < KN_METRIC_COUNT; i++)
        metrics.values[i] = (double)NAN;
    add_process(node, metrics.values);
    add_network(node, metrics.values);
    add_dht(node, metrics.values);
    add_journal(node, metrics.values);
    add_blocks(node, metrics.values);
    kn_metrics_print(&metrics, out);
}

enum kn_code kn_gauges_asked(void *arg, const struct kn_json *request, struct kn_json **out,
                             struct kn_error *err)
{
    struct kn_text text = { 0 };
    bool ok;

    (void)request;
    print(arg, &text);
    *out = kn_json_object();
    ok = !text.failed && kn_json_set(*out, "text", kn_json_string(kn_text_get(&text)));
    kn_text_done(&text);
    return ok ? KN_OK : kn_fail_no_memory(err);
}
