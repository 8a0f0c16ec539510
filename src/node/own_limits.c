#include "node/own_limits.h"

#include "lib/json/json.h"
#include "node/course.h"

static bool is_ours(const struct kn_node *node)
{
    return !node->options.leaves_signals && !node->options.dry_run;
}

static void hold(struct kn_own_limit *limit, enum kn_limit which, int64_t wanted)
{
    if (wanted == limit->now)
        return;
    limit->failure = (struct kn_error){ 0 };
    if (kn_limit_set(which, wanted, &limit->failure) != KN_OK)
        return;
    limit->is_ours = wanted != limit->found;
    limit->now = wanted;
}

static void find(struct kn_own_limit *limit, enum kn_limit which)
{
    int64_t most;

    kn_limit_read(which, &limit->found, &most);
    limit->now = limit->found;
}

/* As many as are asked for, or as there may be. */
static void hold_files(struct kn_node *node)
{
    const struct kn_int *asked = &kn_node_settings(node)->resources.max_open_files;
    struct kn_own_limit *limit = &node->own_limits.files;
    int64_t now, most;

    if (asked->is != KN_GIVEN || asked->value == 0)
        return;
    kn_limit_read(KN_LIMIT_OPEN_FILES, &now, &most);
    hold(limit, KN_LIMIT_OPEN_FILES, asked->value);
    if (limit->failure.code == KN_E_DENIED) {
        const struct kn_error why = limit->failure;

        hold(limit, KN_LIMIT_OPEN_FILES, most);
        limit->failure = why;
    }
}

void kn_own_limits_begin(struct kn_node *node)
{
    find(&node->own_limits.memory, KN_LIMIT_MEMORY);
    find(&node->own_limits.files, KN_LIMIT_OPEN_FILES);
    if (is_ours(node))
        hold_files(node);
}

static bool drains(const struct kn_node *node)
{
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    return report.stage == KN_BLOCKS_DRAINING;
}

/* Never above what was found, which is somebody else's limit. */
void kn_own_limits_apply(struct kn_node *node)
{
    const struct kn_size *most = &kn_node_settings(node)->resources.max_memory_gb;
    struct kn_own_limit *limit = &node->own_limits.memory;
    int64_t wanted = limit->found;

    if (!is_ours(node) || !node->measured) /* the probe would take it for the machine's */
        return;
    if (most->is == KN_GIVEN && most->bytes < INT64_MAX - KN_OWN_MEMORY_BESIDE &&
        (wanted == KN_LIMIT_NONE || most->bytes + KN_OWN_MEMORY_BESIDE < wanted))
        wanted = most->bytes + KN_OWN_MEMORY_BESIDE;
    if (drains(node) && wanted != KN_LIMIT_NONE &&
        (limit->now == KN_LIMIT_NONE || wanted < limit->now))
        return;
    hold(limit, KN_LIMIT_MEMORY, wanted);
}

void kn_own_limits_end(struct kn_node *node)
{
    struct kn_own_limits *limits = &node->own_limits;

    if (limits->memory.is_ours)
        hold(&limits->memory, KN_LIMIT_MEMORY, limits->memory.found);
    if (limits->files.is_ours)
        hold(&limits->files, KN_LIMIT_OPEN_FILES, limits->files.found);
}

static struct kn_json *limit_json(const struct kn_own_limit *limit, const char *unit)
{
    const bool failed = limit->failure.code != KN_OK;
    struct kn_json *json = kn_json_object();

    if (json != NULL &&
        kn_json_set(json, unit,
                    limit->now != KN_LIMIT_NONE ? kn_json_int(limit->now) : kn_json_null()) &&
        kn_json_set(json, "error", kn_json_string(failed ? limit->failure.text : NULL)))
        return json;
    kn_json_free(json);
    return NULL;
}

struct kn_json *kn_own_limits_json(const struct kn_own_limits *limits)
{
    struct kn_json *json = kn_json_object();

    if (json != NULL && kn_json_set(json, "memory", limit_json(&limits->memory, "bytes")) &&
        kn_json_set(json, "open_files", limit_json(&limits->files, "files")))
        return json;
    kn_json_free(json);
    return NULL;
}
