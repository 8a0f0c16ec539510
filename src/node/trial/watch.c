#include "node/trial/watch.h"

#include <string.h>

#include "lib/os/cgroup.h"
#include "lib/os/memory.h"
#include "lib/os/pages.h"

enum kn_code kn_watch_begin(struct kn_watch *watch, struct kn_error *err)
{
    watch->own = watch->mapped = 0;
    watch->begin = kn_memory_left(watch->root);
    if (watch->begin < 0) /* then a limit of the settings alone protects nobody */
        return kn_fail(err, KN_E_UNKNOWN, "the available memory could not be read");
    if (watch->most >= 0 && watch->most < watch->begin)
        watch->begin = watch->most;
    return KN_OK;
}

/*
 * Pages of files are counted as free while the system would drop them, and as used when it would
 * not: what is left lies between the two, and no less than by our own bookkeeping.
 */
int64_t kn_watch_left(const struct kn_watch *watch)
{
    int64_t told = kn_memory_left(watch->root), kept = watch->begin - watch->own - watch->mapped;
    int64_t without = told - watch->mapped;

    if (told < 0)
        return 0;
    without = without > kept ? without : kept;
    told = told < without ? told : without;
    if (watch->most >= 0 && watch->most - watch->own - watch->mapped < told)
        told = watch->most - watch->own - watch->mapped;
    return told;
}

enum kn_code kn_watch_ask(const struct kn_watch *watch, int64_t bytes)
{
    if (watch->cancelled != NULL && atomic_load(watch->cancelled))
        return KN_E_CANCELLED;
    return kn_watch_left(watch) - bytes >= KN_WATCH_MARGIN ? KN_OK : KN_E_LIMIT;
}

static void copy(uint8_t *at, size_t n, const uint8_t *pattern, size_t pattern_n)
{
    for (size_t done = 0; done < n; done += pattern_n)
        memcpy(at + done, pattern, n - done < pattern_n ? n - done : pattern_n);
}

enum kn_code kn_watch_fill(struct kn_watch *watch, void *at, size_t n, const void *pattern,
                           size_t pattern_n)
{
    enum kn_code rc = KN_OK;

    for (size_t done = 0; rc == KN_OK && done < n;) {
        size_t piece = n - done < KN_WATCH_PIECE ? n - done : KN_WATCH_PIECE;

        rc = kn_watch_ask(watch, (int64_t)piece);
        if (rc != KN_OK)
            break;
        if (pattern != NULL)
            copy((uint8_t *)at + done, piece, pattern, pattern_n);
        else
            memset((uint8_t *)at + done, 0, piece);
        watch->own += (int64_t)piece;
        done += piece;
    }
    return rc;
}

enum kn_code kn_watch_read(struct kn_watch *watch, const void *at, size_t n)
{
    const volatile uint8_t *bytes = at;
    size_t page = kn_page_size();
    enum kn_code rc = KN_OK;

    for (size_t done = 0; rc == KN_OK && done < n;) {
        size_t piece = n - done < KN_WATCH_PIECE ? n - done : KN_WATCH_PIECE;

        rc = kn_watch_ask(watch, (int64_t)piece);
        for (size_t i = done; rc == KN_OK && i < done + piece; i += page)
            (void)bytes[i];
        if (rc == KN_OK)
            watch->mapped += (int64_t)piece;
        done += piece;
    }
    return rc;
}
