#include "app/cli/launch.h"

#include <string.h>

#include "app/cli/fetch_view.h"
#include "app/cli/swarm.h"
#include "app/cli/values.h"
#include "lib/base/utf8.h"
#include "node/plan/advice.h"

enum { KEYS_FIRST = 3, CLOCK_MOST_S = 3 };

static void add_failure(const struct kn_page *page, const struct kn_bootstrap *told)
{
    kn_page_line(page, "❗", "%s: %s", told->address, told->error.text);
    if (told->error.hint[0] != '\0')
        kn_page_more(page, "%s", told->error.hint);
}

void kn_launch_bootstrap(const struct kn_page *page, const struct kn_bootstrap *told)
{
    struct kn_text ms = { 0 }, host = { 0 };

    kn_facts_host(told->address, &host);
    kn_swarm_add_ms(&ms, told->ms);
    if (told->code != KN_OK)
        add_failure(page, told);
    else if (told->tells_time && (told->ahead_s > CLOCK_MOST_S || told->ahead_s < -CLOCK_MOST_S))
        kn_page_line(page, "❗",
                     "Connected to %s (%s); its clock is %.0f s %s ours, and peers that "
                     "differ by more than 3 s refuse each other: set the clock of this "
                     "machine",
                     kn_text_get(&host), kn_text_get(&ms),
                     told->ahead_s < 0 ? -told->ahead_s : told->ahead_s,
                     told->ahead_s < 0 ? "behind" : "ahead of");
    else
        kn_page_line(page, "✅", "Connected to %s (%s)", kn_text_get(&host), kn_text_get(&ms));
    kn_text_done(&ms);
    kn_text_done(&host);
}

void kn_launch_begin(const struct kn_page *page, bool joined)
{
    kn_page_line(page, "🚀", "Launching KwaaiNet node...");
    if (!joined)
        kn_page_line(page, "🔗", "Connecting to DHT network...");
}

static void add_joined(const struct kn_page *page, const struct kn_start_facts *facts,
                       size_t bootstraps)
{
    if (kn_facts_config(facts)->network.bootstrap_peers.texts.n == 0 ||
        kn_facts_config(facts)->network.new_swarm.value)
        kn_page_line(page, "🔗", "The first node of a swarm: others join through it");
    else if (bootstraps == 0)
        kn_page_line(page, "🔗",
                     "Connected to the DHT network through a node that an earlier start met");
    else
        kn_page_line(page, "🔗", "Connected to the DHT network through %zu bootstrap%s", bootstraps,
                     bootstraps == 1 ? "" : "s");
}

void kn_launch_joined(const struct kn_page *page, const struct kn_start_facts *facts,
                      size_t bootstraps)
{
    add_joined(page, facts, bootstraps);
    /* What was chosen while nobody answered is chosen anew before it is announced. */
    if (!kn_facts_is_guess(facts))
        kn_launch_announcing(page, facts);
}

void kn_launch_announcing(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const char *silence = kn_facts_silence(facts);
    uint32_t n = facts->plan->place.end - facts->plan->place.start;

    if (silence != NULL)
        kn_page_line(page, "📢", "No block is announced: %s", silence);
    else
        kn_page_line(page, "📢", "Announcing %u block%s to DHT...", n, n == 1 ? "" : "s");
}

static void add_key(const struct kn_page *page, const struct kn_start_facts *facts,
                    const struct kn_announced *round, uint32_t i)
{
    const char *prefix = kn_facts_config(facts)->model.dht_prefix.text;
    const char *mark = round->took[i]
                           ? kn_term_pick(page->term, "✓", "ok")
                           : kn_term_pick(page->term, "✗ not acknowledged", "not acknowledged");

    kn_page_item(page, "%s.%u %s", prefix, facts->plan->place.start + i, mark);
}

/* The first ones, what lies between, the last. */
static void add_keys(const struct kn_page *page, const struct kn_start_facts *facts,
                     const struct kn_announced *round)
{
    uint32_t n = round->blocks, hidden = 0;

    for (uint32_t i = 0; i < n; i++) {
        /* One that failed is never hidden behind a number. */
        if (i >= KEYS_FIRST && i + 1 < n && n > KEYS_FIRST + 2 && round->took[i]) {
            hidden++;
            continue;
        }
        if (hidden > 0)
            kn_page_more(page, "... (%u more)", hidden);
        hidden = 0;
        add_key(page, facts, round, i);
    }
}

static uint32_t blocks_taken(const struct kn_announced *round)
{
    uint32_t n = 0;

    if (round->took == NULL)
        return round->acknowledged < round->blocks ? round->acknowledged : round->blocks;
    for (uint32_t i = 0; i < round->blocks; i++)
        n += round->took[i];
    return n;
}

static void add_unregistered(const struct kn_page *page, const struct kn_start_facts *facts,
                             const struct kn_announced *round)
{
    if (round->registers || facts->plan->model.repository != NULL)
        return;
    kn_page_line(page, "", "Not listed in the registry of models: its repository is not known.");
    kn_page_more(page, "With --set model.repository=ORGANISATION/NAME it is, and its nodes see "
                       "which blocks the others serve.");
}

void kn_launch_announced(const struct kn_page *page, const struct kn_start_facts *facts,
                         const struct kn_announced *round, bool keys)
{
    uint32_t n = round->blocks, taken = blocks_taken(round);

    if (round->alone) {
        kn_page_line(page, "📢", "There is nobody else yet to confirm what this node announces.");
        add_unregistered(page, facts, round);
        return;
    }
    if (keys && round->took != NULL && round->acknowledged > 0)
        add_keys(page, facts, round);
    if (taken == n)
        kn_page_line(page, "✅", "Announced %u block%s to DHT", n, n == 1 ? "" : "s");
    else
        kn_page_line(page, "❗",
                     "Announced %u of %u blocks: the others were acknowledged by "
                     "nobody, and are tried again",
                     taken, n);
    if (round->registers && round->took != NULL && round->took[n])
        kn_page_line(page, "✅", "Announced model info to _petals.models registry");
    kn_page_line(page, "📊", "Announced: %u of %u records acknowledged", round->acknowledged,
                 round->keys);
    add_unregistered(page, facts, round);
}

static void add_served(const struct kn_page *page, const struct kn_blocks_report *report)
{
    uint32_t n = report->wish->to - report->wish->from;
    char memory[KN_MEMORY_TEXT_SIZE];
    struct kn_text blocks = { 0 };

    kn_memory_text(report->weight_bytes, memory);
    kn_facts_range("block", report->wish->from, report->wish->to, &blocks);
    kn_page_line(page, "🧠", "Serving %s: %s of weights, tested in %.0f ms", kn_text_get(&blocks),
                 memory, (double)report->test_us / 1000);
    kn_text_done(&blocks);
    kn_page_more(page, "%.0f tokens/s for one session, %.0f tokens/s for prompts, %u thread%s",
                 report->speed->decode_tokens_per_s / n, report->speed->forward_tokens_per_s / n,
                 report->wish->threads, report->wish->threads == 1 ? "" : "s");
}

static void add_no_files(const struct kn_page *page, const struct kn_plan *plan)
{
    struct kn_text why = { 0 };

    kn_reason_no_files(plan, &why);
    kn_page_line(page, "",
                 "Shown as JOINING with throughput 0: %s, and nothing is announced that is not "
                 "served.",
                 kn_text_get(&why));
    kn_page_more(page, "%s", kn_advice_no_files(plan));
    kn_text_done(&why);
}

void kn_launch_blocks(const struct kn_page *page, const struct kn_start_facts *facts,
                      const struct kn_blocks_report *report)
{
    switch (report->stage) {
    case KN_BLOCKS_SERVING:
        add_served(page, report);
        break;
    case KN_BLOCKS_FAILED:
        kn_page_line(page, "❗", "The blocks are not served, and shown as JOINING: %s",
                     report->failure->text);
        if (report->failure->hint[0] != '\0')
            kn_page_more(page, "%s", report->failure->hint);
        kn_page_more(page, "They are tried again by themselves, and at once with kwaainet reload.");
        break;
    case KN_BLOCKS_NONE:
        add_no_files(page, facts->plan);
        break;
    case KN_BLOCKS_FETCHING:
        kn_fetch_told(page, facts, report);
        break;
    case KN_BLOCKS_LOADING:
    case KN_BLOCKS_DRAINING:
        break;
    }
}

static void add_map(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_string *map = &kn_facts_config(facts)->network.map_endpoint;

    if (map->is == KN_GIVEN && map->text[0] != '\0' && strcmp(map->text, "off") != 0)
        kn_page_line(page, "", "         Check map: %s", map->text);
}

void kn_launch_running(const struct kn_page *page, const struct kn_start_facts *facts,
                       bool in_swarm, bool title)
{
    if (title)
        kn_page_rule(page, "Node Running");
    else
        kn_page_gap(page);
    if (!in_swarm)
        kn_page_line(page, "",
                     "[STATUS] Node is running, and not in the swarm yet: it goes on "
                     "trying");
    else
        kn_page_line(page, "", "%s",
                     title ? "[STATUS] Your node is live!" : "[STATUS] Node is running!");
    if (in_swarm)
        add_map(page, facts);
    if (page->term->is_terminal) {
        kn_page_gap(page);
        kn_page_line(page, "", "         Press Ctrl+C to stop");
    }
}

static void add_age(const struct kn_live *live, struct kn_text *out)
{
    double age = live->now_s - live->round->at;

    kn_age_words(age > 0 ? (int64_t)age : 0, out);
    kn_text_add(out, " ago");
}

static void add_work(const struct kn_live *live, const char *dot, struct kn_text *out)
{
    kn_text_add(out, dot);
    kn_facts_count(live->blocks->now.sessions, "session", out);
    if (live->blocks->now.tokens_per_s > 0)
        kn_text_addf(out, "%s%.1f tokens/s", dot, live->blocks->now.tokens_per_s);
}

static void add_fetching(const struct kn_live *live, const char *dot, struct kn_text *out)
{
    const struct kn_fetching_state *fetch = &live->blocks->fetch;

    kn_text_addf(out, "%sfetching", dot);
    if (fetch->total > 0 && fetch->failure == NULL)
        kn_text_addf(out, " %.0f %%", 100 * (double)fetch->done / (double)fetch->total);
    kn_text_add(out, ", ");
    kn_fetch_how_far(fetch, out);
}

static void add_long(const struct kn_live *live, const char *dot, struct kn_text *out)
{
    const struct kn_announced *round = live->round;

    kn_text_add(out, dot);
    kn_facts_range("block", live->place->start, live->place->end, out);
    if (live->blocks->stage == KN_BLOCKS_SERVING)
        add_work(live, dot, out);
    if (live->blocks->stage == KN_BLOCKS_FETCHING)
        add_fetching(live, dot, out);
    if (round->at <= 0) {
        kn_text_addf(out, "%snot announced yet", dot);
        return;
    }
    if (round->asked > 0)
        kn_text_addf(out, "%svisible on %u of %u", dot, round->visible_on, round->asked);
    if (round->alone)
        kn_text_addf(out, "%snobody else yet", dot);
    else if (round->acknowledged == 0)
        kn_text_addf(out, "%snot acknowledged", dot);
    kn_text_addf(out, "%slast announce ", dot);
    add_age(live, out);
}

static void add_short(const struct kn_live *live, const char *dot, struct kn_text *out)
{
    const struct kn_announced *round = live->round;

    if (live->blocks->stage == KN_BLOCKS_FETCHING) {
        add_fetching(live, dot, out);
        return;
    }
    kn_text_add(out, dot);
    kn_facts_range("block", live->place->start, live->place->end, out);
    if (round->at <= 0)
        return;
    if (round->asked > 0)
        kn_text_addf(out, "%s%u/%u see it", dot, round->visible_on, round->asked);
    kn_text_add(out, dot);
    add_age(live, out);
}

void kn_live_add(const struct kn_term *term, const struct kn_live *live, size_t columns,
                 struct kn_text *out)
{
    const char *dot = kn_term_pick(term, " · ", " | ");
    size_t begin = out->n, kept;

    kn_text_addf(out, "[%s] ", kn_node_state_word(live->state));
    kn_facts_count(live->peers, "peer", out);
    kept = out->n;
    if (live->place == NULL) {
        kn_text_addf(out, "%sno blocks", dot);
        return;
    }
    add_long(live, dot, out);
    if (out->failed || kn_utf8_width(out->at + begin, out->n - begin) <= columns)
        return;
    kn_text_cut(out, kept);
    add_short(live, dot, out);
}
