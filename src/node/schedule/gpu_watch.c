#include "node/schedule/gpu_watch.h"

bool kn_gpu_watch_add(struct kn_gpu_watch *watch, int percent)
{
    bool contrary =
        watch->is_busy ? percent <= KN_GPU_IDLE_PERCENT : percent >= KN_GPU_BUSY_PERCENT;

    if (percent < 0)
        return watch->is_busy;
    watch->in_a_row = contrary ? watch->in_a_row + 1 : 0;
    if (watch->in_a_row >= (watch->is_busy ? KN_GPU_IDLE_LOOKS : KN_GPU_BUSY_LOOKS)) {
        watch->is_busy = !watch->is_busy;
        watch->in_a_row = 0;
    }
    return watch->is_busy;
}
