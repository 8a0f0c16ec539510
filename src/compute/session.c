#include <assert.h>

#include "compute/inside.h"
#include "lib/base/memory.h"

void kn_session_start(struct kn_session *session, struct kn_compute *c)
{
    session->compute = c;
    kn_link_add_last(&c->all, &session->all);
}

void kn_session_tell(struct kn_session *session)
{
    session->state = KN_SESSION_TOLD;
    kn_link_add_last(&session->compute->told, &session->turn);
    kn_compute_arrange(session->compute);
}

bool kn_wish_is_served(const struct kn_compute *c, const struct kn_session_wish *wish,
                       struct kn_error *err)
{
    uint32_t first = c->options.first, end = first + c->options.count;

    if (wish->from >= wish->to)
        kn_fail(err, KN_E_RANGE, "blocks %u to %u (exclusive) are none", wish->from, wish->to);
    else if (wish->from < first || wish->to > end)
        kn_fail(err, KN_E_RANGE, "blocks %u-%u are not served here: %u-%u are", wish->from,
                wish->to - 1, first, end - 1);
    else if (wish->batch < 1 || wish->batch > KN_CACHE_BATCH_MAX)
        kn_fail(err, KN_E_RANGE, "a batch of %u is outside 1 to %d", wish->batch,
                KN_CACHE_BATCH_MAX);
    else if (wish->max_length > c->options.max_length)
        kn_fail(err, KN_E_RANGE, "Maximum length exceeded: %u tokens are more than %u",
                wish->max_length, c->options.max_length);
    else
        return true;
    return false;
}

struct kn_session *kn_session_open(struct kn_compute *c, const struct kn_session_wish *wish)
{
    struct kn_session *session = kn_try_alloc(sizeof(*session));

    if (session == NULL)
        return NULL;
    session->wish = *wish;
    kn_session_start(session, c);
    if (kn_wish_is_served(c, wish, &session->outcome))
        kn_room_join(session);
    else
        kn_session_tell(session);
    kn_compute_arrange(c);
    return session;
}

static void tell_opened(struct kn_session *session)
{
    struct kn_error err = session->outcome; /* the session may be closed while it is read */
    struct kn_session_wish wish = session->wish;

    session->state = err.code == KN_OK ? KN_SESSION_IDLE : KN_SESSION_OVER;
    wish.opened(wish.arg, err.code, session, &err);
}

/* All of it may be freed by the callbacks: what is needed afterwards is copied. */
void kn_session_told(struct kn_session *session)
{
    struct kn_error err = session->outcome;
    struct kn_step step = session->step;

    kn_link_remove(&session->turn);
    if (!session->has_step) {
        tell_opened(session);
        return;
    }
    session->has_step = false;
    kn_free(session->hypo); /* of a step whose pass could not begin */
    session->hypo = NULL;
    session->state = KN_SESSION_IDLE;
    session->outcome = (struct kn_error){ 0 };
    if (session->is_forward)
        kn_session_drop(session);
    step.done(step.arg, err.code, &err);
    kn_step_release(&step);
}

void kn_session_drop(struct kn_session *session)
{
    struct kn_step step = session->step;
    bool has_step = session->has_step;

    if (session->is_forward)
        kn_forward_end(session);
    else
        kn_room_give_back(session);
    kn_link_remove(&session->all);
    kn_free(session->hypo);
    kn_free(session);
    if (has_step)
        kn_step_release(&step);
}

void kn_session_close(struct kn_session *session)
{
    struct kn_compute *c;

    if (session == NULL)
        return;
    c = session->compute;
    assert(!session->is_closed);
    session->is_closed = true;
    if (session->state == KN_SESSION_RUNNING)
        return; /* the pass holds it */
    if (session->state == KN_SESSION_WAITING && !session->is_forward)
        kn_room_leave(session);
    kn_link_remove(&session->turn);
    kn_session_drop(session);
    kn_compute_arrange(c);
}
