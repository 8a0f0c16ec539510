#include "app/cli/load.h"

#include <string.h>

#include "app/cli/cli.h"
#include "app/cli/problems.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"

static enum kn_exit fail_load(struct kn_cli *cli, const struct kn_error *err)
{
    return kn_cli_fail(cli, err->code == KN_E_NO_MEMORY ? KN_EXIT_FAILED : KN_EXIT_CONFIGURATION,
                       err);
}

enum kn_exit kn_load_any(struct kn_cli *cli, struct kn_snapshot **out)
{
    struct kn_error err = { 0 };

    if (kn_config_load(&cli->request, out, &err) != KN_OK)
        return fail_load(cli, &err);
    return KN_EXIT_DONE;
}

enum kn_exit kn_refuse(struct kn_cli *cli, const struct kn_snapshot *snapshot, const char *what)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    struct kn_problems_view view = { .snapshot = snapshot, .errors_only = true };

    if (cli->json) {
        view.errors_only = false;
        kn_cli_answer(cli, kn_refusal_json(kn_problems_json(problems, &view)));
    } else {
        kn_text_addf(&cli->talk, "kwaainet: %zu problem%s in the configuration", problems->errors,
                     problems->errors == 1 ? "" : "s");
        if (what != NULL)
            kn_text_addf(&cli->talk, "; %s", what);
        kn_text_add(&cli->talk, "\n\n");
        kn_problems_show(&cli->err_term, problems, &view, &cli->talk);
    }
    return kn_problems_exit(problems);
}

enum kn_exit kn_refuse_key(struct kn_cli *cli, const struct kn_snapshot *snapshot,
                           const struct kn_setting *setting)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    const struct kn_problems_view view = {
        .snapshot = snapshot, .keys = &setting->key, .key_count = 1, .errors_only = true
    };
    size_t n = kn_problems_seen(problems, &view);

    if (n == 0)
        return KN_EXIT_DONE;
    if (cli->json) {
        kn_cli_answer(cli, kn_refusal_json(kn_problems_json(problems, &view)));
    } else {
        kn_text_addf(&cli->talk, "kwaainet: %zu problem%s with %s\n\n", n, n == 1 ? "" : "s",
                     setting->key);
        kn_problems_show(&cli->err_term, problems, &view, &cli->talk);
    }
    return kn_problems_exit(problems);
}

void kn_warn(struct kn_cli *cli, const struct kn_snapshot *snapshot)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    const struct kn_problems_view view = { .snapshot = snapshot };

    if (cli->json || cli->quiet || problems->warnings == 0)
        return;
    kn_text_add(&cli->talk, "kwaainet: ");
    kn_problems_count(0, problems->warnings, &cli->talk);
    kn_text_add(&cli->talk, " in the configuration\n\n");
    kn_problems_show(&cli->err_term, problems, &view, &cli->talk);
    kn_text_add_char(&cli->talk, '\n');
}

static enum kn_exit need_valid(struct kn_cli *cli, struct kn_snapshot *snapshot,
                               struct kn_snapshot **out)
{
    enum kn_exit code;

    if (kn_snapshot_is_valid(snapshot)) {
        kn_warn(cli, snapshot);
        *out = snapshot;
        return KN_EXIT_DONE;
    }
    code = kn_refuse(cli, snapshot, NULL);
    kn_snapshot_unref(snapshot);
    return code;
}

enum kn_exit kn_load_valid(struct kn_cli *cli, struct kn_snapshot **out)
{
    struct kn_snapshot *snapshot;
    enum kn_exit code = kn_load_any(cli, &snapshot);

    return code == KN_EXIT_DONE ? need_valid(cli, snapshot, out) : code;
}

static bool sets_something(const char *entry)
{
    static const char prefix[] = "KWAAINET_", home[] = "KWAAINET_HOME=";
    static const char config[] = "KWAAINET_CONFIG=";
    size_t n = strcspn(entry, "=");

    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *alias = kn_settings[i].alias;

        if (alias != NULL && strlen(alias) == n && strncmp(alias, entry, n) == 0)
            return true;
    }
    return strncmp(entry, prefix, sizeof(prefix) - 1) == 0 &&
           strncmp(entry, home, sizeof(home) - 1) != 0 &&
           strncmp(entry, config, sizeof(config) - 1) != 0;
}

bool kn_request_file_alone(const struct kn_cli *cli, struct kn_config_request *out)
{
    const char *const *all = cli->request.environment;
    const char **kept;
    size_t n = 0;

    while (all != NULL && all[n] != NULL)
        n++;
    kept = kn_arena_alloc(cli->arena, (n + 1) * sizeof(*kept));
    if (kept == NULL)
        return false;
    *out = cli->request;
    out->environment = kept;
    out->flag_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!sets_something(all[i]))
            *kept++ = all[i];
    }
    return true;
}

enum kn_exit kn_load_file(struct kn_cli *cli, const char *path, struct kn_snapshot **out)
{
    struct kn_config_request request;
    struct kn_snapshot *snapshot;
    struct kn_error err = { 0 };

    if (!kn_request_file_alone(cli, &request)) {
        (void)kn_fail_no_memory(&err);
        return fail_load(cli, &err);
    }
    request.config_path = path;
    if (kn_config_load(&request, &snapshot, &err) != KN_OK)
        return fail_load(cli, &err);
    return need_valid(cli, snapshot, out);
}

enum kn_exit kn_locate(struct kn_cli *cli, struct kn_config_paths *out)
{
    struct kn_error err = { 0 };

    if (kn_config_locate(&cli->request, cli->arena, out, &err) != KN_OK)
        return fail_load(cli, &err);
    return KN_EXIT_DONE;
}

const char *kn_short_path(const struct kn_cli *cli, const char *path)
{
    size_t n = cli->request.working != NULL ? strlen(cli->request.working) : 0;

    if (n > 1 && strncmp(path, cli->request.working, n) == 0 && path[n] == '/')
        return path + n + 1;
    return path;
}

const struct kn_setting *kn_need_setting(struct kn_cli *cli, const char *key)
{
    const struct kn_setting *setting = kn_setting_find(key);
    struct kn_nearest nearest = kn_nearest_to(key);
    struct kn_error err = { 0 };
    const char *meant = NULL, *rest;
    int shown = kn_key_shown(key);

    if (setting != NULL)
        return setting;
    rest = key[shown] != '\0' ? "…" : "";
    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *kept = nearest.best;

        kn_nearest_offer(&nearest, kn_settings[i].key);
        kn_nearest_offer(&nearest, kn_setting_leaf(&kn_settings[i])); /* "port" alone */
        if (nearest.best != kept)
            meant = kn_settings[i].key;
    }
    if (kn_setting_is_section(key))
        (void)kn_fail(&err, KN_E_NOT_FOUND, "\"%.100s\" is a section, not a setting", key);
    else
        (void)kn_fail(&err, KN_E_NOT_FOUND, "unknown key \"%.*s%s\"", shown, key, rest);
    if (kn_setting_is_section(key))
        kn_hint(&err, "kwaainet config show --section %.60s lists its settings.", key);
    else if (key[shown] == '=')
        kn_hint(&err, "Write the key and its value as two words.");
    else if (meant != NULL)
        kn_hint(&err, "Did you mean %s?", meant);
    else
        kn_hint(&err, "kwaainet config show lists all keys.");
    (void)kn_cli_fail(cli, KN_EXIT_USAGE, &err);
    return NULL;
}
