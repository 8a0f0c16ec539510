#include "app/term/table.h"

#include "app/term/term.h"
#include "support/check.h"

static const struct kn_table_column columns[] = {
    { "PEER", false, true },
    { "PORT", true, false },
    { "AGENT", false, true },
};

static const char *const cells[] = {
    "12D3KooWBtg3aaLsnd8D", "80", "kwaainet/1.0.0", "Qm", "8080", "p2pd",
};

static void a_column_gives_way_only_where_a_terminal_is_too_narrow(void **state)
{
    static const char whole[] = "PEER                  PORT  AGENT\n"
                                "12D3KooWBtg3aaLsnd8D    80  kwaainet/1.0.0\n"
                                "Qm                    8080  p2pd\n";
    static const struct {
        const char *row;
        struct kn_term term;
        const char *want;
    } rows[] = {
        { "it fits to the last column", { true, true, false, true, 42 }, whole },
        { "one past it",
          { true, true, false, true, 41 },
          "PEER                 PORT  AGENT\n"
          "12D3KooWBtg3aaLsnd…    80  kwaainet/1.0.0\n"
          "Qm                   8080  p2pd\n" },
        { "without UTF-8",
          { true, false, false, true, 41 },
          "PEER                 PORT  AGENT\n"
          "12D3KooWBtg3aaLsn..    80  kwaainet/1.0.0\n"
          "Qm                   8080  p2pd\n" },
        { "the first gives way before the next",
          { true, true, false, true, 28 },
          "PEER      PORT  AGENT\n"
          "12D3Koo…    80  kwaainet/1.…\n"
          "Qm        8080  p2pd\n" },
        { "a pipe gets all of it", { false, true, false, false, 20 }, whole },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_table_add(&rows[i].term, columns, KN_COUNT(columns), cells, 2, &out);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_gives_way_only_where_a_terminal_is_too_narrow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
