#include "node/reload.h"

#include <string.h>

#include "lib/json/json.h"
#include "node/course.h"
#include "node/parts.h"
#include "node/presence/reach.h"

/* -- parts take their settings anew; what is as it was costs them nothing */

static void change_network(struct kn_node *node)
{
    static const char *const keys[] = { "network.", NULL };
    struct kn_network_options options = { 0 };
    struct kn_public_address address;

    if (!kn_amendment_touches(&node->reloaded.what, keys))
        return;
    kn_parts_network(kn_node_settings(node), node->listening.port, &address, &options);
    if (kn_network_change(node->network, &options, &node->reloaded.trouble) != KN_OK)
        return;
    kn_relay_client_distrust(kn_network_relays(node->network));
    kn_reach_begin(node->network, kn_node_settings(node));
    kn_reached_changed(node);
}

/* First of all: what follows is told there. */
static void change_log(struct kn_node *node)
{
    static const char *const keys[] = { "logging.", NULL };
    struct kn_log *log = kn_journal_log(node->journal);
    struct kn_log_options options;

    if (log == NULL || !kn_amendment_touches(&node->reloaded.what, keys))
        return;
    kn_log_options(node, node->what.snapshot, &options);
    if (kn_log_apply(log, &options, &node->reloaded.trouble) != KN_OK)
        kn_wrap(&node->reloaded.trouble, "the log goes on where it went: logging.file_path");
}

static bool is_listed(const struct kn_texts *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->at[i], text) == 0)
            return true;
    }
    return false;
}

/* Who is no bootstrap any more is a peer like others; who is a new one is knocked at. */
static void change_bootstraps(struct kn_node *node)
{
    const struct kn_texts *next = &kn_node_settings(node)->network.bootstrap_peers.texts;
    const struct kn_patience patience = kn_parts_patience(kn_node_settings(node));
    struct kn_snapshot *before = node->bootstraps_of;
    bool is_news = next->n != node->bootstraps.n;

    for (size_t i = 0; i < next->n && !is_news; i++)
        is_news = !is_listed(&node->bootstraps, next->at[i]);
    node->bootstraps = *next;
    node->bootstraps_of = kn_snapshot_ref(node->what.snapshot);
    kn_membership_change(node->membership, next->at, next->n, patience.first_ms,
                         patience.longest_ms);
    if (node->known != NULL)
        kn_known_peers_change(node->known, next->at, next->n);
    kn_checkup_change(node);
    kn_snapshot_unref(before);
    if (is_news)
        kn_course_rejoin(node);
}

static void change_hours(struct kn_node *node)
{
    static const char *const keys[] = { "resources.", NULL };
    bool is_hidden = node->what.request.flag_count != node->window.own; /* by an open window */

    if (is_hidden || kn_amendment_touches(&node->reloaded.what, keys))
        (void)!kn_pause_settings_changed(node, &node->reloaded.trouble);
}

static void change_announcements(struct kn_node *node)
{
    static const char *const told[] = { "node.name", "node.version", "dht.announce", NULL };
    static const char *const speeds[] = { "performance.throughput", "performance.network_rps",
                                          "performance.forward_rps", "performance.inference_rps",
                                          NULL };
    const struct kn_amendment *what = &node->reloaded.what;
    const struct kn_pace_of_records pace = kn_parts_pace(kn_node_settings(node));

    if (what->is_planned_anew || kn_amendment_touches(what, told)) {
        if (node->state != KN_NODE_OFFLINE)
            kn_course_announce(node);
    } else if (kn_amendment_touches(what, speeds)) {
        kn_announcer_renew(node->announcer);
    }
    kn_announcer_pace(node->announcer, pace.interval_ms, pace.lifetime_ms);
}

static void apply(struct kn_node *node, const struct kn_placement *before)
{
    const struct kn_placement *place = &node->what.plan.place;

    change_log(node);
    change_network(node);
    change_bootstraps(node);
    if (node->reloaded.what.is_planned_anew &&
        (place->start != before->start || place->end != before->end)) {
        node->caches_due = true;
        kn_course_tell(node, KN_NODE_MOVED);
    }
    change_hours(node);
    change_announcements(node);
    if (!kn_checkup_apply(node) || !kn_alarm_apply(node))
        (void)kn_fail_no_memory(&node->reloaded.trouble);
    kn_retry_now(node);
    kn_own_limits_apply(node);
    kn_move_settings_changed(node->move);
}

/* -- reading */

static enum kn_code amend(struct kn_node *node)
{
    struct kn_reload_report *report = &node->reloaded;
    const struct kn_plan_input plan = kn_course_facts(node, node->seen ? node->look : NULL);
    const struct kn_amend_facts facts = {
        .plan = kn_move_is_under_way(node->move) ? NULL : &plan,
        .without_caches = node->what.request.without_caches && node->caches_due,
    };

    return kn_amend(&node->what, node->paths.config, &facts, &report->what, &report->err);
}

/* What one that failed finds has no bearing on what waits since the last that held. */
static void hold(struct kn_reload_report *report)
{
    struct kn_amendment *drop =
        report->err.code == KN_OK && report->at_s > 0 ? &report->held : &report->what;

    kn_amendment_done(drop);
    if (drop == &report->held)
        report->held = report->what;
    report->what = (struct kn_amendment){ 0 };
    report->err = report->trouble = (struct kn_error){ 0 };
}

void kn_reload(struct kn_node *node)
{
    const struct kn_placement before = node->what.plan.place;
    struct kn_reload_report *report = &node->reloaded;

    kn_timer_set(node->reload_timer, KN_NEVER);
    node->reloaded_at = kn_loop_now(node->loop);
    hold(report);
    report->at_s = (int64_t)kn_loop_unix_time();
    if (node->leaving || node->over)
        (void)kn_fail(&report->err, KN_E_BUSY, "the node is leaving");
    else if (amend(node) == KN_OK)
        apply(node, &before);
    if (node->what.copy.now != NULL)
        node->paths.config_exists = true;
    report->path = node->paths.config;
    report->exists = node->paths.config_exists;
    kn_course_tell(node, KN_NODE_RELOADED);
}

void kn_reload_soon(struct kn_node *node)
{
    kn_time now = kn_loop_now(node->loop), next = node->reloaded_at + KN_RELOAD_APART_MS;

    if (node->reloaded.at_s == 0 || now >= next)
        kn_reload(node);
    else
        kn_timer_set(node->reload_timer, next);
}

enum kn_code kn_reload_asked(void *arg, const struct kn_json *request, struct kn_json **out,
                             struct kn_error *err)
{
    struct kn_node *node = arg;

    (void)request;
    kn_reload(node);
    *out = kn_reload_json(&node->reloaded);
    return *out != NULL ? KN_OK : kn_fail_no_memory(err);
}

void kn_reload_done(struct kn_reload_report *report)
{
    kn_amendment_done(&report->what);
    kn_amendment_done(&report->held);
    *report = (struct kn_reload_report){ 0 };
}
