#include "app/term/notice.h"

#include "app/term/term.h"
#include "support/check.h"

static const char *shown(const struct kn_notice *notice, unsigned columns)
{
    static char copy[4096];
    const struct kn_term term = { .columns = columns };
    struct kn_text out = { 0 };

    kn_notice_add(&term, notice, &out);
    (void)snprintf(copy, sizeof(copy), "%s", kn_text_get(&out));
    kn_text_done(&out);
    return copy;
}

/* proves: FR-4/4.4, NFR-2/2.2 */
static void a_mistake_shows_its_place_its_line_and_the_way_out(void **state)
{
    const struct kn_notice notice = { .place = "node_config.yaml:14:10",
                                      .message = "model.dtype: unknown value \"flaot16\"",
                                      .excerpt = "  dtype: flaot16",
                                      .line = 14,
                                      .caret = 9,
                                      .caret_width = 7,
                                      .hints = { "Did you mean float16?" } };

    (void)state;
    CHECK_STR("notice", shown(&notice, 80),
              "  node_config.yaml:14:10  model.dtype: unknown value \"flaot16\"\n"
              "      14 |   dtype: flaot16\n"
              "         |          ^^^^^^^\n"
              "      Did you mean float16?\n");
}

static void a_flag_has_no_line(void **state)
{
    const struct kn_notice notice = { .place = "--port 70000",
                                      .message = "node.port: 70000 is outside 1..65535",
                                      .hints = { NULL, "given on the command line" },
                                      .is_warning = true };

    (void)state;
    CHECK_STR("notice", shown(&notice, 80),
              "  --port 70000  warning: node.port: 70000 is outside 1..65535\n"
              "      given on the command line\n");
}

/* 40 columns leave 40 - 6 - 1 - 3 = 30 for the line. */
static void long_lines_are_cut_around_the_caret(void **state)
{
    static const char digits[] = "0123456789012345678901234567890123456789012345678901234567";
    static const struct {
        const char *row;
        size_t caret, width;
        const char *line, *under;
    } rows[] = {
        { "at the start", 0, 1, "012345678901234567890123456789", "^" },
        { "ends at the edge", 29, 1, "012345678901234567890123456789",
          "                             ^" },
        { "one past the edge", 30, 1, "012345678901234567890123456789", "          ^" },
        { "at the end", 57, 1, "890123456789012345678901234567", "                             ^" },
        { "behind the end", 58, 1, "890123456789012345678901234567",
          "                              ^" },
        { "wider than the room", 20, 38, "012345678901234567890123456789",
          "          ^^^^^^^^^^^^^^^^^^^^" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_notice notice = { .place = "f:1:1",
                                          .message = "m",
                                          .excerpt = digits,
                                          .line = 1,
                                          .caret = rows[i].caret,
                                          .caret_width = rows[i].width };
        char want[256];

        (void)snprintf(want, sizeof(want), "  f:1:1  m\n      1 | %s\n        | %s\n", rows[i].line,
                       rows[i].under);
        CHECK_STR(rows[i].row, shown(&notice, 40), want);
    }
}

static void wide_letters_are_not_split_by_the_edge(void **state)
{
    /* 1 + 2 * 30 columns; the window ends inside a letter */
    const struct kn_notice notice = {
        .place = "f:1:1",
        .message = "m",
        .excerpt = "a\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
                   "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
                   "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad",
        .line = 1,
        .caret = 1,
        .caret_width = 2
    };

    (void)state;
    CHECK_STR("notice", shown(&notice, 40),
              "  f:1:1  m\n      1 | a\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
              "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
              "\xe4\xb8\xad\xe4\xb8\xad\n        |  ^^\n");
}

static void a_long_place_gets_a_line_of_its_own(void **state)
{
    const struct kn_notice notice = { .place = "a-folder/with/node_config.yaml:1:1",
                                      .message = "node.name: this is wrong" };

    (void)state;
    CHECK_STR("notice", shown(&notice, 40),
              "  a-folder/with/node_config.yaml:1:1\n      node.name: this is wrong\n");
}

static void nothing_in_it_moves_the_cursor(void **state)
{
    const struct kn_notice notice = {
        .place = "a\x1b[2J", .message = "b\nc", .excerpt = "d\te\r", .line = 1, .hints = { "f\x07" }
    };

    (void)state;
    CHECK_STR("notice", shown(&notice, 80),
              "  a?[2J  b?c\n      1 | d?e?\n        | ^\n      f?\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_shows_its_place_its_line_and_the_way_out),
        cmocka_unit_test(a_flag_has_no_line),
        cmocka_unit_test(long_lines_are_cut_around_the_caret),
        cmocka_unit_test(wide_letters_are_not_split_by_the_edge),
        cmocka_unit_test(a_long_place_gets_a_line_of_its_own),
        cmocka_unit_test(nothing_in_it_moves_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
