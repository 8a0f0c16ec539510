#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"
#include "support/check.h"

static struct kn_arena *arena;
static struct kn_text text;

static int begin(void **state)
{
    (void)state;
    arena = kn_arena_new();
    return arena == NULL;
}

static int end(void **state)
{
    (void)state;
    kn_arena_free(arena);
    kn_text_done(&text);
    return 0;
}

/* A document in memory of exactly its size, so that reading past it is found. */
static struct kn_yaml_document parse(const char *bytes, size_t size)
{
    struct kn_yaml_document doc = { 0 };
    char *exact = test_malloc(size > 0 ? size : 1);

    memcpy(exact, bytes, size);
    assert_int_equal(kn_yaml_parse(arena, exact, size, &doc), KN_OK);
    test_free(exact);
    doc.bytes = bytes;
    return doc;
}

static struct kn_yaml_document parse_text(void)
{
    assert_false(text.failed);
    return parse(kn_text_get(&text), text.n);
}

struct story {
    const char *text;
    uint32_t line, column;
    const char *bytes; /* pointed at */
    enum kn_yaml_fault_kind kind;
    const char *message, *hint;
};

static void check_story(const struct story *story)
{
    struct kn_yaml_document doc = parse(story->text, strlen(story->text));
    struct kn_yaml_position at;

    CHECK_EQ(story->text, doc.fault_total, 1);
    CHECK_EQ(story->text, doc.fault_count, 1);
    at = kn_yaml_locate(&doc, doc.faults[0].start);
    CHECK_EQ(story->text, at.line, story->line);
    CHECK_EQ(story->text, at.column, story->column);
    CHECK_STR(story->text,
              kn_arena_dup_n(arena, story->text + doc.faults[0].start,
                             doc.faults[0].end - doc.faults[0].start),
              story->bytes);
    CHECK_EQ(story->text, doc.faults[0].kind, story->kind);
    CHECK_STR(story->text, doc.faults[0].message, story->message);
    CHECK_STR(story->text, doc.faults[0].hint, story->hint);
    CHECK(story->text, doc.root == NULL || story->kind >= KN_YAML_FAULT_DUPLICATE);
}

static void syntax_is_explained_where_it_broke(void **state)
{
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *bytes, *message, *hint;
    } cases[] = {
        { "a: 1\n\tb: 2", 2, 1, "\t", "a tab in the indentation", "Indent with spaces." },
        { "a:\n\tb: 2", 2, 1, "\t", "a tab in the indentation", "Indent with spaces." },
        { "a: |\n\t x", 2, 1, "\t", "a tab in the indentation", "Indent with spaces." },
        { "a: b\n\tc", 2, 1, "\t", "a tab in the indentation", "Indent with spaces." },
        { "-\tfoo: 1\n", 1, 2, "\t", "a tab where only spaces may stand", "Use a space here." },
        { "a: @x", 1, 4, "@", "\"@\" cannot begin a value", "Put the value in quotes." },
        { "a: %x", 1, 4, "%", "\"%\" cannot begin a value", "Put the value in quotes." },
        { "a: b: c", 1, 5, ":", "a second \": \" in one line", "Put the value in quotes." },
        { "a: b\n  c: d", 2, 3, "c:", "this line is indented below a line that has a value already",
          "Indent it like the line above, or remove the value above it." },
        { "foo\nbar: 1", 1, 1, "foo", "expected \"key: value\", found \"foo\"",
          "Write a colon and a space after the key." },
        { "a:\n  foo\n  bar: 1", 2, 3, "foo", "expected \"key: value\", found \"foo\"",
          "Write a colon and a space after the key." },
        { "a: 1\nport = 8\nb: 2", 2, 1, "port = 8", "expected \"key: value\", found \"port = 8\"",
          "Write a colon and a space after the key." },
        { "a: 1\nkey:value  ", 2, 1, "key:value", "expected \"key: value\", found \"key:value\"",
          "Write a colon and a space after the key." },
        { "a: - b", 1, 4, "-", "a list item cannot begin here",
          "Begin the list on a line of its own, each item with \"- \"." },
        { "a: ? b", 1, 4, "?", "\"? \" cannot stand here", "Put the value in quotes." },
        { "a: \"x\nb: \"y\"\n", 1, 4, "\"x",
          "this quote ends on line 2, and more text follows there",
          "Close the quote on its own line." },
        { "a: \"x  \nb: 1\n", 1, 4, "\"x", "this quote is not closed",
          "Add '\"' at the end of the value; a quote inside is written '\\\"'." },
        { "a: 'x\nb: 1\n", 1, 4, "'x", "this quote is not closed",
          "Add \"'\" at the end of the value; an apostrophe inside is written twice." },
        { "a: \"b\n---\nc\"", 1, 4, "\"b", "this quote is not closed",
          "Add '\"' at the end of the value; a quote inside is written '\\\"'." },
        { "a: 'it's'\n", 1, 8, "s'", "\"s'\" follows a closed quote",
          "Write an apostrophe inside single quotes twice." },
        { "a: \"x\" y", 1, 8, "y", "\"y\" follows a closed quote",
          "Write '\\\"' for a quote inside double quotes." },
        { "a: [1] x", 1, 8, "x", "\"x\" follows a closed bracket",
          "Remove it, or put the whole value in quotes." },
        { "{a: 1} x", 1, 8, "x", "\"x\" follows a closed bracket",
          "Remove it, or put the whole value in quotes." },
        { "{\"a\":1}}", 1, 8, "}", "\"}\" closes nothing",
          "Remove it, or put the value in quotes." },
        { "a: ]", 1, 4, "]", "\"]\" closes nothing", "Remove it, or put the value in quotes." },
        { "a: 1\n, b", 2, 1, ",", "\",\" cannot stand here",
          "Remove it, or put the value in quotes." },
        { "a: \"C:\\dir\"", 1, 7, "\\d", "\"\\d\" is not an escape",
          "Write \"\\\\\" for a backslash, or put the value in single quotes." },
        { "a: \"C:\\\xc3\xa4\"", 1, 7, "\\\xc3\xa4", "\"\\\xc3\xa4\" is not an escape",
          "Write \"\\\\\" for a backslash, or put the value in single quotes." },
        { "a: \"C:\\xzz\"", 1, 7, "\\x", "\"\\x\" needs hexadecimal digits behind it",
          "Write \"\\\\\" for a backslash, or put the value in single quotes." },
        { "a: \"\\ud83d\\ude00\"", 1, 5, "\\ud83d", "\"\\ud83d\" is not a character",
          "Write the character itself." },
        { "a: \"\\U00110000\"", 1, 5, "\\U00110000", "\"\\U00110000\" is not a character",
          "Write the character itself." },
        { "a: *.log", 1, 4, "*", "\"*\" has a meaning of its own here",
          "Put the value in quotes." },
        { "a: &", 1, 4, "&", "\"&\" has a meaning of its own here", "Put the value in quotes." },
        { "a: !<x", 1, 4, "!", "\"!\" has a meaning of its own here", "Put the value in quotes." },
        { "a: | text\n", 1, 4, "|", "only a comment may follow \"|\" on its line",
          "Put the text on the lines below it, or put the value in quotes." },
        { "a: |0\n x", 1, 4, "|0", "the indentation of a block of text cannot be 0",
          "Remove the digit, and indent the text." },
        { "a: [1, 2", 1, 4, "[", "this \"[\" is not closed", "Add \"]\" at the end of the list." },
        { "a: [1, 2\nb: 3", 1, 4, "[", "this \"[\" is not closed",
          "Add \"]\" at the end of the list." },
        { "a:\n  - {x: 1\n  - c", 2, 5, "{", "this \"{\" is not closed",
          "Add \"}\" at the end of the mapping." },
        { "a: [1, 2}", 1, 4, "[", "this \"[\" is not closed", "Add \"]\" at the end of the list." },
        { "a: {x: ]", 1, 4, "{", "this \"{\" is not closed",
          "Add \"}\" at the end of the mapping." },
        { "a: [\n---\nc", 1, 4, "[", "this \"[\" is not closed",
          "Add \"]\" at the end of the list." },
        { "{\n\"a\": 1\n\"b\": 2\n}", 3, 1, "\"b\":", "a comma is missing before this",
          "Separate the entries with commas." },
        { "[\n  \"a\"\n  \"b\"\n]", 3, 3, "\"b\"", "a comma is missing before this",
          "Separate the entries with commas." },
        { "[\"a\" \"b\"]", 1, 6, "\"b\"", "a comma is missing before this",
          "Separate the entries with commas." },
        { "[a, , b]", 1, 5, ",", "a value is missing before \",\"",
          "Write one, or remove the comma." },
        { "{a: b: c}", 1, 6, ":", "\":\" cannot stand here", "Put the value in quotes." },
        { "[- a]", 1, 2, "-", "\"- \" cannot stand inside brackets",
          "Separate the items with commas." },
        { "{a:[b]}", 1, 3, ":", "\":\" without a space behind it",
          "Put a space after the colon, or put the value in quotes." },
        { "a:\n    b: 1\n  c: 2", 3, 3, "c: 2",
          "this line does not fit the indentation of the lines above",
          "Indent it like the keys that it belongs to." },
        { "  a: 1\nb: 2", 2, 1, "b: 2", "this line does not fit the indentation of the lines above",
          "Indent it like the first line of the file." },
        { "a: 1\n- b", 2, 1, "- b", "this line does not fit the indentation of the lines above",
          "Indent it like the keys that it belongs to." },
        { "- a\nb: c", 2, 1, "b: c", "this line is not an item of the list above",
          "Begin it with \"- \", or change its indentation." },
        { ": x", 1, 1, ":", "a key is missing before \":\"", "Write one." },
        { "...\na: 1", 1, 1, "...", "a value is missing here", "Write one, or remove this." },
        { "a: 1\n%foo", 2, 1, "%foo", "\"%\" cannot begin a line", "Put the value in quotes." },
        { "%foo bar\na: 1", 1, 1, "%foo", "\"%\" begins a directive, and no \"---\" follows",
          "Remove the line, or put the value in quotes." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct story story = { cases[i].text,  cases[i].line,        cases[i].column,
                               cases[i].bytes, KN_YAML_FAULT_SYNTAX, cases[i].message,
                               cases[i].hint };

        check_story(&story);
    }
}

static void what_is_refused_says_what_to_write(void **state)
{
    static const struct story cases[] = {
        { "a: &x b", 1, 4, "&x", KN_YAML_FAULT_FEATURE, "anchor \"&x\" is not supported",
          "Remove it, and write the value out wherever it is needed." },
        { "a: *x", 1, 4, "*x", KN_YAML_FAULT_FEATURE, "alias \"*x\" is not supported",
          "Write the value out here." },
        { "<<: *x", 1, 1, "<<", KN_YAML_FAULT_FEATURE, "merge key \"<<\" is not supported",
          "Write the keys out here." },
        { "a: !!str b", 1, 4, "!!str", KN_YAML_FAULT_FEATURE, "tag \"!!str\" is not supported",
          "Remove it; a value in quotes is always a text." },
        { "a: !e!x b", 1, 4, "!e!x", KN_YAML_FAULT_FEATURE, "tag \"!e!x\" is not supported",
          "Remove the tag." },
        { "? [a]\n: b", 1, 3, "[", KN_YAML_FAULT_FEATURE, "a list or mapping cannot be a key",
          "Write a word as the key; put a value that begins with \"{\" or \"[\" in quotes." },
        { "a: {{ b }}", 1, 5, "{", KN_YAML_FAULT_FEATURE, "a list or mapping cannot be a key",
          "Write a word as the key; put a value that begins with \"{\" or \"[\" in quotes." },
        { "? \n: b", 1, 2, " ", KN_YAML_FAULT_FEATURE, "a key is missing",
          "Write a key, in quotes if need be." },
        { "~: b", 1, 1, "~", KN_YAML_FAULT_FEATURE, "null cannot be a key",
          "Write a key, in quotes if need be." },
        { "%TAG ! x\n---\na", 1, 1, "%TAG", KN_YAML_FAULT_FEATURE,
          "directive \"%TAG\" is not supported", "Remove the line." },
        { "%YAML 2.0\n---\na", 1, 1, "%YAML 2.0", KN_YAML_FAULT_FEATURE,
          "directive \"%YAML 2.0\" is not supported", "Remove the line, or write \"%YAML 1.2\"." },
        { "a\n---\nb", 2, 1, "---", KN_YAML_FAULT_FEATURE, "a second document begins here",
          "One file holds one document: remove everything from here on." },
        { "a\n...\nb", 3, 1, "b", KN_YAML_FAULT_FEATURE, "a second document begins here",
          "One file holds one document: remove everything from here on." },
        { "a\n...\n%YAML 1.2\n---\nb", 3, 1, "%YAML", KN_YAML_FAULT_FEATURE,
          "a second document begins here",
          "One file holds one document: remove everything from here on." },
        { "a: 1\nb: 2\n\"a\": 3", 3, 1, "\"a\"", KN_YAML_FAULT_DUPLICATE, "duplicate key \"a\"",
          "It stands on line 1 already; keep one of them." },
        { "a: {\xc3\xa9"
          ": 1, '\xc3\xa9"
          "': 2}",
          1, 11,
          "'\xc3\xa9"
          "'",
          KN_YAML_FAULT_DUPLICATE, "duplicate key \"\xc3\xa9\"",
          "It stands on line 1 already; keep one of them." },
        { "? |\n b\n: 1\n? |\n b\n: 2\n", 4, 3, "|\n b", KN_YAML_FAULT_DUPLICATE,
          "duplicate key \"|…\"", "It stands on line 1 already; keep one of them." },
        { "\n?\n>\n\n?\n>", 6, 1, ">", KN_YAML_FAULT_DUPLICATE, "duplicate key \">\"",
          "It stands on line 3 already; keep one of them." },
        { "a: \xff", 1, 4, "\xff", KN_YAML_FAULT_ENCODING, "byte 0xff at offset 3 is not UTF-8",
          "Save the file as UTF-8." },
        { "\xff\xfe"
          "a",
          1, 1, "\xff\xfe", KN_YAML_FAULT_ENCODING, "the file is UTF-16", "Save it as UTF-8." },
        { "ab\xc3", 1, 3, "\xc3", KN_YAML_FAULT_ENCODING, "byte 0xc3 at offset 2 is not UTF-8",
          "Save the file as UTF-8." },
        { "\xed\xa0\x80", 1, 1, "\xed", KN_YAML_FAULT_ENCODING,
          "byte 0xed at offset 0 is not UTF-8", "Save the file as UTF-8." },
        { "a: \x7f", 1, 4, "\x7f", KN_YAML_FAULT_ENCODING,
          "control character U+007F at offset 3 is not allowed", "Remove it." },
        { "a: \"\x01\"", 1, 5, "\x01", KN_YAML_FAULT_ENCODING,
          "control character U+0001 at offset 4 is not allowed", "Remove it." },
        { "a: \xc2\x85", 1, 4, "\xc2\x85", KN_YAML_FAULT_ENCODING,
          "line separator U+0085 at offset 3 is not allowed", "Use an ordinary line break." },
        { "a: \xc2\x80", 1, 4, "\xc2\x80", KN_YAML_FAULT_ENCODING,
          "control character U+0080 at offset 3 is not allowed", "Remove it." },
        { "a: \xe2\x80\xa8"
          " b",
          1, 4, "\xe2\x80\xa8", KN_YAML_FAULT_ENCODING,
          "line separator U+2028 at offset 3 is not allowed", "Use an ordinary line break." },
        { "a: \xef\xbf\xbe", 1, 4, "\xef\xbf\xbe", KN_YAML_FAULT_ENCODING,
          "character U+FFFE at offset 3 is not allowed", "Remove it." },
        { "a: \xef\xbb\xbf", 1, 4, "\xef\xbb\xbf", KN_YAML_FAULT_ENCODING,
          "a byte order mark in the middle of the file", "Remove it." },
        { "a: \"\\0\"", 1, 4, "\"\\0\"", KN_YAML_FAULT_ENCODING,
          "a text with a NUL character (\"\\0\")", "Remove the escape." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_story(&cases[i]);
}

static void all_features_are_reported_in_order(void **state)
{
    static const char bytes[] = "a: &x 1\nb: !t *x\n";
    static const char *const want[] = { "1:4 anchor \"&x\" is not supported",
                                        "2:4 tag \"!t\" is not supported",
                                        "3:4 tag \"!t\" is not supported",
                                        "3:7 anchor \"&y\" is not supported",
                                        "4:1 duplicate key \"a\"",
                                        "5:1 merge key \"<<\" is not supported",
                                        "6:1 a second document begins here" };
    static const char all[] = "a: &x 1\nb: !t 2\nc: !t &y 3\na: 4\n<<: *x\n---\n";
    struct kn_yaml_document doc = parse(all, strlen(all));

    (void)state;
    assert_int_equal(doc.fault_count, KN_COUNT(want));
    for (size_t i = 0; i < KN_COUNT(want); i++) {
        struct kn_yaml_position at = kn_yaml_locate(&doc, doc.faults[i].start);

        CHECK_STR(want[i],
                  kn_arena_printf(arena, "%u:%u %s", (unsigned)at.line, (unsigned)at.column,
                                  doc.faults[i].message),
                  want[i]);
    }
    assert_int_equal(doc.faults[4].other, 0);
    assert_int_equal(doc.root->count, 3);
    doc = parse(bytes, strlen(bytes)); /* YAML has no tagged alias */
    assert_null(doc.root);
}

static void equal_keys_of_different_mappings_are_no_duplicates(void **state)
{
    static const char bytes[] = "a: {a: 1, b: 2}\nb: {a: 1, b: 2}\nc:\n- a: 1\n- a: 1\n";

    (void)state;
    assert_int_equal(parse(bytes, strlen(bytes)).fault_total, 0);
}

static void each_of_many_duplicates_is_found(void **state)
{
    struct kn_yaml_document doc;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        kn_text_addf(&text, "key %u: first\n", i);
    for (unsigned i = 0; i < 1000; i++)
        kn_text_addf(&text, "key %u: second\n", i);
    doc = parse_text();
    assert_int_equal(doc.root->count, 1000);
    assert_int_equal(doc.fault_total, 1000);
    assert_int_equal(doc.fault_count, KN_YAML_FAULTS_MAX);
    CHECK_STR("99", doc.faults[99].message, "duplicate key \"key 99\"");
    CHECK_STR("99", doc.faults[99].hint, "It stands on line 100 already; keep one of them.");
    for (const struct kn_yaml_node *key = doc.root->first; key != NULL; key = key->next)
        CHECK_STR(key->text, key->value->text, "first");
}

static void messages_show_one_short_line(void **state)
{
    struct kn_yaml_document doc;

    (void)state;
    kn_text_add(&text, "a: *");
    kn_text_fill(&text, 'x', 59);
    doc = parse_text();
    CHECK_HAS("60 bytes", doc.faults[0].message, "xxx\" is");
    kn_text_add(&text, "x");
    doc = parse_text();
    CHECK_HAS("61 bytes", doc.faults[0].message, "xxx…\" is");
    kn_text_cut(&text, 0);
    kn_text_add(&text, "a: 1\n");
    kn_text_fill(&text, 'y', 59);
    kn_text_add(&text, "ä");
    doc = parse_text();
    CHECK_HAS("no half character", doc.faults[0].message, "yyy…\"");
    kn_text_cut(&text, 0);
    kn_text_add(&text, "\"a\n b\": 1\n? \"a\n b\"\n: 2\n? \"a\n b\"\n: 2\n");
    doc = parse_text();
    assert_null(doc.root);
    CHECK_STR("multi-line key", doc.faults[0].message, "expected \"key: value\", found \"\"a\"");
}

static void limits(const char *row, size_t faults, const char *message)
{
    struct kn_yaml_document doc = parse_text();

    CHECK_EQ(row, doc.fault_total, faults);
    CHECK_EQ(row, doc.root != NULL, faults == 0);
    if (faults > 0) {
        CHECK_EQ(row, doc.faults[0].kind, KN_YAML_FAULT_LIMIT);
        CHECK_STR(row, doc.faults[0].message, message);
        CHECK_STR(row, doc.faults[0].hint, "Check that this is the right file.");
    }
}

static void sixty_four_levels_are_enough(void **state)
{
    static const char message[] = "more than 64 lists and mappings inside each other";

    (void)state;
    for (size_t depth = KN_YAML_DEPTH_MAX; depth <= KN_YAML_DEPTH_MAX + 1; depth++) {
        kn_text_cut(&text, 0);
        kn_text_fill(&text, '[', depth);
        kn_text_fill(&text, ']', depth);
        limits("lists in brackets", depth - KN_YAML_DEPTH_MAX, message);
        kn_text_cut(&text, 0);
        for (size_t i = 0; i < depth; i++)
            kn_text_add(&text, "- ");
        limits("lists in lines", depth - KN_YAML_DEPTH_MAX, message);
        kn_text_cut(&text, 0);
        for (size_t i = 0; i < depth; i++) {
            kn_text_fill(&text, ' ', i);
            kn_text_add(&text, "a:\n");
        }
        limits("mappings in lines", depth - KN_YAML_DEPTH_MAX, message);
    }
}

static void nodes_are_counted(void **state)
{
    (void)state;
    kn_text_add(&text, "[");
    for (size_t i = 1; i < KN_YAML_NODES_MAX; i++)
        kn_text_add(&text, "a,\n");
    kn_text_add(&text, "]");
    limits("65536 nodes", 0, NULL);
    kn_text_cut(&text, text.n - 1);
    kn_text_add(&text, "a]");
    limits("65537 nodes", 1, "more than 65536 values and keys in one file");
}

static void size_is_limited_before_anything_is_read(void **state)
{
    struct kn_yaml_document doc;
    struct kn_yaml_position at;

    (void)state;
    kn_text_add(&text, "a: b #");
    kn_text_fill(&text, '#', KN_YAML_SIZE_MAX - text.n);
    limits("1 MiB", 0, NULL);
    kn_text_add(&text, "\n");
    limits("1 MiB and 1 byte", 1, "the file has 1048577 bytes, more than 1048576 (1 MiB)");
    doc = parse_text();
    at = kn_yaml_locate(&doc, doc.faults[0].start);
    assert_int_equal(at.line, 1);
    assert_int_equal(at.column, 1);
    assert_int_equal(at.line_end, KN_YAML_SIZE_MAX);
}

static void a_hundred_faults_are_kept_and_the_fatal_one(void **state)
{
    struct kn_yaml_document doc;

    (void)state;
    for (size_t i = 0; i < KN_YAML_FAULTS_MAX; i++)
        kn_text_add(&text, "- *x\n");
    doc = parse_text();
    assert_int_equal(doc.fault_count, KN_YAML_FAULTS_MAX);
    assert_int_equal(doc.fault_total, KN_YAML_FAULTS_MAX);
    kn_text_add(&text, "- *x\n- !y z\n--- \n");
    doc = parse_text();
    assert_int_equal(doc.fault_count, KN_YAML_FAULTS_MAX);
    assert_int_equal(doc.fault_total, KN_YAML_FAULTS_MAX + 3);
    assert_non_null(doc.root);
    kn_text_cut(&text, text.n - 5);
    kn_text_add(&text, "- [\n");
    doc = parse_text();
    assert_int_equal(doc.fault_count, KN_YAML_FAULTS_MAX);
    assert_int_equal(doc.fault_total, KN_YAML_FAULTS_MAX + 3);
    assert_null(doc.root);
    CHECK_STR("last", doc.faults[KN_YAML_FAULTS_MAX - 1].message, "this \"[\" is not closed");
}

/* The check looks at eight bytes at a time, line feeds among them. */
static void a_control_character_is_found_wherever_it_stands(void **state)
{
    static const char controls[] = { 0x01, 0x0b, 0x1f, 0x7f };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(controls); i++) {
        for (size_t at = 0; at < 23; at++) {
            char bytes[] = "#aaa\n#bbbb\n\n#ccccc\n#ddd";
            struct kn_yaml_document doc;

            bytes[at] = controls[i];
            CHECK_EQ("parse", kn_yaml_parse(arena, bytes, sizeof(bytes) - 1, &doc), KN_OK);
            CHECK_EQ("found", doc.fault_count, 1);
            CHECK_EQ("found", doc.faults[0].kind, KN_YAML_FAULT_ENCODING);
            CHECK_EQ("place", doc.faults[0].start, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_control_character_is_found_wherever_it_stands, begin,
                                        end),
        cmocka_unit_test_setup_teardown(syntax_is_explained_where_it_broke, begin, end),
        cmocka_unit_test_setup_teardown(what_is_refused_says_what_to_write, begin, end),
        cmocka_unit_test_setup_teardown(all_features_are_reported_in_order, begin, end),
        cmocka_unit_test_setup_teardown(equal_keys_of_different_mappings_are_no_duplicates, begin,
                                        end),
        cmocka_unit_test_setup_teardown(each_of_many_duplicates_is_found, begin, end),
        cmocka_unit_test_setup_teardown(messages_show_one_short_line, begin, end),
        cmocka_unit_test_setup_teardown(sixty_four_levels_are_enough, begin, end),
        cmocka_unit_test_setup_teardown(nodes_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(size_is_limited_before_anything_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_hundred_faults_are_kept_and_the_fatal_one, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
