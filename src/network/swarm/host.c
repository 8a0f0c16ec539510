#include "lib/base/memory.h"
#include "lib/crypto/key.h"
#include "network/swarm/host_parts.h"

enum { CONNECTIONS_USUAL = 1024 };

struct kn_host *kn_host_new(const struct kn_host_options *options)
{
    struct kn_host *host = kn_try_alloc(sizeof(*host));

    if (host == NULL)
        return NULL;
    host->options = *options;
    host->random = *options->random;
    if (host->options.connections_max == 0)
        host->options.connections_max = CONNECTIONS_USUAL;
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
    for (size_t i = 0; i < host->listener_count; i++)
        kn_listener_free(host->listeners[i]);
    while (host->queue != NULL)
        kn_dialling_cancel(host->queue);
    while (host->pipes != NULL)
        kn_pipe_free(host->pipes);
    kn_peers_free(host);
    kn_timer_free(host->flush);
    kn_free(host);
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

const struct kn_host_counters *kn_host_counters(const struct kn_host *host)
{
    return &host->counters;
}

size_t kn_host_connection_count(const struct kn_host *host)
{
    return host->pipe_count - host->half_open;
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

void kn_host_unobserve(struct kn_host *host, const void *arg)
{
    size_t kept = 0;

    for (size_t i = 0; i < host->observer_count; i++) {
        if (host->observers[i].arg != arg)
            host->observers[kept++] = host->observers[i];
    }
    host->observer_count = kept;
    kept = 0;
    for (size_t i = 0; i < host->announcer_count; i++) {
        if (host->announcers[i].arg != arg)
            host->announcers[kept++] = host->announcers[i];
    }
    host->announcer_count = kept;
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
    host->announcers[0] = (struct kn_announcer){ announcer, arg };
    if (host->announcer_count == 0)
        host->announcer_count = 1;
}

enum kn_code kn_host_add_announcer(struct kn_host *host, kn_announcer_fn *announcer, void *arg)
{
    if (host->announcer_count >= KN_HOST_ANNOUNCERS_MAX)
        return KN_E_LIMIT;
    host->announcers[host->announcer_count++] = (struct kn_announcer){ announcer, arg };
    return KN_OK;
}

void kn_host_announced(struct kn_host *host, kn_add_address_fn *add, void *add_arg)
{
    for (size_t i = 0; i < host->announcer_count; i++)
        host->announcers[i].tell(host->announcers[i].arg, add, add_arg);
}

static bool is_loopback(const struct kn_endpoint *at)
{
    static const uint8_t ip6[16] = { [15] = 1 };

    return at->is_ip6 ? memcmp(at->ip, ip6, sizeof(ip6)) == 0 : at->ip[0] == 127;
}

static size_t count_from(const struct kn_host *host, const struct kn_endpoint *from)
{
    size_t n = 0;

    for (const struct kn_pipe *pipe = host->pipes; pipe != NULL; pipe = pipe->next)
        n += pipe->remote.is_ip6 == from->is_ip6 &&
             memcmp(pipe->remote.ip, from->ip, from->is_ip6 ? 16 : 4) == 0;
    return n;
}

/* Close the connection that is idle for longest. False: all of them are in use. */
static bool trim_one(struct kn_host *host)
{
    struct kn_pipe *idlest = NULL;

    for (struct kn_pipe *pipe = host->pipes; pipe != NULL; pipe = pipe->next) {
        if (!pipe->ready || pipe->closing || pipe->peer->is_protected ||
            kn_connection_streams(pipe->connection) > 0)
            continue;
        if (idlest == NULL || pipe->used_at < idlest->used_at)
            idlest = pipe;
    }
    if (idlest == NULL)
        return false;
    host->counters.trimmed++;
    kn_pipe_free(idlest);
    return true;
}

bool kn_host_has_room(struct kn_host *host, const struct kn_endpoint *from)
{
    if (host->half_open >= KN_HOST_HALF_OPEN_MAX)
        return false;
    if (from != NULL && !is_loopback(from) && count_from(host, from) >= KN_HOST_PER_IP_MAX)
        return false;
    return host->pipe_count < host->options.connections_max || trim_one(host);
}

static void on_accepted(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct kn_host *host = arg;

    if (!kn_host_has_room(host, from)) {
        host->counters.refused++;
        kn_tcp_free(tcp);
        return;
    }
    host->counters.accepted++;
    (void)kn_pipe_new(host, tcp, KN_ROLE_LISTENER, NULL, from, NULL);
}

enum kn_code kn_host_listen(struct kn_host *host, const struct kn_endpoint *at,
                            struct kn_error *err)
{
    enum kn_code rc;

    if (host->listener_count >= KN_HOST_LISTENERS_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d addresses to listen on",
                       KN_HOST_LISTENERS_MAX);
    rc = kn_listen(host->options.loop, at, on_accepted, host,
                   &host->listeners[host->listener_count], err);
    if (rc == KN_OK)
        host->listener_count++;
    return rc;
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
    size_t i = 0;

    for (struct kn_pipe *pipe = host->pipes; pipe != NULL; pipe = pipe->next) {
        if (!pipe->ready || pipe->closing)
            continue;
        if (i++ == *at) {
            (*at)++;
            return pipe->connection;
        }
    }
    return NULL;
}
