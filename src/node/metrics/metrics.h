/*
 * metrics — everything that a node counts: one table with a name, a kind, a unit and a sentence
 * each, from which what monitoring reads and the page about it are printed. Pure.
 *
 * spec: OpenMetrics 1.0, text format.
 */
#ifndef KN_NODE_METRICS_H
#define KN_NODE_METRICS_H

#include "lib/base/text.h"

/* In the order in which they are printed. */
enum kn_metric {
    KN_METRIC_STARTED,
    KN_METRIC_MEMORY,
    KN_METRIC_DESCRIPTORS,
    KN_METRIC_PROCESSOR,
    KN_METRIC_STATE_SINCE,
    KN_METRIC_CONNECTIONS,
    KN_METRIC_STREAMS,
    KN_METRIC_ACCEPTED,
    KN_METRIC_DIALLED,
    KN_METRIC_DIAL_FAILURES,
    KN_METRIC_HANDSHAKE_FAILURES,
    KN_METRIC_CONNECTIONS_REFUSED,
    KN_METRIC_CONNECTIONS_CLOSED,
    KN_METRIC_PING_TIMEOUTS,
    KN_METRIC_PROTOCOL_ERRORS,
    KN_METRIC_RECEIVED,
    KN_METRIC_SENT,
    KN_METRIC_STREAMS_REFUSED,
    KN_METRIC_STREAMS_EXPIRED,
    KN_METRIC_REQUESTS_MALFORMED,
    KN_METRIC_REQUESTS_REFUSED,
    KN_METRIC_BOOTSTRAP_ANSWERS,
    KN_METRIC_BOOTSTRAP_FAILURES,
    KN_METRIC_DHT_PEERS,
    KN_METRIC_DHT_RECORDS,
    KN_METRIC_DHT_BYTES,
    KN_METRIC_DHT_MADE,
    KN_METRIC_DHT_TIMEOUTS,
    KN_METRIC_DHT_FAILURES,
    KN_METRIC_DHT_ANSWERED,
    KN_METRIC_DHT_REFUSED,
    KN_METRIC_ROUNDS,
    KN_METRIC_RECORDS_STORED,
    KN_METRIC_RECORDS_ACKNOWLEDGED,
    KN_METRIC_ANNOUNCED_AT,
    KN_METRIC_VISIBLE_ON,
    KN_METRIC_BLOCKS,
    KN_METRIC_SESSIONS,
    KN_METRIC_SESSIONS_WAITING,
    KN_METRIC_SESSIONS_OPENED,
    KN_METRIC_STEPS,
    KN_METRIC_TOKENS,
    KN_METRIC_PASSES,
    KN_METRIC_BUSY,
    KN_METRIC_FORWARDS,
    KN_METRIC_SERVING_REFUSED,
    KN_METRIC_SERVING_FAILED,
    KN_METRIC_PUSHES_TAKEN,
    KN_METRIC_PUSHES_SENT,
    KN_METRIC_PUSH_FAILURES,
    KN_METRIC_WEIGHTS,
    KN_METRIC_CACHE,
    KN_METRIC_CACHE_USED,
    KN_METRIC_CACHE_TOKENS_LEFT,
    KN_METRIC_MOVES,
    KN_METRIC_RELOADS,
    KN_METRIC_RELOAD_FAILURES,
    KN_METRIC_LOG_RECORDS,
    KN_METRIC_LOG_HELD_BACK,
    KN_METRIC_LOG_DROPPED,
    KN_METRIC_COUNT,
};

struct kn_metrics {
    const char *version;            /* of the program */
    const char *const *states;      /* the words of all, ends with NULL */
    const char *state;              /* that it is in */
    double values[KN_METRIC_COUNT]; /* NAN: not known, and so left out */
};

/* Append all of it, to its end mark. */
void kn_metrics_print(const struct kn_metrics *all, struct kn_text *out);

/* Append the page about them, as Markdown. */
void kn_metrics_describe(struct kn_text *out);

#endif
