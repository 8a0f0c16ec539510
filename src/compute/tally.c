#include "compute/tally.h"

void kn_tally_start(struct kn_tally *tally, kn_time now)
{
    *tally = (struct kn_tally){ .start = now };
}

void kn_tally_add(struct kn_tally *tally, kn_time now, uint64_t n)
{
    int64_t second = (now - tally->start) / 1000;
    int64_t slot = second % KN_TALLY_SECONDS;

    if (tally->at[slot].second != second) {
        tally->at[slot].second = second;
        tally->at[slot].n = 0;
    }
    tally->at[slot].n += n;
}

uint64_t kn_tally_sum(const struct kn_tally *tally, kn_time now)
{
    int64_t second = (now - tally->start) / 1000;
    uint64_t sum = 0;

    for (int i = 0; i < KN_TALLY_SECONDS; i++) {
        if (tally->at[i].second > second - KN_TALLY_SECONDS)
            sum += tally->at[i].n;
    }
    return sum;
}

double kn_tally_rate(const struct kn_tally *tally, kn_time now)
{
    double passed = (double)(now - tally->start) / 1000;

    if (passed > KN_TALLY_SECONDS)
        passed = KN_TALLY_SECONDS;
    return (double)kn_tally_sum(tally, now) / (passed > 1 ? passed : 1);
}
