#include "network/yamux/yamux.h"

#include "support/fuse.h"
#include "support/yamux.h"

/* A session with a stream each way, in which every allocation fails once. */
struct short_run {
    bool short_of_memory;
    unsigned lost;
};

static void answer(void *arg, struct kn_yamux_stream *stream)
{
    struct short_run *run = arg;

    kn_yamux_stream_set_user(stream, run);
    if (kn_yamux_write(stream, kn_span_text("answer")) == KN_E_NO_MEMORY)
        run->short_of_memory = true;
}

static void count_lost(void *user, enum kn_yamux_end how)
{
    struct short_run *run = user;

    run->lost += how == KN_YAMUX_LOST;
}

static const struct kn_yamux_events events = { .opened = answer, .ended = count_lost };

static void note(struct short_run *run, enum kn_code rc)
{
    CHECK("no other failure", rc == KN_OK || rc == KN_E_NO_MEMORY);
    run->short_of_memory |= rc == KN_E_NO_MEMORY;
}

static void use(struct kn_yamux *y, struct short_run *run, struct kn_span in)
{
    struct kn_yamux_stream *stream = NULL;
    struct kn_buffer wire = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_yamux_open(y, run, &stream);

    note(run, rc);
    if (rc == KN_OK) {
        CHECK_EQ("ours", kn_yamux_stream_is_ours(stream), true);
        note(run, kn_yamux_write(stream, kn_span_text("question")));
    }
    note(run, kn_yamux_input(y, in, 1, &err));
    kn_yamux_output(y, SIZE_MAX, &wire);
    run->short_of_memory |= wire.failed;
    CHECK_EQ("streams are counted", run->lost, 0);
    run->lost = 0;
    kn_buffer_done(&wire);
}

static void whichever_allocation_fails_it_is_told_and_nothing_is_lost(void **state)
{
    struct kn_buffer in = { 0 };
    bool burnt = true;
    int tries = 0;

    (void)state;
    yamux_frames(
        "W2.s:0 D2:abc P0.s:1 W4.s:0 W6.s:0 W8.s:0 W10.s:0 W12.s:0 W14.s:0 W16.s:0 W18.s:0 "
        "W20.s:0 W2.r:0",
        &in);
    for (; burnt; tries++) {
        struct short_run run = { 0 };
        struct kn_yamux *y;

        kn_fuse = tries;
        y = kn_yamux_new(KN_ROLE_DIALER, &events, &run, 0);
        run.short_of_memory = y == NULL;
        if (y != NULL)
            use(y, &run, kn_buffer_get(&in));
        burnt = kn_fuse < 0;
        kn_fuse = -1;
        CHECK_EQ("told", run.short_of_memory, burnt);
        if (y != NULL) {
            size_t left = kn_yamux_stream_count(y);

            kn_yamux_free(y);
            CHECK_EQ("every stream was told", run.lost, left);
        }
    }
    CHECK("many were tried", tries > 20);
    kn_buffer_done(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whichever_allocation_fails_it_is_told_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
