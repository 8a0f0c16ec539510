#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "compute/inside.h"
#include "lib/base/memory.h"

void kn_step_release(const struct kn_step *step)
{
    if (step->release != NULL)
        step->release(step->owner);
}

void kn_session_line_up(struct kn_session *session)
{
    struct kn_compute *c = session->compute;

    session->state = KN_SESSION_READY;
    session->ready_at = kn_loop_now(c->options.loop);
    kn_link_add_last(&c->ready, &session->turn);
}

struct kn_stretch kn_step_stretch(const struct kn_session *session)
{
    const struct kn_step *step = &session->step;

    return (struct kn_stretch){
        .cache = session->cache,
        .batch = session->wish.batch,
        .tokens = step->tokens,
        .position = session->position,
        .width = session->compute->options.decoder->hidden,
        .hidden = step->hidden,
        .prompts = step->prompts,
        .prompt_batch = step->prompt_batch,
        .prompt_tokens = step->prompt_tokens,
    };
}

bool kn_step_has_shape(const struct kn_session *session, struct kn_error *err)
{
    const struct kn_step *step = &session->step;

    if (step->prompts == NULL || step->tokens == 0)
        return true;
    if (step->prompt_batch != 1 && step->prompt_batch != session->wish.batch)
        kn_fail(err, KN_E_RANGE, "prompts of a batch of %u do not go with one of %u",
                step->prompt_batch, session->wish.batch);
    else if (step->prompt_tokens > step->tokens)
        kn_fail(err, KN_E_RANGE, "prompts of %u tokens do not go with %u", step->prompt_tokens,
                step->tokens);
    else
        return true;
    return false;
}

static bool has_place(const struct kn_session *session, int64_t position, struct kn_error *err)
{
    uint32_t tokens = session->step.tokens, end = session->wish.max_length;

    if (position < 0 || position > session->length)
        kn_fail(err, KN_E_RANGE, "no position %" PRId64 " to go on from: there are %u tokens",
                position, session->length);
    else if ((uint64_t)position + tokens > end)
        kn_fail(err, KN_E_RANGE,
                "Maximum length exceeded: %" PRId64 " + %u tokens are more than %u", position,
                tokens, end);
    else
        return true;
    return false;
}

static bool has_rows(const struct kn_session *session, struct kn_error *err)
{
    const int64_t *hypo = session->step.hypo;

    for (uint32_t i = 0; hypo != NULL && i < session->wish.batch; i++) {
        if (hypo[i] < 0 || hypo[i] >= session->wish.batch) {
            kn_fail(err, KN_E_RANGE, "no row %" PRId64 " in a batch of %u", hypo[i],
                    session->wish.batch);
            return false;
        }
    }
    return true;
}

/* The caller's ids are lent for the call only. */
static bool take_hypo(struct kn_session *session, struct kn_error *err)
{
    size_t bytes = session->wish.batch * sizeof(session->hypo[0]);

    if (session->step.hypo == NULL)
        return true;
    session->hypo = kn_try_alloc(bytes);
    if (session->hypo == NULL) {
        kn_fail_no_memory(err);
        return false;
    }
    memcpy(session->hypo, session->step.hypo, bytes);
    session->step.hypo = NULL;
    return true;
}

void kn_session_step(struct kn_session *session, const struct kn_step *step)
{
    int64_t position = step->position == -1 ? session->length : step->position;
    struct kn_compute *c = session->compute;

    assert(session->state == KN_SESSION_IDLE && !session->is_closed);
    session->step = *step;
    session->has_step = true;
    session->at = 0;
    if (!has_place(session, position, &session->outcome) || !has_rows(session, &session->outcome) ||
        !kn_step_has_shape(session, &session->outcome) || !take_hypo(session, &session->outcome)) {
        kn_session_tell(session);
        return;
    }
    session->position = (uint32_t)position;
    if (step->tokens == 0 && session->hypo == NULL) {
        session->length = session->position;
        c->steps++;
        kn_session_tell(session);
        return;
    }
    kn_session_line_up(session);
    kn_compute_arrange(c);
}
