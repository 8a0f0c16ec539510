#include "lib/io/work.h"

#include "lib/base/memory.h"
#include "lib/io/inside.h"

struct kn_work {
    uv_work_t request;
    void (*work)(void *arg);
    void (*done)(void *arg, enum kn_code code);
    void *arg;
};

static void run(uv_work_t *request)
{
    struct kn_work *work = request->data;

    work->work(work->arg);
}

static void after(uv_work_t *request, int status)
{
    struct kn_work *work = request->data;
    void (*done)(void *arg, enum kn_code code) = work->done;
    void *arg = work->arg;

    kn_free(work);
    done(arg, status == 0 ? KN_OK : kn_code_from_uv(status));
}

enum kn_code kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                           void (*done)(void *arg, enum kn_code code), void *arg)
{
    struct kn_work *w = kn_try_alloc(sizeof(*w));
    int status;

    if (w == NULL)
        return KN_E_NO_MEMORY;
    w->request.data = w;
    w->work = work;
    w->done = done;
    w->arg = arg;
    status = uv_queue_work(loop->uv, &w->request, run, after);
    if (status == 0)
        return KN_OK;
    kn_free(w);
    return kn_code_from_uv(status);
}
