#include "node/health/health.h"

#include <string.h>

#include "lib/base/memory.h"
#include "node/health/inquiry.h"

struct kn_health {
    struct kn_health_options options;
    struct kn_health_place place;
    struct kn_random random;
    struct kn_loop *loop;
    struct kn_health_engine engine;
    struct kn_reconnect reconnect;
    struct kn_inquiry *inquiry; /* NULL: no round is under way */
    bool begun, joined; /* before that the start minds how often it knocks (decisions D32) */
    kn_time changed_at;
    struct kn_timer *beat, *round, *retry;
    int64_t beat_us, lag_ms; /* when the beat should come; the most that one came late */
};

struct kn_health_options kn_health_options(const struct kn_node_config *config)
{
    const struct kn_health_config *from = &config->health;

    return (struct kn_health_options){
        .enabled = from->enabled.value,
        .timeout_ms = kn_duration_ms(&from->timeout),
        .threshold = (unsigned)from->failure_threshold.value,
        .interval_ms = from->check_interval.ms,
        .reconnect = {
            .enabled = from->reconnect.enabled.value,
            .jitter = from->reconnect.jitter.value,
            .max_attempts = (unsigned)from->reconnect.max_attempts.value,
            .strategy = (enum kn_backoff)from->reconnect.strategy.value,
            .initial_ms = from->reconnect.initial_delay.ms,
            .max_ms = from->reconnect.max_delay.ms,
            .multiplier = from->reconnect.multiplier.value,
        },
    };
}

static void plan_retry(struct kn_health *health)
{
    kn_timer_set(health->retry, health->reconnect.next);
}

/* -- the event loop's own pulse */

static void set_beat(struct kn_health *health)
{
    health->beat_us = kn_loop_clock_us() + (int64_t)KN_HEALTH_BEAT_MS * 1000;
    kn_timer_set(health->beat, kn_loop_now(health->loop) + KN_HEALTH_BEAT_MS);
}

static void on_beat(void *arg)
{
    struct kn_health *health = arg;
    int64_t late_ms = (kn_loop_clock_us() - health->beat_us) / 1000;

    if (late_ms > health->lag_ms)
        health->lag_ms = late_ms;
    set_beat(health);
}

/* -- rounds */

static void take(struct kn_health *health, const struct kn_inquiry_answer *answer)
{
    struct kn_health_facts facts = { .limit = -1, .resident = -1 };
    struct kn_finding finding;

    health->place.facts(health->place.arg, &facts);
    facts.lag_ms = health->lag_ms;
    health->lag_ms = facts.lag_ms < 0 ? -1 : 0;
    facts.asked = true;
    facts.bootstraps = answer->bootstraps;
    facts.answered = answer->answered;
    facts.others = answer->others;
    facts.alive = answer->alive;
    facts.silent = answer->silent;
    facts.why = answer->why.text;
    facts.tells_time = answer->tells_time;
    facts.ahead_s = answer->ahead_s;
    for (unsigned id = 0; id < KN_HEALTH_CHECKS; id++) {
        if (!kn_health_engine_is_due(&health->engine, (enum kn_health_id)id))
            continue;
        kn_health_judge((enum kn_health_id)id, &facts, &finding);
        kn_health_engine_take(&health->engine, (enum kn_health_id)id, &finding,
                              kn_loop_now(health->loop));
    }
}

/* Cut off is what the bootstraps' check says, once it is sure of it. */
static void mind_the_network(struct kn_health *health, const struct kn_inquiry_answer *answer)
{
    const struct kn_health_state *state = &health->engine.states[KN_HEALTH_BOOTSTRAPS];
    bool was_lost = health->reconnect.is_lost;

    if (answer->answered + answer->alive > 0) {
        kn_reconnect_find(&health->reconnect);
        health->place.met(health->place.arg, answer->answered, was_lost);
    } else if (health->joined && state->told.verdict == KN_HEALTH_FAILING) {
        kn_reconnect_lose(&health->reconnect, &health->options.reconnect, &health->random,
                          kn_loop_now(health->loop));
    }
    plan_retry(health);
}

static void on_answered(void *arg, const struct kn_inquiry_answer *answer)
{
    struct kn_health *health = arg;
    bool changed;

    health->inquiry = NULL;
    take(health, answer);
    changed = kn_health_engine_conclude(&health->engine);
    if (changed)
        health->changed_at = kn_loop_now(health->loop);
    kn_timer_set(health->round, kn_health_engine_deadline(&health->engine));
    mind_the_network(health, answer);
    if (changed)
        health->place.changed(health->place.arg);
}

void kn_health_look(struct kn_health *health)
{
    const struct kn_inquiry_options options = {
        .network = health->place.network,
        .bootstraps = health->place.bootstraps,
        .bootstrap_count = health->place.bootstrap_count,
        .timeout_ms = health->options.timeout_ms,
        .arg = health,
        .done = on_answered,
    };

    if (!health->begun || !health->options.enabled || health->inquiry != NULL)
        return;
    kn_health_engine_begin(&health->engine, kn_loop_now(health->loop));
    health->inquiry = kn_inquiry_start(&options);
    /* Short of memory: nothing is known, and nothing said; the next round asks again. */
    kn_timer_set(health->round, health->inquiry != NULL
                                    ? KN_NEVER
                                    : kn_loop_now(health->loop) + health->engine.interval_ms);
}

static void on_round(void *arg)
{
    kn_health_look(arg);
}

static void on_retry(void *arg)
{
    struct kn_health *health = arg;
    bool gave_up = health->reconnect.gave_up;

    if (kn_reconnect_is_due(&health->reconnect, &health->options.reconnect, &health->random,
                            kn_loop_now(health->loop)))
        health->place.knock(health->place.arg);
    plan_retry(health);
    if (health->reconnect.gave_up && !gave_up)
        health->place.changed(health->place.arg);
}

/* A connection that breaks is a hint, not a finding. */
static void on_lost(void *arg, struct kn_connection *connection)
{
    struct kn_health *health = arg;
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;

    for (size_t i = 0; i < health->place.bootstrap_count; i++) {
        kn_buffer_clear(&bytes);
        if (kn_multiaddr_to_bytes(kn_span_text(health->place.bootstraps[i]), &bytes, NULL) !=
                KN_OK ||
            kn_multiaddr_route(kn_buffer_get(&bytes), &route) != KN_OK || !route.has_peer ||
            !kn_peer_id_equal(&route.peer, kn_connection_peer(connection)))
            continue;
        if (health->begun && health->options.enabled && health->inquiry == NULL)
            kn_timer_set(health->round, kn_loop_now(health->loop));
        break;
    }
    kn_buffer_done(&bytes);
}

/* -- settings, beginning and end */

static void rest(struct kn_health *health)
{
    kn_inquiry_free(health->inquiry);
    health->inquiry = NULL;
    kn_timer_set(health->beat, KN_NEVER);
    kn_timer_set(health->round, KN_NEVER);
    kn_reconnect_find(&health->reconnect);
    plan_retry(health);
    health->lag_ms = -1;
}

static void wake(struct kn_health *health)
{
    kn_time now = kn_loop_now(health->loop);

    kn_health_engine_init(&health->engine, health->options.threshold, health->options.interval_ms);
    health->lag_ms = 0;
    health->changed_at = now;
    set_beat(health);
    /* What the start has begun is finished first. */
    kn_timer_set(health->round, now + (health->options.interval_ms < KN_HEALTH_DOUBT_MS
                                           ? health->options.interval_ms
                                           : KN_HEALTH_DOUBT_MS));
}

void kn_health_begin(struct kn_health *health)
{
    if (health->begun)
        return;
    health->begun = true;
    if (health->options.enabled)
        wake(health);
}

void kn_health_joined(struct kn_health *health)
{
    health->joined = true;
    if (health->reconnect.is_lost)
        kn_health_look(health);
}

void kn_health_change(struct kn_health *health, const char *const *bootstraps, size_t n)
{
    bool was_asking = health->inquiry != NULL;

    kn_inquiry_free(health->inquiry);
    health->inquiry = NULL;
    health->place.bootstraps = bootstraps;
    health->place.bootstrap_count = n;
    if (was_asking)
        kn_health_look(health);
}

void kn_health_apply(struct kn_health *health, const struct kn_health_options *options)
{
    bool was_enabled = health->options.enabled;

    health->options = *options;
    if (!health->begun)
        return;
    if (!options->enabled) {
        if (was_enabled)
            rest(health);
        return;
    }
    if (!was_enabled) {
        wake(health);
        return;
    }
    health->engine.threshold = options->threshold;
    health->engine.interval_ms = options->interval_ms;
    if (health->inquiry == NULL)
        kn_timer_set(health->round, kn_health_engine_deadline(&health->engine));
    kn_reconnect_init(&health->reconnect, &options->reconnect, &health->random,
                      kn_loop_now(health->loop));
    plan_retry(health);
}

struct kn_health *kn_health_new(const struct kn_health_options *options,
                                const struct kn_health_place *place)
{
    struct kn_host *host = kn_network_host(place->network);
    struct kn_health *health = kn_try_alloc(sizeof(*health));
    const struct kn_host_observer observer = { .lost = on_lost, .arg = health };

    if (health == NULL)
        return NULL;
    health->options = *options;
    health->place = *place;
    health->random = *place->random;
    health->loop = kn_host_loop(host);
    health->lag_ms = -1;
    health->reconnect.next = KN_NEVER;
    kn_health_engine_init(&health->engine, options->threshold, options->interval_ms);
    health->beat = kn_timer_new(health->loop, on_beat, health);
    health->round = kn_timer_new(health->loop, on_round, health);
    health->retry = kn_timer_new(health->loop, on_retry, health);
    if (health->beat == NULL || health->round == NULL || health->retry == NULL ||
        kn_host_observe(host, &observer) != KN_OK) {
        kn_health_free(health);
        return NULL;
    }
    return health;
}

void kn_health_free(struct kn_health *health)
{
    if (health == NULL)
        return;
    kn_inquiry_free(health->inquiry);
    kn_host_forget(kn_network_host(health->place.network), health);
    kn_timer_free(health->beat);
    kn_timer_free(health->round);
    kn_timer_free(health->retry);
    kn_free(health);
}

void kn_health_report(const struct kn_health *health, struct kn_health_report *out)
{
    const struct kn_reconnect *reconnect = &health->reconnect;
    kn_time now = kn_loop_now(health->loop);

    *out = (struct kn_health_report){
        .verdict = KN_HEALTH_UNKNOWN,
        .reason = "this node does not look after itself: health.enabled is false",
        .since_ms = -1,
        .again_ms = -1,
    };
    if (!health->options.enabled)
        return;
    out->is_on = true;
    out->verdict = health->engine.verdict;
    out->reason = health->engine.reason;
    out->hint = health->engine.hint;
    out->since_ms = now - health->changed_at;
    out->states = health->engine.states;
    out->is_lost = reconnect->is_lost;
    out->reconnects = health->options.reconnect.enabled;
    out->gave_up = reconnect->gave_up;
    out->attempts = reconnect->attempts;
    if (reconnect->is_lost && reconnect->next != KN_NEVER)
        out->again_ms = reconnect->next > now ? reconnect->next - now : 0;
}
