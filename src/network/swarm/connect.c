/* connect: those who wait for a connection to a peer. */
#include "lib/base/memory.h"
#include "network/swarm/host_parts.h"

struct kn_connect {
    struct kn_host *host;
    struct kn_peer *peer;
    struct kn_connect *next, **place; /* of those who wait for the same peer */
    struct kn_timer *timer;           /* the deadline; at once when the outcome is known already */
    kn_time end_by;
    bool called; /* of those who hear this outcome: a callback may begin to wait anew */
    enum kn_reach reach;
    kn_connect_fn *done;
    void *arg;
};

static void link_connect(struct kn_connect *c)
{
    c->place = c->peer->waiting_end;
    *c->place = c;
    c->peer->waiting_end = &c->next;
}

static void free_connect(struct kn_connect *c)
{
    *c->place = c->next;
    if (c->next != NULL)
        c->next->place = c->place;
    else
        c->peer->waiting_end = c->place;
    kn_timer_free(c->timer);
    kn_free(c);
}

/* The connection as it is wanted; direct ones come first. */
static const struct kn_pipe *way_of(const struct kn_connect *c)
{
    const struct kn_pipe *pipe = kn_peer_pipe(c->peer);

    return pipe != NULL && pipe->is_relayed && c->reach == KN_REACH_DIRECT ? NULL : pipe;
}

static void settle(struct kn_connect *c, enum kn_code code, const struct kn_error *err)
{
    const struct kn_pipe *pipe = way_of(c);
    struct kn_error only_relayed = { 0 };
    kn_connect_fn *done = c->done;
    void *arg = c->arg;

    if (code == KN_OK && pipe == NULL) {
        code = kn_fail(&only_relayed, KN_E_UNREACHABLE, "it is reached through a relay only");
        err = &only_relayed;
    }
    free_connect(c);
    done(arg, code, code == KN_OK ? pipe->connection : NULL, err);
}

static struct kn_connect *first_called(const struct kn_peer *peer)
{
    struct kn_connect *c = peer->waiting;

    while (c != NULL && !c->called)
        c = c->next;
    return c;
}

void kn_connects_settle(struct kn_peer *peer, enum kn_code code, const struct kn_error *err)
{
    struct kn_connect *due;

    /* A relayed connection is nothing for whose direct one is still being dialled. */
    for (struct kn_connect *c = peer->waiting; c != NULL; c = c->next)
        c->called = code != KN_OK || way_of(c) != NULL || peer->dialling == NULL;
    /* The connection may be closed again by one of them: then the others wait on. */
    while ((due = first_called(peer)) != NULL && (code != KN_OK || kn_peer_pipe(peer) != NULL))
        settle(due, code, err);
    for (struct kn_connect *c = peer->waiting; c != NULL; c = c->next) {
        if (c->called)
            kn_timer_set(c->timer, kn_loop_now(c->host->options.loop));
        c->called = false;
    }
}

static void give_up(struct kn_connect *c)
{
    struct kn_peer *peer = c->peer;
    struct kn_error err = { 0 };

    if (peer->dialling != NULL)
        kn_dialling_why(peer->dialling, &err);
    if (err.code == KN_OK)
        (void)kn_fail(&err, KN_E_TIMEOUT, "no answer");
    if (peer->waiting == c && c->next == NULL && peer->dialling != NULL)
        kn_dialling_cancel(peer->dialling);
    settle(c, err.code, &err);
}

static void on_timer(void *arg)
{
    struct kn_connect *c = arg;
    struct kn_error err = { 0 };

    if (kn_peer_id_equal(&c->peer->facts.id, kn_host_self(c->host))) {
        c->host->counters.self_dials++;
        settle(c, kn_fail(&err, KN_E_IDENTITY, "this is our own peer id"), &err);
    } else if (way_of(c) != NULL) {
        settle(c, KN_OK, NULL);
    } else if (kn_loop_now(c->host->options.loop) >= c->end_by) {
        give_up(c);
    } else { /* what was there went away: dial */
        kn_timer_set(c->timer, c->end_by);
        if (c->peer->dialling == NULL && !kn_dialling_begin(c->host, c->peer))
            settle(c, kn_fail_no_memory(&err), &err);
    }
}

bool kn_connects_may_search(const struct kn_peer *peer)
{
    for (const struct kn_connect *c = peer->waiting; c != NULL; c = c->next) {
        if (c->reach == KN_REACH_SEARCH)
            return true;
    }
    return false;
}

bool kn_connects_may_relay(const struct kn_peer *peer)
{
    for (const struct kn_connect *c = peer->waiting; c != NULL; c = c->next) {
        if (c->reach != KN_REACH_DIRECT)
            return true;
    }
    return false;
}

static struct kn_connect *new_connect(struct kn_host *host, struct kn_peer *peer)
{
    struct kn_connect *c = kn_try_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    c->timer = kn_timer_new(host->options.loop, on_timer, c);
    if (c->timer == NULL) {
        kn_free(c);
        return NULL;
    }
    c->host = host;
    c->peer = peer;
    link_connect(c);
    return c;
}

enum kn_code kn_connect_start(struct kn_host *host, const struct kn_peer_id *id,
                              enum kn_reach reach, int timeout_ms, kn_connect_fn *done, void *arg,
                              struct kn_connect **out)
{
    kn_time now = kn_loop_now(host->options.loop);
    struct kn_peer *peer;
    struct kn_connect *c;
    bool known;

    if (host->ending)
        return KN_E_CLOSED;
    peer = kn_peer_make(host, id);
    c = peer != NULL ? new_connect(host, peer) : NULL;
    if (c == NULL)
        return KN_E_NO_MEMORY;
    c->end_by = now + timeout_ms;
    c->reach = reach;
    c->done = done;
    c->arg = arg;
    known = way_of(c) != NULL || kn_peer_id_equal(id, kn_host_self(host));
    if (!known && peer->dialling == NULL && !kn_dialling_begin(host, peer)) {
        free_connect(c);
        return KN_E_NO_MEMORY;
    }
    kn_timer_set(c->timer, known ? now : c->end_by);
    *out = c;
    return KN_OK;
}

void kn_connect_cancel(struct kn_connect *c)
{
    struct kn_peer *peer;

    if (c == NULL)
        return;
    peer = c->peer;
    free_connect(c);
    if (peer->waiting == NULL && peer->dialling != NULL)
        kn_dialling_leave(peer->dialling);
}
