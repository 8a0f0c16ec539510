#include "compute/block/self_test.h"

#include <math.h>

#include "support/fuse.h"
#include "support/machines.h"
#include "support/reference.h"

enum { BLOCKS = 3 };

struct scene {
    struct kn_decoder decoder;
    struct reference blocks[BLOCKS];
    struct kn_block_weights weights[BLOCKS];
};

static void scene_open(struct scene *scene)
{
    scene->decoder = (struct kn_decoder){ .blocks = BLOCKS,
                                          .hidden = 96,
                                          .heads = 6,
                                          .kv_heads = 2,
                                          .head_dim = 16,
                                          .ffn = 160,
                                          .max_positions = 64,
                                          .norm_epsilon = 1e-6F,
                                          .rope = { .theta = 10000 } };
    for (uint32_t b = 0; b < BLOCKS; b++) {
        reference_make(&scene->blocks[b], &scene->decoder, true, b);
        scene->weights[b] = scene->blocks[b].weights;
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

static void passes(const struct machines *machine, void *arg)
{
    struct kn_runner *runner = runner_of(arg, machine);
    struct kn_error err = { 0 };
    uint32_t failed = 0;
    double off = 1;

    CHECK_EQ(machine->name, kn_self_test(runner, &failed, &err), KN_OK);
    CHECK_STR(machine->name, err.text, "");
    CHECK_EQ(machine->name, failed, BLOCKS);
    CHECK_EQ(machine->name, kn_self_test_block(runner, 1, &off, &err), KN_OK);
    CHECK(machine->name, off < 1e-5);
    kn_runner_free(runner);
}

static void a_machine_that_computes_right_passes(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene);
    machines_each(passes, &scene);
    scene_close(&scene);
}

static void fails(const struct machines *machine, void *arg)
{
    struct kn_runner *runner = runner_of(arg, machine);
    struct kn_error err = { 0 };
    uint32_t failed = 0;

    CHECK_EQ(machine->name, kn_self_test(runner, &failed, &err), KN_E_INVALID);
    CHECK_HAS(machine->name, err.text, "not finite");
    CHECK_EQ(machine->name, failed, 2);
    kn_runner_free(runner);
}

static void weights_that_are_not_numbers_fail_with_their_block(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene);
    scene.blocks[2].numbers[11] = NAN;
    machines_each(fails, &scene);
    scene_close(&scene);
}

static void fails_empty(const struct machines *machine, void *arg)
{
    struct kn_runner *runner = runner_of(arg, machine);
    struct kn_error err = { 0 };
    uint32_t failed = 0;

    CHECK_EQ(machine->name, kn_self_test(runner, &failed, &err), KN_E_INVALID);
    CHECK_STR(machine->name, err.text, "what comes out is what went in");
    CHECK_EQ(machine->name, failed, 1);
    kn_runner_free(runner);
}

/* As a file has them whose download was never written. */
static void weights_that_are_all_zero_fail(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene);
    reference_free(&scene.blocks[1]);
    scene.decoder.norm_epsilon = 1e-5F;
    reference_make(&scene.blocks[1], &scene.decoder, false, 1);
    memset(scene.blocks[1].numbers, 0, (size_t)96 * 96 * sizeof(float));
    scene.weights[1] = scene.blocks[1].weights;
    scene.weights[1].output = scene.weights[1].query;
    scene.weights[1].feed_forward.down.at = kn_alloc((size_t)96 * 160 * sizeof(float));
    machines_each(fails_empty, &scene);
    kn_free((void *)(uintptr_t)scene.weights[1].feed_forward.down.at);
    scene_close(&scene);
}

static void short_memory_is_told(void **state)
{
    static struct scene scene;
    struct machines machine = { "best", kn_kernels_best(), NULL };
    struct kn_runner *runner;
    struct kn_error err = { 0 };
    uint32_t failed;

    (void)state;
    scene_open(&scene);
    assert_int_equal(kn_pool_new(1, &machine.pool, NULL), KN_OK);
    for (long fuse = 0;; fuse++) {
        enum kn_code code;

        runner = runner_of(&scene, &machine);
        kn_fuse = fuse;
        code = kn_self_test(runner, &failed, &err);
        kn_runner_free(runner);
        if (kn_fuse >= 0)
            break;
        CHECK_EQ("memory", code, KN_E_NO_MEMORY);
        assert_true(fuse < 1000);
    }
    kn_fuse = -1;
    kn_pool_free(machine.pool);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_that_computes_right_passes),
        cmocka_unit_test(weights_that_are_not_numbers_fail_with_their_block),
        cmocka_unit_test(weights_that_are_all_zero_fail),
        cmocka_unit_test(short_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
