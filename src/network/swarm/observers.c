#include "network/swarm/observers.h"

#include "lib/base/span.h"

static bool same_ip(const struct kn_endpoint *a, const struct kn_endpoint *b)
{
    return a->is_ip6 == b->is_ip6 && memcmp(a->ip, b->ip, a->is_ip6 ? 16 : 4) == 0;
}

static bool is_nowhere(const struct kn_endpoint *at)
{
    static const uint8_t zeros[16], self6[16] = { [15] = 1 };

    if (!at->is_ip6)
        return at->ip[0] == 0 || at->ip[0] == 127;
    return memcmp(at->ip, zeros, sizeof(zeros)) == 0 || memcmp(at->ip, self6, sizeof(self6)) == 0;
}

/* One customer of a provider has a whole /64 of IPv6: it is one voice. */
static bool same_place(const struct kn_endpoint *a, const struct kn_endpoint *b)
{
    return a->is_ip6 == b->is_ip6 && memcmp(a->ip, b->ip, a->is_ip6 ? 8 : 4) == 0;
}

static void remove_vote(struct kn_observers *observers, size_t at)
{
    observers->n--;
    for (; at < observers->n; at++)
        observers->votes[at] = observers->votes[at + 1];
}

void kn_observers_vote(struct kn_observers *observers, const struct kn_peer_id *peer,
                       const struct kn_endpoint *from, const struct kn_endpoint *seen, kn_time now)
{
    if (is_nowhere(from) || is_nowhere(seen))
        return;
    for (size_t i = observers->n; i > 0; i--) {
        const struct kn_observation *vote = &observers->votes[i - 1];

        /* of one address, one vote for each family: it may see us through both */
        if ((kn_peer_id_equal(&vote->peer, peer) || same_place(&vote->from, from)) &&
            vote->seen.is_ip6 == seen->is_ip6)
            remove_vote(observers, i - 1);
    }
    if (observers->n == KN_OBSERVERS_VOTES_MAX)
        remove_vote(observers, 0);
    observers->votes[observers->n++] = (struct kn_observation){ *peer, *from, *seen, now };
}

static size_t count_of(const struct kn_observers *observers, const struct kn_endpoint *seen)
{
    size_t n = 0;

    for (size_t i = 0; i < observers->n; i++)
        n += same_ip(&observers->votes[i].seen, seen);
    return n;
}

static bool is_among(const struct kn_endpoint *one, const struct kn_endpoint *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (same_ip(one, &all[i]))
            return true;
    }
    return false;
}

size_t kn_observers_found(struct kn_observers *observers, kn_time now,
                          struct kn_endpoint out[KN_OBSERVERS_FOUND_MAX])
{
    unsigned agree = observers->agree > 0 ? observers->agree : KN_OBSERVERS_AGREE;
    size_t n = 0;

    while (observers->n > 0 && now - observers->votes[0].at >= KN_OBSERVERS_VOTE_MS)
        remove_vote(observers, 0);
    for (size_t most = observers->n; most >= agree && n < KN_OBSERVERS_FOUND_MAX; most--) {
        for (size_t i = 0; i < observers->n && n < KN_OBSERVERS_FOUND_MAX; i++) {
            const struct kn_endpoint *seen = &observers->votes[i].seen;

            if (count_of(observers, seen) != most || is_among(seen, out, n))
                continue;
            out[n] = *seen;
            out[n++].port = 0;
        }
    }
    return n;
}
