#include "node/trial/hold.h"

#include "compute/compute.h"
#include "lib/base/memory.h"
#include "lib/os/pages.h"
#include "node/trial/made_up.h"

/* One block that is there. */
struct held {
    struct kn_model *model; /* NULL: made up */
    struct kn_made_up made;
    int64_t own, mapped; /* of its weights */
    void *rest;          /* of its cache, that the session of the trial does not need */
    size_t rest_size;
};

struct kn_hold {
    struct kn_hold_options options;
    uint32_t count;
    struct held *blocks;              /* [most] */
    struct kn_block_weights *weights; /* [most] */
    float *norm;                      /* of what is made up */
    struct kn_hold_sizes sizes;
    struct kn_pool *pool;
    struct kn_runner *runner; /* of `count` blocks, or NULL */
};

enum kn_code kn_hold_new(const struct kn_hold_options *options, struct kn_hold **out,
                         struct kn_error *err)
{
    struct kn_hold *hold = kn_try_alloc(sizeof(*hold));
    enum kn_code rc;

    if (hold == NULL)
        return kn_fail_no_memory(err);
    hold->options = *options;
    hold->blocks = kn_try_alloc((size_t)options->most * sizeof(*hold->blocks));
    hold->weights = kn_try_alloc((size_t)options->most * sizeof(*hold->weights));
    hold->norm = kn_try_alloc((size_t)options->decoder->hidden * sizeof(float));
    if (hold->blocks == NULL || hold->weights == NULL || hold->norm == NULL) {
        kn_hold_free(hold);
        return kn_fail_no_memory(err);
    }
    rc = kn_pool_new(options->threads, &hold->pool, err);
    if (rc != KN_OK) {
        kn_hold_free(hold);
        return rc;
    }
    for (uint32_t i = 0; i < options->decoder->hidden; i++)
        hold->norm[i] = 1;
    *out = hold;
    return KN_OK;
}

static void drop_runner(struct kn_hold *hold)
{
    kn_runner_free(hold->runner);
    hold->runner = NULL;
}

static void drop_last(struct kn_hold *hold)
{
    struct held *block = &hold->blocks[--hold->count];
    struct kn_watch *watch = hold->options.watch;

    drop_runner(hold);
    kn_model_close(block->model);
    kn_made_up_done(&block->made);
    kn_pages_free(block->rest, block->rest_size);
    watch->own -= block->own;
    watch->mapped -= block->mapped;
    *block = (struct held){ 0 };
}

void kn_hold_free(struct kn_hold *hold)
{
    if (hold == NULL)
        return;
    while (hold->blocks != NULL && hold->count > 0)
        drop_last(hold);
    drop_runner(hold);
    kn_pool_free(hold->pool);
    kn_free(hold->norm);
    kn_free(hold->weights);
    kn_free(hold->blocks);
    kn_free(hold);
}

const struct kn_hold_options *kn_hold_options(const struct kn_hold *hold)
{
    return &hold->options;
}

bool kn_hold_matrix(const struct kn_hold *hold, uint32_t index, uint32_t i,
                    const struct kn_matrix **out)
{
    const struct kn_block_weights *w = &hold->weights[index];
    const struct kn_matrix *attention[] = { &w->query, &w->key, &w->value, &w->output };
    uint32_t experts = hold->options.decoder->experts, three = (uint32_t)KN_COUNT(attention);
    const struct kn_feed_forward *one = experts > 0 ? w->experts : &w->feed_forward;

    if (i < three) {
        *out = attention[i];
        return true;
    }
    i -= three;
    if (i / 3 >= (experts > 0 ? experts : 1))
        return false;
    one += i / 3;
    *out = i % 3 == 0 ? &one->gate : i % 3 == 1 ? &one->up : &one->down;
    return true;
}

/* -- a block more */

/* Files are mapped, so what is read is there; what was converted is memory of our own. */
static enum kn_code touch_model(struct kn_hold *hold, struct held *block)
{
    struct kn_watch *watch = hold->options.watch;
    const struct kn_matrix *matrix;
    int64_t before = watch->mapped, mapped, bytes = kn_model_bytes(block->model, &mapped);
    enum kn_code rc = KN_OK;

    watch->own += bytes - mapped;
    if (!kn_model_is_intact(block->model))
        return KN_E_CHANGED;
    for (uint32_t i = 0;
         rc == KN_OK && mapped > 0 && kn_hold_matrix(hold, hold->count - 1, i, &matrix); i++)
        rc = kn_watch_read(watch, matrix->at,
                           kn_matrix_bytes(matrix->type, matrix->rows, matrix->columns));
    if (rc == KN_OK)
        watch->mapped = before + mapped;
    return rc;
}

static enum kn_code load(struct kn_hold *hold, struct held *block, struct kn_error *err)
{
    const struct kn_hold_options *o = &hold->options;
    const struct kn_model_options options = {
        .folder = o->folder, .from = hold->count - 1, .to = hold->count, .as = o->as
    };
    size_t converted = o->as == KN_WEIGHTS_EXACT ? 0 : kn_made_up_bytes(o->decoder, o->as);
    enum kn_code rc = kn_watch_ask(o->watch, (int64_t)converted);

    if (rc != KN_OK)
        return rc;
    rc = kn_model_open(&options, &block->model, err);
    if (rc != KN_OK)
        return rc == KN_E_NO_MEMORY ? KN_E_LIMIT : rc;
    hold->weights[hold->count - 1] = kn_model_blocks(block->model)[0];
    rc = touch_model(hold, block);
    if (rc == KN_E_CHANGED)
        (void)kn_fail(err, rc, "%.200s: a file was cut meanwhile", o->folder);
    return rc;
}

/* spec: REQ-0.6.2; a fifth of what is assigned, which is a quarter of the weights. */
static void size_cache(struct kn_hold *hold, int64_t weight_bytes)
{
    int64_t token = kn_cache_token_bytes(hold->options.decoder), tokens = weight_bytes / 4 / token;
    struct kn_hold_sizes *sizes = &hold->sizes;

    tokens = tokens < 1 ? 1 : tokens > KN_DECODER_POSITIONS_MAX ? KN_DECODER_POSITIONS_MAX : tokens;
    sizes->weight_bytes = weight_bytes;
    sizes->cache_tokens = (uint32_t)tokens;
    sizes->cache_bytes = tokens * token;
    sizes->session_tokens = hold->options.length < sizes->cache_tokens && hold->options.length > 0
                                ? hold->options.length
                                : sizes->cache_tokens;
}

static enum kn_code add_rest(struct kn_hold *hold, struct held *block)
{
    int64_t session = kn_cache_bytes(hold->options.decoder, 1, 1, hold->sizes.session_tokens);

    if (!hold->options.with_cache || hold->sizes.cache_bytes <= session)
        return KN_OK;
    block->rest_size = (size_t)(hold->sizes.cache_bytes - session);
    block->rest = kn_pages_new(block->rest_size);
    if (block->rest == NULL)
        return KN_E_LIMIT;
    return kn_watch_fill(hold->options.watch, block->rest, block->rest_size, NULL, 0);
}

static enum kn_code add(struct kn_hold *hold, struct kn_error *err)
{
    const struct kn_hold_options *o = &hold->options;
    struct held *block = &hold->blocks[hold->count];
    int64_t own = o->watch->own, mapped = o->watch->mapped, taken;
    enum kn_code rc;

    drop_runner(hold);
    hold->count++;
    if (o->folder != NULL)
        rc = load(hold, block, err);
    else
        rc = kn_made_up_block(o->decoder, o->as, hold->norm, o->watch, &block->made,
                              &hold->weights[hold->count - 1]);
    taken = o->watch->own - own + o->watch->mapped - mapped;
    if (rc == KN_OK && hold->count == 1)
        size_cache(hold, taken);
    if (rc == KN_OK)
        rc = add_rest(hold, block);
    block->own = o->watch->own - own;
    block->mapped = o->watch->mapped - mapped;
    if (rc != KN_OK)
        drop_last(hold);
    return rc;
}

enum kn_code kn_hold_resize(struct kn_hold *hold, uint32_t n, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    while (hold->count > n)
        drop_last(hold);
    while (rc == KN_OK && hold->count < n)
        rc = add(hold, err);
    return rc;
}

enum kn_code kn_hold_threads(struct kn_hold *hold, unsigned threads, struct kn_error *err)
{
    if (kn_pool_threads(hold->pool) == threads)
        return KN_OK;
    drop_runner(hold);
    kn_pool_free(hold->pool);
    hold->pool = NULL;
    return kn_pool_new(threads, &hold->pool, err);
}

struct kn_runner *kn_hold_runner(struct kn_hold *hold, struct kn_error *err)
{
    const struct kn_runner_options options = {
        .decoder = hold->options.decoder,
        .weights = hold->weights,
        .count = hold->count,
        .kernels = kn_kernels_best(),
        .pool = hold->pool,
    };

    if (hold->runner == NULL && kn_runner_new(&options, &hold->runner, err) != KN_OK)
        return NULL;
    return hold->runner;
}

struct kn_pool *kn_hold_pool(const struct kn_hold *hold)
{
    return hold->pool;
}

struct kn_hold_sizes kn_hold_sizes(const struct kn_hold *hold)
{
    return hold->sizes;
}

/* -- a session of full length */

struct session {
    struct kn_cache *cache;
    int64_t bytes; /* of it that are taken */
    float *hidden; /* of a long piece */
    uint32_t piece;
};

static enum kn_code fill_cache(struct kn_hold *hold, struct session *s)
{
    struct kn_watch *watch = hold->options.watch;
    int64_t bytes =
        kn_cache_bytes(hold->options.decoder, hold->count, 1, hold->sizes.session_tokens);
    enum kn_code rc = KN_OK;

    while (rc == KN_OK && s->bytes < bytes) {
        int64_t left = bytes - s->bytes, n = left < KN_WATCH_PIECE ? left : KN_WATCH_PIECE;

        rc = kn_watch_ask(watch, n);
        if (rc != KN_OK)
            break;
        kn_cache_fill(s->cache, s->bytes, n, 0.125F);
        s->bytes += n;
        watch->own += n;
    }
    return rc;
}

static enum kn_code pass(struct kn_hold *hold, const struct session *s, uint32_t blocks,
                         uint32_t tokens, struct kn_error *err)
{
    const struct kn_pass_row row = {
        .cache = s->cache,
        .position = hold->sizes.session_tokens - tokens,
        .tokens = tokens,
        .hidden = s->hidden,
    };
    size_t width = hold->options.decoder->hidden, bad;
    struct kn_runner *runner = kn_hold_runner(hold, err);
    enum kn_code rc = runner != NULL ? KN_OK : err->code;

    for (size_t i = 0; i < (size_t)tokens * width; i++)
        s->hidden[i] = (float)(i % 61) / 61 - 0.5F;
    if (rc == KN_OK)
        rc = kn_pass_run(runner, 0, blocks, &row, 1, &bad);
    if (rc == KN_E_RANGE)
        rc = kn_fail(err, KN_E_INVALID, "%u blocks gave a number that is not finite", blocks);
    return rc == KN_E_NO_MEMORY ? KN_E_LIMIT : rc;
}

static enum kn_code run_session(struct kn_hold *hold, struct session *s, struct kn_error *err)
{
    const struct kn_decoder *decoder = hold->options.decoder;
    enum kn_code rc = fill_cache(hold, s);

    if (rc == KN_OK) /* the scratch is the runner's, as in a node */
        rc = kn_watch_ask(hold->options.watch, kn_runner_scratch(decoder, s->piece) +
                                                   (int64_t)s->piece * decoder->hidden * 4);
    if (rc == KN_OK)
        rc = pass(hold, s, 1, s->piece, err);
    if (rc == KN_OK)
        rc = pass(hold, s, hold->count, 1, err);
    return rc == KN_OK ? kn_watch_ask(hold->options.watch, 0) : rc;
}

enum kn_code kn_hold_run(struct kn_hold *hold, uint32_t n, struct kn_error *err)
{
    const struct kn_decoder *decoder = hold->options.decoder;
    struct session s = { 0 };
    enum kn_code rc = kn_hold_resize(hold, n, err);

    if (rc != KN_OK)
        return rc;
    drop_runner(hold); /* its scratch is counted with this session */
    s.piece = hold->sizes.session_tokens < KN_COMPUTE_PIECE ? hold->sizes.session_tokens
                                                            : KN_COMPUTE_PIECE;
    s.cache = kn_cache_new(decoder, n, 1, hold->sizes.session_tokens);
    s.hidden = kn_try_alloc((size_t)s.piece * decoder->hidden * sizeof(float));
    rc = s.cache != NULL && s.hidden != NULL ? run_session(hold, &s, err) : KN_E_LIMIT;
    drop_runner(hold);
    kn_cache_free(s.cache);
    kn_free(s.hidden);
    hold->options.watch->own -= s.bytes;
    return rc;
}
