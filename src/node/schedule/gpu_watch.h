/*
 * gpu_watch — when a GPU counts as busy: not for one moment of work, and not idle for one of rest.
 * Pure.
 */
#ifndef KN_NODE_SCHEDULE_GPU_WATCH_H
#define KN_NODE_SCHEDULE_GPU_WATCH_H

#include <stdbool.h>

enum {
    KN_GPU_BUSY_PERCENT = 30, /* at least so much, so often in a row, is busy */
    KN_GPU_BUSY_LOOKS = 2,
    KN_GPU_IDLE_PERCENT = 10, /* at most so much, so often in a row, is idle again */
    KN_GPU_IDLE_LOOKS = 4,
};

/* Begin with { 0 }: idle. */
struct kn_gpu_watch {
    bool is_busy;
    int in_a_row; /* looks that say the contrary */
};

/* One look; `percent` below 0: nobody told, which says nothing. Is it busy now? */
bool kn_gpu_watch_add(struct kn_gpu_watch *watch, int percent);

#endif
