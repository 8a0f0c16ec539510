#include "lib/json/json.h"

#include <math.h>

#include "lib/base/text.h"
#include "support/check.h"

/* The printed form without its last line feed. Takes the document. */
static const char *printed(struct kn_json *json)
{
    static char copy[4096];
    struct kn_text text = { 0 };

    CHECK("print", kn_json_print(json, &text));
    (void)snprintf(copy, sizeof(copy), "%.*s", (int)text.n - 1, kn_text_get(&text));
    kn_text_done(&text);
    kn_json_free(json);
    return copy;
}

static void scalars_print_as_json_has_them(void **state)
{
    const struct {
        const char *row;
        struct kn_json *json;
        const char *want;
    } rows[] = {
        { "null", kn_json_null(), "null" },
        { "true", kn_json_bool(true), "true" },
        { "false", kn_json_bool(false), "false" },
        { "least integer", kn_json_int(INT64_MIN), "-9223372036854775808" },
        { "a number without a fraction", kn_json_number(16), "16" },
        { "a tenth stays short", kn_json_number(0.1), "0.1" },
        { "beyond whole doubles", kn_json_number(1e300), "1e+300" },
        { "no text is null", kn_json_string(NULL), "null" },
        { "empty text", kn_json_string(""), "\"\"" },
        { "quotes and backslashes", kn_json_string("a\"b\\c"), "\"a\\\"b\\\\c\"" },
        { "line feed and tab", kn_json_string("a\nb\tc"), "\"a\\nb\\tc\"" },
        { "controls", kn_json_string("\x1b[2J\x7f"), "\"\\u001b[2J\\u007f\"" },
        { "umlauts stay", kn_json_string("\xc3\xa4"), "\"\xc3\xa4\"" },
        { "no UTF-8 is repaired", kn_json_string("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++)
        CHECK_STR(rows[i].row, printed(rows[i].json), rows[i].want);
}

static void members_keep_their_order(void **state)
{
    struct kn_json *object = kn_json_object(), *array = kn_json_array();

    (void)state;
    CHECK("append", kn_json_append(array, kn_json_int(1)));
    CHECK("append", kn_json_append(array, kn_json_object()));
    CHECK("set", kn_json_set(object, "z", array));
    CHECK("set", kn_json_set(object, "a", kn_json_array()));
    CHECK_STR("order", printed(object), "{\n  \"z\": [\n    1,\n    {}\n  ],\n  \"a\": []\n}");
}

static void what_could_not_be_made_cannot_be_put(void **state)
{
    struct kn_json *object = kn_json_object();

    (void)state;
    CHECK("no value", !kn_json_set(object, "a", NULL));
    CHECK("no object", !kn_json_set(NULL, "a", kn_json_null()));
    CHECK("no array", !kn_json_append(NULL, kn_json_null()));
    CHECK("not a number", kn_json_number(NAN) == NULL);
    kn_json_free(object);
}

static void reading_gives_what_was_printed(void **state)
{
    static const char text[] = "[{\"cron\": \"0 22 * * *\"}]", twice[] = "{\"a\": 1, \"a\": 2}";

    (void)state;
    CHECK_STR("parse", printed(kn_json_parse(text, sizeof(text) - 1)),
              "[\n  {\n    \"cron\": \"0 22 * * *\"\n  }\n]");
    CHECK("no JSON", kn_json_parse("[", 1) == NULL);
    CHECK("a name twice", kn_json_parse(twice, sizeof(twice) - 1) == NULL);
}

static void depth_has_a_limit(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    for (int depth = KN_JSON_DEPTH_MAX; depth <= KN_JSON_DEPTH_MAX + 1; depth++) {
        struct kn_json *json = kn_json_null();

        for (int i = 0; i < depth; i++) {
            struct kn_json *outer = kn_json_array();

            CHECK("append", kn_json_append(outer, json));
            json = outer;
        }
        CHECK_EQ("depth", kn_json_print(json, &text), depth == KN_JSON_DEPTH_MAX);
        kn_json_free(json);
    }
    kn_text_done(&text);
}

static void a_document_is_printed_on_one_line(void **state)
{
    static const char text[] = "{\"a\": [1, {\"b\": \"x\\ny\"}], \"c\": {}, \"d\": []}";
    struct kn_json *json = kn_json_parse(text, strlen(text));
    struct kn_text out = { 0 };

    (void)state;
    CHECK("print", kn_json_print_line(json, &out));
    CHECK_STR("as it was", out.at, text);
    kn_text_done(&out);
    kn_json_free(json);
}

static void looking_finds_what_is_there_and_nothing_else(void **state)
{
    static const char text[] =
        "{\"n\": 7, \"x\": 0.5, \"t\": \"word\", \"y\": true, \"l\": [null, \"b\"]}";
    struct kn_json *json = kn_json_parse(text, strlen(text));
    const struct kn_json *list = kn_json_get(json, "l");
    int64_t whole = 0;
    double number = 0;

    (void)state;
    CHECK("whole", kn_json_to_int(kn_json_get(json, "n"), &whole) && whole == 7);
    CHECK("number", kn_json_to_number(kn_json_get(json, "x"), &number) && number == 0.5);
    CHECK("whole is a number", kn_json_to_number(kn_json_get(json, "n"), &number) && number == 7);
    CHECK("half is not whole", !kn_json_to_int(kn_json_get(json, "x"), &whole));
    CHECK_STR("text", kn_json_to_text(kn_json_get(json, "t")), "word");
    CHECK("true", kn_json_is_true(kn_json_get(json, "y")) && !kn_json_is_true(list));
    CHECK_EQ("list", kn_json_count(list), 2);
    CHECK_STR("item", kn_json_to_text(kn_json_item(list, 1)), "b");
    CHECK("behind the last", kn_json_item(list, 2) == NULL);
    CHECK("no such member", kn_json_get(json, "z") == NULL && kn_json_get(list, "n") == NULL);
    CHECK_EQ("not a list", kn_json_count(json), 0);
    CHECK("nowhere", kn_json_get(NULL, "a") == NULL && kn_json_item(NULL, 0) == NULL &&
                         kn_json_to_text(NULL) == NULL && !kn_json_to_int(NULL, &whole) &&
                         !kn_json_to_number(NULL, &number) && !kn_json_is_true(NULL));
    kn_json_free(json);
}

static void a_member_outlives_its_document(void **state)
{
    static const char text[] = "{\"a\": [1, \"two\"], \"b\": null}";
    struct kn_json *json = kn_json_parse(text, sizeof(text) - 1);
    struct kn_json *taken = kn_json_take(json, "a");

    (void)state;
    CHECK("gone", kn_json_members(json) == 1 && kn_json_get(json, "a") == NULL);
    CHECK("not there", kn_json_take(json, "a") == NULL && kn_json_take(NULL, "a") == NULL);
    kn_json_free(json);
    CHECK_STR("still there", kn_json_to_text(kn_json_item(taken, 1)), "two");
    kn_json_free(taken);
}

static void members_are_walked_in_their_order(void **state)
{
    static const char text[] = "{\"z\": 1, \"a\": null, \"m\": {}}";
    struct kn_json *json = kn_json_parse(text, strlen(text));
    const struct kn_json *value;
    const char *name;
    struct kn_text seen = { 0 };
    void *at = NULL;

    (void)state;
    while (kn_json_next(json, &at, &name, &value))
        kn_text_addf(&seen, "%s%d%d ", name, kn_json_is_null(value), kn_json_is_object(value));
    CHECK_STR("walk", kn_text_get(&seen), "z00 a10 m01 ");
    CHECK_EQ("members", kn_json_members(json), 3);
    at = NULL;
    CHECK("no object", !kn_json_next(value, &at, &name, &value) && !kn_json_is_array(json) &&
                           kn_json_members(NULL) == 0);
    kn_text_done(&seen);
    kn_json_free(json);
}

static void a_mistake_has_a_place(void **state)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        { "cut short", "{\n  \"a\":", "line 2, column 6: " },
        { "a name twice", "{\"a\": 1,\n \"a\": 2}", "line 2, column 4: duplicate object key" },
        { "a number that no int64_t holds", "[9223372036854775808]", "too big" },
        { "one below them", "[-9223372036854775809]", "too big" },
        { "no UTF-8", "\"\xff\"", "line 1, column" },
        { "two documents", "{} {}", "line 1, column" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_json *json = NULL;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, kn_json_read(rows[i].text, strlen(rows[i].text), &json, &err),
                 KN_E_SYNTAX);
        CHECK_HAS(rows[i].row, err.text, rows[i].want);
        CHECK(rows[i].row, json == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_printed_on_one_line),
        cmocka_unit_test(a_mistake_has_a_place),
        cmocka_unit_test(a_member_outlives_its_document),
        cmocka_unit_test(members_are_walked_in_their_order),
        cmocka_unit_test(looking_finds_what_is_there_and_nothing_else),
        cmocka_unit_test(scalars_print_as_json_has_them),
        cmocka_unit_test(members_keep_their_order),
        cmocka_unit_test(what_could_not_be_made_cannot_be_put),
        cmocka_unit_test(reading_gives_what_was_printed),
        cmocka_unit_test(depth_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
