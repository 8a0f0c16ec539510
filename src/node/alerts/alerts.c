#include "node/alerts/alerts.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/json/json.h"
#include "node/alerts/command.h"
#include "node/alerts/webhook.h"

struct kn_alerts {
    struct kn_alerts_place place;
    bool enabled;
    struct kn_alert_rules rules;
    struct kn_text webhook_url, command; /* "": none */
    struct kn_alert_engine engine;
    struct kn_timer *look;
    struct kn_alert_message queue[KN_ALERTS_QUEUE_MAX]; /* the first is under way, if any is */
    size_t queued;
    struct kn_webhook *webhook; /* under way; NULL: not */
    struct kn_alert_command *runs;
    unsigned delivered, failed;
    struct kn_error last_failure;
};

struct kn_alerts_options kn_alerts_options(const struct kn_node_config *config)
{
    const struct kn_alerts_config *from = &config->alerts;

    return (struct kn_alerts_options){
        .enabled = from->enabled.value,
        .rules = { .on = { [KN_ALERT_DISCONNECT] = from->on_disconnect.value,
                           [KN_ALERT_RECONNECT] = from->on_reconnect.value,
                           [KN_ALERT_CRITICAL] = from->on_critical.value },
                   .after_ms = from->after.ms,
                   .min_connections = (size_t)from->min_connections.value },
        .webhook_url = from->webhook_url.is == KN_GIVEN ? from->webhook_url.text : NULL,
        .command = from->command.is == KN_GIVEN ? from->command.text : NULL,
    };
}

/* -- delivering */

static void begin_first(struct kn_alerts *alerts);

/* The first of the queue has ended in both ways. */
static void end_first(struct kn_alerts *alerts)
{
    if (alerts->webhook != NULL || alerts->runs != NULL || alerts->queued == 0)
        return;
    alerts->queued--;
    memmove(alerts->queue, alerts->queue + 1, alerts->queued * sizeof(alerts->queue[0]));
    if (alerts->queued > 0)
        begin_first(alerts);
}

static void tell(struct kn_alerts *alerts, enum kn_alert_way way, const struct kn_error *failure)
{
    const struct kn_alert_outcome outcome = { alerts->queue[0].event, way, failure };

    alerts->delivered += failure == NULL;
    alerts->failed += failure != NULL;
    if (failure != NULL) {
        alerts->last_failure = *failure;
        kn_wrap(&alerts->last_failure, "%s",
                way == KN_ALERT_WEBHOOK ? "alerts.webhook_url" : "alerts.command");
    }
    alerts->place.told(alerts->place.arg, &outcome);
}

static void on_posted(void *arg, const struct kn_error *failure)
{
    struct kn_alerts *alerts = arg;

    alerts->webhook = NULL;
    tell(alerts, KN_ALERT_WEBHOOK, failure);
    end_first(alerts);
}

static void on_ran(void *arg, const struct kn_error *failure)
{
    struct kn_alerts *alerts = arg;

    alerts->runs = NULL;
    tell(alerts, KN_ALERT_COMMAND, failure);
    end_first(alerts);
}

static void begin_first(struct kn_alerts *alerts)
{
    const struct kn_alert_message *message = &alerts->queue[0];
    const struct kn_alert_command_options command = {
        .loop = alerts->place.loop,
        .command = kn_text_get(&alerts->command),
        .folder = alerts->place.folder,
        .environment = alerts->place.environment,
    };
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (alerts->webhook_url.n > 0) {
        rc = kn_webhook_start(alerts->place.loop, kn_text_get(&alerts->webhook_url),
                              alerts->place.agent, message, on_posted, alerts, &alerts->webhook);
        if (rc != KN_OK) {
            (void)kn_fail_no_memory(&err);
            tell(alerts, KN_ALERT_WEBHOOK, &err);
        }
    }
    if (alerts->command.n > 0 &&
        kn_alert_command_start(&command, message, on_ran, alerts, &alerts->runs, &err) != KN_OK)
        tell(alerts, KN_ALERT_COMMAND, &err);
    end_first(alerts);
}

/* Of too many that wait the oldest but the one under way is dropped: it is the least news. */
static void queue(struct kn_alerts *alerts, enum kn_alert_event event)
{
    struct kn_alert_message *message;

    if (alerts->queued == KN_ALERTS_QUEUE_MAX) {
        alerts->queued--;
        memmove(alerts->queue + 1, alerts->queue + 2,
                (alerts->queued - 1) * sizeof(alerts->queue[0]));
        alerts->failed++;
    }
    message = &alerts->queue[alerts->queued++];
    *message = (struct kn_alert_message){ .event = event, .at_s = (int64_t)kn_loop_unix_time() };
    alerts->place.describe(alerts->place.arg, message);
    if (alerts->queued == 1)
        begin_first(alerts);
}

/* -- looking */

static void on_look(void *arg)
{
    struct kn_alerts *alerts = arg;
    struct kn_alert_facts facts = { 0 };
    enum kn_alert_event event;
    kn_time now = kn_loop_now(alerts->place.loop);

    alerts->place.facts(alerts->place.arg, &facts);
    while (kn_alert_step(&alerts->engine, &alerts->rules, &facts, now, &event))
        queue(alerts, event);
    kn_timer_set(alerts->look, now + KN_ALERTS_LOOK_MS);
}

static bool copy(const char *text, struct kn_text *out)
{
    *out = (struct kn_text){ 0 };
    if (text != NULL)
        kn_text_add(out, text);
    return !out->failed;
}

bool kn_alerts_apply(struct kn_alerts *alerts, const struct kn_alerts_options *options)
{
    struct kn_text url, command;
    bool copied = copy(options->webhook_url, &url);

    copied = copy(options->command, &command) && copied;
    if (!copied) {
        kn_text_done(&url);
        kn_text_done(&command);
        return false;
    }
    kn_text_done(&alerts->webhook_url);
    kn_text_done(&alerts->command);
    alerts->webhook_url = url;
    alerts->command = command;
    alerts->rules = options->rules;
    if (options->enabled && !alerts->enabled)
        alerts->engine = (struct kn_alert_engine){ 0 };
    alerts->enabled = options->enabled;
    kn_timer_set(alerts->look, alerts->enabled ? kn_loop_now(alerts->place.loop) : KN_NEVER);
    return true;
}

struct kn_alerts *kn_alerts_new(const struct kn_alerts_options *options,
                                const struct kn_alerts_place *place)
{
    struct kn_alerts *alerts = kn_try_alloc(sizeof(*alerts));

    if (alerts == NULL)
        return NULL;
    alerts->place = *place;
    alerts->look = kn_timer_new(place->loop, on_look, alerts);
    if (alerts->look == NULL || !kn_alerts_apply(alerts, options)) {
        kn_alerts_free(alerts);
        return NULL;
    }
    return alerts;
}

void kn_alerts_free(struct kn_alerts *alerts)
{
    if (alerts == NULL)
        return;
    kn_webhook_abandon(alerts->webhook);
    kn_alert_command_free(alerts->runs);
    kn_timer_free(alerts->look);
    kn_text_done(&alerts->webhook_url);
    kn_text_done(&alerts->command);
    kn_free(alerts);
}

void kn_alerts_report(const struct kn_alerts *alerts, struct kn_alerts_report *out)
{
    *out = (struct kn_alerts_report){
        .is_on = alerts->enabled,
        .delivered = alerts->delivered,
        .failed = alerts->failed,
        .last_failure = alerts->last_failure.code != KN_OK ? &alerts->last_failure : NULL,
    };
}

struct kn_json *kn_alerts_json(const struct kn_alerts_report *report)
{
    struct kn_json *json = kn_json_object();
    const struct kn_error *last = report->last_failure;

    if (kn_json_set(json, "enabled", kn_json_bool(report->is_on)) &&
        kn_json_set(json, "delivered", kn_json_int(report->delivered)) &&
        kn_json_set(json, "failed", kn_json_int(report->failed)) &&
        kn_json_set(json, "last_error", kn_json_string(last != NULL ? last->text : NULL)))
        return json;
    kn_json_free(json);
    return NULL;
}
