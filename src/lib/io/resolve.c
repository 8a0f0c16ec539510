#include "lib/io/resolve.h"

#include <netdb.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/dns_query.h"
#include "lib/io/inside.h"

enum { NAME_MAX_BYTES = 255 };

struct kn_resolve {
    kn_resolve_fn *done; /* at most one of these two; NULL: nobody wants to hear any more */
    kn_resolve_txt_fn *done_txt;
    void *arg;
    uv_timer_t deadline;
    unsigned owed; /* libuv callbacks still to come */
    bool settled;
    union {
        uv_getaddrinfo_t lookup;
        uv_work_t work;
        uv_req_t any;
    } request;
    struct kn_endpoint found[KN_RESOLVE_MAX];
    size_t n;

    /* What the worker thread touches; the loop waits with these until it is done. */
    char name[NAME_MAX_BYTES + 1];
    int timeout_ms;
    enum kn_code code;
    struct kn_dns_texts *texts;
};

static void drop(struct kn_resolve *resolve)
{
    if (--resolve->owed > 0)
        return;
    kn_free(resolve->texts);
    kn_free(resolve);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    drop(handle->data);
}

static void tell_texts(struct kn_resolve *resolve, enum kn_code code)
{
    const char *texts[KN_RESOLVE_TXT_MAX];
    size_t n = code == KN_OK ? resolve->texts->n : 0;

    for (size_t i = 0; i < n; i++)
        texts[i] = resolve->texts->text[i];
    resolve->done_txt(resolve->arg, code, texts, n);
}

static void settle(struct kn_resolve *resolve, enum kn_code code)
{
    if (resolve->settled)
        return;
    resolve->settled = true;
    uv_close((uv_handle_t *)&resolve->deadline, on_deadline_closed);
    if (resolve->done != NULL)
        resolve->done(resolve->arg, code, resolve->found, code == KN_OK ? resolve->n : 0);
    else if (resolve->done_txt != NULL)
        tell_texts(resolve, code);
}

/* Before the answer: while the request waits for a thread libuv can still take it back. */
static void give_up(struct kn_resolve *resolve, enum kn_code code)
{
    (void)uv_cancel(&resolve->request.any);
    settle(resolve, code);
}

static void on_deadline(uv_timer_t *deadline)
{
    give_up(deadline->data, KN_E_TIMEOUT);
}

static enum kn_code code_of(enum kn_code code)
{
    return code == KN_OK || code == KN_E_NOT_FOUND || code == KN_E_TIMEOUT ? code : KN_E_IO;
}

/* An endpoint that is not there yet; the system names one for each kind of socket. */
static void add_found(struct kn_resolve *resolve, const struct sockaddr *address)
{
    struct kn_endpoint endpoint;

    if (resolve->n == KN_RESOLVE_MAX || !kn_endpoint_from_system(address, &endpoint))
        return;
    endpoint.port = 0;
    for (size_t i = 0; i < resolve->n; i++) {
        const struct kn_endpoint *other = &resolve->found[i];

        if (other->is_ip6 == endpoint.is_ip6 && other->zone == endpoint.zone &&
            memcmp(other->ip, endpoint.ip, sizeof(endpoint.ip)) == 0)
            return;
    }
    resolve->found[resolve->n++] = endpoint;
}

static void on_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct kn_resolve *resolve = request->data;
    enum kn_code code = code_of(kn_code_from_uv(status));

    for (const struct addrinfo *at = list; at != NULL && !resolve->settled; at = at->ai_next)
        add_found(resolve, at->ai_addr);
    uv_freeaddrinfo(list);
    settle(resolve, code == KN_OK && resolve->n == 0 ? KN_E_NOT_FOUND : code);
    drop(resolve);
}

static void ask_for_texts(uv_work_t *work) /* in a worker thread */
{
    struct kn_resolve *resolve = work->data;

    resolve->code = kn_dns_query_txt(resolve->name, resolve->timeout_ms, resolve->texts);
}

static void on_texts(uv_work_t *work, int status)
{
    struct kn_resolve *resolve = work->data;

    settle(resolve, code_of(status == 0 ? resolve->code : kn_code_from_uv(status)));
    drop(resolve);
}

/* A lookup whose deadline runs; the caller starts the request. */
static enum kn_code new_lookup(struct kn_loop *loop, const char *name, int timeout_ms,
                               struct kn_resolve **out)
{
    size_t n = strlen(name);
    struct kn_resolve *resolve;

    if (n == 0 || n > NAME_MAX_BYTES)
        return KN_E_INVALID;
    resolve = kn_try_alloc(sizeof(*resolve));
    if (resolve == NULL)
        return KN_E_NO_MEMORY;
    memcpy(resolve->name, name, n + 1);
    resolve->timeout_ms = timeout_ms;
    resolve->request.any.data = resolve;
    kn_deadline_start(loop, &resolve->deadline, timeout_ms, on_deadline, resolve);
    resolve->owed = 1; /* the deadline's close */
    *out = resolve;
    return KN_OK;
}

/* The request was not taken: end without a word. */
static enum kn_code abandon(struct kn_resolve *resolve, int status)
{
    resolve->settled = true;
    uv_close((uv_handle_t *)&resolve->deadline, on_deadline_closed);
    if (status == UV_EINVAL) /* not a name */
        return KN_E_INVALID;
    return status == UV_ENOMEM ? KN_E_NO_MEMORY : KN_E_IO;
}

enum kn_code kn_resolve_start(struct kn_loop *loop, const char *name, enum kn_resolve_family family,
                              int timeout_ms, kn_resolve_fn *done, void *arg,
                              struct kn_resolve **out)
{
    static const int families[] = {
        [KN_RESOLVE_ANY] = AF_UNSPEC, [KN_RESOLVE_IP4] = AF_INET, [KN_RESOLVE_IP6] = AF_INET6
    };
    struct addrinfo wanted = { .ai_family = families[family], .ai_socktype = SOCK_STREAM };
    struct kn_resolve *resolve;
    enum kn_code rc = new_lookup(loop, name, timeout_ms, &resolve);
    int status;

    if (rc != KN_OK)
        return rc;
    status = uv_getaddrinfo(loop->uv, &resolve->request.lookup, on_addresses, name, NULL, &wanted);
    if (status != 0)
        return abandon(resolve, status);
    resolve->owed++;
    resolve->done = done;
    resolve->arg = arg;
    *out = resolve;
    return KN_OK;
}

enum kn_code kn_resolve_txt_start(struct kn_loop *loop, const char *name, int timeout_ms,
                                  kn_resolve_txt_fn *done, void *arg, struct kn_resolve **out)
{
    struct kn_resolve *resolve;
    enum kn_code rc = new_lookup(loop, name, timeout_ms, &resolve);
    int status = UV_ENOMEM;

    if (rc != KN_OK)
        return rc;
    resolve->texts = kn_try_alloc(sizeof(*resolve->texts));
    if (resolve->texts != NULL)
        status = uv_queue_work(loop->uv, &resolve->request.work, ask_for_texts, on_texts);
    if (status != 0)
        return abandon(resolve, status);
    resolve->owed++;
    resolve->done_txt = done;
    resolve->arg = arg;
    *out = resolve;
    return KN_OK;
}

void kn_resolve_cancel(struct kn_resolve *resolve)
{
    if (resolve == NULL)
        return;
    resolve->done = NULL;
    resolve->done_txt = NULL;
    give_up(resolve, KN_E_CANCELLED);
}
