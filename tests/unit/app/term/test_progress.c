#include "app/term/progress.h"

#include "app/term/page.h"
#include "support/check.h"

/* proves: NFR-1/1.4, P2/10.1 */
static void a_bar_is_as_long_as_what_is_done(void **state)
{
    static const struct kn_term fancy = { true, true, true, true, 80 },
                                ascii = { true, false, false, true, 80 },
                                pipe = { false, false, true, false, 80 };
    static const struct {
        const struct kn_term *term;
        struct kn_progress progress;
        const char *want;
    } rows[] = {
        { &fancy,
          { "Discovering network models", 4, 5, "4/5 models" },
          "Discovering network models... [████████░░] 80% (4/5 models)" },
        { &ascii, { "Discovering", 1, 3, NULL }, "Discovering... [###.......] 33%" },
        { &fancy,
          { "Calibrating hardware", 9, 5, "Done!" },
          "Calibrating hardware... [██████████] 100% (Done!)" },
        { &ascii,
          { "Discovering", 0, 7, "registry" },
          "Discovering... [..........] 0% (registry)" },
        { &pipe, { "Discovering", 1, 2, "1/2 models" }, "Discovering... 50% (1/2 models)" },
        { &fancy, { "Announcing", 0, 0, "3 s" }, "Announcing... (3 s)" },
        { &pipe, { "Announcing", 0, 0, NULL }, "Announcing..." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_progress_add(rows[i].term, &rows[i].progress, 80, &out);
        CHECK_STR(rows[i].want, kn_text_get(&out), rows[i].want);
        kn_text_cut(&out, 0);
        kn_progress_add(rows[i].term, &rows[i].progress, strlen(rows[i].want), &out);
        CHECK_STR(rows[i].want, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

static void a_note_gives_way_where_the_window_is_narrow(void **state)
{
    static const struct kn_term ascii = { true, false, false, true, 80 };
    static const struct kn_progress progress = { "Discovering", 4, 5, "4/5 models" };
    struct kn_text out = { 0 };

    (void)state;
    kn_progress_add(&ascii, &progress, 44, &out);
    CHECK_STR("all of it", kn_text_get(&out), "Discovering... [########..] 80% (4/5 models)");
    kn_text_cut(&out, 0);
    kn_progress_add(&ascii, &progress, 43, &out);
    CHECK_STR("one column less", kn_text_get(&out), "Discovering... [########..] 80%");
    kn_text_done(&out);
}

static void a_line_is_rewritten_in_its_place(void **state)
{
    struct kn_status_line line = { 0 };
    struct kn_text out = { 0 };

    (void)state;
    kn_status_line_clear(&line, 80, &out);
    CHECK_STR("nothing stands there", kn_text_get(&out), "");
    kn_status_line_draw(&line, "first", 80, &out);
    kn_status_line_draw(&line, "second", 80, &out);
    CHECK_STR("rewritten", kn_text_get(&out), "first\r\x1b[Jsecond");
    CHECK_EQ("width", line.width, 6);
    kn_text_cut(&out, 0);
    kn_status_line_clear(&line, 80, &out);
    kn_status_line_clear(&line, 80, &out);
    CHECK_STR("cleared once", kn_text_get(&out), "\r\x1b[J");
    kn_text_done(&out);
}

static void a_line_is_cut_where_the_window_is_narrow(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *want;
    } rows[] = {
        { "abcdef", 9, "abcdef" }, { "abcdef", 8, "abcde" }, { "abcdef", 3, "" },
        { "abcdef", 0, "" },       { "aé·f", 6, "aé·" },     { "a🚀b", 5, "a" },
        { "a🚀b", 6, "a🚀" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_status_line line = { 0 };
        struct kn_text out = { 0 };

        kn_status_line_draw(&line, rows[i].text, rows[i].columns, &out);
        CHECK_STR(rows[i].text, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

static void a_line_that_a_narrower_window_broke_is_taken_away_as_a_whole(void **state)
{
    struct kn_status_line line = { .width = 50 };
    struct kn_text out = { 0 };

    (void)state;
    kn_status_line_clear(&line, 20, &out);
    CHECK_STR("three lines", kn_text_get(&out), "\r\x1b[A\x1b[A\x1b[J");
    kn_text_done(&out);
}

static void words_of_others_move_no_cursor(void **state)
{
    static const struct kn_term term = { true, true, true, false, 40 };
    struct kn_text out = { 0 };
    const struct kn_page page = { &term, &out };

    (void)state;
    kn_page_line(&page, "🔍", "%s", "a\x1b[2J and many more words that need a second line");
    kn_page_item(&page, "%s", "b\nc");
    kn_page_pair(&page, "Model", "%s", "d");
    kn_page_pair(&page, "A label of some length", "%s", "e");
    CHECK_STR("page", kn_text_get(&out),
              "🔍 a?[2J and many more words that need a\n   second line\n   • b?c\n"
              "Model:         d\nA label of some length: e\n");
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_is_as_long_as_what_is_done),
        cmocka_unit_test(a_note_gives_way_where_the_window_is_narrow),
        cmocka_unit_test(a_line_is_rewritten_in_its_place),
        cmocka_unit_test(a_line_is_cut_where_the_window_is_narrow),
        cmocka_unit_test(a_line_that_a_narrower_window_broke_is_taken_away_as_a_whole),
        cmocka_unit_test(words_of_others_move_no_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
