/*
 * fake_pass — a runner and caches without numbers, for what stands above them: the pass adds one
 * for each block and what the prompts hold, writes down what it was given, and can wait or fail.
 */
#ifndef KN_TESTS_FAKE_PASS_H
#define KN_TESTS_FAKE_PASS_H

#include <stdatomic.h>

#include "compute/block/pass.h"

struct kn_monitor;

enum {
    FAKE_TOKEN_BYTES = 8, /* of the cache: one position in one block; unless told otherwise */
    FAKE_PASSES_MAX = 4096,
    FAKE_SCRATCH_BYTES = 100, /* between two layers, of a token */
    FAKE_BAD = 1000000000,    /* a finite input from which something that is not finite comes out */
    FAKE_VOID = 777,          /* what a failed pass leaves in each row */
};

struct fake_pass {
    uint32_t from, to;
    size_t rows;
    uint32_t tokens, longest; /* of all rows; of one */
};

struct kn_runner {
    uint32_t width;
    struct kn_monitor *monitor; /* of what follows */
    struct fake_pass passes[FAKE_PASSES_MAX];
    size_t n;
    bool is_held; /* each pass waits until it is not */
    bool is_in_pass;
    enum kn_code fails; /* every pass */
    unsigned ms;        /* that a pass takes, at least */
    void (*entered)(void *arg);
    void *arg; /* on the pass's thread */
};

void fake_runner_start(struct kn_runner *runner, uint32_t width);
void fake_runner_done(struct kn_runner *runner);
void fake_runner_hold(struct kn_runner *runner, bool is_held);

extern atomic_int fake_token_bytes;
extern atomic_int fake_caches;       /* alive */
extern atomic_int fake_permutations; /* of all caches */
extern atomic_bool fake_cache_fails; /* no memory, for a new one or new places */

#endif
