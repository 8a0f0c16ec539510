/*
 * search — the largest number for which something holds, with few tries.
 */
#ifndef KN_TRIAL_SEARCH_H
#define KN_TRIAL_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

struct kn_search {
    uint32_t first; /* is tried first, within 1 to most: what somebody expects */
    uint32_t most;  /* larger ones are not asked for */
    void *arg;
    /* Does it hold for `n`? Whatever holds for a number holds for all smaller ones. Anything but
     * KN_OK ends the search. */
    enum kn_code (*holds)(void *arg, uint32_t n, bool *out);
};

/*
 * The largest number that holds into `*out`, 0 when not even 1 does. From the expected one on
 * steps grow until the answer turns, then halves are taken: at most 2 log2(most) + 2 tries. After a
 * failure `*out` is the largest number that is known to hold.
 */
KN_MUST_USE enum kn_code kn_search_largest(const struct kn_search *search, uint32_t *out);

#endif
