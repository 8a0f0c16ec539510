#include "compute/pace.h"

static void start(struct kn_pace_of *of, kn_time now)
{
    kn_tally_start(&of->passes, now);
    kn_tally_start(&of->work, now);
    kn_tally_start(&of->us, now);
}

void kn_pace_start(struct kn_pace *pace, kn_time now)
{
    start(&pace->steps, now);
    start(&pace->pieces, now);
}

void kn_pace_add(struct kn_pace *pace, kn_time now, uint32_t rows, uint32_t tokens, uint32_t blocks,
                 int64_t us)
{
    struct kn_pace_of *of = rows == 1 && tokens == 1 ? &pace->steps : &pace->pieces;

    if (us <= 0 || (of == &pace->pieces && tokens < KN_PACE_PIECE))
        return;
    kn_tally_add(&of->passes, now, 1);
    kn_tally_add(&of->work, now, (uint64_t)tokens * blocks);
    kn_tally_add(&of->us, now, (uint64_t)us);
}

/* All three rates are of the same minute, which falls out. */
static double speed(const struct kn_pace_of *of, kn_time now, uint64_t enough)
{
    double us = kn_tally_rate(&of->us, now);

    if (us <= 0 || kn_tally_sum(&of->passes, now) < enough)
        return 0;
    return kn_tally_rate(&of->work, now) / us * 1e6;
}

double kn_pace_decode(const struct kn_pace *pace, kn_time now)
{
    return speed(&pace->steps, now, KN_PACE_STEPS);
}

double kn_pace_forward(const struct kn_pace *pace, kn_time now)
{
    return speed(&pace->pieces, now, KN_PACE_PIECES);
}
