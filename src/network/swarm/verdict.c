#include "network/swarm/verdict.h"

#include "lib/base/attributes.h"

const char *kn_reachability_name(enum kn_reachability reachability)
{
    static const char *const names[] = {
        [KN_REACHABILITY_UNKNOWN] = "unknown",
        [KN_REACHABILITY_PUBLIC] = "public",
        [KN_REACHABILITY_PRIVATE] = "private",
    };

    return names[reachability];
}

void kn_verdict_init(struct kn_verdict *verdict, unsigned agree, kn_time now)
{
    *verdict = (struct kn_verdict){ .agree = agree > 0 ? agree : KN_VERDICT_AGREE };
    verdict->ask_at = now + KN_VERDICT_FIRST_MS;
}

static void remove_vote(struct kn_verdict *verdict, size_t at)
{
    verdict->n--;
    for (; at < verdict->n; at++)
        verdict->votes[at] = verdict->votes[at + 1];
}

/* What was found out stays until as many say the contrary, or nobody says anything any more. */
static bool weigh(struct kn_verdict *verdict)
{
    enum kn_reachability before = verdict->now;
    size_t reached = 0, others;

    for (size_t i = 0; i < verdict->n; i++)
        reached += verdict->votes[i].reached;
    others = verdict->n - reached;
    if (reached >= verdict->agree && reached > others)
        verdict->now = KN_REACHABILITY_PUBLIC;
    else if (others >= verdict->agree && others > reached)
        verdict->now = KN_REACHABILITY_PRIVATE;
    else if (verdict->n == 0)
        verdict->now = KN_REACHABILITY_UNKNOWN;
    return verdict->now != before;
}

static kn_time pause_of(const struct kn_verdict *verdict)
{
    return verdict->now == KN_REACHABILITY_UNKNOWN ? KN_VERDICT_RETRY_MS : KN_VERDICT_REFRESH_MS;
}

bool kn_verdict_vote(struct kn_verdict *verdict, const struct kn_peer_id *peer, bool reached,
                     struct kn_span address, kn_time now)
{
    struct kn_vote *vote;
    bool changed;

    for (size_t i = 0; i < verdict->n; i++) {
        if (kn_peer_id_equal(&verdict->votes[i].peer, peer)) {
            remove_vote(verdict, i);
            break;
        }
    }
    if (verdict->n == KN_VERDICT_VOTES_MAX)
        remove_vote(verdict, 0);
    vote = &verdict->votes[verdict->n++];
    *vote = (struct kn_vote){ .peer = *peer, .reached = reached, .at = now };
    if (reached && address.n > 0 && address.n <= sizeof(vote->address)) {
        memcpy(vote->address, address.at, address.n);
        vote->address_n = address.n;
    }
    changed = weigh(verdict);
    if (changed)
        verdict->ask_at = now + pause_of(verdict);
    return changed;
}

bool kn_verdict_ask(struct kn_verdict *verdict, kn_time now, bool *changed)
{
    while (verdict->n > 0 && now - verdict->votes[0].at >= KN_VERDICT_VOTE_MS)
        remove_vote(verdict, 0);
    *changed = weigh(verdict);
    if (now < verdict->ask_at)
        return false;
    verdict->ask_at = now + pause_of(verdict);
    return true;
}

kn_time kn_verdict_deadline(const struct kn_verdict *verdict)
{
    return verdict->ask_at;
}

bool kn_verdict_confirms(const struct kn_verdict *verdict, struct kn_span address)
{
    size_t n = 0;

    for (size_t i = 0; i < verdict->n; i++) {
        const struct kn_vote *vote = &verdict->votes[i];

        n += vote->reached && kn_span_equal(kn_span(vote->address, vote->address_n), address);
    }
    return address.n > 0 && n >= verdict->agree;
}

bool kn_verdict_has_asked(const struct kn_verdict *verdict, const struct kn_peer_id *peer,
                          kn_time now)
{
    for (size_t i = 0; i < verdict->n; i++) {
        if (kn_peer_id_equal(&verdict->votes[i].peer, peer))
            return now - verdict->votes[i].at < KN_VERDICT_REFRESH_MS;
    }
    return false;
}
