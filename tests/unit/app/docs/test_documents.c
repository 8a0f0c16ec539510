/* proves: UD/3, DD/3 */
#include "app/docs/docs.h"
#include "config/schema/check.h"
#include "config/schema/problem.h"
#include "config/schema/setting.h"
#include "lib/base/text.h"
#include "support/check.h"
#include "support/commands.h"

static const char *const shells[] = { "bash", "zsh", "fish" };

static void sample_commands_to(struct kn_text *out)
{
    kn_docs_commands(sample_commands, out);
}

static void sample_man_to(struct kn_text *out)
{
    kn_docs_man(sample_commands, out);
}

static void every_document_names_every_setting(void **state)
{
    static const struct {
        const char *name, *before, *after;
        bool whole_key;
        void (*print)(struct kn_text *out);
    } rows[] = {
        { "settings", "### ", "\n", true, kn_docs_settings },
        { "example", "", ":", false, kn_docs_example },
        { "full example", "", ":", false, kn_docs_example_full },
        { "schema", "\"", "\": {", false, kn_docs_schema },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text text = { 0 }, wanted = { 0 };
        const char *at;

        rows[i].print(&text);
        at = kn_text_get(&text);
        for (size_t k = 0; k < kn_setting_count; k++) {
            kn_text_cut(&wanted, 0);
            kn_text_addf(&wanted, "%s%s%s", rows[i].before,
                         rows[i].whole_key ? kn_settings[k].key : kn_setting_leaf(&kn_settings[k]),
                         rows[i].after);
            /* In the order of the table: search behind the last one. */
            at = strstr(at, kn_text_get(&wanted));
            CHECK_STR(rows[i].name, at != NULL ? "found" : kn_settings[k].key, "found");
            at += wanted.n;
        }
        kn_text_done(&text);
        kn_text_done(&wanted);
    }
}

static void every_shell_completes_every_key_and_flag(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(shells); i++) {
        struct kn_text text = { 0 };

        CHECK(shells[i], kn_docs_completion(shells[i], sample_commands, &text));
        for (size_t k = 0; k < kn_setting_count; k++) {
            const char *flag = kn_settings[k].flag;

            CHECK_HAS(shells[i], kn_text_get(&text), kn_settings[k].key);
            if (flag != NULL)
                CHECK_HAS(shells[i], kn_text_get(&text), flag);
        }
        for (size_t k = 0; sample_commands[k] != NULL; k++)
            CHECK_HAS(shells[i], kn_text_get(&text), sample_commands[k]->name);
        kn_text_done(&text);
    }
}

static void a_shell_that_is_not_known_gets_nothing(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    CHECK("tcsh", !kn_docs_completion("tcsh", sample_commands, &text));
    CHECK("empty", !kn_docs_completion("", sample_commands, &text));
    CHECK_EQ("nothing printed", text.n, 0);
    kn_text_done(&text);
}

static void an_entry_of_the_reference_says_all_of_its_row(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    kn_docs_settings(&text);
    CHECK_HAS(
        "port", kn_text_get(&text),
        "### node.port\n\n"
        "The TCP port on which the node listens. A number is strict: when that port is taken, "
        "the node does\nnot start.\n\n"
        "- whole number, 1..65535, or `auto` (the first free port of 8080-8100)\n"
        "- built in: `auto`\n"
        "- `--port N`, `KWAAINET_NODE_PORT`, also `KWAAINET_PORT`\n"
        "- A change needs a restart.");
    CHECK_HAS("choice", kn_text_get(&text),
              "- `text`, `json`\n  - `text`: One line for people.\n"
              "  - `json`: One JSON object a line.\n- built in: `text`\n");
    CHECK_HAS("unit", kn_text_get(&text),
              "- duration, 1ms..30d, a plain number is in s\n- built in: `5m`\n");
    CHECK_HAS("null", kn_text_get(&text),
              "- size, 1MiB..1PiB, a plain number is in GiB, or `null`\n- built in: `null`\n");
    CHECK_HAS("secret", kn_text_get(&text), "- The value is never shown.\n");
    CHECK_HAS("list", kn_text_get(&text), "- built in:\n  - `/dns/bootstrap-1.kwaai.ai/");
    CHECK_HAS("data folder", kn_text_get(&text), "- built in: `~/.kwaainet/identity.key`\n");
    for (size_t i = 0; i < kn_check_count; i++)
        CHECK_HAS("rule", kn_text_get(&text), kn_checks[i].name);
    for (size_t i = 0; i < kn_rename_count; i++)
        CHECK_HAS("renamed", kn_text_get(&text), kn_renames[i].old_key);
    kn_text_done(&text);
}

static void a_command_is_shown_with_its_synopsis_and_flags(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    sample_commands_to(&text);
    CHECK_HAS("show", kn_text_get(&text),
              "### kwaainet config show\n\n```\nkwaainet config show [FLAGS]\n```\n\n"
              "Show every setting and where its value comes from.\n\nFirst paragraph.\n");
    CHECK_HAS("own flag", kn_text_get(&text), "- `--section NAME`: Show one section");
    CHECK_HAS("arguments", kn_text_get(&text),
              "kwaainet config set [FLAGS] KEY VALUE [KEY VALUE]...\n");
    CHECK_HAS("no flags", kn_text_get(&text), "\nkwaainet completion bash|zsh|fish\n");
    CHECK_HAS("common", kn_text_get(&text), "- `--json`: ");
    CHECK_HAS("setting", kn_text_get(&text), "- `--port N`: The TCP port");
    kn_text_done(&text);
}

static void the_reference_of_errors_names_every_kind_and_code(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    kn_docs_errors(&text);
    for (int kind = 0; kind < KN_PROBLEM_KIND_COUNT; kind++)
        CHECK_HAS("kind", kn_text_get(&text), kn_problem_info((enum kn_problem_kind)kind)->word);
    CHECK_HAS("row", kn_text_get(&text), "| `duplicate-key` | error | ParseError | A key stands ");
    CHECK_HAS("code", kn_text_get(&text), "| `KN_E_RANGE` | a number outside its bounds |\n");
    CHECK_HAS("exit", kn_text_get(&text), "| 78 | `configuration` | ");
    kn_text_done(&text);
}

static void the_states_are_the_words_of_their_setting(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    kn_docs_states(&text);
    CHECK_HAS("offline", kn_text_get(&text), "- `OFFLINE`: Joins the network and announces noth");
    CHECK_HAS("of a node alone", kn_text_get(&text), "- `DRAINING`: Finishes the open sessions");
    CHECK_HAS("initial", kn_text_get(&text), "built in is `JOINING`.\n");
    kn_text_done(&text);
}

static void a_line_of_the_manual_never_becomes_a_macro_by_accident(void **state)
{
    struct kn_text text = { 0 };

    (void)state;
    sample_man_to(&text);
    CHECK_HAS("dot", kn_text_get(&text), "\n\\&.Second paragraph");
    CHECK_HAS("quote", kn_text_get(&text), "\n\\&'Third line.");
    CHECK_HAS("flag", kn_text_get(&text), "\\fB\\-\\-port\\fR \\fIN\\fR\n");
    kn_text_done(&text);
}

static void a_text_that_failed_stays_failed(void **state)
{
    void (*const documents[])(struct kn_text *) = {
        kn_docs_settings, kn_docs_errors,     kn_docs_states, kn_docs_example,
        kn_docs_schema,   sample_commands_to, sample_man_to,
    };
    struct kn_text text = { .failed = true };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(documents); i++)
        documents[i](&text);
    for (size_t i = 0; i < KN_COUNT(shells); i++)
        CHECK(shells[i], kn_docs_completion(shells[i], sample_commands, &text));
    CHECK("failed", text.failed && text.n == 0 && text.at == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_names_every_setting),
        cmocka_unit_test(every_shell_completes_every_key_and_flag),
        cmocka_unit_test(a_shell_that_is_not_known_gets_nothing),
        cmocka_unit_test(an_entry_of_the_reference_says_all_of_its_row),
        cmocka_unit_test(a_command_is_shown_with_its_synopsis_and_flags),
        cmocka_unit_test(the_reference_of_errors_names_every_kind_and_code),
        cmocka_unit_test(the_states_are_the_words_of_their_setting),
        cmocka_unit_test(a_line_of_the_manual_never_becomes_a_macro_by_accident),
        cmocka_unit_test(a_text_that_failed_stays_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
