#include "lib/io/dns_query.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "lib/base/memory.h"

enum { TRIES = 2, TRY_SECONDS_MAX = 5 };

static enum kn_code code_of_failure(int h_error, int number)
{
    if (h_error == HOST_NOT_FOUND || h_error == NO_DATA)
        return KN_E_NOT_FOUND;
    return h_error == TRY_AGAIN && number == ETIMEDOUT ? KN_E_TIMEOUT : KN_E_IO;
}

/* The system's settings, but no more patience than the caller has. */
static void set_patience(struct __res_state *resolver, int timeout_ms)
{
    int seconds = timeout_ms / 1000 + 1;

    if (seconds > TRY_SECONDS_MAX)
        seconds = TRY_SECONDS_MAX;
    if (resolver->retrans > seconds)
        resolver->retrans = seconds;
    if (resolver->retry > TRIES)
        resolver->retry = TRIES;
}

static enum kn_code ask(struct __res_state *resolver, const char *name, uint8_t *answer,
                        struct kn_dns_texts *out)
{
    int n;

    errno = 0;
    n = res_nquery(resolver, name, ns_c_in, ns_t_txt, answer, KN_DNS_MESSAGE_MAX);
    if (n < 0)
        return code_of_failure(resolver->res_h_errno, errno);
    if (n > KN_DNS_MESSAGE_MAX) /* how long it would have been */
        n = KN_DNS_MESSAGE_MAX;
    return kn_dns_txt_read(kn_span(answer, (size_t)n), out);
}

enum kn_code kn_dns_query_txt(const char *name, int timeout_ms, struct kn_dns_texts *out)
{
    struct __res_state resolver;
    uint8_t *answer = kn_try_alloc(KN_DNS_MESSAGE_MAX);
    enum kn_code rc = KN_E_IO;

    if (answer == NULL)
        return KN_E_NO_MEMORY;
    memset(&resolver, 0, sizeof(resolver));
    if (res_ninit(&resolver) == 0) {
        set_patience(&resolver, timeout_ms);
        rc = ask(&resolver, name, answer, out);
        res_nclose(&resolver);
    }
    kn_free(answer);
    return rc;
}
