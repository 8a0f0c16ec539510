/* config set, config unset: one value of the file changed, and no other byte. */
#include <string.h>

#include "app/cli/change.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "app/cli/values.h"
#include "app/term/fold.h"
#include "config/edit/edit.h"
#include "config/report/report.h"
#include "lib/base/arena.h"

/* One key of the command line. */
struct item {
    const struct kn_setting *setting;
    const char *word; /* NULL: unset */
    enum kn_edit_outcome outcome;
};

struct job {
    struct kn_cli *cli;
    struct kn_change change;
    struct item *items;
    size_t n;
};

static enum kn_exit take_items(struct job *job, size_t words_each)
{
    struct kn_cli *cli = job->cli;
    struct kn_error err = { 0 };

    if (cli->argument_count % words_each != 0) {
        const char *last = cli->arguments[cli->argument_count - 1];

        /* A word that is no key may be half of a secret. */
        if (kn_setting_find(last) != NULL)
            (void)kn_fail(&err, KN_E_INVALID, "%s has no value", last);
        else
            (void)kn_fail(&err, KN_E_INVALID, "%zu words are no pairs of a key and a value",
                          cli->argument_count);
        kn_hint(&err, "Write a value behind every key, in quotes when blanks are in it.");
        return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    }
    job->n = cli->argument_count / words_each;
    job->items = kn_arena_alloc(cli->arena, job->n * sizeof(*job->items));
    if (job->items == NULL)
        kn_out_of_memory();
    for (size_t i = 0; i < job->n; i++) {
        job->items[i].setting = kn_need_setting(cli, cli->arguments[i * words_each]);
        if (job->items[i].setting == NULL)
            return KN_EXIT_USAGE;
        if (words_each == 2)
            job->items[i].word = cli->arguments[i * words_each + 1];
    }
    return KN_EXIT_DONE;
}

/*
 * Read the words as if they stood on the command line of a start: each with the checks of its
 * type, none hidden by anything stronger.
 */
static enum kn_exit check_words(struct job *job)
{
    struct kn_cli *cli = job->cli;
    struct kn_config_request request = job->change.request;
    struct kn_flag *flags = kn_arena_alloc(cli->arena, job->n * sizeof(*flags));
    struct kn_bytes nothing = { .at = NULL };
    struct kn_snapshot *snapshot;
    struct kn_error err = { 0 };
    enum kn_exit code = KN_EXIT_DONE;

    if (flags == NULL)
        kn_out_of_memory();
    for (size_t i = 0; i < job->n; i++) {
        flags[i] = (struct kn_flag){ .kind = KN_FLAG_SETTING,
                                     .setting = job->items[i].setting,
                                     .name = job->items[i].setting->key,
                                     .value = job->items[i].word };
    }
    request.flags = flags;
    request.flag_count = job->n;
    if (kn_config_load_bytes(&request, "", &nothing, &snapshot, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    for (size_t i = 0; i < job->n && code == KN_EXIT_DONE; i++) {
        if (!kn_snapshot_get(snapshot, job->items[i].setting)->valid)
            code = KN_EXIT_CONFIGURATION;
    }
    if (code != KN_EXIT_DONE)
        (void)kn_refuse(cli, snapshot, "nothing was written");
    kn_snapshot_unref(snapshot);
    return code;
}

static enum kn_exit fail_edit(struct job *job, const struct item *item, struct kn_error *err)
{
    if (err->code == KN_E_SYNTAX && !kn_snapshot_is_valid(job->change.was)) {
        (void)kn_refuse(job->cli, job->change.was, "nothing was written");
        return KN_EXIT_CONFIGURATION;
    }
    kn_wrap(err, "%s: %s", job->change.name, item->setting->key);
    return kn_cli_fail(job->cli, err->code == KN_E_SYNTAX ? KN_EXIT_CONFIGURATION : KN_EXIT_FAILED,
                       err);
}

static enum kn_exit apply(struct job *job, struct item *item)
{
    struct kn_edit edit = { .kind = item->word != NULL ? KN_EDIT_SET : KN_EDIT_UNSET,
                            .key = item->setting->key,
                            .word = item->word };
    struct kn_text *after = &job->change.after, next = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc =
        kn_edit_apply(kn_text_get(after), after->n, &edit, &next, &item->outcome, &err);

    if (rc == KN_E_NOT_FOUND && item->word == NULL) {
        item->outcome = KN_EDIT_UNCHANGED;
        kn_text_done(&next);
        return KN_EXIT_DONE;
    }
    if (rc != KN_OK) {
        kn_text_done(&next);
        return fail_edit(job, item, &err);
    }
    kn_text_done(after);
    *after = next;
    return KN_EXIT_DONE;
}

static void add_value(const struct kn_assignment *at, struct kn_text *out)
{
    if (at == NULL)
        kn_text_add(out, "not set");
    else if (!at->valid)
        kn_text_add(out, "a wrong value");
    else
        kn_value_show(at->setting, &at->value, out);
}

/* "node_config.yaml:3:9  node.port: 8080 → 9000" */
static void show_item(struct job *job, const struct item *item)
{
    const struct kn_assignment *was = kn_in_file(job->change.was, item->setting);
    const struct kn_assignment *now = kn_in_file(job->change.now, item->setting);
    struct kn_cli *cli = job->cli;
    struct kn_fold fold = { .columns = cli->out_term.columns, .hang = 2 };
    struct kn_text line = { 0 };

    if (now != NULL)
        kn_origin_place(&now->origin, &line);
    else
        kn_term_add_safe(&line, job->change.name);
    kn_text_addf(&line, "  %s: ", item->setting->key);
    add_value(was, &line);
    if (item->outcome == KN_EDIT_UNCHANGED) {
        kn_text_add(&line, item->word != NULL ? ", as it was" : "; nothing to take away");
    } else {
        kn_text_addf(&line, " %s ", kn_term_pick(&cli->out_term, "→", "->"));
        add_value(now, &line);
    }
    (void)kn_fold_add(&cli->answer, kn_text_get(&line), &fold);
    kn_text_add_char(&cli->answer, '\n');
    kn_text_done(&line);
}

/* A variable that is stronger than what was just written. */
static void warn_hidden(struct job *job, const struct kn_snapshot *whole, const struct item *item)
{
    const struct kn_assignment *at = kn_snapshot_get(whole, item->setting)->assignments;
    struct kn_cli *cli = job->cli;
    struct kn_text text = { 0 };

    while (at != NULL && at->origin.layer != KN_LAYER_ENV)
        at = at->weaker;
    if (at == NULL || !at->valid)
        return;
    kn_origin_place(&at->origin, &text);
    kn_text_add(&text, " says ");
    kn_value_show(item->setting, &at->value, &text);
    kn_text_addf(&text, " and is stronger than the file; %s keeps that value until it is unset",
                 item->setting->key);
    kn_fold_paragraph(&cli->talk, kn_text_get(&text), cli->err_term.columns, 0);
    kn_text_done(&text);
}

static void warn_all_hidden(struct job *job)
{
    struct kn_snapshot *whole;
    struct kn_error err = { 0 };

    if (kn_config_load(&job->cli->request, &whole, &err) != KN_OK)
        return;
    for (size_t i = 0; i < job->n; i++)
        warn_hidden(job, whole, &job->items[i]);
    kn_snapshot_unref(whole);
}

/* What was wrong before and still is. */
static void show_old_problems(struct job *job)
{
    const struct kn_problems *problems = kn_snapshot_problems(job->change.now);
    const struct kn_problems_view view = { .snapshot = job->change.now, .errors_only = true };
    struct kn_cli *cli = job->cli;

    if (problems->errors == 0)
        return;
    kn_text_addf(&cli->talk, "\nkwaainet: %s was wrong before and still is\n\n", job->change.name);
    kn_problems_show(&cli->err_term, problems, &view, &cli->talk);
}

/* What the new values are warned about. */
static void show_warnings(struct job *job)
{
    const struct kn_problems *problems = kn_snapshot_problems(job->change.now);
    const char **keys = kn_arena_alloc(job->cli->arena, job->n * sizeof(*keys));
    const struct kn_problems_view view = { .snapshot = job->change.now,
                                           .keys = keys,
                                           .key_count = job->n };

    if (keys == NULL)
        kn_out_of_memory();
    for (size_t i = 0; i < job->n; i++)
        keys[i] = job->items[i].setting->key;
    kn_problems_show(&job->cli->err_term, problems, &view, &job->cli->talk);
}

static void show(struct job *job)
{
    job->cli->answer_first = true;
    for (size_t i = 0; i < job->n && !job->cli->quiet; i++)
        show_item(job, &job->items[i]);
    if (!job->cli->quiet)
        warn_all_hidden(job);
    if (!job->cli->quiet && kn_snapshot_is_valid(job->change.now))
        show_warnings(job);
    show_old_problems(job);
}

static const char *outcome_word(enum kn_edit_outcome outcome)
{
    switch (outcome) {
    case KN_EDIT_REPLACED:
        return "replaced";
    case KN_EDIT_INSERTED:
        return "inserted";
    case KN_EDIT_REMOVED:
        return "removed";
    case KN_EDIT_UNCHANGED:
        return "unchanged";
    }
    return "";
}

static struct kn_json *side_json(const struct kn_snapshot *snapshot, const struct item *item)
{
    const struct kn_assignment *at = kn_in_file(snapshot, item->setting);

    return at != NULL && at->valid ? kn_value_json(item->setting, &at->value) : kn_json_null();
}

static void add_item(struct kn_json *json, const struct job *job, const struct item *item)
{
    kn_tree_text(json, "key", item->setting->key);
    kn_tree_text(json, "outcome", outcome_word(item->outcome));
    kn_tree_set(json, "before", side_json(job->change.was, item));
    kn_tree_set(json, "after", side_json(job->change.now, item));
}

static void answer(struct job *job)
{
    const struct kn_problems_view view = { .snapshot = job->change.now };
    struct kn_json *json = kn_json_object(), *changes = kn_json_array();

    kn_tree_set(json, "ok", kn_json_bool(true));
    kn_tree_text(json, "path", job->change.paths.config);
    add_item(json, job, &job->items[0]);
    for (size_t i = 0; i < job->n; i++) {
        struct kn_json *one = kn_json_object();

        add_item(one, job, &job->items[i]);
        kn_tree_append(changes, one);
    }
    kn_tree_set(json, "changes", changes);
    kn_tree_set(json, "problems", kn_problems_json(kn_snapshot_problems(job->change.now), &view));
    kn_cli_answer(job->cli, json);
}

static enum kn_exit change_file(struct job *job)
{
    enum kn_exit code = kn_change_begin(&job->change, job->cli);

    if (code == KN_EXIT_DONE)
        code = kn_change_need_ours(&job->change);
    if (code == KN_EXIT_DONE && job->items[0].word != NULL)
        code = check_words(job);
    for (size_t i = 0; i < job->n && code == KN_EXIT_DONE; i++)
        code = apply(job, &job->items[i]);
    if (code == KN_EXIT_DONE)
        code = kn_change_check(&job->change);
    if (code == KN_EXIT_DONE)
        code = kn_change_write(&job->change);
    if (code != KN_EXIT_DONE)
        return code;
    if (job->cli->json)
        answer(job);
    else
        show(job);
    return KN_EXIT_DONE;
}

static enum kn_exit run_each(struct kn_cli *cli, size_t words_each)
{
    struct job job = { .cli = cli };
    enum kn_exit code = take_items(&job, words_each);

    if (code == KN_EXIT_DONE)
        code = change_file(&job);
    kn_change_done(&job.change);
    return code;
}

static enum kn_exit run_set(struct kn_cli *cli)
{
    return run_each(cli, 2);
}

static enum kn_exit run_unset(struct kn_cli *cli)
{
    return run_each(cli, 1);
}

const struct kn_command kn_cmd_config_set = {
    .name = "config set",
    .brief = "Change values in the configuration file, and nothing else in it.",
    .arguments = "KEY VALUE [KEY VALUE]...",
    .least = 2,
    .most = KN_ARGUMENTS_ANY,
    .loads_configuration = true,
    .detail = "Comments, order and quoting stay as they are. The file is ./node_config.yaml, "
              "which is made when it is missing, or the one that --config names. Values are "
              "written as on the command line: 8080, 16GiB, auto, null, or items separated by "
              "commas; relative paths start at the file's folder. Of the flags of the "
              "configuration only --config and --home are taken.\n\n"
              "Nothing is written when the change would make the file wrong (exit code 78), or "
              "when the file changed meanwhile (75).\n\n"
              "With --json: {\"ok\", \"path\", \"key\", \"outcome\", \"before\", \"after\", "
              "\"changes\", \"problems\"}; \"changes\" has key, outcome, before and after of each "
              "key, and beside it stand those of the first.",
    .run = run_set,
};

const struct kn_command kn_cmd_config_unset = {
    .name = "config unset",
    .brief = "Take settings out of the configuration file, so that weaker sources count.",
    .arguments = "KEY...",
    .least = 1,
    .most = KN_ARGUMENTS_ANY,
    .loads_configuration = true,
    .detail = "A section that becomes empty goes with its last setting. With --json as config "
              "set.",
    .run = run_unset,
};
