/* admit: who may come in, who goes for it, and how much they may ask and leave unfinished. */
#include "network/swarm/host_parts.h"

static bool is_loopback(const struct kn_endpoint *at)
{
    static const uint8_t ip6[16] = { [15] = 1 };

    return at->is_ip6 ? memcmp(at->ip, ip6, sizeof(ip6)) == 0 : at->ip[0] == 127;
}

/* What one customer is given: an IPv4 address, or a /64 with as many addresses as it likes. */
static struct kn_span place_of(const struct kn_endpoint *at)
{
    return kn_span(at->ip, at->is_ip6 ? 8 : 4);
}

/* Who brought it answers for a caller whose own place nobody sees. */
static struct kn_span place_of_relay(const struct kn_peer_id *relay)
{
    return kn_span(relay->bytes, relay->n);
}

static struct kn_span place_of_pipe(const struct kn_pipe *pipe)
{
    return pipe->is_relayed ? place_of_relay(&pipe->relayed.relay) : place_of(&pipe->remote);
}

static struct kn_pipe **bucket_of(struct kn_host *host, struct kn_span place)
{
    return &host->places[kn_host_hash(host, place) % KN_HOST_PLACES];
}

/* As many steps as pipes come from there, at most KN_HOST_PER_IP_MAX, and a few of others. */
static size_t count_from(struct kn_host *host, struct kn_span place)
{
    size_t n = 0;

    for (const struct kn_pipe *pipe = *bucket_of(host, place); pipe != NULL; pipe = pipe->next_from)
        n += kn_span_equal(place_of_pipe(pipe), place);
    return n;
}

static void unlink_from(struct kn_pipe_line *line, struct kn_pipe *pipe)
{
    *(pipe->before != NULL ? &pipe->before->after : &line->first) = pipe->after;
    *(pipe->after != NULL ? &pipe->after->before : &line->last) = pipe->before;
}

void kn_pipe_stand(struct kn_pipe *pipe, struct kn_pipe_line *line)
{
    if (pipe->line != NULL)
        unlink_from(pipe->line, pipe);
    pipe->line = line;
    if (line == NULL)
        return;
    pipe->after = NULL;
    pipe->before = line->last;
    *(line->last != NULL ? &line->last->after : &line->first) = pipe;
    line->last = pipe;
}

void kn_pipe_arrived(struct kn_pipe *pipe)
{
    struct kn_pipe **bucket = bucket_of(pipe->host, place_of_pipe(pipe));

    pipe->host->half_open_count++;
    kn_pipe_stand(pipe, &pipe->host->half_open);
    if (!pipe->is_relayed && is_loopback(&pipe->remote))
        return;
    pipe->next_from = *bucket;
    pipe->from_place = bucket;
    if (pipe->next_from != NULL)
        pipe->next_from->from_place = &pipe->next_from;
    *bucket = pipe;
}

void kn_pipe_left(struct kn_pipe *pipe)
{
    kn_pipe_stand(pipe, NULL);
    if (pipe->from_place == NULL)
        return;
    *pipe->from_place = pipe->next_from;
    if (pipe->next_from != NULL)
        pipe->next_from->from_place = pipe->from_place;
    pipe->from_place = NULL;
}

/* Close the connection that is idle for longest. What is in use now, or is to stay, goes to the
 * end of the line, so that the next look begins behind it. */
static bool trim_one(struct kn_host *host)
{
    for (size_t i = 0; i < KN_HOST_TRIM_LOOKS && host->used.first != NULL; i++) {
        struct kn_pipe *pipe = host->used.first;

        if (!pipe->closing && !pipe->peer->is_protected &&
            kn_connection_streams(pipe->connection) == 0) {
            host->counters.trimmed++;
            kn_pipe_free(pipe);
            return true;
        }
        kn_pipe_stand(pipe, &host->used);
    }
    return false;
}

void kn_host_trim(struct kn_host *host)
{
    while (host->pipe_count > host->options.connections_max && trim_one(host))
        continue;
    if (host->pipe_count > host->options.connections_max && host->used.first != NULL)
        kn_timer_set(host->flush, kn_loop_now(host->options.loop) + KN_HOST_TRIM_MS);
}

void kn_host_allow(struct kn_host *host, size_t connections_max)
{
    enum { USUAL = 1024 };

    host->options.connections_max = connections_max > 0 ? connections_max : USUAL;
    kn_host_trim(host);
}

bool kn_host_make_room(struct kn_host *host)
{
    return host->pipe_count < host->options.connections_max || trim_one(host);
}

/* A handshake that dawdles goes for a newcomer; one that has just begun does not. */
static bool push_out(struct kn_host *host)
{
    struct kn_pipe *oldest = host->half_open.first;

    if (kn_loop_now(host->options.loop) - oldest->born < KN_HOST_HALF_OPEN_MS)
        return false;
    host->counters.pushed_out++;
    kn_pipe_free(oldest);
    return true;
}

static bool has_room(struct kn_host *host)
{
    if (host->half_open_count >= KN_HOST_HALF_OPEN_MAX && !push_out(host)) {
        host->counters.refused_half_open++;
        return false;
    }
    if (!kn_host_make_room(host)) {
        host->counters.refused_full++;
        return false;
    }
    return true;
}

bool kn_host_has_relayed_room(struct kn_host *host, const struct kn_peer_id *relay)
{
    if (count_from(host, place_of_relay(relay)) < KN_HOST_PER_RELAY_MAX)
        return has_room(host);
    host->counters.refused_place++;
    return false;
}

static bool has_room_for(struct kn_host *host, const struct kn_endpoint *from)
{
    if (is_loopback(from) || count_from(host, place_of(from)) < KN_HOST_PER_IP_MAX)
        return has_room(host);
    host->counters.refused_place++;
    return false;
}

void kn_host_accept(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct kn_host *host = arg;
    struct kn_pipe *pipe;

    if (!has_room_for(host, from)) {
        kn_tcp_free(tcp);
        return;
    }
    host->counters.accepted++;
    pipe = kn_pipe_new(host, tcp, KN_ROLE_LISTENER, NULL, from, NULL);
    if (pipe != NULL)
        kn_pipe_arrived(pipe);
}

struct kn_host_counters *kn_counters_of(const struct kn_connection *connection)
{
    return &kn_host_of(connection)->counters;
}

bool kn_host_hold(struct kn_connection *connection, size_t *held, size_t n)
{
    struct kn_pipe *pipe = kn_connection_owner(connection);
    struct kn_host *host = pipe->host;

    if (n > *held && (pipe->held - *held + n > KN_HOST_HELD_MAX ||
                      host->held - *held + n > KN_HOST_HELD_ALL_MAX)) {
        host->counters.requests_too_large++;
        return false;
    }
    pipe->held += n - *held;
    host->held += n - *held;
    *held = n;
    return true;
}

bool kn_host_may_answer(struct kn_connection *connection, size_t n)
{
    const struct kn_pipe *pipe = kn_connection_owner(connection);

    if (n <= KN_HOST_UNREAD_MAX && pipe->answers.n <= KN_HOST_UNREAD_MAX - n &&
        pipe->host->answers.n <= KN_HOST_UNREAD_ALL_MAX - n)
        return true;
    pipe->host->counters.answers_unread++;
    return false;
}

void kn_host_count_answer(struct kn_stream *stream)
{
    struct kn_pipe *pipe = kn_connection_owner(kn_stream_connection(stream));

    kn_stream_count_in(stream, &pipe->answers);
}

bool kn_host_may_ask(struct kn_connection *connection)
{
    struct kn_pipe *pipe = kn_connection_owner(connection);
    kn_time now = kn_loop_now(pipe->host->options.loop);

    if (now - pipe->asking_since >= 1000) {
        pipe->asking_since = now;
        pipe->asked = 0;
    }
    if (pipe->asked++ < KN_HOST_ASKED_PER_S)
        return true;
    pipe->host->counters.requests_too_fast++;
    return false;
}
