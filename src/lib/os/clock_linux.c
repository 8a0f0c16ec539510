#include <time.h>

#include "lib/os/clock.h"

enum kn_code kn_clock_since_boot(int64_t *ms)
{
    struct timespec now;

    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return KN_E_UNKNOWN;
    *ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return KN_OK;
}
