/* Renames, refusals, and memory that runs out. */
#include <stdbool.h>
#include <stdlib.h>

#include "lib/yaml/yaml.h"
#include "support/fuse.h"
#include "table.h"

static const struct row renames[] = {
    { "plain", "performance:\n  cache_capacity: 5 # c\n", "performance.cache_capacity",
      "performance.cache_tokens", KN_EDIT_REPLACED, "performance:\n  cache_tokens: 5 # c\n" },
    { "quoted", "{\"performance\":{\"cache_capacity\":5}}", "performance.cache_capacity",
      "performance.cache_tokens", KN_EDIT_REPLACED, "{\"performance\":{\"cache_tokens\":5}}" },
    { "single quotes", "a: {'b': [1]}", "a.b", "a.it's", KN_EDIT_REPLACED, "a: {'it''s': [1]}" },
    { "at the top", "a:\n  b: 1\nc: 2\n", "a", "d", KN_EDIT_REPLACED, "d:\n  b: 1\nc: 2\n" },
    { "a name that needs quotes", "a: {b}", "a.b", "a.12", KN_EDIT_REPLACED, "a: {\"12\"}" },
    { "the same name", "a: {b: 1}", "a.b", "a.b", KN_EDIT_UNCHANGED, NULL },
};

static void a_rename_changes_the_last_part_of_a_key(void **state)
{
    (void)state;
    CHECK_ROWS(renames, KN_EDIT_RENAME);
}

static const struct {
    const char *name, *bytes;
    struct kn_edit edit;
    enum kn_code code;
    const char *text, *hint;
} refusals[] = {
    { "broken",
      "node:\n  port: [1\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_SYNTAX,
      "2:9: this \"[\" is not closed",
      NULL },
    { "twice the same key",
      "a: 1\nnode: {}\na: 2\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_SYNTAX,
      "3:1: duplicate key \"a\"",
      "It stands on line 1 already; keep one of them." },
    { "an anchor",
      "a: \xc3\xa9 \nb: &x 1\n",
      { KN_EDIT_UNSET, "b", NULL },
      KN_E_SYNTAX,
      "2:4: anchor \"&x\" is not supported",
      "Remove it, and write the value out wherever it is needed." },
    { "a complex key",
      "? [a]\n: 1\n",
      { KN_EDIT_UNSET, "b", NULL },
      KN_E_SYNTAX,
      "1:3: a list or mapping cannot be a key",
      NULL },
    { "not UTF-8",
      "a: \xff\n",
      { KN_EDIT_UNSET, "a", NULL },
      KN_E_SYNTAX,
      "1:4: byte 0xff at offset 3 is not UTF-8",
      "Save the file as UTF-8." },
    { "a list at the top",
      "# c\n- a\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_SYNTAX,
      "2:1: the file is no map of sections",
      "kwaainet config example prints one." },
    { "a null at the top",
      "~\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_SYNTAX,
      "1:1: the file is no map of sections",
      "kwaainet config example prints one." },
    { "no setting",
      "",
      { KN_EDIT_SET, "node.prot", "1" },
      KN_E_NOT_FOUND,
      "\"node.prot\" is no setting",
      "kwaainet docs settings lists all." },
    { "a section",
      "",
      { KN_EDIT_SET, "node", "1" },
      KN_E_NOT_FOUND,
      "\"node\" is no setting",
      "kwaainet docs settings lists all." },
    { "unset what is not there",
      "node: {port: 1}\n",
      { KN_EDIT_UNSET, "node.name", NULL },
      KN_E_NOT_FOUND,
      "\"node.name\" is not in the file",
      "" },
    { "unset below a value",
      "node: 1\n",
      { KN_EDIT_UNSET, "node.name", NULL },
      KN_E_NOT_FOUND,
      "\"node.name\" is not in the file",
      "" },
    { "unset in an empty file",
      "",
      { KN_EDIT_UNSET, "node.name", NULL },
      KN_E_NOT_FOUND,
      "\"node.name\" is not in the file",
      "" },
    { "a key with a dot is no path",
      "node.port: 1\n",
      { KN_EDIT_UNSET, "node.port", NULL },
      KN_E_NOT_FOUND,
      "\"node.port\" is not in the file",
      "" },
    { "rename what is not there",
      "a: 1\n",
      { KN_EDIT_RENAME, "b", "c" },
      KN_E_NOT_FOUND,
      "\"b\" is not in the file",
      "" },
    { "rename into another section",
      "a: {b: 1}\n",
      { KN_EDIT_RENAME, "a.b", "c.b" },
      KN_E_UNSUPPORTED,
      "\"a.b\" and \"c.b\" stand in different sections",
      "Set the new key, then unset the old one." },
    { "rename into a deeper section",
      "a: {b: 1}\n",
      { KN_EDIT_RENAME, "a.b", "a.b.c" },
      KN_E_UNSUPPORTED,
      "\"a.b\" and \"a.b.c\" stand in different sections",
      "Set the new key, then unset the old one." },
    { "rename to a key that is there",
      "a: {b: 1, c: 2}\n",
      { KN_EDIT_RENAME, "a.b", "a.c" },
      KN_E_UNSUPPORTED,
      "\"a.c\" stands in the file already",
      "Unset one of the two." },
    { "an empty word",
      "",
      { KN_EDIT_SET, "alerts.command", "" },
      KN_E_UNSUPPORTED,
      "an empty value of alerts.command cannot be written",
      "Take the key away with kwaainet config unset alerts.command." },
    { "a schedule that is no list",
      "",
      { KN_EDIT_SET, "resources.schedules", "a" },
      KN_E_UNSUPPORTED,
      "\"a\" is no list",
      "Write the value of resources.schedules as [item, item]." },
    { "a word that is not UTF-8",
      "",
      { KN_EDIT_SET, "alerts.command", "\xff" },
      KN_E_UNSUPPORTED,
      "1:1: this cannot be changed without touching other values",
      "Change alerts.command in the file by hand: kwaainet config edit." },
    { "a value where the section belongs",
      "x-a: 1\nnode: here\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_UNSUPPORTED,
      "2:7: a value stands where a section belongs",
      "Change node.port in the file by hand: kwaainet config edit." },
    { "a list where the section belongs",
      "node: []\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_UNSUPPORTED,
      "1:7: a value stands where a section belongs",
      NULL },
    { "a key beside the colon of its section",
      "? node\n: name: a\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_UNSUPPORTED,
      "2:3: the keys are written in an unusual way",
      NULL },
    { "an explicit section that is null",
      "? node\n",
      { KN_EDIT_SET, "node.port", "1" },
      KN_E_UNSUPPORTED,
      "1:3: the section is written in an unusual way",
      NULL },
    { "the first of them is not taken away",
      "? node\n: name: a\n  port: 1\n",
      { KN_EDIT_UNSET, "node.name", NULL },
      KN_E_UNSUPPORTED,
      "2:3: the key is written in an unusual way",
      NULL },
    { "a block scalar that would get a last break",
      "alerts:\n  email: |\n    a",
      { KN_EDIT_SET, "alerts.command", "b" },
      KN_E_UNSUPPORTED,
      "3:6: this cannot be changed without touching other values",
      NULL },
    { "blank lines that another value would take",
      "alerts:\n  webhook_url: |+\n    a\n  email: b\n\n  command: c\n",
      { KN_EDIT_UNSET, "alerts.email", NULL },
      KN_E_UNSUPPORTED,
      "4:1: this cannot be changed without touching other values",
      NULL },
};

static void a_refusal_says_where_and_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(refusals); i++) {
        const char *name = refusals[i].name, *bytes = refusals[i].bytes;
        struct kn_text out = { 0 };
        struct kn_error err = { 0 };
        enum kn_edit_outcome outcome;

        CHECK_EQ(name, kn_edit_apply(bytes, strlen(bytes), &refusals[i].edit, &out, &outcome, &err),
                 refusals[i].code);
        if (refusals[i].text != NULL)
            CHECK_STR(name, err.text, refusals[i].text);
        if (refusals[i].hint != NULL)
            CHECK_STR(name, err.hint, refusals[i].hint);
        CHECK_EQ(name, out.n, 0);
        kn_text_done(&out);
    }
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    struct kn_edit edit = { KN_EDIT_SET, "node.port", "1" };
    struct kn_text bytes = { 0 }, out = { 0 };
    struct kn_error err = { 0 };
    enum kn_edit_outcome outcome;

    (void)state;
    kn_text_fill(&bytes, '#', KN_YAML_SIZE_MAX + 1);
    CHECK_EQ("larger", kn_edit_apply(bytes.at, bytes.n, &edit, &out, &outcome, &err), KN_E_SYNTAX);
    kn_text_cut(&bytes, KN_YAML_SIZE_MAX);
    CHECK_EQ("would be", kn_edit_apply(bytes.at, bytes.n, &edit, &out, &outcome, &err),
             KN_E_UNSUPPORTED);
    kn_text_cut(&bytes, KN_YAML_SIZE_MAX - 20);
    CHECK_EQ("fits", kn_edit_apply(bytes.at, bytes.n, &edit, &out, &outcome, &err), KN_OK);
    kn_text_done(&bytes);
    kn_text_done(&out);
}

static void the_new_file_is_added_to_the_text(void **state)
{
    struct kn_edit edit = { KN_EDIT_SET, "node.port", "1" };
    struct kn_text out = { 0 };
    struct kn_error err;
    enum kn_edit_outcome outcome;

    (void)state;
    kn_text_add(&out, "before ");
    CHECK_EQ("", kn_edit_apply("", 0, &edit, &out, &outcome, &err), KN_OK);
    CHECK_STR("", kn_text_get(&out), "before node:\n  port: 1\n");
    kn_text_done(&out);
}

static const struct {
    const char *bytes;
    struct kn_edit edit;
} memory[] = {
    { "", { KN_EDIT_SET, "node.port", "1" } },
    { "state:\n  adapters:\n    - a\n", { KN_EDIT_SET, "state.adapters", "a,b,c" } },
    { "resources: {schedules: []}\n", { KN_EDIT_SET, "resources.schedules", "[{name: a}]" } },
    { "{\"node\": {\"port\": 1}}", { KN_EDIT_SET, "health.reconnect.jitter", "true" } },
    { "node:\n  port: 1\nmodel: {}\n", { KN_EDIT_UNSET, "node.port", NULL } },
    { "a: {b: 1}\n", { KN_EDIT_RENAME, "a.b", "a.c" } },
};

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(memory); i++) {
        enum kn_code rc = KN_E_NO_MEMORY;
        long after = 0;

        for (; rc == KN_E_NO_MEMORY && after < 1000; after++) {
            struct kn_text out = { 0 };
            struct kn_error err = { 0 };
            enum kn_edit_outcome outcome;

            kn_fuse = after;
            rc = kn_edit_apply(memory[i].bytes, strlen(memory[i].bytes), &memory[i].edit, &out,
                               &outcome, &err);
            kn_fuse = -1;
            CHECK_EQ(memory[i].edit.key, out.n > 0, rc == KN_OK);
            if (rc == KN_E_NO_MEMORY)
                CHECK(memory[i].edit.key, err.text[0] != '\0');
            kn_text_done(&out);
        }
        CHECK_EQ(memory[i].edit.key, rc, KN_OK);
        CHECK(memory[i].edit.key, after > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rename_changes_the_last_part_of_a_key),
        cmocka_unit_test(a_refusal_says_where_and_what_to_do),
        cmocka_unit_test(a_file_that_is_too_large_is_refused),
        cmocka_unit_test(the_new_file_is_added_to_the_text),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
