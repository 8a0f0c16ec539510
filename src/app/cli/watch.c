#include "app/cli/watch.h"

#include "app/cli/cli.h"
#include "app/cli/problems.h"
#include "app/cli/running.h"
#include "app/cli/status_view.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "app/term/screen.h"
#include "lib/base/number.h"
#include "lib/os/clock.h"
#include "lib/os/output.h"
#include "lib/os/terminal.h"
#include "node/control/control.h"

enum { USUAL_S = 2, MOST_S = 3600, MS_PER_S = 1000, ASK_MS = 5000 };

struct watching {
    struct kn_cli *cli;
    struct kn_running running;
    struct kn_screen screen;
    struct kn_text frame;
};

static enum kn_exit read_seconds(struct kn_cli *cli, int64_t *out)
{
    const char *word = kn_cli_option(cli, "--watch");
    struct kn_error err = { 0 };

    *out = USUAL_S;
    if (word[0] == '\0' || (kn_parse_whole(word, out) == KN_OK && *out >= 1 && *out <= MOST_S))
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_RANGE, "--watch %.40s: must be a whole number from 1 to %d", word,
                  MOST_S);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* It is away: restarting, or stopped for good, which only whoever looks can know. */
static void add_absence(struct watching *w, const struct kn_error *err)
{
    struct kn_fold fold = { .columns = w->cli->out_term.columns, .hang = 2 };
    struct kn_text safe = { 0 };
    struct kn_json *json;

    if (w->cli->json) {
        json = kn_refusal_json(kn_failure_json(KN_EXIT_UNREACHABLE, err));
        if (!kn_json_print_line(json, &w->frame))
            kn_out_of_memory();
        kn_json_free(json);
    } else {
        kn_term_add_safe(&safe, err->text);
        kn_text_add(&safe, "; trying again");
        (void)kn_fold_add(&w->frame, kn_text_get(&safe), &fold);
        kn_text_done(&safe);
    }
    kn_text_add_char(&w->frame, '\n');
}

static void add_status(struct watching *w, const struct kn_json *status)
{
    if (!w->cli->json) {
        kn_status_view(status, w->cli->request.now_s, &w->cli->out_term, &w->frame);
        return;
    }
    if (!kn_json_print_line(status, &w->frame))
        kn_out_of_memory();
    kn_text_add_char(&w->frame, '\n');
}

static void look(struct watching *w)
{
    struct kn_error err = { 0 };
    struct kn_json *status = NULL;

    kn_text_cut(&w->frame, 0);
    if (kn_clock_now(&w->cli->request.now_s) != KN_OK)
        w->cli->request.now_s = 0;
    w->cli->out_term = kn_term_of((int)KN_OUTPUT_OUT, kn_cli_lookup, w->cli);
    if (kn_control_ask(w->running.home, "status", ASK_MS, &status, &err) == KN_OK)
        add_status(w, status);
    else
        add_absence(w, &err);
    kn_json_free(status);
}

/* On a terminal over what stood there; elsewhere one after the other. */
static enum kn_code show(struct watching *w, bool is_first)
{
    struct kn_cli *cli = w->cli;
    struct kn_error ignored = { 0 };

    if (cli->out_term.rewrites && !cli->json) {
        kn_screen_draw(&w->screen, &cli->out_term, kn_text_get(&w->frame),
                       kn_terminal_columns((int)KN_OUTPUT_OUT),
                       kn_terminal_rows((int)KN_OUTPUT_OUT), &cli->answer);
    } else {
        if (!is_first && !cli->json)
            kn_text_add_char(&cli->answer, '\n');
        kn_text_add_n(&cli->answer, kn_text_get(&w->frame), w->frame.n);
    }
    if (w->frame.failed || w->screen.shown.failed)
        kn_out_of_memory();
    return kn_cli_flush(cli, &ignored);
}

enum kn_exit kn_watch(struct kn_cli *cli)
{
    struct watching w = { .cli = cli };
    int64_t seconds;
    enum kn_exit code = read_seconds(cli, &seconds);
    bool is_first = true;

    if (code == KN_EXIT_DONE)
        code = kn_running_find(cli, &w.running);
    if (code != KN_EXIT_DONE)
        return code;
    for (;; is_first = false) {
        look(&w);
        if (show(&w, is_first) != KN_OK)
            break; /* nobody reads any more */
        kn_clock_sleep_ms(seconds * MS_PER_S);
    }
    kn_text_done(&w.frame);
    kn_screen_done(&w.screen);
    return KN_EXIT_FAILED;
}
