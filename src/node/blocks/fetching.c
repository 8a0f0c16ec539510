#include "node/blocks/fetching.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/io/work.h"
#include "lib/os/thread.h"

enum { RATE_MS = 1000, GAIN = 1 << 20 };

/* What the worker tells, under the lock. */
struct news {
    bool is_given_up;
    char file[KN_FETCHING_FILE_MAX + 1];
    uint32_t number, files;
    int64_t done, total;
    double rate;
    bool checks;
};

/* One try; the worker's until it ends. */
struct
try {
    struct kn_fetching *owner; /* NULL: nobody waits for it any more */
    struct kn_arena *arena;
    struct kn_download_options options;
    struct kn_monitor *monitor;
    struct news news;
    kn_time measured_at; /* from which on bytes are counted; of the worker */
    int64_t measured, gained;
    const char *folder; /* of the arena */
    enum kn_code code;
    struct kn_error err;
};

struct kn_fetching {
    struct kn_loop *loop;
    struct kn_fetch_wish wish;
    struct kn_download_place place; /* its texts are the arena's */
    struct kn_arena *arena;
    const char *agent;
    uint32_t from, to;
    struct kn_fetching_events events;
    struct kn_timer *timer;
    struct try *try; /* under way */
    bool has_begun, has_failed;
    struct kn_error failure;
    int64_t pause_ms; /* before the next try */
    kn_time again_at;
};

static void try_free(struct try *try)
{
    kn_monitor_free(try->monitor);
    kn_arena_free(try->arena);
    kn_free(try);
}

/* -- on the worker's thread */

/* Bytes a second, smoothed; what was read from the disk or began anew does not count. */
static void measure(struct try *try, const struct kn_download_news *news)
{
    kn_time now = kn_monitor_now();
    struct news *told = &try->news;
    int64_t more = news->done - try->measured;
    bool counts = news->event == KN_DOWNLOAD_BYTES && more >= 0 && told->total == news->total;

    if (counts && now - try->measured_at < RATE_MS)
        return;
    if (counts && try->measured_at > 0) {
        double rate = (double)more * 1000 / (double)(now - try->measured_at);

        told->rate = told->rate > 0 ? (told->rate + rate) / 2 : rate;
        try->gained += more;
    }
    try->measured = news->done;
    try->measured_at = counts || news->event == KN_DOWNLOAD_BYTES ? now : 0;
}

static bool tell(void *arg, const struct kn_download_news *news)
{
    struct try *try = arg;
    struct news *told = &try->news;
    bool goes_on;

    kn_monitor_enter(try->monitor);
    measure(try, news);
    if (news->file != NULL)
        (void)snprintf(told->file, sizeof(told->file), "%s", news->file);
    told->number = news->number;
    told->files = news->files;
    told->done = news->done;
    told->total = news->total;
    told->checks = news->event == KN_DOWNLOAD_CHECK;
    goes_on = !told->is_given_up;
    kn_monitor_leave(try->monitor);
    return goes_on;
}

static void work(void *arg)
{
    struct try *try = arg;

    try->code = kn_download(&try->options, try->arena, &try->folder, &try->err);
}

/* -- on the loop's */

/* Somebody has to do something about the others, or time does not help. */
static bool may_pass(enum kn_code code)
{
    return code == KN_E_UNREACHABLE || code == KN_E_TIMEOUT || code == KN_E_CLOSED ||
           code == KN_E_BUSY || code == KN_E_NO_MEMORY || code == KN_E_IO;
}

static bool is_config(const struct kn_fetching *f)
{
    return f->from == f->to;
}

static void try_later(struct kn_fetching *f, const struct kn_error *why)
{
    bool is_news = !f->has_failed || strcmp(f->failure.text, why->text) != 0;

    f->failure = *why;
    f->has_failed = true;
    if (is_config(f)) {
        kn_timer_set(f->timer, KN_NEVER);
        f->events.failed(f->events.arg);
        return;
    }
    f->pause_ms = f->pause_ms == 0 ? KN_FETCHING_AGAIN_MS : 2 * f->pause_ms;
    if (!may_pass(why->code) || f->pause_ms > KN_FETCHING_LATER_MS)
        f->pause_ms = KN_FETCHING_LATER_MS;
    f->again_at = kn_loop_now(f->loop) + f->pause_ms;
    kn_timer_set(f->timer, f->again_at);
    if (is_news)
        f->events.failed(f->events.arg);
}

static void fetching_free(struct kn_fetching *f)
{
    kn_timer_free(f->timer);
    kn_arena_free(f->arena);
    kn_free(f);
}

static void on_done(void *arg, enum kn_code code)
{
    struct try *try = arg;
    struct kn_fetching *f = try->owner;

    if (code != KN_OK)
        try->code = kn_fail(&try->err, code, "no worker could be started");
    if (f != NULL) {
        const struct kn_fetching_events events = f->events;

        f->try = NULL;
        if (try->gained >= GAIN) /* it is no longer the failure of before */
            f->pause_ms = 0;
        if (try->code != KN_OK) {
            try_later(f, &try->err);
        } else {
            fetching_free(f);
            events.fetched(events.arg, try->folder);
        }
    }
    try_free(try);
}

static struct try *try_new(struct kn_fetching *f)
{
    struct try *try = kn_try_alloc(sizeof(*try));

    if (try == NULL)
        return NULL;
    try->owner = f;
    try->arena = kn_arena_new();
    try->monitor = kn_monitor_new();
    if (try->arena == NULL || try->monitor == NULL) {
        try_free(try);
        return NULL;
    }
    /* It may outlive whoever wished for it. */
    try->options = (struct kn_download_options){
        .place = { .endpoint = kn_arena_dup(try->arena, f->place.endpoint),
                   .token =
                       f->place.token != NULL ? kn_arena_dup(try->arena, f->place.token) : NULL,
                   .authorities = f->place.authorities != NULL
                                      ? kn_arena_dup(try->arena, f->place.authorities)
                                      : NULL,
                   .is_offline = f->place.is_offline },
        .agent = kn_arena_dup(try->arena, f->agent),
        .root = kn_arena_dup(try->arena, f->wish.root),
        .repository = kn_arena_dup(try->arena, f->wish.repository),
        .revision = f->wish.revision[0] != '\0' ? kn_arena_dup(try->arena, f->wish.revision) : NULL,
        .from = f->from,
        .to = f->to,
        .only_config = is_config(f),
        .tries = is_config(f) ? 1 : 0,
        .max_bytes = f->wish.max_bytes,
        .tell = tell,
        .arg = try,
    };
    return try;
}

/* The worker ends by itself, and nobody asks what became of it. */
static void give_up_try(struct kn_fetching *f)
{
    if (f->try == NULL)
        return;
    kn_monitor_enter(f->try->monitor);
    f->try->news.is_given_up = true;
    kn_monitor_leave(f->try->monitor);
    f->try->owner = NULL;
    f->try = NULL;
}

static bool start_try(struct kn_fetching *f)
{
    f->try = try_new(f);
    if (f->try != NULL && !kn_arena_failed(f->try->arena) &&
        kn_work_start(f->loop, work, on_done, f->try) == KN_OK)
        return true;
    if (f->try != NULL)
        try_free(f->try);
    f->try = NULL;
    return false;
}

static void on_timer(void *arg)
{
    struct kn_fetching *f = arg;
    struct kn_error err = { 0 };

    if (f->try != NULL) { /* of config.json: others wait for it */
        give_up_try(f);
        (void)kn_fail(&err, KN_E_TIMEOUT, "%s: no answer within %d s", f->place.endpoint,
                      KN_FETCHING_CONFIG_MS / 1000);
        try_later(f, &err);
    } else if (!start_try(f)) {
        (void)kn_fail_no_memory(&err);
        try_later(f, &err);
    } else if (is_config(f)) {
        kn_timer_set(f->timer, kn_loop_now(f->loop) + KN_FETCHING_CONFIG_MS);
    }
}

static const char *kept(struct kn_arena *arena, const char *text)
{
    return text != NULL ? kn_arena_dup(arena, text) : NULL;
}

struct kn_fetching *kn_fetching_start(struct kn_loop *loop, const struct kn_blocks_wish *wish,
                                      const char *version, const struct kn_fetching_events *events)
{
    struct kn_fetching *f = kn_try_alloc(sizeof(*f));

    if (f == NULL)
        return NULL;
    f->loop = loop;
    f->wish = wish->fetch;
    f->from = wish->from;
    f->to = wish->to;
    f->events = *events;
    f->arena = kn_arena_new();
    f->timer = kn_timer_new(loop, on_timer, f);
    if (f->arena != NULL) {
        f->agent = kn_arena_printf(f->arena, "kwaainet/%s", version);
        f->place = wish->fetch.place;
        f->place.endpoint = kept(f->arena, f->place.endpoint);
        f->place.token = kept(f->arena, f->place.token);
        f->place.authorities = kept(f->arena, f->place.authorities);
    }
    if (f->arena == NULL || f->timer == NULL || kn_arena_failed(f->arena)) {
        fetching_free(f);
        return NULL;
    }
    if (!wish->fetch.on_hold)
        kn_fetching_begin(f);
    return f;
}

void kn_fetching_begin(struct kn_fetching *f)
{
    if (f->has_begun)
        return;
    f->has_begun = true;
    kn_timer_set(f->timer, kn_loop_now(f->loop));
}

void kn_fetching_abandon(struct kn_fetching *f)
{
    if (f == NULL)
        return;
    give_up_try(f);
    fetching_free(f);
}

void kn_fetching_state(const struct kn_fetching *f, struct kn_fetching_state *out)
{
    kn_time now = kn_loop_now(f->loop);

    *out = (struct kn_fetching_state){ .on_hold = !f->has_begun };
    if (f->try != NULL) {
        const struct news *news = &f->try->news;

        kn_monitor_enter(f->try->monitor);
        memcpy(out->file, news->file, sizeof(out->file));
        out->number = news->number;
        out->files = news->files;
        out->done = news->done;
        out->total = news->total;
        out->rate = news->rate;
        out->checks = news->checks;
        kn_monitor_leave(f->try->monitor);
    } else if (f->has_failed) {
        out->failure = &f->failure;
        out->again_ms = f->again_at > now ? f->again_at - now : 0;
    }
}
