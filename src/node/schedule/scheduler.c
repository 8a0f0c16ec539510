#include "node/schedule/scheduler.h"

#include <stdio.h>

#include "config/hours/limits.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "node/schedule/gpu_watch.h"
#include "node/schedule/power_poll.h"

struct kn_scheduler {
    struct kn_loop *loop;
    struct kn_timer *timer;
    struct kn_power_poll *poll;
    struct kn_arena *arena; /* of the hours and of what they point at */
    struct kn_hours hours;
    struct kn_pausing pausing;
    struct kn_gpu_watch gpu;
    struct kn_pause_verdict verdict;
    void (*changed)(void *arg);
    void *arg;
};

struct kn_scheduler_options kn_scheduler_options(const struct kn_node_config *config,
                                                 const char *local_zone)
{
    const struct kn_schedule_list *list = &config->resources.schedules;

    return (struct kn_scheduler_options){
        .schedules = list->is == KN_GIVEN ? list->schedules : (struct kn_schedules){ 0 },
        .limits = kn_limits_of(config),
        .pause_on_battery = config->resources.pause_on_battery.value,
        .pause_on_gpu_busy = config->resources.pause_on_gpu_busy.value,
        .local_zone = local_zone,
    };
}

/* -- looking */

static struct kn_pause_moment moment_now(void)
{
    struct kn_pause_moment moment = { .now_s = (int64_t)kn_loop_unix_time() };

    if (kn_clock_since_boot(&moment.since_boot_ms) != KN_OK)
        moment.since_boot_ms = kn_loop_clock_us() / 1000;
    return moment;
}

/* Is there something to tell? That an end is another second is not. */
static bool is_same(const struct kn_pause_verdict *a, const struct kn_pause_verdict *b)
{
    return a->all == b->all && a->winner == b->winner && kn_limits_equal(&a->limits, &b->limits);
}

/* What holds now, and when to look again: late by less than a second, for clocks tell whole ones.
 */
static bool look(struct kn_scheduler *s)
{
    const struct kn_pause_moment moment = moment_now();
    const struct kn_pause_verdict before = s->verdict;

    kn_pausing_look(&s->pausing, &moment, &s->verdict);
    kn_timer_set(s->timer, kn_loop_now(s->loop) + s->verdict.again_ms + 1);
    return !is_same(&before, &s->verdict);
}

static void on_timer(void *arg)
{
    struct kn_scheduler *s = arg;

    if (look(s))
        s->changed(s->arg);
}

void kn_scheduler_look(struct kn_scheduler *scheduler)
{
    kn_timer_set(scheduler->timer, kn_loop_now(scheduler->loop));
}

static void on_seen(void *arg, const struct kn_power_seen *seen)
{
    struct kn_scheduler *s = arg;

    s->pausing.on_battery = seen->power == KN_POWER_BATTERY;
    s->pausing.gpu_is_busy = kn_gpu_watch_add(&s->gpu, seen->gpu_percent);
    kn_scheduler_look(s);
}

/* -- settings */

static enum kn_code copy(const struct kn_schedules *from, struct kn_arena *arena,
                         struct kn_schedules *out, struct kn_error *err)
{
    struct kn_schedule *at = kn_arena_alloc(arena, (from->n + 1) * sizeof(*at));

    for (size_t i = 0; at != NULL && i < from->n; i++) {
        at[i] = from->at[i];
        at[i].name = kn_arena_dup(arena, from->at[i].name);
        at[i].cron = kn_arena_dup(arena, from->at[i].cron);
        at[i].timezone = kn_arena_dup(arena, from->at[i].timezone);
    }
    *out = (struct kn_schedules){ .n = from->n, .at = at };
    return kn_arena_failed(arena) ? kn_fail_no_memory(err) : KN_OK;
}

static enum kn_code make_hours(const struct kn_scheduler_options *options, struct kn_arena *arena,
                               struct kn_hours *out, struct kn_error *err)
{
    const struct kn_zones_place place = { .root = "", .local = options->local_zone };
    struct kn_schedules schedules;
    enum kn_code rc = copy(&options->schedules, arena, &schedules, err);

    return rc == KN_OK ? kn_hours_make(&schedules, &place, arena, out, err) : rc;
}

enum kn_code kn_scheduler_apply(struct kn_scheduler *scheduler,
                                const struct kn_scheduler_options *options, struct kn_error *err)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_hours hours = { 0 };
    enum kn_code rc =
        arena != NULL ? make_hours(options, arena, &hours, err) : kn_fail_no_memory(err);

    if (rc != KN_OK) {
        kn_arena_free(arena);
        return rc;
    }
    kn_pausing_set_hours(&scheduler->pausing, &hours, &options->limits);
    kn_arena_free(scheduler->arena);
    scheduler->arena = arena;
    scheduler->hours = hours;
    scheduler->pausing.hours = &scheduler->hours;
    /* What is not asked for does not hold. */
    scheduler->pausing.on_battery = scheduler->pausing.on_battery && options->pause_on_battery;
    if (!options->pause_on_gpu_busy) {
        scheduler->gpu = (struct kn_gpu_watch){ 0 };
        scheduler->pausing.gpu_is_busy = false;
    }
    kn_power_poll_set(scheduler->poll, options->pause_on_battery, options->pause_on_gpu_busy);
    scheduler->verdict.winner = KN_HOURS_NONE; /* another list: a number in it means another */
    kn_scheduler_look(scheduler);
    return KN_OK;
}

/* -- commands */

void kn_scheduler_pause(struct kn_scheduler *scheduler, int64_t duration_ms)
{
    const struct kn_pause_moment moment = moment_now();

    kn_pausing_pause(&scheduler->pausing, &moment, duration_ms);
    kn_scheduler_look(scheduler);
}

void kn_scheduler_resume(struct kn_scheduler *scheduler)
{
    const struct kn_pause_moment moment = moment_now();

    kn_pausing_resume(&scheduler->pausing, &moment);
    kn_scheduler_look(scheduler);
}

/* -- telling */

static void name_reason(const struct kn_scheduler_report *report, char out[KN_PAUSE_REASON_SIZE])
{
    static const char *const words[] = {
        [KN_PAUSED_BY_COMMAND] = "kwaainet pause",
        [KN_PAUSED_BY_BATTERY] = "the machine runs on its battery",
        [KN_PAUSED_BY_GPU] = "another program uses the GPU",
        [KN_PAUSED_BY_COUNT] = "",
    };

    if (report->verdict.by == KN_PAUSED_BY_SCHEDULE)
        (void)snprintf(out, KN_PAUSE_REASON_SIZE, "schedule \"%s\"",
                       report->window != NULL ? report->window : "");
    else
        (void)snprintf(out, KN_PAUSE_REASON_SIZE, "%s", words[report->verdict.by]);
}

void kn_scheduler_report(const struct kn_scheduler *scheduler, struct kn_scheduler_report *out)
{
    const struct kn_pause_moment moment = moment_now();
    struct kn_pausing now = scheduler->pausing;

    *out = (struct kn_scheduler_report){ 0 };
    kn_pausing_look(&now, &moment, &out->verdict);
    out->is_paused = out->verdict.all != 0;
    if (out->verdict.winner != KN_HOURS_NONE)
        out->window = scheduler->hours.schedules[out->verdict.winner].name;
    out->is_passed_over = now.passes_over;
    name_reason(out, out->reason);
}

/* -- */

enum kn_code kn_scheduler_new(struct kn_loop *loop, const struct kn_scheduler_options *options,
                              void (*changed)(void *arg), void *arg, struct kn_scheduler **out,
                              struct kn_error *err)
{
    struct kn_scheduler *s = kn_try_alloc(sizeof(*s));
    enum kn_code rc;

    if (s == NULL)
        return kn_fail_no_memory(err);
    s->loop = loop;
    s->changed = changed;
    s->arg = arg;
    s->timer = kn_timer_new(loop, on_timer, s);
    s->poll = kn_power_poll_new(loop, on_seen, s);
    rc = s->timer != NULL && s->poll != NULL ? kn_scheduler_apply(s, options, err)
                                             : kn_fail_no_memory(err);
    if (rc != KN_OK) {
        kn_scheduler_free(s);
        return rc;
    }
    (void)look(s); /* whoever asks is told; what is told later are changes of it */
    *out = s;
    return KN_OK;
}

void kn_scheduler_free(struct kn_scheduler *scheduler)
{
    if (scheduler == NULL)
        return;
    kn_power_poll_free(scheduler->poll);
    kn_timer_free(scheduler->timer);
    kn_arena_free(scheduler->arena);
    kn_free(scheduler);
}
