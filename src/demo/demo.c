#include "demo/demo.h"

#include <stdbool.h>
#include <string.h>

#include "demo/machine.h"
#include "demo/sighting.h"
#include "demo/swarm.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/io/child.h"
#include "lib/os/private_file.h"
#include "lib/os/private_folder.h"
#include "lib/os/process_info.h"
#include "node/presence/agent.h"

#define MACHINE_FILE "machine.yaml"

enum { ARGV_SIZE = 8 + 2 * KN_DEMO_BOOTSTRAPS + KN_DEMO_WORDS_MAX };

/* Why the node was told to end; the first reason counts. */
enum ending { NOT_YET, WAS_SEEN, INTERRUPTED, NOT_SEEN };

struct demo {
    const struct kn_demo_options *options;
    struct kn_arena *arena;
    struct kn_loop *loop;
    struct kn_text folder, program;
    const char *home;
    const char *argv[ARGV_SIZE];
    size_t argc;
    int64_t started_us;
    struct kn_demo_swarm *swarm;
    struct kn_child *child;
    struct kn_demo_sighting *sighting;
    struct kn_timer *timer; /* the next step towards the end */
    enum ending ending;
    bool asked, over; /* the node was asked to end; it has */
    int exit_status;
    struct kn_error err;
};

static void stop(struct demo *demo)
{
    demo->over = true;
    kn_loop_stop(demo->loop);
}

/* -- its end */

static void end_in(struct demo *demo, enum ending ending, int64_t ms)
{
    if (demo->ending == NOT_YET)
        demo->ending = ending;
    kn_timer_set(demo->timer, kn_loop_now(demo->loop) + ms);
}

static void on_timer(void *arg)
{
    struct demo *demo = arg;

    if (demo->child == NULL)
        return;
    if (demo->ending == NOT_YET) /* nobody has seen it in time */
        demo->ending = NOT_SEEN;
    kn_child_signal(demo->child, demo->asked ? KN_CHILD_KILL : KN_CHILD_TERMINATE);
    demo->asked = true;
    kn_timer_set(demo->timer, kn_loop_now(demo->loop) + KN_DEMO_KILL_MS);
}

static void on_signal(void *arg, int number)
{
    struct demo *demo = arg;

    (void)number;
    if (demo->child == NULL) {
        demo->ending = INTERRUPTED;
        stop(demo);
    } else if (!demo->asked) {
        end_in(demo, INTERRUPTED, KN_DEMO_LEAVE_MS);
    }
}

static void on_ended(void *arg, int exit_status)
{
    struct demo *demo = arg;

    demo->exit_status = exit_status;
    stop(demo);
}

static void on_seen(void *arg)
{
    struct demo *demo = arg;

    if (demo->ending == NOT_YET)
        end_in(demo, WAS_SEEN, demo->options->stay_s * 1000);
}

/* -- the node */

static void add_word(struct demo *demo, const char *word)
{
    demo->argv[demo->argc++] = word;
}

static void add_words(struct demo *demo)
{
    add_word(demo, "kwaainet");
    add_word(demo, "start");
    add_word(demo, "--home");
    add_word(demo, demo->home);
    add_word(demo, "--machine");
    add_word(demo, MACHINE_FILE); /* beside its working folder */
    for (size_t i = 0; i < KN_DEMO_BOOTSTRAPS; i++) {
        add_word(demo, "--bootstrap");
        add_word(demo, kn_demo_swarm_address(demo->swarm, i));
    }
    for (size_t i = 0; i < KN_DEMO_WORDS_MAX && demo->options->words[i] != NULL; i++)
        add_word(demo, demo->options->words[i]);
}

/* Its HOME is the folder: what is not named to it lies there too. */
static const char *const *make_environment(struct demo *demo)
{
    const char *const *given = demo->options->environment;
    const char **out;
    size_t n = 0;

    while (given[n] != NULL)
        n++;
    out = kn_arena_alloc(demo->arena, (n + 2) * sizeof(*out));
    if (out == NULL)
        return NULL;
    memcpy(out, given, n * sizeof(*out));
    out[n] = kn_arena_printf(demo->arena, "HOME=%s", kn_text_get(&demo->folder));
    out[n + 1] = NULL;
    return out[n] != NULL ? out : NULL;
}

static enum kn_code run_node(struct demo *demo, struct kn_error *err)
{
    struct kn_child_options options = {
        .program = kn_text_get(&demo->program),
        .argv = demo->argv,
        .environment = make_environment(demo),
        .folder = kn_text_get(&demo->folder),
    };
    enum kn_code rc;

    add_words(demo);
    if (options.environment == NULL)
        return kn_fail_no_memory(err);
    demo->options->begins(demo->options->arg, options.folder, options.argv,
                          (kn_loop_clock_us() - demo->started_us) / 1000);
    rc = kn_child_start(demo->loop, &options, on_ended, demo, &demo->child, err);
    if (rc != KN_OK || demo->options->stay_s == KN_DEMO_FOR_EVER)
        return rc;
    kn_timer_set(demo->timer, kn_loop_now(demo->loop) + KN_DEMO_PATIENCE_MS);
    return kn_demo_sighting_start(demo->loop, demo->home, on_seen, demo, &demo->sighting, err);
}

static void on_ready(void *arg, enum kn_code code, const struct kn_error *err)
{
    struct demo *demo = arg;

    if (code != KN_OK)
        demo->err = *err;
    else if (!demo->over)
        code = run_node(demo, &demo->err);
    if (code != KN_OK && demo->child != NULL)
        end_in(demo, NOT_SEEN, 0);
    else if (code != KN_OK)
        stop(demo);
}

/* -- before it and after it */

static enum kn_code make_folder(struct demo *demo, struct kn_error *err)
{
    const char *machine;
    enum kn_code rc =
        kn_private_folder_make(demo->options->temporary, "kwaainet-demo", &demo->folder, err);

    if (rc != KN_OK)
        return rc;
    demo->home = kn_arena_printf(demo->arena, "%s/.kwaainet", kn_text_get(&demo->folder));
    machine = kn_arena_printf(demo->arena, "%s/" MACHINE_FILE, kn_text_get(&demo->folder));
    if (demo->home == NULL || machine == NULL)
        return kn_fail_no_memory(err);
    return kn_private_file_create(machine, kn_demo_machine, strlen(kn_demo_machine), err);
}

/* Signals are caught first: from then on nothing stays behind. */
static enum kn_code prepare(struct demo *demo, struct kn_error *err)
{
    struct kn_demo_swarm_options options = { NULL, KN_AGENT, demo, on_ready };
    enum kn_code rc;

    demo->started_us = kn_loop_clock_us();
    demo->arena = kn_arena_new();
    if (demo->arena == NULL)
        return kn_fail_no_memory(err);
    rc = kn_process_program(&demo->program, err);
    if (rc == KN_OK)
        rc = kn_loop_new(&demo->loop, err);
    if (rc != KN_OK)
        return rc;
    kn_loop_on_signal(demo->loop, on_signal, demo);
    demo->timer = kn_timer_new(demo->loop, on_timer, demo);
    if (demo->timer == NULL)
        return kn_fail_no_memory(err);
    rc = make_folder(demo, err);
    options.loop = demo->loop;
    return rc == KN_OK ? kn_demo_swarm_new(&options, &demo->swarm, err) : rc;
}

/* The first failure is the one that is told. */
static enum kn_code remove_folder(const struct demo *demo, enum kn_code rc, struct kn_error *err)
{
    if (demo->folder.n == 0 || kn_private_folder_remove_all(kn_text_get(&demo->folder)) ||
        rc != KN_OK)
        return rc;
    rc = kn_fail(err, KN_E_IO, "the folder of the demo could not be removed: %s",
                 kn_text_get(&demo->folder));
    kn_hint(err, "Nothing needs it any more: remove it by hand.");
    return rc;
}

static enum kn_code clean_up(struct demo *demo, enum kn_code rc, struct kn_error *err)
{
    kn_demo_sighting_free(demo->sighting);
    kn_child_free(demo->child);
    kn_demo_swarm_free(demo->swarm);
    kn_timer_free(demo->timer);
    rc = remove_folder(demo, rc, err);
    if (demo->loop != NULL)
        kn_loop_free(demo->loop);
    kn_text_done(&demo->folder);
    kn_text_done(&demo->program);
    kn_arena_free(demo->arena);
    return rc;
}

static enum kn_code outcome(const struct demo *demo, struct kn_error *err)
{
    if (demo->err.code != KN_OK) {
        *err = demo->err;
        return demo->err.code;
    }
    if (demo->child == NULL)
        return kn_fail(err, KN_E_CANCELLED, "interrupted before the node began");
    if (demo->ending == NOT_SEEN)
        return kn_fail(err, KN_E_TIMEOUT, "the node was not seen by every bootstrap within %d s",
                       KN_DEMO_PATIENCE_MS / 1000);
    return KN_OK;
}

enum kn_code kn_demo_run(const struct kn_demo_options *options, int *exit_status,
                         struct kn_error *err)
{
    struct demo demo = { .options = options };
    enum kn_code rc = prepare(&demo, err);

    if (rc == KN_OK) {
        kn_loop_run(demo.loop);
        *exit_status = demo.exit_status;
        rc = outcome(&demo, err);
    }
    return clean_up(&demo, rc, err);
}
