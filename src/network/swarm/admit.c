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

    pipe->accepted = true;
    pipe->host->accepted_count++;
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
    pipe->host->accepted_count -= pipe->accepted;
    if (pipe->from_place == NULL)
        return;
    *pipe->from_place = pipe->next_from;
    if (pipe->next_from != NULL)
        pipe->next_from->from_place = pipe->from_place;
    pipe->from_place = NULL;
}

/* Nobody misses it. */
static bool is_idle(const struct kn_pipe *pipe)
{
    return pipe->ready && !pipe->closing && !pipe->peer->is_protected &&
           kn_connection_streams(pipe->connection) == 0;
}

/* Close the connection that is idle for longest. What is in use now, or is to stay, goes to the
 * end of the line, so that the next look begins behind it. */
static bool trim_one(struct kn_host *host, bool accepted_only)
{
    for (size_t i = 0; i < KN_HOST_TRIM_LOOKS && host->used.first != NULL; i++) {
        struct kn_pipe *pipe = host->used.first;

        if (is_idle(pipe) && (pipe->accepted || !accepted_only)) {
            host->counters.trimmed++;
            kn_pipe_free(pipe);
            return true;
        }
        kn_pipe_stand(pipe, &host->used);
    }
    return false;
}

/* Whoever comes to us may take them all but for these: else strangers keep us from dialling. */
static size_t accepted_max(const struct kn_host *host)
{
    size_t max = host->options.connections_max;
    size_t least = max / 2 < KN_HOST_KEPT_MIN ? max / 2 : KN_HOST_KEPT_MIN;
    size_t kept = max / KN_HOST_KEPT_PART;

    return max - (kept > least ? kept : least);
}

static bool are_too_many(const struct kn_host *host)
{
    return host->pipe_count > host->options.connections_max ||
           host->accepted_count > accepted_max(host);
}

void kn_host_trim(struct kn_host *host)
{
    while (are_too_many(host) && trim_one(host, host->pipe_count <= host->options.connections_max))
        continue;
    if (are_too_many(host) && host->used.first != NULL)
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
    return host->pipe_count < host->options.connections_max || trim_one(host, false);
}

/* A place from which so many came that one may go for a newcomer from where `others` did. */
static const struct kn_pipe *most_crowded(struct kn_host *host, size_t others)
{
    const struct kn_pipe *crowded = NULL;
    size_t most = 2 * others > KN_HOST_CROWD_MIN ? 2 * others : KN_HOST_CROWD_MIN;

    for (size_t i = 0; i < KN_HOST_PLACES; i++) {
        for (const struct kn_pipe *pipe = host->places[i]; pipe != NULL; pipe = pipe->next_from) {
            size_t n = count_from(host, place_of_pipe(pipe));

            if (n < most)
                continue;
            crowded = pipe;
            most = n + 1; /* the next has to have more */
        }
    }
    return crowded;
}

/* Of one place: what is idle for longest, else what came last; NULL: all of it is to stay. */
static struct kn_pipe *least_missed(struct kn_host *host, struct kn_span place, bool idle_only)
{
    struct kn_pipe *idle = NULL, *youngest = NULL;

    for (struct kn_pipe *pipe = *bucket_of(host, place); pipe != NULL; pipe = pipe->next_from) {
        if (!kn_span_equal(place_of_pipe(pipe), place) || pipe->closing)
            continue;
        if (is_idle(pipe) && (idle == NULL || pipe->used_at < idle->used_at))
            idle = pipe;
        /* Who came last stands first. */
        if (youngest == NULL && (pipe->peer == NULL || !pipe->peer->is_protected))
            youngest = pipe;
    }
    return idle != NULL || idle_only ? idle : youngest;
}

/* Nobody holds all slots from one place while others come. Inside an event nothing that is in use
 * may go: it may be whose event it is. */
static bool crowd_out(struct kn_host *host, struct kn_span newcomer, bool idle_only)
{
    const struct kn_pipe *crowded = most_crowded(host, count_from(host, newcomer));
    struct kn_pipe *pipe =
        crowded != NULL ? least_missed(host, place_of_pipe(crowded), idle_only) : NULL;

    if (pipe == NULL)
        return false;
    host->counters.crowded++;
    kn_pipe_free(pipe);
    return true;
}

/* A place of none: loopback's, of which nobody is the most. */
static bool make_room_for(struct kn_host *host, struct kn_span place, bool idle_only)
{
    if (host->accepted_count < accepted_max(host) &&
        host->pipe_count < host->options.connections_max)
        return true;
    if (place.n > 0 && crowd_out(host, place, idle_only))
        return true;
    return trim_one(host, host->accepted_count >= accepted_max(host));
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

static bool has_room(struct kn_host *host, struct kn_span place, bool idle_only)
{
    if (host->half_open_count >= KN_HOST_HALF_OPEN_MAX && !push_out(host)) {
        host->counters.refused_half_open++;
        return false;
    }
    if (!make_room_for(host, place, idle_only)) {
        host->counters.refused_full++;
        return false;
    }
    return true;
}

bool kn_host_has_relayed_room(struct kn_host *host, const struct kn_peer_id *relay)
{
    if (count_from(host, place_of_relay(relay)) < KN_HOST_PER_RELAY_MAX)
        return has_room(host, place_of_relay(relay), true);
    host->counters.refused_place++;
    return false;
}

static bool has_room_for(struct kn_host *host, const struct kn_endpoint *from)
{
    if (is_loopback(from))
        return has_room(host, kn_span(NULL, 0), false);
    if (count_from(host, place_of(from)) < KN_HOST_PER_IP_MAX)
        return has_room(host, place_of(from), false);
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
