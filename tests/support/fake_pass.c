#include "support/fake_pass.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/os/thread.h"

struct kn_cache {
    uint32_t blocks, batch, max_length;
    uint32_t written[KN_CACHE_BATCH_MAX]; /* positions of each row */
};

atomic_int fake_token_bytes = FAKE_TOKEN_BYTES;
atomic_int fake_caches;
atomic_int fake_permutations;
atomic_bool fake_cache_fails;

struct kn_cache *kn_cache_new(const struct kn_decoder *decoder, uint32_t blocks, uint32_t batch,
                              uint32_t max_length)
{
    struct kn_cache *cache = fake_cache_fails ? NULL : kn_try_alloc(sizeof(*cache));

    (void)decoder;
    if (cache == NULL)
        return NULL;
    assert(blocks > 0 && batch > 0 && max_length > 0);
    cache->blocks = blocks;
    cache->batch = batch;
    cache->max_length = max_length;
    fake_caches++;
    return cache;
}

int64_t kn_runner_scratch(const struct kn_decoder *decoder, uint32_t tokens)
{
    (void)decoder;
    return (int64_t)tokens * FAKE_SCRATCH_BYTES;
}

void kn_cache_free(struct kn_cache *cache)
{
    fake_caches -= cache != NULL;
    kn_free(cache);
}

int64_t kn_cache_token_bytes(const struct kn_decoder *decoder)
{
    (void)decoder;
    return fake_token_bytes;
}

int64_t kn_cache_bytes(const struct kn_decoder *decoder, uint32_t blocks, uint32_t batch,
                       uint32_t max_length)
{
    (void)decoder;
    return (int64_t)fake_token_bytes * blocks * batch * max_length;
}

enum kn_code kn_cache_permute(struct kn_cache *cache, const int64_t *ids, uint32_t length)
{
    assert(length <= cache->max_length);
    for (uint32_t i = 0; i < cache->batch; i++)
        assert(ids[i] >= 0 && ids[i] < cache->batch);
    fake_permutations++;
    return fake_cache_fails ? KN_E_NO_MEMORY : KN_OK;
}

bool kn_all_finite(const float *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(at[i]))
            return false;
    }
    return true;
}

void fake_runner_start(struct kn_runner *runner, uint32_t width)
{
    *runner = (struct kn_runner){ .width = width, .monitor = kn_monitor_new() };
    assert(runner->monitor != NULL);
}

void fake_runner_done(struct kn_runner *runner)
{
    kn_monitor_free(runner->monitor);
}

void fake_runner_hold(struct kn_runner *runner, bool is_held)
{
    kn_monitor_enter(runner->monitor);
    runner->is_held = is_held;
    kn_monitor_tell(runner->monitor);
    kn_monitor_leave(runner->monitor);
}

static void enter(struct kn_runner *runner, const struct fake_pass *pass)
{
    kn_time until;

    kn_monitor_enter(runner->monitor);
    assert(!runner->is_in_pass && runner->n < FAKE_PASSES_MAX);
    runner->is_in_pass = true;
    runner->passes[runner->n++] = *pass;
    if (runner->entered != NULL)
        runner->entered(runner->arg);
    until = kn_monitor_now() + runner->ms + 1; /* a part of this millisecond is over */
    while (runner->is_held)
        (void)kn_monitor_wait(runner->monitor, KN_NEVER);
    while (runner->ms > 0 && kn_monitor_wait(runner->monitor, until)) {
    }
    runner->is_in_pass = false;
    kn_monitor_leave(runner->monitor);
}

/* Pieces come in order: nothing is written behind a gap. */
static void write_cache(const struct kn_pass_row *row)
{
    struct kn_cache *cache = row->cache;

    assert(row->batch_row < cache->batch && row->tokens > 0);
    assert(row->position + row->tokens <= cache->max_length);
    assert(row->position <= cache->written[row->batch_row]);
    cache->written[row->batch_row] = row->position + row->tokens;
}

static bool compute(const struct kn_runner *runner, const struct kn_pass_row *row, uint32_t blocks)
{
    size_t n = (size_t)row->tokens * runner->width, prompted = row->prompt_tokens * runner->width;
    bool good = true;

    assert(row->prompt_tokens <= row->tokens);
    write_cache(row);
    for (size_t i = 0; i < n; i++) {
        good = good && row->hidden[i] < (float)FAKE_BAD;
        row->hidden[i] += (float)blocks;
        for (uint32_t b = 0; row->prompts != NULL && i < prompted && b < blocks; b++)
            row->hidden[i] += row->prompts[b * row->prompt_stride + i];
    }
    return good;
}

static enum kn_code spoil(const struct kn_runner *runner, const struct kn_pass_row *rows, size_t n,
                          const bool *is_bad)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < (size_t)rows[i].tokens * runner->width; j++)
            rows[i].hidden[j] = is_bad[i] ? INFINITY : (float)FAKE_VOID;
    }
    return KN_E_RANGE;
}

enum kn_code kn_pass_run(struct kn_runner *runner, uint32_t from, uint32_t to,
                         const struct kn_pass_row *rows, size_t n, size_t *bad)
{
    struct fake_pass pass = { .from = from, .to = to, .rows = n };
    bool is_bad[KN_PASS_ROWS_MAX] = { false };
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        pass.tokens += rows[i].tokens;
        pass.longest = rows[i].tokens > pass.longest ? rows[i].tokens : pass.longest;
    }
    assert(from < to && n > 0 && n <= KN_PASS_ROWS_MAX && pass.tokens <= KN_PASS_TOKENS_MAX);
    enter(runner, &pass);
    if (runner->fails != KN_OK)
        return runner->fails;
    for (size_t i = 0; i < n; i++) {
        assert(rows[i].cache != NULL);
        is_bad[i] = !compute(runner, &rows[i], to - from);
        if (is_bad[i] && good)
            *bad = i;
        good = good && !is_bad[i];
    }
    return good ? KN_OK : spoil(runner, rows, n, is_bad);
}
