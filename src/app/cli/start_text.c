#include "app/cli/start_text.h"

#include <string.h>

#include "app/cli/calibration_view.h"
#include "app/cli/cli.h"
#include "app/cli/swarm.h"
#include "app/term/fold.h"

static void say(struct kn_start *start, const char *emoji, struct kn_text *line)
{
    struct kn_cli *cli = start->cli;
    struct kn_text whole = { 0 };

    kn_text_add(&whole, kn_term_emoji(&cli->out_term, emoji));
    kn_term_add_safe(&whole, kn_text_get(line));
    kn_fold_paragraph(&cli->answer, kn_text_get(&whole), cli->out_term.columns, 0);
    kn_text_done(&whole);
    kn_text_done(line);
}

static void item(struct kn_start *start, struct kn_text *line)
{
    struct kn_cli *cli = start->cli;
    struct kn_text whole = { 0 };

    kn_text_add(&whole, kn_term_pick(&cli->out_term, "• ", "* "));
    kn_term_add_safe(&whole, kn_text_get(line));
    kn_fold_paragraph(&cli->answer, kn_text_get(&whole), cli->out_term.columns, 3);
    kn_text_done(&whole);
    kn_text_done(line);
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
    struct kn_text line = { 0 };

    if (told->code != KN_OK && told->code == *said)
        return;
    *said = told->code;
    if (told->code == KN_OK) {
        kn_text_addf(&line, "Connected to %s (", told->address);
        kn_swarm_add_ms(&line, told->ms);
        kn_text_add_char(&line, ')');
        if (told->tells_time && (told->ahead_s > 3 || told->ahead_s < -3))
            kn_text_addf(&line,
                         "; its clock is %.0f s %s ours, and peers that differ by more than "
                         "3 s refuse each other: set the clock of this machine",
                         told->ahead_s < 0 ? -told->ahead_s : told->ahead_s,
                         told->ahead_s < 0 ? "behind" : "ahead of");
        say(start, "✅ ", &line);
    } else {
        kn_text_addf(&line, "%s: %s", told->address, told->error.text);
        say(start, "⚠️  ", &line);
    }
}

/* spec: REQ-0.1.7 */
static void show_discovery(struct kn_start *start, const struct kn_plan *plan)
{
    struct kn_text line = { 0 };
    size_t n = plan->swarm.model_count;

    if (kn_snapshot_config(kn_node_snapshot(start->node))->network.new_swarm.value)
        kn_text_addf(&line, "A swarm of its own, selected %s", plan->model.name);
    else if (!plan->swarm.is_known)
        kn_text_addf(&line, "Nobody answered, selected %s: %s", plan->model.name,
                     plan->model.reason);
    else
        kn_text_addf(&line, "Discovered %zu model%s, selected %s (%s)", n, n == 1 ? "" : "s",
                     plan->model.name, plan->model.reason);
    say(start, "🔍 ", &line);
    for (size_t i = 0; i < plan->model.passed_over_count; i++) {
        kn_text_addf(&line, "passed over %s: %s", plan->model.passed_over[i].model->prefix,
                     plan->model.passed_over[i].reason);
        item(start, &line);
    }
}

static void show_memory(struct kn_start *start, const struct kn_hardware *machine)
{
    struct kn_text line = { 0 };
    char total[KN_MEMORY_TEXT_SIZE], available[KN_MEMORY_TEXT_SIZE];

    if (machine->memory_total < 0 || machine->memory_available < 0) {
        kn_text_add(&line, "RAM: the system does not tell");
    } else {
        kn_memory_text(machine->memory_total, total);
        kn_memory_text(machine->memory_available, available);
        kn_text_addf(&line, "RAM: %s (%s available)", total, available);
    }
    item(start, &line);
    for (size_t i = 0; i < machine->gpu_count; i++) {
        kn_text_addf(&line, "GPU: %s", machine->gpus[i].name);
        item(start, &line);
    }
}

static void note(void *arg, const char *text)
{
    struct kn_text line = { 0 };

    kn_text_add(&line, text);
    item(arg, &line);
}

/* An earlier start's plan that counts no longer. spec: decisions D18 */
static void show_change(struct kn_start *start, const struct kn_plan *plan)
{
    struct kn_text line = { 0 };

    if (plan->kept.changed[0] == '\0')
        return;
    kn_text_add(&line, plan->kept.changed);
    say(start, "🔁 ", &line);
}

/* spec: REQ-0.2.7 */
static void show_calibration(struct kn_start *start, const struct kn_plan *plan)
{
    const struct kn_fit *fit = &plan->model.fit;
    struct kn_text line = { 0 };
    char memory[KN_MEMORY_TEXT_SIZE];

    kn_text_add(&line, "Hardware Calibration Complete:");
    say(start, "🔬 ", &line);
    show_memory(start, kn_node_hardware(start->node));
    if (plan->place.by == KN_PLACED_NOWHERE) {
        kn_text_addf(&line, "No block is served: %s", fit->reason);
        item(start, &line);
        kn_calibration_notes(&plan->model, &plan->speed, note, start);
        return;
    }
    kn_memory_text(fit->block_bytes * plan->planned, memory);
    kn_text_addf(&line, "Recommended blocks: %u (~%s%s), at most %u: %s", plan->planned, memory,
                 fit->is_guess ? ", a guess" : "", fit->profiles[KN_PRESET_MAX].blocks, fit->limit);
    item(start, &line);
    kn_text_addf(&line, "Data type: %s (%s)", kn_words_dtype[plan->model.format.dtype].name,
                 plan->model.format.reason);
    item(start, &line);
    kn_calibration_notes(&plan->model, &plan->speed, note, start);
}

/* spec: REQ-0.5.7 */
static void show_place(struct kn_start *start, const struct kn_plan *plan)
{
    const struct kn_placement *place = &plan->place;
    uint32_t n = place->end - place->start;
    struct kn_text line = { 0 };

    if (place->by == KN_PLACED_NOWHERE)
        return;
    kn_text_addf(&line, "Assigned blocks %u-%u (%u block%s, %s)", place->start, place->end - 1, n,
                 n == 1 ? "" : "s", place->reason);
    say(start, "🎯 ", &line);
}

static void show_plan(struct kn_start *start)
{
    const struct kn_plan *plan = kn_node_plan(start->node);
    const struct kn_node_config *config = kn_snapshot_config(kn_node_snapshot(start->node));
    struct kn_text line = { 0 };

    show_discovery(start, plan);
    show_calibration(start, plan);
    show_change(start, plan);
    show_place(start, plan);
    kn_text_addf(&line, "Node name: %s", config->node.name.text);
    say(start, "🏷️  ", &line);
}

static void show_announced(struct kn_start *start)
{
    const struct kn_announced *round = kn_node_announced(start->node), *said = &start->said;
    struct kn_text line = { 0 };

    if (said->keys == round->keys && said->acknowledged == round->acknowledged &&
        said->alone == round->alone)
        return;
    start->said = *round;
    if (round->alone)
        kn_text_add(&line, "There is nobody else yet to confirm what this node announces.");
    else
        kn_text_addf(&line, "Announced: %u of %u records acknowledged", round->acknowledged,
                     round->keys);
    say(start, round->acknowledged == round->keys ? "📢 " : "⚠️  ", &line);
    if (start->said_joining)
        return;
    start->said_joining = true;
    kn_text_add(&line, "Shown as JOINING with throughput 0: this version does not compute blocks "
                       "yet, and nothing is announced that is not served.");
    say(start, "", &line);
}

/* Only what changed: a node runs for months. */
static void show_visible(struct kn_start *start)
{
    const struct kn_announced *round = kn_node_announced(start->node);
    struct kn_text line = { 0 };

    if (start->visible_on == round->visible_on + 1)
        return;
    start->visible_on = round->visible_on + 1;
    kn_text_addf(&line, "Visible on %u of %u bootstraps", round->visible_on, round->asked);
    say(start, round->visible_on > 0 ? "👀 " : "⚠️  ", &line);
}

static void show_line(struct kn_start *start, const char *emoji, const char *text)
{
    struct kn_text line = { 0 };

    kn_text_add(&line, text);
    say(start, emoji, &line);
}

static void show_state(struct kn_start *start)
{
    if (kn_node_state(start->node) == KN_NODE_DRAINING)
        show_line(start, "👋 ", "Telling the swarm that this node leaves");
}

void kn_start_text(struct kn_start *start, enum kn_node_event event)
{
    struct kn_text line = { 0 };

    switch (event) {
    case KN_NODE_LISTENING:
        kn_text_addf(&line, "Peer %s", kn_node_peer_id(start->node));
        say(start, "🚀 ", &line);
        show_line(start, "🔌 ", kn_node_port_text(start->node));
        break;
    case KN_NODE_BOOTSTRAP:
        show_bootstrap(start);
        break;
    case KN_NODE_PLANNED:
    case KN_NODE_REPLANNED:
        show_plan(start);
        break;
    case KN_NODE_ANNOUNCED:
        show_announced(start);
        break;
    case KN_NODE_READ_BACK:
        show_visible(start);
        break;
    case KN_NODE_MOVED:
        show_place(start, kn_node_plan(start->node));
        break;
    case KN_NODE_STATE:
        show_state(start);
        break;
    case KN_NODE_CACHE_FAILED:
        kn_text_addf(&line, "What was found out could not be kept: %s",
                     kn_node_cache_failure(start->node)->text);
        say(start, "⚠️  ", &line);
        break;
    case KN_NODE_SEEN:
    case KN_NODE_MEASURED:
    case KN_NODE_JOINED:
    case KN_NODE_REFRESHED:
    case KN_NODE_ENDED:
        break;
    }
}
