#include "support/fake_compute.h"

#include "lib/base/memory.h"
#include "lib/io/loop.h"

static struct fake_compute *the_fake;

struct kn_session {
    struct fake_compute *fake;
    struct kn_session_wish wish;
    struct kn_timer *timer;
    struct kn_step step;
    bool opened, stepping, is_forward;
    struct kn_session *next;
};

static struct kn_session *all;

struct kn_forward {
    struct kn_session session;
};

struct kn_compute *fake_compute_start(struct fake_compute *fake, struct kn_loop *loop)
{
    the_fake = fake;
    all = NULL;
    fake->loop = loop;
    return (struct kn_compute *)(void *)fake;
}

static void unlink_session(struct kn_session *session)
{
    struct kn_session **at = &all;

    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
}

static void release(struct kn_session *session)
{
    if (!session->stepping)
        return;
    session->stepping = false;
    session->fake->released++;
    session->step.release(session->step.owner);
}

static void free_session(struct kn_session *session)
{
    release(session);
    unlink_session(session);
    kn_timer_free(session->timer);
    kn_free(session);
}

static void compute(struct kn_session *session)
{
    struct fake_compute *fake = session->fake;
    const struct kn_step *step = &session->step;
    size_t hidden = 64, n = (size_t)session->wish.batch * step->tokens * hidden;

    for (size_t i = 0; i < n; i++)
        step->hidden[i] += 1;
    (void)fake;
}

static void finish_step(struct kn_session *session)
{
    struct kn_step step = session->step;
    struct fake_compute *fake = session->fake;
    struct kn_error err = { 0 };

    if (fake->step_code == KN_OK)
        compute(session);
    else
        (void)kn_fail(&err, fake->step_code, "%s", fake->text);
    session->stepping = false;
    if (session->is_forward)
        free_session(session);
    step.done(step.arg, fake->step_code, &err);
    fake->released++;
    step.release(step.owner);
}

static void fire(void *arg)
{
    struct kn_session *session = arg;
    struct fake_compute *fake = session->fake;
    struct kn_error err = { 0 };

    if (!session->opened) {
        if (fake->hold_open)
            return;
        session->opened = true;
        if (fake->open_code != KN_OK)
            (void)kn_fail(&err, fake->open_code, "%s", fake->text);
        session->wish.opened(session->wish.arg, fake->open_code,
                             fake->open_code == KN_OK ? session : NULL, &err);
    } else if (session->stepping && !fake->hold_step) {
        finish_step(session);
    }
}

void fake_compute_go(struct fake_compute *fake)
{
    fake->hold_open = false;
    fake->hold_step = false;
    for (struct kn_session *s = all; s != NULL; s = s->next)
        kn_timer_set(s->timer, kn_loop_now(fake->loop));
}

static struct kn_session *new_session(struct fake_compute *fake, size_t size,
                                      const struct kn_session_wish *wish)
{
    struct kn_session *session = kn_try_alloc(size);

    if (session == NULL)
        return NULL;
    session->timer = kn_timer_new(fake->loop, fire, session);
    if (session->timer == NULL) {
        kn_free(session);
        return NULL;
    }
    session->fake = fake;
    session->wish = *wish;
    session->next = all;
    all = session;
    kn_timer_set(session->timer, kn_loop_now(fake->loop));
    return session;
}

struct kn_session *kn_session_open(struct kn_compute *compute_, const struct kn_session_wish *wish)
{
    struct fake_compute *fake = (struct fake_compute *)(void *)compute_;

    fake->sessions++;
    fake->wish = *wish;
    return new_session(fake, sizeof(struct kn_session), wish);
}

void kn_session_close(struct kn_session *session)
{
    session->fake->closed++;
    free_session(session);
}

static void note(struct fake_compute *fake, const struct kn_step *step, uint32_t batch)
{
    fake->step = *step;
    fake->first = step->tokens > 0 ? step->hidden[0] : 0;
    fake->prompt = step->prompts != NULL ? step->prompts[0] : 0;
    for (size_t i = 0; i < 8; i++)
        fake->hypo[i] = step->hypo != NULL && i < batch ? step->hypo[i] : -1;
}

void kn_session_step(struct kn_session *session, const struct kn_step *step)
{
    session->fake->steps++;
    session->step = *step;
    session->stepping = true;
    note(session->fake, step, session->wish.batch);
    kn_timer_set(session->timer, kn_loop_now(session->fake->loop));
}

struct kn_forward *kn_forward_start(struct kn_compute *compute_, uint32_t from, uint32_t to,
                                    uint32_t batch, const struct kn_step *step)
{
    struct fake_compute *fake = (struct fake_compute *)(void *)compute_;
    const struct kn_session_wish wish = { .from = from, .to = to, .batch = batch };
    struct kn_session *session = new_session(fake, sizeof(struct kn_forward), &wish);

    if (session == NULL)
        return NULL;
    fake->forwards++;
    fake->wish = wish;
    session->opened = true;
    session->is_forward = true;
    session->step = *step;
    session->stepping = true;
    note(fake, step, batch);
    return (struct kn_forward *)(void *)session;
}

void kn_forward_cancel(struct kn_forward *forward)
{
    if (forward == NULL)
        return;
    forward->session.fake->cancelled++;
    free_session(&forward->session);
}

void kn_compute_state(const struct kn_compute *compute_, struct kn_compute_state *out)
{
    (void)compute_;
    *out = (struct kn_compute_state){ .cache_tokens_left = the_fake->tokens_left };
}
