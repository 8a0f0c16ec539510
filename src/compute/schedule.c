#include <inttypes.h>

#include "compute/inside.h"
#include "lib/base/memory.h"

_Static_assert((int)KN_PASS_TOKENS_MAX <= (int)KN_PASS_ROWS_MAX, "a row for each token");

static uint32_t at_most(uint64_t n, uint32_t most)
{
    return n < most ? (uint32_t)n : most;
}

static uint64_t tokens_of(const struct kn_session *session)
{
    return (uint64_t)session->wish.batch * session->step.tokens;
}

static bool is_long(const struct kn_session *session)
{
    return tokens_of(session) >
           at_most(KN_COMPUTE_FEW, session->compute->options.limits.max_tokens);
}

static bool has_range(const struct kn_session *session, const struct kn_session *like)
{
    return !session->is_forward && session->wish.from == like->wish.from &&
           session->wish.to == like->wish.to;
}

/* The next `tokens` of that session go into the pass. */
static void add_unit(struct kn_compute *c, struct kn_session *session, uint32_t tokens)
{
    struct kn_job *job = c->job;
    struct kn_stretch stretch = kn_step_stretch(session);
    size_t rows = kn_stretch_rows(&stretch, 0, session->at, tokens, &job->rows[job->row_count]);

    for (size_t i = 0; i < rows; i++)
        job->of_rows[job->row_count + i] = (struct kn_job_row){ .unit = job->unit_count };
    job->row_count += rows;
    job->units[job->unit_count++] = (struct kn_job_unit){
        .session = session,
        .cache = session->cache,
        .hypo = session->hypo,
        .position = session->position,
        .tokens = tokens,
    };
    kn_link_remove(&session->turn);
    session->state = KN_SESSION_RUNNING;
}

/* Those of one kind with the leader's range, in their order, up to `most` tokens and `units` in the
 * pass; what is left. */
static uint32_t add_all(struct kn_compute *c, const struct kn_session *leader, bool which,
                        uint32_t most, uint32_t units)
{
    struct kn_session *session = kn_session_first(&c->ready), *next;

    for (; session != NULL && c->job->unit_count < units; session = next) {
        uint32_t tokens = at_most(tokens_of(session) - session->at, most);

        next = kn_session_next(&c->ready, session);
        if (!has_range(session, leader) || is_long(session) != which)
            continue;
        if (which ? most == 0 : tokens < tokens_of(session))
            continue;
        add_unit(c, session, tokens);
        most -= tokens;
    }
    return most;
}

/*
 * Whoever has waited longest leads, and his range is the pass's. Short steps go along whole. Of the
 * long ones, together, as much as fills a piece: more is not faster, as long as each token takes
 * its time, and the next short step waits for it. A panel of them always goes along.
 */
static void fill(struct kn_compute *c, struct kn_session *leader)
{
    uint32_t most = c->options.limits.max_tokens, piece = at_most(KN_COMPUTE_PIECE, most);
    uint32_t panel = at_most(KN_COMPUTE_FEW, most), kept = 0, few;
    uint32_t units = at_most(c->options.limits.max_sessions, KN_PASS_ROWS_MAX);

    kn_job_clear(c->job, leader->wish.from - c->options.first, leader->wish.to - c->options.first);
    if (is_long(leader))
        kept = at_most(tokens_of(leader) - leader->at, panel);
    few = most - kept - add_all(c, leader, false, most - kept, units - is_long(leader));
    (void)add_all(c, leader, true, at_most(few + panel < piece ? piece - few : panel, most - few),
                  units);
}

static void fill_forward(struct kn_compute *c, struct kn_session *session)
{
    uint32_t piece = at_most(KN_COMPUTE_PIECE, c->options.limits.max_tokens);

    kn_job_clear(c->job, session->wish.from - c->options.first,
                 session->wish.to - c->options.first);
    add_unit(c, session, 0);
    c->job->forward = (struct kn_job_forward){
        .stretch = kn_step_stretch(session),
        .block = session->block,
        .at = session->at,
        .budget = (uint64_t)piece * (session->wish.to - session->wish.from),
        .piece = piece,
    };
}

static void count(struct kn_compute *c, uint64_t tokens)
{
    c->tokens += tokens;
    kn_tally_add(&c->tally, kn_loop_now(c->options.loop), tokens);
}

static void say_fault(struct kn_session *session, const struct kn_job_unit *unit)
{
    const struct kn_session_wish *wish = &session->wish;
    struct kn_error *err = &session->outcome;

    if (unit->fault == KN_FAULT_INPUT)
        kn_fail(err, unit->code, "a number in the hidden states is not finite");
    else if (unit->fault == KN_FAULT_OUTPUT)
        kn_fail(err, unit->code, "blocks %u-%u gave a number that is not finite", wish->from,
                wish->to - 1);
    else if (unit->code == KN_E_NO_MEMORY)
        kn_fail_no_memory(err);
    else if (unit->code == KN_E_CHANGED)
        kn_fail(err, unit->code, "the files of blocks %u-%u were changed: they are not served now",
                wish->from, wish->to - 1);
    else
        kn_fail(err, unit->code, "blocks %u-%u could not be computed: %s", wish->from, wish->to - 1,
                kn_code_brief(unit->code));
}

static void go_on(struct kn_session *session)
{
    kn_session_line_up(session);
}

static void end_unit(struct kn_session *session, const struct kn_job_unit *unit)
{
    struct kn_compute *c = session->compute;

    kn_free(session->hypo);
    session->hypo = NULL;
    session->length = session->position; /* what stood behind it is overwritten */
    if (unit->code != KN_OK) {
        say_fault(session, unit);
        kn_session_tell(session);
        return;
    }
    session->at += unit->tokens;
    count(c, unit->tokens);
    if (session->at < tokens_of(session)) {
        go_on(session);
        return;
    }
    session->length += session->step.tokens;
    c->steps++;
    kn_session_tell(session);
}

static void end_forward(struct kn_session *session, const struct kn_job_unit *unit)
{
    struct kn_compute *c = session->compute;

    session->block = c->job->forward.block;
    session->at = c->job->forward.at;
    if (unit->code != KN_OK) {
        say_fault(session, unit);
    } else if (session->block < session->wish.to - session->wish.from) {
        go_on(session);
        return;
    } else {
        count(c, tokens_of(session));
        c->steps++;
    }
    kn_session_tell(session);
}

/* A pass of `took` is followed by a rest, so that passes take no more than their share. Timers know
 * whole milliseconds: what is left over is owed. */
static void rest(struct kn_compute *c)
{
    double share = c->options.limits.share;

    c->rest_us += (double)c->job->took_us * (1 - share) / share;
    c->rest_until = kn_loop_now(c->options.loop) + (kn_time)(c->rest_us / 1000);
    c->rest_us -= (double)(int64_t)(c->rest_us / 1000) * 1000;
}

/* Of sessions, and only where all went well: rows that were left out took no time. */
static void keep_pace(struct kn_compute *c)
{
    const struct kn_job *job = c->job;
    uint32_t tokens = 0;

    if (kn_stretch_tokens(&job->forward.stretch) > 0 || job->passes != 1)
        return;
    for (size_t i = 0; i < job->unit_count; i++) {
        if (job->units[i].code != KN_OK)
            return;
        tokens += job->units[i].tokens;
    }
    kn_pace_add(&c->pace, kn_loop_now(c->options.loop), (uint32_t)job->row_count, tokens,
                job->to - job->from, job->took_us);
}

static void on_passed(void *arg)
{
    struct kn_compute *c = arg;
    const struct kn_job *job = c->job;

    c->is_running = false;
    c->passes += job->passes;
    c->busy_us += (uint64_t)job->took_us;
    keep_pace(c);
    rest(c);
    for (size_t i = 0; i < job->unit_count; i++) {
        struct kn_session *session = job->units[i].session;

        c->is_lost |= job->units[i].code == KN_E_CHANGED;
        if (session->is_closed)
            kn_session_drop(session);
        else if (session->is_forward)
            end_forward(session, &job->units[i]);
        else
            end_unit(session, &job->units[i]);
    }
    kn_compute_turn(c);
}

/* Worth a pass: tokens enough, or nobody is left who could add some. */
static bool is_enough(const struct kn_compute *c)
{
    const struct kn_session *session = kn_session_first(&c->ready);
    uint64_t tokens = 0;
    uint32_t sessions = 0;

    for (; session != NULL; session = kn_session_next(&c->ready, session)) {
        tokens += tokens_of(session) - session->at;
        sessions += !session->is_forward;
    }
    return tokens >= c->options.limits.min_tokens || sessions == c->sessions;
}

/* Once, and only who may have company. */
static bool may_wait(const struct kn_compute *c, const struct kn_session *leader)
{
    return c->options.limits.min_tokens > 1 && !leader->is_forward && leader->at == 0;
}

kn_time kn_schedule_due(const struct kn_compute *c)
{
    const struct kn_session *leader = kn_session_first(&c->ready);
    kn_time when;

    if (c->is_running || leader == NULL)
        return KN_NEVER;
    when = may_wait(c, leader) && !is_enough(c) ? leader->ready_at + KN_COMPUTE_GATHER_MS
                                                : leader->ready_at;
    return when > c->rest_until ? when : c->rest_until;
}

void kn_schedule_start(struct kn_compute *c)
{
    struct kn_session *leader = kn_session_first(&c->ready);
    enum kn_code rc;

    if (leader == NULL)
        return; /* nobody asks then */
    if (leader->is_forward)
        fill_forward(c, leader);
    else
        fill(c, leader);
    c->is_running = true;
    rc = kn_job_start(c->job, c->options.loop, on_passed, c);
    if (rc == KN_OK)
        return;
    c->is_running = false;
    for (size_t i = 0; i < c->job->unit_count; i++) {
        c->job->units[i].code = rc;
        say_fault(c->job->units[i].session, &c->job->units[i]);
        kn_session_tell(c->job->units[i].session);
    }
}
