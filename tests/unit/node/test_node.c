/* A node that is told to end at odd moments, on a loop that goes on without it. */
#include "node/node.h"

#include "node/presence/membership.h"
#include "support/check.h"
#include "support/home.h"

enum { AFTER_MS = 3 * KN_REJOIN_FIRST_MS / 2 }; /* a bootstrap that failed is tried again */

static unsigned sets; /* what is announced was told to the announcer */

void __real_kn_announcer_set(struct kn_announcer *a, const struct kn_announcement *next);
void __wrap_kn_announcer_set(struct kn_announcer *a, const struct kn_announcement *next);

void __wrap_kn_announcer_set(struct kn_announcer *a, const struct kn_announcement *next)
{
    sets++;
    __real_kn_announcer_set(a, next);
}

struct seen {
    struct kn_node *node;
    enum kn_node_event stop_at;
    bool agrees;
    unsigned ended, after; /* events that came when it had ended */
};

static void on_event(void *arg, enum kn_node_event event)
{
    struct seen *seen = arg;

    seen->after += seen->ended > 0;
    seen->ended += event == KN_NODE_ENDED;
    if (event == KN_NODE_PLANNED && seen->agrees)
        kn_node_agree(seen->node);
    if (event == seen->stop_at)
        kn_node_stop(seen->node);
}

static void on_timer(void *arg)
{
    kn_loop_stop(arg);
}

/* A bootstrap at which nobody listens. */
static struct kn_node *make(const struct kn_home *home, const struct kn_config_request *request,
                            struct kn_loop *loop, struct seen *seen)
{
    static const char config[] =
        "network:\n"
        "  listen_addrs: [/ip4/127.0.0.1/tcp/0]\n"
        "  bootstrap_peers:\n"
        "    - /ip4/127.0.0.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp\n";
    const struct kn_node_options options = {
        .request = request, .loop = loop, .leaves_signals = true, .arg = seen, .event = on_event
    };
    struct kn_snapshot *wrong;
    struct kn_error err = { 0 };
    enum kn_code rc;

    kn_home_write(home, "node_config.yaml", config, sizeof(config) - 1, 0600);
    rc = kn_node_new(&options, &seen->node, &wrong, &err);
    CHECK_EQ("the node", rc, KN_OK);
    return seen->node;
}

struct place {
    struct kn_home home;
    struct kn_config_request request;
    struct kn_loop *loop;
};

static void set_up(struct place *place)
{
    static const char *const environment[] = { NULL };

    kn_home_make(&place->home);
    place->request = (struct kn_config_request){
        .environment = environment,
        .home = kn_home_path(&place->home, "data"),
        .working = place->home.path,
    };
    CHECK_EQ("loop", kn_loop_new(&place->loop, NULL), KN_OK);
}

static void tear_down(struct place *place, struct kn_node *node)
{
    kn_node_free(node);
    kn_loop_free(place->loop);
    kn_home_remove(&place->home);
}

static void nothing_is_told_after_the_end(void **state)
{
    struct seen seen = { .stop_at = KN_NODE_SEEN };
    struct kn_timer *timer;
    struct place place;

    (void)state;
    set_up(&place);
    kn_node_run(make(&place.home, &place.request, place.loop, &seen));
    timer = kn_timer_new(place.loop, on_timer, place.loop);
    kn_timer_set(timer, kn_loop_now(place.loop) + AFTER_MS);
    kn_loop_run(place.loop);
    CHECK_EQ("ended", seen.ended, 1);
    CHECK_EQ("after the end", seen.after, 0);
    kn_timer_free(timer);
    tear_down(&place, seen.node);
}

/* What was begun beside the loop has come back before the node goes. */
static void it_may_end_before_anything_was_found_out(void **state)
{
    struct seen seen = { .stop_at = KN_NODE_LISTENING };
    struct place place;

    (void)state;
    set_up(&place);
    kn_node_run(make(&place.home, &place.request, place.loop, &seen));
    CHECK_EQ("ended", seen.ended, 1);
    CHECK_EQ("after the end", seen.after, 0);
    tear_down(&place, seen.node);
}

/* Whoever agrees when the plan is told does so in the middle of it. */
static void the_first_announcement_is_begun_once(void **state)
{
    static const char *const alone[] = { "KWAAINET_NETWORK_NEW_SWARM=true", NULL };
    struct seen seen = { .stop_at = KN_NODE_ANNOUNCED, .agrees = true };
    struct place place;

    (void)state;
    set_up(&place);
    place.request.environment = alone;
    sets = 0;
    kn_node_run(make(&place.home, &place.request, place.loop, &seen));
    CHECK_EQ("ended", seen.ended, 1);
    CHECK_EQ("begun", sets, 1);
    tear_down(&place, seen.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_after_the_end),
        cmocka_unit_test(the_first_announcement_is_begun_once),
        cmocka_unit_test(it_may_end_before_anything_was_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
