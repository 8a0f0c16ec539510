#include "app/cli/parse.h"

#include "app/cli/cli.h"
#include "lib/base/arena.h"
#include "support/check.h"

enum { WORDS_MOST = 8 };

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (n < WORDS_MOST && words[n] != NULL)
        n++;
    return n;
}

static void words_become_command_flags_and_arguments(void **state)
{
    static const struct {
        const char *row, *words[WORDS_MOST], *command;
        size_t arguments;
        const char *first;
        size_t flags;
        bool json, quiet, help;
    } rows[] = {
        { .row = "nothing", .command = "start" },
        { "a flag first", { "--port", "1" }, "start", 0, NULL, 1, false, false, false },
        { "two words", { "config", "show" }, "config show", 0, NULL, 0, false, false, false },
        { "flags anywhere",
          { "config", "get", "--json", "node.port", "--quiet" },
          "config get",
          1,
          "node.port",
          0,
          true,
          true,
          false },
        { "a setting's flag",
          { "config", "get", "--port", "1", "node.port" },
          "config get",
          1,
          "node.port",
          1,
          false,
          false,
          false },
        { "with an equals sign",
          { "config", "show", "--port=1", "--set", "node.name=abc" },
          "config show",
          0,
          NULL,
          2,
          false,
          false,
          false },
        { "a negative number is an argument",
          { "config", "set", "node.port", "-1" },
          "config set",
          2,
          "node.port",
          0,
          false,
          false,
          false },
        { "nothing is a flag behind --",
          { "config", "set", "--", "node.name", "--json" },
          "config set",
          2,
          "node.name",
          0,
          false,
          false,
          false },
        { "help needs no arguments",
          { "config", "get", "-h" },
          "config get",
          0,
          NULL,
          0,
          false,
          false,
          true },
        { "help alone", { "--help" }, "start", 0, NULL, 0, false, false, true },
        { "version with a value",
          { "config", "show", "--version", "1.2.3" },
          "config show",
          0,
          NULL,
          1,
          false,
          false,
          false },
        { "a flag's value may be a dash",
          { "config", "show", "--log-file", "-" },
          "config show",
          0,
          NULL,
          1,
          false,
          false,
          false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_cli cli = { .arena = kn_arena_new() };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, kn_cli_parse(&cli, rows[i].words, count(rows[i].words), &err), KN_OK);
        CHECK_STR(rows[i].row, cli.command != NULL ? cli.command->name : NULL, rows[i].command);
        CHECK_EQ(rows[i].row, cli.argument_count, rows[i].arguments);
        if (rows[i].first != NULL)
            CHECK_STR(rows[i].row, cli.arguments[0], rows[i].first);
        CHECK_EQ(rows[i].row, cli.request.flag_count, rows[i].flags);
        CHECK_EQ(rows[i].row, cli.json, rows[i].json);
        CHECK_EQ(rows[i].row, cli.quiet, rows[i].quiet);
        CHECK_EQ(rows[i].row, cli.help, rows[i].help);
        kn_arena_free(cli.arena);
    }
}

/* proves: FR-0/0.2.6 */
static void a_flag_takes_its_word_only_when_it_is_the_next_one(void **state)
{
    static const struct {
        const char *row, *words[WORDS_MOST], *value;
        size_t flags;
    } rows[] = {
        { "alone", { "start", "--calibrate" }, "", 0 },
        { "quick", { "start", "--calibrate", "quick" }, "quick", 0 },
        { "full", { "start", "--calibrate", "full" }, "full", 0 },
        { "full, with a sign", { "start", "--calibrate=full" }, "full", 0 },
        { "another flag", { "start", "--calibrate", "--port", "1" }, "", 1 },
        { "one of its own behind another", { "start", "--calibrate", "--dry-run" }, "", 0 },
        { "not given", { "start", "--port", "1" }, NULL, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_cli cli = { .arena = kn_arena_new() };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, kn_cli_parse(&cli, rows[i].words, count(rows[i].words), &err), KN_OK);
        CHECK_STR(rows[i].row, kn_cli_option(&cli, "--calibrate"), rows[i].value);
        CHECK_EQ(rows[i].row, cli.request.flag_count, rows[i].flags);
        CHECK_EQ(rows[i].row, cli.argument_count, 0);
        kn_arena_free(cli.arena);
    }
}

static void wrong_usage_says_what_and_what_instead(void **state)
{
    static const struct {
        const char *row, *words[WORDS_MOST], *text, *hint;
    } rows[] = {
        { "a command",
          { "config", "shw" },
          "unknown command \"config shw\"",
          "Did you mean kwaainet config show?" },
        { "the first word of two",
          { "confg", "show" },
          "unknown command \"confg show\"",
          "Did you mean kwaainet config show?" },
        { "a group", { "confg" }, "unknown command \"confg\"", "Did you mean kwaainet config?" },
        { "the second word alone",
          { "explain" },
          "unknown command \"explain\"",
          "Did you mean kwaainet config explain?" },
        { "nothing near",
          { "zzzz" },
          "unknown command \"zzzz\"",
          "kwaainet --help lists the commands." },
        { "a flag first", { "--prot", "1" }, "unknown flag \"--prot\"", "Did you mean --port?" },
        { "a flag of a setting",
          { "config", "show", "--prot", "1" },
          "unknown flag \"--prot\"",
          "Did you mean --port?" },
        { "a flag of the command",
          { "config", "show", "--sektion", "x" },
          "unknown flag \"--sektion\"",
          "Did you mean --section?" },
        { "a setting's flag where none counts",
          { "man", "--port", "1" },
          "unknown flag \"--port\"",
          "kwaainet man --help lists the flags." },
        { "no value",
          { "config", "show", "--section" },
          "--section has no value",
          "Write --section NAME." },
        { "a flag is no value",
          { "config", "show", "--section", "--json" },
          "--section has no value",
          "Write --section NAME." },
        { "an empty value",
          { "config", "show", "--section=" },
          "--section has no value",
          "Write --section NAME." },
        { "a value too many", { "config", "show", "--quiet=1" }, "--quiet takes no value", "" },
        { "no word of the flag",
          { "start", "--calibrate=quik" },
          "--calibrate does not take \"quik\"",
          "Write --calibrate [quick|full]." },
        { "only the first part of one",
          { "start", "--calibrate=qui" },
          "--calibrate does not take \"qui\"",
          "Write --calibrate [quick|full]." },
        { "an empty word",
          { "start", "--calibrate=" },
          "--calibrate does not take \"\"",
          "Write --calibrate [quick|full]." },
        { "the next word is none of its own",
          { "start", "--calibrate", "quik" },
          "start does not take \"quik\"",
          "It takes no arguments." },
        { "too few",
          { "config", "get" },
          "config get needs KEY",
          "kwaainet config get --help says more." },
        { "too many",
          { "config", "get", "a", "b" },
          "config get does not take \"b\"",
          "Write kwaainet config get KEY." },
        { "one too many that may be a secret",
          { "config", "get", "alerts.webhook_url", "https://SECRET" },
          "config get does not take \"https…\"",
          "Write kwaainet config get KEY." },
        { "none wanted",
          { "config", "show", "a" },
          "config show does not take \"a\"",
          "It takes no arguments." },
        { "an unknown key",
          { "config", "show", "--set", "node.prot=1" },
          "--set node.prot: unknown key",
          "Did you mean node.port?" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_cli cli = { .arena = kn_arena_new() };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, kn_cli_parse(&cli, rows[i].words, count(rows[i].words), &err),
                 KN_E_INVALID);
        CHECK_STR(rows[i].row, err.text, rows[i].text);
        CHECK_STR(rows[i].row, err.hint, rows[i].hint);
        kn_arena_free(cli.arena);
    }
}

static void json_counts_also_behind_a_mistake(void **state)
{
    static const char *const before[] = { "config", "show", "--nonsense", "--json" };
    static const char *const ended[] = { "config", "show", "--nonsense", "--", "--json" };
    struct kn_cli cli = { .arena = kn_arena_new() };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("wrong", kn_cli_parse(&cli, before, KN_COUNT(before), &err), KN_E_INVALID);
    CHECK("json", cli.json);
    CHECK_EQ("wrong", kn_cli_parse(&cli, ended, KN_COUNT(ended), &err), KN_E_INVALID);
    CHECK("no flag any more", !cli.json);
    kn_arena_free(cli.arena);
}

static void version_is_the_programs_only_when_alone(void **state)
{
    static const char *const words[] = { "--version" };
    struct kn_cli cli = { .arena = kn_arena_new() };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("alone", kn_cli_parse(&cli, words, 1, &err), KN_OK);
    CHECK("version", cli.version);
    kn_arena_free(cli.arena);
}

/* What help, completion and the manual are printed from. */
static void every_command_is_whole(void **state)
{
    (void)state;
    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        const char *name = (*at)->name, *brief = (*at)->brief;

        CHECK(name, brief[0] >= 'A' && brief[0] <= 'Z' && brief[strlen(brief) - 1] == '.');
        CHECK(name, (*at)->run != NULL);
        CHECK_EQ(name, (*at)->arguments == NULL, (*at)->most == 0);
        CHECK(name, (*at)->most == KN_ARGUMENTS_ANY || (*at)->least <= (*at)->most);
        for (const struct kn_command *const *other = kn_commands; other != at; other++)
            CHECK(name, strcmp((*other)->name, name) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_command_flags_and_arguments),
        cmocka_unit_test(a_flag_takes_its_word_only_when_it_is_the_next_one),
        cmocka_unit_test(wrong_usage_says_what_and_what_instead),
        cmocka_unit_test(json_counts_also_behind_a_mistake),
        cmocka_unit_test(version_is_the_programs_only_when_alone),
        cmocka_unit_test(every_command_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
