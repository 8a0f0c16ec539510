/*
 * serving — the block RPCs of Petals, answered on a host from the blocks that are computed here.
 *
 * rpc_info, rpc_inference, rpc_forward and its stream form, rpc_push; rpc_backward answers that
 * this server does not train. Belongs to the loop thread. Everything that a client drives has a
 * limit below; a refusal always carries a text.
 * spec: petals/server/handler.py; hivemind/moe/server/connection_handler.py.
 */
#ifndef KN_SERVING_H
#define KN_SERVING_H

#include "compute/compute.h"
#include "network/petals/tensor.h"
#include "network/swarm/host.h"

enum {
    KN_SERVING_MESSAGE_MAX = 128 << 20,   /* bytes of one message of a stream */
    KN_SERVING_STREAMS_MAX = 1024,        /* open at once, of all clients */
    KN_SERVING_STREAMS_SHARE = 256,       /* of one connection, while half of them are open */
    KN_SERVING_AHEAD_MAX = 5,             /* pushed requests that wait for one session */
    KN_SERVING_AHEAD_BYTES = 256 << 10,   /* of requests that wait on one stream; then it pauses */
    KN_SERVING_UNREAD_MAX = 1 << 20,      /* bytes of replies that wait before no step is begun */
    KN_SERVING_HELD_PEER_MAX = 256 << 20, /* bytes of requests and replies of one connection */
    KN_SERVING_HELD_MAX = 1 << 30,        /* of all, with the numbers in them and what goes on */
    KN_SERVING_SMALL = 64 << 10,          /* of a stream or request, which always find room */
    KN_SERVING_CHUNK = 4 << 20,           /* bytes of a tensor in one message of a forward stream */
    KN_SERVING_SILENT_MS = 30000,         /* from a stream of a session to its first byte */
    KN_SERVING_CLOSE_MS = 2000,      /* for the client's end-of-stream after its last request */
    KN_SERVING_FORWARD_CALLS = 3,    /* calls in whose time a forward comes, is computed and read */
    KN_SERVING_PUSHES_MAX = 64,      /* steps being handed on to other servers */
    KN_SERVING_REACHES_MAX = 8,      /* of them, to servers that are not connected yet */
    KN_SERVING_REACHES_PEER_MAX = 2, /* and that one client has named */
    KN_SERVING_PUSH_MS = 30000,      /* for one of them */
};

struct kn_serving;

/* What happens to clients, for a log. Lent for the call. */
enum kn_serving_event { KN_SERVING_OPENED, KN_SERVING_CLOSED, KN_SERVING_REFUSED };

struct kn_serving_news {
    enum kn_serving_event event;
    const struct kn_peer_id *peer;
    uint32_t from, to;   /* blocks of a session, `to` exclusive */
    uint32_t batch;      /* sequences of a session that opens */
    int64_t max_length;  /* tokens of each */
    int64_t ms, tokens;  /* of one that closes: how long it was open, and how far it came */
    const char *refusal; /* words of ours, perhaps with some of the client's */
};

/* What may become another while sessions are open. */
struct kn_serving_limits {
    enum kn_tensor_compression compression; /* that rpc_info asks for, and replies have */
    uint32_t max_batch_tokens;
    int cache_wait_ms;       /* the longest that a client may ask to wait for cache room */
    int session_ms, step_ms; /* a session in all; from a reply to the next request */
    int request_ms;          /* a call; 0: the usual of the host */
    int silent_ms;           /* a session's stream before its first byte; 0: KN_SERVING_SILENT_MS */
};

struct kn_serving_options {
    struct kn_host *host;
    struct kn_compute *compute;
    const char *version; /* of the program; kept */
    const char *prefix;  /* of the blocks' names; copied */
    uint32_t first, end; /* blocks; end exclusive */
    uint32_t hidden;
    enum kn_tensor_dtype dtype; /* of replies */
    uint32_t max_length;
    struct kn_serving_limits limits;
    bool is_dht_client;
    void *arg;
    void (*news)(void *arg, const struct kn_serving_news *news); /* may be NULL */
};

/* KN_E_LIMIT, KN_E_NO_MEMORY; KN_E_UNSUPPORTED: replies cannot be written so. From here on clients
 * are answered. */
KN_MUST_USE enum kn_code kn_serving_start(const struct kn_serving_options *options,
                                          struct kn_serving **out);
/* Other limits for what is asked next; a session that is open ends when it was to. A failure, as
 * above, changes nothing. */
KN_MUST_USE enum kn_code kn_serving_change(struct kn_serving *serving,
                                           const struct kn_serving_limits *limits);
/* No new sessions; those that are open go on. `drained` comes once none is left, later. */
void kn_serving_drain(struct kn_serving *serving, void (*drained)(void *arg), void *arg);
/* Before its compute and its host. Sessions that are open end with an error that says so. */
void kn_serving_free(struct kn_serving *serving);

struct kn_serving_counters {
    uint64_t sessions, steps, forwards, infos;
    uint64_t refused, failed;               /* before anything was computed; in it or later */
    uint64_t pushed, pushes, push_failures; /* steps that came so; handed on; not taken */
    uint32_t open;                          /* sessions */
};
const struct kn_serving_counters *kn_serving_counters(const struct kn_serving *serving);

#endif
