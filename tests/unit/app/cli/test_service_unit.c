#include "app/cli/service_unit.h"

#include "lib/base/text.h"
#include "support/check.h"

static void a_word_is_read_back_as_it_was(void **state)
{
    static const struct {
        const char *word, *want;
    } rows[] = {
        { "--port=8090", "\"--port=8090\"" },
        { "", "\"\"" },
        { "a b", "\"a b\"" },
        { "say \"x\" \\ y", "\"say \\\"x\\\" \\\\ y\"" },
        { "100%", "\"100%%\"" },
        { "$HOME ${x}", "\"$$HOME $${x}\"" },
        { "a\nExecStartPre=/bin/rm", "\"a\\x0aExecStartPre=/bin/rm\"" }, /* no line of its own */
        { "\x7f\t\x1b", "\"\\x7f\\x09\\x1b\"" },
        { "ä;'", "\"ä;'\"" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_service_unit_add_word(rows[i].word, &out);
        CHECK_STR(rows[i].word, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

static void what_is_printed_is_known_again(void **state)
{
    static const char *const words[] = { "--home=/h", "--port=1" };
    const struct kn_service_unit unit = {
        .program = "/opt/a b/kwaainet", .words = words, .word_count = 2, .home = "/h/100%"
    };
    struct kn_text out = { 0 };

    (void)state;
    kn_service_unit_print(&unit, &out);
    CHECK("ours", kn_service_unit_is_ours(kn_text_get(&out)));
    CHECK("program", strstr(kn_text_get(&out), "\nExecStart=\"/opt/a b/kwaainet\" start --no-save "
                                               "\"--home=/h\" \"--port=1\"\n") != NULL);
    CHECK("after its end",
          strstr(kn_text_get(&out), "\nExecStopPost=-\"/opt/a b/kwaainet\" service "
                                    "ended --quiet \"--home=/h/100%%\"\n") != NULL);
    CHECK("folder", strstr(kn_text_get(&out), "\nWorkingDirectory=-/h/100%%\n") != NULL);
    CHECK("no user", strstr(kn_text_get(&out), "User=") == NULL);
    CHECK("no walls", strstr(kn_text_get(&out), "ProtectSystem") == NULL);
    CHECK("another's", !kn_service_unit_is_ours("[Unit]\n"));
    CHECK("nobody's", !kn_service_unit_is_ours(""));
    kn_text_done(&out);
}

static void a_system_unit_has_walls_with_doors(void **state)
{
    const struct kn_service_unit unit = { .user = "ada",
                                          .program = "/k",
                                          .home = "/home/ada/.kwaainet",
                                          .config_folder = "/etc/kwaainet",
                                          .user_home = "/home/ada" };
    static const char *const lines[] = {
        "\nUser=ada\n",
        "\nProtectSystem=strict\n",
        "\nReadWritePaths=\"-/home/ada/.kwaainet\"\n",
        "\nReadWritePaths=\"-/etc/kwaainet\"\n",
        "\nReadWritePaths=\"-/home/ada/.cache\"\n",
        "\nWantedBy=multi-user.target\n",
    };
    struct kn_text out = { 0 };

    (void)state;
    kn_service_unit_print(&unit, &out);
    for (size_t i = 0; i < KN_COUNT(lines); i++)
        CHECK(lines[i], strstr(kn_text_get(&out), lines[i]) != NULL);
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_read_back_as_it_was),
        cmocka_unit_test(what_is_printed_is_known_again),
        cmocka_unit_test(a_system_unit_has_walls_with_doors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
