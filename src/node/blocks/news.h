/*
 * news — what of the blocks that are served has changed so much that others should hear of it now,
 * not with the next round of records.
 *
 * Pure. spec: petals/server/server.py tells the room in the cache and what was measured once, each
 * round.
 */
#ifndef KN_NODE_BLOCKS_NEWS_H
#define KN_NODE_BLOCKS_NEWS_H

#include "compute/compute.h"
#include "compute/measure.h"

enum {
    KN_NEWS_FORGET_MS = 600000, /* without a pass that tells: the first measurement counts again,
                                 * or nobody would come to find a slow node fast */
};

/* A quarter of the whole is worth a round of records, but not each session that comes. In tokens.
 */
bool kn_news_of_room(int64_t whole, int64_t told, int64_t now);

struct kn_speed_news {
    struct kn_speed_measured first, told; /* before anybody was served; what others know */
    kn_time seen_at;                      /* when passes told something last */
};

void kn_speed_news_start(struct kn_speed_news *news, const struct kn_speed_measured *first,
                         kn_time now);

/* True, and `told` is another: passes are half as fast again as others know, or less than two
 * thirds of that. Speeds of one machine differ by a third by themselves. */
bool kn_news_of_speed(struct kn_speed_news *news, const struct kn_compute_state *state,
                      kn_time now);

#endif
