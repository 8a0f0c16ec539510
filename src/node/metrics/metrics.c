#include "node/metrics/metrics.h"

#include <math.h>
#include <string.h>

enum kind { GAUGE, COUNTER };

static const char *const kind_words[] = { "gauge", "counter" };

/* A unit ends the name, as the format wants it; a counter's value has "_total" behind that. */
static const struct metric {
    const char *name;
    enum kind kind;
    const char *unit, *help;
} metrics[KN_METRIC_COUNT] = {
    [KN_METRIC_STARTED] = { "process_start_time_seconds", GAUGE, "seconds",
                            "When the node began, since 1970." },
    [KN_METRIC_MEMORY] = { "process_resident_memory_bytes", GAUGE, "bytes",
                           "Memory that the process has." },
    [KN_METRIC_DESCRIPTORS] = { "process_open_fds", GAUGE, NULL, "Descriptors that are open." },
    [KN_METRIC_PROCESSOR] = { "process_cpu_seconds", COUNTER, "seconds",
                              "Time of processors, of all threads." },
    [KN_METRIC_STATE_SINCE] = { "kwaainet_state_since_seconds", GAUGE, "seconds",
                                "When the node came into its state, since 1970." },

    [KN_METRIC_CONNECTIONS] = { "kwaainet_connections", GAUGE, NULL, "Peers that are connected." },
    [KN_METRIC_STREAMS] = { "kwaainet_streams", GAUGE, NULL, "Streams on these connections." },
    [KN_METRIC_ACCEPTED] = { "kwaainet_connections_accepted", COUNTER, NULL,
                             "Connections that others have begun." },
    [KN_METRIC_DIALLED] = { "kwaainet_connections_dialled", COUNTER, NULL,
                            "Connections that this node has begun." },
    [KN_METRIC_DIAL_FAILURES] = { "kwaainet_dial_failures", COUNTER, NULL,
                                  "Addresses at which nobody could be reached." },
    [KN_METRIC_HANDSHAKE_FAILURES] = { "kwaainet_handshake_failures", COUNTER, NULL,
                                       "Connections that ended before the peer was known." },
    [KN_METRIC_CONNECTIONS_REFUSED] = { "kwaainet_connections_refused", COUNTER, NULL,
                                        "Connections refused because there were too many." },
    [KN_METRIC_CONNECTIONS_CLOSED] = { "kwaainet_connections_trimmed", COUNTER, NULL,
                                       "Connections closed to make room." },
    [KN_METRIC_PING_TIMEOUTS] = { "kwaainet_ping_timeouts", COUNTER, NULL,
                                  "Connections closed because the peer was silent." },
    [KN_METRIC_PROTOCOL_ERRORS] = { "kwaainet_protocol_errors", COUNTER, NULL,
                                    "Connections closed because the peer broke a protocol." },
    [KN_METRIC_RECEIVED] = { "kwaainet_received_bytes", COUNTER, "bytes",
                             "Bytes from peers, as they come over the wire." },
    [KN_METRIC_SENT] = { "kwaainet_sent_bytes", COUNTER, "bytes",
                         "Bytes to peers, as they go over the wire." },
    [KN_METRIC_STREAMS_REFUSED] = { "kwaainet_streams_refused", COUNTER, NULL,
                                    "Streams above the limit of a connection." },
    [KN_METRIC_STREAMS_EXPIRED] = { "kwaainet_streams_expired", COUNTER, NULL,
                                    "Streams ended because they were silent or slow." },
    [KN_METRIC_REQUESTS_MALFORMED] = { "kwaainet_requests_malformed", COUNTER, NULL,
                                       "Requests of peers that made no sense." },
    [KN_METRIC_REQUESTS_REFUSED] = { "kwaainet_requests_refused", COUNTER, NULL,
                                     "Requests of peers that came too fast, were too large, or "
                                     "whose answers are not read." },
    [KN_METRIC_BOOTSTRAP_ANSWERS] = { "kwaainet_bootstrap_answers", COUNTER, NULL,
                                      "Times that a bootstrap answered." },
    [KN_METRIC_BOOTSTRAP_FAILURES] = { "kwaainet_bootstrap_failures", COUNTER, NULL,
                                       "Times that a bootstrap did not." },

    [KN_METRIC_DHT_PEERS] = { "kwaainet_dht_peers", GAUGE, NULL,
                              "Nodes of the DHT that are known." },
    [KN_METRIC_DHT_RECORDS] = { "kwaainet_dht_records", GAUGE, NULL,
                                "Records that are kept for the swarm." },
    [KN_METRIC_DHT_BYTES] = { "kwaainet_dht_records_bytes", GAUGE, "bytes", "Bytes of them." },
    [KN_METRIC_DHT_MADE] = { "kwaainet_dht_requests_made", COUNTER, NULL,
                             "Requests to other nodes of the DHT." },
    [KN_METRIC_DHT_TIMEOUTS] = { "kwaainet_dht_request_timeouts", COUNTER, NULL,
                                 "Those that nobody answered in time." },
    [KN_METRIC_DHT_FAILURES] = { "kwaainet_dht_request_failures", COUNTER, NULL,
                                 "Those that failed in another way." },
    [KN_METRIC_DHT_ANSWERED] = { "kwaainet_dht_requests_answered", COUNTER, NULL,
                                 "Requests of other nodes that were answered." },
    [KN_METRIC_DHT_REFUSED] = { "kwaainet_dht_requests_refused", COUNTER, NULL,
                                "Requests of other nodes that were answered with an error." },
    [KN_METRIC_ROUNDS] = { "kwaainet_announce_rounds", COUNTER, NULL,
                           "Times that the node announced itself." },
    [KN_METRIC_RECORDS_STORED] = { "kwaainet_announced_records", COUNTER, NULL,
                                   "Records that it wanted stored in these rounds." },
    [KN_METRIC_RECORDS_ACKNOWLEDGED] = { "kwaainet_acknowledged_records", COUNTER, NULL,
                                         "Those that some other node has taken." },
    [KN_METRIC_ANNOUNCED_AT] = { "kwaainet_announced_timestamp_seconds", GAUGE, "seconds",
                                 "When the last round was, since 1970." },
    [KN_METRIC_VISIBLE_ON] = { "kwaainet_visible_bootstraps", GAUGE, NULL,
                               "Bootstraps that gave every record of it back." },

    [KN_METRIC_BLOCKS] = { "kwaainet_blocks", GAUGE, NULL, "Blocks that are served." },
    [KN_METRIC_SESSIONS] = { "kwaainet_sessions", GAUGE, NULL, "Sessions that are open." },
    [KN_METRIC_SESSIONS_WAITING] = { "kwaainet_sessions_waiting", GAUGE, NULL,
                                     "Sessions that wait for room in the cache." },
    [KN_METRIC_SESSIONS_OPENED] = { "kwaainet_sessions_opened", COUNTER, NULL,
                                    "Sessions since these blocks were loaded." },
    [KN_METRIC_STEPS] = { "kwaainet_steps", COUNTER, NULL,
                          "Requests of sessions, since these blocks were loaded." },
    [KN_METRIC_TOKENS] = { "kwaainet_tokens", COUNTER, NULL,
                           "Tokens computed, since these blocks were loaded." },
    [KN_METRIC_PASSES] = { "kwaainet_passes", COUNTER, NULL,
                           "Passes through the blocks; one may serve several sessions." },
    [KN_METRIC_BUSY] = { "kwaainet_busy_seconds", COUNTER, "seconds", "Time in these passes." },
    [KN_METRIC_FORWARDS] = { "kwaainet_forwards", COUNTER, NULL,
                             "Requests without a session that were computed." },
    [KN_METRIC_SERVING_REFUSED] = { "kwaainet_serving_refused", COUNTER, NULL,
                                    "Requests of clients refused before anything was computed." },
    [KN_METRIC_SERVING_FAILED] = { "kwaainet_serving_failed", COUNTER, NULL,
                                   "Requests of clients that failed later." },
    [KN_METRIC_PUSHES_TAKEN] = { "kwaainet_pushes_taken", COUNTER, NULL,
                                 "Steps that came from the server before." },
    [KN_METRIC_PUSHES_SENT] = { "kwaainet_pushes_sent", COUNTER, NULL,
                                "Steps handed on to the server behind." },
    [KN_METRIC_PUSH_FAILURES] = { "kwaainet_push_failures", COUNTER, NULL,
                                  "Those that it did not take." },
    [KN_METRIC_WEIGHTS] = { "kwaainet_weights_bytes", GAUGE, "bytes",
                            "Memory of the blocks' weights." },
    [KN_METRIC_CACHE] = { "kwaainet_cache_bytes", GAUGE, "bytes",
                          "Memory for the caches of sessions." },
    [KN_METRIC_CACHE_USED] = { "kwaainet_cache_used_bytes", GAUGE, "bytes", "What is used of it." },
    [KN_METRIC_CACHE_TOKENS_LEFT] = { "kwaainet_cache_tokens_left", GAUGE, NULL,
                                      "Tokens of one block that still fit." },
    [KN_METRIC_MOVES] = { "kwaainet_moves", COUNTER, NULL,
                          "Moves to blocks that needed this node more." },

    [KN_METRIC_RELOADS] = { "kwaainet_reloads", COUNTER, NULL,
                            "Configurations read while the node ran, that hold." },
    [KN_METRIC_RELOAD_FAILURES] = { "kwaainet_reload_failures", COUNTER, NULL,
                                    "Those that changed nothing, because something was wrong." },
    [KN_METRIC_LOG_RECORDS] = { "kwaainet_log_records", COUNTER, NULL, "Records of the log." },
    [KN_METRIC_LOG_HELD_BACK] = { "kwaainet_log_records_held_back", COUNTER, NULL,
                                  "Records that were counted because they came too often." },
    [KN_METRIC_LOG_DROPPED] = { "kwaainet_log_records_dropped", COUNTER, NULL,
                                "Records that could not be written." },
};

/* -- for programs */

static void add_head(struct kn_text *out, const char *name, const char *kind, const char *unit,
                     const char *help)
{
    kn_text_addf(out, "# TYPE %s %s\n", name, kind);
    if (unit != NULL)
        kn_text_addf(out, "# UNIT %s %s\n", name, unit);
    kn_text_addf(out, "# HELP %s %s\n", name, help);
}

static void add_value(struct kn_text *out, const struct metric *metric, double value)
{
    enum { EXACT = 53 }; /* bits of whole numbers that a double has */

    add_head(out, metric->name, kind_words[metric->kind], metric->unit, metric->help);
    kn_text_addf(out, "%s%s ", metric->name, metric->kind == COUNTER ? "_total" : "");
    if (value == floor(value) && fabs(value) < ldexp(1, EXACT))
        kn_text_addf(out, "%.0f\n", value);
    else
        kn_text_addf(out, "%.15g\n", value);
}

void kn_metrics_print(const struct kn_metrics *all, struct kn_text *out)
{
    add_head(out, "kwaainet_build", "info", NULL, "The program.");
    kn_text_addf(out, "kwaainet_build_info{version=\"%s\"} 1\n", all->version);
    add_head(out, "kwaainet_state", "stateset", NULL, "The state of the node.");
    for (const char *const *state = all->states; *state != NULL; state++)
        kn_text_addf(out, "kwaainet_state{kwaainet_state=\"%s\"} %d\n", *state,
                     strcmp(*state, all->state) == 0);
    for (size_t i = 0; i < KN_METRIC_COUNT; i++)
        if (isfinite(all->values[i]))
            add_value(out, &metrics[i], all->values[i]);
    kn_text_add(out, "# EOF\n");
}

/* -- for people */

void kn_metrics_describe(struct kn_text *out)
{
    kn_text_add(
        out,
        "## Metrics\n\n"
        "`kwaainet status --metrics` prints them as OpenMetrics text. What is not known, or of\n"
        "blocks while none are served, is left out. Counters begin at the start of the node,\n"
        "those of sessions when their blocks are loaded.\n\n"
        "| name | kind | unit | what it counts |\n| --- | --- | --- | --- |\n"
        "| `kwaainet_build_info` | info | | The program: `version`. |\n"
        "| `kwaainet_state` | stateset | | The state of the node: 1 of the one that it is in. "
        "|\n");
    for (size_t i = 0; i < KN_METRIC_COUNT; i++) {
        const struct metric *metric = &metrics[i];

        kn_text_addf(out, "| `%s%s` | %s |%s%s | %s |\n", metric->name,
                     metric->kind == COUNTER ? "_total" : "", kind_words[metric->kind],
                     metric->unit != NULL ? " " : "", metric->unit != NULL ? metric->unit : "",
                     metric->help);
    }
}
