/* Each allocation of an operation fails once: the start says so, nothing comes, nothing leaks. */
#include "io_fixture.h"
#include "lib/io/resolve.h"
#include "support/fuse.h"

enum { NEVER_BURNS = -1 };

struct world {
    struct kn_loop *loop;
    unsigned called;
    struct kn_tcp *tcp;
};

static void on_dial(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    struct world *world = arg;

    (void)code;
    world->called++;
    world->tcp = tcp;
    kn_loop_stop(world->loop);
}

static void on_accept(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct world *world = arg;

    (void)from;
    world->called++;
    kn_tcp_free(tcp);
}

static void on_found(void *arg, enum kn_code code, const struct kn_endpoint *found, size_t n)
{
    struct world *world = arg;

    (void)code;
    (void)found;
    (void)n;
    world->called++;
}

static void on_texts(void *arg, enum kn_code code, const char *const *texts, size_t n)
{
    on_found(arg, code, NULL, n);
    (void)texts;
}

static enum kn_code start_dial(struct world *world)
{
    struct kn_endpoint at = loopback(false);
    struct kn_dial *dial;
    enum kn_code rc;

    at.port = 1;
    rc = kn_dial_start(world->loop, &at, PATIENCE_MS, on_dial, world, &dial);
    if (rc == KN_OK)
        kn_dial_cancel(dial);
    return rc;
}

static enum kn_code start_listener(struct world *world)
{
    struct kn_endpoint at = loopback(false);
    struct kn_listener *listener;
    struct kn_error err = { 0 };
    enum kn_code rc = kn_listen(world->loop, &at, on_accept, world, &listener, &err);

    CHECK_EQ("error", err.code, rc);
    if (rc == KN_OK)
        kn_listener_free(listener);
    return rc;
}

static enum kn_code start_timer(struct world *world)
{
    struct kn_timer *timer = kn_timer_new(world->loop, lost_patience, NULL);

    if (timer == NULL)
        return KN_E_NO_MEMORY;
    kn_timer_free(timer);
    return KN_OK;
}

static enum kn_code start_lookup(struct world *world)
{
    struct kn_resolve *resolve;
    enum kn_code rc = kn_resolve_start(world->loop, "127.0.0.1", KN_RESOLVE_ANY, PATIENCE_MS,
                                       on_found, world, &resolve);

    if (rc == KN_OK)
        kn_resolve_cancel(resolve);
    return rc;
}

/* A label of 64 characters: the resolver sends nothing. */
static enum kn_code start_texts(struct world *world)
{
    static const char name[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.x";
    struct kn_resolve *resolve;
    enum kn_code rc =
        kn_resolve_txt_start(world->loop, name, PATIENCE_MS, on_texts, world, &resolve);

    if (rc == KN_OK)
        kn_resolve_cancel(resolve);
    return rc;
}

static void every_start_survives_a_lack_of_memory(void **state)
{
    static const struct {
        const char *name;
        enum kn_code (*start)(struct world *world);
        unsigned allocations; /* of ours */
    } cases[] = {
        { "dial", start_dial, 2 },   { "listener", start_listener, 1 },
        { "timer", start_timer, 1 }, { "lookup", start_lookup, 1 },
        { "texts", start_texts, 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        for (unsigned left = 0; left <= cases[i].allocations; left++) {
            struct world world = { .loop = new_loop() };
            enum kn_code rc;

            kn_fuse = left < cases[i].allocations ? (long)left : NEVER_BURNS;
            rc = cases[i].start(&world);
            CHECK(cases[i].name, kn_fuse < 0); /* burnt, or never lit */
            CHECK_EQ(cases[i].name, rc, left < cases[i].allocations ? KN_E_NO_MEMORY : KN_OK);
            kn_loop_free(world.loop);
            CHECK_EQ(cases[i].name, world.called, 0);
        }
    }
}

static void a_loop_without_memory_says_so(void **state)
{
    struct kn_loop *loop = NULL;
    struct kn_error err = { 0 };

    (void)state;
    kn_fuse = 0;
    CHECK_EQ("loop", kn_loop_new(&loop, &err), KN_E_NO_MEMORY);
    CHECK_EQ("error", err.code, KN_E_NO_MEMORY);
    CHECK("none", loop == NULL);
    kn_fuse = NEVER_BURNS;
}

/* Bytes that found no room are lost, so nothing may follow them. */
static void a_write_without_memory_is_the_last(void **state)
{
    static uint8_t much[8 * 1024 * 1024];
    struct world world = { .loop = new_loop() };
    struct kn_endpoint at = loopback(false);
    struct kn_listener *listener;
    struct kn_error err = { 0 };
    struct kn_dial *dial;

    (void)state;
    kn_fuse = NEVER_BURNS;
    CHECK_EQ(err.text, kn_listen(world.loop, &at, on_accept, &world, &listener, &err), KN_OK);
    kn_listener_endpoint(listener, &at);
    CHECK_EQ("dial", kn_dial_start(world.loop, &at, PATIENCE_MS, on_dial, &world, &dial), KN_OK);
    kn_loop_run(world.loop);
    CHECK("connected", world.tcp != NULL);
    kn_fuse = 0;
    CHECK_EQ("write", kn_tcp_write(world.tcp, kn_span(much, sizeof(much))), KN_E_NO_MEMORY);
    kn_fuse = NEVER_BURNS;
    CHECK_EQ("after", kn_tcp_write(world.tcp, kn_span(much, 1)), KN_E_CLOSED);
    kn_tcp_free(world.tcp);
    kn_listener_free(listener);
    kn_loop_free(world.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_start_survives_a_lack_of_memory),
        cmocka_unit_test(a_loop_without_memory_says_so),
        cmocka_unit_test(a_write_without_memory_is_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
