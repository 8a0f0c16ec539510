#include "node/checkup.h"

#include "lib/base/path.h"
#include "lib/os/cgroup.h"
#include "lib/os/disk.h"
#include "lib/os/memory.h"
#include "node/course.h"
#include "node/plan/announcement.h"
#include "node/presence/reach.h"

/* -- what only the node knows */

static void bound(struct kn_health_facts *out, int64_t limit, const char *by)
{
    if (limit > 0 && (out->limit <= 0 || limit < out->limit)) {
        out->limit = limit;
        out->limit_by = by;
    }
}

/* The least of what this process may take. */
static void add_memory(const struct kn_node *node, struct kn_health_facts *out)
{
    const struct kn_size *most = &kn_node_settings(node)->resources.max_memory_gb;
    struct kn_cgroup_limits group;
    struct kn_memory machine;

    out->resident = kn_memory_resident("");
    out->limit = -1;
    if (most->is == KN_GIVEN)
        bound(out, most->bytes, "resources.max_memory_gb");
    if (kn_cgroup_read("", &group) == KN_OK)
        bound(out, group.memory_limit, "the control group");
    kn_memory_read("", &machine);
    bound(out, machine.total, "this machine");
}

static void add_disk(struct kn_health_disk *out, const char *folder)
{
    out->folder = folder;
    if (kn_disk_left(folder, &out->left, NULL) != KN_OK)
        out->left = -1;
}

static enum kn_health_reach reach_of(const struct kn_node *node)
{
    if (kn_network_is_relayed(node->network))
        return KN_HEALTH_REACH_RELAYED;
    switch (kn_network_reachability(node->network)) {
    case KN_REACHABILITY_PUBLIC:
        return KN_HEALTH_REACH_PUBLIC;
    case KN_REACHABILITY_PRIVATE:
        return KN_HEALTH_REACH_NONE;
    case KN_REACHABILITY_UNKNOWN:
        break;
    }
    return kn_reach_is_asked(kn_node_settings(node)) ? KN_HEALTH_REACH_UNKNOWN
                                                     : KN_HEALTH_REACH_UNASKED;
}

static enum kn_health_blocks blocks_of(const struct kn_blocks_report *report)
{
    switch (report->stage) {
    case KN_BLOCKS_NONE:
        return KN_HEALTH_NO_BLOCKS;
    case KN_BLOCKS_SERVING:
        return KN_HEALTH_BLOCKS_SERVED;
    case KN_BLOCKS_FAILED:
        return KN_HEALTH_BLOCKS_FAILED;
    case KN_BLOCKS_FETCHING:
        return report->failure != NULL ? KN_HEALTH_BLOCKS_DELAYED : KN_HEALTH_BLOCKS_COMING;
    case KN_BLOCKS_LOADING:
        return report->failure != NULL ? KN_HEALTH_BLOCKS_FAILED : KN_HEALTH_BLOCKS_COMING;
    case KN_BLOCKS_DRAINING:
        break;
    }
    return KN_HEALTH_BLOCKS_COMING;
}

static void add_announcements(const struct kn_node *node, struct kn_health_facts *out)
{
    const struct kn_checkup *checkup = &node->checkup;
    const struct kn_announced *last = kn_announcer_last(node->announcer);
    const struct kn_node_config *config = kn_node_settings(node);
    const struct kn_duration *lifetime = &config->dht.expiration;

    out->reads_back = checkup->reads_back;
    out->visible_on = checkup->visible_on;
    out->asked_back = checkup->asked_back;
    out->announces = last->keys > 0 && last->at > 0;
    out->is_alone = last->alone && !checkup->was_acknowledged;
    out->was_acknowledged = checkup->was_acknowledged;
    out->acknowledged_ms = kn_loop_now(node->loop) - checkup->announced_at;
    out->interval_ms = config->dht.announce_interval.ms;
    out->lifetime_ms = lifetime->is == KN_GIVEN ? lifetime->ms : 3 * out->interval_ms;
}

static bool fits_nowhere(const struct kn_node *node)
{
    return node->what.is_planned && node->what.plan.model.kind != KN_CHOICE_NOTHING &&
           node->what.plan.place.by == KN_PLACED_NOWHERE;
}

static void facts(void *arg, struct kn_health_facts *out)
{
    const struct kn_node *node = arg;
    struct kn_blocks_report blocks;

    kn_blocks_report(node->blocks, &blocks);
    out->blocks = blocks_of(&blocks);
    out->trouble = blocks.failure != NULL ? blocks.failure->text : "";
    if (out->blocks == KN_HEALTH_NO_BLOCKS && fits_nowhere(node)) {
        out->blocks = KN_HEALTH_BLOCKS_FIT_NOWHERE;
        out->trouble = kn_announcement_silence(kn_node_settings(node), &node->what.plan);
    }
    out->reach = reach_of(node);
    add_memory(node, out);
    add_disk(&out->disks[0], node->paths.home);
    if (node->checkup.logs.n > 0)
        add_disk(&out->disks[1], kn_text_get(&node->checkup.logs));
    add_announcements(node, out);
    out->is_paused = kn_course_is_resting(node);
}

/* -- what is done about it */

static void on_changed(void *arg)
{
    struct kn_node *node = arg;

    if (!node->leaving && !node->over)
        kn_course_tell(node, KN_NODE_HEALTH);
}

/* The bootstraps first; those who are known when none of them is there (kn_course_all_failed). */
static void on_knock(void *arg)
{
    struct kn_node *node = arg;

    if (!node->leaving && !node->over && !kn_course_is_first(node)) {
        kn_membership_join_once(node->membership);
        if (node->known != NULL)
            kn_known_peers_begin(node->known);
    }
}

/* Whoever is back has lost our records, or never had them. */
static void on_met(void *arg, size_t answered, bool was_lost)
{
    struct kn_node *node = arg;

    if (node->leaving || node->over || node->state == KN_NODE_OFFLINE)
        return;
    if (answered > node->met_count && !kn_course_is_first(node))
        kn_membership_join_once(node->membership);
    if (was_lost)
        kn_announcer_renew(node->announcer);
}

/* -- what the course tells */

void kn_checkup_announced(struct kn_node *node, const struct kn_announced *round, bool read_back)
{
    struct kn_checkup *checkup = &node->checkup;
    kn_time now = kn_loop_now(node->loop);

    if (read_back) {
        checkup->reads_back = true;
        checkup->visible_on = round->visible_on;
        checkup->asked_back = round->asked;
        return;
    }
    if (round->acknowledged > 0) {
        checkup->was_acknowledged = true;
        checkup->announced_at = now;
    } else if (checkup->announced_at == 0) {
        checkup->announced_at = now;
    }
}

void kn_checkup_resumed(struct kn_node *node)
{
    node->checkup.was_acknowledged = node->checkup.reads_back = false;
    node->checkup.announced_at = kn_loop_now(node->loop);
}

void kn_checkup_joined(struct kn_node *node)
{
    kn_health_joined(node->checkup.health);
}

void kn_checkup_begin(struct kn_node *node)
{
    if (!node->options.dry_run)
        kn_health_begin(node->checkup.health);
}

/* -- settings */

static bool find_logs(const struct kn_node *node, struct kn_text *out)
{
    const struct kn_path *file = &kn_node_settings(node)->logging.file_path;

    if (file->is == KN_GIVEN)
        kn_path_folder(file->text, out);
    return !out->failed;
}

bool kn_checkup_apply(struct kn_node *node)
{
    const struct kn_health_options options = kn_health_options(kn_node_settings(node));
    struct kn_text logs = { 0 };

    if (!find_logs(node, &logs))
        return false;
    kn_text_done(&node->checkup.logs);
    node->checkup.logs = logs;
    kn_health_apply(node->checkup.health, &options);
    return true;
}

void kn_checkup_change(struct kn_node *node)
{
    kn_health_change(node->checkup.health, node->bootstraps.at,
                     kn_course_is_first(node) ? 0 : node->bootstraps.n);
}

bool kn_checkup_make(struct kn_node *node)
{
    const struct kn_health_options options = kn_health_options(kn_node_settings(node));
    const struct kn_health_place place = {
        .network = node->network,
        .random = &node->random,
        .bootstraps = node->bootstraps.at,
        .bootstrap_count = kn_course_is_first(node) ? 0 : node->bootstraps.n,
        .arg = node,
        .facts = facts,
        .changed = on_changed,
        .knock = on_knock,
        .met = on_met,
    };

    node->checkup.health = kn_health_new(&options, &place);
    return find_logs(node, &node->checkup.logs) && node->checkup.health != NULL;
}

void kn_checkup_end(struct kn_node *node)
{
    kn_health_free(node->checkup.health);
    node->checkup.health = NULL;
    kn_text_done(&node->checkup.logs);
}
