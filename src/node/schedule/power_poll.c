#include "node/schedule/power_poll.h"

#include "lib/base/memory.h"
#include "lib/io/work.h"
#include "lib/os/gpu.h"

enum { GPUS_MAX = 32 };

/* One look; the worker's until it is done. */
struct look {
    struct kn_power_poll *poll; /* NULL: nobody waits for it any more */
    bool at_power, at_gpu;
    struct kn_power_seen seen;
};

struct kn_power_poll {
    struct kn_loop *loop;
    struct kn_timer *timer;
    struct look *look; /* under way */
    bool at_power, at_gpu;
    void (*seen)(void *arg, const struct kn_power_seen *seen);
    void *arg;
};

static int busiest(void)
{
    struct kn_gpu gpus[GPUS_MAX];
    size_t n = kn_gpu_read_nvidia(NULL, gpus, GPUS_MAX);
    int most = KN_GPU_UNKNOWN;

    n += kn_gpu_read_amd("", gpus + n, GPUS_MAX - n);
    for (size_t i = 0; i < n; i++)
        most = gpus[i].busy > most ? gpus[i].busy : most;
    return most;
}

static void work(void *arg)
{
    struct look *look = arg;

    look->seen.power = look->at_power ? kn_power_read("") : KN_POWER_UNKNOWN;
    look->seen.gpu_percent = look->at_gpu ? busiest() : KN_GPU_UNKNOWN;
}

static void on_done(void *arg, enum kn_code code)
{
    struct look *look = arg;
    struct kn_power_poll *poll = look->poll;
    const struct kn_power_seen seen = look->seen;
    bool counts = poll != NULL && look->at_power == poll->at_power && look->at_gpu == poll->at_gpu;

    (void)code;
    kn_free(look);
    if (poll == NULL)
        return;
    poll->look = NULL;
    if (!poll->at_power && !poll->at_gpu)
        return;
    kn_timer_set(poll->timer, kn_loop_now(poll->loop) + (counts ? KN_POWER_POLL_MS : 0));
    if (counts)
        poll->seen(poll->arg, &seen);
}

static void on_timer(void *arg)
{
    struct kn_power_poll *poll = arg;

    if (poll->look != NULL)
        return; /* its end sets the timer */
    kn_timer_set(poll->timer, kn_loop_now(poll->loop) + KN_POWER_POLL_MS);
    poll->look = kn_try_alloc(sizeof(*poll->look));
    if (poll->look == NULL)
        return;
    *poll->look = (struct look){ .poll = poll, .at_power = poll->at_power, .at_gpu = poll->at_gpu };
    if (kn_work_start(poll->loop, work, on_done, poll->look) == KN_OK)
        return;
    kn_free(poll->look);
    poll->look = NULL;
}

struct kn_power_poll *kn_power_poll_new(struct kn_loop *loop,
                                        void (*seen)(void *arg, const struct kn_power_seen *seen),
                                        void *arg)
{
    struct kn_power_poll *poll = kn_try_alloc(sizeof(*poll));

    if (poll == NULL)
        return NULL;
    *poll = (struct kn_power_poll){ .loop = loop, .seen = seen, .arg = arg };
    poll->timer = kn_timer_new(loop, on_timer, poll);
    if (poll->timer != NULL)
        return poll;
    kn_free(poll);
    return NULL;
}

void kn_power_poll_set(struct kn_power_poll *poll, bool at_power, bool at_gpu)
{
    if (poll->at_power == at_power && poll->at_gpu == at_gpu)
        return;
    poll->at_power = at_power;
    poll->at_gpu = at_gpu;
    kn_timer_set(poll->timer, at_power || at_gpu ? kn_loop_now(poll->loop) : KN_NEVER);
}

void kn_power_poll_free(struct kn_power_poll *poll)
{
    if (poll == NULL)
        return;
    if (poll->look != NULL)
        poll->look->poll = NULL;
    kn_timer_free(poll->timer);
    kn_free(poll);
}
