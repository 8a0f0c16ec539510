/* config edit: the file in an editor; what comes out is checked before it is written. */
#include <stdio.h>
#include <string.h>

#include "app/cli/change.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/docs/docs.h"
#include "lib/base/arena.h"
#include "lib/os/private_folder.h"
#include "lib/os/process.h"
#include "lib/os/terminal.h"
#include "lib/yaml/yaml.h"

enum { STDIN = 0, EDITOR_WORDS_MOST = 16, ANSWER_SIZE = 64 };

#define BLANKS " \t"

struct session {
    struct kn_cli *cli;
    struct kn_change change;
    struct kn_text folder, copy; /* the private folder, and the file in it */
    struct kn_bytes start;       /* what the editor begins with */
    bool kept;                   /* the copy holds work that was not written */
};

/* The variable, NULL when it is unset or nothing but blanks. */
static const char *filled(struct kn_cli *cli, const char *name)
{
    const char *value = kn_cli_lookup(cli, name);

    return value != NULL && value[strspn(value, BLANKS)] != '\0' ? value : NULL;
}

/* "code --wait" as words; quotes have no meaning. */
static enum kn_exit run_editor(struct session *session)
{
    struct kn_cli *cli = session->cli;
    const char *words[EDITOR_WORDS_MOST + 2] = { NULL }, *editor = filled(cli, "VISUAL");
    struct kn_error err = { 0 };
    size_t n = 0;
    int status = 0;

    if (editor == NULL)
        editor = filled(cli, "EDITOR");
    if (editor == NULL)
        editor = "vi";
    for (const char *at = editor + strspn(editor, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
        size_t length = strcspn(at, BLANKS);

        if (n == EDITOR_WORDS_MOST) {
            (void)kn_fail(&err, KN_E_LIMIT, "the editor \"%.60s…\" has more than %d words", editor,
                          EDITOR_WORDS_MOST);
            kn_hint(&err, "Put them into a script, and name that in EDITOR.");
            return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
        }
        words[n] = kn_arena_dup_n(cli->arena, at, length);
        if (words[n++] == NULL)
            kn_out_of_memory();
        at += length;
    }
    words[n] = kn_text_get(&session->copy);
    if (kn_process_run(words, &status, &err) != KN_OK) {
        kn_hint(&err, "Set VISUAL or EDITOR to the editor that you use.");
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    }
    if (status == 0)
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_IO, "the editor \"%.60s\" ended with status %d; nothing was written",
                  editor, status);
    return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

/* A copy that nobody else may read, in a folder of its own: editors leave files beside it. */
static enum kn_exit make_copy(struct session *session)
{
    struct kn_cli *cli = session->cli;
    const char *where = filled(cli, "TMPDIR");
    struct kn_bytes none = { .at = NULL };
    struct kn_error err = { 0 };
    enum kn_code rc;

    rc = kn_private_folder_make(where != NULL ? where : "/tmp", "kwaainet", &session->folder, &err);
    if (rc == KN_OK) {
        kn_text_addf(&session->copy, "%s/%s", kn_text_get(&session->folder), KN_CONFIG_FILE);
        if (session->copy.failed)
            kn_out_of_memory();
        rc = kn_file_replace(kn_text_get(&session->copy), kn_text_get(&session->change.after),
                             session->change.after.n, 0600, &none, &err);
    }
    if (rc != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    rc = kn_file_read(kn_text_get(&session->copy), KN_YAML_SIZE_MAX, &session->start, &err);
    return rc == KN_OK ? KN_EXIT_DONE : kn_cli_fail(cli, KN_EXIT_FAILED, &err);
}

/* An editor that failed may leave work behind, or that of the round before. */
static bool holds_work(const struct session *session)
{
    struct kn_bytes now = { 0 };
    struct kn_error ignored = { 0 };
    bool work;

    if (kn_file_read(kn_text_get(&session->copy), KN_YAML_SIZE_MAX, &now, &ignored) != KN_OK)
        return ignored.code != KN_E_NOT_FOUND;
    work = now.n != session->start.n || memcmp(now.at, session->start.at, now.n) != 0;
    kn_bytes_done(&now);
    return work;
}

/* What the editor left becomes the file to be. */
static enum kn_exit take_copy(struct session *session, bool *changed)
{
    struct kn_change *change = &session->change;
    struct kn_bytes now = { 0 };
    struct kn_error err = { 0 };

    if (kn_file_read(kn_text_get(&session->copy), KN_YAML_SIZE_MAX, &now, &err) != KN_OK) {
        kn_wrap(&err, "%s", kn_text_get(&session->copy));
        session->kept = err.code != KN_E_NOT_FOUND;
        return kn_cli_fail(session->cli, KN_EXIT_FAILED, &err);
    }
    *changed = now.n != session->start.n || memcmp(now.at, session->start.at, now.n) != 0;
    kn_text_cut(&change->after, 0);
    kn_text_add_n(&change->after, now.at, now.n);
    kn_bytes_done(&now);
    return KN_EXIT_DONE;
}

/* Both ends a terminal, and somebody there who wants words. */
static bool can_ask(const struct kn_cli *cli)
{
    return !cli->json && cli->err_term.is_terminal && kn_terminal_is(STDIN);
}

/* True: edit again. */
static bool ask(struct kn_cli *cli)
{
    char answer[ANSWER_SIZE];
    struct kn_error err = { 0 };

    kn_text_add(&cli->talk, "\nEdit again? [Y/n] ");
    if (kn_cli_flush(cli, &err) != KN_OK || fgets(answer, sizeof(answer), stdin) == NULL)
        return false;
    return answer[0] == 'y' || answer[0] == 'Y' || answer[0] == '\n';
}

/* Load what the editor left; KN_EXIT_CONFIGURATION after showing what is wrong. */
static enum kn_exit check(struct session *session)
{
    struct kn_change *change = &session->change;
    enum kn_exit code = kn_change_load(change);

    if (code != KN_EXIT_DONE || kn_snapshot_is_valid(change->now))
        return code;
    (void)kn_refuse(session->cli, change->now, "nothing was written");
    return KN_EXIT_CONFIGURATION;
}

static enum kn_exit edit_until_right(struct session *session, bool *changed)
{
    enum kn_exit code;

    do {
        code = run_editor(session);
        if (code == KN_EXIT_DONE)
            code = take_copy(session, changed);
        else
            session->kept = holds_work(session);
        if (code != KN_EXIT_DONE || !*changed)
            return code;
        code = check(session);
    } while (code == KN_EXIT_CONFIGURATION && can_ask(session->cli) && ask(session->cli));
    session->kept = code != KN_EXIT_DONE;
    return code;
}

static void answer(struct session *session, bool changed)
{
    const struct kn_problems_view view = { .snapshot = session->change.now };
    struct kn_json *json = kn_json_object();

    kn_tree_set(json, "ok", kn_json_bool(true));
    kn_tree_text(json, "path", session->change.paths.config);
    kn_tree_set(json, "changed", kn_json_bool(changed));
    kn_tree_set(json, "problems",
                changed ? kn_problems_json(kn_snapshot_problems(session->change.now), &view)
                        : kn_json_array());
    kn_cli_answer(session->cli, json);
}

static void show(struct session *session, bool changed)
{
    struct kn_cli *cli = session->cli;

    if (cli->json)
        answer(session, changed);
    else if (!cli->quiet)
        kn_text_addf(&cli->answer, changed ? "%s was written\n" : "%s is as it was\n",
                     session->change.name);
}

static enum kn_exit edit(struct session *session)
{
    enum kn_exit code = kn_change_begin(&session->change, session->cli);
    bool changed = false;

    if (code != KN_EXIT_DONE)
        return code;
    if (session->change.before.at == NULL)
        kn_docs_example(&session->change.after);
    code = make_copy(session);
    if (code == KN_EXIT_DONE)
        code = edit_until_right(session, &changed);
    if (code == KN_EXIT_DONE && changed) {
        code = kn_change_write(&session->change);
        session->kept = code != KN_EXIT_DONE;
    }
    if (code == KN_EXIT_DONE)
        show(session, changed);
    return code;
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct session session = { .cli = cli };
    enum kn_exit code = edit(&session);

    if (session.kept)
        kn_text_addf(&cli->talk, "\nWhat you wrote is kept in %s.\n", kn_text_get(&session.copy));
    else if (session.folder.n > 0)
        kn_private_folder_remove(kn_text_get(&session.folder));
    kn_bytes_done(&session.start);
    kn_text_done(&session.folder);
    kn_text_done(&session.copy);
    kn_change_done(&session.change);
    return code;
}

const struct kn_command kn_cmd_config_edit = {
    .name = "config edit",
    .brief = "Open the configuration file in an editor and check what comes out.",
    .loads_configuration = true,
    .detail = "The editor is $VISUAL, else $EDITOR, else vi; blanks part its words. It works on a "
              "private copy, and the file is replaced when the copy is right. When it is wrong, "
              "a terminal is asked whether to edit again; otherwise the exit code is 78 and the "
              "copy stays for you. Without a file the copy begins as kwaainet config example "
              "prints it.\n\n"
              "With --json: {\"ok\", \"path\", \"changed\", \"problems\"}.",
    .run = run,
};
