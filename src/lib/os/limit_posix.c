#include "lib/os/limit.h"

#include <errno.h>
#include <sys/resource.h>

#include "lib/base/attributes.h"
#include "lib/os/failure.h"

#if defined(__SANITIZE_ADDRESS__)
enum { IS_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif
#else
enum { IS_SANITIZED = 0 };
#endif

/* The first argument of getrlimit() has another type in every C library. */
static int get(enum kn_limit which, struct rlimit *out)
{
    return which == KN_LIMIT_MEMORY ? getrlimit(RLIMIT_DATA, out) : getrlimit(RLIMIT_NOFILE, out);
}

static int set(enum kn_limit which, const struct rlimit *limit)
{
    return which == KN_LIMIT_MEMORY ? setrlimit(RLIMIT_DATA, limit)
                                    : setrlimit(RLIMIT_NOFILE, limit);
}

static int64_t tell(rlim_t limit)
{
    return limit == RLIM_INFINITY || limit > (rlim_t)INT64_MAX ? KN_LIMIT_NONE : (int64_t)limit;
}

void kn_limit_read(enum kn_limit which, int64_t *now, int64_t *most)
{
    struct rlimit limit;

    *now = *most = KN_LIMIT_NONE;
    if (get(which, &limit) != 0)
        return;
    *now = tell(limit.rlim_cur);
    *most = tell(limit.rlim_max);
}

enum kn_code kn_limit_set(enum kn_limit which, int64_t limit, struct kn_error *err)
{
    struct rlimit both;

    if (which == KN_LIMIT_MEMORY && IS_SANITIZED && limit != KN_LIMIT_NONE)
        return kn_fail(err, KN_E_UNSUPPORTED, "a sanitizer takes more memory than any limit");
    if (get(which, &both) != 0)
        return kn_fail_system(err, errno, "read the limit");
    both.rlim_cur = limit == KN_LIMIT_NONE ? both.rlim_max : (rlim_t)limit;
    if (both.rlim_max != RLIM_INFINITY && both.rlim_cur > both.rlim_max)
        return kn_fail(err, KN_E_DENIED, "the hard limit is %lld", (long long)tell(both.rlim_max));
    return set(which, &both) == 0 ? KN_OK : kn_fail_system(err, errno, "set the limit");
}
