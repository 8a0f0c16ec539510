/* start: what goes on at this moment, on the last line of a terminal or as lines of its own. */
#include "app/cli/start_live.h"

#include "app/cli/fetch_view.h"
#include "app/cli/launch.h"
#include "app/cli/start_json.h"
#include "lib/io/loop.h"

enum { FETCH_JSON_MS = 2000, FETCH_TEXT_MS = 30000 };

static bool is_paused(const struct kn_start *start)
{
    struct kn_scheduler_report report;

    kn_node_schedule(start->node, &report);
    return report.is_paused;
}

/* What is waited for; false: for nothing that takes time. `note` is kept in `text`. */
static bool progress_of(const struct kn_start *start, struct kn_text *text, struct kn_progress *out)
{
    struct kn_look_progress look;
    long long seconds = (kn_loop_now(start->loop) - start->waiting_since) / 1000;

    if (kn_node_plan(start->node) == NULL && kn_node_look_progress(start->node, &look)) {
        *out = (struct kn_progress){ "Discovering network models", look.answered, look.keys, NULL };
        if (look.models > 0)
            kn_text_addf(text, "%zu/%zu models", look.read, look.models);
        else if (look.keys > 0)
            kn_text_add(text, "reading the registry");
        else
            kn_text_addf(text, "no bootstrap has answered yet, %lld s", seconds);
    } else if (kn_node_plan(start->node) == NULL) {
        *out = (struct kn_progress){ "Calibrating hardware", 0, 0, NULL };
        kn_text_addf(text, "%lld s", seconds);
    } else if (start->launched && !start->said_running && !is_paused(start)) {
        *out = (struct kn_progress){ kn_node_state(start->node) == KN_NODE_OFFLINE
                                         ? "Connecting to DHT network"
                                         : "Announcing",
                                     0, 0, NULL };
        kn_text_addf(text, "%lld s", seconds);
    } else {
        return false;
    }
    out->note = kn_text_get(text);
    return true;
}

static bool is_slow(const struct kn_start *start)
{
    return kn_loop_now(start->loop) - start->waiting_since >= KN_START_PROGRESS_MS;
}

void kn_start_live(const struct kn_start *start, size_t columns, struct kn_text *out)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    struct kn_text note = { 0 };
    struct kn_progress progress;
    struct kn_blocks_report blocks;
    struct kn_live live = {
        .blocks = &blocks,
        .state = kn_node_state(start->node),
        .peers = kn_node_peers(start->node),
        .round = kn_node_announced(start->node),
        .now_s = kn_loop_unix_time(),
    };

    kn_node_blocks(start->node, &blocks);
    if (progress_of(start, &note, &progress)) {
        if (is_slow(start))
            kn_progress_add(&start->cli->out_term, &progress, columns, out);
    } else if (start->said_running) {
        live.place = kn_facts_silence(&facts) == NULL ? &facts.plan->place : NULL;
        kn_live_add(&start->cli->out_term, &live, columns, out);
    }
    kn_text_done(&note);
}

/* For hours perhaps: not every second. */
static void tell_fetching(struct kn_start *start)
{
    kn_time now = kn_loop_now(start->loop);
    struct kn_blocks_report report;
    struct kn_progress progress;
    struct kn_text note = { 0 };

    kn_node_blocks(start->node, &report);
    if (report.stage != KN_BLOCKS_FETCHING || report.fetch.total == 0 || now < start->fetch_due)
        return;
    start->fetch_due = now + (start->cli->json ? FETCH_JSON_MS : FETCH_TEXT_MS);
    kn_fetch_progress(&report.fetch, &note, &progress);
    if (start->cli->json) {
        kn_start_json_fetching(start, &progress, &report.fetch);
    } else {
        kn_progress_add(&start->cli->out_term, &progress, KN_TERM_MOST, &start->cli->answer);
        kn_text_add_char(&start->cli->answer, '\n');
    }
    kn_text_done(&note);
}

bool kn_start_is_fetching(const struct kn_start *start)
{
    struct kn_blocks_report report;

    if (kn_node_plan(start->node) == NULL)
        return false;
    kn_node_blocks(start->node, &report);
    return report.stage == KN_BLOCKS_FETCHING;
}

void kn_start_progress(struct kn_start *start)
{
    int seconds = (int)((kn_loop_now(start->loop) - start->waiting_since) / 1000);
    struct kn_text note = { 0 };
    struct kn_progress progress;

    if (seconds != start->progress_said && is_slow(start) && progress_of(start, &note, &progress)) {
        start->progress_said = seconds;
        if (start->cli->json)
            kn_start_json_progress(start, &progress);
        else {
            kn_progress_add(&start->cli->out_term, &progress, KN_TERM_MOST, &start->cli->answer);
            kn_text_add_char(&start->cli->answer, '\n');
        }
    }
    kn_text_done(&note);
    if (kn_start_is_fetching(start))
        tell_fetching(start);
}
