#include "network/swarm/relay_plan.h"

struct kn_relay_place *kn_relay_plan_find(struct kn_relay_plan *plan, const struct kn_peer_id *peer)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (kn_peer_id_equal(&plan->places[i].peer, peer))
            return &plan->places[i];
    }
    return NULL;
}

/* A free one that is worth less than a newcomer of that rank; NULL: there is none. */
static struct kn_relay_place *least_useful(struct kn_relay_plan *plan, enum kn_relay_rank rank)
{
    struct kn_relay_place *worst = NULL;

    for (size_t i = 0; i < plan->n; i++) {
        struct kn_relay_place *at = &plan->places[i];

        if (at->state != KN_RELAY_FREE || at->rank < rank || (at->rank == rank && !at->refusals))
            continue;
        if (worst == NULL || at->rank > worst->rank ||
            (at->rank == worst->rank && at->refusals > worst->refusals))
            worst = at;
    }
    return worst;
}

void kn_relay_plan_add(struct kn_relay_plan *plan, const struct kn_peer_id *peer,
                       enum kn_relay_rank rank)
{
    struct kn_relay_place *place = kn_relay_plan_find(plan, peer);

    if (place != NULL) {
        place->rank = rank < place->rank ? rank : place->rank;
        return;
    }
    place = plan->n < KN_RELAY_PLACES_MAX ? &plan->places[plan->n++] : least_useful(plan, rank);
    if (place != NULL)
        *place = (struct kn_relay_place){ .peer = *peer, .rank = rank };
}

bool kn_relay_plan_holds(const struct kn_relay_place *place)
{
    return place->state == KN_RELAY_HELD || place->state == KN_RELAY_RENEWING;
}

static size_t count_not_free(const struct kn_relay_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++)
        n += plan->places[i].state != KN_RELAY_FREE;
    return n;
}

size_t kn_relay_plan_held(const struct kn_relay_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++)
        n += kn_relay_plan_holds(&plan->places[i]);
    return n;
}

static struct kn_relay_place *due_for_renewal(struct kn_relay_plan *plan, kn_time now)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct kn_relay_place *at = &plan->places[i];

        if (at->state == KN_RELAY_HELD && at->renew_at <= now)
            return at;
    }
    return NULL;
}

static struct kn_relay_place *best_free(struct kn_relay_plan *plan, kn_time now)
{
    struct kn_relay_place *best = NULL;
    uint64_t equals = 0;

    for (size_t i = 0; i < plan->n; i++) {
        struct kn_relay_place *at = &plan->places[i];

        if (at->state != KN_RELAY_FREE || at->retry_at > now)
            continue;
        if (best == NULL || at->rank < best->rank ||
            (at->rank == best->rank && at->refusals < best->refusals)) {
            best = at;
            equals = 1;
        } else if (at->rank == best->rank && at->refusals == best->refusals &&
                   kn_random_below(plan->random, ++equals) == 0) {
            best = at;
        }
    }
    return best;
}

/* Places that are not wanted any more are not renewed, and end by themselves. */
struct kn_relay_place *kn_relay_plan_next(struct kn_relay_plan *plan, kn_time now)
{
    size_t taken = count_not_free(plan);
    struct kn_relay_place *place;

    for (size_t i = 0; i < plan->n; i++) {
        struct kn_relay_place *at = &plan->places[i];

        if (at->state != KN_RELAY_HELD || now < at->ends_at)
            continue;
        at->state = KN_RELAY_FREE;
        taken--;
    }
    place = taken <= plan->wanted ? due_for_renewal(plan, now) : NULL;
    if (place != NULL) {
        place->state = KN_RELAY_RENEWING;
        return place;
    }
    place = taken < plan->wanted ? best_free(plan, now) : NULL;
    if (place != NULL)
        place->state = KN_RELAY_ASKING;
    return place;
}

void kn_relay_plan_granted(struct kn_relay_place *place, kn_time now, kn_time life_ms)
{
    if (life_ms < KN_RELAY_LIFE_MIN_MS)
        life_ms = KN_RELAY_LIFE_MIN_MS;
    life_ms = kn_time_min(life_ms, KN_RELAY_LIFE_MAX_MS);
    if (place->state == KN_RELAY_RENEWING)
        place->refusals = 0;
    place->state = KN_RELAY_HELD;
    place->renew_at = now + life_ms / 4 * 3;
    place->ends_at = now + life_ms;
}

/* What is held stays so for its time; it is only not asked for again so soon. */
static void leave_alone(struct kn_relay_place *place, kn_time now)
{
    kn_time pause = KN_RELAY_BACKOFF_MS;

    for (unsigned i = 0; i < place->refusals && pause < KN_RELAY_BACKOFF_MAX_MS; i++)
        pause *= 2;
    place->refusals++;
    place->state = place->state == KN_RELAY_RENEWING ? KN_RELAY_HELD : KN_RELAY_FREE;
    place->retry_at = place->renew_at = now + kn_time_min(pause, KN_RELAY_BACKOFF_MAX_MS);
}

void kn_relay_plan_refused(struct kn_relay_place *place, kn_time now)
{
    leave_alone(place, now);
}

/* The first time it is asked again at once; a relay that keeps dropping us counts as refusing. */
void kn_relay_plan_lost(struct kn_relay_place *place, kn_time now)
{
    bool again = place->refusals > 0;

    place->state = KN_RELAY_FREE;
    if (again) {
        leave_alone(place, now);
        return;
    }
    place->refusals = 1;
    place->retry_at = now;
}

kn_time kn_relay_plan_deadline(const struct kn_relay_plan *plan)
{
    size_t taken = count_not_free(plan);
    kn_time first = KN_NEVER;

    for (size_t i = 0; i < plan->n; i++) {
        const struct kn_relay_place *at = &plan->places[i];

        if (at->state == KN_RELAY_HELD)
            first = kn_time_min(first, taken <= plan->wanted ? at->renew_at : at->ends_at);
        else if (at->state == KN_RELAY_FREE && taken < plan->wanted)
            first = kn_time_min(first, at->retry_at);
    }
    return first;
}
