#include "app/cli/start_text.h"

#include <string.h>

#include "app/cli/first_run.h"
#include "app/cli/hours_view.h"
#include "app/cli/later_run.h"
#include "app/cli/launch.h"
#include "app/cli/reload_view.h"
#include "app/cli/values.h"
#include "lib/base/memory.h"
#include "lib/json/json.h"

static struct kn_page page_of(struct kn_start *start)
{
    return (struct kn_page){ &start->cli->out_term, &start->cli->answer };
}

/* -- until the plan is made */

/* Whoever looks after this node should know that it did not end as it should. */
static void show_previous(struct kn_start *start)
{
    const struct kn_previous_end *previous = kn_node_previous_end(start->node);
    const struct kn_page page = page_of(start);
    int64_t age = (int64_t)kn_loop_unix_time() - previous->at_s;
    struct kn_text ago = { 0 };

    if (!previous->is_known)
        return;
    kn_age_words(age > 0 ? age : 0, &ago);
    kn_page_line(&page, "❗",
                 "The run before ended without good-bye; it was last seen %s ago (process %lld)%s",
                 kn_text_get(&ago), (long long)previous->pid, kn_previous_end_reason(previous));
    kn_text_done(&ago);
}

static void show_listening(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);

    if (start->is_first_run) {
        kn_first_run_begin(&page);
    } else {
        kn_later_run_begin(&page, &facts);
        kn_page_line(&page, "🔌", "%s", kn_node_port_text(start->node));
    }
    show_previous(start);
}

static void show_running(struct kn_start *start, bool in_swarm)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);

    if (start->said_running)
        return;
    start->said_running = true;
    kn_launch_running(&page, &facts, in_swarm, start->is_first_run);
}

static size_t all_bootstraps(const struct kn_start *start)
{
    return kn_snapshot_config(kn_node_snapshot(start->node))->network.bootstrap_peers.texts.n;
}

/* Nobody answered the first time: the node stays, and tries on. */
static void show_lonely(struct kn_start *start)
{
    if (start->launched && kn_node_state(start->node) == KN_NODE_OFFLINE && start->joined == 0 &&
        start->settled >= all_bootstraps(start))
        show_running(start, false);
}

/* Where its code was put down when it was told of last. */
static enum kn_code *code_said(struct kn_start *start, const struct kn_bootstrap *told)
{
    const struct kn_node_config *config = kn_snapshot_config(kn_node_snapshot(start->node));
    const struct kn_texts *all = &config->network.bootstrap_peers.texts;
    size_t i = 0;

    while (i < all->n && i + 1 < KN_COUNT(start->not_met) && strcmp(all->at[i], told->address) != 0)
        i++;
    return &start->not_met[i];
}

/* One that fails again as it failed before is no news: it is tried again for months. */
static void show_bootstrap(struct kn_start *start)
{
    const struct kn_bootstrap *told = kn_node_bootstrap(start->node);
    enum kn_code *said = code_said(start, told);
    const struct kn_page page = page_of(start);

    start->joined += told->code == KN_OK && start->joined < all_bootstraps(start);
    start->settled++;
    if (told->code == KN_OK || told->code != *said)
        kn_launch_bootstrap(&page, told);
    *said = told->code;
    show_lonely(start);
}

static void show_plan(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);

    if (!start->is_first_run) {
        if (facts.machine_file != NULL)
            kn_page_line(&page, "🔬",
                         "Taking the facts of the machine from %s; this one was not measured.",
                         facts.machine_file);
        kn_later_run_loaded(&page, &facts);
        return;
    }
    kn_first_run_models(&page, &facts);
    kn_first_run_machine(&page, &facts);
    kn_first_run_coverage(&page, &facts);
    kn_first_run_choices(&page, &facts);
    kn_first_run_summary(&page, &facts);
}

/* The swarm answered at last: what was shown was a guess. */
static void show_replanned(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);

    kn_later_run_loaded(&page, &facts);
    kn_launch_announcing(&page, &facts);
    start->said = (struct kn_announced){ 0 };
}

static void show_refreshed(struct kn_start *start)
{
    const struct kn_page page = page_of(start);

    kn_page_line(&page, "🔍", "What is known of the network was found out anew");
}

/* -- from the answer on */

void kn_start_text_saved(struct kn_start *start)
{
    const struct kn_page page = page_of(start);

    kn_page_gap(&page);
    if (start->is_saved) {
        kn_page_line(&page, "✅", "Configuration saved to: %s", start->file);
        kn_page_more(&page, "You can edit this file or use CLI flags to override settings.");
        return;
    }
    kn_page_line(&page, "❗", "The configuration was not saved: %s: %s", start->file,
                 start->save_error.text);
    kn_page_more(&page, "%s The node starts all the same.", start->save_error.hint);
}

static void show_joined(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);

    if (!start->launched)
        return;
    kn_launch_joined(&page, &facts, start->joined);
    if (kn_facts_silence(&facts) != NULL && !kn_facts_is_guess(&facts))
        show_running(start, true);
}

void kn_start_text_launch(struct kn_start *start)
{
    bool joined = kn_node_is_in_swarm(start->node);
    const struct kn_page page = page_of(start);

    if (start->is_first_run)
        kn_page_rule(&page, "Starting Node");
    kn_launch_begin(&page, joined);
    if (joined)
        show_joined(start);
    else
        show_lonely(start);
}

static void show_blocks(struct kn_start *start)
{
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);
    struct kn_blocks_report report;

    kn_node_blocks(start->node, &report);
    if (kn_facts_silence(&facts) == NULL)
        kn_launch_blocks(&page, &facts, &report);
}

/* The first time it stands with what was announced. */
static void show_changed_blocks(struct kn_start *start)
{
    if (start->said_joining && kn_node_state(start->node) != KN_NODE_DRAINING)
        show_blocks(start);
}

/* spec: decisions D18; what was measured is no longer so, and somebody should measure again. */
static void show_drift(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_blocks_report report;
    char drift[KN_FIT_TEXT_SIZE];

    kn_node_blocks(start->node, &report);
    if (!kn_facts_drift(kn_node_plan(start->node), &report, drift))
        return;
    kn_page_line(&page, "❗", "Slower than calibrated: %s", drift);
    kn_page_more(&page, "Run kwaainet calibrate full when the machine has nothing else to do.");
}

static void show_announced(struct kn_start *start)
{
    const struct kn_announced *round = kn_node_announced(start->node), *said = &start->said;
    const struct kn_start_facts facts = kn_start_facts_of(start);
    const struct kn_page page = page_of(start);
    bool keys = start->is_first_run && said->acknowledged == 0;

    if (said->keys == round->keys && said->acknowledged == round->acknowledged &&
        said->alone == round->alone)
        return;
    start->said = *round;
    kn_launch_announced(&page, &facts, round, keys);
    if (!start->said_joining)
        show_blocks(start);
    start->said_joining = true;
    show_running(start, true);
}

/* Only what changed: a node runs for months. */
static void show_visible(struct kn_start *start)
{
    const struct kn_announced *round = kn_node_announced(start->node);
    const struct kn_page page = page_of(start);

    if (start->visible_on == round->visible_on + 1)
        return;
    start->visible_on = round->visible_on + 1;
    kn_page_line(&page, round->visible_on > 0 ? "👀" : "❗", "Visible on %u of %u bootstrap%s",
                 round->visible_on, round->asked, round->asked == 1 ? "" : "s");
}

static void show_moved(struct kn_start *start)
{
    const struct kn_placement *place = &kn_node_plan(start->node)->place;
    const struct kn_page page = page_of(start);
    uint32_t n = place->end - place->start;
    struct kn_text blocks = { 0 };

    kn_facts_range("block", place->start, place->end, &blocks);
    kn_page_line(&page, "🎯", "Assigned %s (%u block%s, %s)", kn_text_get(&blocks), n,
                 n == 1 ? "" : "s", place->reason);
    kn_text_done(&blocks);
}

/* Why it stays: that it goes is shown with the blocks. */
static void show_rebalanced(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_move_report report;

    kn_node_move(start->node, &report);
    if (report.last.verdict != KN_REBALANCE_MOVES)
        kn_page_line(&page, "🔁", "Blocks are kept: %s", report.last.reason);
}

/* A line each time; how long it lasts may be another when the reason is. */
static void show_paused(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_scheduler_report report;
    struct kn_text until = { 0 };

    if (!start->launched) /* it is said where others are told of the blocks */
        return;
    kn_node_schedule(start->node, &report);
    kn_hours_add_until(start->cli, report.verdict.until_s, &until);
    kn_page_line(&page, "💤", "Paused%s (%s): no block is served", kn_text_get(&until),
                 report.reason);
    kn_text_done(&until);
}

static void show_resumed(struct kn_start *start)
{
    const struct kn_page page = page_of(start);

    if (!start->launched)
        return;
    kn_page_line(&page, "⏰", "The pause is over: blocks are served again once they are loaded");
}

static void show_state(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_scheduler_report schedule;
    struct kn_move_report report;

    kn_node_move(start->node, &report);
    kn_node_schedule(start->node, &schedule);
    if (kn_node_state(start->node) != KN_NODE_DRAINING || schedule.is_paused)
        return;
    if (report.phase == KN_MOVE_TELLS)
        kn_page_line(&page, "🔁", "Moving there: open sessions end first");
    else
        kn_page_line(&page, "👋", "Telling the swarm that this node leaves");
}

static void show_reloaded(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_json *answer = kn_reload_json(kn_node_reloaded(start->node));
    struct kn_text more = { 0 };

    if (answer == NULL)
        kn_out_of_memory();
    if (!kn_reload_view_holds(answer)) {
        kn_page_line(&page, "❗",
                     "The configuration was read again and is wrong: the node goes on with the one "
                     "that it had");
        (void)kn_reload_view_problems(page.term, answer, &more);
    } else {
        kn_reload_view_changes(page.term, answer, &more);
        kn_page_line(&page, "📋", "Configuration read again%s",
                     more.n > 0 ? "" : ": nothing has changed");
    }
    kn_text_add(page.out, kn_text_get(&more));
    kn_text_done(&more);
    kn_json_free(answer);
}

static void show_cache_failure(struct kn_start *start)
{
    const struct kn_page page = page_of(start);

    kn_page_line(&page, "❗", "What was found out could not be kept: %s",
                 kn_node_cache_failure(start->node)->text);
}

/* Well again is news only after something was not. */
static void show_health(struct kn_start *start)
{
    const struct kn_page page = page_of(start);
    struct kn_health_report report;

    kn_node_health(start->node, &report);
    if (report.gave_up)
        kn_page_line(&page, "❗", "Health: given up reconnecting after %u attempt%s.",
                     report.attempts, report.attempts == 1 ? "" : "s");
    else if (report.verdict == KN_HEALTH_FAILING || report.verdict == KN_HEALTH_DEGRADED)
        kn_page_line(&page, "🩺", "Health: %s: %s", kn_health_word(report.verdict),
                     report.reason);
    else if (start->was_unwell && report.verdict == KN_HEALTH_HEALTHY)
        kn_page_line(&page, "🩺", "Health: healthy again.");
    if (report.hint != NULL && !report.gave_up)
        kn_page_more(&page, "%s", report.hint);
    start->was_unwell = report.verdict == KN_HEALTH_FAILING ||
                        report.verdict == KN_HEALTH_DEGRADED ||
                        (start->was_unwell && report.verdict == KN_HEALTH_UNKNOWN);
}

static void show_alert(struct kn_start *start)
{
    const struct kn_alert_outcome *told = kn_node_alerted(start->node);
    const struct kn_page page = page_of(start);
    const char *by = told->way == KN_ALERT_WEBHOOK ? "webhook" : "command";

    if (told->failure == NULL)
        kn_page_line(&page, "🔔", "Alert sent by %s: %s.", by, kn_alert_word(told->event));
    else
        kn_page_line(&page, "❗", "The alert (%s) could not be sent by %s: %s",
                     kn_alert_word(told->event), by, told->failure->text);
}

static void show_ended(struct kn_start *start)
{
    const struct kn_page page = page_of(start);

    if (start->lines != NULL) /* the cursor stands behind the question */
        kn_page_gap(&page);
    if (start->dry_run && kn_node_plan(start->node) != NULL) {
        kn_page_gap(&page);
        kn_page_line(&page, "", "A dry run: nothing was announced and nothing was written.");
    }
}

void kn_start_text(struct kn_start *start, enum kn_node_event event)
{
    switch (event) {
    case KN_NODE_LISTENING:
        show_listening(start);
        break;
    case KN_NODE_BOOTSTRAP:
        show_bootstrap(start);
        break;
    case KN_NODE_PLANNED:
        show_plan(start);
        break;
    case KN_NODE_REPLANNED:
        show_replanned(start);
        break;
    case KN_NODE_REFRESHED:
        show_refreshed(start);
        break;
    case KN_NODE_JOINED:
        show_joined(start);
        break;
    case KN_NODE_ANNOUNCED:
        show_announced(start);
        break;
    case KN_NODE_READ_BACK:
        show_visible(start);
        break;
    case KN_NODE_MOVED:
        show_moved(start);
        break;
    case KN_NODE_REBALANCED:
        show_rebalanced(start);
        break;
    case KN_NODE_BLOCKS:
        show_changed_blocks(start);
        show_drift(start);
        break;
    case KN_NODE_STATE:
        show_state(start);
        break;
    case KN_NODE_HEALTH:
        show_health(start);
        break;
    case KN_NODE_ALERT:
        show_alert(start);
        break;
    case KN_NODE_PAUSED:
        show_paused(start);
        break;
    case KN_NODE_RESUMED:
        show_resumed(start);
        break;
    case KN_NODE_RELOADED:
        show_reloaded(start);
        break;
    case KN_NODE_CACHE_FAILED:
        show_cache_failure(start);
        break;
    case KN_NODE_ENDED:
        show_ended(start);
        break;
    case KN_NODE_SEEN:
    case KN_NODE_MEASURED:
        break;
    }
}
