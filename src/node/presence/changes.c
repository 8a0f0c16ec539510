#include "node/presence/changes.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/interfaces_watch.h"
#include "lib/os/clock.h"

struct kn_changes {
    struct kn_loop *loop;
    struct kn_interfaces_watch *watch; /* NULL: the system does not tell, so each beat looks */
    struct kn_timer *beat, *settle;
    struct kn_pulse pulse;
    struct kn_endpoint known[KN_INTERFACES_MAX];
    size_t known_count;
    void (*came_back)(void *arg, const struct kn_change *change);
    void *arg;
};

static bool is_same(const struct kn_endpoint *a, const struct kn_endpoint *b)
{
    return a->is_ip6 == b->is_ip6 && memcmp(a->ip, b->ip, a->is_ip6 ? 16 : 4) == 0;
}

void kn_changes_compare(const struct kn_endpoint *before, size_t before_n,
                        const struct kn_endpoint *now, size_t now_n, struct kn_change *out)
{
    out->fresh_count = 0;
    for (size_t i = 0; i < now_n; i++) {
        size_t j = 0;

        while (j < before_n && !is_same(&now[i], &before[j]))
            j++;
        if (j == before_n && out->fresh_count < KN_COUNT(out->fresh))
            out->fresh[out->fresh_count++] = now[i];
    }
}

/* What there is now, compared with what there was. */
static void look(struct kn_changes *changes, struct kn_change *out)
{
    struct kn_endpoint now[KN_INTERFACES_MAX];
    size_t n = kn_interfaces(now);

    kn_changes_compare(changes->known, changes->known_count, now, n, out);
    memcpy(changes->known, now, n * sizeof(now[0]));
    changes->known_count = n;
}

static void on_settled(void *arg)
{
    struct kn_changes *changes = arg;
    struct kn_change change = { .pulse = KN_PULSE_STEADY };

    look(changes, &change);
    if (change.fresh_count > 0)
        changes->came_back(changes->arg, &change);
}

/* Each change is seen by itself: what went and came back within the moment is fresh. */
static void on_changed(void *arg)
{
    struct kn_changes *changes = arg;
    struct kn_change change;
    struct kn_endpoint now[KN_INTERFACES_MAX];
    size_t n = kn_interfaces(now), kept = 0;

    /* Those that have gone are forgotten at once; those that have come wait for the others. */
    for (size_t i = 0; i < changes->known_count; i++) {
        kn_changes_compare(now, n, &changes->known[i], 1, &change);
        if (change.fresh_count == 0)
            changes->known[kept++] = changes->known[i];
    }
    changes->known_count = kept;
    kn_timer_set(changes->settle, kn_loop_now(changes->loop) + KN_CHANGES_SETTLE_MS);
}

static void on_beat(void *arg)
{
    struct kn_changes *changes = arg;
    struct kn_change change = { .pulse = KN_PULSE_STEADY };
    struct kn_pulse_clocks clocks = {
        .now = kn_loop_clock_us() / 1000,
        .unix_time = kn_loop_unix_time(),
    };

    kn_timer_set(changes->beat, kn_loop_now(changes->loop) + KN_PULSE_MS);
    if (kn_clock_since_boot(&clocks.since_boot_ms) == KN_OK)
        change.pulse = kn_pulse_beat(&changes->pulse, &clocks);
    if (change.pulse != KN_PULSE_STEADY || changes->watch == NULL)
        look(changes, &change);
    if (change.pulse != KN_PULSE_STEADY || change.fresh_count > 0)
        changes->came_back(changes->arg, &change);
}

struct kn_changes *kn_changes_new(struct kn_loop *loop,
                                  void (*came_back)(void *arg, const struct kn_change *change),
                                  void *arg)
{
    struct kn_changes *changes = kn_try_alloc(sizeof(*changes));

    if (changes == NULL)
        return NULL;
    changes->loop = loop;
    changes->came_back = came_back;
    changes->arg = arg;
    changes->known_count = kn_interfaces(changes->known);
    changes->beat = kn_timer_new(loop, on_beat, changes);
    changes->settle = kn_timer_new(loop, on_settled, changes);
    if (changes->beat == NULL || changes->settle == NULL ||
        kn_interfaces_watch_start(loop, on_changed, changes, &changes->watch) == KN_E_NO_MEMORY) {
        kn_changes_free(changes);
        return NULL;
    }
    kn_timer_set(changes->beat, kn_loop_now(loop)); /* the first beat, from which others count */
    return changes;
}

void kn_changes_free(struct kn_changes *changes)
{
    if (changes == NULL)
        return;
    kn_interfaces_watch_free(changes->watch);
    kn_timer_free(changes->beat);
    kn_timer_free(changes->settle);
    kn_free(changes);
}
