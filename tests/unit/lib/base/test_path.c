
#include "lib/base/path.h"
#include "support/check.h"

static const struct {
    const char *name, *value;
} variables[] = {
    { "HOME", "/home/ann" }, { "DATA", "/data" },   { "REL", "rel" },       { "EMPTY", "" },
    { "TILDE", "~/x" },      { "DOLLAR", "$DATA" }, { "_9", "underscore" },
};

static const char *look_up(void *arg, const char *name)
{
    (void)arg;
    for (size_t i = 0; i < KN_COUNT(variables); i++) {
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    }
    return NULL;
}

static const char *nothing_is_set(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return NULL;
}

static void paths_expand_as_people_expect(void **state)
{
    static const struct {
        const char *path, *base, *want;
    } cases[] = {
        { "/etc/x.yaml", NULL, "/etc/x.yaml" },
        { "/etc/x.yaml", "/base", "/etc/x.yaml" },
        { "x.yaml", NULL, "x.yaml" },
        { "x.yaml", "/base", "/base/x.yaml" },
        { "x.yaml", "/base/", "/base/x.yaml" },
        { "x.yaml", "/", "/x.yaml" },
        { "x.yaml", "", "x.yaml" },
        { "./x", "/base", "/base/./x" },
        { "~", "/base", "/home/ann" },
        { "~/x", "/base", "/home/ann/x" },
        { "a~", NULL, "a~" },
        { "a/~/b", NULL, "a/~/b" },
        { "$DATA/x", "/base", "/data/x" },
        { "$REL/x", "/base", "/base/rel/x" },
        { "${DATA}x", NULL, "/datax" },
        { "$_9-", NULL, "underscore-" },
        { "/a${EMPTY}b", NULL, "/ab" },
        { "/a$EMPTY/b", NULL, "/a/b" },
        { "a$$b", NULL, "a$b" },
        { "$$DATA", NULL, "$DATA" },
        { "$DOLLAR", NULL, "$DATA" },
        { "$TILDE", NULL, "~/x" },
        { "${DATA:-/other}", NULL, "/data" },
        { "${NONE:-/other}", NULL, "/other" },
        { "${EMPTY:-/other}", NULL, "/other" },
        { "${NONE:-}x", NULL, "x" },
        { "${NONE:-~/.kn}/x", NULL, "/home/ann/.kn/x" },
        { "${NONE:-~}", NULL, "/home/ann" },
        { "a${NONE:-~}", NULL, "a~" },
        { "${NONE:-${NADA:-$DATA}/y}", NULL, "/data/y" },
        { "${NONE:-a}${NADA:-b}", NULL, "ab" },
        { "${DATA:-$NONE}", NULL, "/data" },
        { "${DATA:-${NONE:-$NADA}}/x", NULL, "/data/x" },
        { "${DATA:-~bob}", NULL, "/data" },
        { "a}b{c", NULL, "a}b{c" },
        { "caf\xc3\xa9", "/base", "/base/caf\xc3\xa9" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text out = { 0 };
        struct kn_error err = { 0 };

        CHECK_EQ(cases[i].path,
                 kn_path_expand(cases[i].path, cases[i].base, look_up, NULL, &out, &err), KN_OK);
        CHECK_STR(cases[i].path, kn_text_get(&out), cases[i].want);
        kn_text_done(&out);
    }
}

static void what_has_no_meaning_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *path;
        const char *text, *hint;
    } cases[] = {
        { "", "the path \"\" is empty", "" },
        { "$EMPTY", "the path \"$EMPTY\" is empty", "" },
        { "${NONE:-}", "the path \"${NONE:-}\" is empty", "" },
        { "a/$NONE", "the variable \"NONE\" is not set",
          "Set it, or write \"${NONE:-value}\" to say what stands for it when it is not." },
        { "${NONE}", "the variable \"NONE\" is not set",
          "Set it, or write \"${NONE:-value}\" to say what stands for it when it is not." },
        { "${NONE:-$NADA}", "the variable \"NADA\" is not set",
          "Set it, or write \"${NADA:-value}\" to say what stands for it when it is not." },
        { "${DATA", "\"${\" without \"}\" in \"${DATA\"", "" },
        { "${DATA:-x", "\"${\" without \"}\" in \"${DATA:-x\"", "" },
        { "${NONE:-${DATA}", "\"${\" without \"}\" in \"${NONE:-${DATA}\"", "" },
        { "~bob/x", "\"~bob/x\" names another user's home folder",
          "Write the folder out; only \"~/\" is understood." },
        { "~}", "\"~}\" names another user's home folder",
          "Write the folder out; only \"~/\" is understood." },
        { "a$", "\"$\" without a variable's name in \"a$\"",
          "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign." },
        { "$5", "\"$\" without a variable's name in \"$5\"",
          "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign." },
        { "${}", "\"$\" without a variable's name in \"${}\"",
          "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign." },
        { "${DATA-x}", "\"$\" without a variable's name in \"${DATA-x}\"",
          "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign." },
        { "${DATA:-$5}", "\"$\" without a variable's name in \"${DATA:-$5}\"",
          "Write \"$NAME\", \"${NAME}\" or \"${NAME:-value}\"; \"$$\" is a dollar sign." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text out = { 0 };
        struct kn_error err = { 0 };

        kn_text_add(&out, "before");
        CHECK_EQ(cases[i].path, kn_path_expand(cases[i].path, "/base", look_up, NULL, &out, &err),
                 KN_E_INVALID);
        CHECK_STR(cases[i].path, err.text, cases[i].text);
        CHECK_STR(cases[i].path, err.hint, cases[i].hint);
        CHECK_STR(cases[i].path, kn_text_get(&out), "before");
        kn_text_done(&out);
    }
}

static void a_tilde_needs_home(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("~", kn_path_expand("~/x", NULL, nothing_is_set, NULL, &out, &err), KN_E_INVALID);
    CHECK_STR("~", err.text, "\"~\" has no meaning: \"HOME\" is not set");
    CHECK_STR("~", err.hint, "Set HOME, or write the path out.");
    kn_text_done(&out);
}

static void a_path_holds_at_most_the_limit(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        const char *base;
        enum kn_code want;
    } cases[] = {
        { "at the limit", KN_PATH_MAX, NULL, KN_OK },
        { "one past it", KN_PATH_MAX + 1, NULL, KN_E_LIMIT },
        { "at the limit with its base", KN_PATH_MAX - 3, "/b", KN_OK },
        { "one past it with its base", KN_PATH_MAX - 2, "/b", KN_E_LIMIT },
        { "one past it with a base that ends in a slash", KN_PATH_MAX - 2, "/b/", KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text in = { 0 }, out = { 0 };
        struct kn_error err = { 0 };

        kn_text_fill(&in, 'a', cases[i].n);
        CHECK_EQ(cases[i].name,
                 kn_path_expand(kn_text_get(&in), cases[i].base, look_up, NULL, &out, &err),
                 cases[i].want);
        if (cases[i].want == KN_OK)
            CHECK_EQ(cases[i].name, out.n, KN_PATH_MAX);
        else
            CHECK_STR(cases[i].name, err.text, "path longer than 4096 bytes");
        kn_text_done(&in);
        kn_text_done(&out);
    }
}

static const char *long_value(void *arg, const char *name)
{
    (void)name;
    return kn_text_get(arg);
}

static void a_variable_cannot_pass_the_limit_either(void **state)
{
    struct kn_text value = { 0 }, out = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_text_fill(&value, 'v', KN_PATH_MAX / 2 + 1);
    CHECK_EQ("twice", kn_path_expand("$A$A", NULL, long_value, &value, &out, &err), KN_E_LIMIT);
    CHECK_STR("twice", err.text, "path longer than 4096 bytes");
    kn_text_done(&value);
    kn_text_done(&out);
}

static void nesting_has_a_limit(void **state)
{
    static const struct {
        const char *name, *variable;
        int depth;
        enum kn_code want;
    } cases[] = {
        { "at the limit", "NONE", 16, KN_OK },
        { "one past it", "NONE", 17, KN_E_LIMIT },
        { "far past it", "NONE", 1000, KN_E_LIMIT },
        { "one past it in a word that is not used", "DATA", 17, KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text in = { 0 }, out = { 0 };
        struct kn_error err = { 0 };

        for (int n = 0; n < cases[i].depth; n++)
            kn_text_addf(&in, "${%s:-", cases[i].variable);
        kn_text_add(&in, "x");
        kn_text_fill(&in, '}', (size_t)cases[i].depth);
        CHECK_EQ(cases[i].name, kn_path_expand(kn_text_get(&in), NULL, look_up, NULL, &out, &err),
                 cases[i].want);
        CHECK_STR(cases[i].name, cases[i].want == KN_OK ? kn_text_get(&out) : err.text,
                  cases[i].want == KN_OK ? "x" : "variables nested deeper than 16");
        kn_text_done(&in);
        kn_text_done(&out);
    }
}

static void the_folder_of_a_path(void **state)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        { "a/b", "a" }, { "/a/b", "/a" }, { "b", "." },    { "/b", "/" },  { "/", "/" },
        { "//", "/" },  { "a//b", "a" },  { "a/b/", "a" }, { "a/", "." },  { "", "." },
        { "//b", "/" }, { "../x", ".." }, { ".", "." },    { "./x", "." }, { "a/b//", "a" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text out = { 0 };

        kn_path_folder(cases[i].path, &out);
        CHECK_STR(cases[i].path, kn_text_get(&out), cases[i].want);
        kn_text_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_expand_as_people_expect),
        cmocka_unit_test(what_has_no_meaning_is_refused_with_a_reason),
        cmocka_unit_test(a_tilde_needs_home),
        cmocka_unit_test(a_path_holds_at_most_the_limit),
        cmocka_unit_test(a_variable_cannot_pass_the_limit_either),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(the_folder_of_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
