#include <inttypes.h>

#include "compute/inside.h"
#include "lib/base/memory.h"

int64_t kn_room_tokens(const struct kn_compute *c, uint64_t blocks)
{
    int64_t bytes = kn_cache_token_bytes(c->options.decoder);
    int64_t left = c->options.cache_bytes - c->used;

    return left > 0 && bytes > 0 ? left / bytes / (int64_t)blocks : 0;
}

static bool fits(const struct kn_session *session)
{
    const struct kn_compute *c = session->compute;

    return session->bytes <= c->options.cache_bytes - c->used && c->sessions < KN_SESSIONS_MAX;
}

/* What would help: a smaller wish, or later. */
static void say_no_room(const struct kn_session *session, struct kn_error *err)
{
    const struct kn_compute *c = session->compute;
    const struct kn_session_wish *wish = &session->wish;
    uint64_t blocks = wish->to - wish->from, tokens = (uint64_t)wish->batch * wish->max_length;
    int64_t whole = c->options.cache_bytes / kn_cache_token_bytes(c->options.decoder);

    if (session->bytes > c->options.cache_bytes)
        kn_fail(err, KN_E_LIMIT, "%" PRId64 " are all there is", whole / (int64_t)blocks);
    else if (c->sessions == KN_SESSIONS_MAX)
        kn_fail(err, KN_E_LIMIT, "%d sessions are open", KN_SESSIONS_MAX);
    else if (fits(session))
        kn_fail(err, KN_E_LIMIT, "what is left is kept for others who wait");
    else
        kn_fail(err, KN_E_LIMIT, "%" PRId64 " are left", kn_room_tokens(c, blocks));
    kn_wrap(err, "no room in the cache for %" PRIu64 " tokens of %" PRIu64 " block%s", tokens,
            blocks, blocks == 1 ? "" : "s");
}

static void refuse(struct kn_session *session)
{
    say_no_room(session, &session->outcome);
    kn_session_tell(session);
}

static void leave_line(struct kn_session *session)
{
    kn_link_remove(&session->turn);
    session->compute->waiting--;
}

/* A cache without a position does not exist; a session of none may, to be checked and no more. */
static void admit(struct kn_session *session)
{
    struct kn_compute *c = session->compute;
    const struct kn_session_wish *wish = &session->wish;
    uint32_t length = wish->max_length > 0 ? wish->max_length : 1;

    leave_line(session);
    session->cache = kn_cache_new(c->options.decoder, wish->to - wish->from, wish->batch, length);
    if (session->cache == NULL) {
        kn_fail(&session->outcome, KN_E_NO_MEMORY,
                "memory is short for a cache of %" PRId64 " bytes", session->bytes);
        c->starved++;
        c->room_changed = true;
    } else {
        session->has_room = true;
        c->used += session->bytes;
        c->sessions++;
        c->room_changed = true;
    }
    kn_session_tell(session);
}

/*
 * First come, first served, but one that waits lets those behind it pass who fit, until they have
 * taken as much as it wants itself. So a huge one gets its room in the end, and cannot keep an
 * almost empty cache from everybody else by waiting for the rest of it.
 */
static void serve_line(struct kn_compute *c)
{
    struct kn_session *session = kn_session_first(&c->line), *next;
    int64_t may_overtake = INT64_MAX; /* bytes, for who comes now */

    for (; session != NULL; session = next) {
        next = kn_session_next(&c->line, session);
        if (!fits(session) || session->bytes > may_overtake) {
            int64_t patience = session->bytes - session->overtook;

            may_overtake = may_overtake < patience ? may_overtake : patience;
            continue;
        }
        for (struct kn_session *before = kn_session_first(&c->line); before != session;
             before = kn_session_next(&c->line, before))
            before->overtook += session->bytes;
        if (may_overtake != INT64_MAX)
            may_overtake -= session->bytes;
        admit(session);
    }
}

void kn_room_join(struct kn_session *session)
{
    struct kn_compute *c = session->compute;
    const struct kn_session_wish *wish = &session->wish;

    session->bytes = kn_cache_bytes(c->options.decoder, wish->to - wish->from, wish->batch,
                                    wish->max_length > 0 ? wish->max_length : 1);
    if (session->bytes > c->options.cache_bytes) {
        refuse(session);
        return;
    }
    if (c->waiting == KN_SESSIONS_WAITING_MAX) {
        kn_fail(&session->outcome, KN_E_LIMIT, "%d others wait for room in the cache",
                KN_SESSIONS_WAITING_MAX);
        kn_session_tell(session);
        return;
    }
    session->state = KN_SESSION_WAITING;
    session->until = kn_loop_now(c->options.loop) + wish->wait_ms;
    c->waiting++;
    kn_link_add_last(&c->line, &session->turn);
    serve_line(c);
    if (session->state == KN_SESSION_WAITING && wish->wait_ms <= 0) {
        leave_line(session);
        refuse(session);
    }
}

void kn_room_leave(struct kn_session *session)
{
    leave_line(session);
    session->compute->line_changed = true; /* for those behind it, perhaps */
}

void kn_room_turn(struct kn_compute *c)
{
    kn_time now = kn_loop_now(c->options.loop);
    struct kn_session *session, *next;

    c->line_changed = false;
    serve_line(c);
    for (session = kn_session_first(&c->line); session != NULL; session = next) {
        next = kn_session_next(&c->line, session);
        if (session->until <= now) {
            kn_room_leave(session);
            refuse(session);
        }
    }
}

kn_time kn_room_deadline(const struct kn_compute *c)
{
    const struct kn_session *session = kn_session_first(&c->line);
    kn_time first = KN_NEVER;

    for (; session != NULL; session = kn_session_next(&c->line, session))
        first = kn_time_min(first, session->until);
    return first;
}

void kn_room_give_back(struct kn_session *session)
{
    struct kn_compute *c = session->compute;

    kn_cache_free(session->cache);
    session->cache = NULL;
    if (!session->has_room)
        return;
    session->has_room = false;
    c->used -= session->bytes;
    c->sessions--;
    c->room_changed = c->line_changed = true;
}
