/*
 * fake_compute — compute.h without a model: every number becomes one more, and tests decide when
 * and whether.
 */
#ifndef KN_TESTS_FAKE_COMPUTE_H
#define KN_TESTS_FAKE_COMPUTE_H

#include "compute/compute.h"

struct fake_compute {
    struct kn_loop *loop;
    bool hold_open, hold_step; /* until fake_compute_go() */
    enum kn_code open_code, step_code;
    const char *text; /* of those failures */
    int64_t tokens_left;
    /* What was asked. */
    unsigned sessions, closed, steps, forwards, cancelled, released;
    struct kn_session_wish wish; /* the latest */
    struct kn_step step;
    float first;     /* number of the latest step, before it was computed */
    int64_t hypo[8]; /* of the latest step; -1: none */
    float prompt;    /* its first */
};

/* Use it as a struct kn_compute. */
struct kn_compute *fake_compute_start(struct fake_compute *fake, struct kn_loop *loop);
/* Do what was held. */
void fake_compute_go(struct fake_compute *fake);

#endif
