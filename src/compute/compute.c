#include "compute/compute.h"

#include "compute/inside.h"
#include "lib/base/memory.h"

static void on_timer(void *arg)
{
    kn_compute_turn(arg);
}

/* As many tokens as have room in so many bytes between two layers. */
static uint32_t tokens_within(const struct kn_decoder *decoder, int64_t bytes)
{
    uint32_t fits = 1, fails = KN_PASS_TOKENS_MAX + 1;

    if (bytes <= 0)
        return KN_PASS_TOKENS_MAX;
    while (fails - fits > 1) {
        uint32_t middle = fits + (fails - fits) / 2;

        if (kn_runner_scratch(decoder, middle) <= bytes)
            fits = middle;
        else
            fails = middle;
    }
    return fits;
}

void kn_compute_change(struct kn_compute *c, const struct kn_compute_limits *limits)
{
    struct kn_compute_limits *own = &c->options.limits;
    uint32_t fits = tokens_within(c->options.decoder, limits->max_bytes);

    *own = *limits;
    if (own->max_tokens == 0 || own->max_tokens > fits)
        own->max_tokens = fits;
    if (own->max_sessions == 0)
        own->max_sessions = KN_PASS_ROWS_MAX;
    if (own->share <= 0 || own->share > 1)
        own->share = 1;
    if (c->timer != NULL)
        kn_compute_arrange(c); /* nobody may have to wait any more */
}

struct kn_compute *kn_compute_new(const struct kn_compute_options *options)
{
    struct kn_compute *c = kn_try_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    c->options = *options;
    kn_link_start(&c->all);
    kn_link_start(&c->line);
    kn_link_start(&c->forward_line);
    kn_link_start(&c->ready);
    kn_link_start(&c->told);
    kn_tally_start(&c->tally, kn_loop_now(options->loop));
    kn_pace_start(&c->pace, kn_loop_now(options->loop));
    kn_compute_change(c, &options->limits);
    c->timer = kn_timer_new(options->loop, on_timer, c);
    c->job = kn_job_new(options->runner, options->decoder->hidden);
    if (c->job != NULL) {
        c->job->is_intact = options->is_intact;
        c->job->owner = options->arg;
    }
    if (c->timer != NULL && c->job != NULL)
        return c;
    kn_compute_free(c);
    return NULL;
}

void kn_compute_free(struct kn_compute *c)
{
    struct kn_link *link;

    if (c == NULL)
        return;
    if (c->gone != NULL)
        *c->gone = true;
    kn_job_abandon(c->job, c->is_running);
    kn_timer_free(c->timer);
    c->timer = NULL; /* what is released below may close what it has */
    while ((link = kn_link_first(&c->all)) != NULL) {
        struct kn_session *session = KN_LINK_OF(link, struct kn_session, all);

        kn_link_remove(&session->turn);
        kn_session_drop(session);
    }
    kn_free(c);
}

void kn_compute_arrange(struct kn_compute *c)
{
    kn_time now = kn_loop_now(c->options.loop);
    kn_time when = kn_room_deadline(c);

    if (c->timer == NULL)
        return;
    if (kn_link_first(&c->told) != NULL || c->line_changed)
        when = now;
    else
        when = kn_time_min(when, kn_schedule_due(c));
    kn_timer_set(c->timer, when);
}

/* What stands in the list now: what these callbacks bring about is told by the next turn, so that
 * a client that goes wrong again and again does not hold the loop. False: compute is gone. */
static bool tell_all(struct kn_compute *c)
{
    struct kn_link now, *link;
    bool gone = false;

    c->gone = &gone;
    kn_link_move_all(&c->told, &now);
    while (!gone && (link = kn_link_first(&now)) != NULL)
        kn_session_told(KN_LINK_OF(link, struct kn_session, turn));
    if (!gone && c->room_changed) {
        c->room_changed = false;
        if (c->options.room_changed != NULL)
            c->options.room_changed(c->options.arg);
    }
    if (!gone && c->is_lost) {
        c->is_lost = false;
        c->options.lost(c->options.arg);
    }
    if (!gone)
        c->gone = NULL;
    return !gone;
}

/* Told first, so that whoever goes on at once is part of the pass that begins then. */
void kn_compute_turn(struct kn_compute *c)
{
    kn_room_turn(c);
    kn_forward_turn(c);
    if (!tell_all(c))
        return;
    if (kn_schedule_due(c) <= kn_loop_now(c->options.loop))
        kn_schedule_start(c);
    kn_compute_arrange(c);
}

void kn_compute_state(const struct kn_compute *c, struct kn_compute_state *out)
{
    kn_time now = kn_loop_now(c->options.loop);

    *out = (struct kn_compute_state){
        .sessions = c->sessions,
        .waiting = c->waiting,
        .cache_tokens_left = kn_room_tokens(c, 1),
        .cache_bytes_used = c->used,
        .starved = c->starved,
        .steps = c->steps,
        .tokens = c->tokens,
        .passes = c->passes,
        .busy_s = (double)c->busy_us / 1e6,
        .tokens_per_s = kn_tally_rate(&c->tally, now),
        .decode_tokens_per_s = kn_pace_decode(&c->pace, now),
        .forward_tokens_per_s = kn_pace_forward(&c->pace, now),
    };
}
