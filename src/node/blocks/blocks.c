#include "node/blocks/blocks.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "node/blocks/loading.h"
#include "node/blocks/news.h"

struct kn_blocks {
    struct kn_blocks_options options;
    struct kn_loop *loop;
    enum kn_blocks_stage stage;
    struct kn_blocks_wish wish, next; /* next: while DRAINING */
    struct kn_blocks_wish asked;      /* as wish, before its files were here */
    bool has_next;
    struct kn_fetching *fetching;
    struct kn_loading *loading;
    struct kn_loaded loaded;
    struct kn_compute *compute;
    struct kn_serving *serving;
    struct kn_timer *drain_timer, *news_timer, *pace_timer, *look_timer;
    struct kn_speed_news speed;
    int64_t told_room; /* in tokens of one block */
    kn_time told_at, drain_by;
    void (*left)(void *arg);
    void *left_arg;
    struct kn_error failure;
};

const char *kn_blocks_stage_word(enum kn_blocks_stage stage)
{
    static const char *const words[] = { "none",    "fetching", "loading",
                                         "serving", "draining", "failed" };

    return stage <= KN_BLOCKS_FAILED ? words[stage] : "?";
}

static void enter(struct kn_blocks *b, enum kn_blocks_stage stage)
{
    b->stage = stage;
    b->options.changed(b->options.arg);
}

/* What was served is not any more. */
static void close_all(struct kn_blocks *b)
{
    kn_timer_set(b->drain_timer, KN_NEVER);
    kn_timer_set(b->news_timer, KN_NEVER);
    kn_timer_set(b->pace_timer, KN_NEVER);
    kn_timer_set(b->look_timer, KN_NEVER);
    kn_serving_free(b->serving);
    kn_compute_free(b->compute);
    kn_loaded_done(&b->loaded);
    b->serving = NULL;
    b->compute = NULL;
}

static void fail(struct kn_blocks *b)
{
    close_all(b);
    enter(b, KN_BLOCKS_FAILED);
}

/* -- news of the cache */

static int64_t room_now(const struct kn_blocks *b)
{
    struct kn_compute_state now;

    kn_compute_state(b->compute, &now);
    return now.cache_tokens_left;
}

static int64_t room_of_all(const struct kn_blocks *b)
{
    return b->wish.cache_bytes / kn_cache_token_bytes(kn_model_decoder(b->loaded.model));
}

static void tell_room(void *arg)
{
    struct kn_blocks *b = arg;

    b->told_room = room_now(b);
    b->told_at = kn_loop_now(b->loop);
    b->options.news(b->options.arg);
}

static void on_room_changed(void *arg)
{
    struct kn_blocks *b = arg;

    if (b->stage != KN_BLOCKS_SERVING)
        return;
    if (kn_news_of_room(room_of_all(b), b->told_room, room_now(b)))
        kn_timer_set(b->news_timer, b->told_at + KN_BLOCKS_NEWS_MS);
    else
        kn_timer_set(b->news_timer, KN_NEVER);
}

/* -- news of the speed */

static void on_pace(void *arg)
{
    struct kn_blocks *b = arg;
    kn_time now = kn_loop_now(b->loop);
    struct kn_compute_state state;

    if (b->stage != KN_BLOCKS_SERVING)
        return;
    kn_timer_set(b->pace_timer, now + KN_BLOCKS_PACE_MS);
    kn_compute_state(b->compute, &state);
    if (kn_news_of_speed(&b->speed, &state, now))
        b->options.news(b->options.arg);
}

/* -- the files */

static void look(void *arg);

/* On the thread of the pass. */
static bool is_intact(void *arg)
{
    const struct kn_blocks *b = arg;

    return kn_model_is_intact(b->loaded.model);
}

/* -- serving */

static enum kn_code start_compute(struct kn_blocks *b)
{
    const struct kn_decoder *decoder = kn_model_decoder(b->loaded.model);
    const struct kn_compute_options options = {
        .loop = b->loop,
        .runner = b->loaded.runner,
        .decoder = decoder,
        .first = b->wish.from,
        .count = b->wish.to - b->wish.from,
        .cache_bytes = b->wish.cache_bytes,
        .max_length = b->wish.max_length,
        .max_tokens =
            b->wish.max_tokens < KN_PASS_TOKENS_MAX ? b->wish.max_tokens : KN_PASS_TOKENS_MAX,
        .share = b->wish.share,
        .room_changed = on_room_changed,
        .is_intact = is_intact,
        .lost = look,
        .arg = b,
    };

    b->compute = kn_compute_new(&options);
    return b->compute != NULL ? KN_OK : kn_fail_no_memory(&b->failure);
}

static enum kn_code start_serving(struct kn_blocks *b)
{
    const struct kn_serving_options options = {
        .host = b->options.host,
        .compute = b->compute,
        .version = b->options.version,
        .prefix = b->wish.prefix,
        .first = b->wish.from,
        .end = b->wish.to,
        .hidden = kn_model_decoder(b->loaded.model)->hidden,
        .dtype = b->wish.dtype,
        .compression = b->wish.compression,
        .max_length = b->wish.max_length,
        .max_batch_tokens = b->wish.max_tokens,
        .cache_wait_ms = b->wish.cache_wait_ms,
        .session_ms = b->wish.session_ms,
        .step_ms = b->wish.step_ms,
    };
    enum kn_code rc = kn_serving_start(&options, &b->serving);

    if (rc != KN_OK)
        (void)kn_fail(&b->failure, rc, "blocks cannot be served: %s", kn_code_brief(rc));
    return rc;
}

/* Petals' limits where nobody sets one: long sessions only where heads share keys and values. */
static uint32_t longest_session(const struct kn_decoder *decoder)
{
    uint32_t usual = decoder->kv_heads < decoder->heads ? 8192 : 2048;

    return decoder->max_positions < usual ? decoder->max_positions : usual;
}

static void on_loaded(void *arg, enum kn_code code, const struct kn_loaded *loaded,
                      const struct kn_error *err)
{
    struct kn_blocks *b = arg;

    b->loading = NULL;
    if (code != KN_OK) {
        b->failure = *err;
        enter(b, KN_BLOCKS_FAILED);
        return;
    }
    b->loaded = *loaded;
    if (b->wish.max_length == 0)
        b->wish.max_length = longest_session(kn_model_decoder(loaded->model));
    if (b->wish.max_tokens == 0)
        b->wish.max_tokens = b->wish.max_length;
    if (start_compute(b) != KN_OK || start_serving(b) != KN_OK) {
        fail(b);
        return;
    }
    b->told_room = room_now(b);
    b->told_at = kn_loop_now(b->loop);
    kn_speed_news_start(&b->speed, &loaded->speed, b->told_at);
    kn_timer_set(b->pace_timer, b->told_at + KN_BLOCKS_PACE_MS);
    kn_timer_set(b->look_timer, b->told_at + KN_BLOCKS_LOOK_MS);
    enter(b, KN_BLOCKS_SERVING);
}

/* -- getting ready */

static void abandon(struct kn_blocks *b)
{
    kn_loading_abandon(b->loading);
    kn_fetching_abandon(b->fetching);
    b->loading = NULL;
    b->fetching = NULL;
}

static void enter_or_fail(struct kn_blocks *b, enum kn_blocks_stage stage, bool has_memory)
{
    if (!has_memory)
        (void)kn_fail_no_memory(&b->failure);
    enter(b, has_memory ? stage : KN_BLOCKS_FAILED);
}

static void load(struct kn_blocks *b)
{
    b->loading = kn_loading_start(b->loop, &b->wish, on_loaded, b);
    enter_or_fail(b, KN_BLOCKS_LOADING, b->loading != NULL);
}

static void on_fetched(void *arg, const char *folder)
{
    struct kn_blocks *b = arg;
    int n = snprintf(b->wish.folder, sizeof(b->wish.folder), "%s", folder);

    b->fetching = NULL;
    b->wish.fetch.is_wanted = false;
    if (n >= 0 && (size_t)n < sizeof(b->wish.folder)) {
        load(b);
        return;
    }
    (void)kn_fail(&b->failure, KN_E_LIMIT, "a path longer than %d bytes", KN_BLOCKS_PATH_MAX);
    enter(b, KN_BLOCKS_FAILED);
}

static void on_fetch_failed(void *arg)
{
    const struct kn_blocks *b = arg;

    b->options.changed(b->options.arg);
}

static void fetch(struct kn_blocks *b)
{
    const struct kn_fetching_events events = { b, on_fetched, on_fetch_failed };

    b->fetching = kn_fetching_start(b->loop, &b->wish, b->options.version, &events);
    enter_or_fail(b, KN_BLOCKS_FETCHING, b->fetching != NULL);
}

static void get_ready(struct kn_blocks *b, const struct kn_blocks_wish *wish)
{
    abandon(b);
    b->failure = (struct kn_error){ 0 };
    b->wish = b->asked = *wish;
    if (wish->fetch.is_wanted)
        fetch(b);
    else
        load(b);
}

static void on_drained(void *arg)
{
    struct kn_blocks *b = arg;
    void (*left)(void *arg) = b->left;

    b->left = NULL;
    close_all(b);
    if (b->has_next)
        get_ready(b, &b->next);
    else
        enter(b, KN_BLOCKS_NONE);
    b->has_next = false;
    if (left != NULL)
        left(b->left_arg);
}

/* Never later than it was to be already. */
static void drain_within(struct kn_blocks *b, int wait_ms)
{
    kn_time by = kn_loop_now(b->loop) + wait_ms;

    b->drain_by = b->stage == KN_BLOCKS_DRAINING ? kn_time_min(b->drain_by, by) : by;
    kn_timer_set(b->drain_timer, b->drain_by);
}

/* Also where a pass has found it, once that was told. */
static void look(void *arg)
{
    struct kn_blocks *b = arg;

    kn_timer_set(b->look_timer, kn_loop_now(b->loop) + KN_BLOCKS_LOOK_MS);
    if (kn_loaded_check(&b->loaded, &b->failure) == KN_OK)
        return;
    if (b->stage == KN_BLOCKS_DRAINING)
        on_drained(b);
    else
        fail(b);
}

static void drain(struct kn_blocks *b)
{
    drain_within(b, b->has_next && b->next.drain_ms > 0 ? b->next.drain_ms : KN_BLOCKS_DRAIN_MS);
    if (b->stage == KN_BLOCKS_DRAINING)
        return;
    kn_serving_drain(b->serving, on_drained, b);
    enter(b, KN_BLOCKS_DRAINING);
}

static void forget(struct kn_blocks *b)
{
    abandon(b);
    if (b->stage != KN_BLOCKS_NONE)
        enter(b, KN_BLOCKS_NONE);
}

static bool is_same(const struct kn_blocks_wish *a, const struct kn_blocks_wish *b)
{
    return strcmp(a->folder, b->folder) == 0 && a->fetch.is_wanted == b->fetch.is_wanted &&
           strcmp(a->fetch.repository, b->fetch.repository) == 0 &&
           strcmp(a->prefix, b->prefix) == 0 && a->from == b->from && a->to == b->to &&
           a->as == b->as && a->dtype == b->dtype && a->threads == b->threads &&
           a->cache_bytes == b->cache_bytes;
}

void kn_blocks_serve(struct kn_blocks *b, const struct kn_blocks_wish *wish)
{
    bool is_there = b->stage == KN_BLOCKS_SERVING || b->stage == KN_BLOCKS_DRAINING;

    if (wish != NULL && b->stage != KN_BLOCKS_NONE && b->stage != KN_BLOCKS_DRAINING &&
        (is_same(wish, &b->asked) || is_same(wish, &b->wish))) {
        if (b->fetching != NULL && !wish->fetch.on_hold)
            kn_fetching_begin(b->fetching);
        return;
    }
    b->has_next = is_there && wish != NULL;
    if (b->has_next)
        b->next = *wish;
    if (is_there)
        drain(b);
    else if (wish != NULL)
        get_ready(b, wish);
    else
        forget(b);
}

void kn_blocks_leave(struct kn_blocks *b, void (*drained)(void *arg), void *arg)
{
    b->left = drained;
    b->left_arg = arg;
    b->has_next = false;
    if (b->serving != NULL) {
        drain(b);
        return;
    }
    forget(b);
    kn_timer_set(b->drain_timer, kn_loop_now(b->loop)); /* later, as promised */
}

struct kn_blocks *kn_blocks_new(const struct kn_blocks_options *options)
{
    struct kn_blocks *b = kn_try_alloc(sizeof(*b));

    if (b == NULL)
        return NULL;
    b->options = *options;
    b->loop = kn_host_loop(options->host);
    b->drain_timer = kn_timer_new(b->loop, on_drained, b);
    b->news_timer = kn_timer_new(b->loop, tell_room, b);
    b->pace_timer = kn_timer_new(b->loop, on_pace, b);
    b->look_timer = kn_timer_new(b->loop, look, b);
    if (b->drain_timer == NULL || b->news_timer == NULL || b->pace_timer == NULL ||
        b->look_timer == NULL) {
        kn_timer_free(b->drain_timer);
        kn_timer_free(b->news_timer);
        kn_timer_free(b->pace_timer);
        kn_timer_free(b->look_timer);
        kn_free(b);
        return NULL;
    }
    return b;
}

void kn_blocks_free(struct kn_blocks *b)
{
    if (b == NULL)
        return;
    abandon(b);
    close_all(b);
    kn_timer_free(b->drain_timer);
    kn_timer_free(b->news_timer);
    kn_timer_free(b->pace_timer);
    kn_timer_free(b->look_timer);
    kn_free(b);
}

void kn_blocks_report(const struct kn_blocks *b, struct kn_blocks_report *out)
{
    *out = (struct kn_blocks_report){ .stage = b->stage };
    if (b->stage == KN_BLOCKS_FAILED)
        out->failure = &b->failure;
    if (b->stage == KN_BLOCKS_FETCHING) {
        kn_fetching_state(b->fetching, &out->fetch);
        out->failure = out->fetch.failure;
    }
    if (b->stage != KN_BLOCKS_NONE)
        out->wish = &b->wish;
    if (b->serving == NULL)
        return;
    out->speed = &b->speed.told;
    out->counters = kn_serving_counters(b->serving);
    out->weight_bytes = kn_model_bytes(b->loaded.model, NULL);
    out->cache_bytes = b->wish.cache_bytes;
    out->open_us = b->loaded.open_us;
    out->test_us = b->loaded.test_us;
    kn_compute_state(b->compute, &out->now);
}

bool kn_blocks_serves(const struct kn_blocks *b, const char *prefix, uint32_t from, uint32_t to)
{
    return b->stage == KN_BLOCKS_SERVING && strcmp(b->wish.prefix, prefix) == 0 &&
           b->wish.from == from && b->wish.to == to;
}
