/* Sessions on real blocks: whatever else goes through the same passes, and however their steps are
 * cut, each gets what a plain reference says of its own tokens. */
#include "compute/compute.h"

#include "lib/io/loop.h"
#include "support/machines.h"
#include "support/reference.h"

enum { BLOCKS = 3, FIRST = 5, CLIENTS = 9, TOKENS = 130, WIDTH = 20, ROWS = 2, PIECE = 50 };

static const struct kn_decoder shape = {
    .blocks = 8,
    .hidden = WIDTH,
    .heads = 4,
    .kv_heads = 2,
    .head_dim = 6,
    .ffn = 33,
    .max_positions = 4096,
    .norm_epsilon = 1e-5F,
    .rope = { .theta = 10000 },
};

struct scene {
    struct kn_loop *loop;
    struct kn_pool *pool;
    struct kn_runner *runner;
    struct kn_compute *compute;
    struct reference blocks[BLOCKS];
    struct kn_block_weights weights[BLOCKS];
};

struct client {
    struct scene *scene;
    struct kn_session *session;
    uint32_t from, to; /* of the runner */
    uint32_t seed, at, n, goes_back;
    bool swaps, is_swapped; /* its rows, once */
    unsigned spoils;        /* steps that are to fail */
    unsigned done, failed, released;
    float in[ROWS][TOKENS * WIDTH];
    double want[ROWS][TOKENS * WIDTH];
    float hidden[ROWS * TOKENS * WIDTH];
};

static void scene_open(struct scene *scene, uint32_t max_tokens)
{
    struct kn_runner_options options = {
        .decoder = &shape, .weights = scene->weights, .count = BLOCKS, .kernels = kn_kernels_best()
    };
    struct kn_compute_options compute = {
        .decoder = &shape,
        .first = FIRST,
        .count = BLOCKS,
        .cache_bytes = 1 << 26,
        .max_length = TOKENS,
        .limits.max_tokens = max_tokens,
    };

    for (uint32_t b = 0; b < BLOCKS; b++) {
        reference_make(&scene->blocks[b], &shape, b == 1, 100 + b);
        scene->weights[b] = scene->blocks[b].weights;
    }
    CHECK_EQ("loop", kn_loop_new(&scene->loop, NULL), KN_OK);
    CHECK_EQ("pool", kn_pool_new(2, &scene->pool, NULL), KN_OK);
    options.pool = scene->pool;
    CHECK_EQ("runner", kn_runner_new(&options, &scene->runner, NULL), KN_OK);
    compute.loop = scene->loop;
    compute.runner = scene->runner;
    scene->compute = kn_compute_new(&compute);
    CHECK("compute", scene->compute != NULL);
}

static void scene_close(struct scene *scene)
{
    kn_compute_free(scene->compute);
    kn_runner_free(scene->runner);
    kn_pool_free(scene->pool);
    kn_loop_free(scene->loop);
    for (uint32_t b = 0; b < BLOCKS; b++)
        reference_free(&scene->blocks[b]);
}

static void number_client(struct client *client)
{
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < KN_COUNT(client->in[row]); i++) {
            client->in[row][i] = 2 * reference_number(&client->seed);
            client->want[row][i] = (double)client->in[row][i];
        }
        for (uint32_t b = client->from; b < client->to; b++)
            reference_block(&shape, &client->scene->weights[b], client->want[row], TOKENS);
    }
}

/* Row i of the session holds the tokens of that row. */
static size_t row_of(const struct client *client, size_t i)
{
    return client->is_swapped ? ROWS - 1 - i : i;
}

static void check_step(const struct client *client)
{
    double worst = 0, most = 0;

    for (size_t row = 0; row < ROWS; row++) {
        const double *want = client->want[row_of(client, row)] + client->at * WIDTH;
        const float *got = client->hidden + row * client->n * WIDTH;

        for (size_t i = 0; i < client->n * WIDTH; i++) {
            worst = fmax(worst, fabs((double)got[i] - want[i]));
            most = fmax(most, fabs(want[i]));
        }
    }
    CHECK("near the reference", worst <= 2e-5 * most);
}

static void on_released(void *owner)
{
    ((struct client *)owner)->released++;
}

static void next_step(struct client *client);

static void on_done(void *arg, enum kn_code code, const struct kn_error *err)
{
    struct client *client = arg;

    (void)err;
    client->done++;
    if (client->spoils > 0 && code != KN_OK) {
        CHECK_EQ("not finite", code, KN_E_INVALID);
        client->spoils--;
        client->failed++;
    } else {
        CHECK_EQ("done", code, KN_OK);
        check_step(client);
        client->at += client->n;
    }
    if (client->session != NULL && client->at < TOKENS)
        next_step(client);
}

static struct kn_step fill_step(struct client *client, uint32_t n)
{
    client->n = n;
    for (size_t row = 0; row < ROWS; row++)
        memcpy(client->hidden + row * n * WIDTH,
               client->in[row_of(client, row)] + client->at * WIDTH, n * WIDTH * sizeof(float));
    return (struct kn_step){ .position = client->at,
                             .tokens = n,
                             .hidden = client->hidden,
                             .release = on_released,
                             .owner = client,
                             .done = on_done,
                             .arg = client };
}

/* What goes in is looked at before the pass; prompts are seen by what comes out of it. */
static void spoil(struct client *client, struct kn_step *step)
{
    static const float prompts[BLOCKS * WIDTH] = { NAN };

    if (client->spoils == 2)
        client->hidden[3] = INFINITY;
    if (client->spoils == 1) {
        step->prompts = prompts;
        step->prompt_batch = step->prompt_tokens = 1;
    }
}

/* Mostly single tokens, now and then many; sometimes back to where it was before. */
static void next_step(struct client *client)
{
    static const int64_t other_row[ROWS] = { 1, 0 };
    uint32_t n = 1 + (uint32_t)(fabsf(reference_number(&client->seed)) * 6), left;
    struct kn_step step;

    if (n == 6)
        n = PIECE + client->at % 7;
    if (client->at > TOKENS / 2 && client->goes_back > 0) {
        client->goes_back--;
        client->at -= TOKENS / 3;
    }
    if (client->swaps && client->at > TOKENS / 4) {
        client->swaps = false;
        client->is_swapped = true;
        step = fill_step(client, 1);
        step.hypo = other_row;
        kn_session_step(client->session, &step);
        return;
    }
    left = TOKENS - client->at;
    step = fill_step(client, n < left ? n : left);
    if (client->at > 10)
        spoil(client, &step);
    kn_session_step(client->session, &step);
}

static void on_opened(void *arg, enum kn_code code, struct kn_session *session,
                      const struct kn_error *err)
{
    (void)session;
    (void)err;
    CHECK_EQ("opened", code, KN_OK);
    next_step(arg);
}

static void start_client(struct client *client)
{
    const struct kn_session_wish wish = { .from = FIRST + client->from,
                                          .to = FIRST + client->to,
                                          .batch = ROWS,
                                          .max_length = TOKENS,
                                          .opened = on_opened,
                                          .arg = client };

    number_client(client);
    client->session = kn_session_open(client->scene->compute, &wish);
    CHECK("given", client->session != NULL);
}

static void each_session_gets_its_own_whoever_is_beside_it(void **state)
{
    static const uint32_t max_tokens[] = { 0, 7 };
    static struct client clients[CLIENTS], forwarded;

    (void)state;
    for (size_t m = 0; m < KN_COUNT(max_tokens); m++) {
        struct scene scene = { 0 };
        struct kn_step step;

        scene_open(&scene, max_tokens[m]);
        for (uint32_t i = 0; i < CLIENTS; i++) {
            clients[i] = (struct client){ .scene = &scene,
                                          .from = i == 7 ? 1 : 0,
                                          .to = i == 8 ? 1 : BLOCKS,
                                          .seed = 10 + i,
                                          .goes_back = i % 2,
                                          .swaps = i % 3 == 0,
                                          .spoils = i == 4 ? 2 : i == 5 };
            start_client(&clients[i]);
        }
        forwarded = (struct client){ .scene = &scene, .to = BLOCKS, .seed = 3 };
        number_client(&forwarded);
        step = fill_step(&forwarded, TOKENS);
        CHECK("forward", kn_forward_start(scene.compute, FIRST, FIRST + BLOCKS, ROWS, &step));
        kn_loop_run(scene.loop);
        CHECK_EQ("forward", forwarded.done + forwarded.released, 2);
        for (size_t i = 0; i < CLIENTS; i++) {
            CHECK_EQ("to its end", clients[i].at, TOKENS);
            CHECK_EQ("spoilt", clients[i].failed, i == 4 ? 2 : i == 5);
            CHECK_EQ("released", clients[i].released, clients[i].done);
            kn_session_close(clients[i].session);
        }
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_session_gets_its_own_whoever_is_beside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
