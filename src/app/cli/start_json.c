#include "app/cli/start_json.h"

#include "app/cli/cli.h"
#include "app/cli/tree.h"
#include "lib/io/loop.h"
#include "node/plan/advice.h"

static struct kn_json *object(const char *event)
{
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "time", kn_json_number(kn_loop_unix_time()));
    kn_tree_text(json, "event", event);
    return json;
}

static void print(struct kn_start *start, struct kn_json *json)
{
    if (!kn_json_print_line(json, &start->cli->answer))
        kn_out_of_memory();
    kn_text_add_char(&start->cli->answer, '\n');
    kn_json_free(json);
}

static void print_listening(struct kn_start *start)
{
    struct kn_json *json = object("listening");

    kn_tree_text(json, "peer_id", kn_node_peer_id(start->node));
    kn_tree_set(json, "port", kn_json_int(kn_node_port(start->node)));
    kn_tree_text(json, "text", kn_node_port_text(start->node));
    print(start, json);
}

static void print_previous(struct kn_start *start)
{
    const struct kn_previous_end *previous = kn_node_previous_end(start->node);
    struct kn_json *json;

    if (!previous->is_known)
        return;
    json = object("previous-end");
    kn_tree_set(json, "previous_end", kn_previous_end_json(previous));
    print(start, json);
}

static void print_bootstrap(struct kn_start *start)
{
    const struct kn_bootstrap *told = kn_node_bootstrap(start->node);
    struct kn_json *json = object("bootstrap");

    kn_tree_text(json, "address", told->address);
    kn_tree_set(json, "ok", kn_json_bool(told->code == KN_OK));
    kn_tree_set(json, "ms", kn_json_number(told->ms));
    kn_tree_text(json, "error", told->code == KN_OK ? NULL : told->error.text);
    kn_tree_text(json, "hint", told->error.hint[0] == '\0' ? NULL : told->error.hint);
    kn_tree_set(json, "ahead_s", told->tells_time ? kn_json_number(told->ahead_s) : kn_json_null());
    print(start, json);
}

static void print_calibration(struct kn_start *start, const struct kn_plan *plan)
{
    const struct kn_hardware *machine = kn_node_hardware(start->node);
    struct kn_json *json = object("calibration");

    kn_tree_set(json, "memory_total",
                machine->memory_total >= 0 ? kn_json_int(machine->memory_total) : kn_json_null());
    kn_tree_set(json, "memory_available",
                machine->memory_available >= 0 ? kn_json_int(machine->memory_available)
                                               : kn_json_null());
    kn_tree_set(json, "gpus", kn_json_int((int64_t)machine->gpu_count));
    kn_tree_set(json, "block_bytes", kn_json_int(plan->model.fit.block_bytes));
    kn_tree_set(json, "blocks_max", kn_json_int(plan->model.fit.profiles[KN_PRESET_MAX].blocks));
    kn_tree_set(json, "blocks", kn_json_int(plan->planned));
    kn_tree_text(json, "limit", plan->model.fit.limit);
    kn_tree_text(json, "changed", plan->kept.changed[0] != '\0' ? plan->kept.changed : NULL);
    kn_tree_text(json, "warning", plan->model.warning);
    if (plan->place.by == KN_PLACED_NOWHERE) {
        kn_tree_text(json, "reason", kn_reason_no_block(plan));
        kn_tree_text(json, "hint", kn_advice_no_block(plan));
    }
    print(start, json);
}

/* spec: REQ-0.1.7 */
static void print_discovery(struct kn_start *start, const struct kn_plan *plan)
{
    size_t n = plan->swarm.model_count;
    struct kn_json *json = object("discovery"), *found = kn_json_array();
    struct kn_text text = { 0 };

    kn_text_addf(&text, "Discovered %zu model%s, selected %s (%s)", n, n == 1 ? "" : "s",
                 plan->model.name, plan->model.reason);
    kn_tree_set(json, "known", kn_json_bool(plan->swarm.is_known));
    kn_tree_set(json, "models", kn_json_int((int64_t)n));
    kn_tree_text(json, "model", plan->model.name);
    kn_tree_text(json, "reason", plan->model.reason);
    kn_tree_text(json, "text", kn_text_get(&text));
    kn_tree_text(json, "hint", kn_start_facts_of(start).nobody);
    kn_text_done(&text);
    for (size_t i = 0; i < n; i++) {
        struct kn_json *one = kn_json_object();

        kn_tree_text(one, "prefix", plan->swarm.models[i].prefix);
        kn_tree_set(one, "providers_online", kn_json_int(plan->swarm.models[i].online));
        kn_tree_set(one, "providers_joining", kn_json_int(plan->swarm.models[i].joining));
        kn_tree_append(found, one);
    }
    kn_tree_set(json, "found", found);
    print(start, json);
}

static void print_choices(struct kn_start *start, const struct kn_plan *plan)
{
    const struct kn_placement *place = &plan->place;
    bool nowhere = place->by == KN_PLACED_NOWHERE;
    const struct kn_start_facts facts = kn_start_facts_of(start);
    struct kn_json *json = object("port");

    kn_tree_set(json, "port", kn_json_int(facts.port));
    kn_tree_text(json, "text", facts.port_text);
    print(start, json);
    json = object("name");
    kn_tree_text(json, "name", kn_facts_config(&facts)->node.name.text);
    print(start, json);
    json = object("blocks");
    kn_tree_set(json, "start_block", nowhere ? kn_json_null() : kn_json_int(place->start));
    kn_tree_set(json, "end_block", nowhere ? kn_json_null() : kn_json_int(place->end));
    kn_tree_text(json, "reason", nowhere ? kn_reason_no_block(plan) : place->reason);
    print(start, json);
}

/* Whether files are missing, and what is done about it. */
static void add_files(const struct kn_plan *plan, struct kn_json *json)
{
    const struct kn_fetch_choice *fetch = &plan->fetch;
    struct kn_json *files;

    if (!fetch->is_needed)
        return;
    files = kn_json_object();
    kn_tree_set(files, "fetched", kn_json_bool(fetch->is_allowed));
    kn_tree_text(files, "repository", fetch->repository);
    kn_tree_set(files, "bytes", fetch->bytes > 0 ? kn_json_int(fetch->bytes) : kn_json_null());
    kn_tree_text(files, "reason", fetch->reason);
    kn_tree_text(files, "limit", fetch->limit[0] != '\0' ? fetch->limit : NULL);
    kn_tree_text(files, "hint", fetch->is_allowed ? NULL : fetch->hint);
    kn_tree_set(json, "files", files);
}

static void print_plan(struct kn_start *start)
{
    const struct kn_plan *plan = kn_node_plan(start->node);
    struct kn_json *json, *values = kn_json_object(), *reasons = kn_json_object();

    print_discovery(start, plan);
    print_calibration(start, plan);
    print_choices(start, plan);
    json = object("planned");
    for (size_t i = 0; i < plan->value_count; i++) {
        kn_tree_text(values, plan->values[i].key, plan->values[i].value);
        kn_tree_text(reasons, plan->values[i].key, plan->values[i].reason);
    }
    add_files(plan, json);
    kn_tree_set(json, "values", values);
    kn_tree_set(json, "reasons", reasons);
    print(start, json);
}

static void print_announced(struct kn_start *start, const char *event)
{
    const struct kn_announced *round = kn_node_announced(start->node);
    struct kn_json *json = object(event);

    kn_tree_set(json, "records", kn_json_int(round->keys));
    kn_tree_set(json, "acknowledged", kn_json_int(round->acknowledged));
    kn_tree_set(json, "visible_on", kn_json_int(round->visible_on));
    kn_tree_set(json, "bootstraps", kn_json_int(round->asked));
    kn_tree_set(json, "blocks", kn_json_int(round->blocks));
    kn_tree_set(json, "alone", kn_json_bool(round->alone));
    print(start, json);
}

static void print_ended(struct kn_start *start)
{
    const struct kn_error *failure = kn_node_failure(start->node);
    struct kn_json *json = object("ended");

    kn_tree_set(json, "ok", kn_json_bool(failure->code == KN_OK));
    kn_tree_text(json, "error", failure->code == KN_OK ? NULL : failure->text);
    kn_tree_set(json, "dropped", kn_json_int((int64_t)start->feed.dropped));
    print(start, json);
}

static void print_state(struct kn_start *start)
{
    struct kn_json *json = object("state");

    kn_tree_text(json, "state", kn_node_state_word(kn_node_state(start->node)));
    print(start, json);
}

static void print_paused(struct kn_start *start)
{
    struct kn_json *json = object("paused");
    struct kn_scheduler_report report;

    kn_node_schedule(start->node, &report);
    kn_tree_text(json, "by", kn_pause_word(report.verdict.by));
    kn_tree_text(json, "reason", report.reason);
    kn_tree_set(json, "until",
                report.verdict.until_s > 0 ? kn_json_int(report.verdict.until_s) : kn_json_null());
    print(start, json);
}

static void print_blocks(struct kn_start *start)
{
    struct kn_json *json = object("serving");
    struct kn_blocks_report report;
    char drift[KN_FIT_TEXT_SIZE];

    kn_node_blocks(start->node, &report);
    kn_tree_text(json, "stage", kn_blocks_stage_word(report.stage));
    kn_tree_text(json, "error", report.failure != NULL ? report.failure->text : NULL);
    kn_tree_text(json, "hint", report.failure != NULL ? report.failure->hint : NULL);
    if (report.speed != NULL) {
        kn_tree_set(json, "start_block", kn_json_int(report.wish->from));
        kn_tree_set(json, "end_block", kn_json_int(report.wish->to));
        kn_tree_set(json, "weight_bytes", kn_json_int(report.weight_bytes));
        kn_tree_set(json, "open_ms", kn_json_number((double)report.open_us / 1000));
        kn_tree_set(json, "test_ms", kn_json_number((double)report.test_us / 1000));
        kn_tree_set(json, "decode_tokens_per_s", kn_json_number(report.speed->decode_tokens_per_s));
        kn_tree_set(json, "forward_tokens_per_s",
                    kn_json_number(report.speed->forward_tokens_per_s));
    }
    if (kn_facts_drift(kn_node_plan(start->node), &report, drift))
        kn_tree_text(json, "drift", drift);
    print(start, json);
}

static void print_moved(struct kn_start *start)
{
    const struct kn_placement *place = &kn_node_plan(start->node)->place;
    struct kn_json *json = object("moved");

    kn_tree_set(json, "start_block", kn_json_int(place->start));
    kn_tree_set(json, "end_block", kn_json_int(place->end));
    kn_tree_text(json, "reason", place->reason);
    print(start, json);
}

static void print_rebalanced(struct kn_start *start)
{
    struct kn_json *json = object("rebalanced");
    struct kn_move_report report;

    kn_node_move(start->node, &report);
    kn_tree_text(json, "verdict", kn_rebalance_word(report.last.verdict));
    kn_tree_set(json, "start_block", kn_json_int(report.last.start));
    kn_tree_set(json, "end_block", kn_json_int(report.last.end));
    kn_tree_text(json, "reason", report.last.reason);
    print(start, json);
}

static void print_health(struct kn_start *start)
{
    struct kn_json *json = object("health");
    struct kn_health_report report;

    kn_node_health(start->node, &report);
    kn_tree_text(json, "verdict", kn_health_word(report.verdict));
    kn_tree_text(json, "reason", report.reason);
    kn_tree_text(json, "hint", report.hint);
    kn_tree_set(json, "gave_up", kn_json_bool(report.gave_up));
    print(start, json);
}

static void print_alert(struct kn_start *start)
{
    const struct kn_alert_outcome *told = kn_node_alerted(start->node);
    struct kn_json *json = object("alert");

    kn_tree_text(json, "about", kn_alert_word(told->event));
    kn_tree_text(json, "by", told->way == KN_ALERT_WEBHOOK ? "webhook" : "command");
    kn_tree_set(json, "ok", kn_json_bool(told->failure == NULL));
    kn_tree_text(json, "error", told->failure != NULL ? told->failure->text : NULL);
    print(start, json);
}

/* The answer of the control socket, as an event. */
static void print_reloaded(struct kn_start *start)
{
    static const char *const members[] = {
        "ok", "path", "exists", "changed", "pending_restart", "problems"
    };
    struct kn_json *answer = kn_reload_json(kn_node_reloaded(start->node));
    struct kn_json *json = object("reload");

    for (size_t i = 0; i < KN_COUNT(members); i++)
        kn_tree_set(json, members[i], kn_json_copy(kn_json_get(answer, members[i])));
    kn_json_free(answer);
    print(start, json);
}

void kn_start_json_saved(struct kn_start *start)
{
    struct kn_json *json = object("saved");

    kn_tree_set(json, "ok", kn_json_bool(start->is_saved));
    kn_tree_text(json, "path", start->path);
    kn_tree_text(json, "error", start->is_saved ? NULL : start->save_error.text);
    print(start, json);
}

static struct kn_json *progress_object(const struct kn_progress *progress)
{
    struct kn_json *json = object("progress");

    kn_tree_text(json, "what", progress->label);
    kn_tree_set(json, "done",
                progress->of > 0 ? kn_json_int((int64_t)progress->done) : kn_json_null());
    kn_tree_set(json, "of", progress->of > 0 ? kn_json_int((int64_t)progress->of) : kn_json_null());
    kn_tree_text(json, "note", progress->note);
    return json;
}

void kn_start_json_progress(struct kn_start *start, const struct kn_progress *progress)
{
    print(start, progress_object(progress));
}

void kn_start_json_fetching(struct kn_start *start, const struct kn_progress *progress,
                            const struct kn_fetching_state *state)
{
    struct kn_json *json = progress_object(progress);

    kn_tree_text(json, "file", state->file);
    kn_tree_set(json, "number", kn_json_int(state->number));
    kn_tree_set(json, "files", kn_json_int(state->files));
    kn_tree_set(json, "bytes_per_s", kn_json_int((int64_t)state->rate));
    print(start, json);
}

void kn_start_json(struct kn_start *start, enum kn_node_event event)
{
    switch (event) {
    case KN_NODE_LISTENING:
        print_listening(start);
        print_previous(start);
        break;
    case KN_NODE_BOOTSTRAP:
        print_bootstrap(start);
        break;
    case KN_NODE_PLANNED:
    case KN_NODE_REPLANNED:
        print_plan(start);
        break;
    case KN_NODE_JOINED:
        print(start, object("joined"));
        break;
    case KN_NODE_ANNOUNCED:
        print_announced(start, "announced");
        break;
    case KN_NODE_READ_BACK:
        print_announced(start, "visible");
        break;
    case KN_NODE_REFRESHED:
        print(start, object("refreshed"));
        break;
    case KN_NODE_MOVED:
        print_moved(start);
        break;
    case KN_NODE_REBALANCED:
        print_rebalanced(start);
        break;
    case KN_NODE_BLOCKS:
        print_blocks(start);
        break;
    case KN_NODE_STATE:
        print_state(start);
        break;
    case KN_NODE_HEALTH:
        print_health(start);
        break;
    case KN_NODE_ALERT:
        print_alert(start);
        break;
    case KN_NODE_PAUSED:
        print_paused(start);
        break;
    case KN_NODE_RESUMED:
        print(start, object("resumed"));
        break;
    case KN_NODE_RELOADED:
        print_reloaded(start);
        break;
    case KN_NODE_CACHE_FAILED:
        print(start, object("cache-failed"));
        break;
    case KN_NODE_ENDED:
        print_ended(start);
        break;
    case KN_NODE_SEEN:
    case KN_NODE_MEASURED:
        break;
    }
}
