#include "node/blocks/loading.h"

#include <stdatomic.h>

#include "compute/block/self_test.h"
#include "lib/base/memory.h"
#include "lib/io/work.h"

/* Of the first measurement: others wait for these blocks. */
enum { MEASURE_MS = 100 };

struct kn_loading {
    struct kn_blocks_wish wish;
    struct kn_loaded loaded;
    enum kn_code code;
    struct kn_error err;
    kn_loading_fn *done;
    void (*gone)(void *arg);
    void *arg;
    atomic_bool is_abandoned;
};

void kn_loaded_done(struct kn_loaded *loaded)
{
    kn_runner_free(loaded->runner);
    kn_pool_free(loaded->pool);
    kn_model_close(loaded->model);
    *loaded = (struct kn_loaded){ 0 };
}

enum kn_code kn_loaded_check(const struct kn_loaded *loaded, struct kn_error *err)
{
    const char *path = kn_model_changed_file(loaded->model);

    if (path == NULL)
        return KN_OK;
    (void)kn_fail(err, KN_E_CHANGED, "%s was changed, or cannot be read any more", path);
    kn_hint(err, "Put the file back as it was.");
    return KN_E_CHANGED;
}

static bool is_wanted(void *arg)
{
    const struct kn_loading *l = arg;

    return !atomic_load(&l->is_abandoned);
}

static enum kn_code open_files(struct kn_loading *l)
{
    const struct kn_model_options options = {
        .folder = l->wish.folder,
        .from = l->wish.from,
        .to = l->wish.to,
        .as = l->wish.as,
        .is_wanted = is_wanted,
        .arg = l,
    };

    return kn_model_open(&options, &l->loaded.model, &l->err);
}

static enum kn_code make_runner(struct kn_loading *l)
{
    struct kn_runner_options options = {
        .decoder = kn_model_decoder(l->loaded.model),
        .weights = kn_model_blocks(l->loaded.model),
        .count = l->wish.to - l->wish.from,
        .kernels = kn_kernels_best(),
    };
    enum kn_code rc = kn_pool_new(l->wish.threads, &l->loaded.pool, &l->err);

    if (rc != KN_OK)
        return rc;
    options.pool = l->loaded.pool;
    return kn_runner_new(&options, &l->loaded.runner, &l->err);
}

/* Of exactly the blocks that are to be served. */
static enum kn_code test(struct kn_loading *l)
{
    uint32_t failed = 0;
    enum kn_code rc = kn_self_test(l->loaded.runner, &failed, &l->err);

    if (rc == KN_E_INVALID && failed < l->wish.to - l->wish.from)
        kn_wrap(&l->err, "block %u", l->wish.from + failed);
    return rc;
}

/* spec: petals/server/throughput.py; of one block, as others reckon. */
static enum kn_code measure(struct kn_loading *l)
{
    const struct kn_speed_wish wish = {
        .runner = l->loaded.runner,
        .decoder = kn_model_decoder(l->loaded.model),
        .from = 0,
        .to = 1,
        .budget_ms = MEASURE_MS,
    };

    return kn_speed_measure(&wish, &l->loaded.speed, &l->err);
}

static enum kn_code load(struct kn_loading *l)
{
    int64_t begin = kn_loop_clock_us(), opened;
    enum kn_code rc = open_files(l);

    if (rc == KN_OK)
        rc = make_runner(l);
    opened = kn_loop_clock_us();
    if (rc == KN_OK && !is_wanted(l))
        rc = KN_E_CANCELLED;
    if (rc == KN_OK)
        rc = test(l);
    l->loaded.open_us = opened - begin;
    l->loaded.test_us = kn_loop_clock_us() - opened;
    if (rc == KN_OK)
        rc = measure(l);
    if (l->loaded.model != NULL && kn_loaded_check(&l->loaded, &l->err) != KN_OK)
        rc = KN_E_CHANGED; /* and not what came of it */
    return rc;
}

static void work(void *arg)
{
    struct kn_loading *l = arg;

    l->code = load(l);
    if (l->code != KN_OK)
        kn_loaded_done(&l->loaded);
}

static void on_done(void *arg, enum kn_code code)
{
    struct kn_loading *l = arg;

    if (code != KN_OK)
        l->code = kn_fail(&l->err, code, "the blocks could not be loaded");
    if (!is_wanted(l)) {
        kn_loaded_done(&l->loaded);
        if (l->gone != NULL)
            l->gone(l->arg);
    } else {
        l->done(l->arg, l->code, &l->loaded, &l->err);
    }
    kn_free(l);
}

struct kn_loading *kn_loading_start(struct kn_loop *loop, const struct kn_blocks_wish *wish,
                                    kn_loading_fn *done, void *arg)
{
    struct kn_loading *l = kn_try_alloc(sizeof(*l));

    if (l == NULL)
        return NULL;
    l->wish = *wish;
    l->done = done;
    l->arg = arg;
    atomic_init(&l->is_abandoned, false);
    if (kn_work_start(loop, work, on_done, l) == KN_OK)
        return l;
    kn_free(l);
    return NULL;
}

void kn_loading_abandon(struct kn_loading *loading, void (*gone)(void *arg), void *arg)
{
    if (loading == NULL)
        return;
    loading->gone = gone;
    loading->arg = arg;
    atomic_store(&loading->is_abandoned, true);
}
