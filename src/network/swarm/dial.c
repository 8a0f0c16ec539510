/* dial: one attempt to reach a peer, at all its addresses, a quarter of a second apart. */
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/resolve.h"
#include "network/swarm/addresses.h"
#include "network/swarm/dnsaddr.h"
#include "network/swarm/host_parts.h"

enum {
    BACKOFF_FIRST_MS = 5000,
    BACKOFF_STEP_MS = 1000, /* times the square of the failures, as go-libp2p does */
    BACKOFF_MAX_MS = 300000,
    SEARCH_MS = 10000,
    NAME_SIZE = 256, /* of a host; spec: RFC 1035 2.3.4 */
};

struct kn_attempt {
    struct kn_dialling *dialling;
    struct kn_attempt *next;
    struct kn_buffer address; /* as the peer's list has it */
    struct kn_endpoint found[KN_RESOLVE_MAX];
    size_t found_count, at;
    uint16_t port;
    enum kn_scope least;  /* how far inside it may lead */
    char name[NAME_SIZE]; /* of a host that was looked up */
    struct kn_resolve *resolve;
    struct kn_dial *dial;
    struct kn_dnsaddr *dnsaddr;
    struct kn_relay_dial *relay_dial;
    bool is_relayed;
    struct kn_peer_id relay; /* when it is */
    struct kn_pipe *pipe;
    kn_time end_by; /* with the endpoint or relay under way */
};

struct kn_dialling {
    struct kn_host *host;
    struct kn_peer *peer;
    struct kn_dialling *next; /* in host->queue */
    bool begun;
    bool met;      /* the peer came to us: nothing new is tried */
    bool unwanted; /* the last who waited went away; another may have come since */
    unsigned searches;
    bool found_more; /* since the last search there was an address to try */
    struct kn_attempt *attempts;
    struct kn_timer *stagger;
    kn_time relay_from; /* relayed addresses wait until then, while direct ones are tried */
    void *search;
    struct kn_span addresses[KN_HOST_ADDRESSES_MAX];
    struct kn_buffer tried; /* addresses tried in this round, one after another, each prefixed */
    struct kn_error best;   /* the failure that says most */
};

static void step(struct kn_dialling *d);

/* What says most about why: a wrong peer more than a silent one. */
static int telling(enum kn_code code)
{
    static const enum kn_code order[] = {
        KN_OK,          KN_E_CANCELLED,   KN_E_NO_MEMORY, KN_E_INVALID,     KN_E_DENIED,
        KN_E_NOT_FOUND, KN_E_UNREACHABLE, KN_E_IO,        KN_E_LIMIT,       KN_E_TIMEOUT,
        KN_E_REFUSED,   KN_E_CLOSED,      KN_E_PROTOCOL,  KN_E_UNSUPPORTED, KN_E_IDENTITY,
    };

    for (int i = 0; i < (int)KN_COUNT(order); i++) {
        if (order[i] == code)
            return i;
    }
    return 1;
}

enum { WHERE_SIZE = KN_ENDPOINT_TEXT_SIZE + KN_PEER_ID_TEXT_SIZE };

/* An endpoint, or a relay. */
static void print_where(const struct kn_attempt *a, char out[WHERE_SIZE])
{
    char id[KN_PEER_ID_TEXT_SIZE];

    if (!a->is_relayed) {
        kn_endpoint_print(&a->found[a->at], out);
        return;
    }
    kn_peer_id_print(&a->relay, id);
    (void)snprintf(out, WHERE_SIZE, "relay %s", id);
}

static void note(struct kn_dialling *d, enum kn_code code, const struct kn_error *err)
{
    if (telling(code) <= telling(d->best.code))
        return;
    d->best = *err;
    d->best.code = code;
}

static void free_attempt(struct kn_attempt *a)
{
    struct kn_attempt **at;

    for (at = &a->dialling->attempts; *at != a; at = &(*at)->next) {
    }
    *at = a->next;
    kn_resolve_cancel(a->resolve);
    kn_dial_cancel(a->dial);
    kn_dnsaddr_cancel(a->dnsaddr);
    kn_relay_dial_cancel(a->relay_dial);
    if (a->pipe != NULL) {
        a->pipe->attempt = NULL;
        kn_pipe_free(a->pipe);
    }
    kn_buffer_done(&a->address);
    kn_free(a);
}

static void free_dialling(struct kn_dialling *d)
{
    struct kn_host *host = d->host;
    struct kn_dialling **at;

    for (at = &host->queue; *at != d; at = &(*at)->next) {
    }
    *at = d->next;
    while (d->attempts != NULL)
        free_attempt(d->attempts);
    if (d->search != NULL && host->finder.cancel != NULL) /* else it went with its finder */
        host->finder.cancel(host->finder.arg, d->search);
    kn_timer_free(d->stagger);
    kn_buffer_done(&d->tried);
    d->peer->dialling = NULL;
    host->dialling_count -= d->begun;
    kn_free(d);
}

/* Somebody in the queue may begin now. */
static void next_in_queue(struct kn_host *host)
{
    struct kn_dialling *waiting = NULL;

    if (host->dialling_count >= KN_HOST_DIALS_MAX)
        return;
    for (struct kn_dialling *d = host->queue; d != NULL; d = d->next) {
        if (!d->begun)
            waiting = d; /* the last in the list is the first that came */
    }
    if (waiting == NULL)
        return;
    waiting->begun = true;
    host->dialling_count++;
    kn_timer_set(waiting->stagger, kn_loop_now(host->options.loop));
}

static void end(struct kn_dialling *d, enum kn_code code)
{
    struct kn_host *host = d->host;
    struct kn_peer *peer = d->peer;
    struct kn_error err = d->best;
    bool met = kn_peer_pipe(peer) != NULL; /* it came to us meanwhile */

    free_dialling(d);
    next_in_queue(host);
    if (code != KN_OK) /* else whoever made the pipe tells */
        kn_connects_settle(peer, met ? KN_OK : code, met ? NULL : &err);
}

static void mark_address(struct kn_attempt *a, bool good)
{
    struct kn_dialling *d = a->dialling;
    struct kn_address *known = kn_peer_address(d->peer, kn_buffer_get(&a->address));
    unsigned n;

    if (known == NULL)
        return;
    if (good) {
        known->proven = true;
        known->failures = 0;
        known->retry_at = 0;
        return;
    }
    n = ++known->failures;
    known->retry_at =
        kn_loop_now(d->host->options.loop) +
        kn_time_min(BACKOFF_FIRST_MS + (kn_time)BACKOFF_STEP_MS * n * n, BACKOFF_MAX_MS);
}

/* One address is done with. Where somebody else lives, the peer is not: that one is forgotten. */
static void give_up(struct kn_attempt *a, enum kn_code code, const struct kn_error *err)
{
    struct kn_dialling *d = a->dialling;

    d->host->counters.dial_failures++;
    note(d, code, err);
    if (code == KN_E_IDENTITY)
        kn_host_unlearn(d->host, &d->peer->facts.id, kn_buffer_get(&a->address));
    else if (code != KN_E_NO_MEMORY && code != KN_E_LIMIT) /* our own lack says nothing about it */
        mark_address(a, false);
    free_attempt(a);
    step(d);
}

static enum kn_code describe(enum kn_code code, const struct kn_endpoint *to, struct kn_error *err)
{
    char where[KN_ENDPOINT_TEXT_SIZE];

    kn_endpoint_print(to, where);
    switch ((int)code) {
    case KN_E_REFUSED:
        return kn_fail(err, code, "nothing listens at %s", where);
    case KN_E_TIMEOUT:
        return kn_fail(err, code, "no answer from %s", where);
    case KN_E_UNREACHABLE:
        return kn_fail(err, code, "there is no way to %s from here", where);
    default:
        return kn_fail(err, code, "%s could not be dialled", where);
    }
}

int kn_attempt_left(const struct kn_attempt *a)
{
    kn_time left = a->end_by - kn_loop_now(a->dialling->host->options.loop);

    return left > 0 ? (int)left : 1;
}

static void allow_time(struct kn_attempt *a)
{
    const struct kn_host *host = a->dialling->host;

    a->end_by = kn_loop_now(host->options.loop) + host->options.times.connect_ms;
}

static void dial_next_endpoint(struct kn_attempt *a, struct kn_error *err);

static void on_dialled(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    struct kn_attempt *a = arg;
    struct kn_dialling *d = a->dialling;
    const struct kn_endpoint *to = &a->found[a->at];
    struct kn_error err = { 0 };

    a->dial = NULL;
    if (code != KN_OK) {
        (void)describe(code, to, &err);
        a->at++;
        dial_next_endpoint(a, &err);
        return;
    }
    if (!kn_host_make_room(d->host)) {
        kn_tcp_free(tcp);
        d->host->counters.refused_full++;
        give_up(
            a,
            kn_fail(&err, KN_E_LIMIT, "%zu connections are open and in use", d->host->pipe_count),
            &err);
        return;
    }
    a->pipe = kn_pipe_new(d->host, tcp, KN_ROLE_DIALER, &d->peer->facts.id, to, a);
    if (a->pipe == NULL)
        give_up(a, kn_fail_no_memory(&err), &err);
}

/* `err` says what happened with the endpoint before. */
static void dial_next_endpoint(struct kn_attempt *a, struct kn_error *err)
{
    struct kn_dialling *d = a->dialling;

    for (; a->at < a->found_count; a->at++) {
        enum kn_code rc;

        a->found[a->at].port = a->port;
        d->host->counters.dialled++;
        allow_time(a);
        rc = kn_dial_start(d->host->options.loop, &a->found[a->at],
                           kn_host_part(d->host, KN_HOST_CONNECT_MS), on_dialled, a, &a->dial);
        if (rc == KN_OK)
            return;
        (void)describe(rc, &a->found[a->at], err);
    }
    give_up(a, err->code, err);
}

void kn_attempt_settled(struct kn_attempt *a, enum kn_code code, const struct kn_error *err)
{
    struct kn_dialling *d = a->dialling;
    char where[WHERE_SIZE];
    struct kn_error told = { 0 };

    a->pipe = NULL; /* it lives on, or its caller frees it */
    if (code == KN_OK) {
        mark_address(a, true);
        free_attempt(a);
        end(d, KN_OK);
        return;
    }
    if (err != NULL && err->text[0] != '\0')
        told = *err;
    else
        (void)kn_fail(&told, code, "the connection broke");
    told.code = code;
    print_where(a, where);
    a->at += !a->is_relayed;
    kn_wrap(&told, "%s", where);
    note(a->dialling, code, &told);
    dial_next_endpoint(a, &told); /* a name may have several */
}

static void on_relayed(void *arg, enum kn_code code, struct kn_stream *stream, struct kn_span early,
                       const struct kn_relayed *relayed, const struct kn_error *err)
{
    struct kn_attempt *a = arg;
    struct kn_dialling *d = a->dialling;
    struct kn_error failure = { 0 };

    a->relay_dial = NULL;
    if (code != KN_OK) {
        give_up(a, code, err);
        return;
    }
    a->pipe = kn_pipe_new_relayed(d->host, stream, KN_ROLE_DIALER, &d->peer->facts.id, relayed, a);
    if (a->pipe == NULL)
        give_up(a, kn_fail_no_memory(&failure), &failure);
    else
        kn_pipe_input(a->pipe, early);
}

static enum kn_code begin_relayed(struct kn_attempt *a, const struct kn_multiaddr_route *route)
{
    struct kn_dialling *d = a->dialling;

    a->is_relayed = true;
    a->relay = route->relay_peer;
    d->host->counters.dialled++;
    allow_time(a);
    kn_host_learn_from(d->host, &a->relay, route->relay, a->least);
    return kn_relay_dial_start(d->host, &a->relay, &d->peer->facts.id, on_relayed, a,
                               &a->relay_dial);
}

static void on_address(void *arg, struct kn_span address)
{
    struct kn_attempt *a = arg;

    kn_host_learn_from(a->dialling->host, &a->dialling->peer->facts.id, address, a->least);
}

/* What the name led to stands among the addresses now: those are tried, and mark how it went. */
static void on_addresses(void *arg, enum kn_code code)
{
    struct kn_attempt *a = arg;
    struct kn_dialling *d = a->dialling;
    struct kn_error err = { 0 };

    a->dnsaddr = NULL;
    if (code != KN_OK) {
        give_up(a,
                kn_fail(&err, code,
                        code == KN_E_TIMEOUT ? "the name server does not answer"
                                             : "the name leads to no address of this peer"),
                &err);
        return;
    }
    mark_address(a, true);
    free_attempt(a);
    step(d);
}

static enum kn_code begin_dnsaddr(struct kn_attempt *a, const struct kn_multiaddr_route *route)
{
    const struct kn_dnsaddr_events events = { a, on_address, on_addresses };
    struct kn_dialling *d = a->dialling;

    return kn_dnsaddr_start(d->host->options.loop, route->host_value, &d->peer->facts.id, &events,
                            &a->dnsaddr);
}

/* A name is no way around the rule that holds for addresses. */
static void take_found(struct kn_attempt *a, const struct kn_endpoint *found, size_t n,
                       struct kn_error *err)
{
    for (size_t i = 0; i < n && i < KN_RESOLVE_MAX; i++) {
        if (kn_endpoint_scope(&found[i]) >= a->least) {
            a->found[a->found_count++] = found[i];
            continue;
        }
        a->dialling->host->counters.addresses_refused++;
        (void)kn_fail(err, KN_E_NOT_FOUND, "%s leads further inside than who told of it is",
                      a->name);
    }
}

static void on_resolved(void *arg, enum kn_code code, const struct kn_endpoint *found, size_t n)
{
    struct kn_attempt *a = arg;
    struct kn_error err = { 0 };

    a->resolve = NULL;
    /* With the name: it stands for the peer, which may have other addresses too. */
    (void)kn_fail(&err, code == KN_OK ? KN_E_NOT_FOUND : code,
                  code == KN_E_TIMEOUT ? "no name server answers that knows %s"
                                       : "no address is known for %s",
                  a->name);
    if (code == KN_OK)
        take_found(a, found, n, &err);
    dial_next_endpoint(a, &err);
}

static enum kn_resolve_family family_of(uint32_t host)
{
    if (host == KN_PROTO_DNS4)
        return KN_RESOLVE_IP4;
    return host == KN_PROTO_DNS6 ? KN_RESOLVE_IP6 : KN_RESOLVE_ANY;
}

static enum kn_code begin_attempt(struct kn_attempt *a, const struct kn_multiaddr_route *route)
{
    struct kn_host *host = a->dialling->host;

    if (route->is_relayed)
        return begin_relayed(a, route);
    if (kn_dnsaddr_is(route))
        return begin_dnsaddr(a, route);
    a->port = route->port;
    if (route->host == KN_PROTO_IP4 || route->host == KN_PROTO_IP6) {
        a->found[0].is_ip6 = route->host == KN_PROTO_IP6;
        memcpy(a->found[0].ip, route->host_value.at, route->host_value.n);
        a->found_count = 1;
        return KN_OK;
    }
    if (route->host_value.n >= sizeof(a->name))
        return KN_E_LIMIT;
    memcpy(a->name, route->host_value.at, route->host_value.n);
    a->name[route->host_value.n] = '\0';
    return kn_resolve_start(host->options.loop, a->name, family_of(route->host),
                            kn_host_part(host, KN_HOST_RESOLVE_MS), on_resolved, a, &a->resolve);
}

static void try_address(struct kn_dialling *d, struct kn_span address)
{
    const struct kn_address *known = kn_peer_address(d->peer, address);
    struct kn_attempt *a = kn_try_alloc(sizeof(*a));
    struct kn_multiaddr_route route;
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (a == NULL) {
        note(d, kn_fail_no_memory(&err), &err);
        return;
    }
    a->dialling = d;
    a->least = known != NULL ? known->least : KN_SCOPE_PUBLIC;
    a->next = d->attempts;
    d->attempts = a;
    kn_buffer_add_span(&a->address, address);
    rc = kn_multiaddr_route(kn_buffer_get(&a->address), &route);
    if (rc == KN_OK)
        rc = begin_attempt(a, &route);
    if (rc != KN_OK)
        give_up(a, kn_fail(&err, rc, "this address cannot be dialled"), &err);
    else if (a->found_count > 0)
        dial_next_endpoint(a, &err);
}

static bool was_tried(const struct kn_dialling *d, struct kn_span address)
{
    struct kn_span tried = kn_buffer_get(&d->tried);
    size_t at = 0;

    while (at < tried.n) {
        size_t n = (size_t)tried.at[at] << 8 | tried.at[at + 1];

        if (kn_span_equal(kn_span(tried.at + at + 2, n), address))
            return true;
        at += 2 + n;
    }
    return false;
}

/* Direct addresses are given a while before a relay is asked. */
static bool may_try(const struct kn_dialling *d, const struct kn_address *address)
{
    kn_time now = kn_loop_now(d->host->options.loop);

    if (address->retry_at > now)
        return false;
    if (!address->is_relayed)
        return true;
    return kn_connects_may_relay(d->peer) && (d->attempts == NULL || now >= d->relay_from);
}

/* The next address that was not tried in this round, and has not just failed. */
static bool next_address(struct kn_dialling *d, struct kn_buffer *out)
{
    struct kn_span all[KN_HOST_ADDRESSES_MAX];
    size_t n = kn_host_addresses(d->host, &d->peer->facts.id, all);

    for (size_t i = 0; i < n; i++) {
        const struct kn_address *known = kn_peer_address(d->peer, all[i]);

        if (was_tried(d, all[i]) || !may_try(d, known))
            continue;
        if (!known->is_relayed)
            d->relay_from = kn_loop_now(d->host->options.loop) + KN_HOST_RELAY_LATER_MS;
        kn_buffer_add_byte(&d->tried, (uint8_t)(all[i].n >> 8));
        kn_buffer_add_byte(&d->tried, (uint8_t)all[i].n);
        kn_buffer_add_span(&d->tried, all[i]);
        kn_buffer_add_span(out, all[i]);
        return !d->tried.failed && !out->failed;
    }
    return false;
}

static void on_searched(void *arg, enum kn_code code)
{
    struct kn_dialling *d = arg;

    (void)code; /* what was found is among the addresses now */
    d->search = NULL;
    d->found_more = kn_peer_has_fresh_address(d->host, &d->peer->facts.id);
    step(d);
}

static bool begin_search(struct kn_dialling *d)
{
    const struct kn_host_finder *finder = &d->host->finder;

    if (d->searches == KN_HOST_SEARCHES_MAX || finder->start == NULL ||
        (d->searches > 0 && !d->found_more) || !kn_connects_may_search(d->peer))
        return false;
    d->searches++;
    d->found_more = false;
    d->search = finder->start(finder->arg, &d->peer->facts.id, SEARCH_MS, on_searched, d);
    return d->search != NULL;
}

/* Go on: another address, else a search for more, else the end. */
static void step(struct kn_dialling *d)
{
    struct kn_buffer address = { 0 };
    kn_time now = kn_loop_now(d->host->options.loop);

    if (!d->met && next_address(d, &address)) {
        kn_timer_set(d->stagger, now + KN_HOST_STAGGER_MS);
        try_address(d, kn_buffer_get(&address)); /* may end the dialling: nothing after it */
        kn_buffer_done(&address);
        return;
    }
    kn_buffer_done(&address);
    kn_timer_set(d->stagger, d->relay_from > now ? d->relay_from : KN_NEVER);
    if (d->attempts != NULL || (!d->met && (d->search != NULL || begin_search(d))))
        return;
    if (d->best.code == KN_OK)
        (void)kn_fail(&d->best, KN_E_NOT_FOUND,
                      d->tried.n == 0 && d->peer->address_count > 0
                          ? "its addresses have just failed"
                          : "nobody knows an address of this peer");
    end(d, d->best.code);
}

static void on_stagger(void *arg)
{
    struct kn_dialling *d = arg;

    if (d->unwanted && d->peer->waiting == NULL) {
        kn_dialling_cancel(d);
        return;
    }
    d->unwanted = false;
    if (d->begun)
        step(d);
}

bool kn_dialling_begin(struct kn_host *host, struct kn_peer *peer)
{
    struct kn_dialling *d = kn_try_alloc(sizeof(*d));

    if (d == NULL)
        return false;
    d->stagger = kn_timer_new(host->options.loop, on_stagger, d);
    if (d->stagger == NULL) {
        kn_free(d);
        return false;
    }
    d->host = host;
    d->peer = peer;
    d->next = host->queue;
    host->queue = d;
    peer->dialling = d;
    next_in_queue(host);
    return true;
}

void kn_dialling_met(struct kn_dialling *d)
{
    struct kn_attempt *a = d->attempts, *next;

    d->met = true;
    for (; a != NULL; a = next) {
        next = a->next;
        if (a->pipe == NULL)
            free_attempt(a);
    }
    if (d->attempts == NULL)
        end(d, KN_OK);
}

/* A pipe that is still in its handshake says more than one that never opened. */
void kn_dialling_why(const struct kn_dialling *d, struct kn_error *err)
{
    char where[WHERE_SIZE];

    *err = d->best;
    if (telling(err->code) > telling(KN_E_TIMEOUT))
        return;
    if (!d->begun)
        (void)kn_fail(err, KN_E_TIMEOUT, "%d other peers are being dialled", KN_HOST_DIALS_MAX);
    else if (d->search != NULL && err->code == KN_OK)
        (void)kn_fail(err, KN_E_TIMEOUT, "no address of this peer was found in time");
    for (const struct kn_attempt *a = d->attempts; a != NULL; a = a->next) {
        if ((a->found_count == 0 && !a->is_relayed) || (a->pipe == NULL && err->code != KN_OK))
            continue;
        print_where(a, where);
        (void)kn_fail(err, KN_E_TIMEOUT,
                      a->pipe != NULL ? "%s takes connections and then stays silent"
                                      : "no answer from %s",
                      where);
    }
}

/*
 * Not at once: this may be called while a search is freed whose questions wait for diallings that
 * have searches themselves, and those may ask the peer of the first.
 */
void kn_dialling_leave(struct kn_dialling *d)
{
    d->unwanted = true;
    kn_timer_set(d->stagger, kn_loop_now(d->host->options.loop));
}

void kn_dialling_cancel(struct kn_dialling *d)
{
    struct kn_host *host = d->host;

    free_dialling(d);
    next_in_queue(host);
}
