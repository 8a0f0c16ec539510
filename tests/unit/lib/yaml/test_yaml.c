#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"
#include "support/check.h"

static struct kn_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = kn_arena_new();
    return arena == NULL;
}

static int close_arena(void **state)
{
    (void)state;
    kn_arena_free(arena);
    return 0;
}

/* A document in memory of exactly its size, so that reading past it is found. */
static struct kn_yaml_document parse(const char *text, size_t size)
{
    struct kn_yaml_document doc = { 0 };
    char *bytes = test_malloc(size > 0 ? size : 1);
    char *kept;

    memcpy(bytes, text, size);
    assert_int_equal(kn_yaml_parse(arena, bytes, size, &doc), KN_OK);
    kept = kn_arena_dup_n(arena, text, size);
    assert_non_null(kept);
    doc.bytes = kept;
    test_free(bytes);
    return doc;
}

/* "style<bytes>" of each node, depth first; a place where nothing stands is "@offset". */
static void write_node(struct kn_text *out, const struct kn_yaml_document *doc,
                       const struct kn_yaml_node *node)
{
    static const char *const styles[] = { "word",    "plain",  "single", "double",
                                          "literal", "folded", "block",  "flow" };

    if (kn_yaml_is_absent(node)) {
        kn_text_addf(out, "@%u ", (unsigned)node->start);
        return;
    }
    kn_text_addf(out, "%s<", styles[node->style]);
    kn_text_add_n(out, doc->bytes + node->start, node->end - node->start);
    kn_text_add(out, "> ");
    for (const struct kn_yaml_node *child = node->first; child != NULL; child = child->next) {
        write_node(out, doc, child);
        if (child->value != NULL)
            write_node(out, doc, child->value);
    }
}

static const char *outline(const struct kn_yaml_document *doc)
{
    struct kn_text text = { 0 };
    const char *copy;

    if (doc->root == NULL)
        return "nothing";
    write_node(&text, doc, doc->root);
    kn_text_cut(&text, text.n - 1);
    copy = kn_arena_dup(arena, kn_text_get(&text));
    kn_text_done(&text);
    return copy;
}

static void every_node_knows_its_bytes(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "plain", "a: b c\n", "block<a: b c> plain<a> plain<b c>" },
        { "no last line break", "a: b", "block<a: b> plain<a> plain<b>" },
        { "comment behind", "a: b # c\n# d\n", "block<a: b> plain<a> plain<b>" },
        { "plain over two lines", "a: b\n  c\nd: e\n",
          "block<a: b\n  c\nd: e> plain<a> plain<b\n  c> plain<d> plain<e>" },
        { "quotes are inside", "a: 'b''s' # c\n", "block<a: 'b''s'> plain<a> single<'b''s'>" },
        { "double quotes", "\"a\": \"b\\n\"  \n",
          "block<\"a\": \"b\\n\"> double<\"a\"> double<\"b\\n\">" },
        { "literal: blank lines stay outside", "a: |\n  b\n\n  c\n\n\nd: e\n",
          "block<a: |\n  b\n\n  c\n\n\nd: e> plain<a> literal<|\n  b\n\n  c> plain<d> plain<e>" },
        { "literal last in the file", "a: |\n  b\n\n# c\n",
          "block<a: |\n  b> plain<a> literal<|\n  b>" },
        { "literal without last line break", "a: |\n  b",
          "block<a: |\n  b> plain<a> literal<|\n  b>" },
        { "kept blank lines are content", "a: |+\n  b\n\nc: d\n",
          "block<a: |+\n  b\n\nc: d> plain<a> literal<|+\n  b\n> plain<c> plain<d>" },
        { "spaces beyond the indentation are content", "a: |\n  b\n    \n  \nc: d\n",
          "block<a: |\n  b\n    \n  \nc: d> plain<a> literal<|\n  b\n    \n  > plain<c> plain<d>" },
        { "folded with header", "a: >2-\n   b\n  c\n\n",
          "block<a: >2-\n   b\n  c> plain<a> folded<>2-\n   b\n  c>" },
        { "header with a comment", "a: | # c\n  b\n",
          "block<a: | # c\n  b> plain<a> literal<| # c\n  b>" },
        { "empty literal", "a: | # c\n\nb: >-\n",
          "block<a: | # c\n\nb: >-> plain<a> literal<|> plain<b> folded<>->" },
        { "flow", "a: [b, {c: d}, ] # e\n",
          "block<a: [b, {c: d}, ]> plain<a> flow<[b, {c: d}, ]> plain<b> flow<{c: d}> plain<c> "
          "plain<d>" },
        { "flow over lines", "a: [\n  b,\n  c # d\n  ]\ne: f\n",
          "block<a: [\n  b,\n  c # d\n  ]\ne: f> plain<a> flow<[\n  b,\n  c # d\n  ]> plain<b> "
          "plain<c> plain<e> plain<f>" },
        { "a pair in a list", "[a: b, ? c : d]",
          "flow<[a: b, ? c : d]> flow<a: b> plain<a> plain<b> flow<? c : d> plain<c> plain<d>" },
        { "a pair whose key ends in a bracket", "[\"[\": 1, 2]",
          "flow<[\"[\": 1, 2]> flow<\"[\": 1> double<\"[\"> plain<1> plain<2>" },
        { "json", "{\"a\":[1,{}],\"b\":null}\n",
          "flow<{\"a\":[1,{}],\"b\":null}> double<\"a\"> flow<[1,{}]> plain<1> flow<{}> "
          "double<\"b\"> "
          "plain<null>" },
        { "block inside block ends with its last child", "a:\n  b:\n    c: d\n\n  # e\n\nf: g\n",
          "block<a:\n  b:\n    c: d\n\n  # e\n\nf: g> plain<a> block<b:\n    c: d> plain<b> "
          "block<c: d> plain<c> plain<d> plain<f> plain<g>" },
        { "list at the indentation of its key", "a:\n- b\n- c: d\n  e: f\n\nf: g\n",
          "block<a:\n- b\n- c: d\n  e: f\n\nf: g> plain<a> block<- b\n- c: d\n  e: f> plain<b> "
          "block<c: d\n  e: f> plain<c> plain<d> plain<e> plain<f> plain<f> plain<g>" },
        { "lists in a list", "- - a\n  - b\n-\n  - c\n",
          "block<- - a\n  - b\n-\n  - c> block<- a\n  - b> plain<a> plain<b> block<- c> plain<c>" },
        { "nothing behind a colon",
          "a:\nb: # c\nd:", "block<a:\nb: # c\nd:> plain<a> @2 plain<b> @5 plain<d> @12" },
        { "nothing behind a dash", "-\n- # a\n- b\n", "block<-\n- # a\n- b> @1 @3 plain<b>" },
        { "nothing in braces", "{a: , b , \"c\":}",
          "flow<{a: , b , \"c\":}> plain<a> @3 plain<b> @7 double<\"c\"> @14" },
        { "nothing in a pair", "[a: ]", "flow<[a: ]> flow<a:> plain<a> @3" },
        { "nothing behind a question mark", "? a # b\n? c\n:\n:d: e\n",
          "block<? a # b\n? c\n:\n:d: e> plain<a> @3 plain<c> @13 plain<:d> plain<e>" },
        { "CR LF", "a: b\r\nc:\r\n  - |\r\n    d\r\n\r\n  - e\r\n",
          "block<a: b\r\nc:\r\n  - |\r\n    d\r\n\r\n  - e> plain<a> plain<b> plain<c> "
          "block<- |\r\n    d\r\n\r\n  - e> literal<|\r\n    d> plain<e>" },
        { "CR", "a: b\rc: d\r", "block<a: b\rc: d> plain<a> plain<b> plain<c> plain<d>" },
        { "byte order mark",
          "\xef\xbb\xbf"
          "a: b\nc: d\n",
          "block<a: b\nc: d> plain<a> plain<b> plain<c> plain<d>" },
        { "byte order mark and not ASCII", "\xef\xbb\xbfä: ü # ö\nß: [\"😀\", é]\n",
          "block<ä: ü # ö\nß: [\"😀\", é]> plain<ä> plain<ü> plain<ß> flow<[\"😀\", é]> "
          "double<\"😀\"> "
          "plain<é>" },
        { "document marks", "%YAML 1.2\n---\na: b\n...\n# c\n...\n",
          "block<a: b> plain<a> plain<b>" },
        { "one scalar", "--- a\n", "plain<a>" },
        { "empty file", "", "nothing" },
        { "only a byte order mark", "\xef\xbb\xbf", "nothing" },
        { "only comments", "# a\n\n  # b", "nothing" },
        { "only a document mark", "---\n# a\n", "nothing" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document doc = parse(cases[i].text, strlen(cases[i].text));

        CHECK_EQ(cases[i].name, doc.fault_total, 0);
        CHECK_STR(cases[i].name, outline(&doc), cases[i].want);
    }
}

static void refused_features_stand_outside_the_ranges(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "anchor and tag before a value", "a: &x !!str b\n",
          "block<a: &x !!str b> plain<a> plain<b>" },
        { "tag of its own", "a: ! b\n", "block<a: ! b> plain<a> plain<b>" },
        { "verbatim tag", "[!<a,b> c]", "flow<[!<a,b> c]> plain<c>" },
        { "tag at a comma", "[!a , b]", "flow<[!a , b]> @1 plain<b>" },
        { "before a flow list", "a: &x\n  [b]\n",
          "block<a: &x\n  [b]> plain<a> flow<[b]> plain<b>" },
        { "before a block", "a: &x # c\n  &k b: c\n",
          "block<a: &x # c\n  &k b: c> plain<a> block<&k b: c> plain<b> plain<c>" },
        { "before a block list", "a: &x\n- b\n", "block<a: &x\n- b> plain<a> block<- b> plain<b>" },
        { "with nothing behind", "a: &x\nb:\n- !t\n",
          "block<a: &x\nb:\n- !t> plain<a> @2 plain<b> block<- !t> @11" },
        { "an alias is nothing", "a: *x\nb: c\n",
          "block<a: *x\nb: c> plain<a> @2 plain<b> plain<c>" },
        { "an alias in a list is left out", "- a\n- *x\n- b\n",
          "block<- a\n- *x\n- b> plain<a> plain<b>" },
        { "an alias as key", "*x : a\nb: c\n", "block<*x : a\nb: c> plain<b> plain<c>" },
        { "a merge", "a: b\n<<: [*x, *y]\n", "block<a: b\n<<: [*x, *y]> plain<a> plain<b>" },
        { "a list as key", "? [a]\n: b\nc: d\n", "block<? [a]\n: b\nc: d> plain<c> plain<d>" },
        { "null as key", "~: a\nnull: b\n'null': c\n",
          "block<~: a\nnull: b\n'null': c> single<'null'> plain<c>" },
        { "the first of two keys counts", "a: 1\n\"a\": {a: 2}\nb: 3\n",
          "block<a: 1\n\"a\": {a: 2}\nb: 3> plain<a> plain<1> plain<b> plain<3>" },
        { "a second document", "a: b\n---\nc: d\n", "block<a: b> plain<a> plain<b>" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document doc = parse(cases[i].text, strlen(cases[i].text));

        CHECK(cases[i].name, doc.fault_total > 0);
        CHECK_STR(cases[i].name, outline(&doc), cases[i].want);
    }
}

static void scalars_are_decoded_text(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "a: yes", "yes" },
        { "a: b\n  c\n\n  d\n", "b c\nd" },
        { "a: 'it''s'", "it's" },
        { "a: \"\\x41\\u00e4\\U0001f600\\t\\/\"", "Aä😀\t/" },
        { "a: \"b\\\n  c\"", "bc" },
        { "a: |\n  b\n   c\n\n", "b\n c\n" },
        { "a: |+\n  b\n\n", "b\n\n" },
        { "a: >-\n  b\n  c\n", "b c" },
        { "a: |\r\n  b\r\n", "b\n" },
        { "a: ''", "" },
        { "a: #b", "" },
        { "a: b#c", "b#c" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document doc = parse(cases[i].text, strlen(cases[i].text));
        struct kn_yaml_node *key = kn_yaml_find(doc.root, "a");

        CHECK(cases[i].text, key != NULL);
        CHECK_STR(cases[i].text, key->value->text, cases[i].want);
        CHECK_EQ(cases[i].text, key->value->length, strlen(cases[i].want));
        CHECK(cases[i].text, key->parent == doc.root && key->value->parent == doc.root);
    }
}

static void keys_are_found_by_name(void **state)
{
    static const char text[] = "a: 1\n'b c': {d: 2}\nab: 3\n";
    struct kn_yaml_document doc = parse(text, strlen(text));

    (void)state;
    assert_int_equal(doc.root->count, 3);
    CHECK_STR("a", kn_yaml_find(doc.root, "a")->value->text, "1");
    CHECK_STR("ab", kn_yaml_find(doc.root, "ab")->value->text, "3");
    CHECK_STR("d", kn_yaml_find(kn_yaml_find(doc.root, "b c")->value, "d")->value->text, "2");
    assert_null(kn_yaml_find(doc.root, "d"));
    assert_null(kn_yaml_find(doc.root, ""));
    assert_null(kn_yaml_find(kn_yaml_find(doc.root, "a")->value, "a"));
    assert_null(kn_yaml_find(NULL, "a"));
}

static void only_plain_words_are_null(void **state)
{
    static const struct {
        const char *text;
        bool null, absent;
    } cases[] = {
        { "a:", true, true },       { "a: ~", true, false },       { "a: null", true, false },
        { "a: Null", true, false }, { "a: NULL", true, false },    { "a: nULL", false, false },
        { "a: ''", false, false },  { "a: 'null'", false, false }, { "a: |\n", false, false },
        { "a: []", false, false },  { "a: {}", false, false },
    };
    struct kn_yaml_node word = kn_yaml_word("null");

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document doc = parse(cases[i].text, strlen(cases[i].text));

        CHECK_EQ(cases[i].text, kn_yaml_is_null(doc.root->first->value), cases[i].null);
        CHECK_EQ(cases[i].text, kn_yaml_is_absent(doc.root->first->value), cases[i].absent);
    }
    assert_false(kn_yaml_is_null(&word));
    word = kn_yaml_word("");
    assert_false(kn_yaml_is_absent(&word));
    assert_int_equal(word.length, 0);
}

static void equal_documents_may_look_different(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "a: b\nc: [d, e]\n", "{\"a\": 'b', c: \n  [\"d\", e]}", true },
        { "a:", "a: ~", true },
        { "a: null", "a: 'null'", false },
        { "a:", "a: ''", false },
        { "a: 1\nb: 2", "b: 2\na: 1", false },
        { "a: 1", "a: 1\nb: 2", false },
        { "[a, b]", "[a, c]", false },
        { "[a, b]", "[a]", false },
        { "[[a], b]", "[[b], b]", false },
        { "[a]", "{a: }", false },
        { "a: |\n  b\n", "a: \"b\\n\"", true },
        { "", "# a", true },
        { "", "a", false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document a = parse(cases[i].a, strlen(cases[i].a));
        struct kn_yaml_document b = parse(cases[i].b, strlen(cases[i].b));

        CHECK_EQ(cases[i].b, kn_yaml_equal(a.root, b.root), cases[i].equal);
        CHECK_EQ(cases[i].b, kn_yaml_equal(b.root, a.root), cases[i].equal);
    }
}

static void places_count_lines_and_characters(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        uint32_t line, column, line_start, line_end;
    } cases[] = {
        { "", 0, 1, 1, 0, 0 },
        { "ab", 1, 1, 2, 0, 2 },
        { "ab\n", 2, 1, 3, 0, 2 },
        { "ab\n", 3, 2, 1, 3, 3 },
        { "ab\ncd", 4, 2, 2, 3, 5 },
        { "ab\r\ncd\r\n", 5, 2, 2, 4, 6 },
        { "ab\r\ncd", 3, 1, 4, 0, 2 },
        { "ab\rcd\r\re", 7, 4, 1, 7, 8 },
        { "ab\rcd\r\re", 6, 3, 1, 6, 6 },
        { "äöü", 4, 1, 3, 0, 6 },
        { "😀a", 4, 1, 2, 0, 5 },
        { "\xef\xbb\xbf"
          "ab",
          0, 1, 1, 0, 5 },
        { "\xef\xbb\xbf"
          "ab",
          4, 1, 2, 0, 5 },
        { "\xef\xbb\xbf\n\xef", 5, 2, 2, 4, 5 },
        { "ab", 99, 1, 3, 0, 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_yaml_document doc = parse(cases[i].text, strlen(cases[i].text));
        struct kn_yaml_position at = kn_yaml_locate(&doc, cases[i].offset);

        CHECK_EQ(cases[i].text, at.line, cases[i].line);
        CHECK_EQ(cases[i].text, at.column, cases[i].column);
        CHECK_EQ(cases[i].text, at.line_start, cases[i].line_start);
        CHECK_EQ(cases[i].text, at.line_end, cases[i].line_end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_node_knows_its_bytes, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(refused_features_stand_outside_the_ranges, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(scalars_are_decoded_text, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(keys_are_found_by_name, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(only_plain_words_are_null, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(equal_documents_may_look_different, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(places_count_lines_and_characters, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
