#include "app/cli/supervised.h"

#include <string.h>

#include "app/cli/start.h"
#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/os/process_info.h"
#include "lib/os/supervisor.h"

enum { US_PER_MS = 1000, LEAST_US = 2 * US_PER_MS };

/* How often a sign of life is wanted of this process: half of the time after which it is killed. */
static kn_time sign_every(struct kn_cli *cli)
{
    const char *time = kn_cli_lookup(cli, "WATCHDOG_USEC"),
               *who = kn_cli_lookup(cli, "WATCHDOG_PID");
    int64_t us, pid;

    if (time == NULL || kn_parse_whole(time, &us) != KN_OK || us < LEAST_US)
        return KN_NEVER;
    if (who != NULL && (kn_parse_whole(who, &pid) != KN_OK || pid != kn_process_self()))
        return KN_NEVER;
    return us / 2 / US_PER_MS;
}

static void set_timer(const struct kn_start *start)
{
    const struct kn_supervised *s = &start->supervised;
    kn_time now = kn_loop_now(start->loop), next = s->ready_by;

    if (s->every != KN_NEVER && now + s->every < next)
        next = now + s->every;
    kn_timer_set(s->timer, next);
}

static void tell_ready(struct kn_start *start)
{
    if (start->supervised.ready_by == KN_NEVER)
        return;
    start->supervised.ready_by = KN_NEVER;
    kn_supervisor_tell(start->supervised.manager, "READY=1");
}

static void on_timer(void *arg)
{
    struct kn_start *start = arg;

    if (kn_loop_now(start->loop) >= start->supervised.ready_by)
        tell_ready(start);
    if (start->supervised.every != KN_NEVER)
        kn_supervisor_tell(start->supervised.manager, "WATCHDOG=1");
    set_timer(start);
}

void kn_supervised_begin(struct kn_start *start)
{
    struct kn_supervised *s = &start->supervised;
    const char *socket = kn_cli_lookup(start->cli, "NOTIFY_SOCKET");
    struct kn_error ignored = { 0 };

    /* A manager that cannot be told will say so itself. */
    if (start->dry_run || socket == NULL ||
        kn_supervisor_open(socket, &s->manager, &ignored) != KN_OK)
        return;
    s->timer = kn_timer_new(start->loop, on_timer, start);
    if (s->timer == NULL)
        kn_out_of_memory();
    s->every = sign_every(start->cli);
    s->ready_by = kn_loop_now(start->loop) + KN_SUPERVISED_READY_MS;
    set_timer(start);
}

/* "JOINING, blocks 0-21, 23 of 23 records acknowledged" */
static void add_status(const struct kn_start *start, struct kn_text *out)
{
    const struct kn_plan *plan = kn_node_plan(start->node);
    const struct kn_announced *round = kn_node_announced(start->node);

    kn_text_addf(out, "STATUS=%s on port %u", kn_node_state_word(kn_node_state(start->node)),
                 (unsigned)kn_node_port(start->node));
    if (plan != NULL && plan->place.by != KN_PLACED_NOWHERE) {
        kn_text_add(out, ", ");
        kn_facts_range("block", plan->place.start, plan->place.end, out);
    }
    if (round->at > 0)
        kn_text_addf(out, ", %u of %u records acknowledged", (unsigned)round->acknowledged,
                     (unsigned)round->keys);
}

static void tell_status(struct kn_start *start)
{
    struct kn_supervised *s = &start->supervised;
    struct kn_text text = { 0 };

    add_status(start, &text);
    if (text.failed)
        kn_out_of_memory();
    if (strcmp(kn_text_get(&text), kn_text_get(&s->said)) != 0) {
        kn_supervisor_tell(s->manager, kn_text_get(&text));
        kn_text_cut(&s->said, 0);
        kn_text_add(&s->said, kn_text_get(&text));
    }
    kn_text_done(&text);
}

/* Who leaves only to begin anew is not stopping: it is ready again soon. */
static void tell_end(struct kn_start *start)
{
    struct kn_text text = { 0 };

    if (kn_node_restarts(start->node))
        kn_text_addf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)kn_loop_clock_us());
    else
        kn_text_add(&text, "STOPPING=1");
    if (text.failed)
        kn_out_of_memory();
    kn_supervisor_tell(start->supervised.manager, kn_text_get(&text));
    kn_text_done(&text);
}

void kn_supervised_take(struct kn_start *start, enum kn_node_event event)
{
    if (start->supervised.manager == NULL)
        return;
    if (event == KN_NODE_JOINED)
        tell_ready(start);
    if ((event == KN_NODE_STATE && kn_node_is_leaving(start->node)))
        tell_end(start);
    if (event != KN_NODE_ENDED)
        tell_status(start);
}

void kn_supervised_end(struct kn_start *start)
{
    struct kn_supervised *s = &start->supervised;

    kn_timer_free(s->timer);
    kn_supervisor_free(s->manager);
    kn_text_done(&s->said);
    *s = (struct kn_supervised){ 0 };
}
