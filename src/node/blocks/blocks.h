/*
 * blocks — the blocks that this node serves: fetched where they are missing, loaded, tested, then
 * answered for, until others are wished for.
 *
 * Belongs to the loop thread. Whoever asks before the last stage gets "no such protocol", which is
 * what a node that serves nothing says.
 */
#ifndef KN_NODE_BLOCKS_BLOCKS_H
#define KN_NODE_BLOCKS_BLOCKS_H

#include "compute/compute.h"
#include "compute/measure.h"
#include "node/blocks/fetching.h"
#include "node/blocks/wish.h"
#include "serving/serving.h"

enum {
    KN_BLOCKS_DRAIN_MS = 30000, /* for open sessions to end, before the node goes */
    KN_BLOCKS_NEWS_MS = 10000,  /* between two times that others are told of the cache's room */
    KN_BLOCKS_PACE_MS = 30000,  /* likewise of the speed */
    KN_BLOCKS_SETTLE_MS = 10,   /* between two large pages that weights are copied into */
    KN_BLOCKS_LOOK_MS = 10000,  /* between two looks at the files where nothing is computed */
};

enum kn_blocks_stage {
    KN_BLOCKS_NONE,     /* none are wished for */
    KN_BLOCKS_FETCHING, /* their files, or waiting to try that again */
    KN_BLOCKS_LOADING,  /* and tested and measured */
    KN_BLOCKS_SERVING,  /* clients are answered */
    KN_BLOCKS_DRAINING, /* others are wished for, or none: open sessions end first */
    KN_BLOCKS_FAILED,   /* and why */
};

/* "serving" */
const char *kn_blocks_stage_word(enum kn_blocks_stage stage);

struct kn_blocks;

struct kn_blocks_options {
    struct kn_host *host;
    const char *version; /* kept */
    bool is_dht_client;  /* as clients are told */
    void *arg;
    void (*changed)(void *arg); /* the stage is another, or files could not be fetched */
    /* What happens to clients; may be NULL. */
    void (*served)(void *arg, const struct kn_serving_news *news);
    void (*starved)(void *arg); /* memory was refused that the cache had room for */
    void (*news)(void *arg);    /* room in the cache, or speed, is much more, or less, than told */
};

/* NULL when memory is short. */
KN_MUST_USE struct kn_blocks *kn_blocks_new(const struct kn_blocks_options *options);
/* Before the host. Waits for the pass under way; sessions end with an error. What is being loaded
 * ends while the loop turns. */
void kn_blocks_free(struct kn_blocks *blocks);

/* Serve this from now on; NULL: nothing. What is served already, or on its way, stays, within the
 * limits that are told now, so it may be told again and again; a download that was held back begins
 * when it no longer is. */
void kn_blocks_serve(struct kn_blocks *blocks, const struct kn_blocks_wish *wish);

/* What has failed is not served for that, the next time that it is told: it is tried again, and the
 * failure stays told until that has come to an end. */
void kn_blocks_try_again(struct kn_blocks *blocks);

/* Take no new session, and call `drained` later, when none is open or after KN_BLOCKS_DRAIN_MS. */
void kn_blocks_leave(struct kn_blocks *blocks, void (*drained)(void *arg), void *arg);

struct kn_blocks_report {
    enum kn_blocks_stage stage;
    bool is_ending;                    /* others that were being loaded still hold memory */
    const struct kn_error *failure;    /* with FAILED; with LOADING and FETCHING of the last try, if
                                          there was one; lent */
    const struct kn_blocks_wish *wish; /* NULL with NONE; lent */
    struct kn_fetching_state fetch;    /* with FETCHING */
    /* From SERVING on: */
    const struct kn_speed_measured *speed; /* as measured before, or of late by those served */
    struct kn_compute_state now;
    const struct kn_serving_counters *counters;
    int64_t weight_bytes, cache_bytes, open_us, test_us;
};
void kn_blocks_report(const struct kn_blocks *blocks, struct kn_blocks_report *out);

/* Are exactly these answered for? */
bool kn_blocks_serves(const struct kn_blocks *blocks, const char *prefix, uint32_t from,
                      uint32_t to);

#endif
