#include <inttypes.h>

#include "compute/inside.h"
#include "lib/base/memory.h"

struct kn_forward {
    struct kn_session session;
};

/* Rows of a batch take whole groups of positions, however few tokens they have. */
static bool is_within(struct kn_session *session, struct kn_error *err)
{
    const struct kn_compute *c = session->compute;
    int64_t most = c->options.cache_bytes;

    session->bytes =
        kn_cache_bytes(c->options.decoder, 1, session->wish.batch, session->step.tokens);
    if (most < KN_COMPUTE_FORWARD_BYTES)
        most = KN_COMPUTE_FORWARD_BYTES;
    if (session->bytes <= most)
        return true;
    kn_fail(err, KN_E_LIMIT,
            "a batch of %u with %u tokens each takes %" PRId64
            " bytes of cache, more than %" PRId64,
            session->wish.batch, session->step.tokens, session->bytes, most);
    return false;
}

/* Those who have been checked; who waits here has no cache yet. */
static void join_line(struct kn_session *session)
{
    struct kn_compute *c = session->compute;

    session->state = KN_SESSION_WAITING;
    kn_link_add_last(&c->forward_line, &session->turn);
    c->line_changed = true;
    kn_compute_arrange(c);
}

struct kn_forward *kn_forward_start(struct kn_compute *c, uint32_t from, uint32_t to,
                                    uint32_t batch, const struct kn_step *step)
{
    struct kn_forward *forward = kn_try_alloc(sizeof(*forward));
    struct kn_session *session;

    if (forward == NULL)
        return NULL;
    session = &forward->session;
    session->is_forward = true;
    session->wish = (struct kn_session_wish){
        .from = from, .to = to, .batch = batch, .max_length = step->tokens
    };
    session->step = *step;
    session->step.hypo = NULL;
    session->has_step = true;
    kn_session_start(session, c);
    if (c->forwards++ >= KN_COMPUTE_FORWARD_MAX)
        kn_fail(&session->outcome, KN_E_LIMIT, "%d other forwards wait or run",
                KN_COMPUTE_FORWARD_MAX);
    if (session->outcome.code == KN_OK && kn_wish_is_served(c, &session->wish, &session->outcome) &&
        kn_step_has_shape(session, &session->outcome) && step->tokens > 0 &&
        is_within(session, &session->outcome))
        join_line(session);
    else
        kn_session_tell(session);
    return forward;
}

/* Caches of forwards are no part of the sessions' room: each holds one block, and together they
 * are bounded; one that is larger than that runs while no other does. */
static bool fits(const struct kn_session *session)
{
    const struct kn_compute *c = session->compute;

    return c->forward_used == 0 ||
           session->bytes <= (int64_t)KN_COMPUTE_FORWARD_BYTES - c->forward_used;
}

void kn_forward_turn(struct kn_compute *c)
{
    struct kn_session *session;

    while ((session = kn_session_first(&c->forward_line)) != NULL && fits(session)) {
        kn_link_remove(&session->turn);
        session->cache =
            kn_cache_new(c->options.decoder, 1, session->wish.batch, session->step.tokens);
        if (session->cache == NULL) {
            kn_fail_no_memory(&session->outcome);
            kn_session_tell(session);
            continue;
        }
        session->has_room = true;
        c->forward_used += session->bytes;
        kn_session_line_up(session);
    }
}

void kn_forward_end(struct kn_session *session)
{
    struct kn_compute *c = session->compute;

    kn_cache_free(session->cache);
    session->cache = NULL;
    c->forwards--;
    c->line_changed = true; /* for those behind it, perhaps */
    if (session->has_room)
        c->forward_used -= session->bytes;
    session->has_room = false;
}

void kn_forward_cancel(struct kn_forward *forward)
{
    if (forward != NULL)
        kn_session_close(&forward->session);
}
