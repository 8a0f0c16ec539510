#include "app/cli/long_work.h"

#include "app/cli/cli.h"
#include "lib/io/work.h"
#include "lib/os/output.h"
#include "lib/os/terminal.h"

enum { TICK_MS = 200, LINE_TICKS = 25 };

struct run {
    const struct kn_long_work *work;
    struct kn_loop *loop;
    struct kn_timer *timer;
    struct kn_status_line line;
    unsigned ticks;
    bool is_over;
};

static bool is_silent(const struct kn_cli *cli)
{
    return cli->quiet || cli->json;
}

/* In its place, or on a line of its own now and then. Who does not read is not waited for. */
static void say(struct run *run, bool last)
{
    const struct kn_term *term = &run->work->cli->err_term;
    unsigned columns = kn_terminal_columns(KN_OUTPUT_ERR);
    struct kn_text note = { 0 }, text = { 0 }, out = { 0 };
    struct kn_progress progress;
    struct kn_error ignored = { 0 };

    if (is_silent(run->work->cli) || (!term->rewrites && (last || run->ticks % LINE_TICKS != 1)))
        return;
    if (columns <= KN_STATUS_LINE_MARGIN)
        columns = KN_TERM_USUAL;
    run->work->progress(run->work->arg, &note, &progress);
    kn_progress_add(term, &progress, columns - KN_STATUS_LINE_MARGIN, &text);
    if (last)
        kn_status_line_clear(&run->line, columns, &out);
    else if (term->rewrites)
        kn_status_line_draw(&run->line, kn_text_get(&text), columns, &out);
    else
        kn_text_addf(&out, "%s\n", kn_text_get(&text));
    if (!out.failed && out.n > 0)
        (void)!kn_output_write(KN_OUTPUT_ERR, kn_text_get(&out), out.n, &ignored);
    kn_text_done(&note);
    kn_text_done(&text);
    kn_text_done(&out);
}

static void on_tick(void *arg)
{
    struct run *run = arg;

    if (run->is_over)
        return;
    run->ticks++;
    say(run, false);
    kn_timer_set(run->timer, kn_loop_now(run->loop) + TICK_MS);
}

static void on_signal(void *arg, int number)
{
    struct run *run = arg;

    (void)number;
    run->work->cancel(run->work->arg);
}

static void work(void *arg)
{
    struct run *run = arg;

    run->work->work(run->work->arg);
}

static void on_done(void *arg, enum kn_code code)
{
    struct run *run = arg;

    (void)code; /* nobody takes it back before it begins */
    run->is_over = true;
    kn_timer_set(run->timer, KN_NEVER);
    kn_loop_stop(run->loop);
}

enum kn_code kn_long_work_run(const struct kn_long_work *what, struct kn_error *err)
{
    struct run run = { .work = what };
    enum kn_code rc = kn_loop_new(&run.loop, err);

    if (rc != KN_OK)
        return rc;
    run.timer = kn_timer_new(run.loop, on_tick, &run);
    if (run.timer == NULL || kn_work_start(run.loop, work, on_done, &run) != KN_OK) {
        rc = kn_fail_no_memory(err);
    } else {
        kn_loop_on_signal(run.loop, on_signal, &run);
        kn_timer_set(run.timer, kn_loop_now(run.loop) + TICK_MS);
        while (!run.is_over)
            kn_loop_run(run.loop);
        say(&run, true);
        kn_loop_on_signal(run.loop, NULL, NULL);
    }
    kn_timer_free(run.timer);
    kn_loop_free(run.loop);
    return rc;
}
