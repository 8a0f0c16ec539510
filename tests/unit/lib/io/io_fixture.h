/*
 * io_fixture — one loop on loopback for the tests of lib/io, with a fuse so that no test hangs.
 */
#ifndef KN_TESTS_IO_FIXTURE_H
#define KN_TESTS_IO_FIXTURE_H

#include <stdlib.h>

#include "lib/io/loop.h"
#include "lib/io/tcp.h"
#include "support/check.h"

enum { PATIENCE_MS = 30000 };

static inline struct kn_endpoint loopback(bool is_ip6)
{
    struct kn_endpoint at = { .is_ip6 = is_ip6 };

    if (is_ip6)
        at.ip[15] = 1;
    else
        memcpy(at.ip, "\x7f\0\0\1", 4);
    return at;
}

static inline struct kn_loop *new_loop(void)
{
    struct kn_loop *loop = NULL;
    struct kn_error err = { 0 };

    CHECK_EQ(err.text, kn_loop_new(&loop, &err), KN_OK);
    return loop;
}

static inline void lost_patience(void *arg)
{
    (void)arg;
    (void)fputs("the test hangs\n", stderr);
    abort();
}

/* Run until the test stops the loop. */
static inline void run_loop(struct kn_loop *loop)
{
    struct kn_timer *fuse = kn_timer_new(loop, lost_patience, NULL);

    assert_non_null(fuse);
    kn_timer_set(fuse, kn_loop_now(loop) + PATIENCE_MS);
    kn_loop_run(loop);
    kn_timer_free(fuse);
}

#endif
