#include "node/presence/membership.h"

#include "lib/base/memory.h"

struct kn_membership {
    struct kn_membership_options options;
    struct kn_random random;
    struct kn_loop *loop;
    struct kn_join *join;
    struct kn_timer *timer; /* the next try */
    kn_time alone_since;    /* 0: not yet */
    int delay_ms, try_ms;
    bool once; /* somebody else minds the pace */
};

void kn_membership_try_later(struct kn_membership *m)
{
    kn_time now = kn_loop_now(m->loop);
    int delay = KN_REJOIN_FIRST_MS;

    if (m->alone_since == 0)
        m->alone_since = now;
    if (now - m->alone_since >= KN_REJOIN_EAGER_MS) {
        m->delay_ms = m->delay_ms >= KN_REJOIN_MAX_MS / 2 ? KN_REJOIN_MAX_MS : 2 * m->delay_ms;
        delay = 1 + (int)kn_random_below(&m->random, (uint64_t)m->delay_ms);
    } else {
        m->delay_ms = KN_REJOIN_FIRST_MS;
    }
    kn_timer_set(m->timer, now + delay);
}

static void on_connected(void *arg, const struct kn_peer_id *peer)
{
    struct kn_membership *m = arg;

    m->options.connected(m->options.arg, peer);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    struct kn_membership *m = arg;

    m->options.settled(m->options.arg, told);
    if (told->code != KN_OK)
        return;
    m->alone_since = 0;
    m->try_ms = 0;
    m->options.joined(m->options.arg, m->join);
}

static void on_done(void *arg, size_t answered)
{
    struct kn_membership *m = arg;

    if (answered > 0)
        return;
    if (!m->once)
        kn_membership_try_later(m);
    m->options.failed(m->options.arg);
}

void kn_membership_change(struct kn_membership *m, const char *const *bootstraps, size_t n,
                          int timeout_ms, int longest_ms)
{
    m->options.bootstraps = bootstraps;
    m->options.bootstrap_count = n;
    m->options.timeout_ms = timeout_ms;
    m->options.longest_ms = longest_ms;
    m->try_ms = 0;
}

static int next_try_ms(struct kn_membership *m)
{
    int longest = m->options.longest_ms;
    int next = m->try_ms > 0 ? m->try_ms : m->options.timeout_ms;

    m->try_ms = next < longest / 2 ? 2 * next : longest;
    return next < longest ? next : longest;
}

static void join(struct kn_membership *m)
{
    const struct kn_join_events events = { m, on_connected, on_settled, on_done };

    kn_timer_set(m->timer, KN_NEVER);
    kn_join_free(m->join);
    m->join = NULL;
    if (kn_join_start(m->options.network, m->options.bootstraps, m->options.bootstrap_count,
                      next_try_ms(m), &events, &m->join, NULL) != KN_OK &&
        !m->once)
        kn_membership_try_later(m);
}

void kn_membership_join(struct kn_membership *m)
{
    m->once = false;
    join(m);
}

void kn_membership_join_once(struct kn_membership *m)
{
    m->once = true;
    join(m);
}

static void on_timer(void *arg)
{
    kn_membership_join(arg);
}

void kn_membership_stop(struct kn_membership *m)
{
    kn_timer_set(m->timer, KN_NEVER);
    kn_join_free(m->join);
    m->join = NULL;
}

struct kn_membership *kn_membership_new(const struct kn_membership_options *options)
{
    struct kn_membership *m = kn_try_alloc(sizeof(*m));

    if (m == NULL)
        return NULL;
    m->options = *options;
    m->random = *options->random;
    m->loop = kn_host_loop(kn_network_host(options->network));
    m->timer = kn_timer_new(m->loop, on_timer, m);
    if (m->timer == NULL) {
        kn_free(m);
        return NULL;
    }
    return m;
}

void kn_membership_free(struct kn_membership *m)
{
    if (m == NULL)
        return;
    kn_join_free(m->join);
    kn_timer_free(m->timer);
    kn_free(m);
}
