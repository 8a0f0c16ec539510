#include "lib/os/clock.h"

#include <time.h>

enum kn_code kn_clock_now(int64_t *seconds)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return KN_E_UNKNOWN;
    *seconds = now.tv_sec;
    return KN_OK;
}

void kn_clock_sleep_ms(int64_t ms)
{
    const struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&rest, NULL);
}
