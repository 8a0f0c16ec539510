#include "app/cli/cli.h"

#include <string.h>

#include "app/cli/help.h"
#include "app/cli/parse.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/term/fold.h"
#include "lib/base/arena.h"
#include "lib/os/clock.h"
#include "lib/os/output.h"
#include "lib/os/working.h"

const char *kn_cli_option(const struct kn_cli *cli, const char *name)
{
    for (size_t i = cli->option_count; i > 0; i--) {
        if (strcmp(cli->options[i - 1].name, name) == 0)
            return cli->options[i - 1].value;
    }
    return NULL;
}

const char *kn_cli_lookup(void *arg, const char *name)
{
    const struct kn_cli *cli = arg;
    size_t n = strlen(name);

    for (const char *const *at = cli->request.environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
            return *at + n + 1;
    }
    return NULL;
}

static void say_failure(struct kn_cli *cli, const struct kn_error *err)
{
    struct kn_text text = { 0 };
    struct kn_fold fold = { .columns = cli->err_term.columns, .hang = 2 };

    kn_text_add(&text, "kwaainet: ");
    kn_term_add_safe(&text, err->text);
    (void)kn_fold_add(&cli->talk, kn_text_get(&text), &fold);
    kn_text_add_char(&cli->talk, '\n');
    kn_text_cut(&text, 0);
    kn_term_add_safe(&text, err->hint);
    if (text.n > 0)
        kn_fold_paragraph(&cli->talk, kn_text_get(&text), cli->err_term.columns, 2);
    kn_text_done(&text);
}

enum kn_exit kn_cli_fail(struct kn_cli *cli, enum kn_exit code, const struct kn_error *err)
{
    if (cli->json)
        kn_cli_answer(cli, kn_refusal_json(kn_failure_json(code, err)));
    else
        say_failure(cli, err);
    return code;
}

void kn_cli_answer(struct kn_cli *cli, struct kn_json *json)
{
    kn_text_cut(&cli->answer, 0);
    if (json == NULL || !kn_json_print(json, &cli->answer))
        kn_out_of_memory();
    kn_json_free(json);
}

/* A conversation that nobody hears is no failure. */
static void write_talk(struct kn_cli *cli)
{
    struct kn_error ignored = { 0 };

    if (cli->talk.n > 0)
        (void)!kn_output_write(KN_OUTPUT_ERR, cli->talk.at, cli->talk.n, &ignored);
    kn_text_cut(&cli->talk, 0);
}

enum kn_code kn_cli_flush(struct kn_cli *cli, struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    if (cli->answer.failed || cli->talk.failed)
        return kn_fail_no_memory(err);
    if (!cli->answer_first)
        write_talk(cli);
    if (cli->answer.n > 0)
        rc = kn_output_write(KN_OUTPUT_OUT, cli->answer.at, cli->answer.n, err);
    kn_text_cut(&cli->answer, 0);
    write_talk(cli);
    return rc;
}

/* What every run needs to know of its surroundings. */
static enum kn_code look_around(struct kn_cli *cli, struct kn_error *err)
{
    struct kn_text working = { 0 };
    enum kn_code rc;

    cli->out_term = kn_term_of((int)KN_OUTPUT_OUT, kn_cli_lookup, cli);
    cli->err_term = kn_term_of((int)KN_OUTPUT_ERR, kn_cli_lookup, cli);
    if (kn_clock_now(&cli->request.now_s) != KN_OK)
        cli->request.now_s = 0;
    rc = kn_working_folder(&working, err);
    if (rc == KN_OK) {
        cli->request.working = kn_arena_dup(cli->arena, kn_text_get(&working));
        rc = cli->request.working != NULL ? KN_OK : kn_fail_no_memory(err);
    }
    kn_text_done(&working);
    return rc;
}

static enum kn_exit need_subcommand(struct kn_cli *cli)
{
    struct kn_text names = { 0 };
    struct kn_error err = { 0 };
    size_t n = strlen(cli->group);

    for (const struct kn_command *const *at = kn_commands; *at != NULL; at++) {
        if (strncmp((*at)->name, cli->group, n) == 0 && (*at)->name[n] == ' ')
            kn_text_addf(&names, "%s%s", names.n > 0 ? ", " : "", (*at)->name + n + 1);
    }
    (void)kn_fail(&err, KN_E_INVALID, "%s needs a command behind it", cli->group);
    kn_hint(&err, "It is one of %s.", kn_text_get(&names));
    kn_text_done(&names);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static enum kn_exit dispatch(struct kn_cli *cli)
{
    if (cli->version)
        return kn_help_version(cli);
    if (cli->help && cli->unnamed)
        return kn_help_overview(cli);
    if (cli->command != NULL)
        return cli->help ? kn_help_command(cli, cli->command) : cli->command->run(cli);
    return cli->help ? kn_help_group(cli, cli->group) : need_subcommand(cli);
}

static enum kn_exit run(struct kn_cli *cli, const char *const *words, size_t n)
{
    struct kn_error err = { 0 };
    enum kn_code rc = look_around(cli, &err), parsed;
    struct kn_error wrong = { 0 };

    /* Also without a working folder: help needs none. */
    parsed = kn_cli_parse(cli, words, n, &wrong);
    if (parsed != KN_OK)
        return kn_cli_fail(cli, parsed == KN_E_INVALID ? KN_EXIT_USAGE : KN_EXIT_FAILED, &wrong);
    if (rc != KN_OK && cli->command != NULL && cli->command->loads_configuration && !cli->help) {
        kn_hint(&err, "Change to a folder that exists.");
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    }
    return dispatch(cli);
}

/* A closed pipe is no news to anybody; everything else is told. */
static enum kn_exit finish(struct kn_cli *cli, enum kn_exit code)
{
    struct kn_error err = { 0 };
    enum kn_code rc = kn_cli_flush(cli, &err);

    if (rc == KN_OK)
        return code;
    if (rc != KN_E_NOT_FOUND) {
        kn_text_done(&cli->talk);
        say_failure(cli, &err);
        kn_text_cut(&cli->answer, 0);
        (void)!kn_cli_flush(cli, &err);
    }
    return KN_EXIT_FAILED;
}

int kn_cli_main(int argc, const char *const *argv, const char *const *environment)
{
    struct kn_cli cli = { .words = argv,
                          .request.environment = environment,
                          .arena = kn_arena_new() };
    size_t n = argc > 0 ? (size_t)argc - 1 : 0;
    enum kn_exit code;

    if (cli.arena == NULL)
        kn_out_of_memory();
    code = finish(&cli, run(&cli, n > 0 ? argv + 1 : argv, n));
    kn_text_done(&cli.answer);
    kn_text_done(&cli.talk);
    kn_arena_free(cli.arena);
    return (int)code;
}
