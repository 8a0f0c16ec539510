/* logs: what the node has written down of itself. */
#include <string.h>

#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/logs_lines.h"
#include "app/cli/running.h"
#include "app/cli/tree.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "node/control/control.h"
#include "node/log/log.h"

enum { LINES = 20, ASK_MS = 5000 };

static enum kn_exit read_lines(struct kn_cli *cli, int64_t *lines)
{
    const char *word = kn_cli_option(cli, "-n");
    struct kn_error err = { 0 };

    *lines = LINES;
    if (word == NULL ||
        (kn_parse_whole(word, lines) == KN_OK && *lines >= 0 && *lines <= KN_TAIL_LINES_MAX))
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_RANGE, "-n %.40s: must be a whole number from 0 to %d", word,
                  KN_TAIL_LINES_MAX);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

/* -- which file */

static const char *keep(struct kn_cli *cli, const char *text)
{
    const char *kept = kn_arena_dup(cli->arena, text);

    if (kept == NULL)
        kn_out_of_memory();
    return kept;
}

/* Where the running node says that it writes; it may be busy, and then the configuration tells. */
static struct kn_json *ask(const char *home)
{
    struct kn_error ignored = { 0 };
    struct kn_json *status = NULL;

    (void)!kn_control_ask(home, "status", ASK_MS, &status, &ignored);
    return status;
}

static enum kn_exit writes_none(struct kn_cli *cli, const char *place)
{
    struct kn_error err = { 0 };

    if (place == NULL)
        (void)kn_fail(&err, KN_E_NOT_FOUND, "the running node writes no log");
    else
        (void)kn_fail(&err, KN_E_NOT_FOUND, "the running node writes its log to the %.40s", place);
    if (place != NULL && strcmp(place, "journal") == 0)
        kn_hint(&err, "Read it with journalctl.");
    else
        kn_hint(&err, "Name a file for it: kwaainet config set logging.file_path PATH.");
    return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

/* KN_EXIT_DONE without a path: it did not say. */
static enum kn_exit ask_path(struct kn_cli *cli, const char *home, const char **path)
{
    struct kn_json *status = ask(home);
    const struct kn_json *log = kn_json_get(status, "log");
    const char *told = kn_json_to_text(kn_json_get(log, "path"));
    const char *place = kn_json_to_text(kn_json_get(log, "place"));
    enum kn_exit code = KN_EXIT_DONE;

    if (told != NULL)
        *path = keep(cli, told);
    else if (log != NULL)
        code = writes_none(cli, place);
    kn_json_free(status);
    return code;
}

static enum kn_exit configured_path(struct kn_cli *cli, const char *home, const char **path)
{
    struct kn_snapshot *snapshot;
    const struct kn_path *file;
    enum kn_exit code = kn_load_any(cli, &snapshot);

    if (code != KN_EXIT_DONE)
        return code;
    file = &kn_snapshot_config(snapshot)->logging.file_path;
    *path = file->is == KN_GIVEN ? keep(cli, file->text)
                                 : kn_arena_printf(cli->arena, "%s/%s", home, KN_LOG_FILE_NAME);
    if (*path == NULL)
        kn_out_of_memory();
    kn_snapshot_unref(snapshot);
    return KN_EXIT_DONE;
}

static enum kn_exit find(struct kn_cli *cli, struct kn_running *running, const char **path)
{
    struct kn_run_look look = { 0 };
    struct kn_config_paths paths;
    struct kn_error err = { 0 };
    enum kn_exit code = kn_locate(cli, &paths);

    *path = NULL;
    if (code != KN_EXIT_DONE)
        return code;
    *running = (struct kn_running){ .home = paths.home };
    if (kn_run_folder_look(paths.home, &look, &err) == KN_OK && look.runs) {
        running->pid = look.pid;
        code = ask_path(cli, paths.home, path);
    }
    kn_run_look_done(&look);
    if (code == KN_EXIT_DONE && *path == NULL)
        code = configured_path(cli, paths.home, path);
    return code;
}

/* -- the command */

static enum kn_exit reopen(struct kn_cli *cli)
{
    struct kn_running running;
    struct kn_json *answer = NULL;
    enum kn_exit code = kn_running_find(cli, &running);

    if (code == KN_EXIT_DONE)
        code = kn_running_ask(cli, &running, "reopen", &answer);
    kn_json_free(answer);
    if (code != KN_EXIT_DONE)
        return code;
    if (cli->json) {
        answer = kn_json_object();
        kn_tree_set(answer, "reopened", kn_json_bool(true));
        kn_cli_answer(cli, answer);
    } else if (!cli->quiet) {
        kn_text_add(&cli->answer, "the log file was opened anew\n");
    }
    return KN_EXIT_DONE;
}

static enum kn_exit fail(struct kn_cli *cli, enum kn_code code, struct kn_error *err)
{
    if (code == KN_E_NOT_FOUND)
        kn_hint(err, "A node writes one where logging.file_path names it, or in the background.");
    return kn_cli_fail(cli, KN_EXIT_FAILED, err);
}

static enum kn_exit show(struct kn_cli *cli, const struct kn_running *running, const char *path,
                         int64_t lines)
{
    struct kn_logs logs = { .cli = cli, .path = path };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_logs_begin(&logs, (uint64_t)lines, &err);

    if (rc == KN_OK && kn_cli_option(cli, "-f") != NULL)
        rc = kn_logs_follow(&logs, running->home, running->pid, &err);
    kn_logs_end(&logs);
    return rc == KN_OK ? KN_EXIT_DONE : fail(cli, rc, &err);
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct kn_running running;
    const char *path;
    int64_t lines;
    enum kn_exit code = read_lines(cli, &lines);

    if (code == KN_EXIT_DONE && kn_cli_option(cli, "--reopen") != NULL)
        return reopen(cli);
    if (code == KN_EXIT_DONE)
        code = find(cli, &running, &path);
    return code == KN_EXIT_DONE ? show(cli, &running, path, lines) : code;
}

static const struct kn_command_flag flags[] = {
    { "-n", "N", "Show so many lines from the end of the log; 20 unless given." },
    { "-f", NULL, "Go on with what comes, until an interrupt or the end of the node." },
    { "--reopen", NULL, "Let the running node open its log file anew; after it was moved away." },
    { NULL, NULL, NULL },
};

const struct kn_command kn_cmd_logs = {
    .name = "logs",
    .brief = "Show what the node has written down of itself.",
    .flags = flags,
    .loads_configuration = true,
    .detail = "Shows the file that the running node names; when none runs, the one that the "
              "configuration names, or logs/kwaainet.log in the data folder. It is read from its "
              "end, and followed also where it is put aside, shortened or replaced. A line of "
              "more than 4096 bytes is cut, and what could move the cursor is shown as a question "
              "mark. A signal SIGUSR1 to the node does what --reopen does.\n\n"
              "With --json: one object a line; a line of text is {\"line\"}. Lines that the node "
              "has written as JSON have \"time\", \"level\", \"module\", \"event\", \"text\" and "
              "what belongs to the event.",
    .run = run,
};
