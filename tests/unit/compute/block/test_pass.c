/* Passes of made-up blocks of many shapes, held against the plain reference. */
#include "compute/block/pass.h"

#include "support/fuse.h"
#include "support/machines.h"
#include "support/reference.h"

enum { BLOCKS = 2, TOKENS_MAX = 300, HIDDEN_MAX = 80 };

static const struct {
    const char *name;
    struct kn_decoder decoder;
    bool biased;
    uint32_t tokens;
} shapes[] = {
    { "one head each",
      { .hidden = 48, .heads = 3, .kv_heads = 3, .head_dim = 16, .ffn = 40 },
      false,
      150 },
    { "eight of a group",
      { .hidden = 64, .heads = 8, .kv_heads = 1, .head_dim = 8, .ffn = 96 },
      true,
      300 },
    { "odd sides",
      { .hidden = 20, .heads = 10, .kv_heads = 2, .head_dim = 6, .ffn = 33 },
      true,
      140 },
    { "heads wider than all",
      { .hidden = 16, .heads = 4, .kv_heads = 2, .head_dim = 32, .ffn = 12 },
      false,
      60 },
    { "a small window",
      { .hidden = 32, .heads = 4, .kv_heads = 2, .head_dim = 8, .ffn = 32, .window = 5 },
      false,
      80 },
    { "a window of more than a tile",
      { .hidden = 32, .heads = 2, .kv_heads = 2, .head_dim = 16, .ffn = 32, .window = 131 },
      false,
      300 },
    { "a large group",
      { .hidden = 40, .heads = 80, .kv_heads = 1, .head_dim = 2, .ffn = 24 },
      false,
      50 },
};

struct scene {
    struct kn_decoder decoder;
    struct reference blocks[BLOCKS];
    struct kn_block_weights weights[BLOCKS];
    float in[TOKENS_MAX * HIDDEN_MAX];
    double want[TOKENS_MAX * HIDDEN_MAX]; /* behind all blocks */
    const char *name;
    uint32_t tokens;
};

static void complete(struct kn_decoder *decoder)
{
    decoder->blocks = BLOCKS;
    decoder->max_positions = 4096;
    decoder->norm_epsilon = 1e-5F;
    decoder->rope.theta = 10000;
}

static void number_in(struct scene *scene, uint32_t seed)
{
    for (size_t i = 0; i < (size_t)scene->tokens * scene->decoder.hidden; i++)
        scene->in[i] = 2 * reference_number(&seed);
}

static void scene_open(struct scene *scene, const char *name, const struct kn_decoder *decoder,
                       bool biased, uint32_t tokens)
{
    scene->decoder = *decoder;
    scene->name = name;
    scene->tokens = tokens;
    complete(&scene->decoder);
    number_in(scene, 7);
    for (size_t i = 0; i < (size_t)tokens * decoder->hidden; i++)
        scene->want[i] = (double)scene->in[i];
    for (uint32_t b = 0; b < BLOCKS; b++) {
        reference_make(&scene->blocks[b], &scene->decoder, biased, 100 + b);
        scene->weights[b] = scene->blocks[b].weights;
        reference_block(&scene->decoder, &scene->weights[b], scene->want, tokens);
    }
}

static void scene_close(struct scene *scene)
{
    for (uint32_t b = 0; b < BLOCKS; b++)
        reference_free(&scene->blocks[b]);
}

static struct kn_runner *runner_of(const struct scene *scene, const struct machines *machine)
{
    const struct kn_runner_options options = {
        .decoder = &scene->decoder,
        .weights = scene->weights,
        .count = BLOCKS,
        .kernels = machine->kernels,
        .pool = machine->pool,
    };
    struct kn_runner *runner = NULL;

    assert_int_equal(kn_runner_new(&options, &runner, NULL), KN_OK);
    return runner;
}

static struct kn_cache *cache_of(const struct scene *scene, uint32_t batch)
{
    struct kn_cache *cache = kn_cache_new(&scene->decoder, BLOCKS, batch, TOKENS_MAX);

    assert_non_null(cache);
    return cache;
}

/* As a part of the largest value that is wanted. */
static double off(const float *got, const double *want, size_t n)
{
    double most = 0, worst = 0;

    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - want[i]);

        if (isnan(difference))
            return INFINITY;
        worst = fmax(worst, difference);
        most = fmax(most, fabs(want[i]));
    }
    return worst / most;
}

static void check_near(const struct scene *scene, const struct machines *machine,
                       const float *hidden, size_t at, size_t n)
{
    size_t width = scene->decoder.hidden;
    double worst = off(hidden, scene->want + at * width, n * width);

    if (worst > 2e-5)
        (void)fprintf(stderr, "%s, %s, %zu + %zu: off by %g\n", scene->name, machine->name, at, n,
                      worst);
    CHECK(scene->name, worst <= 2e-5);
}

/* Tokens [at, at + n) of the scene, in place of whatever the cache had there. */
static void step(const struct scene *scene, const struct machines *machine,
                 struct kn_runner *runner, struct kn_cache *cache, uint32_t batch_row, uint32_t at,
                 uint32_t n)
{
    static float hidden[TOKENS_MAX * HIDDEN_MAX];
    size_t width = scene->decoder.hidden, bad;
    struct kn_pass_row row = {
        .cache = cache, .batch_row = batch_row, .position = at, .tokens = n, .hidden = hidden
    };

    memcpy(hidden, scene->in + at * width, n * width * sizeof(float));
    CHECK_EQ(scene->name, kn_pass_run(runner, 0, BLOCKS, &row, 1, &bad), KN_OK);
    check_near(scene, machine, hidden, at, n);
}

/* Other numbers, whose results are not looked at. */
static void step_astray(const struct scene *scene, struct kn_runner *runner, struct kn_cache *cache,
                        uint32_t at, uint32_t n, float number)
{
    static float hidden[TOKENS_MAX * HIDDEN_MAX];
    struct kn_pass_row row = { .cache = cache, .position = at, .tokens = n, .hidden = hidden };
    size_t bad;

    for (size_t i = 0; i < (size_t)n * scene->decoder.hidden; i++)
        hidden[i] = number * (float)(i % 7);
    (void)!kn_pass_run(runner, 0, BLOCKS, &row, 1, &bad);
}

static void all_cuts(const struct machines *machine, void *arg)
{
    const struct scene *scene = arg;
    struct kn_runner *runner = runner_of(scene, machine);
    static const uint32_t cuts[] = { 300, 37, 5, 3 };

    for (size_t i = 0; i < KN_COUNT(cuts); i++) {
        struct kn_cache *cache = cache_of(scene, 1);
        uint32_t n;

        for (uint32_t at = 0; at < scene->tokens; at += n) {
            n = scene->tokens - at < cuts[i] ? scene->tokens - at : cuts[i];
            step(scene, machine, runner, cache, 0, at, n);
        }
        kn_cache_free(cache);
    }
    kn_runner_free(runner);
}

static void blocks_of_any_shape_compute_what_the_reference_does(void **state)
{
    static struct scene scene;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(shapes); i++) {
        scene_open(&scene, shapes[i].name, &shapes[i].decoder, shapes[i].biased, shapes[i].tokens);
        machines_each(all_cuts, &scene);
        scene_close(&scene);
    }
}

static void open_plain(struct scene *scene, uint32_t tokens)
{
    scene_open(scene, shapes[1].name, &shapes[1].decoder, shapes[1].biased, tokens);
}

static void back_and_again(const struct machines *machine, void *arg)
{
    const struct scene *scene = arg;
    struct kn_runner *runner = runner_of(scene, machine);
    struct kn_cache *cache = cache_of(scene, 1);

    step(scene, machine, runner, cache, 0, 0, 30);
    step_astray(scene, runner, cache, 30, 40, 1);
    step(scene, machine, runner, cache, 0, 30, 4);
    step(scene, machine, runner, cache, 0, 34, 1);
    step_astray(scene, runner, cache, 20, 80, NAN);
    step(scene, machine, runner, cache, 0, 20, 6);
    step(scene, machine, runner, cache, 0, 26, 1);
    step(scene, machine, runner, cache, 0, 27, 73);
    kn_cache_free(cache);
    kn_runner_free(runner);
}

static void what_lies_behind_the_position_does_not_count(void **state)
{
    static struct scene scene;

    (void)state;
    open_plain(&scene, 100);
    machines_each(back_and_again, &scene);
    scene_close(&scene);
}

enum { BATCH = 3, LENGTH = 45 };

/* Row i of the batch begins `i` tokens of other numbers apart: only row `right` has the scene's. */
static void permuted(const struct machines *machine, void *arg)
{
    static const struct {
        int64_t ids[BATCH];
        uint32_t then; /* the row that has the scene's tokens afterwards */
    } rows[] = {
        { { 0, 1, 2 }, 1 }, { { 1, 0, 2 }, 0 }, { { 2, 0, 1 }, 2 }, { { 1, 1, 1 }, 2 },
        { { 0, 2, 1 }, 2 }, { { 2, 1, 1 }, 2 }, { { 1, 2, 1 }, 2 },
    };
    const struct scene *scene = arg;
    struct kn_runner *runner = runner_of(scene, machine);

    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_cache *cache = cache_of(scene, BATCH);

        step(scene, machine, runner, cache, 1, 0, LENGTH);
        step_astray(scene, runner, cache, 0, LENGTH + 20, 0.5F); /* row 0 */
        assert_int_equal(kn_cache_permute(cache, rows[i].ids, LENGTH), KN_OK);
        step(scene, machine, runner, cache, rows[i].then, LENGTH, 3);
        assert_int_equal(
            kn_cache_permute(cache, (const int64_t[]){ 2, 2, rows[i].then }, LENGTH + 3), KN_OK);
        step(scene, machine, runner, cache, 2, LENGTH + 3, 12);
        kn_cache_free(cache);
    }
    kn_runner_free(runner);
}

static void rows_become_what_others_were(void **state)
{
    static struct scene scene;

    (void)state;
    open_plain(&scene, 60);
    machines_each(permuted, &scene);
    scene_close(&scene);
}

static void ids_of_no_row_change_nothing(void **state)
{
    const struct machines machine = { "plain", kn_kernels_of(KN_ISA_PLAIN), NULL };
    struct machines with_pool = machine;
    static struct scene scene;
    struct kn_runner *runner;
    struct kn_cache *cache;

    (void)state;
    open_plain(&scene, 12);
    assert_int_equal(kn_pool_new(1, &with_pool.pool, NULL), KN_OK);
    runner = runner_of(&scene, &with_pool);
    cache = cache_of(&scene, BATCH);
    step(&scene, &with_pool, runner, cache, 1, 0, 8);
    assert_int_equal(kn_cache_permute(cache, (const int64_t[]){ 1, 0, 3 }, 8), KN_E_RANGE);
    assert_int_equal(kn_cache_permute(cache, (const int64_t[]){ 1, -1, 0 }, 8), KN_E_RANGE);
    assert_int_equal(kn_cache_permute(cache, (const int64_t[]){ 1, 0, 2 }, TOKENS_MAX + 1),
                     KN_E_RANGE);
    step(&scene, &with_pool, runner, cache, 1, 8, 4);
    kn_cache_free(cache);
    kn_runner_free(runner);
    kn_pool_free(with_pool.pool);
    scene_close(&scene);
}

enum { CROWD = 70 };

/* Many sequences, each at another position, one token each. */
static void crowd(const struct machines *machine, void *arg)
{
    static float hidden[CROWD][HIDDEN_MAX];
    const struct scene *scene = arg;
    struct kn_runner *runner = runner_of(scene, machine);
    struct kn_cache *caches[CROWD];
    struct kn_pass_row rows[CROWD];
    size_t width = scene->decoder.hidden, bad = 0;

    for (uint32_t i = 0; i < CROWD; i++) {
        caches[i] = cache_of(scene, 1);
        if (i > 0)
            step(scene, machine, runner, caches[i], 0, 0, i);
        rows[i] = (struct kn_pass_row){
            .cache = caches[i], .position = i, .tokens = 1, .hidden = hidden[i]
        };
        memcpy(hidden[i], scene->in + i * width, width * sizeof(float));
    }
    assert_int_equal(kn_pass_run(runner, 0, BLOCKS, rows, CROWD, &bad), KN_OK);
    for (uint32_t i = 0; i < CROWD; i++)
        check_near(scene, machine, hidden[i], i, 1);
    hidden[41][3] = NAN;
    for (uint32_t i = 0; i < CROWD; i++)
        if (i != 41)
            memcpy(hidden[i], scene->in + i * width, width * sizeof(float));
    assert_int_equal(kn_pass_run(runner, 0, BLOCKS, rows, CROWD, &bad), KN_E_RANGE);
    assert_int_equal(bad, 41);
    for (uint32_t i = 0; i < CROWD; i++)
        if (i != 41)
            check_near(scene, machine, hidden[i], i, 1);
    for (uint32_t i = 0; i < CROWD; i++)
        kn_cache_free(caches[i]);
    kn_runner_free(runner);
}

static void a_number_that_is_not_finite_stays_in_its_row(void **state)
{
    static struct scene scene;

    (void)state;
    open_plain(&scene, CROWD);
    machines_each(crowd, &scene);
    scene_close(&scene);
}

enum { PROMPTED = 20, PROMPT_MAX = 30 };

/* Prompts are added before each block, as far as there are tokens. */
static void prompted(const struct machines *machine, void *arg)
{
    static const uint32_t prompt_tokens[] = { 1, 7, PROMPTED, PROMPT_MAX };
    static float hidden[PROMPTED * HIDDEN_MAX], prompts[BLOCKS * PROMPT_MAX * HIDDEN_MAX];
    static double want[PROMPTED * HIDDEN_MAX];
    const struct scene *scene = arg;
    size_t width = scene->decoder.hidden, bad;
    struct kn_runner *runner = runner_of(scene, machine);
    uint32_t seed = 5;

    for (size_t i = 0; i < KN_COUNT(prompts); i++)
        prompts[i] = reference_number(&seed);
    for (size_t k = 0; k < 2 * KN_COUNT(prompt_tokens); k++) {
        uint32_t tokens = k % 2 == 0 ? PROMPTED : 3, few = prompt_tokens[k / 2];
        size_t n = (few < tokens ? few : tokens) * width, stride = few * width + 5;
        struct kn_cache *cache = cache_of(scene, 1);
        struct kn_pass_row row = { .cache = cache,
                                   .tokens = tokens,
                                   .hidden = hidden,
                                   .prompts = prompts,
                                   .prompt_tokens = few,
                                   .prompt_stride = stride };

        for (size_t i = 0; i < tokens * width; i++)
            want[i] = (double)(hidden[i] = scene->in[i]);
        for (uint32_t b = 0; b < BLOCKS; b++) {
            for (size_t i = 0; i < n; i++)
                want[i] += (double)prompts[b * stride + i];
            reference_block(&scene->decoder, &scene->weights[b], want, tokens);
        }
        assert_int_equal(kn_pass_run(runner, 0, BLOCKS, &row, 1, &bad), KN_OK);
        CHECK(machine->name, off(hidden, want, tokens * width) <= 2e-5);
        kn_cache_free(cache);
    }
    kn_runner_free(runner);
}

static void prompts_are_added_before_each_block(void **state)
{
    static struct scene scene;

    (void)state;
    open_plain(&scene, PROMPTED);
    machines_each(prompted, &scene);
    scene_close(&scene);
}

static void what_cannot_be_computed_is_refused_by_name(void **state)
{
    static const struct {
        const char *says;
        struct kn_decoder decoder;
    } rows[] = {
        { "heads of 7 features",
          { .hidden = 8, .heads = 1, .kv_heads = 1, .head_dim = 7, .ffn = 4 } },
        { "heads of 514 features",
          { .hidden = 8, .heads = 1, .kv_heads = 1, .head_dim = 514, .ffn = 4 } },
        { "3 heads for 2 of keys",
          { .hidden = 8, .heads = 3, .kv_heads = 2, .head_dim = 4, .ffn = 4 } },
        { "1 heads for 0 of keys",
          { .hidden = 8, .heads = 1, .kv_heads = 0, .head_dim = 4, .ffn = 4 } },
        { "0 features", { .hidden = 0, .heads = 1, .kv_heads = 1, .head_dim = 4, .ffn = 4 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_runner_options options = { .decoder = &rows[i].decoder };
        struct kn_runner *runner = NULL;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].says, kn_runner_new(&options, &runner, &err), KN_E_UNSUPPORTED);
        CHECK_HAS(rows[i].says, err.text, rows[i].says);
    }
}

static void memory_that_is_short_is_told(void **state)
{
    struct machines machine = { "plain", kn_kernels_of(KN_ISA_PLAIN), NULL };
    static struct scene scene;
    struct kn_runner_options options = { .decoder = &scene.decoder };
    struct kn_runner *runner = NULL;
    struct kn_cache *cache;

    (void)state;
    open_plain(&scene, 12);
    assert_int_equal(kn_pool_new(1, &machine.pool, NULL), KN_OK);
    kn_fuse = 0;
    assert_int_equal(kn_runner_new(&options, &runner, NULL), KN_E_NO_MEMORY);
    kn_fuse = 0;
    assert_null(kn_cache_new(&scene.decoder, 1, 1, 1));
    kn_fuse = -1;
    runner = runner_of(&scene, &machine);
    cache = cache_of(&scene, 1);
    kn_fuse = 0;
    step_astray(&scene, runner, cache, 0, 4, 1);
    assert_true(kn_fuse < 0);
    kn_fuse = -1;
    step(&scene, &machine, runner, cache, 0, 0, 12);
    kn_cache_free(cache);
    kn_runner_free(runner);
    kn_pool_free(machine.pool);
    scene_close(&scene);
}

static void scratch_has_a_bound(void **state)
{
    (void)state;
    assert_true(kn_runner_scratch(&shapes[0].decoder, 100) <
                kn_runner_scratch(&shapes[0].decoder, KN_PASS_TOKENS_MAX));
    assert_int_equal(kn_runner_scratch(&shapes[0].decoder, 240),
                     kn_runner_scratch(&shapes[0].decoder, KN_PASS_TOKENS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_any_shape_compute_what_the_reference_does),
        cmocka_unit_test(what_lies_behind_the_position_does_not_count),
        cmocka_unit_test(rows_become_what_others_were),
        cmocka_unit_test(ids_of_no_row_change_nothing),
        cmocka_unit_test(a_number_that_is_not_finite_stays_in_its_row),
        cmocka_unit_test(prompts_are_added_before_each_block),
        cmocka_unit_test(what_cannot_be_computed_is_refused_by_name),
        cmocka_unit_test(memory_that_is_short_is_told),
        cmocka_unit_test(scratch_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
