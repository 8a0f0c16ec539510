/* connect: those who wait for a connection to a peer. */
#include "lib/base/memory.h"
#include "network/swarm/host_parts.h"

struct kn_connect {
    struct kn_host *host;
    struct kn_peer *peer;
    struct kn_connect *next; /* of those who wait for the same peer */
    struct kn_timer *timer;  /* the deadline; at once when there is a connection already */
    kn_time end_by;
    enum kn_reach reach;
    bool due; /* to hear the outcome that is being told */
    kn_connect_fn *done;
    void *arg;
};

static void free_connect(struct kn_connect *c)
{
    struct kn_connect **at;

    for (at = &c->peer->waiting; *at != c; at = &(*at)->next) {
    }
    *at = c->next;
    kn_timer_free(c->timer);
    kn_free(c);
}

/* Is there a connection as it is wanted? Direct ones come first. */
static bool has_way(const struct kn_connect *c)
{
    const struct kn_pipe *first = c->peer->pipes;

    return first != NULL && (!first->is_relayed || c->reach != KN_REACH_DIRECT);
}

static void settle(struct kn_connect *c, enum kn_code code, const struct kn_error *err)
{
    kn_connect_fn *done = c->done;
    struct kn_peer *peer = c->peer;
    struct kn_error only_relayed = { 0 };
    void *arg = c->arg;

    if (code == KN_OK && !has_way(c)) {
        code = kn_fail(&only_relayed, KN_E_UNREACHABLE, "it is reached through a relay only");
        err = &only_relayed;
    }
    free_connect(c);
    done(arg, code, code == KN_OK ? peer->pipes->connection : NULL, err);
}

/* The first that came of those who are due. */
static struct kn_connect *next_due(const struct kn_peer *peer)
{
    struct kn_connect *oldest = NULL;

    for (struct kn_connect *c = peer->waiting; c != NULL; c = c->next) {
        if (c->due)
            oldest = c;
    }
    return oldest;
}

void kn_connects_settle(struct kn_peer *peer, enum kn_code code, const struct kn_error *err)
{
    struct kn_connect *c;

    /* A callback may begin a new wait for the same peer: that one is not for this outcome. Nor is
     * a relayed connection for somebody whose direct one is still being dialled. */
    for (c = peer->waiting; c != NULL; c = c->next)
        c->due = code != KN_OK || has_way(c) || peer->dialling == NULL;
    while ((c = next_due(peer)) != NULL) {
        if (code == KN_OK && peer->pipes == NULL)
            return;
        settle(c, code, err);
    }
}

static void on_timer(void *arg)
{
    struct kn_connect *c = arg;
    struct kn_peer *peer = c->peer;
    struct kn_error err = { 0 };

    if (has_way(c)) {
        settle(c, KN_OK, NULL);
        return;
    }
    if (kn_loop_now(c->host->options.loop) < c->end_by) { /* what was there went away: dial */
        kn_timer_set(c->timer, c->end_by);
        if (peer->dialling == NULL)
            kn_dialling_begin(c->host, peer);
        return;
    }
    if (peer->dialling != NULL)
        kn_dialling_why(peer->dialling, &err);
    if (err.code == KN_OK)
        (void)kn_fail(&err, KN_E_TIMEOUT, "no answer");
    if (peer->waiting == c && c->next == NULL && peer->dialling != NULL)
        kn_dialling_cancel(peer->dialling);
    settle(c, err.code, &err);
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

enum kn_code kn_connect_start(struct kn_host *host, const struct kn_peer_id *id,
                              enum kn_reach reach, int timeout_ms, kn_connect_fn *done, void *arg,
                              struct kn_connect **out)
{
    kn_time now = kn_loop_now(host->options.loop);
    struct kn_peer *peer = kn_peer_make(host, id);
    struct kn_connect *c = kn_try_alloc(sizeof(*c));

    if (c != NULL)
        c->timer = kn_timer_new(host->options.loop, on_timer, c);
    if (peer == NULL || c == NULL || c->timer == NULL) {
        kn_free(c);
        return KN_E_NO_MEMORY;
    }
    c->host = host;
    c->peer = peer;
    c->end_by = now + timeout_ms;
    c->reach = reach;
    c->done = done;
    c->arg = arg;
    c->next = peer->waiting;
    peer->waiting = c;
    kn_timer_set(c->timer, has_way(c) ? now : c->end_by);
    if (!has_way(c) && peer->dialling == NULL)
        kn_dialling_begin(host, peer);
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
        kn_dialling_cancel(peer->dialling);
}
