#include "node/own_limits.h"

#include <math.h>

#include "lib/json/json.h"
#include "node/course.h"

enum { PERCENT = 100 };

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

/* From here on, so that what is loaded counts for it. */
static void take_group(struct kn_own_limits *limits)
{
    (void)!kn_own_group_take("", &limits->group, &limits->no_group);
}

void kn_own_limits_begin(struct kn_node *node)
{
    struct kn_own_limits *limits = &node->own_limits;

    find(&limits->memory, KN_LIMIT_MEMORY);
    find(&limits->files, KN_LIMIT_OPEN_FILES);
    limits->group_memory = limits->wanted_memory = KN_LIMIT_NONE;
    if (!is_ours(node))
        return;
    kn_affinity_read(&limits->found);
    take_group(limits);
    hold_files(node);
}

/* -- memory */

static bool drains(const struct kn_node *node)
{
    struct kn_blocks_report report;

    kn_blocks_report(node->blocks, &report);
    return report.stage == KN_BLOCKS_DRAINING || report.is_ending;
}

static bool is_lower(int64_t next, int64_t now)
{
    return next != KN_LIMIT_NONE && (now == KN_LIMIT_NONE || next < now);
}

static void hold_group_memory(struct kn_own_limits *limits, int64_t wanted)
{
    if (!limits->group.has_memory ||
        (wanted == limits->group_memory && limits->memory_failure.code == KN_OK))
        return;
    limits->memory_failure = (struct kn_error){ 0 };
    if (kn_own_group_memory(&limits->group, wanted, KN_OWN_MEMORY_LAST, &limits->memory_failure) ==
        KN_OK)
        limits->group_memory = wanted;
}

/* The soft limit goes never above what was found, which is somebody else's. */
static void hold_memory(struct kn_node *node)
{
    const struct kn_size *most = &kn_node_settings(node)->resources.max_memory_gb;
    struct kn_own_limits *limits = &node->own_limits;
    struct kn_own_limit *limit = &limits->memory;
    int64_t wanted = KN_LIMIT_NONE;

    if (most->is == KN_GIVEN && most->bytes < INT64_MAX - KN_OWN_MEMORY_BESIDE)
        wanted = most->bytes + KN_OWN_MEMORY_BESIDE;
    if (is_lower(wanted, limits->wanted_memory) && limits->wanted_memory != wanted && drains(node))
        return;
    limits->wanted_memory = wanted;
    hold_group_memory(limits, wanted);
    hold(limit, KN_LIMIT_MEMORY, is_lower(wanted, limit->found) ? wanted : limit->found);
}

/* -- processors */

static double cores_allowed(const struct kn_node *node)
{
    const struct kn_int percent = kn_course_limits(node).max_cpu_percent;
    const int all = node->hardware->cores;

    if (percent.is != KN_GIVEN || percent.value <= 0 || percent.value >= PERCENT || all <= 0)
        return 0;
    return all * (double)percent.value / PERCENT;
}

/* Two threads that wait for each other on one processor would take longer than one alone. */
static unsigned processors_needed(const struct kn_node *node, double cores)
{
    struct kn_blocks_report report;
    unsigned needed = (unsigned)ceil(cores);

    kn_blocks_report(node->blocks, &report);
    if (report.stage != KN_BLOCKS_NONE && report.wish != NULL && report.wish->threads > needed)
        needed = report.wish->threads;
    return needed;
}

static void hold_affinity(struct kn_own_limits *limits, unsigned n)
{
    unsigned next = n > 0 && n < limits->found.n ? n : 0;

    if (next == limits->processors)
        return;
    if (kn_affinity_hold(&limits->found, next > 0 ? next : limits->found.n,
                         &limits->processors_failure) == KN_OK)
        limits->processors = next;
}

static void hold_processors(struct kn_node *node)
{
    struct kn_own_limits *limits = &node->own_limits;
    double cores = cores_allowed(node);

    limits->processors_failure = (struct kn_error){ 0 };
    if (limits->group.has_processors && cores != limits->group_cores &&
        kn_own_group_processors(&limits->group, cores, &limits->processors_failure) == KN_OK)
        limits->group_cores = cores;
    limits->cores = cores;
    hold_affinity(limits,
                  cores > 0 && limits->group_cores != cores ? processors_needed(node, cores) : 0);
}

void kn_own_limits_apply(struct kn_node *node)
{
    if (!is_ours(node) || node->over)
        return;
    if (!node->measured) /* the probe would take it for the machine's */
        return;
    hold_memory(node);
    hold_processors(node);
}

void kn_own_limits_end(struct kn_node *node)
{
    struct kn_own_limits *limits = &node->own_limits;
    struct kn_error ignored = { 0 };

    if (limits->memory.is_ours)
        hold(&limits->memory, KN_LIMIT_MEMORY, limits->memory.found);
    if (limits->files.is_ours)
        hold(&limits->files, KN_LIMIT_OPEN_FILES, limits->files.found);
    if (limits->group_cores > 0)
        (void)!kn_own_group_processors(&limits->group, 0, &ignored);
    hold_group_memory(limits, KN_LIMIT_NONE);
    hold_affinity(limits, 0);
}

/* -- as it is told */

static struct kn_json *text_of(const struct kn_error *failure)
{
    return kn_json_string(failure->code != KN_OK ? failure->text : NULL);
}

static struct kn_json *bytes_json(int64_t bytes)
{
    return bytes != KN_LIMIT_NONE ? kn_json_int(bytes) : kn_json_null();
}

static bool add_memory(struct kn_json *json, const struct kn_own_limits *limits)
{
    const int64_t soft = limits->memory.now, group = limits->group_memory;
    const struct kn_error *why =
        limits->memory_failure.code != KN_OK ? &limits->memory_failure : &limits->memory.failure;
    const char *by = NULL;
    int64_t bytes = limits->wanted_memory;

    if (group != KN_LIMIT_NONE) {
        by = "cgroup";
    } else if (soft != KN_LIMIT_NONE) {
        by = "rlimit";
        bytes = soft;
    } else if (bytes != KN_LIMIT_NONE) {
        by = "itself";
    }
    return kn_json_set(json, "bytes", bytes_json(bytes)) &&
           kn_json_set(json, "by", kn_json_string(by)) && kn_json_set(json, "error", text_of(why));
}

static bool add_processors(struct kn_json *json, const struct kn_own_limits *limits)
{
    const char *by = NULL;

    if (limits->cores > 0)
        by = "itself";
    if (limits->cores > 0 && limits->processors > 0 && limits->processors <= ceil(limits->cores))
        by = "affinity";
    if (limits->cores > 0 && limits->group_cores == limits->cores)
        by = "cgroup";
    return kn_json_set(json, "cores",
                       by != NULL ? kn_json_number(limits->cores) : kn_json_null()) &&
           kn_json_set(json, "by", kn_json_string(by)) &&
           kn_json_set(json, "error", text_of(&limits->processors_failure));
}

static bool add_files(struct kn_json *json, const struct kn_own_limits *limits)
{
    return kn_json_set(json, "files", bytes_json(limits->files.now)) &&
           kn_json_set(json, "error", text_of(&limits->files.failure));
}

static bool add_group(struct kn_json *json, const struct kn_own_limits *limits)
{
    const bool has_one = limits->group.has_memory || limits->group.has_processors;

    return kn_json_set(json, "folder", kn_json_string(has_one ? limits->group.folder : NULL)) &&
           kn_json_set(json, "error", text_of(&limits->no_group));
}

struct kn_json *kn_own_limits_json(const struct kn_own_limits *limits)
{
    static const struct {
        const char *name;
        bool (*add)(struct kn_json *json, const struct kn_own_limits *limits);
    } parts[] = {
        { "memory", add_memory },
        { "processors", add_processors },
        { "open_files", add_files },
        { "cgroup", add_group },
    };
    struct kn_json *json = kn_json_object();
    bool ok = json != NULL;

    for (size_t i = 0; ok && i < KN_COUNT(parts); i++) {
        struct kn_json *part = kn_json_object();

        ok = part != NULL && parts[i].add(part, limits);
        if (ok)
            ok = kn_json_set(json, parts[i].name, part);
        else
            kn_json_free(part);
    }
    if (ok)
        return json;
    kn_json_free(json);
    return NULL;
}
