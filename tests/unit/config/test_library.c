#include "kwaainet/config.h"

#include "support/check.h"

static struct kwaai_config *load(const char *const *words, size_t n)
{
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config = NULL;

    options.home = "/nonexistent/home";
    options.working_folder = "/nonexistent/here";
    options.arguments = words;
    options.argument_count = n;
    CHECK_EQ("load", kwaai_config_load(&options, &config), KWAAI_CONFIG_OK);
    return config;
}

static void a_value_has_its_type_and_no_other(void **state)
{
    static const char *const words[] = { "--port", "9000" };
    struct kwaai_config *config = load(words, KN_COUNT(words));
    int64_t port = 0;
    bool flag = false;

    (void)state;
    CHECK_EQ("int", kwaai_config_get_int(config, "node.port", &port), KWAAI_GIVEN);
    CHECK_EQ("int", port, 9000);
    CHECK_EQ("bool", kwaai_config_get_bool(config, "node.port", &flag), KWAAI_NO_SUCH);
    CHECK_EQ("unknown", kwaai_config_get_int(config, "node.prot", &port), KWAAI_NO_SUCH);
    CHECK_EQ("auto", kwaai_config_get_int(config, "model.start_block", &port), KWAAI_AUTO);
    CHECK_EQ("not written", port, 9000);
    CHECK_STR("path", kwaai_config_path(config), "/nonexistent/here/node_config.yaml");
    kwaai_config_free(config);
}

static void printing_ends_within_the_room(void **state)
{
    static const char *const words[] = { "--port", "9000", "--set",
                                         "alerts.webhook_url=https://SECRET" };
    struct kwaai_config *config = load(words, KN_COUNT(words));
    char text[16] = "before";

    (void)state;
    CHECK_EQ("all", kwaai_config_print(config, "node.port", text, sizeof(text)), 4);
    CHECK_STR("all", text, "9000");
    CHECK_EQ("cut", kwaai_config_print(config, "node.port", text, 3), 4);
    CHECK_STR("cut", text, "90");
    CHECK_EQ("no room", kwaai_config_print(config, "node.port", NULL, 0), 4);
    CHECK_EQ("unknown", kwaai_config_print(config, "node.prot", text, sizeof(text)), 0);
    CHECK_STR("unknown", text, "");
    CHECK_EQ("secret", kwaai_config_print(config, "alerts.webhook_url", text, sizeof(text)), 8);
    CHECK_STR("secret", text, "********");
    kwaai_config_free(config);
}

static void problems_end_where_they_end(void **state)
{
    static const char *const words[] = { "--port", "70000", "--prot" };
    struct kwaai_config *wrong = load(words, KN_COUNT(words)), *right = load(NULL, 0);
    struct kwaai_problem problem;

    (void)state;
    CHECK("wrong", !kwaai_config_is_valid(wrong));
    CHECK_EQ("wrong", kwaai_config_problem_count(wrong), 2);
    CHECK("first", kwaai_config_problem(wrong, 0, &problem));
    CHECK_STR("place", problem.origin.name, "--port");
    CHECK_STR("message", problem.message, "70000 is outside 1..65535");
    CHECK("beyond", !kwaai_config_problem(wrong, 2, &problem));
    CHECK("right", kwaai_config_is_valid(right));
    CHECK_EQ("right", kwaai_config_problem_count(right), 0);
    CHECK("none", !kwaai_config_problem(right, 1, &problem));
    CHECK_STR("keys", kwaai_config_key(kwaai_config_count()), NULL);
    kwaai_config_free(wrong);
    kwaai_config_free(right);
    kwaai_config_free(NULL);
}

static void a_caller_of_an_older_struct_gets_the_defaults(void **state)
{
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config = NULL;

    (void)state;
    options.size = offsetof(struct kwaai_config_options, arguments);
    options.argument_count = 5; /* beyond what this caller says it knows */
    options.working_folder = "/nonexistent/here";
    options.home = "$UNSET/x";
    CHECK_EQ("path", kwaai_config_load(&options, &config), KWAAI_CONFIG_BAD_PATH);
    CHECK("not written", config == NULL);
    options.home = "/nonexistent/home";
    CHECK_EQ("load", kwaai_config_load(&options, &config), KWAAI_CONFIG_OK);
    CHECK("valid", kwaai_config_is_valid(config));
    kwaai_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_has_its_type_and_no_other),
        cmocka_unit_test(printing_ends_within_the_room),
        cmocka_unit_test(problems_end_where_they_end),
        cmocka_unit_test(a_caller_of_an_older_struct_gets_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
