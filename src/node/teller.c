#include "node/teller.h"

#include <string.h>

#include "node/plan/advice.h"

static void tell(struct kn_teller *teller, enum kwaai_event_kind kind, struct kn_text *line)
{
    teller->tell(teller->arg, kind, kn_text_get(line));
    kn_text_done(line);
}

/* Where the code of this bootstrap was put down when it was told of last. */
static enum kn_code *code_told(struct kn_teller *teller, const struct kn_node *node,
                               const char *address)
{
    const struct kn_texts *all = &kn_node_settings(node)->network.bootstrap_peers.texts;
    size_t i = 0;

    while (i < all->n && i + 1 < KN_COUNT(teller->not_met) && strcmp(all->at[i], address) != 0)
        i++;
    return &teller->not_met[i];
}

static void tell_bootstrap(struct kn_teller *teller, const struct kn_node *node)
{
    const struct kn_bootstrap *met = kn_node_bootstrap(node);
    enum kn_code *told = code_told(teller, node, met->address);
    struct kn_text line = { 0 };

    if (met->code != KN_OK && met->code == *told)
        return;
    *told = met->code;
    if (met->code == KN_OK)
        kn_text_addf(&line, "connected to %s (%.0f ms)", met->address, met->ms);
    else
        kn_text_addf(&line, "%s: %s", met->address, met->error.text);
    tell(teller, KWAAI_EVENT_BOOTSTRAP, &line);
}

/* spec: REQ-0.1.7 */
static void tell_discovery(struct kn_teller *teller, const struct kn_node *node)
{
    const struct kn_plan *plan = kn_node_plan(node);
    size_t n = plan->swarm.model_count;
    struct kn_text line = { 0 };

    if (kn_node_settings(node)->network.new_swarm.value)
        kn_text_addf(&line, "a swarm of its own, selected %s", plan->model.name);
    else if (!plan->swarm.is_known) /* a later start does not ask before it announces */
        kn_text_addf(&line, "%sselected %s: %s",
                     kn_node_look(node) != NULL ? "nobody answered, " : "", plan->model.name,
                     plan->model.reason);
    else
        kn_text_addf(&line, "discovered %zu model%s, selected %s (%s)", n, n == 1 ? "" : "s",
                     plan->model.name, plan->model.reason);
    tell(teller, KWAAI_EVENT_DISCOVERED, &line);
}

/* spec: REQ-0.2.7 */
static void tell_calibration(struct kn_teller *teller, const struct kn_plan *plan)
{
    const struct kn_fit *fit = &plan->model.fit;
    struct kn_text line = { 0 };
    char memory[KN_MEMORY_TEXT_SIZE];

    kn_memory_text(fit->block_bytes * plan->planned, memory);
    if (plan->place.by == KN_PLACED_NOWHERE)
        kn_text_addf(&line, "no block is served: %s", fit->reason);
    else
        kn_text_addf(&line, "calibrated: %u block%s (~%s%s), at most %u: %s", plan->planned,
                     plan->planned == 1 ? "" : "s", memory, fit->is_guess ? ", a guess" : "",
                     fit->profiles[KN_PRESET_MAX].blocks, fit->limit);
    tell(teller, KWAAI_EVENT_CALIBRATED, &line);
}

/* "block 3", "blocks 68-79": half-open inside, inclusive where people read (decisions D13). */
static void add_range(struct kn_text *line, uint32_t start, uint32_t end)
{
    kn_text_addf(line, "block%s %u", end > start + 1 ? "s" : "", start);
    if (end > start + 1)
        kn_text_addf(line, "-%u", end - 1);
}

/* spec: REQ-0.5.7 */
static void tell_place(struct kn_teller *teller, const struct kn_plan *plan)
{
    const struct kn_placement *place = &plan->place;
    uint32_t n = place->end - place->start;
    struct kn_text line = { 0 };

    if (place->by == KN_PLACED_NOWHERE)
        return;
    kn_text_add(&line, "assigned ");
    add_range(&line, place->start, place->end);
    kn_text_addf(&line, " (%u block%s, %s)", n, n == 1 ? "" : "s", place->reason);
    tell(teller, KWAAI_EVENT_ASSIGNED, &line);
}

static void tell_plan(struct kn_teller *teller, const struct kn_node *node)
{
    const struct kn_plan *plan = kn_node_plan(node);
    struct kn_text line = { 0 };

    tell_discovery(teller, node);
    tell_calibration(teller, plan);
    tell_place(teller, plan);
    kn_text_addf(&line, "node name: %s", kn_node_settings(node)->node.name.text);
    tell(teller, KWAAI_EVENT_NAMED, &line);
}

/* What there is to say of blocks while nobody is served, or of those that are. */
static void add_blocks(const struct kn_node *node, const struct kn_blocks_report *report,
                       struct kn_text *line)
{
    if (report->stage == KN_BLOCKS_SERVING) {
        kn_text_add(line, "serving ");
        add_range(line, report->wish->from, report->wish->to);
        kn_text_addf(line, ": %.0f tokens/s through one block", report->speed->decode_tokens_per_s);
    } else if (report->stage == KN_BLOCKS_FAILED)
        kn_text_addf(line, "blocks are not served: %s", report->failure->text);
    else if (report->stage == KN_BLOCKS_NONE && !kn_node_plan(node)->fetch.is_needed &&
             kn_node_plan(node)->model.warning == NULL)
        kn_text_add(line, "blocks are unloaded");
    else if (report->stage == KN_BLOCKS_NONE) {
        kn_text_add(line, "blocks are not served: ");
        kn_reason_no_files(kn_node_plan(node), line);
    } else if (report->stage == KN_BLOCKS_FETCHING && report->failure != NULL)
        kn_text_addf(line, "files could not be fetched, and are tried again: %s",
                     report->failure->text);
    else if (report->stage == KN_BLOCKS_FETCHING) {
        kn_text_add(line, "fetching the files of ");
        add_range(line, report->wish->from, report->wish->to);
        kn_text_addf(line, " from %s", report->wish->fetch.repository);
    } else
        kn_text_addf(line, "blocks are %s", kn_blocks_stage_word(report->stage));
}

static void tell_blocks(struct kn_teller *teller, const struct kn_node *node)
{
    struct kn_blocks_report report;
    struct kn_text line = { 0 };

    kn_node_blocks(node, &report);
    add_blocks(node, &report, &line);
    tell(teller, KWAAI_EVENT_BLOCKS, &line);
}

/* Why it stays; what is announced instead is told as a place. */
static void tell_rebalanced(struct kn_teller *teller, const struct kn_node *node)
{
    struct kn_move_report report;
    struct kn_text line = { 0 };

    kn_node_move(node, &report);
    if (report.last.verdict == KN_REBALANCE_MOVES)
        return;
    kn_text_addf(&line, "blocks are kept: %s", report.last.reason);
    tell(teller, KWAAI_EVENT_BLOCKS, &line);
}

static void tell_announced(struct kn_teller *teller, const struct kn_node *node)
{
    const struct kn_announced *round = kn_node_announced(node), *told = &teller->announced;
    struct kn_blocks_report report;
    struct kn_text line = { 0 };

    if (teller->has_announced && told->keys == round->keys &&
        told->acknowledged == round->acknowledged && told->alone == round->alone)
        return;
    if (round->alone)
        kn_text_add(&line, "there is nobody else yet to confirm what this node announces");
    else
        kn_text_addf(&line, "announced %u block%s: %u of %u records acknowledged", round->blocks,
                     round->blocks == 1 ? "" : "s", round->acknowledged, round->keys);
    kn_node_blocks(node, &report);
    if (!teller->has_announced && report.stage == KN_BLOCKS_NONE && round->blocks > 0) {
        kn_text_add(&line, "; as JOINING with throughput 0: ");
        kn_reason_no_files(kn_node_plan(node), &line);
    }
    /* What was read back of the round before stays told. */
    teller->announced.keys = round->keys;
    teller->announced.acknowledged = round->acknowledged;
    teller->announced.alone = round->alone;
    teller->has_announced = true;
    tell(teller, KWAAI_EVENT_ANNOUNCED, &line);
}

static void tell_visible(struct kn_teller *teller, const struct kn_node *node)
{
    const struct kn_announced *round = kn_node_announced(node), *told = &teller->announced;
    struct kn_text line = { 0 };

    if (teller->has_read_back && told->visible_on == round->visible_on &&
        told->asked == round->asked)
        return;
    teller->announced.visible_on = round->visible_on;
    teller->announced.asked = round->asked;
    teller->has_read_back = true;
    kn_text_addf(&line, "visible on %u of %u bootstrap%s", round->visible_on, round->asked,
                 round->asked == 1 ? "" : "s");
    tell(teller, KWAAI_EVENT_VISIBLE, &line);
}

static void tell_reloaded(struct kn_teller *teller, const struct kn_reload_report *report)
{
    struct kn_text line = { 0 };

    if (report->err.code != KN_OK)
        kn_text_addf(&line, "the configuration was read again and changes nothing: %s",
                     report->err.text);
    else
        kn_text_addf(&line, "the configuration was read again: %zu changed, %zu at the next start",
                     report->what.changed_count, report->what.waiting_count);
    tell(teller, KWAAI_EVENT_RELOADED, &line);
}

void kn_teller_take(struct kn_teller *teller, const struct kn_node *node, enum kn_node_event event)
{
    struct kn_scheduler_report schedule;
    struct kn_text line = { 0 };

    switch (event) {
    case KN_NODE_LISTENING:
        kn_text_addf(&line, "%s, peer %s", kn_node_port_text(node), kn_node_peer_id(node));
        tell(teller, KWAAI_EVENT_LISTENING, &line);
        break;
    case KN_NODE_BOOTSTRAP:
        tell_bootstrap(teller, node);
        break;
    case KN_NODE_PLANNED:
    case KN_NODE_REPLANNED:
        tell_plan(teller, node);
        break;
    case KN_NODE_ANNOUNCED:
        tell_announced(teller, node);
        break;
    case KN_NODE_READ_BACK:
        tell_visible(teller, node);
        break;
    case KN_NODE_MOVED:
        tell_place(teller, kn_node_plan(node));
        break;
    case KN_NODE_REBALANCED:
        tell_rebalanced(teller, node);
        break;
    case KN_NODE_BLOCKS:
        tell_blocks(teller, node);
        break;
    case KN_NODE_STATE:
        kn_text_addf(&line, "state: %s", kn_node_state_word(kn_node_state(node)));
        tell(teller, KWAAI_EVENT_STATE, &line);
        break;
    case KN_NODE_PAUSED:
        kn_node_schedule(node, &schedule);
        kn_text_addf(&line, "paused: %s", schedule.reason);
        tell(teller, KWAAI_EVENT_STATE, &line);
        break;
    case KN_NODE_RESUMED:
        kn_text_add(&line, "resumed: the blocks are loaded again");
        tell(teller, KWAAI_EVENT_STATE, &line);
        break;
    case KN_NODE_RELOADED:
        tell_reloaded(teller, kn_node_reloaded(node));
        break;
    case KN_NODE_CACHE_FAILED:
        kn_text_addf(&line, "what was found out could not be kept: %s",
                     kn_node_cache_failure(node)->text);
        tell(teller, KWAAI_EVENT_CACHES_FAILED, &line);
        break;
    case KN_NODE_SEEN:
    case KN_NODE_MEASURED:
    case KN_NODE_JOINED:
    case KN_NODE_REFRESHED:
    case KN_NODE_HEALTH: /* the library has no word for it yet */
    case KN_NODE_ALERT:
    case KN_NODE_ENDED: /* told when the port and the folder are free */
        break;
    }
}
