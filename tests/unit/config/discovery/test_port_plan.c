#include "config/discovery/port_plan.h"

#include "support/check.h"

static const struct {
    const char *name;
    uint16_t given, cached;
    size_t count;
    uint16_t first, second, last;
} plans[] = {
    { "nothing known", 0, 0, 21, 8080, 8081, 8100 },
    { "a port of the last run", 0, 9000, 22, 9000, 8080, 8100 },
    { "one inside the range", 0, 8085, 21, 8085, 8080, 8100 },
    { "the first of the range", 0, 8080, 21, 8080, 8081, 8100 },
    { "the last of the range", 0, 8100, 21, 8100, 8080, 8099 },
    { "right before the range", 0, 8079, 22, 8079, 8080, 8100 },
    { "right behind the range", 0, 8101, 22, 8101, 8080, 8100 },
    { "given", 1, 0, 1, 1, 0, 1 },
    { "given wins", 65535, 8085, 1, 65535, 0, 65535 },
};

/* proves: MS-2.2/2 */
static void test_ports_are_tried_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(plans); i++) {
        struct kn_port_plan plan = kn_port_plan(plans[i].given, plans[i].cached);

        CHECK_EQ(plans[i].name, plan.count, plans[i].count);
        CHECK_EQ(plans[i].name, plan.is_given, plans[i].given != 0);
        CHECK_EQ(plans[i].name, plan.ports[0], plans[i].first);
        CHECK_EQ(plans[i].name, plan.ports[1], plans[i].second);
        CHECK_EQ(plans[i].name, plan.ports[plan.count - 1], plans[i].last);
        for (size_t k = 1; k < plan.count; k++)
            CHECK(plans[i].name, plan.ports[k] != plan.ports[0]);
    }
}

static const struct {
    const char *name;
    uint16_t cached;
    size_t index;
    const char *want;
} texts[] = {
    { "the first works", 0, 0, "Using port 8080" },
    { "the last one works again", 8085, 0, "Using port 8085" },
    { "one was in use", 0, 1, "Using port 8081 (8080 was in use)" },
    { "the requirements' text", 0, 2, "Using port 8082 (8080-8081 were in use)" },
    { "the last of all", 0, 20, "Using port 8100 (8080-8099 were in use)" },
    { "the last one was in use", 9000, 1, "Using port 8080 (9000 was in use)" },
    { "and others", 9000, 3, "Using port 8082 (8080-8081 and 9000 were in use)" },
    { "a lower one", 70, 2, "Using port 8081 (70 and 8080 were in use)" },
    { "inside the range", 8085, 3, "Using port 8082 (8080-8081 and 8085 were in use)" },
    { "two single ones", 8085, 2, "Using port 8081 (8080 and 8085 were in use)" },
    { "next to the others", 8081, 2, "Using port 8082 (8080-8081 were in use)" },
    { "the longest", 65535, 21, "Using port 8100 (8080-8099 and 65535 were in use)" },
};

static void test_what_was_in_use_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        struct kn_port_plan plan = kn_port_plan(0, texts[i].cached);
        char text[KN_PORT_TEXT_SIZE];

        kn_port_plan_using(&plan, texts[i].index, text);
        CHECK_STR(texts[i].name, text, texts[i].want);
    }
}

static void test_exhaustion_tells_what_to_do(void **state)
{
    struct kn_port_plan plan = kn_port_plan(0, 9000);
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("range", kn_port_plan_exhausted(&plan, NULL, &err), KN_E_BUSY);
    CHECK_STR("range", err.text, "Could not find available port in range 8080-8100");
    CHECK_HAS("range", err.hint, "--port N");
    plan = kn_port_plan(8085, 0);
    CHECK_EQ("given", kn_port_plan_exhausted(&plan, NULL, &err), KN_E_BUSY);
    CHECK_STR("given", err.text, "port 8085 is in use");
    CHECK_HAS("given", err.hint, "8080 to 8100");
    CHECK_EQ("holder", kn_port_plan_exhausted(&plan, "nginx (pid 812)", &err), KN_E_BUSY);
    CHECK_STR("holder", err.text, "port 8085 is in use by nginx (pid 812)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports_are_tried_in_order),
        cmocka_unit_test(test_what_was_in_use_is_told),
        cmocka_unit_test(test_exhaustion_tells_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
