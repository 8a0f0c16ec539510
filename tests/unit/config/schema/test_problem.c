/* Problems as data: where they stand, what of the line is shown, and in which order. */
#include "config/schema/problem.h"
#include "support/layers.h"

/* Locate `part` in a file of one line more; its excerpt and its caret. */
static void locate(struct fixture *f, const char *yaml, const char *part, struct kn_problem *out)
{
    const char *at = strstr(yaml, part);
    struct kn_yaml_document *doc = fixture_parse(f, yaml);

    CHECK(part, at != NULL);
    *out = (struct kn_problem){ .kind = KN_P_INVALID };
    kn_problem_locate(out, f->arena, doc, (size_t)(at - yaml), (size_t)(at - yaml) + strlen(part));
}

static void the_caret_stands_under_the_value(void **state)
{
    static const struct {
        const char *name, *yaml, *part, *excerpt;
        uint32_t line, column, caret, width;
    } cases[] = {
        { "first line", "port: abc\n", "abc", "port: abc", 1, 7, 6, 3 },
        { "no line end", "port: abc", "abc", "port: abc", 1, 7, 6, 3 },
        { "CR LF", "a: 1\r\nport: abc\r\n", "abc", "port: abc", 2, 7, 6, 3 },
        { "byte order mark", "\xef\xbb\xbfport: abc\n", "abc", "port: abc", 1, 7, 6, 3 },
        { "tab", "port:\tabc # x\n", "abc", "port: abc # x", 1, 7, 6, 3 },
        { "wide", "k: [\xe6\x97\xa5\xe6\x9c\xac, abc]\n", "abc",
          "k: [\xe6\x97\xa5\xe6\x9c\xac, abc]", 1, 9, 10, 3 },
        { "wide value", "k: \xe6\x97\xa5\xe6\x9c\xac\n", "\xe6\x97\xa5\xe6\x9c\xac",
          "k: \xe6\x97\xa5\xe6\x9c\xac", 1, 4, 3, 4 },
        { "narrow", "k: [\xc3\xa9, abc]\n", "abc", "k: [\xc3\xa9, abc]", 1, 8, 7, 3 },
        { "several lines", "k: [a,\n  b]\n", "[a,\n  b]", "k: [a,", 1, 4, 3, 3 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_problem problem;
        struct fixture f;

        fixture_begin(&f);
        locate(&f, cases[i].yaml, cases[i].part, &problem);
        CHECK_EQ(cases[i].name, problem.origin.line, cases[i].line);
        CHECK_EQ(cases[i].name, problem.origin.column, cases[i].column);
        CHECK_STR(cases[i].name, problem.excerpt, cases[i].excerpt);
        CHECK_EQ(cases[i].name, problem.caret, cases[i].caret);
        CHECK_EQ(cases[i].name, problem.caret_width, cases[i].width);
        fixture_end(&f);
    }
}

static void nothing_is_underlined_with_one_caret(void **state)
{
    struct fixture f;
    struct kn_problem problem = { .kind = KN_P_SYNTAX };

    (void)state;
    fixture_begin(&f);
    kn_problem_locate(&problem, f.arena, fixture_parse(&f, "port:\n"), 5, 5);
    CHECK_EQ("width", problem.caret_width, 1);
    CHECK_EQ("caret", problem.caret, 5);
    kn_problem_locate(&problem, f.arena, fixture_parse(&f, ""), 0, 0);
    CHECK_STR("empty", problem.excerpt, "");
    CHECK_EQ("empty", problem.origin.line, 1);
    fixture_end(&f);
}

/* Bytes that end a line or move a cursor are not passed on. */
static void control_characters_are_not_shown(void **state)
{
    static const struct {
        const char *yaml, *excerpt;
    } cases[] = {
        { "a: \x1b[31mX", "a: ?[31mX" },
        { "a: \x7fX", "a: ?X" },
        { "a: \xc2\x9b"
          "31mX",
          "a: ?31mX" },
        { "a: \xff\xfeX", "a: ??X" },
        { "a: \xe2\x80\xa8X", "a: ?X" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_problem problem;
        struct fixture f;

        fixture_begin(&f);
        locate(&f, cases[i].yaml, "X", &problem);
        CHECK_STR(cases[i].excerpt, problem.excerpt, cases[i].excerpt);
        CHECK_EQ(cases[i].excerpt, problem.caret, strlen(cases[i].excerpt) - 1);
        fixture_end(&f);
    }
}

static void long_lines_are_cut_around_the_value(void **state)
{
    static char yaml[4096];

    (void)state;
    for (size_t before = 0; before < 1000; before += 37) {
        for (size_t after = 0; after < 600; after += 199) {
            struct kn_problem problem;
            struct fixture f;
            size_t n;

            (void)snprintf(yaml, sizeof(yaml), "k: '%*sHERE%*s'", (int)before, "", (int)after, "");
            for (char *c = yaml; *c != '\0'; c++)
                *c = *c == ' ' && c > yaml + 2 ? '.' : *c;
            fixture_begin(&f);
            locate(&f, yaml, "HERE", &problem);
            n = strlen(problem.excerpt);
            CHECK("short enough", n <= KN_EXCERPT_MAX);
            CHECK("as long as it may", n == KN_EXCERPT_MAX || n == strlen(yaml) || after < 200);
            CHECK("caret", strncmp(problem.excerpt + problem.caret, "HERE", 4) == 0);
            CHECK_EQ("width", problem.caret_width, 4);
            fixture_end(&f);
        }
    }
}

static void a_cut_never_splits_a_character(void **state)
{
    static char yaml[2048];
    struct kn_problem problem;
    struct fixture f;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        size_t used = (size_t)snprintf(yaml, sizeof(yaml), "k: '%.*s", (int)shift, "xx");
        uint32_t code;

        for (size_t i = 0; i < 100; i++)
            used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "\xe6\x97\xa5");
        used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "HERE");
        for (size_t i = 0; i < 100; i++)
            used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "\xe6\x97\xa5");
        fixture_begin(&f);
        locate(&f, yaml, "HERE", &problem);
        CHECK("start", ((unsigned char)problem.excerpt[0] & 0xc0) != 0x80);
        code = (unsigned char)problem.excerpt[strlen(problem.excerpt) - 3];
        CHECK("end", code == 0xe6);
        fixture_end(&f);
    }
}

static void a_secret_is_never_in_an_excerpt(void **state)
{
    static const char *const files[] = {
        "alerts: {webhook_url: https://SECRET, HERE: 1}\n",
        "alerts: {\"webhook_url\": \"https://SECRET\", HERE: 1}\n",
        "alerts: {HERE: 1, webhook_url: https://SECRET}\n",
        "{alerts: {webhook_url : 'https://SECRET'}, a: 1, HERE: 1}\n",
    };
    static char far[1024];
    struct kn_problem problem;
    struct fixture f;

    (void)state;
    for (size_t i = 0; i <= KN_COUNT(files); i++) {
        const char *yaml = i < KN_COUNT(files) ? files[i] : far;

        (void)snprintf(far, sizeof(far), "alerts: {webhook_url: https://%0150d/SECRET, HERE: 1}",
                       0);
        fixture_begin(&f);
        locate(&f, yaml, "HERE", &problem);
        CHECK(yaml, strstr(problem.excerpt, "SECRET") == NULL);
        CHECK(yaml, problem.caret <= strlen(problem.excerpt));
        fixture_end(&f);
    }
}

static void a_wrong_secret_shows_neither_value_nor_line(void **state)
{
    static const char *const wrong[] = { "v: SECRET\n", "v: [SECRET]\n", "v: \"SECRET x\"\n" };
    const struct kn_setting *setting = kn_setting_find("alerts.webhook_url");
    const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(wrong); i++) {
        const struct kn_problem *problem;
        const struct kn_yaml_node *node;
        struct kn_yaml_document *doc;
        struct fixture f;

        fixture_begin(&f);
        node = fixture_node(&f, wrong[i], &doc);
        kn_layer_read(&f.source, setting, node, doc, &origin, false);
        CHECK_EQ(wrong[i], f.problems.n, 1);
        problem = &f.problems.at[0];
        CHECK(wrong[i], problem->value == NULL && problem->excerpt == NULL);
        CHECK_STR(wrong[i], problem->message, "the value is not one that the setting accepts");
        CHECK(wrong[i], problem->hint == NULL || strstr(problem->hint, "SECRET") == NULL);
        CHECK_EQ(wrong[i], problem->origin.column, 4);
        fixture_end(&f);
    }
}

static void messages_hold_no_control_characters(void **state)
{
    const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };
    const struct kn_yaml_node *node;
    struct kn_yaml_document *doc;
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    node = fixture_node(&f, "v: \"a\\e[31m\\nb\"\n", &doc);
    kn_layer_read(&f.source, kn_setting_find("node.name"), node, doc, &origin, false);
    CHECK_STR("escape", f.problems.at[0].message, "\"a?[31m?b\" is no node name");
    CHECK_STR("the value is data", f.problems.at[0].value, "a\x1b[31m\nb");
    fixture_end(&f);
}

static void a_hundred_are_kept_and_all_are_counted(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    for (uint32_t i = 0; i < 150; i++) {
        struct kn_problem problem = { .kind = i % 2 == 0 ? KN_P_INVALID : KN_P_SUSPICIOUS,
                                      .message = "m" };

        CHECK_EQ("full", kn_problems_full(&f.problems), i >= KN_PROBLEMS_MAX);
        kn_problems_add(&f.problems, &problem);
    }
    CHECK_EQ("kept", f.problems.n, 100);
    CHECK_EQ("errors", f.problems.errors, 75);
    CHECK_EQ("warnings", f.problems.warnings, 75);
    fixture_end(&f);
}

static void problems_are_sorted_by_source_and_place(void **state)
{
    static const struct {
        enum kn_layer_kind layer;
        uint32_t line, column;
        const char *message;
    } given[] = {
        { KN_LAYER_CACHE, 0, 0, "g" }, { KN_LAYER_FILE, 9, 2, "f" }, { KN_LAYER_FILE, 2, 10, "e" },
        { KN_LAYER_FILE, 2, 9, "d" },  { KN_LAYER_FILE, 0, 0, "c" }, { KN_LAYER_ENV, 0, 0, "b" },
        { KN_LAYER_CLI, 0, 0, "a" },   { KN_LAYER_FILE, 9, 2, "f" },
    };
    char order[KN_COUNT(given) + 1] = "";
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    for (size_t i = 0; i < KN_COUNT(given); i++) {
        struct kn_problem problem = { .kind = KN_P_INVALID, .message = given[i].message };

        problem.origin.layer = given[i].layer;
        problem.origin.line = given[i].line;
        problem.origin.column = given[i].column;
        kn_problems_add(&f.problems, &problem);
    }
    kn_problems_sort(&f.problems);
    for (size_t i = 0; i < f.problems.n; i++)
        order[i] = f.problems.at[i].message[0];
    CHECK_STR("order", order, "abcdeffg");
    fixture_end(&f);
}

static void hiding_moves_an_error_to_the_warnings(void **state)
{
    struct kn_problem problem = { .kind = KN_P_INVALID, .message = "m" };
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    kn_problems_add(&f.problems, &problem);
    kn_problem_hide(&f.problems, &f.problems.at[0]);
    CHECK_EQ("errors", f.problems.errors, 0);
    CHECK_EQ("warnings", f.problems.warnings, 1);
    CHECK_STR("kind", kn_problem_info(f.problems.at[0].kind)->word, "hidden");
    fixture_end(&f);
}

static void long_values_are_cut_at_a_character(void **state)
{
    char value[KN_PROBLEM_VALUE_MAX + 8] = "";
    struct kn_problem problem = { .kind = KN_P_INVALID, .message = "m", .value = value };
    struct fixture f;

    (void)state;
    memset(value, 'a', KN_PROBLEM_VALUE_MAX - 1);
    memcpy(value + KN_PROBLEM_VALUE_MAX - 1, "\xc3\xa9", 3);
    fixture_begin(&f);
    kn_problems_add(&f.problems, &problem);
    CHECK_EQ("cut", strlen(f.problems.at[0].value), KN_PROBLEM_VALUE_MAX - 1 + 3);
    CHECK_STR("mark", f.problems.at[0].value + KN_PROBLEM_VALUE_MAX - 1, "\xe2\x80\xa6");
    fixture_end(&f);
}

/* proves: TR-4/FileNotFound, TR-4/ParseError, TR-4/ValidationError, TR-4/MergeError */
static void every_kind_is_one_of_the_four_of_the_requirements(void **state)
{
    (void)state;
    for (int i = 0; i < KN_PROBLEM_KIND_COUNT; i++) {
        const struct kn_problem_info *info = kn_problem_info((enum kn_problem_kind)i);

        CHECK(info->word, info->meaning[strlen(info->meaning) - 1] == '.');
        CHECK(info->word, info->remedy[strlen(info->remedy) - 1] == '.');
        for (int j = 0; j < i; j++)
            CHECK(info->word,
                  strcmp(info->word, kn_problem_info((enum kn_problem_kind)j)->word) != 0);
    }
    CHECK_STR("kind", kn_error_kind_word(KN_FILE_NOT_FOUND), "FileNotFound");
    CHECK_STR("kind", kn_error_kind_word(KN_PARSE_ERROR), "ParseError");
    CHECK_STR("kind", kn_error_kind_word(KN_VALIDATION_ERROR), "ValidationError");
    CHECK_STR("kind", kn_error_kind_word(KN_MERGE_ERROR), "MergeError");
    CHECK_STR("severity", kn_severity_word(KN_WARNING), "warning");
    CHECK_STR("severity", kn_severity_word(KN_ERROR), "error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caret_stands_under_the_value),
        cmocka_unit_test(nothing_is_underlined_with_one_caret),
        cmocka_unit_test(control_characters_are_not_shown),
        cmocka_unit_test(long_lines_are_cut_around_the_value),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(a_secret_is_never_in_an_excerpt),
        cmocka_unit_test(a_wrong_secret_shows_neither_value_nor_line),
        cmocka_unit_test(messages_hold_no_control_characters),
        cmocka_unit_test(a_hundred_are_kept_and_all_are_counted),
        cmocka_unit_test(problems_are_sorted_by_source_and_place),
        cmocka_unit_test(hiding_moves_an_error_to_the_warnings),
        cmocka_unit_test(long_values_are_cut_at_a_character),
        cmocka_unit_test(every_kind_is_one_of_the_four_of_the_requirements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
