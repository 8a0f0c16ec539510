#include "node/trial/search.h"

/* `low` holds (0: nothing was asked), `high` does not. */
struct range {
    uint32_t low, high;
};

static enum kn_code ask(const struct kn_search *search, uint32_t n, struct range *range)
{
    bool holds = false;
    enum kn_code rc = search->holds(search->arg, n, &holds);

    if (rc != KN_OK)
        return rc;
    if (holds)
        range->low = n;
    else
        range->high = n;
    return KN_OK;
}

/* Away from the expected number, in steps that double, until the answer is another. */
static enum kn_code stretch(const struct kn_search *search, uint32_t first, struct range *range)
{
    enum kn_code rc = ask(search, first, range);
    bool up = range->low > 0;

    for (uint32_t step = 1; rc == KN_OK && range->high - range->low > 1; step *= 2) {
        uint32_t room = range->high - range->low - 1, by = step < room ? step : room;

        if (up != (range->low > 0) || (up && range->high <= search->most))
            break;
        rc = ask(search, up ? range->low + by : range->high - by, range);
    }
    return rc;
}

enum kn_code kn_search_largest(const struct kn_search *search, uint32_t *out)
{
    struct range range = { 0, search->most + 1 };
    uint32_t first = search->first < 1 ? 1 : search->first;
    enum kn_code rc = KN_OK;

    if (search->most > 0)
        rc = stretch(search, first < search->most ? first : search->most, &range);
    while (rc == KN_OK && range.high - range.low > 1)
        rc = ask(search, range.low + (range.high - range.low) / 2, &range);
    *out = range.low;
    return rc;
}
