/* demo: a private swarm on loopback, and the first run of a node in it. */
#include "demo/demo.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/term/fold.h"
#include "config/schema/setting.h"
#include "demo/population.h"
#include "demo/swarm.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/base/number.h"

enum { STAY_MAX_S = 3600, WORDS_SIZE = KN_DEMO_WORDS_MAX + 1, STATUS_OF_SIGNALS = 128 };

#define OUR_VARIABLES "KWAAINET_"

static enum kn_exit read_stay(struct kn_cli *cli, int64_t *seconds)
{
    const char *word = kn_cli_option(cli, "--for");
    struct kn_error err = { 0 };

    *seconds = KN_DEMO_FOR_EVER;
    if (word == NULL ||
        (kn_parse_whole(word, seconds) == KN_OK && *seconds >= 0 && *seconds <= STAY_MAX_S))
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_RANGE, "--for %.40s: must be a whole number from 0 to %d", word,
                  STAY_MAX_S);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

static bool is_variable(const char *entry, const char *name)
{
    size_t n = strlen(name);

    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Does it change what a node does, or where its files are? */
static bool is_ours(const char *entry)
{
    if (strncmp(entry, OUR_VARIABLES, strlen(OUR_VARIABLES)) == 0 || is_variable(entry, "HOME"))
        return true;
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].alias != NULL && is_variable(entry, kn_settings[i].alias))
            return true;
    }
    return false;
}

static const char *const *clean_environment(struct kn_cli *cli)
{
    const char *const *given = cli->request.environment;
    const char **out;
    size_t n = 0, kept = 0;

    while (given[n] != NULL)
        n++;
    out = kn_arena_alloc(cli->arena, (n + 1) * sizeof(*out));
    if (out == NULL)
        kn_out_of_memory();
    for (size_t i = 0; i < n; i++) {
        if (!is_ours(given[i]))
            out[kept++] = given[i];
    }
    out[kept] = NULL;
    return out;
}

static void add_words(const struct kn_cli *cli, const char *words[WORDS_SIZE])
{
    size_t n = 0;

    if (kn_cli_option(cli, "--yes") != NULL)
        words[n++] = "--yes";
    if (cli->json)
        words[n++] = "--json";
    if (cli->quiet)
        words[n++] = "--quiet";
    words[n] = NULL;
}

static void say(struct kn_cli *cli, const char *text)
{
    kn_fold_paragraph(&cli->talk, text, cli->err_term.columns, 0);
}

/* As it could be typed, so nothing is folded: a flag with its value on a line of its own. */
static void say_command(struct kn_cli *cli, const char *folder, const char *const *argv)
{
    kn_text_add(&cli->talk, "\n$ cd ");
    kn_term_add_safe(&cli->talk, folder);
    kn_text_addf(&cli->talk, "\n$ %s", argv[0]);
    for (size_t i = 1; argv[i] != NULL; i++)
        kn_text_addf(&cli->talk, "%s%s", argv[i][0] == '-' ? " \\\n    " : " ", argv[i]);
    kn_text_add(&cli->talk, "\n\n");
}

static void on_begins(void *arg, const char *folder, const char *const *argv, int64_t ms)
{
    struct kn_cli *cli = arg;
    struct kn_text text = { 0 };
    struct kn_error ignored = { 0 };

    if (cli->quiet || cli->json)
        return;
    kn_text_addf(&text,
                 "A private swarm: %d nodes on 127.0.0.1 hold what %d made-up providers of %d "
                 "models have announced. The first run of a node in it follows. Its machine is "
                 "made up too; all else is real. Nothing of yours is read or written: its files "
                 "are in a private folder, which goes with it.",
                 KN_DEMO_NODES, KN_DEMO_PROVIDERS, KN_DEMO_MODELS);
    say(cli, kn_text_get(&text));
    kn_text_done(&text);
    kn_text_addf(&cli->talk, "Ready after %lld ms.\n", (long long)ms);
    say_command(cli, folder, argv);
    (void)!kn_cli_flush(cli, &ignored); /* before the node speaks on the same terminal */
}

static enum kn_exit exit_of(struct kn_cli *cli, int status)
{
    struct kn_error err = { 0 };

    if (status < STATUS_OF_SIGNALS)
        return (enum kn_exit)status; /* it is this program too */
    (void)kn_fail(&err, KN_E_CANCELLED, "the node was ended by signal %d",
                  status - STATUS_OF_SIGNALS);
    return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

static enum kn_exit run(struct kn_cli *cli)
{
    const char *words[WORDS_SIZE], *temporary = kn_cli_lookup(cli, "TMPDIR");
    struct kn_demo_options options = {
        .temporary = temporary != NULL && temporary[0] == '/' ? temporary : "/tmp",
        .words = words,
        .arg = cli,
        .begins = on_begins,
    };
    enum kn_exit code = read_stay(cli, &options.stay_s);
    struct kn_error err = { 0 };
    int status = 0;

    if (code != KN_EXIT_DONE)
        return code;
    add_words(cli, words);
    options.environment = clean_environment(cli);
    if (kn_demo_run(&options, &status, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    if (!cli->quiet && !cli->json)
        say(cli, "The swarm of the demo has ended, and its folder is gone.");
    return exit_of(cli, status);
}

static const struct kn_command_flag flags[] = {
    { "--yes", NULL, "Answer the question of the node with yes." },
    { "--for", "SECONDS", "End by itself, so long after every bootstrap has seen the node." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_demo = {
    .name = "demo",
    .brief = "Show the first run of a node in a private swarm.",
    .flags = flags,
    .detail = "Makes a swarm of 12 nodes on 127.0.0.1 that hold the records of 284 made-up "
              "providers of 4 models, and runs this program as a node in it: it looks, chooses, "
              "joins, announces and stays, as a first run does anywhere. Only the facts of the "
              "machine are made up. Home, configuration and working folder of that node are a "
              "private folder below TMPDIR or /tmp, which is removed at the end; nothing of yours "
              "is read or written, and nobody outside this machine takes part. Ends on an "
              "interrupt.\n\n"
              "Exits with the status of the node. With --json the lines are those of start --json.",
    .run = run,
};
