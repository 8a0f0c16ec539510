#include "node/health/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/attributes.h"
#include "lib/base/utf8.h"

enum { MIB = 1024 * 1024, MS_PER_S = 1000 };

const char *kn_health_word(enum kn_health_verdict verdict)
{
    static const char *const words[] = {
        [KN_HEALTH_UNKNOWN] = "unknown",
        [KN_HEALTH_HEALTHY] = "healthy",
        [KN_HEALTH_DEGRADED] = "degraded",
        [KN_HEALTH_FAILING] = "failing",
    };

    return words[verdict];
}

KN_PRINTF(3, 4)
static void find(struct kn_finding *out, enum kn_health_verdict verdict, const char *format, ...)
{
    va_list arguments;

    out->verdict = verdict;
    va_start(arguments, format);
    if (vsnprintf(out->reason, sizeof(out->reason), format, arguments) >= KN_FINDING_SIZE)
        out->reason[kn_utf8_cut(out->reason, KN_FINDING_SIZE - 1)] = '\0';
    va_end(arguments);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void judge_loop(const struct kn_health_facts *facts, struct kn_finding *out)
{
    if (facts->lag_ms < 0) {
        find(out, KN_HEALTH_UNKNOWN, "not measured yet");
        return;
    }
    if (facts->lag_ms < KN_LAG_MOST_MS) {
        find(out, KN_HEALTH_HEALTHY, "timers come in time");
        return;
    }
    find(out, facts->lag_ms < KN_LAG_FAILS_MS ? KN_HEALTH_DEGRADED : KN_HEALTH_FAILING,
         "a timer came %.1f s late", (double)facts->lag_ms / MS_PER_S);
    out->hint = "Give this machine less to do beside the node, or the node fewer threads with "
                "resources.max_cpu_percent.";
}

static void judge_bootstraps(const struct kn_health_facts *facts, struct kn_finding *out)
{
    size_t n = facts->bootstraps;

    if (!facts->asked) {
        find(out, KN_HEALTH_UNKNOWN, "not asked yet");
        return;
    }
    if (n == 0) {
        find(out, KN_HEALTH_UNKNOWN, "there is no bootstrap to ask");
        return;
    }
    if (facts->answered == n) {
        find(out, KN_HEALTH_HEALTHY, "%zu of %zu bootstrap%s answer%s", n, n, plural(n),
             n == 1 ? "s" : "");
        return;
    }
    if (facts->answered == 0 && facts->alive == 0) {
        find(out, KN_HEALTH_FAILING,
             "cut off: no bootstrap and no other peer answers; %.90s: %.70s", facts->silent,
             facts->why);
        out->hint = "Look whether this machine has a network and whether a firewall lets it out, "
                    "and ask who runs the bootstraps whether they are up.";
        return;
    }
    if (facts->answered == 0)
        find(out, KN_HEALTH_DEGRADED, "no bootstrap answers, %zu other peer%s do%s; %.90s: %.70s",
             facts->alive, plural(facts->alive), facts->alive == 1 ? "es" : "", facts->silent,
             facts->why);
    else
        find(out, KN_HEALTH_DEGRADED, "%zu of %zu bootstraps answer%s; %.90s: %.70s",
             facts->answered, n, facts->answered == 1 ? "s" : "", facts->silent, facts->why);
    out->hint = "Ask who runs it whether it is up, or take it out of network.bootstrap_peers.";
}

/* Then there is nothing to see, and nothing wrong with that. */
static bool find_pause(const struct kn_health_facts *facts, struct kn_finding *out)
{
    if (facts->is_paused)
        find(out, KN_HEALTH_UNKNOWN, "this node is paused");
    return facts->is_paused;
}

static void judge_visibility(const struct kn_health_facts *facts, struct kn_finding *out)
{
    uint32_t asked = facts->asked_back, seen = facts->visible_on;

    if (find_pause(facts, out))
        return;
    if (!facts->reads_back) {
        find(out, KN_HEALTH_UNKNOWN, "nothing was read back yet");
        return;
    }
    if (asked == 0) {
        find(out, KN_HEALTH_UNKNOWN, "nobody is there to read the records back from");
        return;
    }
    if (seen >= asked) {
        find(out, KN_HEALTH_HEALTHY, "the records are read back from %u of %u bootstrap%s", seen,
             asked, plural(asked));
        return;
    }
    find(out, seen == 0 ? KN_HEALTH_FAILING : KN_HEALTH_DEGRADED,
         "the records are read back from %u of %u bootstrap%s only", seen, asked, plural(asked));
    out->hint = "Others find this node later or not at all; look at the bootstraps with kwaainet "
                "network ping ADDRESS.";
}

static void judge_clock(const struct kn_health_facts *facts, struct kn_finding *out)
{
    double off_s = facts->ahead_s < 0 ? -facts->ahead_s : facts->ahead_s;

    if (!facts->asked || !facts->tells_time) {
        find(out, KN_HEALTH_UNKNOWN, "no bootstrap told the time");
        return;
    }
    if (off_s * MS_PER_S <= KN_CLOCK_MOST_MS) {
        find(out, KN_HEALTH_HEALTHY, "the clock agrees with the bootstraps");
        return;
    }
    find(out, off_s * MS_PER_S <= KN_CLOCK_FAILS_MS ? KN_HEALTH_DEGRADED : KN_HEALTH_FAILING,
         "the clock is %.0f s %s the bootstraps'", off_s,
         facts->ahead_s > 0 ? "behind" : "ahead of");
    out->hint = "Set the clock of this machine, best by NTP: timedatectl set-ntp true.";
}

static void judge_reach(const struct kn_health_facts *facts, struct kn_finding *out)
{
    switch (facts->reach) {
    case KN_HEALTH_REACH_UNASKED:
        find(out, KN_HEALTH_UNKNOWN, "nobody is asked: network.enable_nat_traversal is false");
        break;
    case KN_HEALTH_REACH_UNKNOWN:
        find(out, KN_HEALTH_UNKNOWN, "nobody has said yet whether others can dial this node");
        break;
    case KN_HEALTH_REACH_PUBLIC:
        find(out, KN_HEALTH_HEALTHY, "others can dial this node");
        break;
    case KN_HEALTH_REACH_RELAYED:
        find(out, KN_HEALTH_HEALTHY, "others reach this node through a relay");
        break;
    case KN_HEALTH_REACH_NONE:
        find(out, KN_HEALTH_DEGRADED, "others cannot dial this node, and no relay has a place");
        out->hint = "Forward its TCP port in the router and name the address with --public-ip, or "
                    "name a relay in network.trusted_relays.";
        break;
    }
}

static void judge_memory(const struct kn_health_facts *facts, struct kn_finding *out)
{
    enum kn_health_verdict verdict = KN_HEALTH_HEALTHY;

    if (facts->resident < 0) {
        find(out, KN_HEALTH_UNKNOWN, "the system does not tell what this process holds");
        return;
    }
    if (facts->limit <= 0) {
        find(out, KN_HEALTH_UNKNOWN, "there is no limit to compare with");
        return;
    }
    if (facts->resident / KN_MEMORY_FAILS_PERCENT >= facts->limit / 100)
        verdict = KN_HEALTH_FAILING;
    else if (facts->resident / KN_MEMORY_MOST_PERCENT >= facts->limit / 100)
        verdict = KN_HEALTH_DEGRADED;
    find(out, verdict, "%lld MiB of the %lld MiB of %s are taken",
         (long long)(facts->resident / MIB), (long long)(facts->limit / MIB), facts->limit_by);
    if (verdict != KN_HEALTH_HEALTHY)
        out->hint = "Serve fewer blocks with --blocks, or allow more.";
}

static void judge_disk(const struct kn_health_facts *facts, struct kn_finding *out)
{
    const struct kn_health_disk *least = NULL;

    for (size_t i = 0; i < KN_HEALTH_DISKS_MAX; i++) {
        const struct kn_health_disk *disk = &facts->disks[i];

        if (disk->folder == NULL)
            continue;
        if (disk->left < 0) {
            find(out, KN_HEALTH_UNKNOWN, "the system does not tell what is left for %.150s",
                 disk->folder);
            return;
        }
        if (least == NULL || disk->left < least->left)
            least = disk;
    }
    if (least == NULL) {
        find(out, KN_HEALTH_UNKNOWN, "no folder is looked at");
        return;
    }
    if (least->left >= (int64_t)KN_DISK_LEAST_MIB * MIB) {
        find(out, KN_HEALTH_HEALTHY, "%lld MiB are left for %.150s", (long long)(least->left / MIB),
             least->folder);
        return;
    }
    find(out,
         least->left >= (int64_t)KN_DISK_FAILS_MIB * MIB ? KN_HEALTH_DEGRADED : KN_HEALTH_FAILING,
         "only %lld MiB are left for %.150s", (long long)(least->left / MIB), least->folder);
    out->hint = "Make room on that disk, or move the folder to another one.";
}

static void judge_announce(const struct kn_health_facts *facts, struct kn_finding *out)
{
    int64_t late_ms = facts->interval_ms * KN_ANNOUNCE_LATE_PERCENT / 100;

    if (find_pause(facts, out))
        return;
    if (!facts->announces) {
        find(out, KN_HEALTH_UNKNOWN, "this node announces nothing");
        return;
    }
    if (facts->is_alone) {
        find(out, KN_HEALTH_UNKNOWN, "nobody else is there to take what is announced");
        return;
    }
    if (!facts->was_acknowledged && facts->acknowledged_ms <= late_ms) {
        find(out, KN_HEALTH_UNKNOWN, "nobody has taken it yet");
        return;
    }
    if (!facts->was_acknowledged) {
        find(out, KN_HEALTH_FAILING, "nobody has taken what this node announces");
    } else if (facts->acknowledged_ms <= late_ms) {
        find(out, KN_HEALTH_HEALTHY, "others took it %lld s ago",
             (long long)(facts->acknowledged_ms / MS_PER_S));
        return;
    } else if (facts->acknowledged_ms < facts->lifetime_ms) {
        find(out, KN_HEALTH_DEGRADED, "others took it %lld s ago, and %lld s is the interval",
             (long long)(facts->acknowledged_ms / MS_PER_S),
             (long long)(facts->interval_ms / MS_PER_S));
    } else {
        find(out, KN_HEALTH_FAILING, "others took it %lld s ago: its records have ended",
             (long long)(facts->acknowledged_ms / MS_PER_S));
    }
    out->hint = "It is tried again by itself; look whether the bootstraps answer.";
}

static void judge_blocks(const struct kn_health_facts *facts, struct kn_finding *out)
{
    if (find_pause(facts, out))
        return;
    switch (facts->blocks) {
    case KN_HEALTH_NO_BLOCKS:
        find(out, KN_HEALTH_UNKNOWN, "no blocks are served here");
        break;
    case KN_HEALTH_BLOCKS_FIT_NOWHERE:
        find(out, KN_HEALTH_DEGRADED, "none is served: %.180s", facts->trouble);
        out->hint = "Raise the limit that is named, or choose a smaller model.";
        break;
    case KN_HEALTH_BLOCKS_COMING:
        find(out, KN_HEALTH_UNKNOWN, "they are not loaded yet");
        break;
    case KN_HEALTH_BLOCKS_DELAYED:
        find(out, KN_HEALTH_DEGRADED, "files cannot be fetched: %.180s", facts->trouble);
        out->hint = "It is tried again by itself.";
        break;
    case KN_HEALTH_BLOCKS_SERVED:
        find(out, KN_HEALTH_HEALTHY, "they are served");
        break;
    case KN_HEALTH_BLOCKS_FAILED:
        find(out, KN_HEALTH_FAILING, "they are not served: %.180s", facts->trouble);
        out->hint = "What is wrong with the files stands in kwaainet status.";
        break;
    }
}

const struct kn_health_check kn_health_checks[KN_HEALTH_CHECKS] = {
    [KN_HEALTH_LOOP] = { "event loop", "by how much a timer comes late", .every = 1, .relief = 2,
                         .judge = judge_loop },
    [KN_HEALTH_BOOTSTRAPS] = { "bootstraps", "how many of them answer as DHT nodes", .every = 1,
                               .waits = true, .relief = 2, .judge = judge_bootstraps },
    [KN_HEALTH_VISIBILITY] = { "visibility", "how many bootstraps give the records back",
                               .every = 1, .relief = 2, .judge = judge_visibility },
    [KN_HEALTH_CLOCK] = { "clock", "the bootstraps' clocks beside ours", .every = 1, .waits = true,
                          .relief = 2, .judge = judge_clock },
    [KN_HEALTH_REACH] = { "reachability", "what others say who tried to dial this node", .every = 1,
                          .relief = 1, .judge = judge_reach },
    [KN_HEALTH_MEMORY] = { "memory", "what this process holds beside its bound", .every = 1,
                           .relief = 2, .judge = judge_memory },
    [KN_HEALTH_DISK] = { "disk", "the room left for the data folder and the logs", .every = 5,
                         .patience = 1, .relief = 2, .judge = judge_disk },
    [KN_HEALTH_ANNOUNCE] = { "announcements", "when others took them for the last time", .every = 1,
                             .patience = 1, .relief = 1, .judge = judge_announce },
    [KN_HEALTH_BLOCKS] = { "blocks", "whether they are served", .every = 1, .patience = 1,
                           .relief = 1, .judge = judge_blocks },
};

void kn_health_judge(enum kn_health_id id, const struct kn_health_facts *facts,
                     struct kn_finding *out)
{
    *out = (struct kn_finding){ 0 };
    kn_health_checks[id].judge(facts, out);
}
