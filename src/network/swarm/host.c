#include "network/swarm/host.h"

#include "lib/base/memory.h"
#include "lib/crypto/key.h"
#include "network/swarm/host_parts.h"

struct kn_host *kn_host_new(const struct kn_host_options *options)
{
    struct kn_host *host = kn_try_alloc(sizeof(*host));

    if (host == NULL)
        return NULL;
    host->options = *options;
    host->random = *options->random;
    kn_random_fill(&host->random, (uint8_t *)&host->seed, sizeof(host->seed));
    kn_host_allow(host, options->connections_max);
    kn_host_hurry(host, &options->times);
    host->protocols.at = host->served;
    host->flush = kn_timer_new(options->loop, kn_pipes_flush, host);
    if (host->flush == NULL) {
        kn_free(host);
        return NULL;
    }
    return host;
}

void kn_host_free(struct kn_host *host)
{
    if (host == NULL)
        return;
    host->ending = true; /* what ends now begins nothing new */
    for (size_t i = 0; i < host->listener_count; i++)
        kn_listener_free(host->listeners[i]);
    while (host->queue != NULL)
        kn_dialling_cancel(host->queue);
    while (host->pipes != NULL)
        kn_pipe_free(host->pipes);
    kn_peers_free(host);
    kn_timer_free(host->flush);
    kn_buffer_done(&host->scratch);
    kn_connection_memory_done(&host->memory);
    kn_free(host->ready);
    kn_free(host);
}

uint64_t kn_host_hash(const struct kn_host *host, struct kn_span bytes)
{
    uint64_t factor = host->seed | 1, hash = host->seed ^ bytes.n;

    while (bytes.n > 0) {
        uint64_t word = 0;
        size_t n = bytes.n < sizeof(word) ? bytes.n : sizeof(word);

        memcpy(&word, bytes.at, n);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
        bytes = kn_span(bytes.at + n, bytes.n - n);
    }
    return hash;
}

void kn_host_hurry(struct kn_host *host, const struct kn_host_times *times)
{
    host->options.times = (struct kn_host_times){
        .connect_ms = times->connect_ms > 0 ? times->connect_ms : KN_HOST_WHOLE_MS,
        .request_ms = times->request_ms > 0 ? times->request_ms : KN_HOST_REQUEST_MS,
    };
}

int kn_host_part(const struct kn_host *host, int usual_ms)
{
    int64_t whole_ms = host->options.times.connect_ms;

    if (whole_ms > KN_HOST_WHOLE_MS)
        return (int)(whole_ms * usual_ms / KN_HOST_WHOLE_MS);
    return whole_ms < usual_ms ? (int)whole_ms : usual_ms;
}

struct kn_loop *kn_host_loop(const struct kn_host *host)
{
    return host->options.loop;
}

const struct kn_peer_id *kn_host_self(const struct kn_host *host)
{
    return kn_key_peer_id(host->options.identity);
}

const struct kn_key *kn_host_identity(const struct kn_host *host)
{
    return host->options.identity;
}

const struct kn_random *kn_host_random(const struct kn_host *host)
{
    return &host->random;
}

void kn_host_mark(struct kn_host *host, uint8_t *out, size_t n)
{
    if (host->marks_left < n) {
        kn_random_fill(&host->random, host->marks, sizeof(host->marks));
        host->marks_left = sizeof(host->marks);
    }
    memcpy(out, host->marks + host->marks_left - n, n);
    host->marks_left -= n;
}

const struct kn_host_counters *kn_host_counters(const struct kn_host *host)
{
    return &host->counters;
}

size_t kn_host_connection_count(const struct kn_host *host)
{
    return host->ready_count;
}

enum kn_code kn_host_serve(struct kn_host *host, const struct kn_protocol *protocol)
{
    if (host->protocols.n >= KN_HOST_PROTOCOLS_MAX)
        return KN_E_LIMIT;
    host->served[host->protocols.n++] = *protocol;
    return KN_OK;
}

const struct kn_protocols *kn_host_protocols(const struct kn_host *host)
{
    return &host->protocols;
}

enum kn_code kn_host_observe(struct kn_host *host, const struct kn_host_observer *observer)
{
    if (host->observer_count >= KN_HOST_OBSERVERS_MAX)
        return KN_E_LIMIT;
    host->observers[host->observer_count++] = *observer;
    return KN_OK;
}

bool kn_host_knows(const struct kn_host *host, const void *arg)
{
    for (size_t i = 0; i < host->protocols.n; i++) {
        if (host->served[i].arg == arg)
            return true;
    }
    for (size_t i = 0; i < host->observer_count; i++) {
        if (host->observers[i].arg == arg)
            return true;
    }
    return false;
}

void kn_host_forget(struct kn_host *host, const void *arg)
{
    size_t kept = 0;

    for (size_t i = 0; i < host->protocols.n; i++) {
        if (host->served[i].arg != arg)
            host->served[kept++] = host->served[i];
    }
    host->protocols.n = kept;
    kept = 0;
    for (size_t i = 0; i < host->observer_count; i++) {
        if (host->observers[i].arg != arg)
            host->observers[kept++] = host->observers[i];
    }
    host->observer_count = kept;
    if (host->announcer.arg == arg)
        host->announcer = (struct kn_announcer){ 0 };
    kept = 0;
    for (size_t i = 0; i < host->more_count; i++) {
        if (host->more[i].arg != arg)
            host->more[kept++] = host->more[i];
    }
    host->more_count = kept;
}

void kn_host_identified(struct kn_connection *connection, struct kn_span observed)
{
    const struct kn_host *host = kn_host_of(connection);

    for (size_t i = 0; i < host->observer_count; i++)
        if (host->observers[i].identified != NULL)
            host->observers[i].identified(host->observers[i].arg, connection, observed);
}

void kn_host_set_finder(struct kn_host *host, const struct kn_host_finder *finder)
{
    host->finder = *finder;
}

void kn_host_set_announcer(struct kn_host *host, kn_announcer_fn *announcer, void *arg)
{
    host->announcer = (struct kn_announcer){ announcer, arg };
}

enum kn_code kn_host_add_announcer(struct kn_host *host, kn_announcer_fn *announcer, void *arg)
{
    if (host->more_count >= KN_HOST_ANNOUNCERS_MAX)
        return KN_E_LIMIT;
    host->more[host->more_count++] = (struct kn_announcer){ announcer, arg };
    return KN_OK;
}

void kn_host_announced(struct kn_host *host, kn_add_address_fn *add, void *add_arg)
{
    if (host->announcer.tell != NULL)
        host->announcer.tell(host->announcer.arg, add, add_arg);
    for (size_t i = 0; i < host->more_count; i++)
        host->more[i].tell(host->more[i].arg, add, add_arg);
}

enum kn_code kn_host_listen(struct kn_host *host, const struct kn_endpoint *at,
                            struct kn_error *err)
{
    enum kn_code rc;

    if (host->listener_count >= KN_HOST_LISTENERS_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d addresses to listen on",
                       KN_HOST_LISTENERS_MAX);
    rc = kn_listen(host->options.loop, at, kn_host_accept, host,
                   &host->listeners[host->listener_count], err);
    if (rc == KN_OK)
        host->listener_count++;
    return rc;
}

void kn_host_unlisten(struct kn_host *host)
{
    if (host->listener_count > 0)
        kn_listener_free(host->listeners[--host->listener_count]);
}

size_t kn_host_listeners(const struct kn_host *host)
{
    return host->listener_count;
}

void kn_host_listener(const struct kn_host *host, size_t index, struct kn_endpoint *out)
{
    kn_listener_endpoint(host->listeners[index], out);
}

struct kn_connection *kn_host_next(struct kn_host *host, size_t *at)
{
    while (*at < host->ready_count) {
        const struct kn_pipe *pipe = host->ready[(*at)++];

        if (!pipe->closing)
            return pipe->connection;
    }
    return NULL;
}
