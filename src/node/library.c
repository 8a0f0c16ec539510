/*
 * libkwaainet: a node on a thread of its own, and the one place where others meet it.
 *
 * The node's thread owns everything but what stands under `monitor`. Others leave a question there
 * and wake the loop; the answer comes the same way.
 */
#include "kwaainet/node.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "config/outside.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/thread.h"
#include "node/event_queue.h"
#include "node/moment.h"
#include "node/teller.h"

enum { MS_PER_S = 1000 };

/* Somebody waits for the status. Lives on that thread's stack until it is answered. */
struct ask {
    struct ask *next;
    const struct kwaai_node_status *answer; /* NULL: no memory */
    bool is_answered;
};

struct kwaai_node {
    struct kn_arena *arena; /* of the request: the caller's words, copied */
    struct kn_config_request request;
    struct kn_node_options options;
    struct kn_thread *thread;
    struct kn_loop *loop; /* lives until the release: a late stop may wake it */
    struct kn_snapshot *snapshot;
    atomic_uint stops; /* how often the end was asked for, also by signal handlers */

    /* Of the node's thread. */
    struct kn_node *node;
    struct kn_teller teller;
    int64_t started_s, since_s;
    unsigned stops_done;

    struct kn_monitor *monitor;
    /* Under it. */
    bool is_started, is_over;
    struct kn_error failure;
    struct kn_event_queue events;
    struct ask *asks;
    const struct kwaai_node_status *last; /* from the end on; NULL: there was no memory */
};

static enum kwaai_node_result result_of(enum kn_code code)
{
    switch ((int)code) {
    case KN_OK:
        return KWAAI_NODE_OK;
    case KN_E_NO_MEMORY:
        return KWAAI_NODE_NO_MEMORY;
    case KN_E_BUSY:
        return KWAAI_NODE_BUSY;
    case KN_E_INVALID:
    case KN_E_RANGE:
    case KN_E_LIMIT:
    case KN_E_NOT_FOUND:
        return KWAAI_NODE_CONFIGURATION;
    default:
        return KWAAI_NODE_FAILED;
    }
}

/* -- on the node's thread */

static void on_told(void *arg, enum kwaai_event_kind kind, const char *text)
{
    struct kwaai_node *node = arg;

    kn_monitor_enter(node->monitor);
    kn_event_queue_push(&node->events, kind, (int64_t)(kn_loop_unix_time() * MS_PER_S), text);
    kn_monitor_tell(node->monitor);
    kn_monitor_leave(node->monitor);
}

static const struct kwaai_node_status *look(const struct kwaai_node *node, bool is_over)
{
    return kn_moment_new(node->node, node->started_s, node->since_s, is_over);
}

static void on_event(void *arg, enum kn_node_event event)
{
    struct kwaai_node *node = arg;

    if (event == KN_NODE_STATE || event == KN_NODE_ENDED)
        node->since_s = (int64_t)kn_loop_unix_time();
    kn_teller_take(&node->teller, node->node, event);
    if (event == KN_NODE_PLANNED)
        kn_node_agree(node->node);
}

/* Under the monitor. */
static void answer_all(struct kwaai_node *node, const struct kwaai_node_status *status)
{
    for (struct ask *ask = node->asks, *next; ask != NULL; ask = next) {
        next = ask->next;
        ask->answer = status != NULL ? kn_moment_ref(status) : NULL;
        ask->is_answered = true;
    }
    node->asks = NULL;
    kn_monitor_tell(node->monitor);
}

static bool is_asked(struct kwaai_node *node)
{
    bool asked;

    kn_monitor_enter(node->monitor);
    asked = node->asks != NULL;
    kn_monitor_leave(node->monitor);
    return asked;
}

static void on_wake(void *arg)
{
    struct kwaai_node *node = arg;

    if (is_asked(node)) {
        const struct kwaai_node_status *status = look(node, false);

        kn_monitor_enter(node->monitor);
        answer_all(node, status);
        kn_monitor_leave(node->monitor);
        kn_moment_unref(status);
    }
    for (unsigned asked = atomic_load(&node->stops); node->stops_done < asked; node->stops_done++)
        kn_node_stop(node->node);
}

static enum kn_code begin(struct kwaai_node *node, struct kn_error *err)
{
    enum kn_code rc = kn_loop_new(&node->loop, err);

    if (rc != KN_OK)
        return rc;
    kn_loop_on_wake(node->loop, on_wake, node);
    node->options.loop = node->loop;
    node->started_s = node->since_s = (int64_t)kn_loop_unix_time();
    rc = kn_node_new(&node->options, &node->node, &node->snapshot, err);
    if (rc == KN_OK)
        node->snapshot = kn_node_snapshot_ref(node->node);
    return rc;
}

static void serve(struct kwaai_node *node)
{
    kn_monitor_enter(node->monitor);
    node->is_started = true;
    kn_monitor_tell(node->monitor);
    kn_monitor_leave(node->monitor);
    kn_node_run(node->node);
}

/* Nobody is answered by the node any more, and its port and folder are free. */
static void finish(struct kwaai_node *node, const struct kn_error *err,
                   const struct kwaai_node_status *last)
{
    struct kn_text line = { 0 };

    kn_text_add(&line, "ended");
    if (err->code != KN_OK)
        kn_text_addf(&line, ": %s", err->text);
    kn_monitor_enter(node->monitor);
    node->failure = *err;
    node->is_over = true;
    node->last = last;
    answer_all(node, last);
    kn_event_queue_push(&node->events, KWAAI_EVENT_ENDED, (int64_t)(kn_loop_unix_time() * MS_PER_S),
                        kn_text_get(&line));
    kn_monitor_leave(node->monitor);
    kn_text_done(&line);
}

static void run(void *arg)
{
    struct kwaai_node *node = arg;
    const struct kwaai_node_status *last;
    struct kn_error err = { 0 };

    if (begin(node, &err) == KN_OK) {
        serve(node);
        err = *kn_node_failure(node->node);
    }
    last = look(node, true);
    kn_node_free(node->node);
    finish(node, &err, last);
}

/* -- on any other */

static const char *const *copy_words(struct kn_arena *arena, const char *const *words, size_t n)
{
    const char **copy = kn_arena_alloc(arena, (n + 1) * sizeof(*copy));

    for (size_t i = 0; copy != NULL && i < n; i++)
        copy[i] = kn_arena_dup(arena, words[i]);
    return copy;
}

/* The node reads its sources again when it has found out more. */
static enum kn_code keep_options(struct kwaai_node *node, const struct kwaai_node_options *options,
                                 struct kn_error *err)
{
    struct kwaai_config_options kept = KWAAI_CONFIG_OPTIONS;
    size_t n = 0;

    kept.config_path = kn_arena_dup(node->arena, options->config_path);
    kept.home = kn_arena_dup(node->arena, options->home);
    kept.working_folder = kn_arena_dup(node->arena, options->working_folder);
    while (options->environment != NULL && options->environment[n] != NULL)
        n++;
    kept.environment = copy_words(node->arena, options->environment, n);
    kept.arguments = copy_words(node->arena, options->arguments, options->argument_count);
    kept.argument_count = options->argument_count;
    if (kn_arena_failed(node->arena))
        return kn_fail_no_memory(err);
    node->options = (struct kn_node_options){ .request = &node->request,
                                              .dry_run = options->plan_only,
                                              .rediscover = options->rediscover,
                                              .leaves_signals = true,
                                              .arg = node,
                                              .event = on_event };
    node->teller.arg = node;
    node->teller.tell = on_told;
    return kn_outside_request(&kept, node->arena, &node->request, err);
}

static struct kwaai_node *make(void)
{
    struct kwaai_node *node = kn_try_alloc(sizeof(*node));

    if (node == NULL)
        return NULL;
    node->arena = kn_arena_new();
    node->monitor = kn_monitor_new();
    if (node->arena != NULL && node->monitor != NULL)
        return node;
    kwaai_node_free(node);
    return NULL;
}

static enum kn_code await_start(struct kwaai_node *node)
{
    enum kn_code rc;

    kn_monitor_enter(node->monitor);
    while (!node->is_started && !node->is_over)
        (void)kn_monitor_wait(node->monitor, KN_NEVER);
    rc = node->is_started ? KN_OK : node->failure.code;
    kn_monitor_leave(node->monitor);
    return rc;
}

enum kwaai_node_result kwaai_node_start(const struct kwaai_node_options *options,
                                        struct kwaai_node **out)
{
    struct kwaai_node_options known = KWAAI_NODE_OPTIONS;
    struct kwaai_node *node = make();
    struct kn_error err = { 0 };
    enum kn_code rc;

    *out = NULL;
    if (node == NULL)
        return KWAAI_NODE_NO_MEMORY;
    /* A caller built against a smaller struct has defaults for what came later. */
    if (options != NULL)
        memcpy(&known, options, options->size < sizeof(known) ? options->size : sizeof(known));
    rc = keep_options(node, &known, &err);
    if (rc == KN_OK)
        rc = kn_thread_start(run, node, &node->thread, &err);
    if (rc == KN_OK)
        rc = await_start(node);
    else
        finish(node, &err, look(node, true));
    if (rc == KN_E_NO_MEMORY)
        kwaai_node_free(node);
    else
        *out = node;
    return result_of(rc);
}

void kwaai_node_stop(struct kwaai_node *node)
{
    int kept = errno; /* of whom a signal handler interrupted */

    atomic_fetch_add(&node->stops, 1);
    if (node->loop != NULL)
        kn_loop_wake(node->loop);
    errno = kept;
}

void kwaai_node_free(struct kwaai_node *node)
{
    if (node == NULL)
        return;
    if (node->thread != NULL && atomic_load(&node->stops) == 0)
        kwaai_node_stop(node);
    kn_thread_join(node->thread);
    kn_loop_free(node->loop);
    kn_moment_unref(node->last);
    kn_snapshot_unref(node->snapshot);
    kn_monitor_free(node->monitor);
    kn_arena_free(node->arena);
    kn_free(node);
}

static kn_time deadline_of(int64_t timeout_ms)
{
    kn_time now = kn_monitor_now();

    return timeout_ms < 0 || timeout_ms >= KN_NEVER - now ? KN_NEVER : now + timeout_ms;
}

enum kwaai_node_result kwaai_node_wait(struct kwaai_node *node, int64_t timeout_ms,
                                       struct kwaai_event *out)
{
    kn_time until = deadline_of(timeout_ms);
    enum kwaai_node_result result = KWAAI_NODE_OK;

    kn_monitor_enter(node->monitor);
    while (node->events.n == 0 && !node->is_over && kn_monitor_wait(node->monitor, until))
        continue;
    if (!kn_event_queue_pop(&node->events, out))
        result = node->is_over ? KWAAI_NODE_OVER : KWAAI_NODE_TIMEOUT;
    kn_monitor_leave(node->monitor);
    return result;
}

enum kwaai_node_result kwaai_node_status(struct kwaai_node *node,
                                         const struct kwaai_node_status **out)
{
    struct ask ask = { 0 };

    kn_monitor_enter(node->monitor);
    if (node->is_over) {
        ask.answer = node->last != NULL ? kn_moment_ref(node->last) : NULL;
    } else {
        ask.next = node->asks;
        node->asks = &ask;
        kn_loop_wake(node->loop);
        while (!ask.is_answered)
            (void)kn_monitor_wait(node->monitor, KN_NEVER);
    }
    kn_monitor_leave(node->monitor);
    if (ask.answer == NULL)
        return KWAAI_NODE_NO_MEMORY;
    *out = ask.answer;
    return KWAAI_NODE_OK;
}

void kwaai_node_status_free(const struct kwaai_node_status *status)
{
    kn_moment_unref(status);
}

bool kwaai_node_failure(struct kwaai_node *node, struct kwaai_failure *out)
{
    bool failed;

    kn_monitor_enter(node->monitor);
    failed = node->is_over && node->failure.code != KN_OK;
    kn_monitor_leave(node->monitor); /* from here on nobody writes it */
    if (failed)
        *out = (struct kwaai_failure){ .result = result_of(node->failure.code),
                                       .message = node->failure.text,
                                       .hint = node->failure.hint[0] != '\0' ? node->failure.hint
                                                                             : NULL };
    return failed;
}

bool kwaai_node_problem(const struct kwaai_node *node, size_t index, struct kwaai_problem *out)
{
    return node->snapshot != NULL && kn_outside_problem(node->snapshot, index, out);
}
