#include "compute/job.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/loop.h"
#include "lib/io/work.h"
#include "lib/os/thread.h"

static void free_job(struct kn_job *job)
{
    kn_monitor_free(job->monitor);
    kn_free(job->room);
    kn_free(job);
}

struct kn_job *kn_job_new(struct kn_runner *runner, uint32_t width)
{
    struct kn_job *job = kn_try_alloc(sizeof(*job));

    if (job == NULL)
        return NULL;
    job->runner = runner;
    job->width = width;
    job->monitor = kn_monitor_new();
    if (job->monitor != NULL)
        return job;
    kn_free(job);
    return NULL;
}

void kn_job_clear(struct kn_job *job, uint32_t from, uint32_t to)
{
    job->from = from;
    job->to = to;
    job->unit_count = job->row_count = 0;
    job->forward = (struct kn_job_forward){ 0 };
    job->passes = 0;
    job->took_us = 0;
    job->begun = job->ended = false;
}

static bool is_abandoned(struct kn_job *job)
{
    bool abandoned;

    kn_monitor_enter(job->monitor);
    abandoned = job->abandoned;
    kn_monitor_leave(job->monitor);
    return abandoned;
}

/* Weights that were lost make numbers that look like any others. */
static enum kn_code run_pass(struct kn_job *job, uint32_t from, uint32_t to,
                             const struct kn_pass_row *rows, size_t n, size_t *bad)
{
    enum kn_code rc;

    if (is_abandoned(job))
        return KN_E_CANCELLED;
    job->passes++;
    rc = kn_pass_run(job->runner, from, to, rows, n, bad);
    return job->is_intact == NULL || job->is_intact(job->owner) ? rc : KN_E_CHANGED;
}

static size_t floats_of(const struct kn_job *job, const struct kn_pass_row *row)
{
    return (size_t)row->tokens * job->width;
}

static void fail_unit(struct kn_job_unit *unit, enum kn_code code, enum kn_fault fault)
{
    unit->code = code;
    unit->fault = fault;
}

/* Leave out the rows of those who have failed. */
static void drop_rows(struct kn_job *job)
{
    size_t n = 0;

    for (size_t i = 0; i < job->row_count; i++) {
        if (job->units[job->of_rows[i].unit].code != KN_OK)
            continue;
        job->rows[n] = job->rows[i];
        job->of_rows[n] = job->of_rows[i];
        n++;
    }
    job->row_count = n;
}

/* What must come before the pass: rows of a cache in their new order, and a look at what came. */
static void prepare(struct kn_job *job)
{
    for (size_t i = 0; i < job->unit_count; i++) {
        struct kn_job_unit *unit = &job->units[i];

        if (unit->hypo != NULL)
            unit->code = kn_cache_permute(unit->cache, unit->hypo, unit->position);
    }
    for (size_t i = 0; i < job->row_count; i++) {
        struct kn_job_unit *unit = &job->units[job->of_rows[i].unit];

        if (!kn_all_finite(job->rows[i].hidden, floats_of(job, &job->rows[i])))
            fail_unit(unit, KN_E_INVALID, KN_FAULT_INPUT);
    }
    drop_rows(job);
}

/* A pass that fails leaves every row void: those of others are run again from what is kept here.
 * Without memory for it they fail too, and nobody is computed wrong. */
static void keep_input(struct kn_job *job)
{
    size_t floats = 0;

    for (size_t i = 0; i < job->row_count; i++)
        floats += floats_of(job, &job->rows[i]);
    if (floats > job->room_floats) {
        float *room = kn_try_realloc(job->room, floats * sizeof(room[0]));

        if (room == NULL)
            return;
        job->room = room;
        job->room_floats = floats;
    }
    floats = 0;
    for (size_t i = 0; i < job->row_count; i++) {
        size_t n = floats_of(job, &job->rows[i]);

        job->of_rows[i].kept = job->room + floats;
        memcpy(job->of_rows[i].kept, job->rows[i].hidden, n * sizeof(float));
        floats += n;
    }
}

static void put_back_input(struct kn_job *job)
{
    for (size_t i = 0; i < job->row_count; i++) {
        struct kn_job_unit *unit = &job->units[job->of_rows[i].unit];
        const float *kept = job->of_rows[i].kept;

        if (kept == NULL)
            unit->code = KN_E_NO_MEMORY;
        else
            memcpy(job->rows[i].hidden, kept, floats_of(job, &job->rows[i]) * sizeof(float));
    }
    drop_rows(job);
}

static bool is_shared(const struct kn_job *job)
{
    for (size_t i = 1; i < job->row_count; i++) {
        if (job->of_rows[i].unit != job->of_rows[0].unit)
            return true;
    }
    return false;
}

/* All at once: a pass for each would let who sends many of them keep everybody waiting. */
static void fail_bad_rows(struct kn_job *job, size_t bad)
{
    for (size_t i = bad; i < job->row_count; i++) {
        if (i == bad || !kn_all_finite(job->rows[i].hidden, floats_of(job, &job->rows[i])))
            fail_unit(&job->units[job->of_rows[i].unit], KN_E_INVALID, KN_FAULT_OUTPUT);
    }
    drop_rows(job);
}

static void run_units(struct kn_job *job)
{
    prepare(job);
    if (is_shared(job))
        keep_input(job);
    while (job->row_count > 0) {
        size_t bad = 0;
        enum kn_code rc = run_pass(job, job->from, job->to, job->rows, job->row_count, &bad);

        if (rc == KN_OK)
            return;
        if (rc == KN_E_RANGE && bad < job->row_count) {
            fail_bad_rows(job, bad);
            put_back_input(job);
            continue;
        }
        for (size_t i = 0; i < job->row_count; i++)
            job->units[job->of_rows[i].unit].code = rc;
        return;
    }
}

static enum kn_code run_piece(struct kn_job *job, uint32_t tokens)
{
    struct kn_job_forward *f = &job->forward;
    size_t n = kn_stretch_rows(&f->stretch, f->block, f->at, tokens, job->rows);
    uint32_t block = job->from + f->block;
    size_t bad = 0;
    enum kn_code rc;

    if (f->block == 0 && !kn_all_finite(job->rows[0].hidden, (size_t)tokens * job->width)) {
        fail_unit(&job->units[0], KN_E_INVALID, KN_FAULT_INPUT);
        return KN_E_INVALID;
    }
    rc = run_pass(job, block, block + 1, job->rows, n, &bad);
    if (rc == KN_E_RANGE)
        fail_unit(&job->units[0], KN_E_INVALID, KN_FAULT_OUTPUT);
    else
        job->units[0].code = rc;
    return rc;
}

/* As much of it as a session may do in one pass, so that both get the same time. */
static void run_forward(struct kn_job *job)
{
    struct kn_job_forward *f = &job->forward;
    uint64_t total = kn_stretch_tokens(&f->stretch), done = 0;

    while (f->block < job->to - job->from && done < f->budget) {
        uint32_t tokens = total - f->at < f->piece ? (uint32_t)(total - f->at) : f->piece;

        if (run_piece(job, tokens) != KN_OK)
            return;
        done += tokens;
        f->at += tokens;
        if (f->at == total) {
            f->at = 0;
            f->block++;
        }
    }
}

static void work(void *arg)
{
    struct kn_job *job = arg;
    int64_t start = kn_loop_clock_us();
    bool abandoned;

    kn_monitor_enter(job->monitor);
    job->begun = true;
    abandoned = job->abandoned;
    kn_monitor_leave(job->monitor);
    if (abandoned)
        return;
    if (kn_stretch_tokens(&job->forward.stretch) > 0)
        run_forward(job);
    else
        run_units(job);
    job->took_us = kn_loop_clock_us() - start;
    kn_monitor_enter(job->monitor);
    job->ended = true;
    kn_monitor_tell(job->monitor);
    kn_monitor_leave(job->monitor);
}

static void on_worked(void *arg, enum kn_code code)
{
    struct kn_job *job = arg;

    if (job->abandoned) {
        free_job(job);
        return;
    }
    for (size_t i = 0; code != KN_OK && i < job->unit_count; i++)
        job->units[i].code = code;
    job->done(job->arg);
}

enum kn_code kn_job_start(struct kn_job *job, struct kn_loop *loop, void (*done)(void *arg),
                          void *arg)
{
    job->done = done;
    job->arg = arg;
    return kn_work_start(loop, work, on_worked, job);
}

void kn_job_abandon(struct kn_job *job, bool is_started)
{
    if (job == NULL)
        return;
    if (!is_started) {
        free_job(job);
        return;
    }
    kn_monitor_enter(job->monitor);
    job->abandoned = true;
    while (job->begun && !job->ended)
        (void)kn_monitor_wait(job->monitor, KN_NEVER);
    kn_monitor_leave(job->monitor);
}
