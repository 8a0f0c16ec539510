#include "app/cli/start_facts.h"

#include <string.h>

#include "app/cli/values.h"
#include "config/discovery/calibration.h"
#include "node/node.h"
#include "node/plan/announcement.h"

/* Anybody may register models; the most popular come first. */
enum { PASSED_OVER_SHOWN = 5 };

const struct kn_node_config *kn_facts_config(const struct kn_start_facts *facts)
{
    return kn_snapshot_config(facts->snapshot);
}

const char *kn_facts_model_name(const struct kn_model_facts *model)
{
    const char *slash = model->repository != NULL ? strrchr(model->repository, '/') : NULL;

    if (slash != NULL && slash[1] != '\0')
        return slash + 1;
    return model->repository != NULL && slash == NULL ? model->repository : model->prefix;
}

void kn_facts_port_remark(const struct kn_start_facts *facts, struct kn_text *out)
{
    const char *open = strchr(facts->port_text, '('), *shut = strrchr(facts->port_text, ')');

    if (open != NULL && shut != NULL && shut > open)
        kn_text_add_n(out, open + 1, (size_t)(shut - open) - 1);
}

void kn_facts_count(uint64_t n, const char *what, struct kn_text *out)
{
    kn_text_addf(out, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

static void add_ends(uint32_t start, uint32_t end, struct kn_text *out)
{
    kn_text_addf(out, "%u", start);
    if (end > start + 1)
        kn_text_addf(out, "-%u", end - 1);
}

void kn_facts_range(const char *what, uint32_t start, uint32_t end, struct kn_text *out)
{
    kn_text_addf(out, "%s%s ", what, end > start + 1 ? "s" : "");
    add_ends(start, end, out);
}

void kn_facts_blocks(const struct kn_start_facts *facts, struct kn_text *out)
{
    const struct kn_placement *place = &facts->plan->place;
    const struct kn_fit *fit = &facts->plan->model.fit;
    uint32_t n = place->end - place->start;
    char memory[KN_MEMORY_TEXT_SIZE];

    if (place->by == KN_PLACED_NOWHERE) {
        kn_text_add(out, "none");
        return;
    }
    add_ends(place->start, place->end, out);
    kn_text_add(out, " (");
    kn_facts_count(n, "block", out);
    if (fit->block_bytes > 0) {
        kn_memory_text(fit->block_bytes * n, memory);
        kn_text_addf(out, ", ~%s", memory);
    }
    kn_text_add_char(out, ')');
}

/* What computes a setting, in one word. */
static const char *computed_word(const char *key)
{
    static const char *const words[][2] = {
        { "model.name", "auto-discovered" }, { "model.start_block", "calibrated" },
        { "node.port", "auto-selected" },    { "node.name", "auto-generated" },
        { "model.dtype", "auto-detected" },
    };

    for (size_t i = 0; i < KN_COUNT(words); i++) {
        if (strcmp(words[i][0], key) == 0)
            return words[i][1];
    }
    return "automatic";
}

/* What an earlier start kept knows its age; what was found out now knows its reason. */
static const struct kn_origin *origin_of(const struct kn_start_facts *facts,
                                         const struct kn_setting *setting)
{
    const struct kn_resolved *now = kn_snapshot_get(facts->snapshot, setting), *then;

    if (facts->loaded == NULL || now->origin.layer != KN_LAYER_DISCOVERY)
        return &now->origin;
    then = kn_snapshot_get(facts->loaded, setting);
    return then->origin.layer == KN_LAYER_CACHE &&
                   kn_value_equal(setting, &then->value, &now->value)
               ? &then->origin
               : &now->origin;
}

/* Somebody asked for so many blocks, or for these files: what follows was not found out. NULL:
 * nobody did. */
static const struct kn_origin *asked_by(const struct kn_start_facts *facts, const char *key)
{
    const struct kn_node_config *config = kn_facts_config(facts);
    const char *by = NULL;

    if (strcmp(key, "model.start_block") == 0 && config->model.blocks.is == KN_GIVEN)
        by = "model.blocks";
    else if (strcmp(key, "model.name") == 0 && config->model.path.is == KN_GIVEN)
        by = "model.path";
    if (by == NULL || kn_snapshot_is_from(facts->snapshot, by, KN_LAYER_CACHE))
        return NULL;
    return &kn_snapshot_get(facts->snapshot, kn_setting_find(by))->origin;
}

/* The model of a start to which nobody told which there are. */
static bool is_fallback(const char *key, const struct kn_origin *origin)
{
    return strcmp(key, "model.name") == 0 && origin->text != NULL &&
           strncmp(origin->text, "built-in", strlen("built-in")) == 0;
}

void kn_facts_source(const struct kn_start_facts *facts, const char *key, bool why,
                     struct kn_text *out)
{
    const struct kn_origin *origin = origin_of(facts, kn_setting_find(key));
    const struct kn_origin *asked = asked_by(facts, key);

    if (origin->layer != KN_LAYER_CACHE && origin->layer != KN_LAYER_DISCOVERY) {
        kn_origin_place(origin, out);
        return;
    }
    if (is_fallback(key, origin)) { /* its reason begins with the word */
        kn_term_add_safe(out, why ? origin->text : "built-in");
    } else if (asked != NULL) {
        kn_origin_place(asked, out);
    } else {
        kn_text_add(out, computed_word(key));
    }
    if (why && origin->text != NULL && !is_fallback(key, origin)) {
        kn_text_add(out, ": ");
        kn_term_add_safe(out, origin->text);
    }
    if (why && origin->layer == KN_LAYER_CACHE && origin->age_s >= 0) {
        kn_text_add(out, "; cached ");
        kn_age_words(origin->age_s, out);
        kn_text_add(out, " ago");
    }
}

/* "/ip4/10.0.0.7/tcp/8000/p2p/Qm…" has its host as second part and a port as fourth. */
void kn_facts_host(const char *address, struct kn_text *out)
{
    static const char *const numbers[] = { "/ip4/", "/ip6/" };
    const char *at = address[0] == '/' ? strchr(address + 1, '/') : NULL;
    bool is_number = false;
    size_t n;

    for (size_t i = 0; i < KN_COUNT(numbers); i++)
        is_number = is_number || strncmp(address, numbers[i], strlen(numbers[i])) == 0;
    if (at == NULL) {
        kn_term_add_safe(out, address);
        return;
    }
    n = strcspn(at + 1, "/");
    kn_text_add_n(out, at + 1, n);
    at += 1 + n;
    if (is_number && strncmp(at, "/tcp/", 5) == 0)
        kn_text_addf(out, ":%.*s", (int)strcspn(at + 5, "/"), at + 5);
}

bool kn_facts_is_guess(const struct kn_start_facts *facts)
{
    const struct kn_network_config *network = &kn_facts_config(facts)->network;
    bool alone = network->new_swarm.value || network->bootstrap_peers.texts.n == 0;

    return !facts->plan->swarm.is_known && !alone &&
           !kn_snapshot_is_from(facts->loaded, "model.start_block", KN_LAYER_CACHE);
}

void kn_facts_passed_over(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_model_choice *model = &facts->plan->model;
    size_t n = model->passed_over_count;

    for (size_t i = 0; i < n && i < PASSED_OVER_SHOWN; i++)
        kn_page_line(page, "⏩", "Passed over: %s: %s",
                     kn_facts_model_name(model->passed_over[i].model),
                     model->passed_over[i].reason);
    if (n > PASSED_OVER_SHOWN)
        kn_page_line(page, "⏩", "And %zu more: kwaainet network models lists them",
                     n - PASSED_OVER_SHOWN);
}

const char *kn_facts_silence(const struct kn_start_facts *facts)
{
    if (facts->paused[0] != '\0')
        return facts->paused;
    return kn_announcement_silence(kn_facts_config(facts), facts->plan);
}

bool kn_facts_drift(const struct kn_plan *plan, const struct kn_blocks_report *report,
                    char out[KN_FIT_TEXT_SIZE])
{
    return plan != NULL && report->stage == KN_BLOCKS_SERVING && report->speed != NULL &&
           kn_measured_drifts(&plan->measured, report->speed->decode_tokens_per_s, out);
}
