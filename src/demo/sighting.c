#include "demo/sighting.h"

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/io/work.h"
#include "lib/json/json.h"
#include "node/control/control.h"

struct kn_demo_sighting {
    struct kn_loop *loop;
    struct kn_timer *timer;
    struct kn_text home;
    void (*seen)(void *arg);
    void *arg;
    bool working, freed; /* freed while a thread asks: it goes when that has ended */
    bool is_visible;     /* the worker's while working */
};

static void destroy(struct kn_demo_sighting *sighting)
{
    kn_text_done(&sighting->home);
    kn_free(sighting);
}

/* As many bootstraps show it as were asked. spec: the answer to "status" */
static bool says_visible(const struct kn_json *answer)
{
    const struct kn_json *announced = kn_json_get(answer, "announced");
    int64_t visible = 0, asked = 0;
    bool both = kn_json_to_int(kn_json_get(announced, "visible_on"), &visible) &&
                kn_json_to_int(kn_json_get(announced, "bootstraps"), &asked);

    return both && asked > 0 && visible == asked;
}

static void ask(void *arg)
{
    struct kn_demo_sighting *sighting = arg;
    struct kn_json *answer = NULL;

    sighting->is_visible = kn_control_ask(kn_text_get(&sighting->home), "status",
                                          KN_SIGHTING_ANSWER_MS, &answer, NULL) == KN_OK &&
                           says_visible(answer);
    kn_json_free(answer);
}

static void again(struct kn_demo_sighting *sighting)
{
    kn_timer_set(sighting->timer, kn_loop_now(sighting->loop) + KN_SIGHTING_EVERY_MS);
}

static void on_asked(void *arg, enum kn_code code)
{
    struct kn_demo_sighting *sighting = arg;

    sighting->working = false;
    if (sighting->freed)
        destroy(sighting);
    else if (code == KN_OK && sighting->is_visible)
        sighting->seen(sighting->arg);
    else
        again(sighting);
}

static void on_timer(void *arg)
{
    struct kn_demo_sighting *sighting = arg;

    sighting->working = kn_work_start(sighting->loop, ask, on_asked, sighting) == KN_OK;
    if (!sighting->working)
        again(sighting);
}

enum kn_code kn_demo_sighting_start(struct kn_loop *loop, const char *home, void (*seen)(void *arg),
                                    void *arg, struct kn_demo_sighting **out, struct kn_error *err)
{
    struct kn_demo_sighting *sighting = kn_try_alloc(sizeof(*sighting));

    if (sighting == NULL)
        return kn_fail_no_memory(err);
    sighting->loop = loop;
    sighting->seen = seen;
    sighting->arg = arg;
    kn_text_add(&sighting->home, home);
    sighting->timer = kn_timer_new(loop, on_timer, sighting);
    if (sighting->timer == NULL || sighting->home.failed) {
        kn_demo_sighting_free(sighting);
        return kn_fail_no_memory(err);
    }
    again(sighting);
    *out = sighting;
    return KN_OK;
}

void kn_demo_sighting_free(struct kn_demo_sighting *sighting)
{
    if (sighting == NULL)
        return;
    kn_timer_free(sighting->timer);
    sighting->timer = NULL;
    sighting->freed = true;
    if (!sighting->working)
        destroy(sighting);
}
