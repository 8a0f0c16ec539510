/* What Petals' blocks made of a small Llama, in float32 and bfloat16, and with other cuts. */
#include "compute/block/pass.h"
#include "compute/block/rope.h"

#include "support/machines.h"
#include "support/tiny.h"

enum { CUTS_MAX = 16 };

struct story {
    const char *file;
    size_t width; /* bytes of a recorded number */
    double within;
    enum kn_weight_type type;
    void (*change)(struct tiny *tiny);
    bool embed;
};

static void scale_rope(struct tiny *tiny)
{
    tiny->decoder.rope = (struct kn_rope){ .theta = 500000,
                                           .scaling = KN_ROPE_LLAMA3,
                                           .factor = 8,
                                           .low_frequency = 1,
                                           .high_frequency = 4,
                                           .original_positions = 64 };
}

static const struct story stories[] = {
    { "petals/block_float32.json", 4, 2e-5, KN_WEIGHT_F32, NULL, false },
    { "petals/block_float32.json", 4, 2e-5, KN_WEIGHT_BF16, NULL, false },
    { "petals/block_bfloat16.json", 2, 2e-2, KN_WEIGHT_BF16, NULL, false },
    { "petals/block_qkv_bias.json", 4, 2e-5, KN_WEIGHT_BF16, tiny_bias, false },
    { "petals/block_rope_llama3.json", 4, 2e-5, KN_WEIGHT_BF16, scale_rope, true },
};

struct scene {
    const struct story *story;
    struct tiny tiny;
    struct tiny_record record;
};

static struct kn_runner *runner_of(const struct scene *scene, const struct machines *machine)
{
    const struct kn_runner_options options = {
        .decoder = &scene->tiny.decoder,
        .weights = scene->tiny.blocks,
        .count = TINY_BLOCKS,
        .kernels = machine->kernels,
        .pool = machine->pool,
    };
    struct kn_runner *runner = NULL;

    assert_int_equal(kn_runner_new(&options, &runner, NULL), KN_OK);
    return runner;
}

/* Run tokens [at, at + n) and compare what comes out with what was recorded behind block `to`. */
static void step(const struct scene *scene, const char *name, struct kn_runner *runner,
                 struct kn_cache *cache, uint32_t from, uint32_t to, size_t at, size_t n)
{
    float hidden[TINY_TOKENS_MAX][TINY_HIDDEN];
    struct kn_pass_row row = {
        .cache = cache, .position = (uint32_t)at, .tokens = (uint32_t)n, .hidden = hidden[0]
    };
    size_t bad;
    double off;

    memcpy(hidden, scene->record.hidden[from][at], n * sizeof(hidden[0]));
    CHECK_EQ(name, kn_pass_run(runner, from, to, &row, 1, &bad), KN_OK);
    off = tiny_off(hidden[0], scene->record.hidden[to][at], n * TINY_HIDDEN);
    if (off > scene->story->within)
        (void)fprintf(stderr, "%s, %s: off by %g at %zu + %zu\n", scene->story->file, name, off, at,
                      n);
    CHECK(name, off <= scene->story->within);
}

static void each_block(const struct scene *scene, const struct machines *machine,
                       struct kn_runner *runner)
{
    for (uint32_t block = 0; block < TINY_BLOCKS; block++) {
        struct kn_cache *cache = kn_cache_new(&scene->tiny.decoder, 1, 1, TINY_TOKENS_MAX);
        size_t at = 0;

        assert_non_null(cache);
        for (size_t i = 0; i < scene->record.steps; at += scene->record.step[i++])
            step(scene, machine->name, runner, cache, block, block + 1, at, scene->record.step[i]);
        kn_cache_free(cache);
    }
}

static void each_cut(const struct scene *scene, const struct machines *machine,
                     struct kn_runner *runner)
{
    static const size_t cuts[][CUTS_MAX] = {
        { TINY_TOKENS_MAX },
        { 8, 1, 1, TINY_TOKENS_MAX },
        { 5, 7, TINY_TOKENS_MAX },
        { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, TINY_TOKENS_MAX },
        { 2, 3, 4, 1, 50, TINY_TOKENS_MAX },
    };

    for (size_t i = 0; i < KN_COUNT(cuts); i++) {
        struct kn_cache *cache =
            kn_cache_new(&scene->tiny.decoder, TINY_BLOCKS, 1, TINY_TOKENS_MAX);
        size_t at = 0, left;

        assert_non_null(cache);
        for (const size_t *n = cuts[i]; (left = scene->record.tokens - at) > 0; n++) {
            size_t take = *n < left ? *n : left;

            step(scene, machine->name, runner, cache, 0, TINY_BLOCKS, at, take);
            at += take;
        }
        kn_cache_free(cache);
    }
}

static void play(const struct machines *machine, void *arg)
{
    const struct scene *scene = arg;
    struct kn_runner *runner = runner_of(scene, machine);

    if (!scene->story->embed)
        each_block(scene, machine, runner);
    each_cut(scene, machine, runner);
    kn_runner_free(runner);
}

static void blocks_compute_what_petals_computes(void **state)
{
    static struct scene scene;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(stories); i++) {
        scene.story = &stories[i];
        tiny_open(&scene.tiny, stories[i].type);
        if (stories[i].change != NULL)
            stories[i].change(&scene.tiny);
        tiny_read(stories[i].file, stories[i].width, &scene.record);
        if (stories[i].embed)
            tiny_embed(&scene.tiny, stories[i].file, &scene.record);
        machines_each(play, &scene);
        tiny_close(&scene.tiny);
    }
}

enum { SESSIONS = 3, TURNS = 4 };

/* Three sessions that came at different times, in the same passes. */
static void together(const struct machines *machine, void *arg)
{
    static const size_t tokens[TURNS][SESSIONS] = {
        { 8, 0, 5 }, { 1, 12, 0 }, { 3, 0, 6 }, { 0, 0, 1 }
    };
    const struct scene *scene = arg;
    static float hidden[SESSIONS][TINY_TOKENS_MAX][TINY_HIDDEN];
    struct kn_runner *runner = runner_of(scene, machine);
    struct kn_cache *caches[SESSIONS];
    uint32_t at[SESSIONS] = { 0 };

    for (size_t i = 0; i < SESSIONS; i++)
        assert_non_null(caches[i] = kn_cache_new(&scene->tiny.decoder, TINY_BLOCKS, 2, 40));
    for (size_t turn = 0; turn < TURNS; turn++) {
        struct kn_pass_row rows[SESSIONS];
        size_t n = 0, bad;

        for (size_t i = 0; i < SESSIONS; i++) {
            if (tokens[turn][i] == 0)
                continue;
            memcpy(hidden[i], scene->record.hidden[0][at[i]],
                   tokens[turn][i] * sizeof(hidden[i][0]));
            rows[n++] = (struct kn_pass_row){ .cache = caches[i],
                                              .batch_row = i % 2,
                                              .position = at[i],
                                              .tokens = (uint32_t)tokens[turn][i],
                                              .hidden = hidden[i][0] };
        }
        assert_int_equal(kn_pass_run(runner, 0, TINY_BLOCKS, rows, n, &bad), KN_OK);
        for (size_t i = 0; i < n; i++)
            CHECK(machine->name,
                  tiny_off(rows[i].hidden, scene->record.hidden[TINY_BLOCKS][rows[i].position],
                           (size_t)rows[i].tokens * TINY_HIDDEN) <= scene->story->within);
        for (size_t i = 0; i < SESSIONS; i++)
            at[i] += (uint32_t)tokens[turn][i];
    }
    for (size_t i = 0; i < SESSIONS; i++)
        kn_cache_free(caches[i]);
    kn_runner_free(runner);
}

static void sessions_in_one_pass_do_not_meet(void **state)
{
    static struct scene scene;

    (void)state;
    scene.story = &stories[1];
    tiny_open(&scene.tiny, scene.story->type);
    tiny_read(scene.story->file, scene.story->width, &scene.record);
    machines_each(together, &scene);
    tiny_close(&scene.tiny);
}

static void scaled_frequencies_are_those_of_transformers(void **state)
{
    enum { HALF = 8 };
    json_t *hex = vectors_object("petals/block_rope_llama3.json", "inv_freq");
    float want[HALF], got[HALF];
    static struct tiny tiny;

    (void)state;
    scale_rope(&tiny);
    tiny_floats(json_string_value(hex), sizeof(float), HALF, want);
    kn_rope_frequencies(&tiny.decoder.rope, 2 * HALF, got);
    for (size_t i = 0; i < HALF; i++)
        CHECK("within a rounding",
              got[i] <= want[i] * 1.0000003F && got[i] >= want[i] * 0.9999997F);
    vectors_done(hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_compute_what_petals_computes),
        cmocka_unit_test(sessions_in_one_pass_do_not_meet),
        cmocka_unit_test(scaled_frequencies_are_those_of_transformers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
