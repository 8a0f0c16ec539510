/*
 * fetching — the files of blocks, fetched in a worker, tried again until they are here.
 *
 * Belongs to the loop thread. Bytes that came stay: after a failure, an interrupt or another start
 * it goes on where it stopped.
 */
#ifndef KN_NODE_BLOCKS_FETCHING_H
#define KN_NODE_BLOCKS_FETCHING_H

#include "lib/io/loop.h"
#include "node/blocks/wish.h"

enum {
    KN_FETCHING_FILE_MAX = 255, /* bytes of a file's name that are shown */
    /* After a failure that may pass by itself; doubled each time, up to the other. */
    KN_FETCHING_AGAIN_MS = 30 * 1000,
    /* After one that somebody has to do something about: room, a permission, a library. */
    KN_FETCHING_LATER_MS = 3600 * 1000,
    KN_FETCHING_CONFIG_MS = 10 * 1000, /* for config.json alone */
};

/* How far it is. */
struct kn_fetching_state {
    bool on_hold;
    char file[KN_FETCHING_FILE_MAX + 1]; /* "": it has not begun */
    uint32_t number, files;              /* which one of how many */
    int64_t done, total;                 /* bytes; total 0: nobody knows yet */
    double rate;                    /* bytes a second, over the last seconds; 0 while none come */
    bool checks;                    /* reads what an earlier run has left */
    const struct kn_error *failure; /* of the last try; NULL: none, or it is tried. Lent */
    int64_t again_ms;               /* with a failure: until the next try */
};

struct kn_fetching;

struct kn_fetching_events {
    void *arg;
    /* Once, and the fetching is gone: the folder of config.json, a text lent for the call. */
    void (*fetched)(void *arg, const char *folder);
    /* A try failed in another way than the one before; it will be tried again. */
    void (*failed)(void *arg);
};

/*
 * The files of those blocks; of no block (from == to): config.json alone, once and within
 * KN_FETCHING_CONFIG_MS, and a failure is the end of it.
 * What `wish` says is copied; `version` is the program's, for the server. Neither event comes from
 * within. NULL: memory is short.
 */
KN_MUST_USE struct kn_fetching *kn_fetching_start(struct kn_loop *loop,
                                                  const struct kn_blocks_wish *wish,
                                                  const char *version,
                                                  const struct kn_fetching_events *events);

/* Hold it back no longer; nothing to one that is under way. */
void kn_fetching_begin(struct kn_fetching *fetching);

/* Give up: what came so far stays. The loop must turn until the worker has seen it, about a second
 * at most. NULL is fine. */
void kn_fetching_abandon(struct kn_fetching *fetching);

void kn_fetching_state(const struct kn_fetching *fetching, struct kn_fetching_state *out);

#endif
