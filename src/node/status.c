#include "node/status.h"

#include <string.h>

#include "lib/codec/multiaddr_bytes.h"
#include "lib/json/json.h"
#include "lib/os/process_info.h"
#include "node/pause.h"
#include "node/plan/announcement.h"
#include "node/reached.h"
#include "node/retry.h"

/* Members that could not be made: asked once at the end. */
struct document {
    struct kn_json *json;
    bool failed;
};

static void set(struct document *d, const char *name, struct kn_json *value)
{
    d->failed = !kn_json_set(d->json, name, value) || d->failed;
}

static struct kn_json *given_text(const struct kn_string *text)
{
    return text->is == KN_GIVEN ? kn_json_string(text->text) : kn_json_null();
}

static struct kn_json *given_int(const struct kn_int *number)
{
    return number->is == KN_GIVEN ? kn_json_int(number->value) : kn_json_null();
}

static void add_address(void *arg, struct kn_span address)
{
    struct document *list = arg;
    struct kn_text text = { 0 };

    if (kn_multiaddr_to_text(address, &text) == KN_OK)
        list->failed =
            !kn_json_append(list->json, kn_json_string(kn_text_get(&text))) || list->failed;
    kn_text_done(&text);
}

static void add_addresses(const struct kn_node *node, struct document *d)
{
    struct document list = { .json = kn_json_array() };

    kn_node_addresses(node, add_address, &list);
    d->failed = d->failed || list.failed;
    set(d, "addresses", list.json);
}

static void add_announced(const struct kn_node *node, struct document *d)
{
    const struct kn_announced *round = kn_node_announced(node);
    struct document inner = { .json = kn_json_object() };

    if (round->at <= 0) {
        kn_json_free(inner.json);
        set(d, "announced", kn_json_null());
        return;
    }
    set(&inner, "blocks", kn_json_int(round->blocks));
    set(&inner, "records", kn_json_int(round->keys));
    set(&inner, "acknowledged", kn_json_int(round->acknowledged));
    set(&inner, "visible_on", kn_json_int(round->visible_on));
    set(&inner, "bootstraps", kn_json_int(round->asked));
    set(&inner, "alone", kn_json_bool(round->alone));
    set(&inner, "at", kn_json_number(round->at));
    d->failed = d->failed || inner.failed;
    set(d, "announced", inner.json);
}

static void add_speed(struct document *d, const struct kn_speed_measured *speed)
{
    set(d, "decode_tokens_per_s", kn_json_number(speed->decode_tokens_per_s));
    set(d, "forward_tokens_per_s", kn_json_number(speed->forward_tokens_per_s));
}

static void add_sessions(struct document *d, const struct kn_blocks_report *report)
{
    set(d, "sessions", kn_json_int(report->now.sessions));
    set(d, "waiting", kn_json_int(report->now.waiting));
    set(d, "steps", kn_json_int((int64_t)report->now.steps));
    set(d, "tokens", kn_json_int((int64_t)report->now.tokens));
    set(d, "passes", kn_json_int((int64_t)report->now.passes));
    set(d, "busy_s", kn_json_number(report->now.busy_s));
    set(d, "tokens_per_s", kn_json_number(report->now.tokens_per_s));
    set(d, "cache_tokens_left", kn_json_int(report->now.cache_tokens_left));
    set(d, "cache_bytes", kn_json_int(report->cache_bytes));
    set(d, "cache_bytes_used", kn_json_int(report->now.cache_bytes_used));
    set(d, "weight_bytes", kn_json_int(report->weight_bytes));
    set(d, "threads", kn_json_int(report->wish->threads));
    add_speed(d, report->speed);
}

static void add_fetching(struct document *d, const struct kn_fetching_state *fetch)
{
    set(d, "file", fetch->file[0] != '\0' ? kn_json_string(fetch->file) : kn_json_null());
    set(d, "file_number", kn_json_int(fetch->number));
    set(d, "files", kn_json_int(fetch->files));
    set(d, "bytes_done", kn_json_int(fetch->done));
    set(d, "bytes_total", fetch->total > 0 ? kn_json_int(fetch->total) : kn_json_null());
    set(d, "bytes_per_s", kn_json_int((int64_t)fetch->rate));
    set(d, "again_s",
        fetch->failure != NULL ? kn_json_int((fetch->again_ms + 999) / 1000) : kn_json_null());
}

/* Which files are missing, and what is done about it: null while all are here. */
static void add_files(const struct kn_node *node, struct document *d)
{
    const struct kn_plan *plan = kn_node_plan(node);
    struct document inner = { 0 };
    struct kn_blocks_report report;

    kn_node_blocks(node, &report);
    if (plan == NULL || !plan->fetch.is_needed || report.stage == KN_BLOCKS_SERVING) {
        set(d, "download", kn_json_null());
        return;
    }
    inner.json = kn_json_object();
    set(&inner, "allowed", kn_json_bool(plan->fetch.is_allowed));
    set(&inner, "reason", kn_json_string(plan->fetch.reason));
    if (!plan->fetch.is_allowed && plan->fetch.hint != NULL)
        set(&inner, "hint", kn_json_string(plan->fetch.hint));
    if (plan->fetch.repository != NULL)
        set(&inner, "repository", kn_json_string(plan->fetch.repository));
    if (report.stage == KN_BLOCKS_FETCHING)
        add_fetching(&inner, &report.fetch);
    d->failed = d->failed || inner.failed;
    set(d, "download", inner.json);
}

/* What becomes of the blocks: null while none are to be served. */
static void add_serving(const struct kn_node *node, struct document *d)
{
    struct document inner = { .json = kn_json_object() };
    struct kn_blocks_report report;

    kn_node_blocks(node, &report);
    if (report.stage == KN_BLOCKS_NONE) {
        kn_json_free(inner.json);
        set(d, "serving", kn_json_null());
        return;
    }
    set(&inner, "stage", kn_json_string(kn_blocks_stage_word(report.stage)));
    if (report.stage != KN_BLOCKS_FETCHING)
        set(&inner, "folder", kn_json_string(report.wish->folder));
    if (report.speed != NULL)
        add_sessions(&inner, &report);
    if (report.failure != NULL)
        set(&inner, "error", kn_json_string(report.failure->text));
    if (report.stage == KN_BLOCKS_FAILED)
        set(&inner, "again_s", kn_json_int(kn_retry_in_s(node)));
    if (report.failure != NULL && report.failure->hint[0] != '\0')
        set(&inner, "hint", kn_json_string(report.failure->hint));
    d->failed = d->failed || inner.failed;
    set(d, "serving", inner.json);
}

/* Whether the blocks are still the ones that need this node most; null where it never moves. */
static void add_rebalance(const struct kn_node *node, struct document *d)
{
    struct document inner = { .json = kn_json_object() };
    struct kn_move_report report;

    kn_node_move(node, &report);
    if (!report.is_on) {
        kn_json_free(inner.json);
        set(d, "rebalance", kn_json_null());
        return;
    }
    set(&inner, "phase", kn_json_string(kn_move_word(report.phase)));
    set(&inner, "verdict", kn_json_string(kn_rebalance_word(report.last.verdict)));
    set(&inner, "start_block", kn_json_int(report.last.start));
    set(&inner, "end_block", kn_json_int(report.last.end));
    set(&inner, "reason", kn_json_string(report.last.reason));
    set(&inner, "looked_at", kn_json_int(report.looked_s));
    set(&inner, "moves", kn_json_int(report.moves));
    set(&inner, "failures", kn_json_int(report.failures));
    d->failed = d->failed || inner.failed;
    set(d, "rebalance", inner.json);
}

/* Where the log goes; null where nobody asked for one. */
static void add_log(const struct kn_node *node, struct document *d)
{
    static const char *const places[] = { "nowhere", "file", "journal", "standard error",
                                          "screen" };
    struct document inner = { .json = kn_json_object() };
    struct kn_log_report report;

    kn_node_log(node, &report);
    if (report.place == KN_LOG_NOWHERE) {
        kn_json_free(inner.json);
        set(d, "log", kn_json_null());
        return;
    }
    set(&inner, "place", kn_json_string(places[report.place]));
    set(&inner, "path", kn_json_string(report.path));
    set(&inner, "records", kn_json_int((int64_t)report.written.records));
    set(&inner, "held_back", kn_json_int((int64_t)report.held_back));
    set(&inner, "dropped", kn_json_int((int64_t)report.written.dropped));
    set(&inner, "error",
        report.written.failure.code != KN_OK ? kn_json_string(report.written.failure.text)
                                             : kn_json_null());
    d->failed = d->failed || inner.failed;
    set(d, "log", inner.json);
}

static void add_health(const struct kn_node *node, struct document *d)
{
    struct kn_health_report report;
    struct kn_alerts_report alerts;

    kn_node_health(node, &report);
    set(d, "health", kn_health_json(&report));
    if (kn_node_alerts(node, &alerts))
        set(d, "alerts", kn_alerts_json(&alerts));
}

static void add_reload(const struct kn_reload_report *report, struct document *d)
{
    set(d, "last_reload", report->at_s > 0 ? kn_json_int(report->at_s) : kn_json_null());
    set(d, "reload_ok",
        report->at_s > 0 ? kn_json_bool(report->err.code == KN_OK) : kn_json_null());
    set(d, "pending_restart", kn_reload_waiting(report));
}

static void add_config(const struct kn_node *node, struct document *d)
{
    const struct kn_config_paths *paths = kn_node_paths(node);
    struct document inner = { .json = kn_json_object() };

    set(&inner, "path", paths->config_exists ? kn_json_string(paths->config) : kn_json_null());
    add_reload(kn_node_reloaded(node), &inner);
    d->failed = d->failed || inner.failed;
    set(d, "config", inner.json);
}

/* Why no block is announced; NULL: one is. */
static const char *silence_of(const struct kn_node *node)
{
    const struct kn_node_config *config = kn_snapshot_config(kn_node_snapshot(node));
    const char *silence = NULL;

    if (kn_node_plan(node) == NULL)
        return NULL;
    silence = kn_announcement_silence(config, kn_node_plan(node));
    return silence != NULL ? silence : kn_reached_silence(node);
}

/* NULL: there is none. */
static const char *map_of(const struct kn_node_config *config)
{
    const struct kn_string *map = &config->network.map_endpoint;

    return map->is == KN_GIVEN && strcmp(map->text, "off") != 0 ? map->text : NULL;
}

static void add_problems(const struct kn_node *node, struct document *d)
{
    struct kn_json *list = kn_reload_problems(kn_node_reloaded(node));
    struct kn_json *problem = kn_reached_problem(node);

    if (problem == NULL || kn_json_is_null(problem))
        kn_json_free(problem);
    else if (list == NULL || !kn_json_append(list, problem))
        d->failed = true;
    d->failed = d->failed || problem == NULL;
    set(d, "problems", list);
}

struct kn_json *kn_status_json(const struct kn_status *status)
{
    const struct kn_node *node = status->node;
    const struct kn_node_config *config = kn_snapshot_config(kn_node_snapshot(node));
    struct document d = { .json = kn_json_object() };

    set(&d, "pid", kn_json_int(kn_process_self()));
    set(&d, "version", kn_json_string(KN_VERSION));
    set(&d, "peer_id", kn_json_string(kn_node_peer_id(node)));
    set(&d, "name", given_text(&config->node.name));
    set(&d, "state", kn_json_string(kn_node_state_word(kn_node_state(node))));
    set(&d, "since", kn_json_int(status->since_s));
    set(&d, "uptime_s", kn_json_int(status->now_s - status->started_s));
    set(&d, "model", given_text(&config->model.name));
    set(&d, "prefix", given_text(&config->model.dht_prefix));
    set(&d, "start_block", given_int(&config->model.start_block));
    set(&d, "end_block", given_int(&config->model.end_block));
    set(&d, "port", kn_json_int(kn_node_port(node)));
    add_addresses(node, &d);
    set(&d, "peers", kn_json_int((int64_t)kn_node_peers(node)));
    add_announced(node, &d);
    set(&d, "silence", kn_json_string(silence_of(node)));
    set(&d, "reach", kn_reached_json(node));
    set(&d, "map", kn_json_string(map_of(config)));
    add_files(node, &d);
    add_serving(node, &d);
    add_rebalance(node, &d);
    add_health(node, &d);
    set(&d, "limits", kn_own_limits_json(kn_node_own_limits(node)));
    set(&d, "paused", kn_pause_json(node));
    set(&d, "window", kn_pause_window_json(node));
    add_config(node, &d);
    set(&d, "previous_end", kn_previous_end_json(kn_node_previous_end(node)));
    add_log(node, &d);
    add_problems(node, &d);
    if (!d.failed)
        return d.json;
    kn_json_free(d.json);
    return NULL;
}
