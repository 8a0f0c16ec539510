#include "node/health/engine.h"

#include <stdio.h>
#include <string.h>

void kn_health_engine_init(struct kn_health_engine *engine, unsigned threshold, int64_t interval_ms)
{
    *engine = (struct kn_health_engine){ .threshold = threshold, .interval_ms = interval_ms };
    (void)kn_health_engine_conclude(engine);
}

void kn_health_engine_begin(struct kn_health_engine *engine, kn_time now)
{
    engine->rounds++;
    engine->round_at = now;
}

bool kn_health_engine_is_due(const struct kn_health_engine *engine, enum kn_health_id id)
{
    const struct kn_health_state *state = &engine->states[id];

    return !state->looked || state->differ > 0 ||
           (engine->rounds - 1) % kn_health_checks[id].every == 0;
}

/* Nobody knows whether what is unknown is bad. */
static int weight(enum kn_health_verdict verdict)
{
    return verdict == KN_HEALTH_FAILING ? 2 : verdict == KN_HEALTH_DEGRADED;
}

static void settle(struct kn_health_state *state, const struct kn_finding *finding, kn_time now)
{
    if (finding->verdict != state->told.verdict || !state->looked)
        state->since = now;
    state->told = *finding;
    state->differ = 0;
}

void kn_health_engine_take(struct kn_health_engine *engine, enum kn_health_id id,
                           const struct kn_finding *finding, kn_time now)
{
    const struct kn_health_check *check = &kn_health_checks[id];
    struct kn_health_state *state = &engine->states[id];
    int change = weight(finding->verdict) - weight(state->told.verdict);
    unsigned needed;

    if (change == 0) { /* at most from healthy to unknown, or back */
        settle(state, finding, now);
        state->looked = true;
        return;
    }
    state->looked = true;
    if (state->differ > 0 && state->is_worse != (change > 0))
        state->differ = 0;
    state->is_worse = change > 0;
    state->differ++;
    needed = check->patience > 0 ? check->patience : engine->threshold;
    if (!state->is_worse)
        needed = check->relief;
    if (state->differ >= needed)
        settle(state, finding, now);
}

/* The worst one; of two that are as bad the first in the table, on which the other may depend. */
static const struct kn_health_state *worst(const struct kn_health_engine *engine, const char **name)
{
    const struct kn_health_state *found = NULL;

    for (size_t i = 0; i < KN_HEALTH_CHECKS; i++) {
        const struct kn_health_state *state = &engine->states[i];
        int than = found != NULL ? weight(found->told.verdict) : 0;

        if (weight(state->told.verdict) > than) {
            found = state;
            *name = kn_health_checks[i].name;
        }
    }
    return found;
}

static void count(struct kn_health_engine *engine)
{
    size_t healthy = 0, looked = 0;

    for (size_t i = 0; i < KN_HEALTH_CHECKS; i++) {
        healthy += engine->states[i].told.verdict == KN_HEALTH_HEALTHY;
        looked += engine->states[i].looked;
    }
    engine->hint = NULL;
    engine->verdict =
        looked == KN_HEALTH_CHECKS && healthy > 0 ? KN_HEALTH_HEALTHY : KN_HEALTH_UNKNOWN;
    if (looked < KN_HEALTH_CHECKS)
        (void)snprintf(engine->reason, sizeof(engine->reason), "not everything was looked at yet");
    else if (healthy == KN_HEALTH_CHECKS)
        (void)snprintf(engine->reason, sizeof(engine->reason), "all %zu checks are healthy",
                       healthy);
    else
        (void)snprintf(engine->reason, sizeof(engine->reason),
                       "%zu of %d checks are healthy, the others cannot tell", healthy,
                       KN_HEALTH_CHECKS);
}

bool kn_health_engine_conclude(struct kn_health_engine *engine)
{
    enum kn_health_verdict before = engine->verdict;
    const char *name = "";
    const struct kn_health_state *bad = worst(engine, &name);

    if (bad != NULL) {
        engine->verdict = bad->told.verdict;
        engine->hint = bad->told.hint;
        (void)snprintf(engine->reason, sizeof(engine->reason), "%s: %s", name, bad->told.reason);
    } else {
        count(engine);
    }
    return engine->verdict != before;
}

static bool is_in_doubt(const struct kn_health_engine *engine)
{
    for (size_t i = 0; i < KN_HEALTH_CHECKS; i++) {
        if (engine->states[i].differ > 0)
            return true;
    }
    return false;
}

kn_time kn_health_engine_deadline(const struct kn_health_engine *engine)
{
    int64_t wait = engine->interval_ms;

    if (wait > KN_HEALTH_DOUBT_MS && is_in_doubt(engine))
        wait = KN_HEALTH_DOUBT_MS;
    return engine->round_at + wait;
}
