#include "node/pause.h"

#include <string.h>

#include "config/hours/limits.h"
#include "lib/base/path.h"
#include "lib/json/json.h"
#include "node/course.h"

/* -- what it does */

static void go_on(struct kn_node *node)
{
    if (node->in_swarm)
        kn_course_step_state(node, KN_CAUSE_JOINED);
    kn_course_serve(node);
    kn_course_go_on(node);
}

static void end_if_done(struct kn_node *node)
{
    if (node->pause.drains || node->pause.tells || node->leaving || node->over)
        return;
    kn_course_step_state(node, KN_CAUSE_LEFT);
    if (!node->pause.is_on)
        go_on(node);
}

static void on_drained(void *arg)
{
    struct kn_node *node = arg;

    node->pause.drains = false;
    end_if_done(node);
}

static void on_told(void *arg)
{
    struct kn_node *node = arg;

    kn_timer_set(node->pause.timer, KN_NEVER);
    node->pause.tells = false;
    end_if_done(node);
}

void kn_pause_announced(struct kn_node *node, bool alone)
{
    if (node->pause.tells && (alone || !kn_announcer_takes_back(node->announcer)))
        on_told(node);
}

/* As leaving does it, but for the end. */
static void leave_blocks(struct kn_node *node)
{
    const struct kn_announcement nothing = { 0 };
    struct kn_blocks_report report;

    if (node->announced != NULL) {
        kn_announcer_set(node->announcer, &nothing);
        node->pause.tells = kn_announcer_takes_back(node->announcer);
        kn_timer_set(node->pause.timer, kn_loop_now(node->loop) + KN_PAUSE_TOLD_MS);
    }
    kn_blocks_report(node->blocks, &report);
    node->pause.drains = report.stage != KN_BLOCKS_NONE;
    if (node->pause.drains)
        kn_blocks_leave(node->blocks, on_drained, node);
}

/* False: that was told last. */
static bool is_news(struct kn_node *node, const struct kn_scheduler_report *report)
{
    struct kn_pause *pause = &node->pause;

    if (pause->told == report->verdict.all && strcmp(pause->told_reason, report->reason) == 0)
        return false;
    pause->told = report->verdict.all;
    memcpy(pause->told_reason, report->reason, sizeof(pause->told_reason));
    return true;
}

static void pause(struct kn_node *node, const struct kn_scheduler_report *report)
{
    (void)is_news(node, report);
    node->pause.is_on = true;
    kn_course_tell(node, KN_NODE_PAUSED);
    if (node->over || node->leaving)
        return;
    kn_course_step_state(node, KN_CAUSE_LEAVE);
    leave_blocks(node);
    end_if_done(node);
}

/* What drains still is waited for: the blocks are loaded anew after that. */
static void resume(struct kn_node *node)
{
    node->pause.is_on = false;
    kn_checkup_resumed(node);
    kn_course_tell(node, KN_NODE_RESUMED);
    if (!node->over && !node->leaving && !node->pause.drains && !node->pause.tells)
        go_on(node);
}

static void take(struct kn_node *node, const struct kn_scheduler_report *report)
{
    bool others = !kn_limits_equal(&node->pause.limits, &report->verdict.limits);

    node->pause.limits = report->verdict.limits;
    if (!kn_limits_pause(&report->verdict.limits)) /* while it pauses, nothing needs another plan */
        kn_window_limits_set(node, &node->pause.base, &report->verdict.limits);
    if (others)
        kn_course_limits_changed(node);
}

static void on_changed(void *arg)
{
    struct kn_node *node = arg;
    struct kn_scheduler_report report;

    if (node->over || node->leaving)
        return;
    kn_scheduler_report(node->scheduler, &report);
    take(node, &report);
    if (report.is_paused && !node->pause.is_on)
        pause(node, &report);
    else if (!report.is_paused && node->pause.is_on)
        resume(node);
    else if (report.is_paused && is_news(node, &report))
        kn_course_tell(node, KN_NODE_PAUSED); /* for another reason */
}

/* -- */

static struct kn_scheduler_options options_of(const struct kn_node *node,
                                              const struct kn_node_config *config)
{
    const char *const *environment = node->options.request->environment;

    return kn_scheduler_options(config, kn_lookup_in(&environment, "TZ"));
}

enum kn_code kn_pause_settings_changed(struct kn_node *node, struct kn_error *err)
{
    struct kn_snapshot *without = kn_window_limits_without(node);
    struct kn_scheduler_options options;
    enum kn_code rc;

    if (without == NULL)
        return kn_fail_no_memory(err);
    options = options_of(node, kn_snapshot_config(without));
    node->pause.base = options.limits;
    if (node->what.request.flag_count == node->window.own) /* planned by the reload itself */
        node->window.held = options.limits;
    rc = kn_scheduler_apply(node->scheduler, &options, err);
    kn_snapshot_unref(without);
    return rc;
}

enum kn_code kn_pause_init(struct kn_node *node, struct kn_error *err)
{
    const struct kn_scheduler_options options = options_of(node, kn_node_settings(node));
    enum kn_code rc = kn_window_limits_init(node, err);

    if (rc != KN_OK)
        return rc;
    node->pause.limits = node->pause.base = options.limits;
    node->pause.timer = kn_timer_new(node->loop, on_told, node);
    if (node->pause.timer == NULL)
        return kn_fail_no_memory(err);
    return kn_scheduler_new(node->loop, &options, on_changed, node, &node->scheduler, err);
}

void kn_pause_done(struct kn_node *node)
{
    kn_scheduler_free(node->scheduler);
    kn_window_limits_done(node);
    kn_timer_free(node->pause.timer);
}

/* A window may be open by now. */
void kn_pause_begin(struct kn_node *node)
{
    struct kn_scheduler_report report;

    kn_scheduler_report(node->scheduler, &report);
    take(node, &report);
    if (report.is_paused && !node->options.dry_run)
        pause(node, &report);
}

struct kn_limits kn_course_limits(const struct kn_node *node)
{
    struct kn_scheduler_report report;

    kn_scheduler_report(node->scheduler, &report);
    return report.verdict.limits;
}

/* -- being asked */

static enum kn_code tell(const struct kn_node *node, struct kn_json **out, struct kn_error *err)
{
    *out = kn_pause_json(node);
    return *out != NULL ? KN_OK : kn_fail_no_memory(err);
}

enum kn_code kn_pause_answer_pause(void *arg, const struct kn_json *request, struct kn_json **out,
                                   struct kn_error *err)
{
    struct kn_node *node = arg;
    const struct kn_json *given = kn_json_get(request, "duration_ms");
    int64_t ms = 0;

    if (node->leaving)
        return kn_fail(err, KN_E_REFUSED, "the node is leaving the swarm");
    if (given != NULL &&
        (!kn_json_to_int(given, &ms) || ms < 1000 || ms > KN_PAUSE_MAX_S * INT64_C(1000)))
        return kn_fail(err, KN_E_RANGE, "a pause lasts from 1 s to 30 days");
    kn_scheduler_pause(node->scheduler, ms);
    return tell(node, out, err);
}

enum kn_code kn_pause_answer_resume(void *arg, const struct kn_json *request, struct kn_json **out,
                                    struct kn_error *err)
{
    struct kn_node *node = arg;

    (void)request;
    if (node->leaving)
        return kn_fail(err, KN_E_REFUSED, "the node is leaving the swarm");
    kn_scheduler_resume(node->scheduler);
    return tell(node, out, err);
}

/* An object that is being built: NULL once a member could not be made. */
static void add(struct kn_json **object, const char *name, struct kn_json *value)
{
    if (*object == NULL) {
        kn_json_free(value);
        return;
    }
    if (kn_json_set(*object, name, value))
        return;
    kn_json_free(*object);
    *object = NULL;
}

static struct kn_json *moment(int64_t at_s)
{
    return at_s > 0 ? kn_json_int(at_s) : kn_json_null();
}

static struct kn_json *words_of(unsigned all)
{
    struct kn_json *list = kn_json_array();

    for (int by = 0; by < KN_PAUSED_BY_COUNT && list != NULL; by++) {
        if ((all >> by & 1) == 0 ||
            kn_json_append(list, kn_json_string(kn_pause_word((enum kn_pause_by)by))))
            continue;
        kn_json_free(list);
        list = NULL;
    }
    return list;
}

struct kn_json *kn_pause_json(const struct kn_node *node)
{
    struct kn_scheduler_report report;
    struct kn_json *json;

    kn_scheduler_report(node->scheduler, &report);
    if (!report.is_paused)
        return kn_json_null();
    json = kn_json_object();
    add(&json, "by", kn_json_string(kn_pause_word(report.verdict.by)));
    add(&json, "until", moment(report.verdict.until_s));
    add(&json, "reason", kn_json_string(report.reason));
    add(&json, "all", words_of(report.verdict.all));
    return json;
}

static struct kn_json *size(const struct kn_size *limit)
{
    return limit->is == KN_GIVEN ? kn_json_int(limit->bytes) : kn_json_null();
}

static struct kn_json *number(const struct kn_int *limit)
{
    return limit->is == KN_GIVEN ? kn_json_int(limit->value) : kn_json_null();
}

struct kn_json *kn_pause_window_json(const struct kn_node *node)
{
    struct kn_scheduler_report report;
    const struct kn_limits *limits = &report.verdict.limits;
    struct kn_json *json;

    kn_scheduler_report(node->scheduler, &report);
    if (report.window == NULL)
        return kn_json_null();
    json = kn_json_object();
    add(&json, "name", kn_json_string(report.window));
    add(&json, "until", moment(report.verdict.window_until_s));
    add(&json, "passed_over", kn_json_bool(report.is_passed_over));
    add(&json, "error",
        node->window.failure.code != KN_OK ? kn_json_string(node->window.failure.text)
                                           : kn_json_null());
    add(&json, "max_memory_bytes", size(&limits->max_memory_gb));
    add(&json, "max_gpu_memory_bytes", size(&limits->max_gpu_memory_gb));
    add(&json, "max_disk_bytes", size(&limits->max_disk_space_gb));
    add(&json, "max_models", number(&limits->max_models));
    add(&json, "max_cpu_percent", number(&limits->max_cpu_percent));
    return json;
}
