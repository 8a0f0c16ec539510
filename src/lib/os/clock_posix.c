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
