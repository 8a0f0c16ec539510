/* start: the one question, and the file that is saved. */
#include <string.h>

#include "app/cli/detached.h"
#include "app/cli/first_config.h"
#include "app/cli/load.h"
#include "app/cli/start.h"
#include "app/cli/start_json.h"
#include "app/cli/start_text.h"
#include "lib/io/work.h"
#include "lib/os/terminal.h"

enum { FILE_MODE = 0644, SECRET_MODE = 0600, STDIN = 0 };

static const char question[] = "Save this configuration to " KN_CONFIG_FILE "? [Y/n]: ";

static enum kn_saving saving_of(const struct kn_start *start)
{
    const struct kn_cli *cli = start->cli;

    if (kn_node_paths(start->node)->config_exists || start->no_save)
        return KN_SAVE_NOT;
    if (start->yes)
        return KN_SAVE_NOW;
    if (!start->is_first_run)
        return KN_SAVE_NOT;
    if (cli->json || cli->quiet || !cli->out_term.is_terminal || !kn_terminal_is_in_front(STDIN))
        return KN_SAVE_NO_ONE;
    return KN_SAVE_ASK;
}

static void launch(struct kn_start *start)
{
    kn_start_unask(start);
    start->launched = true;
    start->waiting_since = kn_loop_now(start->loop);
    start->progress_said = 0;
    if (!start->cli->json && !start->cli->quiet)
        kn_start_text_launch(start);
    /* What happened meanwhile was held back. */
    kn_text_add_n(&start->cli->answer, kn_text_get(&start->held), start->held.n);
    kn_text_done(&start->held);
    kn_start_flush(start);
    kn_node_agree(start->node);
    kn_detached_take(start, KN_NODE_PLANNED);
}

/* -- saving, on another thread: a disk that is slow to flush must not stop the network */

static void write_file(void *arg)
{
    struct kn_start *start = arg;
    const struct kn_bytes nothing = { .at = NULL };

    (void)!kn_file_replace(start->path, start->text.at, start->text.n, start->mode, &nothing,
                           &start->save_error);
}

static void tell_saved(struct kn_start *start)
{
    if (start->save_error.code == KN_E_CHANGED)
        kn_hint(&start->save_error, "Another program wrote there at the same moment; what it wrote "
                                    "was not touched. kwaainet config check looks at it.");
    else if (start->save_error.code != KN_OK && start->save_error.hint[0] == '\0')
        kn_hint(&start->save_error, "Start in a folder that you may write to, or with --no-save.");
    kn_detached_saved(start);
    if (start->cli->json)
        kn_start_json_saved(start);
    else if (!start->cli->quiet)
        kn_start_text_saved(start);
}

static void on_written(void *arg, enum kn_code code)
{
    struct kn_start *start = arg;

    start->is_saving = false;
    if (code != KN_OK)
        (void)kn_fail(&start->save_error, code, "it was not written");
    start->is_saved = start->save_error.code == KN_OK;
    if (start->over) {
        kn_loop_stop(start->loop);
        return;
    }
    tell_saved(start);
    launch(start);
}

static const char *first_error(const struct kn_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        if (kn_problem_info(problems->at[i].kind)->severity == KN_ERROR)
            return problems->at[i].message;
    }
    return "";
}

/* What is saved must start this node again. */
static enum kn_code check(struct kn_start *start, struct kn_error *err)
{
    struct kn_config_request request;
    const struct kn_bytes bytes = { start->text.at, start->text.n };
    struct kn_snapshot *snapshot = NULL;
    enum kn_code rc;

    if (!kn_request_file_alone(start->cli, &request))
        return kn_fail_no_memory(err);
    rc = kn_config_load_bytes(&request, KN_CONFIG_FILE, &bytes, &snapshot, err);
    if (rc == KN_OK && !kn_snapshot_is_valid(snapshot))
        rc = kn_fail(err, KN_E_INVALID, "as a file the configuration would be wrong: %s",
                     first_error(kn_snapshot_problems(snapshot)));
    kn_snapshot_unref(snapshot);
    return rc;
}

static void save(struct kn_start *start)
{
    struct kn_start_facts facts = kn_start_facts_of(start);
    bool is_secret = false;
    enum kn_code rc;

    kn_start_unask(start);
    start->path = kn_node_paths(start->node)->config;
    rc = kn_first_config_print(&facts, &start->text, &is_secret, &start->save_error);
    start->mode = is_secret ? SECRET_MODE : FILE_MODE;
    if (rc == KN_OK)
        rc = check(start, &start->save_error);
    start->is_saving =
        rc == KN_OK && kn_work_start(start->loop, write_file, on_written, start) == KN_OK;
    if (start->is_saving)
        return;
    if (rc == KN_OK)
        (void)kn_fail_no_memory(&start->save_error);
    tell_saved(start);
    launch(start);
}

/* -- asking */

static void ask(struct kn_start *start)
{
    struct kn_cli *cli = start->cli;

    kn_text_addf(&cli->answer, "%s%s", kn_term_emoji(&cli->out_term, "💾 "), question);
}

/* The words of an answer, whatever stands around them. */
static bool says(const char *text, const char *word)
{
    size_t n = strlen(word), at = strspn(text, " \t\r");

    for (size_t i = 0; i < n; i++) {
        char c = text[at + i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != word[i])
            return false;
    }
    return text[at + n + strspn(text + at + n, " \t\r")] == '\0';
}

static void start_unsaved(struct kn_start *start)
{
    struct kn_cli *cli = start->cli;
    const struct kn_page page = { &cli->out_term, &cli->answer };

    kn_page_line(&page, "",
                 "Not saved. What was found out is kept for the next start; "
                 "the same words with --yes save it.");
    launch(start);
}

static void on_line(void *arg, const char *text, bool too_long)
{
    struct kn_start *start = arg;

    if (!too_long && (says(text, "") || says(text, "y") || says(text, "yes"))) {
        save(start);
    } else if (!too_long && (says(text, "n") || says(text, "no"))) {
        start_unsaved(start);
    } else {
        kn_text_add(&start->cli->answer, "Please answer y or n.\n");
        ask(start);
        kn_start_flush(start);
    }
}

static void on_end(void *arg)
{
    struct kn_start *start = arg;

    kn_text_add_char(&start->cli->answer, '\n');
    start_unsaved(start);
}

void kn_start_unask(struct kn_start *start)
{
    kn_lines_free(start->lines);
    start->lines = NULL;
}

void kn_start_settle(struct kn_start *start)
{
    const struct kn_lines_events events = { start, on_line, on_end };
    const struct kn_page page = { &start->cli->out_term, &start->cli->answer };

    switch (saving_of(start)) {
    case KN_SAVE_ASK:
        if (kn_lines_start(start->loop, STDIN, &events, &start->lines, NULL) != KN_OK)
            break;
        kn_page_gap(&page);
        ask(start);
        kn_start_flush(start);
        return;
    case KN_SAVE_NOW:
        save(start);
        return;
    case KN_SAVE_NO_ONE:
        if (!start->cli->json && !start->cli->quiet) {
            kn_page_gap(&page);
            kn_page_line(&page, "",
                         "Not saved: there is nobody to ask here. The same words with --yes "
                         "save it to " KN_CONFIG_FILE ".");
        }
        break;
    case KN_SAVE_NOT:
        break;
    }
    launch(start);
}
