#include "app/cli/change.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "lib/yaml/yaml.h"

enum { NEW_FILE_MODE = 0644 };

static enum kn_exit fail_file(const struct kn_change *change, enum kn_exit code,
                              struct kn_error *err)
{
    kn_wrap(err, "%s", change->name);
    return kn_cli_fail(change->cli, code, err);
}

static enum kn_exit read_file(struct kn_change *change)
{
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (!change->paths.config_exists) {
        if (!change->paths.config_named)
            return KN_EXIT_DONE;
        (void)kn_fail(&err, KN_E_NOT_FOUND, "the file does not exist");
        kn_hint(&err, "Correct the path, or leave --config out to use ./" KN_CONFIG_FILE ".");
        return fail_file(change, KN_EXIT_CONFIGURATION, &err);
    }
    rc = kn_file_read(change->paths.config, KN_YAML_SIZE_MAX, &change->before, &err);
    if (rc == KN_E_LIMIT)
        kn_hint(&err, "A configuration has at most 1 MiB.");
    if (rc != KN_OK)
        return fail_file(change, KN_EXIT_CONFIGURATION, &err);
    kn_text_add_n(&change->after, change->before.at, change->before.n);
    return KN_EXIT_DONE;
}

static enum kn_exit load(struct kn_change *change, const char *bytes, size_t n,
                         struct kn_snapshot **out)
{
    struct kn_text copy = { 0 };
    struct kn_error err = { 0 };
    struct kn_bytes lent;
    enum kn_code rc;

    kn_text_add_n(&copy, bytes, n);
    if (copy.failed)
        kn_out_of_memory();
    lent = (struct kn_bytes){ copy.at, copy.n };
    rc = kn_config_load_bytes(&change->request, change->name, &lent, out, &err);
    kn_text_done(&copy);
    return rc == KN_OK ? KN_EXIT_DONE : kn_cli_fail(change->cli, KN_EXIT_FAILED, &err);
}

/* A flag that sets something for one run has nothing to say about the file. */
static enum kn_exit need_no_flags(struct kn_cli *cli)
{
    struct kn_error err = { 0 };

    if (cli->request.flag_count == 0)
        return KN_EXIT_DONE;
    (void)kn_fail(&err, KN_E_INVALID, "%s works on the file; %s has no effect on it",
                  cli->command->name, cli->request.flags[0].name);
    kn_hint(&err, "Leave it out, or write kwaainet config set %s VALUE.",
            cli->request.flags[0].setting->key);
    return kn_cli_fail(cli, KN_EXIT_USAGE, &err);
}

enum kn_exit kn_change_begin(struct kn_change *change, struct kn_cli *cli)
{
    enum kn_exit code;

    *change = (struct kn_change){ .cli = cli };
    code = need_no_flags(cli);
    if (code == KN_EXIT_DONE)
        code = kn_locate(cli, &change->paths);
    if (code != KN_EXIT_DONE)
        return code;
    if (!kn_request_file_alone(cli, &change->request))
        kn_out_of_memory();
    change->name = kn_short_path(cli, change->paths.config);
    code = read_file(change);
    if (code == KN_EXIT_DONE)
        code = load(change, change->before.at != NULL ? change->before.at : "", change->before.n,
                    &change->was);
    return code;
}

enum kn_exit kn_change_need_ours(const struct kn_change *change)
{
    const struct kn_problems *problems = kn_snapshot_problems(change->was);

    for (size_t i = 0; i < problems->n; i++) {
        if (problems->at[i].kind == KN_P_FOREIGN || problems->at[i].kind == KN_P_VERSION)
            return kn_refuse(change->cli, change->was, "nothing was written");
    }
    return KN_EXIT_DONE;
}

void kn_change_done(struct kn_change *change)
{
    kn_snapshot_unref(change->was);
    kn_snapshot_unref(change->now);
    kn_bytes_done(&change->before);
    kn_text_done(&change->after);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The same mistake, wherever it stands: an edit moves lines. */
static bool had(const struct kn_snapshot *was, const struct kn_problem *problem)
{
    const struct kn_problems *problems = kn_snapshot_problems(was);

    for (size_t i = 0; i < problems->n; i++) {
        const struct kn_problem *old = &problems->at[i];

        if (old->kind == problem->kind && same_text(old->key, problem->key) &&
            same_text(old->message, problem->message))
            return true;
    }
    return false;
}

size_t kn_change_new_errors(const struct kn_change *change)
{
    const struct kn_problems *problems = kn_snapshot_problems(change->now);
    size_t n = 0;

    for (size_t i = 0; i < problems->n; i++) {
        if (kn_problem_info(problems->at[i].kind)->severity == KN_ERROR &&
            !had(change->was, &problems->at[i]))
            n++;
    }
    return n;
}

enum kn_exit kn_change_load(struct kn_change *change)
{
    if (change->after.failed)
        kn_out_of_memory();
    kn_snapshot_unref(change->now);
    change->now = NULL;
    return load(change, kn_text_get(&change->after), change->after.n, &change->now);
}

enum kn_exit kn_change_check(struct kn_change *change)
{
    enum kn_exit code = kn_change_load(change);

    if (code != KN_EXIT_DONE || kn_change_new_errors(change) == 0)
        return code;
    (void)kn_refuse(change->cli, change->now, "nothing was written");
    return KN_EXIT_CONFIGURATION;
}

enum kn_exit kn_change_write(struct kn_change *change)
{
    struct kn_error why = { 0 }, err = { 0 };
    enum kn_code rc;

    if (change->before.at != NULL && change->before.n == change->after.n &&
        memcmp(change->before.at, kn_text_get(&change->after), change->after.n) == 0)
        return KN_EXIT_DONE;
    rc = kn_file_replace(change->paths.config, kn_text_get(&change->after), change->after.n,
                         NEW_FILE_MODE, &change->before, &why);
    if (rc == KN_OK)
        return KN_EXIT_DONE;
    if (rc != KN_E_CHANGED)
        return fail_file(change, KN_EXIT_FAILED, &why);
    (void)kn_fail(&err, rc, "%s %s", change->name, why.text);
    kn_hint(&err, "%s", why.hint);
    return kn_cli_fail(change->cli, KN_EXIT_TRY_AGAIN, &err);
}

const struct kn_assignment *kn_in_file(const struct kn_snapshot *snapshot,
                                       const struct kn_setting *setting)
{
    const struct kn_assignment *at = kn_snapshot_get(snapshot, setting)->assignments;

    while (at != NULL && at->origin.layer != KN_LAYER_FILE)
        at = at->weaker;
    return at;
}
