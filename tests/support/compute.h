/*
 * compute — a loop with a compute on a runner without numbers, and clients that use it.
 */
#ifndef KN_TESTS_COMPUTE_H
#define KN_TESTS_COMPUTE_H

#include "compute/compute.h"
#include "lib/io/loop.h"
#include "support/check.h"
#include "support/fake_pass.h"

enum { WIDTH = 2, FIRST = 10, BLOCKS = 8, FLOATS = 2 * WIDTH * 4096 };

struct bench {
    struct kn_loop *loop;
    struct kn_runner runner;
    struct kn_decoder decoder;
    struct kn_compute *compute;
    unsigned rooms;                       /* room_changed */
    atomic_bool is_lost;                  /* what is_intact says, on the pass's thread */
    unsigned losses;                      /* lost */
    void (*in_pass)(struct bench *bench); /* once, on the loop thread, while the pass waits */
    void *arg;
};

struct client {
    struct bench *bench;
    struct kn_session *session;
    struct kn_forward *forward;
    unsigned opened, done, released;
    unsigned order; /* of the last thing told, among all clients */
    enum kn_code code;
    char text[KN_ERROR_TEXT_SIZE];
    float hidden[FLOATS];
    unsigned again; /* steps that follow at once, out of done */
    uint32_t tokens, batch;
    void (*then)(struct client *client); /* inside what was told */
};

static unsigned told_order;

static inline void note_room(void *arg)
{
    ((struct bench *)arg)->rooms++;
}

static inline bool say_intact(void *arg)
{
    return !((struct bench *)arg)->is_lost;
}

static inline void note_lost(void *arg)
{
    ((struct bench *)arg)->losses++;
}

static inline void wake_loop(void *arg)
{
    struct bench *bench = arg;

    kn_loop_wake(bench->loop);
}

static inline void on_wake(void *arg)
{
    struct bench *bench = arg;
    void (*in_pass)(struct bench * bench) = bench->in_pass;

    kn_loop_on_wake(bench->loop, NULL, NULL);
    bench->in_pass = NULL;
    if (in_pass != NULL)
        in_pass(bench);
    fake_runner_hold(&bench->runner, false);
}

/* Let `in_pass` come while the next pass is under way, which waits for it. */
static inline void during_pass(struct bench *bench, void (*in_pass)(struct bench *bench))
{
    bench->in_pass = in_pass;
    bench->runner.entered = wake_loop;
    bench->runner.arg = bench;
    fake_runner_hold(&bench->runner, true);
    kn_loop_on_wake(bench->loop, on_wake, bench);
}

/* `options` says what is unlike the usual. */
static inline struct bench *new_bench(struct kn_compute_options options)
{
    struct bench *bench = test_calloc(1, sizeof(*bench));
    struct kn_error err = { 0 };

    CHECK_EQ("loop", kn_loop_new(&bench->loop, &err), KN_OK);
    fake_runner_start(&bench->runner, WIDTH);
    bench->decoder = (struct kn_decoder){ .hidden = WIDTH };
    options.loop = bench->loop;
    options.runner = &bench->runner;
    options.decoder = &bench->decoder;
    options.first = FIRST;
    options.count = BLOCKS;
    options.room_changed = note_room;
    options.is_intact = say_intact;
    options.lost = note_lost;
    options.arg = bench;
    if (options.cache_bytes == 0)
        options.cache_bytes = 1 << 30;
    if (options.max_length == 0)
        options.max_length = 8192;
    bench->compute = kn_compute_new(&options);
    CHECK("made", bench->compute != NULL);
    return bench;
}

static inline void free_bench(struct bench *bench)
{
    kn_compute_free(bench->compute);
    kn_loop_free(bench->loop);
    fake_runner_done(&bench->runner);
    test_free(bench);
    CHECK_EQ("no cache is left", fake_caches, 0);
}

/* Until nothing more can come. */
static inline void settle(struct bench *bench)
{
    kn_loop_run(bench->loop);
}

static inline struct client *new_client(struct bench *bench)
{
    struct client *client = test_calloc(1, sizeof(*client));

    client->bench = bench;
    client->batch = 1;
    return client;
}

static inline void note(struct client *client, enum kn_code code, const struct kn_error *err)
{
    CHECK_EQ("the code stands in the error too", err->code, code);
    client->code = code;
    client->order = ++told_order;
    (void)snprintf(client->text, sizeof(client->text), "%s", err->text);
    if (client->then != NULL)
        client->then(client);
}

static inline void on_opened(void *arg, enum kn_code code, struct kn_session *session,
                             const struct kn_error *err)
{
    struct client *client = arg;

    CHECK("the session that was given out", client->session == session);
    client->opened++;
    note(client, code, err);
}

static inline void on_released(void *owner)
{
    ((struct client *)owner)->released++;
}

static inline void step_of(struct client *client, struct kn_step step);

static inline void on_done(void *arg, enum kn_code code, const struct kn_error *err)
{
    struct client *client = arg;

    CHECK_EQ("released after", client->released, client->done);
    client->done++;
    client->forward = NULL;
    note(client, code, err);
    if (client->again > 0 && client->session != NULL) {
        client->again--;
        step_of(client, (struct kn_step){ .position = -1, .tokens = client->tokens });
    }
}

/* For `then`: let settle() return, although others wait. */
static inline void stop_loop(struct client *client)
{
    kn_loop_stop(client->bench->loop);
}

static inline void fill_step(struct client *client, struct kn_step *step)
{
    step->hidden = client->hidden;
    step->release = on_released;
    step->owner = client;
    step->done = on_done;
    step->arg = client;
    client->tokens = step->tokens;
}

static inline void step_of(struct client *client, struct kn_step step)
{
    fill_step(client, &step);
    kn_session_step(client->session, &step);
}

static inline void step(struct client *client, uint32_t tokens)
{
    step_of(client, (struct kn_step){ .position = -1, .tokens = tokens });
}

static inline void forward(struct client *client, uint32_t from, uint32_t to, struct kn_step step)
{
    fill_step(client, &step);
    client->forward = kn_forward_start(client->bench->compute, from, to, client->batch, &step);
    CHECK("started", client->forward != NULL);
}

static inline void open_wish(struct client *client, struct kn_session_wish wish)
{
    if (wish.batch == 0)
        wish.batch = 1;
    client->batch = wish.batch;
    wish.opened = on_opened;
    wish.arg = client;
    client->session = kn_session_open(client->bench->compute, &wish);
    CHECK("given", client->session != NULL);
}

/* All blocks. */
static inline struct client *open_client(struct bench *bench, uint32_t max_length)
{
    struct client *client = new_client(bench);

    open_wish(client, (struct kn_session_wish){
                          .from = FIRST, .to = FIRST + BLOCKS, .max_length = max_length });
    return client;
}

static inline struct client *ready_client(struct bench *bench, uint32_t max_length)
{
    struct client *client = open_client(bench, max_length);

    settle(bench);
    CHECK_STR("opened", client->text, "");
    CHECK_EQ("opened", client->opened, 1);
    return client;
}

static inline void close_client(struct client *client)
{
    kn_session_close(client->session);
    client->session = NULL;
}

static inline void free_client(struct client *client)
{
    close_client(client);
    test_free(client);
}

static inline void set_hidden(struct client *client, float value)
{
    for (size_t i = 0; i < FLOATS; i++)
        client->hidden[i] = value;
}

/* The first `tokens` of the whole batch hold `value`, and what follows does not. */
static inline void check_hidden(const char *row, const struct client *client, uint32_t tokens,
                                float value)
{
    for (size_t i = 0; i < (size_t)tokens * WIDTH; i++)
        CHECK_EQ(row, client->hidden[i], value);
    CHECK(row, client->hidden[(size_t)tokens * WIDTH] != value);
}

#endif
