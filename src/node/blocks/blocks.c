#include "node/blocks/blocks.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/os/memory.h"
#include "node/blocks/loading.h"
#include "node/blocks/news.h"

enum {
    SETTLED_UNSEEN = 16,     /* large pages between two looks at the memory that is left */
    SETTLED_MAX = 16 * 1024, /* of them: each is a mapping, of which a process may have 65,530 */
};

struct kn_blocks {
    struct kn_blocks_options options;
    struct kn_loop *loop;
    enum kn_blocks_stage stage;
    struct kn_blocks_wish wish, next; /* next: while DRAINING */
    struct kn_blocks_wish asked;      /* as wish, before its files were here */
    bool has_next;
    struct kn_fetching *fetching;
    struct kn_loading *loading, *ending; /* that was abandoned and still holds memory */
    bool load_is_due;                    /* once that has ended */
    struct kn_loaded loaded;
    struct kn_compute *compute;
    struct kn_serving *serving;
    bool tries_again; /* what has failed, when it is told what to serve */
    struct kn_timer *drain_timer, *news_timer, *pace_timer, *look_timer, *settle_timer;
    struct kn_speed_news speed;
    int64_t told_room; /* in tokens of one block */
    uint64_t starved;  /* sessions, as far as told */
    uint64_t settled;  /* large pages of weights */
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

static void enter(struct kn_blocks *blocks, enum kn_blocks_stage stage)
{
    blocks->stage = stage;
    blocks->tries_again = false;
    blocks->options.changed(blocks->options.arg);
}

/* What was served is not any more. */
static void close_all(struct kn_blocks *blocks)
{
    kn_timer_set(blocks->drain_timer, KN_NEVER);
    kn_timer_set(blocks->news_timer, KN_NEVER);
    kn_timer_set(blocks->pace_timer, KN_NEVER);
    kn_timer_set(blocks->look_timer, KN_NEVER);
    kn_timer_set(blocks->settle_timer, KN_NEVER);
    kn_serving_free(blocks->serving);
    kn_compute_free(blocks->compute);
    kn_loaded_done(&blocks->loaded);
    blocks->serving = NULL;
    blocks->compute = NULL;
}

static void fail(struct kn_blocks *blocks)
{
    close_all(blocks);
    enter(blocks, KN_BLOCKS_FAILED);
}

/* -- news of the cache */

static int64_t room_now(const struct kn_blocks *blocks)
{
    struct kn_compute_state now;

    kn_compute_state(blocks->compute, &now);
    return now.cache_tokens_left;
}

static int64_t room_of_all(const struct kn_blocks *blocks)
{
    return blocks->wish.cache_bytes / kn_cache_token_bytes(kn_model_decoder(blocks->loaded.model));
}

static void tell_room(void *arg)
{
    struct kn_blocks *blocks = arg;

    blocks->told_room = room_now(blocks);
    blocks->told_at = kn_loop_now(blocks->loop);
    blocks->options.news(blocks->options.arg);
}

static void tell_starved(struct kn_blocks *blocks)
{
    struct kn_compute_state now;

    kn_compute_state(blocks->compute, &now);
    if (now.starved == blocks->starved)
        return;
    blocks->starved = now.starved;
    blocks->options.starved(blocks->options.arg);
}

static void on_room_changed(void *arg)
{
    struct kn_blocks *blocks = arg;

    if (blocks->stage != KN_BLOCKS_SERVING)
        return;
    tell_starved(blocks);
    if (kn_news_of_room(room_of_all(blocks), blocks->told_room, room_now(blocks)))
        kn_timer_set(blocks->news_timer, blocks->told_at + KN_BLOCKS_NEWS_MS);
    else
        kn_timer_set(blocks->news_timer, KN_NEVER);
}

/* -- news of the speed */

static void on_pace(void *arg)
{
    struct kn_blocks *blocks = arg;
    kn_time now = kn_loop_now(blocks->loop);
    struct kn_compute_state state;

    if (blocks->stage != KN_BLOCKS_SERVING)
        return;
    kn_timer_set(blocks->pace_timer, now + KN_BLOCKS_PACE_MS);
    kn_compute_state(blocks->compute, &state);
    if (kn_news_of_speed(&blocks->speed, &state, now))
        blocks->options.news(blocks->options.arg);
}

/* -- large pages */

/*
 * A page at a time, so that nobody waits for it. The system can take back what is mapped and not
 * what is copied: that is done only while as much as all the weights take is left for others.
 */
static void settle(void *arg)
{
    struct kn_blocks *blocks = arg;
    bool is_plenty = blocks->settled % SETTLED_UNSEEN != 0 ||
                     kn_memory_left("") >= kn_model_bytes(blocks->loaded.model, NULL);

    blocks->settled++;
    if (is_plenty && blocks->settled <= SETTLED_MAX && kn_model_settle(blocks->loaded.model))
        kn_timer_set(blocks->settle_timer, kn_loop_now(blocks->loop) + KN_BLOCKS_SETTLE_MS);
}

/* -- the files */

static void look(void *arg);

/* On the thread of the pass. */
static bool is_intact(void *arg)
{
    const struct kn_blocks *blocks = arg;

    return kn_model_is_intact(blocks->loaded.model);
}

/* -- serving */

static struct kn_compute_limits compute_limits(const struct kn_blocks_wish *wish)
{
    return (struct kn_compute_limits){
        .max_tokens = wish->limits.max_batch_tokens,
        .min_tokens = wish->pass.min_tokens,
        .max_sessions = wish->pass.max_sessions,
        .max_bytes = wish->pass.max_bytes,
        .share = wish->share,
    };
}

static enum kn_code start_compute(struct kn_blocks *blocks)
{
    const struct kn_decoder *decoder = kn_model_decoder(blocks->loaded.model);
    const struct kn_compute_options options = {
        .loop = blocks->loop,
        .runner = blocks->loaded.runner,
        .decoder = decoder,
        .first = blocks->wish.from,
        .count = blocks->wish.to - blocks->wish.from,
        .cache_bytes = blocks->wish.cache_bytes,
        .max_length = blocks->wish.max_length,
        .limits = compute_limits(&blocks->wish),
        .room_changed = on_room_changed,
        .is_intact = is_intact,
        .lost = look,
        .arg = blocks,
    };

    blocks->compute = kn_compute_new(&options);
    return blocks->compute != NULL ? KN_OK : kn_fail_no_memory(&blocks->failure);
}

static enum kn_code start_serving(struct kn_blocks *blocks)
{
    const struct kn_serving_options options = {
        .host = blocks->options.host,
        .compute = blocks->compute,
        .version = blocks->options.version,
        .prefix = blocks->wish.prefix,
        .first = blocks->wish.from,
        .end = blocks->wish.to,
        .hidden = kn_model_decoder(blocks->loaded.model)->hidden,
        .dtype = blocks->wish.dtype,
        .max_length = blocks->wish.max_length,
        .limits = blocks->wish.limits,
        .is_dht_client = blocks->options.is_dht_client,
        .arg = blocks->options.arg,
        .news = blocks->options.served,
    };
    enum kn_code rc = kn_serving_start(&options, &blocks->serving);

    if (rc != KN_OK)
        (void)kn_fail(&blocks->failure, rc, "blocks cannot be served: %s", kn_code_brief(rc));
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
    struct kn_blocks *blocks = arg;

    blocks->loading = NULL;
    if (code != KN_OK) {
        blocks->failure = *err;
        enter(blocks, KN_BLOCKS_FAILED);
        return;
    }
    blocks->loaded = *loaded;
    if (blocks->wish.max_length == 0)
        blocks->wish.max_length = longest_session(kn_model_decoder(loaded->model));
    if (blocks->wish.limits.max_batch_tokens == 0)
        blocks->wish.limits.max_batch_tokens = blocks->wish.max_length;
    if (start_compute(blocks) != KN_OK || start_serving(blocks) != KN_OK) {
        fail(blocks);
        return;
    }
    blocks->told_room = room_now(blocks);
    blocks->starved = blocks->settled = 0;
    blocks->told_at = kn_loop_now(blocks->loop);
    kn_speed_news_start(&blocks->speed, &loaded->speed, blocks->told_at);
    kn_timer_set(blocks->pace_timer, blocks->told_at + KN_BLOCKS_PACE_MS);
    kn_timer_set(blocks->look_timer, blocks->told_at + KN_BLOCKS_LOOK_MS);
    kn_timer_set(blocks->settle_timer, blocks->told_at + KN_BLOCKS_SETTLE_MS);
    enter(blocks, KN_BLOCKS_SERVING);
}

/* -- getting ready */

static void on_gone(void *arg);

static void abandon(struct kn_blocks *blocks)
{
    if (blocks->loading != NULL)
        blocks->ending = blocks->loading;
    kn_loading_abandon(blocks->loading, on_gone, blocks);
    kn_fetching_abandon(blocks->fetching);
    blocks->load_is_due = false;
    blocks->loading = NULL;
    blocks->fetching = NULL;
}

static void enter_or_fail(struct kn_blocks *blocks, enum kn_blocks_stage stage, bool has_memory)
{
    if (!has_memory)
        (void)kn_fail_no_memory(&blocks->failure);
    enter(blocks, has_memory ? stage : KN_BLOCKS_FAILED);
}

/* Never two at a time: both would hold memory that the limits have once. */
static void load(struct kn_blocks *blocks)
{
    blocks->load_is_due = blocks->ending != NULL;
    if (!blocks->load_is_due)
        blocks->loading = kn_loading_start(blocks->loop, &blocks->wish, on_loaded, blocks);
    enter_or_fail(blocks, KN_BLOCKS_LOADING, blocks->load_is_due || blocks->loading != NULL);
}

static void on_gone(void *arg)
{
    struct kn_blocks *blocks = arg;

    blocks->ending = NULL;
    if (blocks->load_is_due)
        load(blocks);
}

static void on_fetched(void *arg, const char *folder)
{
    struct kn_blocks *blocks = arg;
    int n = snprintf(blocks->wish.folder, sizeof(blocks->wish.folder), "%s", folder);

    blocks->fetching = NULL;
    blocks->wish.fetch.is_wanted = false;
    if (n >= 0 && (size_t)n < sizeof(blocks->wish.folder)) {
        load(blocks);
        return;
    }
    (void)kn_fail(&blocks->failure, KN_E_LIMIT, "a path longer than %d bytes", KN_BLOCKS_PATH_MAX);
    enter(blocks, KN_BLOCKS_FAILED);
}

static void on_fetch_failed(void *arg)
{
    const struct kn_blocks *blocks = arg;

    blocks->options.changed(blocks->options.arg);
}

static void fetch(struct kn_blocks *blocks)
{
    const struct kn_fetching_events events = { blocks, on_fetched, on_fetch_failed };

    blocks->fetching =
        kn_fetching_start(blocks->loop, &blocks->wish, blocks->options.version, &events);
    enter_or_fail(blocks, KN_BLOCKS_FETCHING, blocks->fetching != NULL);
}

static void get_ready(struct kn_blocks *blocks, const struct kn_blocks_wish *wish)
{
    abandon(blocks);
    if (!blocks->tries_again)
        blocks->failure = (struct kn_error){ 0 };
    blocks->wish = blocks->asked = *wish;
    if (wish->fetch.is_wanted)
        fetch(blocks);
    else
        load(blocks);
}

static void on_drained(void *arg)
{
    struct kn_blocks *blocks = arg;
    void (*left)(void *arg) = blocks->left;

    blocks->left = NULL;
    close_all(blocks);
    if (blocks->has_next)
        get_ready(blocks, &blocks->next);
    else
        enter(blocks, KN_BLOCKS_NONE);
    blocks->has_next = false;
    if (left != NULL)
        left(blocks->left_arg);
}

/* Never later than it was to be already. */
static void drain_within(struct kn_blocks *blocks, int wait_ms)
{
    kn_time by = kn_loop_now(blocks->loop) + wait_ms;

    blocks->drain_by = blocks->stage == KN_BLOCKS_DRAINING ? kn_time_min(blocks->drain_by, by) : by;
    kn_timer_set(blocks->drain_timer, blocks->drain_by);
}

/* Also where a pass has found it, once that was told. */
static void look(void *arg)
{
    struct kn_blocks *blocks = arg;

    kn_timer_set(blocks->look_timer, kn_loop_now(blocks->loop) + KN_BLOCKS_LOOK_MS);
    if (kn_loaded_check(&blocks->loaded, &blocks->failure) == KN_OK)
        return;
    if (blocks->stage == KN_BLOCKS_DRAINING)
        on_drained(blocks);
    else
        fail(blocks);
}

static void drain(struct kn_blocks *blocks)
{
    drain_within(blocks, blocks->has_next && blocks->next.drain_ms > 0 ? blocks->next.drain_ms
                                                                       : KN_BLOCKS_DRAIN_MS);
    if (blocks->stage == KN_BLOCKS_DRAINING)
        return;
    kn_serving_drain(blocks->serving, on_drained, blocks);
    enter(blocks, KN_BLOCKS_DRAINING);
}

static void forget(struct kn_blocks *blocks)
{
    abandon(blocks);
    if (blocks->stage != KN_BLOCKS_NONE)
        enter(blocks, KN_BLOCKS_NONE);
}

static bool is_same(const struct kn_blocks_wish *a, const struct kn_blocks_wish *b)
{
    return strcmp(a->folder, b->folder) == 0 && a->fetch.is_wanted == b->fetch.is_wanted &&
           strcmp(a->fetch.repository, b->fetch.repository) == 0 &&
           strcmp(a->prefix, b->prefix) == 0 && a->from == b->from && a->to == b->to &&
           a->as == b->as && a->dtype == b->dtype && a->threads >= b->threads &&
           a->cache_bytes == b->cache_bytes;
}

/* What is served, or on its way, goes on within other limits: fewer threads are so many that rest
 * for longer. */
static void adjust(struct kn_blocks *blocks, const struct kn_blocks_wish *wish)
{
    struct kn_blocks_wish *mine = &blocks->wish;
    double share = wish->share * wish->threads / mine->threads;
    uint32_t max_tokens = wish->limits.max_batch_tokens;
    struct kn_compute_limits limits;

    mine->share = share;
    mine->pass = wish->pass;
    mine->limits = wish->limits;
    if (blocks->stage != KN_BLOCKS_SERVING)
        return;
    mine->limits.max_batch_tokens = max_tokens > 0 ? max_tokens : mine->max_length;
    limits = compute_limits(mine);
    kn_compute_change(blocks->compute, &limits);
    /* The blocks were served with this type of numbers: it can be written, however it is packed. */
    (void)!kn_serving_change(blocks->serving, &mine->limits);
}

void kn_blocks_serve(struct kn_blocks *blocks, const struct kn_blocks_wish *wish)
{
    bool is_there = blocks->stage == KN_BLOCKS_SERVING || blocks->stage == KN_BLOCKS_DRAINING;

    if (wish != NULL && blocks->stage != KN_BLOCKS_NONE && blocks->stage != KN_BLOCKS_DRAINING &&
        !blocks->tries_again && (is_same(&blocks->asked, wish) || is_same(&blocks->wish, wish))) {
        adjust(blocks, wish);
        if (blocks->fetching != NULL && !wish->fetch.on_hold)
            kn_fetching_begin(blocks->fetching);
        return;
    }
    blocks->has_next = is_there && wish != NULL;
    if (blocks->has_next)
        blocks->next = *wish;
    if (is_there)
        drain(blocks);
    else if (wish != NULL)
        get_ready(blocks, wish);
    else
        forget(blocks);
}

void kn_blocks_try_again(struct kn_blocks *blocks)
{
    blocks->tries_again = blocks->stage == KN_BLOCKS_FAILED;
}

void kn_blocks_leave(struct kn_blocks *blocks, void (*drained)(void *arg), void *arg)
{
    blocks->left = drained;
    blocks->left_arg = arg;
    blocks->has_next = false;
    if (blocks->serving != NULL) {
        drain(blocks);
        return;
    }
    forget(blocks);
    kn_timer_set(blocks->drain_timer, kn_loop_now(blocks->loop)); /* later, as promised */
}

static void free_timers(struct kn_blocks *blocks)
{
    kn_timer_free(blocks->drain_timer);
    kn_timer_free(blocks->news_timer);
    kn_timer_free(blocks->pace_timer);
    kn_timer_free(blocks->look_timer);
    kn_timer_free(blocks->settle_timer);
}

struct kn_blocks *kn_blocks_new(const struct kn_blocks_options *options)
{
    struct kn_blocks *blocks = kn_try_alloc(sizeof(*blocks));

    if (blocks == NULL)
        return NULL;
    blocks->options = *options;
    blocks->loop = kn_host_loop(options->host);
    blocks->drain_timer = kn_timer_new(blocks->loop, on_drained, blocks);
    blocks->news_timer = kn_timer_new(blocks->loop, tell_room, blocks);
    blocks->pace_timer = kn_timer_new(blocks->loop, on_pace, blocks);
    blocks->look_timer = kn_timer_new(blocks->loop, look, blocks);
    blocks->settle_timer = kn_timer_new(blocks->loop, settle, blocks);
    if (blocks->drain_timer == NULL || blocks->news_timer == NULL || blocks->pace_timer == NULL ||
        blocks->look_timer == NULL || blocks->settle_timer == NULL) {
        free_timers(blocks);
        kn_free(blocks);
        return NULL;
    }
    return blocks;
}

void kn_blocks_free(struct kn_blocks *blocks)
{
    if (blocks == NULL)
        return;
    abandon(blocks);
    kn_loading_abandon(blocks->ending, NULL, NULL);
    close_all(blocks);
    free_timers(blocks);
    kn_free(blocks);
}

void kn_blocks_report(const struct kn_blocks *blocks, struct kn_blocks_report *out)
{
    *out = (struct kn_blocks_report){ .stage = blocks->stage, .is_ending = blocks->ending != NULL };
    if (blocks->failure.code != KN_OK &&
        (blocks->stage == KN_BLOCKS_FAILED || blocks->stage == KN_BLOCKS_LOADING))
        out->failure = &blocks->failure;
    if (blocks->stage == KN_BLOCKS_FETCHING) {
        kn_fetching_state(blocks->fetching, &out->fetch);
        out->failure = out->fetch.failure;
    }
    if (blocks->stage != KN_BLOCKS_NONE)
        out->wish = &blocks->wish;
    if (blocks->serving == NULL)
        return;
    out->speed = &blocks->speed.told;
    out->counters = kn_serving_counters(blocks->serving);
    out->weight_bytes = kn_model_bytes(blocks->loaded.model, NULL);
    out->cache_bytes = blocks->wish.cache_bytes;
    out->open_us = blocks->loaded.open_us;
    out->test_us = blocks->loaded.test_us;
    kn_compute_state(blocks->compute, &out->now);
}

bool kn_blocks_serves(const struct kn_blocks *blocks, const char *prefix, uint32_t from,
                      uint32_t to)
{
    return blocks->stage == KN_BLOCKS_SERVING && strcmp(blocks->wish.prefix, prefix) == 0 &&
           blocks->wish.from == from && blocks->wish.to == to;
}
