/* logs_follow: lines as they come. */
#include "app/cli/logs_lines.h"
#include "lib/io/loop.h"
#include "node/control/run_folder.h"

enum { LOOK_MS = 200, NODE_MS = 1000, MISSED_MAX = 2 };

struct following {
    struct kn_logs *logs;
    const char *home;
    int64_t pid;
    struct kn_loop *loop;
    struct kn_timer *timer;
    kn_time node_at; /* when to look whether it runs still */
    unsigned missed; /* looks in a row that did not find it: one that restarts is away for short */
    enum kn_code code;
    struct kn_error *err;
};

/* What cannot be known is no end. */
static bool has_ended(const struct following *f)
{
    struct kn_run_look look = { 0 };
    struct kn_error ignored = { 0 };
    bool ended = false;

    if (kn_run_folder_look(f->home, &look, &ignored) == KN_OK)
        ended = !look.runs || (look.pid > 0 && look.pid != f->pid);
    kn_run_look_done(&look);
    return ended;
}

static void look(struct following *f)
{
    f->code = kn_logs_go_on(f->logs, f->err);
    if (f->code != KN_OK || f->logs->is_over)
        kn_loop_stop(f->loop);
}

static void on_timer(void *arg)
{
    struct following *f = arg;
    kn_time now = kn_loop_now(f->loop);

    kn_timer_set(f->timer, now + LOOK_MS);
    if (f->pid > 0 && now >= f->node_at) {
        f->node_at = now + NODE_MS;
        f->missed = has_ended(f) ? f->missed + 1 : 0;
    }
    look(f); /* after its end: its last words are there */
    if (f->missed < MISSED_MAX || f->code != KN_OK)
        return;
    if (!f->logs->cli->quiet && !f->logs->cli->json)
        kn_text_add(&f->logs->cli->talk, "The node has ended.\n");
    kn_loop_stop(f->loop);
}

static void on_signal(void *arg, int number)
{
    struct following *f = arg;

    (void)number;
    kn_loop_stop(f->loop);
}

enum kn_code kn_logs_follow(struct kn_logs *logs, const char *home, int64_t pid,
                            struct kn_error *err)
{
    struct following f = { .logs = logs, .home = home, .pid = pid, .err = err };

    if (logs->is_over)
        return KN_OK;
    f.code = kn_loop_new(&f.loop, err);
    if (f.code != KN_OK)
        return f.code;
    f.timer = kn_timer_new(f.loop, on_timer, &f);
    if (f.timer == NULL) {
        f.code = kn_fail_no_memory(err);
    } else {
        kn_loop_on_signal(f.loop, on_signal, &f);
        kn_timer_set(f.timer, kn_loop_now(f.loop));
        kn_loop_run(f.loop);
        kn_loop_on_signal(f.loop, NULL, NULL);
    }
    kn_timer_free(f.timer);
    kn_loop_free(f.loop);
    return f.code;
}
