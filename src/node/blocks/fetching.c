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

static bool is_config(const struct kn_fetching *fetching)
{
    return fetching->from == fetching->to;
}

static void try_later(struct kn_fetching *fetching, const struct kn_error *why)
{
    bool is_news = !fetching->has_failed || strcmp(fetching->failure.text, why->text) != 0;

    fetching->failure = *why;
    fetching->has_failed = true;
    if (is_config(fetching)) {
        kn_timer_set(fetching->timer, KN_NEVER);
        fetching->events.failed(fetching->events.arg);
        return;
    }
    fetching->pause_ms = fetching->pause_ms == 0 ? KN_FETCHING_AGAIN_MS : 2 * fetching->pause_ms;
    if (!may_pass(why->code) || fetching->pause_ms > KN_FETCHING_LATER_MS)
        fetching->pause_ms = KN_FETCHING_LATER_MS;
    fetching->again_at = kn_loop_now(fetching->loop) + fetching->pause_ms;
    kn_timer_set(fetching->timer, fetching->again_at);
    if (is_news)
        fetching->events.failed(fetching->events.arg);
}

static void fetching_free(struct kn_fetching *fetching)
{
    kn_timer_free(fetching->timer);
    kn_arena_free(fetching->arena);
    kn_free(fetching);
}

static void on_done(void *arg, enum kn_code code)
{
    struct try *try = arg;
    struct kn_fetching *fetching = try->owner;

    if (code != KN_OK)
        try->code = kn_fail(&try->err, code, "no worker could be started");
    if (fetching != NULL) {
        const struct kn_fetching_events events = fetching->events;

        fetching->try = NULL;
        if (try->gained >= GAIN) /* it is no longer the failure of before */
            fetching->pause_ms = 0;
        if (try->code != KN_OK) {
            try_later(fetching, &try->err);
        } else {
            fetching_free(fetching);
            events.fetched(events.arg, try->folder);
        }
    }
    try_free(try);
}

static struct try *try_new(struct kn_fetching *fetching)
{
    struct try *try = kn_try_alloc(sizeof(*try));

    if (try == NULL)
        return NULL;
    try->owner = fetching;
    try->arena = kn_arena_new();
    try->monitor = kn_monitor_new();
    if (try->arena == NULL || try->monitor == NULL) {
        try_free(try);
        return NULL;
    }
    /* It may outlive whoever wished for it. */
    try->options = (struct kn_download_options){
        .place = { .endpoint = kn_arena_dup(try->arena, fetching->place.endpoint),
                   .token = fetching->place.token != NULL
                                ? kn_arena_dup(try->arena, fetching->place.token)
                                : NULL,
                   .authorities = fetching->place.authorities != NULL
                                      ? kn_arena_dup(try->arena, fetching->place.authorities)
                                      : NULL,
                   .is_offline = fetching->place.is_offline },
        .agent = kn_arena_dup(try->arena, fetching->agent),
        .root = kn_arena_dup(try->arena, fetching->wish.root),
        .repository = kn_arena_dup(try->arena, fetching->wish.repository),
        .revision = fetching->wish.revision[0] != '\0'
                        ? kn_arena_dup(try->arena, fetching->wish.revision)
                        : NULL,
        .from = fetching->from,
        .to = fetching->to,
        .only_config = is_config(fetching),
        .tries = is_config(fetching) ? 1 : 0,
        .max_bytes = fetching->wish.max_bytes,
        .tell = tell,
        .arg = try,
    };
    return try;
}

/* The worker ends by itself, and nobody asks what became of it. */
static void give_up_try(struct kn_fetching *fetching)
{
    if (fetching->try == NULL)
        return;
    kn_monitor_enter(fetching->try->monitor);
    fetching->try->news.is_given_up = true;
    kn_monitor_leave(fetching->try->monitor);
    fetching->try->owner = NULL;
    fetching->try = NULL;
}

static bool start_try(struct kn_fetching *fetching)
{
    fetching->try = try_new(fetching);
    if (fetching->try != NULL && !kn_arena_failed(fetching->try->arena) &&
        kn_work_start(fetching->loop, work, on_done, fetching->try) == KN_OK)
        return true;
    if (fetching->try != NULL)
        try_free(fetching->try);
    fetching->try = NULL;
    return false;
}

static void on_timer(void *arg)
{
    struct kn_fetching *fetching = arg;
    struct kn_error err = { 0 };

    if (fetching->try != NULL) { /* of config.json: others wait for it */
        give_up_try(fetching);
        (void)kn_fail(&err, KN_E_TIMEOUT, "%s: no answer within %d s", fetching->place.endpoint,
                      KN_FETCHING_CONFIG_MS / 1000);
        try_later(fetching, &err);
    } else if (!start_try(fetching)) {
        (void)kn_fail_no_memory(&err);
        try_later(fetching, &err);
    } else if (is_config(fetching)) {
        kn_timer_set(fetching->timer, kn_loop_now(fetching->loop) + KN_FETCHING_CONFIG_MS);
    }
}

static const char *kept(struct kn_arena *arena, const char *text)
{
    return text != NULL ? kn_arena_dup(arena, text) : NULL;
}

struct kn_fetching *kn_fetching_start(struct kn_loop *loop, const struct kn_blocks_wish *wish,
                                      const char *version, const struct kn_fetching_events *events)
{
    struct kn_fetching *fetching = kn_try_alloc(sizeof(*fetching));

    if (fetching == NULL)
        return NULL;
    fetching->loop = loop;
    fetching->wish = wish->fetch;
    fetching->from = wish->from;
    fetching->to = wish->to;
    fetching->events = *events;
    fetching->arena = kn_arena_new();
    fetching->timer = kn_timer_new(loop, on_timer, fetching);
    if (fetching->arena != NULL) {
        fetching->agent = kn_arena_printf(fetching->arena, "kwaainet/%s", version);
        fetching->place = wish->fetch.place;
        fetching->place.endpoint = kept(fetching->arena, fetching->place.endpoint);
        fetching->place.token = kept(fetching->arena, fetching->place.token);
        fetching->place.authorities = kept(fetching->arena, fetching->place.authorities);
    }
    if (fetching->arena == NULL || fetching->timer == NULL || kn_arena_failed(fetching->arena)) {
        fetching_free(fetching);
        return NULL;
    }
    if (!wish->fetch.on_hold)
        kn_fetching_begin(fetching);
    return fetching;
}

void kn_fetching_begin(struct kn_fetching *fetching)
{
    if (fetching->has_begun)
        return;
    fetching->has_begun = true;
    kn_timer_set(fetching->timer, kn_loop_now(fetching->loop));
}

void kn_fetching_abandon(struct kn_fetching *fetching)
{
    if (fetching == NULL)
        return;
    give_up_try(fetching);
    fetching_free(fetching);
}

void kn_fetching_state(const struct kn_fetching *fetching, struct kn_fetching_state *out)
{
    kn_time now = kn_loop_now(fetching->loop);

    *out = (struct kn_fetching_state){ .on_hold = !fetching->has_begun };
    if (fetching->try != NULL) {
        const struct news *news = &fetching->try->news;

        kn_monitor_enter(fetching->try->monitor);
        memcpy(out->file, news->file, sizeof(out->file));
        out->number = news->number;
        out->files = news->files;
        out->done = news->done;
        out->total = news->total;
        out->rate = news->rate;
        out->checks = news->checks;
        kn_monitor_leave(fetching->try->monitor);
    } else if (fetching->has_failed) {
        out->failure = &fetching->failure;
        out->again_ms = fetching->again_at > now ? fetching->again_at - now : 0;
    }
}
