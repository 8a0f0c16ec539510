#include "node/plan/caches.h"

#include <string.h>

#include "lib/codec/multiaddr.h"
#include "lib/os/file.h"
#include "node/machine/calibrate.h"

/* What a restart keeps (decisions D16): the assignment, not what is measured anew each time. */
static const char *const kept[] = {
    "node.name",         "node.port",       "model.name",         "model.dht_prefix",
    "model.start_block", "model.end_block", "model.total_blocks",
};

/* When nothing was for this machine the built-in model stands in the plan, and nobody chose it. */
static bool is_chosen(const struct kn_plan *plan, const char *key)
{
    return plan->model.kind != KN_CHOICE_NOTHING || strncmp(key, "model.", 6) != 0;
}

static const struct kn_discovered *find(const struct kn_plan *plan, const char *key)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (strcmp(plan->values[i].key, key) == 0 && is_chosen(plan, key))
            return &plan->values[i];
    }
    return NULL;
}

/* In double quotes, as YAML and JSON read it. */
static void add_quoted(struct kn_text *out, const char *text)
{
    kn_text_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            kn_text_add_char(out, '\\');
        kn_text_add_char(out, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    kn_text_add_char(out, '"');
}

static bool is_number(const char *value)
{
    return value[0] != '\0' && strspn(value, "0123456789") == strlen(value);
}

static void add_settings(const struct kn_plan *plan, struct kn_text *out)
{
    const char *section = "";

    kn_text_add(out, "  settings:\n");
    for (size_t i = 0; i < KN_COUNT(kept); i++) {
        const struct kn_discovered *value = find(plan, kept[i]);
        size_t n = strcspn(kept[i], ".");

        if (value == NULL)
            continue;
        if (strncmp(section, kept[i], n + 1) != 0)
            kn_text_addf(out, "    %.*s:\n", (int)n, kept[i]);
        section = kept[i];
        kn_text_addf(out, "      %s: ", kept[i] + n + 1);
        if (is_number(value->value))
            kn_text_add(out, value->value);
        else
            add_quoted(out, value->value);
        kn_text_add_char(out, '\n');
    }
}

static void add_reasons(const struct kn_plan *plan, struct kn_text *out)
{
    kn_text_add(out, "  reasons:\n");
    for (size_t i = 0; i < KN_COUNT(kept); i++) {
        const struct kn_discovered *value = find(plan, kept[i]);

        if (value == NULL || value->reason == NULL)
            continue;
        kn_text_addf(out, "    %s: ", kept[i]);
        add_quoted(out, value->reason);
        kn_text_add_char(out, '\n');
    }
}

/* The peer ids, each once: another set of bootstraps is another swarm. */
static void add_bootstraps(const struct kn_caches *caches, struct kn_text *out)
{
    struct kn_multiaddr_facts facts;
    struct kn_text seen = { 0 };
    size_t n = 0;

    kn_text_add(out, "  bootstraps: [");
    for (size_t i = 0; i < caches->bootstrap_count; i++) {
        const char *address = caches->bootstraps[i];
        char id[KN_PEER_ID_TEXT_MAX + 1] = "";

        if (kn_multiaddr_check(address, &facts, NULL) != KN_OK || !facts.has_peer_id ||
            facts.peer_id.n >= sizeof(id))
            continue;
        memcpy(id, address + facts.peer_id.at, facts.peer_id.n);
        if (strstr(kn_text_get(&seen), id) != NULL)
            continue;
        kn_text_addf(&seen, "%s ", id);
        kn_text_addf(out, "%s%s", n++ > 0 ? ", " : "", id);
    }
    kn_text_add(out, "]\n");
    kn_text_done(&seen);
}

void kn_discovery_cache_print(const struct kn_caches *caches, struct kn_text *out)
{
    char when[KN_TIME_SIZE];

    kn_time_print(caches->now_s, when);
    kn_text_add(out, "# What kwaainet found out about the network. Made anew by a start with "
                     "--rediscover.\n");
    kn_text_addf(out, "discovery:\n  timestamp: \"%s\"\n", when);
    add_bootstraps(caches, out);
    add_settings(caches->plan, out);
    add_reasons(caches->plan, out);
}

static enum kn_code replace(const char *path, const struct kn_text *text, struct kn_error *err)
{
    enum kn_code rc;

    if (text->failed)
        return kn_fail_no_memory(err);
    rc = kn_file_replace(path, kn_text_get(text), text->n, 0600, NULL, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    return rc;
}

/* What the plan was made from, as a calibration. */
static enum kn_code write_calibration(const struct kn_caches *caches, struct kn_error *err)
{
    const struct kn_plan *plan = caches->plan;
    const struct kn_model_choice *model = &plan->model;
    struct kn_calibration calibration = {
        .model = model->name,
        .repository = model->repository,
        .total_blocks = model->size.blocks,
        .hardware = caches->hardware,
        .room = &model->room,
        .format = &model->format,
        .fit = &model->fit,
        .preset = kn_preset_of(kn_snapshot_config(caches->snapshot)),
        .measured = plan->measured.at_s > 0 ? &plan->measured : NULL,
        .now_s = caches->now_s,
    };

    if (!kn_calibration_asked(caches->snapshot, plan->arena, calibration.asked))
        return kn_fail_no_memory(err);
    return kn_calibration_write(caches->paths->calibration, &calibration, err);
}

enum kn_code kn_caches_write(const struct kn_caches *caches, struct kn_error *err)
{
    struct kn_text discovery = { 0 };
    enum kn_code rc = KN_OK;

    kn_discovery_cache_print(caches, &discovery);
    if (caches->swarm_is_known)
        rc = replace(caches->paths->discovery_cache, &discovery, err);
    if (rc == KN_OK && is_chosen(caches->plan, "model.name"))
        rc = write_calibration(caches, err);
    kn_text_done(&discovery);
    return rc;
}
