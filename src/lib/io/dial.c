#include "lib/base/memory.h"
#include "lib/io/inside.h"

struct kn_dial {
    struct kn_tcp *tcp; /* ours until done() gets it */
    kn_dial_fn *done;   /* NULL: nobody wants to hear any more */
    void *arg;
    uv_connect_t request;
    uv_timer_t deadline;
    unsigned owed; /* libuv callbacks still to come */
    bool settled;
};

static void drop(struct kn_dial *dial)
{
    if (--dial->owed == 0)
        kn_free(dial);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    drop(handle->data);
}

static void settle(struct kn_dial *dial, enum kn_code code)
{
    struct kn_tcp *tcp = dial->tcp;

    if (dial->settled)
        return;
    dial->settled = true;
    dial->tcp = NULL;
    uv_close((uv_handle_t *)&dial->deadline, on_deadline_closed);
    if (code != KN_OK) {
        kn_tcp_free(tcp);
        tcp = NULL;
    }
    if (dial->done != NULL)
        dial->done(dial->arg, code, tcp);
}

/* The few codes that a dial may end with. */
static enum kn_code code_of(int status)
{
    enum kn_code code = kn_code_from_uv(status);

    if (code == KN_E_CLOSED) /* reset before it was a connection */
        return KN_E_REFUSED;
    if (code == KN_OK || code == KN_E_REFUSED || code == KN_E_TIMEOUT || code == KN_E_UNREACHABLE)
        return code;
    return KN_E_IO;
}

static void on_connect(uv_connect_t *request, int status)
{
    struct kn_dial *dial = request->data;

    settle(dial, code_of(status));
    drop(dial);
}

static void on_deadline(uv_timer_t *deadline)
{
    settle(deadline->data, KN_E_TIMEOUT);
}

enum kn_code kn_dial_start(struct kn_loop *loop, const struct kn_endpoint *to, int timeout_ms,
                           kn_dial_fn *done, void *arg, struct kn_dial **out)
{
    struct kn_dial *dial = kn_try_alloc(sizeof(*dial));
    struct sockaddr_storage address;
    int status;

    if (dial == NULL)
        return KN_E_NO_MEMORY;
    dial->tcp = kn_tcp_new(loop);
    if (dial->tcp == NULL) {
        kn_free(dial);
        return KN_E_NO_MEMORY;
    }
    dial->request.data = dial;
    kn_deadline_start(loop, &dial->deadline, timeout_ms, on_deadline, dial);
    dial->owed = 1; /* the deadline's close */
    kn_endpoint_to_system(to, &address);
    status = uv_tcp_connect(&dial->request, &dial->tcp->handle, (const struct sockaddr *)&address,
                            on_connect);
    if (status != 0) {
        settle(dial, KN_E_IO); /* done is not set: silent */
        return code_of(status);
    }
    dial->owed++;
    dial->done = done;
    dial->arg = arg;
    *out = dial;
    return KN_OK;
}

void kn_dial_cancel(struct kn_dial *dial)
{
    if (dial == NULL)
        return;
    dial->done = NULL;
    settle(dial, KN_E_CANCELLED);
}
