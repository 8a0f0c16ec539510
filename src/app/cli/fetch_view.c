#include "app/cli/fetch_view.h"

#include "app/cli/values.h"

static void add_memory(int64_t bytes, struct kn_text *out)
{
    char text[KN_MEMORY_TEXT_SIZE];

    kn_memory_text(bytes, text);
    kn_text_add(out, text);
}

void kn_fetch_how_far(const struct kn_fetching_state *state, struct kn_text *out)
{
    if (state->on_hold) {
        kn_text_add(out, "waiting until it is clear which blocks");
    } else if (state->failure != NULL) {
        kn_text_add(out, "tried again in ");
        kn_age_words((state->again_ms + 999) / 1000, out);
    } else if (state->total == 0) {
        kn_text_add(out, "asking for their sizes");
    } else {
        add_memory(state->done, out);
        kn_text_add(out, " of ");
        add_memory(state->total, out);
        if (state->checks)
            kn_text_add(out, ", checking what is here");
        else if (state->rate >= 1) {
            kn_text_add(out, ", ");
            add_memory((int64_t)state->rate, out);
            kn_text_add(out, "/s");
        }
    }
}

void kn_fetch_progress(const struct kn_fetching_state *state, struct kn_text *note,
                       struct kn_progress *out)
{
    kn_fetch_how_far(state, note);
    *out = (struct kn_progress){ .label = "Fetching files",
                                 .done = (size_t)state->done,
                                 .of = (size_t)state->total,
                                 .note = kn_text_get(note) };
}

void kn_fetch_intent(const struct kn_start_facts *facts, struct kn_text *out)
{
    const struct kn_fetch_choice *fetch = &facts->plan->fetch;

    if (!fetch->is_needed)
        return;
    if (!fetch->is_allowed) {
        kn_text_add(out, "not on this machine, and not fetched (");
        kn_term_add_safe(out, fetch->reason);
        kn_text_add_char(out, ')');
        return;
    }
    if (fetch->bytes > 0) {
        kn_text_add(out, "about ");
        add_memory(fetch->bytes, out);
        kn_text_add(out, ", ");
    }
    kn_text_add(out, "fetched from ");
    kn_term_add_safe(out, fetch->repository);
    kn_text_addf(out, " (%s)", fetch->reason);
    if (fetch->limit[0] != '\0')
        kn_text_addf(out, "; %s", fetch->limit);
}

static void add_failure(const struct kn_page *page, const struct kn_blocks_report *report)
{
    struct kn_text soon = { 0 };

    kn_age_words((report->fetch.again_ms + 999) / 1000, &soon);
    kn_page_line(page, "❗", "The files could not be fetched, and are tried again in %s: %s",
                 kn_text_get(&soon), report->failure->text);
    if (report->failure->hint[0] != '\0')
        kn_page_more(page, "%s", report->failure->hint);
    kn_text_done(&soon);
}

void kn_fetch_told(const struct kn_page *page, const struct kn_start_facts *facts,
                   const struct kn_blocks_report *report)
{
    const struct kn_blocks_wish *wish = report->wish;
    struct kn_text what = { 0 }, blocks = { 0 };

    if (report->failure != NULL) {
        add_failure(page, report);
        return;
    }
    kn_fetch_intent(facts, &what);
    kn_facts_range("block", wish->from, wish->to, &blocks);
    kn_page_line(page, "📥", "Files of %s: %s", kn_text_get(&blocks), kn_text_get(&what));
    kn_page_more(page, "Shown as JOINING with throughput 0 until they are here, loaded and "
                       "tested; nothing is announced that is not served.");
    kn_text_done(&blocks);
    kn_text_done(&what);
}
