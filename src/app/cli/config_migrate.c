/* config migrate: what reading an older file translates in memory, written into the file. */
#include <string.h>

#include "app/cli/change.h"
#include "app/cli/cli.h"
#include "app/cli/commands.h"
#include "app/cli/load.h"
#include "app/cli/problems.h"
#include "app/cli/tree.h"
#include "config/edit/edit.h"
#include "config/schema/form.h"

struct migration {
    struct kn_cli *cli;
    struct kn_change change;
    struct kn_json *renamed;
    struct kn_text lines; /* what was done, for people */
    const char *from;     /* the version in the file; NULL: none */
    bool any;
};

/* One edit; KN_E_NOT_FOUND leaves everything as it was. */
static enum kn_code apply(struct migration *migration, const struct kn_edit *edit,
                          struct kn_error *err)
{
    struct kn_text *after = &migration->change.after, next = { 0 };
    enum kn_edit_outcome outcome;
    enum kn_code rc = kn_edit_apply(kn_text_get(after), after->n, edit, &next, &outcome, err);

    if (rc != KN_OK) {
        kn_text_done(&next);
        return rc;
    }
    kn_text_done(after);
    *after = next;
    migration->any = migration->any || outcome != KN_EDIT_UNCHANGED;
    return KN_OK;
}

static enum kn_exit fail_edit(struct migration *migration, const char *key, struct kn_error *err)
{
    kn_wrap(err, "%s: %s", migration->change.name, key);
    return kn_cli_fail(migration->cli,
                       err->code == KN_E_SYNTAX ? KN_EXIT_CONFIGURATION : KN_EXIT_FAILED, err);
}

static enum kn_exit rename_one(struct migration *migration, const struct kn_rename *rename)
{
    struct kn_edit edit = { KN_EDIT_RENAME, rename->old_key, rename->new_key };
    struct kn_error err = { 0 };
    struct kn_json *one;
    enum kn_code rc = apply(migration, &edit, &err);

    if (rc == KN_E_NOT_FOUND)
        return KN_EXIT_DONE;
    if (rc != KN_OK)
        return fail_edit(migration, rename->old_key, &err);
    kn_text_addf(&migration->lines, "%s: %s is now called %s\n", migration->change.name,
                 rename->old_key, rename->new_key);
    one = kn_json_object();
    kn_tree_text(one, "from", rename->old_key);
    kn_tree_text(one, "to", rename->new_key);
    kn_tree_append(migration->renamed, one);
    return KN_EXIT_DONE;
}

static bool is_older(const char *version)
{
    unsigned file[3], ours[3];

    return kn_semver_parse(version, file) && kn_semver_parse(KN_SCHEMA_VERSION, ours) &&
           kn_semver_less(file, ours);
}

static enum kn_exit set_version(struct migration *migration)
{
    struct kn_edit edit = { KN_EDIT_SET, "schema_version", KN_SCHEMA_VERSION };
    struct kn_error err = { 0 };

    if (migration->from != NULL ? !is_older(migration->from) : !migration->any)
        return KN_EXIT_DONE;
    if (apply(migration, &edit, &err) != KN_OK)
        return fail_edit(migration, edit.key, &err);
    kn_text_addf(&migration->lines, "%s: schema_version is now %s\n", migration->change.name,
                 KN_SCHEMA_VERSION);
    return KN_EXIT_DONE;
}

/* A file that cannot be read, or follows rules that are newer than this program. */
static enum kn_exit need_readable(struct migration *migration)
{
    static const char *const key = "schema_version";
    const struct kn_problems_view view = { .keys = &key, .key_count = 1, .errors_only = true };

    if (kn_problems_seen(kn_snapshot_problems(migration->change.was), &view) == 0)
        return KN_EXIT_DONE;
    (void)kn_refuse(migration->cli, migration->change.was, "nothing was written");
    return KN_EXIT_CONFIGURATION;
}

static enum kn_exit migrate(struct migration *migration)
{
    const struct kn_assignment *version;
    enum kn_exit code = need_readable(migration);

    if (code != KN_EXIT_DONE || migration->change.before.at == NULL)
        return code;
    version = kn_in_file(migration->change.was, kn_setting_find("schema_version"));
    if (version != NULL && version->value.is == KN_GIVEN)
        migration->from = version->value.text;
    for (size_t i = 0; i < kn_rename_count && code == KN_EXIT_DONE; i++)
        code = rename_one(migration, &kn_renames[i]);
    if (code == KN_EXIT_DONE)
        code = set_version(migration);
    if (code == KN_EXIT_DONE)
        code = kn_change_check(&migration->change);
    return code == KN_EXIT_DONE ? kn_change_write(&migration->change) : code;
}

static void show(struct migration *migration)
{
    struct kn_cli *cli = migration->cli;
    struct kn_json *json;

    if (cli->json) {
        json = kn_json_object();
        kn_tree_set(json, "ok", kn_json_bool(true));
        kn_tree_text(json, "path", migration->change.paths.config);
        kn_tree_text(json, "from", migration->from);
        kn_tree_text(json, "to", KN_SCHEMA_VERSION);
        kn_tree_set(json, "renamed", migration->renamed);
        migration->renamed = NULL;
        kn_cli_answer(cli, json);
    } else if (cli->quiet) {
        return;
    } else if (migration->lines.n > 0) {
        kn_text_add(&cli->answer, kn_text_get(&migration->lines));
    } else if (migration->change.before.at == NULL) {
        kn_text_add(&cli->answer, "no configuration file; nothing to migrate\n");
    } else {
        kn_text_addf(&cli->answer, "%s follows schema %s already; nothing to migrate\n",
                     migration->change.name, KN_SCHEMA_VERSION);
    }
}

static enum kn_exit run(struct kn_cli *cli)
{
    struct migration migration = { .cli = cli, .renamed = kn_json_array() };
    enum kn_exit code = kn_change_begin(&migration.change, cli);

    if (code == KN_EXIT_DONE)
        code = migrate(&migration);
    if (code == KN_EXIT_DONE)
        show(&migration);
    kn_change_done(&migration.change);
    kn_text_done(&migration.lines);
    kn_json_free(migration.renamed);
    return code;
}

const struct kn_command kn_cmd_config_migrate = {
    .name = "config migrate",
    .brief = "Bring the configuration file to the newest schema.",
    .loads_configuration = true,
    .detail = "Renames keys that are called otherwise now and sets schema_version; nothing else "
              "in the file changes. An older file works without it: it is translated whenever it "
              "is read.\n\n"
              "With --json: {\"ok\", \"path\", \"from\", \"to\", \"renamed\": [{\"from\", "
              "\"to\"}]}.",
    .run = run,
};
