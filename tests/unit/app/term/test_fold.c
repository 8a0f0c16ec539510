#include "app/term/fold.h"

#include "lib/base/text.h"
#include "support/check.h"

static void text_breaks_at_blanks_and_hangs(void **state)
{
    static const struct {
        const char *row, *text;
        struct kn_fold fold;
        const char *want;
        size_t end;
    } rows[] = {
        { "nothing", "", { 10, 0, 0 }, "", 0 },
        { "fits to the last column", "aaaa bbbbb", { 10, 0, 2 }, "aaaa bbbbb", 10 },
        { "one past it", "aaaa bbbbbb", { 10, 0, 2 }, "aaaa\n  bbbbbb", 8 },
        { "the cursor counts", "aaaa bbb", { 10, 3, 1 }, "aaaa\n bbb", 4 },
        { "a long word stays whole",
          "a bbbbbbbbbbbb c",
          { 10, 0, 2 },
          "a\n  bbbbbbbbbbbb\n  c",
          3 },
        { "a long word at the start of a line", "bbbbbbbbbbbb", { 10, 2, 2 }, "bbbbbbbbbbbb", 14 },
        { "line feeds are kept", "a\n\nb", { 10, 0, 2 }, "a\n\n  b", 3 },
        { "blanks inside stay", "a  b", { 10, 0, 0 }, "a  b", 4 },
        { "blanks at a break and at the end go",
          "aaaaa   bbbbbb ",
          { 10, 0, 0 },
          "aaaaa\nbbbbbb",
          6 },
        { "umlauts are one column",
          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 bbbbb",
          { 10, 0, 0 },
          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 bbbbb",
          10 },
        { "wide letters are two",
          "\xe4\xb8\xad\xe4\xb8\xad bbbbbb",
          { 10, 0, 0 },
          "\xe4\xb8\xad\xe4\xb8\xad\nbbbbbb",
          6 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        CHECK_EQ(rows[i].row, kn_fold_add(&out, rows[i].text, &rows[i].fold), rows[i].end);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

static void paragraphs_are_indented_throughout(void **state)
{
    struct kn_text out = { 0 };

    (void)state;
    kn_fold_paragraph(&out, "one two three", 10, 2);
    CHECK_STR("paragraph", kn_text_get(&out), "  one two\n  three\n");
    kn_text_done(&out);
}

static void items_stand_beside_their_names_or_below(void **state)
{
    static const struct {
        const char *row, *name, *text, *want;
    } rows[] = {
        { "beside", "--a", "one two three", "  --a   one two\n        three\n" },
        { "two blanks are enough", "--ab", "one", "  --ab  one\n" },
        { "one is not", "--abc", "one", "  --abc\n        one\n" },
        { "no text", "--abc", "", "  --abc\n" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_fold_item(&out, rows[i].name, rows[i].text, 16, 8);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_breaks_at_blanks_and_hangs),
        cmocka_unit_test(paragraphs_are_indented_throughout),
        cmocka_unit_test(items_stand_beside_their_names_or_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
