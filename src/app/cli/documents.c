/* docs, config example, config schema, completion, man: what app/docs prints from the tables. */
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/tree.h"
#include "app/docs/docs.h"
#include "lib/base/nearest.h"
#include "node/metrics/metrics.h"

static const char *const shells[] = { "bash", "zsh", "fish" };

/* Print a document as it is, or as a member of one. Takes the text. */
static enum kn_exit print(struct kn_cli *cli, struct kn_text *document)
{
    struct kn_json *json;

    if (document->failed)
        kn_out_of_memory();
    if (cli->json) {
        json = kn_json_object();
        kn_tree_text(json, "text", kn_text_get(document));
        kn_cli_answer(cli, json);
    } else {
        kn_text_add(&cli->answer, kn_text_get(document));
    }
    kn_text_done(document);
    return KN_EXIT_DONE;
}

static enum kn_exit run_settings(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_docs_settings(&text);
    return print(cli, &text);
}

static enum kn_exit run_commands(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_docs_commands(kn_commands, &text);
    return print(cli, &text);
}

static enum kn_exit run_errors(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_docs_errors(&text);
    return print(cli, &text);
}

static enum kn_exit run_states(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_docs_states(&text);
    return print(cli, &text);
}

static enum kn_exit run_metrics(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_metrics_describe(&text);
    return print(cli, &text);
}

static enum kn_exit run_man(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    kn_docs_man(kn_commands, &text);
    return print(cli, &text);
}

static enum kn_exit run_example(struct kn_cli *cli)
{
    struct kn_text text = { 0 };

    if (kn_cli_option(cli, "--full") != NULL)
        kn_docs_example_full(&text);
    else
        kn_docs_example(&text);
    return print(cli, &text);
}

/* The schema is JSON, so with --json too it is the document. */
static enum kn_exit run_schema(struct kn_cli *cli)
{
    kn_docs_schema(&cli->answer);
    return KN_EXIT_DONE;
}

static enum kn_exit run_completion(struct kn_cli *cli)
{
    const char *shell = cli->arguments[0];
    struct kn_nearest nearest = kn_nearest_to(shell);
    struct kn_text text = { 0 };
    struct kn_error err = { 0 };

    if (kn_docs_completion(shell, kn_commands, &text))
        return print(cli, &text);
    for (size_t i = 0; i < KN_COUNT(shells); i++)
        kn_nearest_offer(&nearest, shells[i]);
    (void)kn_fail(&err, KN_E_INVALID, "no completion for \"%.100s\"", shell);
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest.best);
    else
        kn_hint(&err, "There is one for bash, zsh and fish.");
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static const struct kn_command_flag example_flags[] = {
    { "--full", NULL, "Print every value live instead of commented out." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_config_example = {
    .name = "config example",
    .brief = "Print a configuration file with every setting, its range and its built-in value.",
    .flags = example_flags,
    .detail = "Values are commented out, so the file changes nothing until a # is taken away: "
              "kwaainet config example > node_config.yaml begins one.\n\n"
              "With --json: {\"text\"}.",
    .run = run_example,
};

const struct kn_command kn_cmd_config_schema = {
    .name = "config schema",
    .brief = "Print the JSON Schema of the configuration file, for editors.",
    .detail = "JSON Schema 2020-12; with --json it is the same document.",
    .run = run_schema,
};

const struct kn_command kn_cmd_docs_settings = {
    .name = "docs settings",
    .brief = "Print the reference of all settings.",
    .detail = "Markdown. With --json: {\"text\"}.",
    .run = run_settings,
};

const struct kn_command kn_cmd_docs_commands = {
    .name = "docs commands",
    .brief = "Print the reference of all commands.",
    .detail = "Markdown. With --json: {\"text\"}.",
    .run = run_commands,
};

const struct kn_command kn_cmd_docs_errors = {
    .name = "docs errors",
    .brief = "Print what every kind of problem and every exit code means.",
    .detail = "Markdown. With --json: {\"text\"}.",
    .run = run_errors,
};

const struct kn_command kn_cmd_docs_metrics = {
    .name = "docs metrics",
    .brief = "Print what a node counts.",
    .detail = "Markdown. With --json: {\"text\"}.",
    .run = run_metrics,
};

const struct kn_command kn_cmd_docs_states = {
    .name = "docs states",
    .brief = "Print the states of a node and what they mean.",
    .detail = "Markdown. With --json: {\"text\"}.",
    .run = run_states,
};

const struct kn_command kn_cmd_completion = {
    .name = "completion",
    .brief = "Print the completion script of a shell.",
    .arguments = "bash|zsh|fish",
    .least = 1,
    .most = 1,
    .detail = "For this session of bash: source <(kwaainet completion bash).\n\n"
              "With --json: {\"text\"}.",
    .run = run_completion,
};

const struct kn_command kn_cmd_man = {
    .name = "man",
    .brief = "Print the manual page.",
    .detail = "To read it: kwaainet man | man -l -. With --json: {\"text\"}.",
    .run = run_man,
};
