#include "lib/io/child.h"

#include <signal.h>

#include "lib/base/memory.h"
#include "lib/io/inside.h"

enum { DESCRIPTORS = 3 };

struct kn_child {
    uv_process_t handle;
    kn_child_fn *ended;
    void *arg;
    bool is_over, is_apart;
};

static void on_closed(uv_handle_t *handle)
{
    kn_free(handle->data);
}

static void on_exit_of(uv_process_t *handle, int64_t status, int number)
{
    struct kn_child *child = handle->data;

    child->is_over = true;
    if (child->ended != NULL)
        child->ended(child->arg, number != 0 ? 128 + number : (int)status);
}

/* libuv takes them as if it could change them, and does not. */
static char **as_taken(const char *const *words)
{
    union {
        const char *const *given;
        char **taken;
    } both = { .given = words };

    return both.taken;
}

static enum kn_code refuse(const char *program, int status, struct kn_error *err)
{
    enum kn_code code = kn_code_from_uv(status);

    if (status == UV_ENOMEM)
        return kn_fail_no_memory(err);
    if (status == UV_ENOENT)
        code = KN_E_NOT_FOUND;
    else if (status == UV_EACCES)
        code = KN_E_DENIED;
    return kn_fail(err, code, "cannot run \"%s\": %s", program, uv_strerror(status));
}

enum kn_code kn_child_start(struct kn_loop *loop, const struct kn_child_options *options,
                            kn_child_fn *ended, void *arg, struct kn_child **out,
                            struct kn_error *err)
{
    uv_stdio_container_t descriptors[DESCRIPTORS];
    uv_process_options_t how = {
        .exit_cb = on_exit_of,
        .file = options->program,
        .args = as_taken(options->argv),
        .env = as_taken(options->environment),
        .cwd = options->folder,
        .stdio_count = DESCRIPTORS,
        .stdio = descriptors,
    };
    struct kn_child *child = kn_try_alloc(sizeof(*child));
    int status;

    if (child == NULL)
        return kn_fail_no_memory(err);
    for (int i = 0; i < DESCRIPTORS; i++) {
        descriptors[i].flags = options->is_apart ? UV_IGNORE : UV_INHERIT_FD;
        descriptors[i].data.fd = i;
    }
    if (options->is_apart)
        how.flags = UV_PROCESS_DETACHED;
    child->is_apart = options->is_apart;
    child->ended = ended;
    child->arg = arg;
    child->handle.data = child;
    status = uv_spawn(loop->uv, &child->handle, &how);
    if (status != 0) { /* the handle is closed all the same, and frees its memory */
        child->is_over = true;
        kn_child_free(child);
        return refuse(options->program, status, err);
    }
    *out = child;
    return KN_OK;
}

void kn_child_signal(struct kn_child *child, enum kn_child_signal number)
{
    int which = number == KN_CHILD_KILL ? SIGKILL : SIGTERM;

    if (child->is_over)
        return;
    if (child->is_apart) /* the group that its session began with */
        (void)uv_kill(-child->handle.pid, which);
    else
        (void)uv_process_kill(&child->handle, which);
}

void kn_child_free(struct kn_child *child)
{
    if (child == NULL)
        return;
    child->ended = NULL;
    uv_close((uv_handle_t *)&child->handle, on_closed);
}
